import { setTimeout } from "node:timers";
import { signalOf, type WaitOptions, writable } from "@posixly/mux";
import { SyscallError } from "@posixly/sys";
import type { AddressLike } from "./address.ts";
import { connect, connectionError } from "./connect.ts";
import { contextOf } from "./context.ts";
import type { Socket } from "./socket.ts";

/** How long to leave a listener alone whose queue is full, at first and at most. */
const FIRST_PAUSE_MS = 1;
const LONGEST_PAUSE_MS = 64;

/** Connects a non-blocking socket, and waits until it is connected or has failed. */
export async function establish(
  socket: Socket,
  address: AddressLike,
  options: WaitOptions = {},
): Promise<void> {
  const signal = signalOf(options);
  let pause = FIRST_PAUSE_MS;
  for (;;) {
    signal?.throwIfAborted();
    const connected = connect(socket, address);
    if (connected === true) return;
    if (connected === false) break;
    // The queue of a `unix` listener is full. Nothing in the kernel tells when it is not.
    await new Promise((resolve) => setTimeout(resolve, pause));
    pause = Math.min(pause * 2, LONGEST_PAUSE_MS);
  }
  await writable(socket, signal && { signal });
  const error = connectionError(socket);
  if (error !== null) throw new SyscallError(error.errno, "connect", contextOf(socket.fd, address));
}
