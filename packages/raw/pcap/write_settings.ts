import { requireBytes, requireInteger } from "../arguments.ts";
import type { CaptureBlock } from "./block.ts";
import { type ByteOrder, MAX_U32 } from "./bytes.ts";
import type { PacketContents } from "./pcapng_encode.ts";
import type { PacketToWrite } from "./writer.ts";

/** What a writer was asked for, looked through. */
export interface Settings {
  readonly format: "pcap" | "pcapng";
  readonly link: number | undefined;
  readonly snapLength: number;
  readonly nanoseconds: boolean;
  readonly byteOrder: ByteOrder;
}

export function isPacket(block: PacketToWrite | CaptureBlock): block is PacketToWrite {
  return block.kind === "packet" || block.kind === undefined;
}

/** What there is of a packet, cut to what is to be written of it. */
export function contentsOf(packet: PacketToWrite, snapLength: number): PacketContents {
  const { timestamp, options = [] } = packet;
  const bytes = requireBytes(packet.bytes, "bytes");
  const { originalLength = bytes.length } = packet;
  return {
    bytes: snapLength > 0 && bytes.length > snapLength ? bytes.subarray(0, snapLength) : bytes,
    originalLength: requireInteger(originalLength, "originalLength", 0, MAX_U32),
    timestamp,
    options,
  };
}
