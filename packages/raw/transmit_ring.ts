import { performance } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { signalOf, unlessAborted, type WaitOptions, whenWritable } from "@posixly/mux";
import {
  type Bytes,
  errno,
  type MappedView,
  requireBytes,
  requireInteger,
  SyscallError,
} from "@posixly/sys";
import {
  libc,
  MSG_DONTWAIT,
  TP_STATUS_AVAILABLE,
  TP_STATUS_SEND_REQUEST,
  TP_STATUS_WRONG_FORMAT,
  tpacket2Hdr,
} from "./libc.ts";
import { MappedRing, opened } from "./mapped_ring.ts";
import type { PacketSocket } from "./packet_socket.ts";
import {
  type FrameSizes,
  makeTransmitRing,
  type TransmitRingOptions,
  transmitRingOptions,
} from "./transmit_ring_options.ts";
import { Vigil } from "./vigil.ts";

const { EAGAIN, EINTR, ENOBUFS } = errno;
const { offsets, size: HEADER } = tpacket2Hdr;
const STATUS = offsets.tp_status >> 2;
const LENGTH = offsets.tp_len >> 2;

/** Until who waits tries again though nothing has woken it: at first, and at most. */
const SHORTEST_MS = 1;
const LONGEST_MS = 16;

/**
 * A ring of frames that JavaScript fills and the kernel sends where they lie: `PACKET_TX_RING` with
 * `TPACKET_V2`. Made by {@linkcode transmitRing}.
 *
 * {@linkcode add} copies a frame in, or {@linkcode frame} and {@linkcode commit} fill one in place;
 * {@linkcode flush} has all of them sent by one call.
 *
 * @example Filled in place
 * ```ts network
 * import { type TransmitRing, transmitRing } from "@posixly/raw";
 * import assert from "node:assert/strict";
 *
 * using ring: TransmitRing = transmitRing({ interface: "lo" });
 * for (let i = 0; i < 64; i++) {
 *   const frame = ring.frame()!; // null if all are in use
 *   frame.fill(0, 0, 60);
 *   frame.set([0x88, 0xb5, i], 12); // a type for experiments, after two addresses
 *   ring.commit(60);
 * }
 * assert.equal(ring.flush(), 64);
 * ```
 */
export class TransmitRing extends MappedRing {
  /** How many bytes a frame can have. */
  readonly frameLength: number;
  /** How many frames there are. */
  readonly frames: number;
  readonly #words: Int32Array;
  /** The memory of each frame. */
  readonly #slots: Uint8Array<ArrayBuffer>[] = [];
  /** How many words lie between two frames. */
  readonly #stride: number;
  /** The first frame that is not sent, how many there are from it on, and how many bytes they have. */
  #first = 0;
  #waiting = 0;
  #waitingBytes = 0;
  /** The frame that is filled next, and whether somebody does. */
  #next = 0;
  #isTaken = false;
  /** Whether the queue of the interface had no room at all the last time. */
  #isCongested = false;

  /**
   * Made by {@linkcode transmitRing} alone.
   *
   * @param socket The socket that it is of
   * @param view Its memory
   * @param sizes How it is divided
   */
  constructor(socket: PacketSocket, view: MappedView, { frames, frameSize }: FrameSizes) {
    super(socket, view);
    this.#words = new Int32Array(view.bytes.buffer);
    this.#stride = frameSize >> 2;
    this.frames = frames;
    this.frameLength = frameSize - HEADER;
    for (let at = 0; at < view.bytes.length; at += frameSize) {
      this.#slots.push(view.bytes.subarray(at + HEADER, at + frameSize));
    }
  }

  /** How many frames wait for {@linkcode flush}. */
  get waiting(): number {
    return this.#waiting;
  }

  /**
   * The memory of the next frame, to be filled and given to {@linkcode commit}. It may hold what an
   * earlier frame had.
   *
   * @returns Its memory, `frameLength` bytes; `null` if all frames are in use: flush those that wait,
   * or wait for the kernel by {@linkcode whenFrame}
   * @throws {Error} If the ring is closed
   */
  frame(): Uint8Array<ArrayBuffer> | null {
    this.#requireOpen();
    this.#isTaken = this.#isFree();
    return this.#isTaken ? this.#slots[this.#next] : null;
  }

  #isFree(): boolean {
    return Atomics.load(this.#words, this.#next * this.#stride + STATUS) === TP_STATUS_AVAILABLE;
  }

