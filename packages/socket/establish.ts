import { leftOf, type WaitOptions, writable } from "@posixly/mux";
import { SyscallError } from "@posixly/sys";
import type { AddressLike } from "./address.ts";
import { connect, connectionError } from "./connect.ts";
import { contextOf } from "./context.ts";
import { Pause } from "./pause.ts";
import type { Socket } from "./socket.ts";

/** Connects a non-blocking socket, and waits until it is connected or has failed. */
export async function establish(
  socket: Socket,
  address: AddressLike,
  options: WaitOptions = {},
): Promise<void> {
  const wait = leftOf(options);
  const pause = new Pause();
  for (;;) {
    wait.signal?.throwIfAborted();
    const connected = connect(socket, address);
    if (connected === true) return;
    if (connected === false) break;
    // The queue of a `unix` listener is full. Nothing in the kernel tells when it is not.
    await pause.wait(wait);
  }
  await writable(socket, wait);
  const error = connectionError(socket);
  if (error !== null) throw new SyscallError(error.errno, "connect", contextOf(socket.fd, address));
}
