import { type AsFd, fdOf } from "@posixly/fd";
import { bitsOf, errno, ok, toAddress } from "@posixly/sys";
import { memoryOf, type MessageBatch } from "./batch.ts";
import type { BatchMemory } from "./batch_memory.ts";
import { libc, MSG_CMSG_CLOEXEC, MSG_WAITFORONE } from "./libc.ts";
import { receiveFlags, type ReceiveOptions } from "./message_flags.ts";

const { EAGAIN, EINTR, EINVAL } = errno;
const NULL = toAddress(0);

/**
 * Receives as many messages as there are, and as a batch holds, by one call: recvmmsg(2). What was
 * in the batch is forgotten.
 *
 * A socket that blocks waits for the first message and for no other. If something goes wrong after
 * the first message, those before count, and the next call meets the error. On a stream a message
 * is what one call would have received, and at its end all are of 0 bytes. With `peek`, all are the
 * first one.
 *
 * @param fd The socket
 * @param batch Where the messages go
 * @param options How; for all messages
 * @returns How many were received; `null` if there is nothing now
 * @throws {SyscallError} As {@linkcode receive} does
 * @throws {TypeError} If `batch` is none, or there is no such option
 *
 * @example Usage
 * ```ts
 * import { MessageBatch, receiveMessages, send, socketPair } from "@posixly/socket";
 * import assert from "node:assert/strict";
 *
 * using pair = socketPair("datagram");
 * for (const text of ["one", "two", "three"]) send(pair.first, new TextEncoder().encode(text));
 *
 * const batch = new MessageBatch({ messages: 2, bytes: 16 });
 * const decoder = new TextDecoder();
 * const received: string[] = [];
 * while (receiveMessages(pair.second, batch) !== null) {
 *   for (const { bytes } of batch) received.push(decoder.decode(bytes));
 * }
 * assert.deepEqual(received, ["one", "two", "three"]);
 * ```
 */
export function receiveMessages(
  fd: AsFd,
  batch: MessageBatch,
  options?: ReceiveOptions,
): number | null {
  const number = fdOf(fd);
  const memory = memoryOf(batch);
  const flags = MSG_WAITFORONE | (options === undefined ? 0 : bitsOf(receiveFlags, options));
  const address = memory.addressOf(0);
  const capacity = memory.slots.length;
  memory.makeRoom();
  lent.memory = memory;
  let how = flags | MSG_CMSG_CLOEXEC;
  let n = libc.recvmmsg(number, address, capacity, how, NULL);
  while (n === -EINTR || (n === -EINVAL && how !== flags)) {
    if (n === -EINVAL) how = flags; // packet sockets pass no descriptors, and refuse a word of them
    n = libc.recvmmsg(number, address, capacity, how, NULL);
  }
  lent.memory = undefined;
  if (n === -EAGAIN) return null;
  memory.receive(ok(n, "recvmmsg", { fd: number }));
  return n;
}

/** What the kernel has addresses of: while it is reachable, the garbage collector lets it be. */
const lent: { memory: BatchMemory | undefined } = { memory: undefined };
