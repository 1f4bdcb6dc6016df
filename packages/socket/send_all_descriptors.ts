import type { AsFd } from "@posixly/fd";
import { type WaitOptions, whenWritable } from "@posixly/mux";
import type { Bytes } from "@posixly/sys";
import { sendDescriptors, viewOf } from "./descriptors.ts";
import { atOnce } from "./message_flags.ts";
import { send } from "./send.ts";

/** Sends all descriptors and all bytes, and waits for room where there is none. */
export async function sendAllDescriptors(
  socket: AsFd,
  descriptors: readonly AsFd[],
  bytes: Bytes | undefined,
  wait: WaitOptions | undefined,
): Promise<void> {
  let left = descriptors;
  let along = bytes && viewOf(bytes);
  do {
    const attempt = () => sendDescriptors(socket, left, along, atOnce);
    const sent = await whenWritable(socket, attempt, wait);
    left = left.slice(sent.descriptors);
    along &&= along.subarray(sent.bytes);
  } while (left.length > 0);
  // Of the last message a stream may have taken a part.
  while (along !== undefined && along.length > 0) {
    const rest: Uint8Array = along;
    along = rest.subarray(await whenWritable(socket, () => send(socket, rest, atOnce), wait));
  }
}
