import { setsockopt, type SettableOptions, type Socket } from "@posixly/socket";
import { requireInteger, requireKnown } from "@posixly/sys";
import { PACKET_TX_RING, PACKET_VERSION, SOL_PACKET, TPACKET_V2, tpacketReq } from "./libc.ts";
import type { PacketSocketOptions } from "./packet_options.ts";
import { requireTotal } from "./ring_memory.ts";

/**
 * What kind of ring to send by, see {@linkcode transmitRing}.
 *
 * @example Usage
 * ```ts
 * import { transmitRing, type TransmitRingOptions } from "@posixly/raw";
 *
 * const large: TransmitRingOptions = { interface: "lo", frames: 64, frameSize: 16_384 };
 * const open = () => transmitRing(large);
 * ```
 */
export interface TransmitRingOptions {
  /** The name or the index of the interface to send by. */
  readonly interface: string | number;
  /** How many frames it holds, 1 to 65,536; by default 1024. Made as many as fill whole blocks. */
  readonly frames?: number;
  /**
   * How much memory each takes, 32 bytes more than it can have: a power of two from 128 to
   * 131,072; by default 2048.
   */
  readonly frameSize?: number;
  /** Whether frames go past the queue of the interface: `PACKET_QDISC_BYPASS`. */
  readonly bypassQueue?: boolean;
  /** Other options of the socket. */
  readonly options?: Partial<SettableOptions>;
}

/** The sizes of a ring, checked. */
export interface FrameSizes {
  readonly frames: number;
  readonly frameSize: number;
  readonly blockSize: number;
  readonly total: number;
}

/** Several frames to a block: whole pages on any processor. */
const BLOCK = 65_536;

/** Parts the sizes of a ring from the options of its socket. */
export function transmitRingOptions(
  options: TransmitRingOptions,
): { readonly sizes: FrameSizes; readonly socket: PacketSocketOptions } {
  requireKnown(options, ["interface", "frames", "frameSize", "bypassQueue", "options"]);
  const { frames = 1024, frameSize = 2048, ...socket } = options;
  if (socket.interface === undefined) throw new TypeError("a transmit ring takes an interface");
  requireInteger(frames, "frames", 1, 65_536);
  requireInteger(frameSize, "frameSize", 128, 131_072);
  if ((frameSize & (frameSize - 1)) !== 0) {
    throw new RangeError(`frameSize must be a power of two, not ${frameSize}`);
  }
  const blockSize = Math.max(BLOCK, frameSize);
  const blocks = Math.ceil(frames * frameSize / blockSize);
  const total = requireTotal(blockSize, blocks);
  return {
    sizes: { frames: total / frameSize, frameSize, blockSize, total },
    socket: { ...socket, protocol: 0 }, // nothing is received
  };
}

/** Has a socket send from a ring from now on. */
export function makeTransmitRing(
  socket: Socket,
  { frames, frameSize, blockSize, total }: FrameSizes,
): void {
  setsockopt(socket, SOL_PACKET, PACKET_VERSION, TPACKET_V2);
  const request = tpacketReq.encode({
    tp_block_size: blockSize,
    tp_block_nr: total / blockSize,
    tp_frame_size: frameSize,
    tp_frame_nr: frames,
  });
  setsockopt(socket, SOL_PACKET, PACKET_TX_RING, request);
}
