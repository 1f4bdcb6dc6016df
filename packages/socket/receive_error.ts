import { type AsFd, fdOf } from "@posixly/fd";
import type { SocketAddress } from "./address.ts";
import type { ReceivedControl } from "./control_data.ts";
import type { ExtendedError } from "./extended_error.ts";
import { AF_NETLINK, AF_UNIX, MSG_ERRQUEUE, SO_DOMAIN } from "./libc.ts";
import { receiveWith } from "./receive_message.ts";
import { socketLevel } from "./socket_level.ts";

/**
 * What was taken from an error queue, see {@linkcode receiveError}.
 *
 * @example Usage
 * ```ts
 * import type { QueuedError } from "@posixly/socket";
 *
 * function show({ error, destination }: QueuedError): string {
 *   return `${destination && JSON.stringify(destination)} ${error.origin} ${error.name}`;
 * }
 * ```
 */
export interface QueuedError {
  /** What went wrong, or was done, and who says so. */
  readonly error: ExtendedError;
  /** Whom the message was for that it is about; `null` if that is not known. */
  readonly destination: SocketAddress | null;
  /** What was sent, as far as it came back: often the beginning, or nothing. */
  readonly bytes: Uint8Array;
  /** What else the kernel says, such as when it was sent. */
  readonly control: ReceivedControl;
}

/** Room for any packet, and for all that the kernel may say of it. */
const PACKET = 65_536;
const CONTROL = 2048;
let packet: Uint8Array | undefined;

/**
 * Takes the next error from the error queue of a socket, `MSG_ERRQUEUE` of recvmsg(2): what the
 * network answered to a message, with the options `ipReceiveError` and `ipv6ReceiveError`; when a
 * message was sent, with `timestamping`; that memory is free again, after `MSG_ZEROCOPY`.
 *
 * While there is something in the queue, polling the socket gives an error, asked for or not; so
 * take all of it. Never waits.
 *
 * @param fd A socket of a family that has error queues
 * @returns The error; `null` if there is none
 * @throws {SyscallError} `ENOTSOCK` if it is no socket
 * @throws {TypeError} If sockets of its family have no error queue: `unix` and `netlink` would give
 * a message instead
 *
 * @example A datagram that found nobody
 * ```ts
 * import { bind, connect, localAddress, receiveError, send } from "@posixly/socket";
 * import { setOptions, socket } from "@posixly/socket";
 * import assert from "node:assert/strict";
 *
 * using gone = socket("ipv4", "datagram");
 * bind(gone, "127.0.0.1:0");
 * const nobody = localAddress(gone);
 * gone.close();
 *
 * using udp = socket("ipv4", "datagram");
 * setOptions(udp, { ipReceiveError: true });
 * connect(udp, nobody);
 * send(udp, new TextEncoder().encode("anybody?"));
 * const { error, bytes } = receiveError(udp)!;
 * assert.deepEqual([error.name, error.origin], ["ECONNREFUSED", "icmp"]);
 * assert.equal(new TextDecoder().decode(bytes), "anybody?");
 * ```
 */
export function receiveError(fd: AsFd): QueuedError | null {
  const number = fdOf(fd);
  const domain = socketLevel(number, SO_DOMAIN);
  if (domain === AF_UNIX || domain === AF_NETLINK) {
    throw new TypeError("sockets of this family have no error queue");
  }
  packet ??= new Uint8Array(PACKET);
  const message = receiveWith(number, [packet], MSG_ERRQUEUE, 0, CONTROL);
  if (message === null) return null;
  const { length, from: destination, control: { error = unknown, ...control } } = message;
  return { error, destination, bytes: packet.slice(0, length), control };
}

/** Where a family says it in a way we do not know, which `others` has then. */
const unknown: ExtendedError = {
  name: null,
  errno: 0,
  origin: "none",
  type: 0,
  code: 0,
  info: 0,
  data: 0,
  offender: null,
};

/**
 * Takes all that is in the error queue of a socket, one after the other, see
 * {@linkcode receiveError}.
 *
 * @param fd A socket of a family that has error queues
 * @returns The errors, each taken when it is asked for
 * @throws {SyscallError | TypeError} As {@linkcode receiveError} does
 *
 * @example Usage
 * ```ts
 * import { errorQueue, socket } from "@posixly/socket";
 * import assert from "node:assert/strict";
 *
 * using udp = socket("ipv4", "datagram");
 * for (const { error, destination } of errorQueue(udp)) console.log(destination, error.name);
 * assert.deepEqual([...errorQueue(udp)], []);
 * ```
 */
export function* errorQueue(fd: AsFd): Generator<QueuedError, void, undefined> {
  for (let next; (next = receiveError(fd)) !== null;) yield next;
}
