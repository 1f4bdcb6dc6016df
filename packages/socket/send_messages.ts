import { type AsFd, fdOf } from "@posixly/fd";
import { addressOf, errno, ok, requireInteger } from "@posixly/sys";
import { memoryOf, type MessageBatch } from "./batch.ts";
import { Headers, Vectors } from "./headers.ts";
import { IOV_MAX, libc, SO_TYPE, SOCK_STREAM, SYS_sendmmsg } from "./libc.ts";
import { type Message, partsOf, requireWayFor } from "./message.ts";
import type { SendOptions } from "./message_flags.ts";
import { sendBits } from "./send.ts";
import { put } from "./send_message.ts";
import { lacksPort } from "./send_to.ts";
import { socketLevel } from "./socket_level.ts";

/**
 * How messages are sent, and from which one on.
 *
 * @example The rest, after a call that has not sent all
 * ```ts
 * import { MessageBatch, sendMessages, type SendMessagesOptions, socketPair } from "@posixly/socket";
 * import assert from "node:assert/strict";
 *
 * using pair = socketPair("datagram");
 * const batch = new MessageBatch();
 * for (const byte of [1, 2, 3]) batch.add(new Uint8Array([byte]));
 * const rest: SendMessagesOptions = { first: 2 };
 * assert.equal(sendMessages(pair.first, batch, rest), 1);
 * ```
 */
export interface SendMessagesOptions extends SendOptions {
  /** The index of the first message to be sent; by default 0. */
  readonly first?: number;
}

const { EAGAIN, EINTR } = errno;

/** The option that is no flag. */
const others = ["first"];

/**
 * Sends many messages by one call, sendmmsg(2): those of a batch that is used again and again, or
 * any messages, of which the kernel takes 1024 at once.
 *
 * Those that were sent before the socket was full, or before something went wrong, count. Go on
 * from there, `{ first }`, and the same error comes again, if it is still one: that an earlier message
 * found nobody is told only once, and may be lost so.
 *
 * @param fd A socket of messages; with a batch also a stream, where `sent` tells how far the last
 * one got
 * @param messages The messages
 * @param options How, and from which one on
 * @returns How many were sent; `null` if the socket takes nothing now
 * @throws {SyscallError} As {@linkcode sendMessage} does, about the first message
 * @throws {TypeError | RangeError} As {@linkcode sendMessage} does, about any message; if there is no
 * message `first`; if it is a stream and no batch
 *
 * @example Usage
 * ```ts
 * import { receive, sendMessages, socketPair } from "@posixly/socket";
 * import assert from "node:assert/strict";
 *
 * using pair = socketPair("datagram");
 * const messages = [3, 1, 2].map((length) => ({ bytes: new Uint8Array(length) }));
 * assert.equal(sendMessages(pair.first, messages), 3);
 * assert.equal(receive(pair.second, new Uint8Array(8)), 3);
 * ```
 */
export function sendMessages(
  fd: AsFd,
  messages: MessageBatch | readonly Message[],
  options: SendMessagesOptions = {},
): number | null {
  const number = fdOf(fd);
  const { first = 0, ...named } = options;
  const flags = sendBits(named, others);
  return Array.isArray(messages)
    ? sendList(number, messages, first, flags)
    : sendBatch(number, messages as MessageBatch, first, flags);
}

function sendBatch(fd: number, batch: MessageBatch, first: number, flags: number): number | null {
  const memory = memoryOf(batch);
  requireInteger(first, "first", 0, memory.count);
  memory.prepare(first);
  const address = memory.addressOf(first);
  const count = memory.count - first;
  lent.memory = memory;
  let n: number;
  do n = libc.syscall$sendmmsg(SYS_sendmmsg, fd, address, count, flags); while (n === -EINTR);
  lent.memory = undefined;
  memory.send(first, Math.max(0, n));
  return resultOf(n, fd, count > 0 && memory.slots[first].nameLength > 0);
}

function sendList(
  fd: number,
  messages: readonly Message[],
  first: number,
  flags: number,
): number | null {
  requireInteger(first, "first", 0, messages.length);
  if (socketLevel(fd, SO_TYPE) === SOCK_STREAM) {
    throw new TypeError("a stream may take a part of a message, which only a batch can tell");
  }
  const parts = messages.slice(first, first + IOV_MAX).map(partsOf);
  for (const part of parts) requireWayFor(fd, part);
  const { memory, headers, names } = new Headers(parts.length);
  const vectors = new Vectors(parts.reduce((sum, { buffers }) => sum + buffers.length, 0));
  for (const [i, part] of parts.entries()) put(part, headers[i], names[i], vectors);
  const address = addressOf(memory);
  const count = parts.length;
  lent.memory = [parts, names, vectors];
  let n: number;
  do n = libc.syscall$sendmmsg(SYS_sendmmsg, fd, address, count, flags); while (n === -EINTR);
  lent.memory = undefined;
  return resultOf(n, fd, parts[0]?.to !== undefined);
}

function resultOf(n: number, fd: number, hasAddress: boolean): number | null {
  if (n === -EAGAIN && !(hasAddress && lacksPort(fd))) return null;
  return ok(n, "sendmmsg", { fd });
}

/** What the kernel has addresses of: while it is reachable, the garbage collector lets it be. */
const lent: { memory: object | undefined } = { memory: undefined };
