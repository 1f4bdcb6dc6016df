import type { CaptureBlock } from "./block.ts";
import type { ByteOrder } from "./bytes.ts";
import { requireU32 } from "./require.ts";
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
  const { bytes, timestamp, options = [] } = packet;
  if (!(bytes instanceof Uint8Array)) {
    throw new TypeError(`bytes must be a Uint8Array, not ${String(bytes)}`);
  }
  const { originalLength = bytes.length } = packet;
  return {
    bytes: snapLength > 0 && bytes.length > snapLength ? bytes.subarray(0, snapLength) : bytes,
    originalLength: requireU32(originalLength, "originalLength"),
    timestamp,
    options,
  };
}