  /**
   * Has the frame that {@linkcode frame} gave sent by the next {@linkcode flush}.
   *
   * @param length How many bytes it has
   * @throws {TypeError | RangeError} If it is no number from 1 to `frameLength`
   * @throws {Error} If {@linkcode frame} has not given one since, or the ring is closed
   */
  commit(length: number): void {
    this.#requireOpen();
    requireInteger(length, "length", 1, this.frameLength);
    if (!this.#isTaken) throw new Error("Cannot commit a frame that was not taken before");
    this.#commit(length);
  }

  #commit(length: number): void {
    const words = this.#words;
    const at = this.#next * this.#stride;
    words[at + LENGTH] = length;
    Atomics.store(words, at + STATUS, TP_STATUS_SEND_REQUEST);
    this.#next = this.#next + 1 === this.frames ? 0 : this.#next + 1;
    this.#waiting++;
    this.#waitingBytes += length;
    this.#isTaken = false;
  }

  /**
   * Copies a frame into the ring, to be sent by the next {@linkcode flush}.
   *
   * @param bytes The frame, from the header of the link on
   * @returns Whether there was room: `false` if all frames are in use
   * @throws {TypeError | RangeError} If `bytes` is no `Uint8Array`, empty or longer than
   * `frameLength`
   * @throws {Error} If the ring is closed
   */
  add(bytes: Uint8Array): boolean {
    this.#requireOpen();
    if (!(bytes instanceof Uint8Array)) throw new TypeError("bytes must be a Uint8Array");
    const { length } = bytes;
    if (length === 0) requireBytes(bytes as Bytes, "bytes");
    requireInteger(length, "the length of bytes", 1, this.frameLength);
    if (!this.#isFree()) return false;
    this.#slots[this.#next].set(bytes);
    this.#commit(length);
    return true;
  }

  /**
   * Has all frames sent that wait, send(2), without waiting for anything.
   *
   * @returns How many the kernel has taken: fewer than wait if it, or the queue of the interface, has
   * no room for more now; `null` if it takes none now. What is not sent still waits
   * @throws {SyscallError} `EMSGSIZE` if a frame is more than the interface takes, `EINVAL` if it is
   * too short: it is taken out of the ring, those before it are sent, and those after it still wait.
   * `ENETDOWN` if the interface is down: what is not sent still waits. `ENXIO` if it is no more
   * @throws {Error} If the ring is closed
   */
  flush(): number | null {
    this.#requireOpen();
    if (this.#waiting === 0) return 0;
    const { fd } = this;
    let n: number;
    do n = libc.send(fd, null, 0, MSG_DONTWAIT); while (n === -EINTR);
    const sent = this.#settle(n);
    this.#isCongested = n === -ENOBUFS && sent === 0;
    if (n >= 0 || n === -EAGAIN || n === -ENOBUFS) return sent > 0 ? sent : null;
    const error = new SyscallError(-n, "send", { fd });
    const rejected = this.#rejected();
    if (rejected > 0) error.message += `; the frame of ${rejected} bytes is taken out of the ring`;
    throw error;
  }

  /** Counts what the kernel has taken. */
  #settle(bytes: number): number {
    const words = this.#words;
    const before = this.#waiting;
    if (bytes === this.#waitingBytes) {
      this.#first = this.#next;
      this.#waiting = this.#waitingBytes = 0;
      return before;
    }
    while (this.#waiting > 0) {
      const at = this.#first * this.#stride;
      const status = Atomics.load(words, at + STATUS);
      if (status === TP_STATUS_SEND_REQUEST || status === TP_STATUS_WRONG_FORMAT) break;
      this.#waiting--;
      this.#waitingBytes -= words[at + LENGTH];
      this.#first = this.#first + 1 === this.frames ? 0 : this.#first + 1;
    }
    return before - this.#waiting;
  }

  /**
   * Takes the first frame out, if the kernel has rejected it: it would wait there for a better one
   * for ever. The frames after it move up. Tells how long it was.
   */
  #rejected(): number {
    const words = this.#words;
    let at = this.#first * this.#stride;
    if (this.#waiting === 0 || Atomics.load(words, at + STATUS) !== TP_STATUS_WRONG_FORMAT) {
      return 0;
    }
    const length = words[at + LENGTH];
    for (let moved = 1, slot = this.#first; moved < this.#waiting; moved++) {
      const following = slot + 1 === this.frames ? 0 : slot + 1;
      const from = following * this.#stride;
      words[at + LENGTH] = words[from + LENGTH];
      this.#slots[slot].set(this.#slots[following].subarray(0, words[from + LENGTH]));
      Atomics.store(words, at + STATUS, TP_STATUS_SEND_REQUEST);
      slot = following;
      at = from;
    }
    Atomics.store(words, at + STATUS, TP_STATUS_AVAILABLE);
    this.#next = at / this.#stride;
    this.#waiting--;
    this.#waitingBytes -= length;
    this.#isTaken = false;
    return length;
  }

