import { type AsFd, fdOf } from "@posixly/fd";
import { type Bytes, requireBytes, requireKnown } from "@posixly/sys";
import type { AddressLike } from "./address.ts";
import { encodeControl } from "./control.ts";
import type { Control } from "./control_data.ts";
import type { Credentials } from "./credentials.ts";
import { AF_UNIX, IOV_MAX, SO_DOMAIN, SO_TYPE, SOCK_STREAM } from "./libc.ts";
import { socketLevel } from "./socket_level.ts";

/**
 * A message to be sent, with all that may go along.
 *
 * @example A file, by its descriptor
 * ```ts
 * import { memfd } from "@posixly/fd";
 * import { type Message, sendMessage, socketPair } from "@posixly/socket";
 *
 * using file = memfd("shared");
 * const message: Message = { bytes: new TextEncoder().encode("take this"), descriptors: [file] };
 * using pair = socketPair();
 * sendMessage(pair.first, message);
 * ```
 */
export interface Message {
  /** The bytes: one buffer, or several that are sent one after the other, 1024 at most. */
  readonly bytes: Bytes | readonly Bytes[];
  /** Whom it is for; left out on a connection. */
  readonly to?: AddressLike;
  /**
   * Descriptors for the peer to have as well, 253 at most; over `unix` only: `SCM_RIGHTS`. They
   * stay open here.
   */
  readonly descriptors?: readonly AsFd[];
  /**
   * Who sends it, over `unix` only: `SCM_CREDENTIALS`. The kernel takes our own numbers, and
   * others from those who have the right to be others. A peer that asks is told in any case.
   */
  readonly credentials?: Credentials;
  /** What else the kernel is told. */
  readonly control?: Control;
}

/** A message as it is laid out: buffers that are not empty, and its control messages. */
export interface Parts {
  readonly buffers: readonly Bytes[];
  readonly to: AddressLike | undefined;
  readonly descriptors: number;
  readonly control: Uint8Array<ArrayBuffer>;
}

/** `SCM_MAX_FD` of the kernel, which no header has. */
export const MOST_DESCRIPTORS = 253;

const parts = ["bytes", "to", "descriptors", "credentials", "control"];
const told = [
  "packetInfo",
  "ttl",
  "hopLimit",
  "tos",
  "trafficClass",
  "segmentSize",
  "mark",
  "priority",
  "sendTime",
  "others",
];
const none: readonly never[] = [];
const nothing = new Uint8Array(0);

/** Checks that these are what the kernel may be told. */
export function requireControl(control: Control): void {
  requireKnown(control, told);
}

/** Takes a message apart, checked. */
export function partsOf(message: Message): Parts {
  requireKnown(message, parts);
  const { bytes, to, descriptors = none, credentials, control } = message;
  const buffers = buffersOf(bytes, "bytes");
  const numbers = numbersOf(descriptors);
  if (control !== undefined) requireControl(control);
  if (numbers.length === 0 && credentials === undefined && control === undefined) {
    return { buffers, to, descriptors: 0, control: nothing };
  }
  const passed = numbers.length === 0 ? undefined : numbers;
  const along = encodeControl({ ...control, credentials, descriptors: passed });
  return { buffers, to, descriptors: numbers.length, control: along };
}

function numbersOf(descriptors: readonly AsFd[]): number[] {
  if (!Array.isArray(descriptors)) throw new TypeError("descriptors must be an array");
  if (descriptors.length > MOST_DESCRIPTORS) {
    throw new RangeError(
      `a message takes ${MOST_DESCRIPTORS} descriptors at most, not ${descriptors.length}`,
    );
  }
  return descriptors.map((fd, i) => fdOf(fd, `descriptors[${i}]`));
}

/** Buffers that one call can take, checked, without those that are empty. */
export function buffersOf(bytes: Bytes | readonly Bytes[], name: string): readonly Bytes[] {
  if (!Array.isArray(bytes)) {
    return requireBytes(bytes as Bytes, name).byteLength === 0 ? none : [bytes as Bytes];
  }
  const filled = bytes.filter((one: Bytes) => requireBytes(one, name).byteLength > 0);
  if (filled.length <= IOV_MAX) return filled;
  throw new RangeError(
    `${name} must be ${IOV_MAX} buffers at most, not ${filled.length}: a message cannot be split`,
  );
}

/** Sockets of other families forget descriptors without a word, as a stream does without a byte. */
export function requireWayFor(fd: number, { buffers, descriptors }: Parts): void {
  if (descriptors === 0) return;
  if (socketLevel(fd, SO_DOMAIN) !== AF_UNIX) {
    throw new TypeError("descriptors go over unix sockets only");
  }
  if (buffers.length > 0) return;
  if (socketLevel(fd, SO_TYPE) !== SOCK_STREAM) return;
  throw new RangeError("descriptors go over a stream with one byte at least");
}
