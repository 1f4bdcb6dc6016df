/**
 * Files of captured packets, pcap and pcapng: read and written as streams. Nothing here touches
 * native code, so it works in any JavaScript runtime, a browser included.
 *
 * @module
 */
export type {
  CaptureBlock,
  CaptureInterface,
  CaptureNames,
  CapturePacket,
  CaptureSecrets,
  CaptureSection,
  CaptureStatistics,
  CustomBlock,
  PcapHeader,
  UnknownBlock,
} from "./block.ts";
export type { ByteOrder } from "./bytes.ts";
export { CaptureDecoder, type CaptureOptions } from "./decoder.ts";
export { CaptureFileError } from "./error.ts";
export { type LinkType, linkTypes } from "./link_type.ts";
export { type CaptureOption, commentsOf } from "./option.ts";
export { type CaptureReader, parseCapture, type ParsedCapture, readCapture } from "./read.ts";
export type { CaptureTime } from "./time.ts";
export {
  captureStream,
  type CaptureWriter,
  captureWriter,
  type CaptureWriterOptions,
  type PacketToWrite,
} from "./writer.ts";