  /**
   * Waits for a free frame; those that wait are sent meanwhile.
   *
   * @param options How to give up waiting
   * @returns Its memory, as {@linkcode frame} gives it
   * @throws {SyscallError} As {@linkcode flush} does
   * @throws {Error} If the ring is closed, even meanwhile
   * @throws {TypeError} If an option is none
   * @throws The signal's reason, or a `TimeoutError`
   */
  whenFrame(options?: WaitOptions): Promise<Uint8Array<ArrayBuffer>> {
    return this.#when(() => {
      const frame = this.frame();
      if (frame !== null) return frame;
      this.flush();
      return this.frame();
    }, options);
  }

  /**
   * Waits until the kernel has taken all frames.
   *
   * @param options How to give up waiting
   * @returns Resolves when none waits any more
   * @throws {SyscallError} As {@linkcode flush} does
   * @throws {Error} If the ring is closed, even meanwhile
   * @throws {TypeError} If an option is none
   * @throws The signal's reason, or a `TimeoutError`
   */
  async whenFlushed(options?: WaitOptions): Promise<void> {
    await this.#when(() => {
      this.flush();
      return this.#waiting === 0 || null;
    }, options);
  }

  /**
   * poll(2) calls it writable while the buffer of its socket has room, though all frames may be in
   * use: what wakes us is a frame that leaves, by edge. One that the queue of the interface refuses
   * would do so, too, and when there is room again for one nothing tells: that takes time.
   */
  async #when<T extends object | true>(
    attempt: () => T | null,
    options: WaitOptions = {},
  ): Promise<T> {
    // Also who never has to wait lets the event loop go round.
    const first = await whenWritable(this.socket, () => attempt() ?? false, options);
    if (first !== false) return first;
    const signal = signalOf(options);
    using vigil = new Vigil(signal);
    vigil.watch(this.socket, { writable: true });
    let pause = SHORTEST_MS;
    for (;;) {
      const result = attempt();
      if (result !== null) return result;
      if (this.#isCongested) {
        await unlessAborted(sleep(pause), signal);
        pause = Math.min(pause * 2, LONGEST_MS);
      } else {
        await vigil.until(performance.now() + LONGEST_MS);
        pause = SHORTEST_MS;
      }
    }
  }

  #requireOpen(): void {
    if (this.closed) throw new Error("Cannot use a ring that was closed");
  }
}

/**
 * Sends frames through memory that is shared with the kernel, packet_mmap.rst: one call sends all
 * that were put there. The way to send many small frames of one's own making. There has to be a
 * whole frame with the header of the link in each.
 *
 * @param options Which interface, and how large the ring is
 * @returns The ring
 * @throws {RawAccessError} `EPERM` if we lack `CAP_NET_RAW`; it says what to do
 * @throws {SyscallError} `ENODEV` if there is no such interface, `ENOMEM` if the kernel has not so
 * much memory
 * @throws {TypeError | RangeError} If an option is not as described
 *
 * @example As many as there is room for
 * ```ts network
 * import { transmitRing } from "@posixly/raw";
 * import assert from "node:assert/strict";
 *
 * using ring = transmitRing({ interface: "lo", frames: 256 });
 * const frame = new Uint8Array(60);
 * frame.set([0x88, 0xb5], 12); // a type for experiments, after two addresses
 * let added = 0;
 * while (ring.add(frame)) added++;
 * assert.equal(added, ring.frames);
 * await ring.whenFlushed();
 * assert.ok(ring.add(frame)); // there is room again
 * ```
 */
export function transmitRing(options: TransmitRingOptions): TransmitRing {
  const { sizes, socket } = transmitRingOptions(options);
  return opened(
    socket,
    sizes.total,
    (created) => makeTransmitRing(created, sizes),
    (created, view) => new TransmitRing(created, view, sizes),
  );
}
