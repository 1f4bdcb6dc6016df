import type { ExactTime } from "@posixly/fd";
import type { PacketAddress, PacketType } from "@posixly/socket";
import type { CapturedPacket } from "./captured_packet.ts";
import { sockaddrLl, tpacket3Hdr } from "./libc.ts";
import {
  checksumIn,
  type ChecksumState,
  packetTypeOf,
  type TakenVlanTag,
  vlanIn,
} from "./packet_status.ts";

const { offsets } = tpacket3Hdr;
/** The sender follows the header, of which the length is a multiple of 16. */
const SENDER = tpacket3Hdr.size;

// Where things are, in units of 4 bytes, of 2, and of 1.
const SECONDS = offsets.tp_sec >> 2;
const NANOSECONDS = offsets.tp_nsec >> 2;
const CAPTURED = offsets.tp_snaplen >> 2;
const LENGTH = offsets.tp_len >> 2;
const STATUS = offsets.tp_status >> 2;
const FRAME = offsets.tp_mac >> 1;
const NETWORK = offsets.tp_net >> 1;
const HASH = offsets.hv1 >> 2;
const VLAN_TCI = (offsets.hv1 + 4) >> 2;
const VLAN_TYPE = (offsets.hv1 + 8) >> 1;
const INTERFACE = (SENDER + sockaddrLl.offsets.sll_ifindex) >> 2;
const PROTOCOL = SENDER + sockaddrLl.offsets.sll_protocol;
const HARDWARE_TYPE = (SENDER + sockaddrLl.offsets.sll_hatype) >> 1;
const PACKET_TYPE = SENDER + sockaddrLl.offsets.sll_pkttype;
const ADDRESS_LENGTH = SENDER + sockaddrLl.offsets.sll_halen;
const ADDRESS = SENDER + sockaddrLl.offsets.sll_addr;

/** Has a packet look at the one whose header begins at a byte of the ring. */
export let lookAt: (packet: RingPacket, at: number) => void;
/** Has a packet look at nothing any more. */
export let lookAway: (packet: RingPacket) => void;

/**
 * A packet in the memory of a {@linkcode ReceiveRing}: always the same object, which looks at one
 * packet after the other. It holds until the function that was given it returns; after that the
 * kernel writes other packets there. What is needed for longer is copied.
 *
 * `memory`, `start` and `end` are what the parsers of `@posixly/raw/wire` take, and nothing is made
 * for a packet.
 *
 * @example Usage
 * ```ts network
 * import { receiveRing, type RingPacket } from "@posixly/raw";
 *
 * const typeOf = ({ memory, start }: RingPacket) => memory[start + 12] << 8 | memory[start + 13];
 * using ring = receiveRing({ interface: "lo" });
 * const types = new Map<number, number>();
 * ring.drain((packet) => {
 *   const type = typeOf(packet);
 *   types.set(type, (types.get(type) ?? 0) + 1);
 * });
 * ```
 */
export class RingPacket {
  /** The memory of the ring, all of it. */
  readonly memory: Uint8Array<ArrayBuffer>;
  /** Where in `memory` the packet begins. */
  readonly start: number = 0;
  /** Where in `memory` it ends. */
  readonly end: number = 0;
  #words: Int32Array;
  #shorts: Uint16Array;
  /** Where its header begins, in bytes. */
  #at = 0;

  /**
   * Made by a ring alone.
   *
   * @param memory The memory of the ring
   * @param words The same, in words of 32 bits
   * @param shorts The same, in words of 16 bits
   */
  constructor(memory: Uint8Array<ArrayBuffer>, words: Int32Array, shorts: Uint16Array) {
    this.memory = memory;
    this.#words = words;
    this.#shorts = shorts;
  }

