import { setsockopt, type Socket } from "@posixly/socket";
import { requireInteger, requireKnown } from "@posixly/sys";
import {
  PACKET_RX_RING,
  PACKET_VERSION,
  SOL_PACKET,
  TP_FT_REQ_FILL_RXHASH,
  TPACKET_V3,
  tpacketReq3,
} from "./libc.ts";
import { packetOptionNames, type PacketSocketOptions } from "./packet_options.ts";
import { requirePages, requireTotal } from "./ring_memory.ts";
import { cutTo } from "./snap_length.ts";

/**
 * How a ring receives, besides what packet sockets have; see {@linkcode receiveRing}.
 *
 * @example A large one, for the first 128 bytes of each packet
 * ```ts
 * import { receiveRing, type ReceiveRingOptions } from "@posixly/raw";
 *
 * const headers: ReceiveRingOptions = { interface: "lo", blocks: 64, snapLength: 128 };
 * const open = () => receiveRing(headers);
 * ```
 */
export interface ReceiveRingOptions
  extends Omit<PacketSocketOptions, "auxdata" | "bypassQueue" | "receiveTimestamp"> {
  /**
   * How many bytes a block has, which the kernel fills with packets and then hands over: a multiple
   * of the size of a page, 4096 as a rule, and more than any packet; by default 262,144. What of a
   * packet does not fit is cut.
   */
  readonly blockSize?: number;
  /** How many blocks there are; by default 32. The memory, 8 MiB then, is the kernel's. */
  readonly blocks?: number;
  /**
   * After how many milliseconds a block is handed over that is not full: the longest that a packet
   * waits; by default 10. It is in use then, however little is in it: all are after `blocks` times as
   * long, 320 ms by default, even if few packets come. Whoever does not read for longer makes it
   * longer. With 0 the kernel decides by the speed of the interface.
   */
  readonly retireMs?: number;
  /**
   * How many bytes of each packet are kept at most, whatever a filter returns, 1 to 262,144; by
   * default all.
   */
  readonly snapLength?: number;
}

/** The sizes of a ring, checked. */
export interface RingSizes {
  readonly blockSize: number;
  readonly blocks: number;
  readonly retireMs: number;
  readonly total: number;
}

/** How many bytes a block has, unless it is said. */
export const BLOCK_SIZE = 262_144;

/** How many bytes of a packet can be kept. */
export const MOST_KEPT = 262_144;

/** What a ring has in any case, or has no use for. */
const always = ["auxdata", "bypassQueue", "receiveTimestamp"];

/** Parts the sizes of a ring from the options of its socket. */
export function ringOptions(
  options: ReceiveRingOptions,
): { readonly sizes: RingSizes; readonly socket: PacketSocketOptions } {
  requireKnown(options, [
    ...packetOptionNames.filter((name) => !always.includes(name)),
    "blockSize",
    "blocks",
    "retireMs",
    "snapLength",
  ]);
  const { blockSize = BLOCK_SIZE, blocks = 32, retireMs = 10, snapLength, ...socket } = options;
  requirePages(blockSize, "blockSize");
  requireInteger(blocks, "blocks", 1);
  const total = requireTotal(blockSize, blocks);
  requireInteger(retireMs, "retireMs");
  const sizes = { blockSize, blocks, retireMs, total };
  if (snapLength === undefined) return { sizes, socket };
  requireInteger(snapLength, "snapLength", 1, MOST_KEPT);
  const filter = cutTo(snapLength, socket.options?.filter);
  return { sizes, socket: { ...socket, options: { ...socket.options, filter } } };
}

/** Packets of a version 3 ring have any length; this only has to be a part of the block. */
const FRAME = 2048;

/** Has a socket fill a ring from now on. */
export function makeRing(socket: Socket, { blockSize, blocks, retireMs }: RingSizes): void {
  setsockopt(socket, SOL_PACKET, PACKET_VERSION, TPACKET_V3);
  const request = tpacketReq3.encode({
    tp_block_size: blockSize,
    tp_block_nr: blocks,
    tp_frame_size: FRAME,
    tp_frame_nr: blockSize / FRAME * blocks,
    tp_retire_blk_tov: retireMs,
    tp_feature_req_word: TP_FT_REQ_FILL_RXHASH,
  });
  setsockopt(socket, SOL_PACKET, PACKET_RX_RING, request);
}
