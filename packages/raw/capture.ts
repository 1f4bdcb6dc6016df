import { onAbort, type WaitOptions, watch, type Watcher, whenReadable } from "@posixly/mux";
import { requireInteger } from "@posixly/sys";
import { Backlog } from "./backlog.ts";
import type { CapturedPacket } from "./captured_packet.ts";
import type { PacketStatistics } from "./packet_statistics.ts";
import { type ReceiveRing, receiveRing } from "./receive_ring.ts";
import type { ReceiveRingOptions } from "./ring_options.ts";

/** As much as the ring has, unless it is said. */
const BACKLOG = 8 * 2 ** 20;

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
  /**
   * How many bytes of packets are kept while it is paused, besides what the ring has room for; by
   * default 8 MiB. A packet takes some 500 bytes more than it has.
   */
  readonly backlog?: number;
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
 * packets.pause(); // what comes is kept
 * assert.ok(packets.paused);
 * packets.resume();
 * ```
 */
export class Capture implements AsyncIterable<CapturedPacket>, Disposable {
  readonly #ring: ReceiveRing;
  readonly #signal: AbortSignal | undefined;
  #left: number;
  #last: PacketStatistics | undefined;
  /** What came while it was paused, and who puts it there; and what went wrong then. */
  readonly #backlog: Backlog;
  #keeper: Watcher | undefined;
  #failure: { readonly error: unknown } | undefined;
  /** What those wait for who are paused. */
  #gate: { readonly opened: Promise<void>; open(): void } | undefined;

  /**
   * Made by {@linkcode capture} alone.
   *
   * @param ring Where the packets come from; it is closed at the end
   * @param options When it ends
   */
  constructor(ring: ReceiveRing, options: CaptureOptions) {
    const { count = Infinity, backlog = BACKLOG, signal } = options;
    this.#ring = ring;
    this.#backlog = new Backlog(backlog);
    this.#left = count;
    this.#signal = signal;
    ring.socket.beforeClose(() => this.#leave());
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
   * Gives no packet until {@linkcode resume}. What comes meanwhile is kept, up to `backlog` bytes;
   * then nothing is lost until all blocks of the ring are in use, which takes `blocks` times `retireMs`
   * at least; what is lost then, `statistics` tells. It keeps the program running.
   */
  pause(): void {
    if (this.#gate !== undefined || this.closed) return;
    let open = () => {};
    const opened = new Promise<void>((resolve) => open = resolve);
    this.#gate = { opened, open };
    if (this.#backlog.isFull) return;
    this.#keeper = watch(this.#ring.socket, { readable: true }, () => this.#keep());
  }

  /** The ring has but few blocks, which a few packets fill if they come one after the other. */
  #keep(): void {
    try {
      while (!this.#backlog.isFull) {
        const packet = this.#ring.tryReceive();
        if (packet === null) return;
        this.#backlog.push(packet);
      }
    } catch (error) {
      this.#failure = { error };
    }
    this.#keepNoMore();
  }

  #keepNoMore(): void {
    this.#keeper?.close();
    this.#keeper = undefined;
  }

  /** Goes on with the packets that came meanwhile. */
  resume(): void {
    this.#keepNoMore();
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
    if (this.closed) return this.#ring.tryReceive(); // which says so
    const kept = this.#backlog.take();
    if (kept !== undefined) return kept;
    const failure = this.#failure;
    this.#failure = undefined;
    if (failure !== undefined) throw failure.error;
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

  async #next(wait: WaitOptions): Promise<CapturedPacket | null> {
    const attempt = () => this.#gate === undefined ? this.tryReceive() : "paused";
    try {
      for (;;) {
        await this.#gate?.opened;
        this.#signal?.throwIfAborted();
        const packet = await whenReadable(this.#ring.socket, attempt, wait);
        if (packet !== "paused") return packet;
      }
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
    this.#ring.close();
  }

  /** Whoever closes the ring or its socket, also from elsewhere, ends it. */
  #leave(): void {
    this.#last = this.#ring.statistics();
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
  const { count, backlog, signal, ...ring } = options;
  if (count !== undefined) requireInteger(count, "count", 1, Number.MAX_SAFE_INTEGER);
  if (backlog !== undefined) requireInteger(backlog, "backlog");
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw new TypeError("signal must be an AbortSignal");
  }
  return new Capture(receiveRing(ring), { count, backlog, signal });
}
