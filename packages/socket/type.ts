import { oneOf, requireInteger } from "@posixly/sys";
import { SOCK_DGRAM, SOCK_RAW, SOCK_RDM, SOCK_SEQPACKET, SOCK_STREAM } from "./libc.ts";
import { nameIn } from "./name_in.ts";

const types = {
  stream: SOCK_STREAM,
  datagram: SOCK_DGRAM,
  seqpacket: SOCK_SEQPACKET,
  raw: SOCK_RAW,
  rdm: SOCK_RDM,
};

/**
 * How a socket talks, socket(2):
 *
 * - `stream`: bytes in order, with no marks between what was sent; needs a connection
 * - `datagram`: messages, each on its own; between machines they may get lost
 * - `seqpacket`: messages in order, and a connection
 * - `raw`: packets as the network has them
 * - `rdm`: messages that do not get lost, in any order
 *
 * @example Usage
 * ```ts
 * import { socketInfo, socketPair, type SocketType } from "@posixly/socket";
 * import assert from "node:assert/strict";
 *
 * const type: SocketType = "seqpacket";
 * using pair = socketPair(type);
 * assert.equal(socketInfo(pair.first).type, type);
 * ```
 */
export type SocketType = "stream" | "datagram" | "seqpacket" | "raw" | "rdm";

/** The number of a type, checked. What C adds to it are options here. */
export function typeNumber(type: SocketType | number): number {
  if (typeof type === "number") return requireInteger(type, "type", 0, SOCK_TYPE_MASK);
  return oneOf(types, type, "type");
}

/** The name of a type, if it has one. */
export function typeName(number: number): SocketType | number {
  return nameIn(types, number);
}

/** The bits that are the type; no header has it. */
const SOCK_TYPE_MASK = 0xf;
