import { type AsFd, fdOf, type OwnedFd } from "@posixly/fd";
import { addressOf, bitsOf, type Bytes, errno, ok, requireInteger } from "@posixly/sys";
import type { SocketAddress } from "./address.ts";
import { saidIn } from "./control.ts";
import type { ReceivedControl } from "./control_data.ts";
import { spaceFor } from "./control_message.ts";
import type { Credentials } from "./credentials.ts";
import { Single } from "./headers.ts";
import { libc, MSG_CMSG_CLOEXEC, MSG_CTRUNC, MSG_EOR, MSG_OOB, MSG_TRUNC } from "./libc.ts";
import { buffersOf, MOST_DESCRIPTORS } from "./message.ts";
import { receiveFlags, type ReceiveOptions } from "./message_flags.ts";
import { adoptDescriptors, closeDescriptors, type OwnedDescriptors } from "./owned_descriptors.ts";
import { decodeAddress } from "./sockaddr.ts";

/**
 * How a message is received, and how much may come along.
 *
 * @example Usage
 * ```ts
 * import { receiveMessage, type ReceiveMessageOptions, socketPair } from "@posixly/socket";
 * import assert from "node:assert/strict";
 *
 * const aFew: ReceiveMessageOptions = { descriptors: 3 };
 * using pair = socketPair();
 * assert.equal(receiveMessage(pair.second, new Uint8Array(64), aFew), null); // nothing yet
 * ```
 */
export interface ReceiveMessageOptions extends ReceiveOptions {
  /** How many descriptors may come along, 0 to 253; by default none, and what comes is closed. */
  readonly descriptors?: number;
  /** How many bytes of control messages may come along besides; by default 512. */
  readonly control?: number;
}

/**
 * A message that was received, with all that came along, see {@linkcode receiveMessage}. Whoever
 * receives it owns the descriptors; disposing of it closes those that are still open.
 *
 * @example Usage
 * ```ts
 * import { type ReceivedMessage, receiveMessage, sendMessage, socketPair } from "@posixly/socket";
 * import assert from "node:assert/strict";
 *
 * using pair = socketPair("datagram");
 * sendMessage(pair.first, { bytes: new Uint8Array(5), descriptors: [0, 1, 2] });
 * using message: ReceivedMessage | null = receiveMessage(pair.second, new Uint8Array(3));
 * assert.equal(message!.length, 3);
 * assert.equal(message!.truncated, true);
 * assert.equal(message!.surplus, 3); // descriptors that nobody asked for
 * ```
 */
export interface ReceivedMessage extends Disposable {
  /**
   * How many bytes were received; with the option `truncate` the real length of the message,
   * which may be more than the buffers hold.
   */
  readonly length: number;
  /** Who sent it; `null` on a connection, and of an unnamed `unix` sender. */
  readonly from: SocketAddress | null;
  /** Whether a part of it did not fit into the buffers, and was lost: `MSG_TRUNC`. */
  readonly truncated: boolean;
  /**
   * Whether something that came along was lost: for want of room in `control`, or since too many
   * descriptors are open here. The kernel has closed what is lost: `MSG_CTRUNC`.
   */
  readonly controlTruncated: boolean;
  /** Whether a record ends here, where the protocol has such: `MSG_EOR`. */
  readonly endOfRecord: boolean;
  /** Whether it was sent ahead of the others: `MSG_OOB`. */
  readonly outOfBand: boolean;
  /** The descriptors that came along, close-on-exec. */
  readonly descriptors: readonly OwnedFd[];
  /** How many more came than were asked for; they were closed. */
  readonly surplus: number;
  /** Which process sent it, if the option `passCredentials` is set. */
  readonly credentials: Credentials | undefined;
  /**
   * The same as a descriptor, see `pidfd` of `@posixly/fd`, if the option `passPidfd` is set and
   * the process could be opened.
   */
  readonly pidfd: OwnedFd | undefined;
  /** Its security context, if the option `passSecurity` is set. */
  readonly security: string | undefined;
  /** What else the kernel says. */
  readonly control: ReceivedControl;
}

const { EAGAIN, EINTR, EINVAL } = errno;

/** Enough for every kind that has a name here. */
const CONTROL = 512;
const LARGEST_CONTROL = 2 ** 20;

/** The options that are no flags. */
const others = ["descriptors", "control"];

/** Made by the first call, since importing must not ask for native code. */
let single: Single | undefined;
const usual = new Uint8Array(spaceFor(4 * MOST_DESCRIPTORS) + CONTROL);

