import { cmsghdr, SCM_PIDFD, SCM_RIGHTS, SOL_SOCKET } from "./libc.ts";

/**
 * A control message that has no name here: what the kernel said beside the bytes of a message, or
 * what it shall be told, cmsg(3).
 *
 * @example The type of record of a TLS that the kernel speaks
 * ```ts
 * import { type ControlMessage, decodeControl, encodeControl } from "@posixly/socket";
 * import assert from "node:assert/strict";
 *
 * const SOL_TLS = 282;
 * const TLS_SET_RECORD_TYPE = 1;
 * const alert: ControlMessage = {
 *   level: SOL_TLS,
 *   type: TLS_SET_RECORD_TYPE,
 *   bytes: new Uint8Array([21]),
 * };
 * assert.deepEqual(decodeControl(encodeControl({ others: [alert] })), { others: [alert] });
 * ```
 */
export interface ControlMessage {
  /** Which layer it is of, such as `SOL_SOCKET`: `cmsg_level`. */
  readonly level: number;
  /** What it is about, a number of that layer: `cmsg_type`. */
  readonly type: number;
  /** What it says. */
  readonly bytes: Uint8Array;
}

const HEADER = cmsghdr.size;

/** How many bytes a control message takes, with its header and what aligns the next: `CMSG_SPACE`. */
export function spaceFor(length: number): number {
  return Math.ceil((HEADER + length) / cmsghdr.align) * cmsghdr.align;
}

/**
 * The control messages that lie in `control`, which they share the memory of. One that was cut off
 * has what is there of it.
 */
export function messagesIn(control: Uint8Array): ControlMessage[] {
  const messages: ControlMessage[] = [];
  let at = 0;
  while (at + HEADER <= control.length) {
    const { cmsg_len, cmsg_level, cmsg_type } = cmsghdr.decode(control, at);
    const length = Number(cmsg_len);
    if (length < HEADER) break;
    const bytes = control.subarray(at + HEADER, at + length);
    messages.push({ level: cmsg_level, type: cmsg_type, bytes });
    at += spaceFor(length - HEADER);
  }
  return messages;
}

/** Lays control messages one after the other, as the kernel takes them. */
export function layOut(messages: readonly ControlMessage[]): Uint8Array<ArrayBuffer> {
  const length = messages.reduce((sum, { bytes }) => sum + spaceFor(bytes.length), 0);
  const control = new Uint8Array(length);
  let at = 0;
  for (const { level, type, bytes } of messages) {
    const header = cmsghdr.view(control, at);
    header.cmsg_len = HEADER + bytes.length;
    header.cmsg_level = level;
    header.cmsg_type = type;
    control.set(bytes, at + HEADER);
    at += spaceFor(bytes.length);
  }
  return control;
}

const WORD = 4;
const { cmsg_level, cmsg_type } = cmsghdr.offsets;

/**
 * Whether control messages bring a descriptor, without making anything: most messages of most
 * batches bring none. The words are those of the memory, of which `length` bytes are theirs.
 */
export function bringDescriptors(words: Int32Array, from: number, length: number): boolean {
  let at = from / WORD;
  const end = (from + length - HEADER) / WORD;
  while (at <= end) {
    const type = words[at + cmsg_type / WORD];
    const isOfSocket = words[at + cmsg_level / WORD] === SOL_SOCKET;
    if (isOfSocket && (type === SCM_RIGHTS || type === SCM_PIDFD)) return true;
    if (words[at] < HEADER) return false;
    at += spaceFor(words[at] - HEADER) / WORD;
  }
  return false;
}
