import { requireBytes, requireInteger, show } from "../arguments.ts";
import type { Codec, Endpoints, Place } from "./codec.ts";
import { codecOf, type Layer } from "./layer.ts";

/**
 * Makes a packet of layers, from the outermost in, and bytes. Types, lengths and checksums are
 * those of what follows, unless a layer gives them: a layer with all its fields, such as `values()`
 * of a view returns it, is written as it is.
 *
 * @param parts Layers, as the builders make them, and bytes for all that has no builder
 * @returns The bytes
 * @throws {TypeError | RangeError} If a field cannot be, or what should be filled in cannot be known
 *
 * @example A SYN
 * ```ts
 * import { ethernet, ipv4, packet, tcp } from "@posixly/raw/wire";
 * import assert from "node:assert/strict";
 *
 * const frame = packet(
 *   ethernet({ source: "02:00:00:00:00:01", destination: "02:00:00:00:00:02" }),
 *   ipv4({ source: "10.0.0.1", destination: "10.0.0.2" }),
 *   tcp({
 *     sourcePort: 40000,
 *     destinationPort: 80,
 *     sequence: 1,
 *     flags: { syn: true },
 *     options: [{ kind: "mss", size: 1460 }],
 *   }),
 * );
 * assert.equal(frame.length, 14 + 20 + 24);
 * ```
 */
export function packet(...parts: readonly (Layer | Uint8Array)[]): Uint8Array<ArrayBuffer> {
  const pieces = parts.map(pieceOf);
  const bytes = new Uint8Array(pieces.reduce((sum, { size }) => sum + size, 0));
  write(pieces, bytes, 0, bytes.length);
  return bytes;
}

/**
 * The same, into bytes that are there already, such as a slot of a transmit ring.
 *
 * @param into Where the packet is written
 * @param at Where in it the packet is to begin
 * @param parts Layers and bytes, as of `packet`
 * @returns How long the packet is, in bytes
 * @throws {TypeError | RangeError} As of `packet`, or if there is no room for it
 *
 * @example Usage
 * ```ts
 * import { icmpEcho, packetInto } from "@posixly/raw/wire";
 * import assert from "node:assert/strict";
 *
 * const slot = new Uint8Array(2048);
 * assert.equal(packetInto(slot, 0, icmpEcho({ id: 1, sequence: 1 })), 8);
 * ```
 */
export function packetInto(
  into: Uint8Array,
  at: number,
  ...parts: readonly (Layer | Uint8Array)[]
): number {
  requireBytes(into, "into");
  requireInteger(at, "at", 0, into.length);
  const pieces = parts.map(pieceOf);
  const length = pieces.reduce((sum, { size }) => sum + size, 0);
  if (at + length > into.length) {
    throw new RangeError(`A packet of ${length} bytes does not fit into ${into.length - at}`);
  }
  write(pieces, into, at, at + length);
  return length;
}

/** A part, and how to write it. */
interface Piece {
  readonly part: Layer | Uint8Array;
  readonly codec: Codec<Layer> | undefined;
  readonly size: number;
}

function pieceOf(part: Layer | Uint8Array): Piece {
  if (part instanceof Uint8Array) return { part, codec: undefined, size: part.length };
  const codec = typeof part === "object" && part !== null ? codecOf(part) : undefined;
  if (codec === undefined) {
    throw new TypeError(`A part of a packet must be a layer or a Uint8Array, not ${show(part)}`);
  }
  codec.check(part);
  return { part, codec, size: codec.size(part) };
}

function write(pieces: readonly Piece[], into: Uint8Array, start: number, end: number): void {
  // Bytes first, since they may lie where headers are to go.
  let at = start;
  for (const { part, codec, size } of pieces) {
    if (codec === undefined) into.set(part as Uint8Array, at);
    at += size;
  }
  const places: { at: number; place: Place }[] = [];
  at = start;
  let endpoints: Endpoints | undefined;
  for (const [i, { part, codec, size }] of pieces.entries()) {
    const place = { end, following: nameOf(pieces, i + 1), then: nameOf(pieces, i + 2), endpoints };
    places.push({ at, place });
    if (codec !== undefined) {
      codec.write(part as Layer, into, at, place);
      endpoints = codec.endpoints?.(part as Layer, into, at, endpoints);
    }
    at += size;
  }
  // From the innermost out: a checksum covers those within.
  for (let i = pieces.length - 1; i >= 0; i--) {
    const { part, codec } = pieces[i];
    codec?.finish?.(part as Layer, into, places[i].at, places[i].place);
  }
}

/** Which layer comes next; an empty piece of bytes is not there. */
function nameOf(pieces: readonly Piece[], from: number): Place["following"] {
  for (let i = from; i < pieces.length; i++) {
    const { part, size } = pieces[i];
    if (!(part instanceof Uint8Array)) return part.layer;
    if (size > 0) return "bytes";
  }
  return undefined;
}
