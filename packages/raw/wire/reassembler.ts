import { oneOfNames, requireBytes, requireInteger, requireKnown, show } from "../arguments.ts";
import { fragmentOf, type IpFragment } from "./ip_fragment.ts";
import { PartialDatagram } from "./partial_datagram.ts";

/**
 * How fragments are put together.
 *
 * @example Usage
 * ```ts
 * import { Reassembler, type ReassemblerOptions } from "@posixly/raw/wire";
 *
 * const options: ReassemblerOptions = { timeout: 15_000, maxBytes: 2 ** 20 };
 * new Reassembler(options);
 * ```
 */
export interface ReassemblerOptions {
  /** How long the fragments of a packet are waited for, in the unit of `now`; by default 60000. */
  readonly timeout?: number;
  /** How many packets may be waited for; by default 1024. The oldest makes room for another. */
  readonly maxDatagrams?: number;
  /** How many bytes they may take; by default 4 MiB. The oldest make room for others. */
  readonly maxBytes?: number;
  /** Into how many fragments a packet may have been cut; by default 1024. */
  readonly maxFragments?: number;
  /**
   * What is done if fragments of IPv4 overlap: `drop` all of the packet, the default; or keep the
   * bytes that came `first`, or `last`. A duplicate, byte for byte, is ignored. Overlapping
   * fragments of IPv6 always end the packet, RFC 5722.
   */
  readonly overlap?: "drop" | "first" | "last";
}

/**
 * What became of fragments.
 *
 * @example Usage
 * ```ts
 * import { type FragmentCounts, Reassembler } from "@posixly/raw/wire";
 * import assert from "node:assert/strict";
 *
 * const counts: FragmentCounts = new Reassembler().counts;
 * assert.equal(counts.whole, 0);
 * ```
 */
export interface FragmentCounts {
  /** Packets that were put together. */
  readonly whole: number;
  /** Fragments that had come before. */
  readonly duplicate: number;
  /** Packets given up since fragments overlap. */
  readonly overlap: number;
  /** Packets given up since fragments disagree about the length, or make more than 65535 bytes. */
  readonly conflict: number;
  /** Packets given up since there are too many fragments of them. */
  readonly tooMany: number;
  /** Fragments that cannot be: empty, or not a multiple of 8 bytes though others follow. */
  readonly malformed: number;
  /** Fragments of packets that had been given up. */
  readonly late: number;
  /** Packets whose fragments did not all come in time. */
  readonly expired: number;
  /** Packets that had to make room. */
  readonly evicted: number;
}

const MAX = 0xffff;

/**
 * Puts the fragments of IPv4 and IPv6 packets together, in whatever order they come, RFC 815. What
 * it holds is bounded, as anyone may send fragments. It has no timer: every call is told the time,
 * by any clock that only goes forward.
 *
 * @example Usage
 * ```ts
 * import { fragment, ipv4, packet, Reassembler, udp } from "@posixly/raw/wire";
 * import assert from "node:assert/strict";
 *
 * const bytes = packet(
 *   ipv4({ source: "10.0.0.1", destination: "10.0.0.2", identification: 7 }),
 *   udp({ sourcePort: 1, destinationPort: 2 }),
 *   new Uint8Array(3000),
 * );
 * const [first, second, third] = fragment(bytes, 1500);
 * const reassembler = new Reassembler();
 * assert.equal(reassembler.add(third, performance.now()), null);
 * assert.equal(reassembler.add(first, performance.now()), null);
 * assert.deepEqual(reassembler.add(second, performance.now()), bytes);
 * ```
 */