  static {
    lookAt = (packet, at) => {
      const start = at + packet.#shorts[(at >> 1) + FRAME];
      packet.#at = at;
      (packet as Place).start = start;
      (packet as Place).end = start + packet.#words[(at >> 2) + CAPTURED];
    };
    lookAway = (packet) => {
      packet.#words = noWords;
      packet.#shorts = noShorts;
      Object.assign(packet as Place, { memory: nothing, start: 0, end: 0 });
    };
  }

  /** How many of its bytes there are. */
  get length(): number {
    return this.end - this.start;
  }

  /** How many bytes it had; more than `length` if it was cut. */
  get originalLength(): number {
    return this.#words[(this.#at >> 2) + LENGTH];
  }

  /** When it came: whole seconds by `CLOCK_REALTIME`. */
  get seconds(): number {
    return this.#words[(this.#at >> 2) + SECONDS] >>> 0;
  }

  /** When it came: the rest, in nanoseconds. */
  get nanoseconds(): number {
    return this.#words[(this.#at >> 2) + NANOSECONDS];
  }

  /** Where in `memory` the header of the network begins, after that of the link. */
  get networkStart(): number {
    return this.#at + this.#shorts[(this.#at >> 1) + NETWORK];
  }

  /** The index of the interface that it came or went by. */
  get interface(): number {
    return this.#words[(this.#at >> 2) + INTERFACE];
  }

  /** The type of Ethernet that it carries. */
  get protocol(): number {
    const at = this.#at + PROTOCOL;
    return this.memory[at] << 8 | this.memory[at + 1];
  }

  /** Whether it came in, and for whom, or went out. */
  get packetType(): PacketType | number {
    return packetTypeOf(this.memory[this.#at + PACKET_TYPE]);
  }

  /** The bits of `tp_status`, for what has no name here. */
  get status(): number {
    return this.#words[(this.#at >> 2) + STATUS];
  }

  /** A number that is the same for all packets of a flow, if the card or the kernel has made one. */
  get flowHash(): number {
    return this.#words[(this.#at >> 2) + HASH] >>> 0;
  }

  /** The VLAN tag that the kernel has taken out. */
  get vlan(): TakenVlanTag | undefined {
    const tci = this.#words[(this.#at >> 2) + VLAN_TCI];
    return vlanIn(this.status, tci, this.#shorts[(this.#at >> 1) + VLAN_TYPE]);
  }

  /** What is known of its checksum. */
  get checksum(): ChecksumState {
    return checksumIn(this.status);
  }

  /** Its bytes where they lie: a new view each time, of memory that others will have. */
  get bytes(): Uint8Array<ArrayBuffer> {
    return this.memory.subarray(this.start, this.end);
  }

  /**
   * A copy, to be kept.
   *
   * @returns All that there is to know of the packet
   * @throws {Error} If it does not hold any more
   */
  copy(): CapturedPacket {
    if (this.#words === noWords) {
      throw new Error("Cannot copy a packet of a ring after its callback has returned");
    }
    return {
      bytes: this.memory.slice(this.start, this.end),
      from: this.#from(),
      originalLength: this.originalLength,
      timestamp: this.#timestamp(),
      vlan: this.vlan,
      checksum: this.checksum,
    };
  }

  #from(): PacketAddress {
    const at = this.#at + ADDRESS;
    return {
      family: "packet",
      protocol: this.protocol,
      interface: this.interface,
      hardwareType: this.#shorts[(this.#at >> 1) + HARDWARE_TYPE],
      packetType: this.packetType,
      hardwareAddress: this.memory.slice(at, at + this.memory[this.#at + ADDRESS_LENGTH]),
    };
  }

  #timestamp(): ExactTime {
    return { seconds: this.seconds, nanoseconds: this.nanoseconds };
  }
}

/** What the ring alone may change. */
type Place = { -readonly [Name in "memory" | "start" | "end"]: RingPacket[Name] };

const nothing = new Uint8Array(0);
const noWords = new Int32Array(0);
const noShorts = new Uint16Array(0);
