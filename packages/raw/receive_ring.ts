import { type WaitOptions, whenReadable } from "@posixly/mux";
import { receive } from "@posixly/socket";
import { type MappedView, requireInteger } from "@posixly/sys";
import type { CapturedPacket } from "./captured_packet.ts";
import {
  TP_STATUS_KERNEL,
  TP_STATUS_USER,
  tpacket3Hdr,
  tpacketBlockDesc,
  tpacketHdrV1,
} from "./libc.ts";
import { MappedRing, opened } from "./mapped_ring.ts";
import type { PacketSocket } from "./packet_socket.ts";
import type { PacketStatistics } from "./packet_statistics.ts";
import { makeRing, type ReceiveRingOptions, ringOptions, type RingSizes } from "./ring_options.ts";
import { lookAt, lookAway, RingPacket } from "./ring_packet.ts";

const { hdr } = tpacketBlockDesc.offsets;
const STATUS = hdr + tpacketHdrV1.offsets.block_status;
const COUNT = hdr + tpacketHdrV1.offsets.num_pkts;
const FIRST = hdr + tpacketHdrV1.offsets.offset_to_first_pkt;
const NEXT = tpacket3Hdr.offsets.tp_next_offset;

/**
 * A ring of blocks that the kernel fills with packets and that JavaScript reads where they lie:
 * `PACKET_RX_RING` with `TPACKET_V3`. Made by {@linkcode receiveRing}.
 *
 * Who reads sets the pace. A block goes back to the kernel when its last packet was read; while
 * nobody reads, the kernel goes on until all blocks are full, and then counts what it drops.
 *
 * @example Usage
 * ```ts network
 * import { rawSocket, type ReceiveRing, receiveRing } from "@posixly/raw";
 * import assert from "node:assert/strict";
 *
 * using ring: ReceiveRing = receiveRing({ interface: "lo", protocol: "ipv4", retireMs: 1 });
 * using sender = rawSocket("ipv4", 253);
 * await sender.send(new Uint8Array(100), "127.0.0.1");
 * for await (const { bytes } of ring) {
 *   if (bytes[14 + 9] !== 253) continue;
 *   assert.equal(bytes.length, 14 + 20 + 100);
 *   break;
 * }
 * ```
 */
export class ReceiveRing extends MappedRing implements AsyncIterable<CapturedPacket> {
  readonly #memory: Uint8Array<ArrayBuffer>;
  readonly #words: Int32Array;
  readonly #shorts: Uint16Array;
  /** What copies are made by; nobody else has it. */
  readonly #own: RingPacket;
  readonly #blockSize: number;
  readonly #blocks: number;
  /** Where in `#words` the status of the block is that is read, or comes next. */
  #status: number;
  #block = 0;
  /** Whether the block is ours. */
  #holds = false;
  /** How many packets of it are left, and where the next one begins, in bytes. */
  #left = 0;
  #next = 0;
  /** Whom the callback has, while it runs. */
  #reader: RingPacket | undefined;