export class Reassembler {
  readonly #options: Required<ReassemblerOptions>;
  /** In the order in which they began. */
  readonly #waiting = new Map<string, PartialDatagram>();
  readonly #counts = {
    whole: 0,
    duplicate: 0,
    overlap: 0,
    conflict: 0,
    tooMany: 0,
    malformed: 0,
    late: 0,
    expired: 0,
    evicted: 0,
  };
  #bytes = 0;

  /**
   * @param options Limits, and what is done about overlap
   * @throws {TypeError | RangeError} If an option cannot be
   */
  constructor(options: ReassemblerOptions = {}) {
    requireKnown(options, ["timeout", "maxDatagrams", "maxBytes", "maxFragments", "overlap"]);
    const { timeout = 60_000, maxDatagrams = 1024, maxBytes = 2 ** 22 } = options;
    const { maxFragments = 1024, overlap = "drop" } = options;
    if (typeof timeout !== "number") {
      throw new TypeError(`timeout must be a number, not ${show(timeout)}`);
    }
    if (!(timeout > 0)) throw new RangeError(`timeout must be more than 0, not ${timeout}`);
    requireInteger(maxDatagrams, "maxDatagrams", 1, Number.MAX_SAFE_INTEGER);
    requireInteger(maxBytes, "maxBytes", 1, Number.MAX_SAFE_INTEGER);
    requireInteger(maxFragments, "maxFragments", 2, Number.MAX_SAFE_INTEGER);
    oneOfNames({ drop: 0, first: 0, last: 0 }, overlap, "overlap");
    this.#options = { timeout, maxDatagrams, maxBytes, maxFragments, overlap };
  }

  /**
   * Takes a packet in. Its bytes may be used again afterwards, unless they are returned.
   *
   * @param packet An IPv4 or IPv6 packet, a fragment or not
   * @param now The time
   * @returns The whole packet, if this is one or the last part of one that was missing; `null` if
   * more has to come, or nothing will come of it
   * @throws {WireError} If it is no IP packet, or not all of it is there
   */
  add(packet: Uint8Array, now: number): Uint8Array | null {
    requireBytes(packet, "packet");
    requireTime(now);
    const fragment = fragmentOf(packet);
    if (fragment instanceof Uint8Array) return fragment;
    if (isMalformed(fragment)) {
      this.#counts.malformed++;
      return null;
    }
    return this.#take(fragment, now);
  }

  /**
   * Gives up the packets whose time is over. To be called now and then.
   *
   * @param now The time
   * @returns The first fragments of those of which it had come: to be quoted in an ICMP error, time
   * exceeded, code 1
   */
  expire(now: number): Uint8Array<ArrayBuffer>[] {
    requireTime(now);
    const firsts: Uint8Array<ArrayBuffer>[] = [];
    for (const [key, datagram] of this.#waiting) {
      if (datagram.deadline > now) continue;
      if (datagram.first) firsts.push(datagram.first);
      this.#expire(key, datagram);
    }
    return firsts;
  }

  /** How many packets are waited for, or have been given up and may still be sent. */
  get size(): number {
    return this.#waiting.size;
  }

  /** About how many bytes they take. */
  get bytes(): number {
    return this.#bytes;
  }

  /** What became of all fragments until now. */
  get counts(): FragmentCounts {
    return { ...this.#counts };
  }

  #take(fragment: IpFragment, now: number): Uint8Array | null {
    const { key, version, header, data, offset } = fragment;
    const datagram = this.#datagram(key, now);
    if (datagram.isDead) {
      this.#counts.late++;
      return null;
    }
    const { overlap, maxFragments } = this.#options;
    const before = datagram.cost;
    let outcome = tooLong(version, header, offset + data.length)
      ? "conflict"
      : datagram.add(fragment, version === 6 ? "drop" : overlap, maxFragments);
    const contents = outcome === "whole" ? datagram.contents : undefined;
    // The first fragment's header may be longer than the others'.
    if (contents && tooLong(version, contents.header, contents.data.length)) outcome = "conflict";
    if (outcome === "overlap" || outcome === "conflict" || outcome === "tooMany") datagram.die();
    this.#bytes += datagram.cost - before;
    if (outcome !== "more") this.#counts[outcome]++;
    if (outcome === "whole") {
      this.#forget(key, datagram);
      return fragment.whole(contents!.header, contents!.data);
    }
    this.#makeRoom();
    return null;
  }

  #datagram(key: string, now: number): PartialDatagram {
    const known = this.#waiting.get(key);
    if (known && known.deadline > now) return known;
    if (known) this.#expire(key, known);
    const datagram = new PartialDatagram(now + this.#options.timeout);
    this.#waiting.set(key, datagram);
    this.#bytes += datagram.cost;
    return datagram;
  }

  #makeRoom(): void {
    const { maxDatagrams, maxBytes } = this.#options;
    for (const [key, datagram] of this.#waiting) {
      if (this.#waiting.size <= maxDatagrams && this.#bytes <= maxBytes) return;
      this.#forget(key, datagram);
      this.#counts.evicted++;
    }
  }

  #expire(key: string, datagram: PartialDatagram): void {
    this.#forget(key, datagram);
    if (!datagram.isDead) this.#counts.expired++;
  }

  #forget(key: string, datagram: PartialDatagram): void {
    this.#waiting.delete(key);
    this.#bytes -= datagram.cost;
  }
}

function requireTime(now: number): void {
  if (typeof now === "number" && !Number.isNaN(now)) return;
  throw new TypeError(`now must be a number, not ${now}`);
}

/** Whether the length field could not say it; that of IPv6 does not count its first 40 bytes. */
function tooLong(version: 4 | 6, header: Uint8Array, data: number): boolean {
  return data + header.length - (version === 6 ? 48 : 0) > MAX;
}

function isMalformed({ data, more }: IpFragment): boolean {
  return data.length === 0 || (more && data.length % 8 !== 0);
}
