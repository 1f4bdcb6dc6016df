import { type AsFd, fdOf } from "@posixly/fd";
import { addressOf, errno, ok } from "@posixly/sys";
import { contextOf } from "./context.ts";
import { type Header, Single, type Vectors } from "./headers.ts";
import { libc, MSG_NOSIGNAL, SYS_sendmsg } from "./libc.ts";
import { type Message, type Parts, partsOf, requireWayFor } from "./message.ts";
import type { SendOptions } from "./message_flags.ts";
import { sendBits } from "./send.ts";
import { lacksPort } from "./send_to.ts";
import { writeAddress } from "./sockaddr.ts";

const { EAGAIN, EINTR } = errno;

/** Made by the first call, since importing must not ask for native code. */
let single: Single | undefined;

/**
 * Sends a message with all that may go along, sendmsg(2): from several buffers, to an address, with
 * descriptors, with what the kernel shall know.
 *
 * A stream may take a part of the bytes only. What goes along has gone then, with the first byte of
 * them: send the rest without. A message goes whole or not at all.
 *
 * Descriptors go over a stream with one byte at least, since the kernel would forget them without a
 * word; as a message of their own, they need none. A receiver gets them together with the first of
 * the bytes, and what it reads ends where these bytes end.
 *
 * @param fd The socket
 * @param message What to send
 * @param options How
 * @returns How many bytes were taken; `null` if the socket takes nothing now
 * @throws {SyscallError} As {@linkcode send} and {@linkcode sendTo} do; `EBADF` if a descriptor is
 * none; `EPERM` if `credentials` are not ours; `ETOOMANYREFS` if too many descriptors are on their
 * way; `EINVAL` if this socket does not know what the kernel is told, or if a descriptor goes over
 * anything but `unix`
 * @throws {TypeError | RangeError} If something is not as described, if there are more than 1024
 * buffers or 253 descriptors, or descriptors and no byte for a stream
 *
 * @example Usage
 * ```ts
 * import { memfd, readAll, seek, write } from "@posixly/fd";
 * import { receiveMessage, sendMessage, socketPair } from "@posixly/socket";
 * import assert from "node:assert/strict";
 *
 * using pair = socketPair();
 * {
 *   using file = memfd("letter");
 *   write(file, new Uint8Array([7, 7]));
 *   sendMessage(pair.first, { bytes: new Uint8Array(1), descriptors: [file] });
 * }
 *
 * using received = receiveMessage(pair.second, new Uint8Array(1), { descriptors: 1 });
 * const [file] = received!.descriptors;
 * seek(file, 0);
 * assert.deepEqual([...readAll(file)], [7, 7]);
 * ```
 */
export function sendMessage(fd: AsFd, message: Message, options?: SendOptions): number | null {
  const number = fdOf(fd);
  const flags = options === undefined ? MSG_NOSIGNAL : sendBits(options);
  const parts = partsOf(message);
  requireWayFor(number, parts);
  const { memory, header, name, vectors } = single ??= new Single();
  vectors.clear();
  put(parts, header, name, vectors);
  lent.parts = parts;
  let n: number;
  do n = libc.syscall$sendmsg(SYS_sendmsg, number, memory, flags); while (n === -EINTR);
  lent.parts = undefined;
  if (n >= 0) return n;
  const { to } = parts;
  if (n === -EAGAIN && (to === undefined || !lacksPort(number))) return null;
  return ok(n, "sendmsg", to === undefined ? { fd: number } : contextOf(number, to));
}

/** Lays a message out. The kernel is given addresses: who calls it keeps the parts until then. */
export function put(
  { buffers, to, control }: Parts,
  header: Header,
  name: Uint8Array,
  vectors: Vectors,
): void {
  header.msg_namelen = to === undefined ? 0 : writeAddress(to, name);
  vectors.put(header, buffers);
  header.msg_control = control.length === 0 ? 0 : addressOf(control);
  header.msg_controllen = control.length;
}

/** What the kernel has addresses of: while it is reachable, the garbage collector lets it be. */
const lent: { parts: Parts | undefined } = { parts: undefined };
