import { type AsFd, fdOf, type OwnedFd } from "@posixly/fd";
import { type Bytes, requireBytes, requireInteger } from "@posixly/sys";
import { isAtEnd } from "./ended.ts";
import { SO_TYPE, SOCK_SEQPACKET, SOCK_STREAM } from "./libc.ts";
import { MOST_DESCRIPTORS } from "./message.ts";
import type { ReceiveOptions, SendOptions } from "./message_flags.ts";
import { type ReceivedMessage, receiveMessage } from "./receive_message.ts";
import { sendMessage } from "./send_message.ts";
import { socketLevel } from "./socket_level.ts";

/**
 * How much {@linkcode sendDescriptors} has sent.
 *
 * @example Usage
 * ```ts
 * import { sendDescriptors, type SentDescriptors, socketPair } from "@posixly/socket";
 * import assert from "node:assert/strict";
 *
 * using pair = socketPair();
 * const sent: SentDescriptors | null = sendDescriptors(pair.first, [0, 1, 2]);
 * assert.deepEqual(sent, { descriptors: 3, bytes: 1 });
 * ```
 */
export interface SentDescriptors {
  /** How many of the descriptors have gone. */
  readonly descriptors: number;
  /** How many of the bytes. */
  readonly bytes: number;
}

/**
 * What {@linkcode receiveDescriptors} has received. Whoever receives them owns the descriptors;
 * disposing of this closes those that are still open.
 *
 * @example Usage
 * ```ts
 * import { type ReceivedDescriptors, receiveDescriptors } from "@posixly/socket";
 * import { sendDescriptors, socketPair } from "@posixly/socket";
 * import assert from "node:assert/strict";
 *
 * using pair = socketPair();
 * sendDescriptors(pair.first, [0, 1, 2]);
 * using received: ReceivedDescriptors | null = receiveDescriptors(pair.second, 3);
 * assert.equal(received!.descriptors.length, 3);
 * ```
 */
export interface ReceivedDescriptors extends Disposable {
  /** The descriptors, in the order in which they were sent, close-on-exec. */
  readonly descriptors: readonly OwnedFd[];
  /** How many bytes came with them. */
  readonly length: number;
  /**
   * Whether the other side has ended, so that no more will come; of datagrams, never. An empty
   * message of `seqpacket` is taken for the end if it is the last of all.
   */
  readonly ended: boolean;
  /** Whether bytes of a message did not fit into `into`, and were lost; of a stream, never. */
  readonly truncated: boolean;
  /** Whether descriptors were lost: too many are open here, or more came than were asked for. */
  readonly lost: boolean;
}

/**
 * Sends descriptors over a `unix` socket, as many as you like: each message takes 253, so that more
 * are several messages over a stream. Each goes with one byte at least, the last with all the rest.
 *
 * What has gone before the socket was full counts, and an error is left for the next call to meet,
 * which goes on with the rest: `descriptors.slice(sent.descriptors)`.
 *
 * @param socket The socket
 * @param descriptors What the peer shall have; they stay open here
 * @param bytes What goes along; by default a 0 for each message. Of messages, there is one
 * @param options How
 * @returns How much has gone; `null` if the socket takes nothing now
 * @throws {SyscallError} As {@linkcode sendMessage} does
 * @throws {TypeError | RangeError} If one of `descriptors` is none, if there are none, more than 253
 * for a socket of messages, or fewer bytes than it takes messages
 *
 * @example More than a message takes
 * ```ts
 * import { receiveDescriptors, sendDescriptors, socketPair } from "@posixly/socket";
 * import assert from "node:assert/strict";
 *
 * using pair = socketPair();
 * const many = Array.from({ length: 300 }, () => 0);
 * assert.deepEqual(sendDescriptors(pair.first, many), { descriptors: 300, bytes: 2 });
 *
 * using received = receiveDescriptors(pair.second, 300);
 * assert.equal(received!.descriptors.length, 300);
 * ```
 */
export function sendDescriptors(
  socket: AsFd,
  descriptors: readonly AsFd[],
  bytes?: Bytes,
  options?: SendOptions,
): SentDescriptors | null {
  const fd = fdOf(socket, "socket");
  const numbers = numbersOf(descriptors);
  const messages = Math.ceil(numbers.length / MOST_DESCRIPTORS);
  const along = bytes === undefined ? new Uint8Array(messages) : viewOf(bytes);
  requireRoom(fd, messages, along.length);

  const sent = { descriptors: 0, bytes: 0 };
  for (let message = 1; message <= messages; message++) {
    const some = numbers.slice(sent.descriptors, sent.descriptors + MOST_DESCRIPTORS);
    const part = along.subarray(sent.bytes, message < messages ? sent.bytes + 1 : along.length);
    const one = { bytes: part, descriptors: some };
    const n = attempt(() => sendMessage(fd, one, options), message > 1);
    if (n === null) return message === 1 ? null : sent;
    sent.descriptors += some.length;
    sent.bytes += n;
  }
  return sent;
}