/**
 * Receives a message with all that came along, recvmsg(2): into several buffers, one after the
 * other, with descriptors, and what the kernel says of it.
 *
 * On a stream, what was sent with descriptors ends what is received: they are of these bytes, or
 * of the last of them, since bytes that were sent before without any may come in front. What was
 * sent later comes by another call. With `peek`, descriptors come every time, as new ones.
 *
 * @param fd The socket
 * @param into Where the bytes go: one buffer, or several, 1024 at most
 * @param options How, and how much may come along
 * @returns The message; `null` if there is nothing now. On a stream, a length of 0 is the end
 * @throws {SyscallError} As {@linkcode receive} does
 * @throws {TypeError | RangeError} If `into` is no buffer, or a detached or resizable one, if there
 * are more than 1024, or an option is not as described
 *
 * @example Usage
 * ```ts
 * import { bind, localAddress, receiveMessage, sendTo } from "@posixly/socket";
 * import { setOptions, socket } from "@posixly/socket";
 * import assert from "node:assert/strict";
 *
 * using server = socket("ipv4", "datagram");
 * bind(server, "0.0.0.0:0");
 * setOptions(server, { ipPacketInfo: true });
 * const { family, port } = localAddress(server) as { family: "ipv4"; port: number };
 *
 * using client = socket("ipv4", "datagram");
 * sendTo(client, new Uint8Array(12), { family, port, host: "127.0.0.1" });
 * const [head, body] = [new Uint8Array(8), new Uint8Array(1500)];
 * const { length, control } = receiveMessage(server, [head, body])!;
 * assert.equal(length, 12);
 * assert.equal(control.packetInfo!.host, "127.0.0.1"); // which of our addresses it was for
 * ```
 */
export function receiveMessage(
  fd: AsFd,
  into: Bytes | readonly Bytes[],
  options?: ReceiveMessageOptions,
): ReceivedMessage | null {
  const number = fdOf(fd);
  const buffers = buffersOf(into, "into");
  if (options === undefined) return receiveWith(number, buffers, 0, 0, CONTROL);
  const { descriptors = 0, control = CONTROL, ...named } = options;
  requireInteger(descriptors, "descriptors", 0, MOST_DESCRIPTORS);
  requireInteger(control, "control", 0, LARGEST_CONTROL);
  const flags = bitsOf(receiveFlags, named, others);
  const space = (descriptors === 0 ? 0 : spaceFor(4 * descriptors)) + control;
  return receiveWith(number, buffers, flags, descriptors, space);
}

/** The call itself, with checked arguments and any flags. */
export function receiveWith(
  fd: number,
  buffers: readonly Bytes[],
  flags: number,
  most: number,
  space: number,
): ReceivedMessage | null {
  const control = space <= usual.length ? usual : new Uint8Array(space);
  const { memory, header, name, vectors } = single ??= new Single();
  vectors.clear();
  vectors.put(header, buffers);
  header.msg_namelen = name.length;
  header.msg_control = addressOf(control);
  header.msg_controllen = space;
  lent.buffers = buffers;
  lent.control = control;
  let how = flags | MSG_CMSG_CLOEXEC;
  let n = libc.recvmsg(fd, memory, how);
  while (n === -EINTR || (n === -EINVAL && how !== flags)) {
    if (n === -EINVAL) how = flags; // packet sockets pass no descriptors, and refuse a word of them
    n = libc.recvmsg(fd, memory, how);
  }
  lent.buffers = lent.control = undefined;
  if (n === -EAGAIN) return null;
  ok(n, "recvmsg", { fd });
  return described(n, single, control.subarray(0, Number(header.msg_controllen)), most);
}

function described(
  length: number,
  { header, name }: Single,
  control: Uint8Array,
  most: number,
): ReceivedMessage {
  const owned = adoptDescriptors(control, most); // first: nothing is lost if the rest fails
  try {
    const { msg_flags: flags, msg_namelen: nameLength } = header;
    return {
      length,
      from: nameLength === 0 ? null : decodeAddress(name, nameLength),
      truncated: (flags & MSG_TRUNC) !== 0,
      controlTruncated: (flags & MSG_CTRUNC) !== 0,
      endOfRecord: (flags & MSG_EOR) !== 0,
      outOfBand: (flags & MSG_OOB) !== 0,
      ...owned,
      ...saidIn(control),
      [Symbol.dispose]: dispose,
    };
  } catch (error) {
    closeDescriptors(owned);
    throw error;
  }
}

function dispose(this: OwnedDescriptors): void {
  closeDescriptors(this);
}

/** What the kernel has addresses of: while it is reachable, the garbage collector lets it be. */
const lent: { buffers: readonly Bytes[] | undefined; control: Uint8Array | undefined } = {
  buffers: undefined,
  control: undefined,
};
