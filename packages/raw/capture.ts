import { onAbort, type WaitOptions } from "@posixly/mux";
import { requireInteger } from "@posixly/sys";
import type { CapturedPacket } from "./captured_packet.ts";
import type { PacketStatistics } from "./packet_statistics.ts";
import { type ReceiveRing, receiveRing } from "./receive_ring.ts";
import type { ReceiveRingOptions } from "./ring_options.ts";

/**
 * What to capture, and for how long; see {@linkcode capture}.
 *
 * @example Usage
 * ```ts
 * import { capture, type CaptureOptions } from "@posixly/raw";
 *
 * const some: CaptureOptions = { interface: "lo", count: 10, snapLength: 96 };
 * const begin = () => capture(some);
 * ```
 */
export interface CaptureOptions extends ReceiveRingOptions {
  /** After how many packets it ends, 1 or more; by default it does not. */
  readonly count?: number;
  /** Ends it: the iteration throws the signal's reason. */
  readonly signal?: AbortSignal;
}

/**
 * Packets as they come, each a copy, until somebody ends it. Made by {@linkcode capture}.
 *
 * @example Usage
 * ```ts network
 * import { capture, type Capture } from "@posixly/raw";
 * import assert from "node:assert/strict";
 *
 * using packets: Capture = capture({ interface: "lo" });
 * packets.pause(); // the kernel goes on until its ring is full
 * assert.ok(packets.paused);
 * packets.resume();
 * ```
 */
export class Capture implements AsyncIterable<CapturedPacket>, Disposable {
  readonly #ring: ReceiveRing;
  readonly #signal: AbortSignal | undefined;
  #left: number;
  #last: PacketStatistics | undefined;
  /** What those wait for who are paused. */
  #gate: { readonly opened: Promise<void>; open(): void } | undefined;

  /**
   * Made by {@linkcode capture} alone.
   *
   * @param ring Where the packets come from; it is closed at the end
   * @param options When it ends
   */
  constructor(ring: ReceiveRing, { count = Infinity, signal }: CaptureOptions) {
    this.#ring = ring;
    this.#left = count;
    this.#signal = signal;
  }

  /** The ring behind it. */
  get ring(): ReceiveRing {
    return this.#ring;
  }

  /** Whether no packet is given now. */
  get paused(): boolean {
    return this.#gate !== undefined;
  }

  /** Whether it has ended. */
  get closed(): boolean {
    return this.#ring.closed;
  }

  /**
   * Gives no packet until {@linkcode resume}. Nothing is lost until all blocks of the ring are in use,
   * which takes `blocks` times `retireMs` at least; what is lost then, `statistics` tells.
   */
  pause(): void {
    if (this.#gate !== undefined || this.closed) return;
    let open = () => {};
    const opened = new Promise<void>((resolve) => open = resolve);
    this.#gate = { opened, open };
  }

  /** Goes on with the packets that came meanwhile. */
  resume(): void {
    this.#gate?.open();
    this.#gate = undefined;
  }

  /**
   * The packet that is there now, even if it is paused.
   *
   * @returns The packet, or `null` if there is none
   * @throws {SyscallError} `ENETDOWN` once after the interface went down
   * @throws {Error} If it has ended
   */
  tryReceive(): CapturedPacket | null {
    return this.#ring.tryReceive();
  }

  /**
   * How many packets have come, and how many were lost.
   *
   * @returns The counts since it began, to its end if it has ended
   */
  statistics(): PacketStatistics {
    return this.#last ?? this.#ring.statistics();
  }

  /** The packets, until it ends. Whoever leaves the loop ends it. */
  async *[Symbol.asyncIterator](): AsyncGenerator<CapturedPacket, void, void> {
    const wait: WaitOptions = { signal: this.#signal };
    const wake = () => this.resume();
    if (this.#signal !== undefined) onAbort(this.#signal, wake);
    try {
      while (this.#left > 0 && !this.closed) {
        const packet = await this.#next(wait);
        if (packet === null) return;
        this.#left--;
        yield packet;
      }
    } finally {
      this.#signal?.removeEventListener("abort", wake);
      this.close();
    }
  }

  /** What was taken before it was paused waits here, so that nothing overtakes it. */
  async #next(wait: WaitOptions): Promise<CapturedPacket | null> {
    try {
      await this.#gate?.opened;
      const packet = await this.#ring.receive(wait);
      while (this.#gate !== undefined) await this.#gate.opened;
      this.#signal?.throwIfAborted();
      return packet;
    } catch (error) {
      if (this.closed) return null;
      throw error;
    }
  }

  /**
   * Ends it: the loop over it comes to its end. Once is enough.
   *
   * @throws {SyscallError} `ENOMEM` if the kernel has no memory left to give the ring's back
   */
  close(): void {
    if (this.closed) return;
    this.#last = this.#ring.statistics();
    this.#ring.close();
    this.resume();
  }

  /** Ends it at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.close();
  }
}

/**
 * Captures packets: a {@linkcode receiveRing} to iterate over, which may be paused and comes to an
 * end.
 *
 * Each packet is a copy that stays what it is. Who takes no time for the next one holds nobody up:
 * the kernel keeps what comes in its ring, and counts what it has to drop when that is full.
 *
 * @param options What to capture, how large the ring is, when it ends
 * @returns The packets, to be iterated over once
 * @throws {RawAccessError} `EPERM` if we lack `CAP_NET_RAW`; it says what to do
 * @throws {SyscallError} As {@linkcode receiveRing} does
 * @throws {TypeError | RangeError} If an option is not as described
 *
 * @example The next three packets
 * ```ts network
 * import { capture, rawSocket } from "@posixly/raw";
 * import assert from "node:assert/strict";
 *
 * const packets = capture({ interface: "lo", protocol: "ipv4", count: 3, retireMs: 1 });
 * using sender = rawSocket("ipv4", 253);
 * for (const byte of [1, 2, 3]) await sender.send(new Uint8Array([byte]), "127.0.0.1");
 *
 * let count = 0;
 * for await (const { bytes } of packets) {
 *   assert.equal(bytes[14] >> 4, 4); // after the header of Ethernet: version 4
 *   count++;
 * }
 * assert.equal(count, 3);
 * assert.equal(packets.statistics().drops, 0);
 * ```
 */
export function capture(options: CaptureOptions = {}): Capture {
  const { count, signal, ...ring } = options;
  if (count !== undefined) requireInteger(count, "count", 1, Number.MAX_SAFE_INTEGER);
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw new TypeError("signal must be an AbortSignal");
  }
  return new Capture(receiveRing(ring), { count, signal });
}