  /**
   * Made by {@linkcode receiveRing} alone.
   *
   * @param socket The socket that fills it
   * @param view Its memory
   * @param sizes How it is divided
   */
  constructor(socket: PacketSocket, view: MappedView, { blockSize, blocks }: RingSizes) {
    super(socket, view, () => this.#end());
    this.#memory = view.bytes;
    this.#words = new Int32Array(view.bytes.buffer);
    this.#shorts = new Uint16Array(view.bytes.buffer);
    this.#own = new RingPacket(this.#memory, this.#words, this.#shorts);
    this.#blockSize = blockSize;
    this.#blocks = blocks;
    this.#status = STATUS >> 2;
  }

  /**
   * Calls a function for each packet that is there, one after the other, in the order in which they
   * came. Nothing is copied or made for a packet.
   *
   * @param callback Called with the packet, always the same object, which holds until it returns; if
   * it throws, that packet counts as read and the others stay
   * @param most How many packets at most; by default as many as there are. The kernel may be faster
   * than the callback, so whoever shares a thread sets a limit
   * @returns How many were read; 0 if there is none now
   * @throws {Error} If the ring is closed, or is being drained
   * @throws {TypeError | RangeError} If `most` is no number from 0
   */
  drain(callback: (packet: RingPacket) => void, most = 0x7fff_ffff): number {
    this.#requireOpen();
    requireInteger(most, "most");
    // A new one each time: whoever has kept the last one must not see what comes now.
    const packet = new RingPacket(this.#memory, this.#words, this.#shorts);
    this.#reader = packet;
    try {
      return this.#drain(callback, most, packet);
    } finally {
      this.#reader = undefined;
      lookAway(packet);
    }
  }

  #drain(callback: (packet: RingPacket) => void, most: number, packet: RingPacket): number {
    const words = this.#words;
    let read = 0;
    while (read < most && (this.#left > 0 || this.#take())) {
      const at = this.#next;
      this.#next = at + words[(at + NEXT) >> 2];
      this.#left--;
      read++;
      lookAt(packet, at);
      callback(packet); // which may throw, or close the ring
      if (this.closed) return read;
    }
    if (this.#left === 0) this.#giveBack();
    return read;
  }

  /** Gives back the block that was read, and takes the next one if it is ready and not empty. */
  #take(): boolean {
    this.#giveBack();
    while ((Atomics.load(this.#words, this.#status) & TP_STATUS_USER) !== 0) {
      const start = this.#block * this.#blockSize;
      this.#holds = true;
      this.#left = this.#words[(start + COUNT) >> 2];
      this.#next = start + this.#words[(start + FIRST) >> 2];
      if (this.#left > 0) return true;
      this.#giveBack();
    }
    return false;
  }

  /** The kernel may write there from now on. */
  #giveBack(): void {
    if (!this.#holds) return;
    this.#holds = false;
    Atomics.store(this.#words, this.#status, TP_STATUS_KERNEL);
    this.#block = this.#block + 1 === this.#blocks ? 0 : this.#block + 1;
    this.#status = (this.#block * this.#blockSize + STATUS) >> 2;
  }

  /**
   * The packet that is there now, as a copy.
   *
   * @returns The packet, or `null` if there is none
   * @throws {SyscallError} `ENETDOWN` once after the interface went down
   * @throws {Error} If the ring is closed
   */
  tryReceive(): CapturedPacket | null {
    this.#requireOpen();
    if (this.#left === 0 && !this.#take()) return this.#fail();
    const at = this.#next;
    this.#next = at + this.#words[(at + NEXT) >> 2];
    this.#left--;
    lookAt(this.#own, at);
    const copy = this.#own.copy();
    if (this.#left === 0) this.#giveBack();
    return copy;
  }

  /** A ring never tells what went wrong; its socket does, and has nothing else to tell. */
  #fail(): null {
    receive(this.socket, one, atOnce);
    return null;
  }

  #requireOpen(): void {
    if (this.closed) throw new Error("Cannot use a ring that was closed");
    if (this.#reader) throw new Error("Cannot read a ring from within its own callback");
  }

  /**
   * Waits for a packet, and copies it.
   *
   * @param options How to give up waiting
   * @returns The packet
   * @throws {SyscallError} `ENETDOWN` once after the interface went down
   * @throws {Error} If it is closed, even meanwhile
   * @throws {TypeError} If an option is none
   * @throws The signal's reason, or a `TimeoutError`
   */
  receive(options?: WaitOptions): Promise<CapturedPacket> {
    return whenReadable(this.socket, () => this.tryReceive(), options);
  }

  /**
   * Waits until there are packets, for {@linkcode drain}.
   *
   * @param callback As that of {@linkcode drain}
   * @param most As that of {@linkcode drain}
   * @param options How to give up waiting
   * @returns How many were read, 1 at least
   * @throws {SyscallError} `ENETDOWN` once after the interface went down
   * @throws {Error} If it is closed, even meanwhile
   * @throws {TypeError | RangeError} If `most` is no number from 1, or an option is none
   * @throws The signal's reason, or a `TimeoutError`
   */
  read(
    callback: (packet: RingPacket) => void,
    most = 0x7fff_ffff,
    options?: WaitOptions,
  ): Promise<number> {
    requireInteger(most, "most", 1);
    return whenReadable(this.socket, () => {
      const read = this.drain(callback, most);
      return read > 0 ? read : this.#fail();
    }, options);
  }

  /**
   * How many packets have come, and how many were lost.
   *
   * @returns The counts since the ring was made
   * @throws {Error} If it is closed
   */
  statistics(): PacketStatistics {
    return this.socket.statistics();
  }

  /** Copies of the packets as they come, until the ring is closed. */
  async *[Symbol.asyncIterator](): AsyncGenerator<CapturedPacket, void, void> {
    while (!this.closed) {
      let packet: CapturedPacket;
      try {
        packet = await this.receive();
      } catch (error) {
        if (this.closed) return;
        throw error;
      }
      yield packet;
    }
  }

  #end(): void {
    this.#holds = false;
    this.#left = 0;
    if (this.#reader) lookAway(this.#reader);
  }
}

const one = new Uint8Array(1);
const atOnce = { nonBlocking: true } as const;

/**
 * Receives packets through memory that is shared with the kernel, packet_mmap.rst: no call and no
 * copy for a packet, which is read where the kernel has put it. The way to capture on a busy
 * interface.
 *
 * @param options Those of {@linkcode packetSocket}, and how large the ring is
 * @returns The ring
 * @throws {RawAccessError} `EPERM` if we lack `CAP_NET_RAW`; it says what to do
 * @throws {SyscallError} `ENOMEM` if the kernel has not so much memory, `EINVAL` if it takes no such
 * sizes; else as {@linkcode packetSocket} does
 * @throws {FilterError} If `snapLength` is to cut a filter that does not end with an instruction
 * @throws {TypeError | RangeError} If an option is not as described
 *
 * @example Bytes per protocol
 * ```ts network
 * import { rawSocket, receiveRing } from "@posixly/raw";
 * import assert from "node:assert/strict";
 *
 * using ring = receiveRing({ interface: "lo", protocol: "ipv4", ignoreOutgoing: true, retireMs: 1 });
 * using sender = rawSocket("ipv4", 253);
 * for (let i = 0; i < 10; i++) await sender.send(new Uint8Array(80), "127.0.0.1");
 *
 * const bytes = new Float64Array(256);
 * while (bytes[253] < 10 * 100) {
 *   await ring.read(({ memory, start, originalLength }) => {
 *     bytes[memory[start + 14 + 9]] += originalLength - 14;
 *   });
 * }
 * assert.equal(ring.statistics().drops, 0);
 * ```
 */
export function receiveRing(options: ReceiveRingOptions = {}): ReceiveRing {
  const { sizes, socket } = ringOptions(options);
  return opened(
    socket,
    sizes.total,
    (created) => makeRing(created, sizes),
    (created, view) => new ReceiveRing(created, view, sizes),
  );
}