function numbersOf(descriptors: readonly AsFd[]): number[] {
  if (!Array.isArray(descriptors)) throw new TypeError("descriptors must be an array");
  if (descriptors.length === 0) throw new RangeError("descriptors must be one at least");
  return descriptors.map((fd, i) => fdOf(fd, `descriptors[${i}]`));
}

/** The bytes of any buffer, where they are. */
export function viewOf(bytes: Bytes): Uint8Array {
  const { buffer, byteOffset, byteLength } = requireBytes(bytes, "bytes");
  return new Uint8Array(buffer, byteOffset, byteLength);
}

function requireRoom(fd: number, messages: number, length: number): void {
  if (messages > 1 && !isStream(fd)) {
    throw new RangeError(`a message takes ${MOST_DESCRIPTORS} descriptors at most`);
  }
  if (messages > 1 && length < messages) {
    throw new RangeError(`so many descriptors take ${messages} bytes at least, not ${length}`);
  }
}

/** Makes a call; if something has gone before, an error is left for the next one to meet. */
function attempt(call: () => number | null, hasBegun: boolean): number | null {
  try {
    return call();
  } catch (error) {
    if (hasBegun) return null;
    throw error;
  }
}

/**
 * Receives descriptors from a `unix` socket: the other half of {@linkcode sendDescriptors}. Over a
 * stream it goes on until there are `count`, or the room for bytes is full; of messages it takes one.
 *
 * @param socket The socket
 * @param count How many there shall be
 * @param into Where the bytes go that come along; by default there is room for as many as
 * `sendDescriptors` sends by default
 * @param options How
 * @returns What has come, which may be less than `count` if there is no more now; `null` if there
 * is nothing
 * @throws {SyscallError} As {@linkcode receiveMessage} does; what came before is closed then
 * @throws {TypeError | RangeError} If `count` is no number from 1, or `into` no buffer, or empty
 *
 * @example Usage
 * ```ts
 * import { receiveDescriptors, sendDescriptors, socketPair } from "@posixly/socket";
 * import assert from "node:assert/strict";
 *
 * using pair = socketPair();
 * sendDescriptors(pair.first, [0, 1], new TextEncoder().encode("in and out"));
 *
 * const text = new Uint8Array(64);
 * using received = receiveDescriptors(pair.second, 2, text);
 * assert.equal(new TextDecoder().decode(text.subarray(0, received!.length)), "in and out");
 * ```
 */
export function receiveDescriptors(
  socket: AsFd,
  count: number,
  into?: Bytes,
  options?: ReceiveOptions,
): ReceivedDescriptors | null {
  const fd = fdOf(socket, "socket");
  requireInteger(count, "count", 1);
  const room = into === undefined
    ? new Uint8Array(Math.ceil(count / MOST_DESCRIPTORS))
    : viewOf(into);
  if (room.length === 0) throw new RangeError("into must have one byte at least");
  const messages: ReceivedMessage[] = [];
  const close = () => messages.forEach((message) => message[Symbol.dispose]());
  let [came, length, ended] = [0, 0, false];
  try {
    do {
      const most = Math.min(count - came, MOST_DESCRIPTORS);
      const message = receiveMessage(fd, room.subarray(length), { ...options, descriptors: most });
      if (message === null) break;
      messages.push(message);
      came += message.descriptors.length;
      length += message.length;
      ended = message.length === 0 && message.descriptors.length === 0 && isEnd(fd);
      if (options?.peek || !isStream(fd)) break; // it would be the same one again, or another
    } while (came < count && length < room.length && !ended);
  } catch (error) {
    close();
    throw error;
  }
  if (messages.length === 0) return null;
  return {
    descriptors: messages.flatMap(({ descriptors }) => descriptors),
    length,
    ended,
    truncated: messages.some(({ truncated }) => truncated),
    lost: messages.some(({ controlTruncated, surplus }) => controlTruncated || surplus > 0),
    [Symbol.dispose]: close,
  };
}

/** Whether nothing at all is the end, rather than an empty message. */
function isEnd(fd: number): boolean {
  return isStream(fd) || (socketLevel(fd, SO_TYPE) === SOCK_SEQPACKET && isAtEnd(fd));
}

function isStream(fd: number): boolean {
  return socketLevel(fd, SO_TYPE) === SOCK_STREAM;
}
