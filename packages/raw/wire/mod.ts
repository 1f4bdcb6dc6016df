/**
 * The formats of packets: views that are checked once and copy nothing, and builders that compose.
 * Nothing here touches native code, so it works in any JavaScript runtime, a browser included.
 *
 * @module
 */
export {
  checksum,
  onesComplementSum,
  pseudoHeader4,
  pseudoHeader6,
  updateChecksum,
} from "./checksum.ts";
export { PacketMemory, type PacketMemoryOptions } from "./packet_memory.ts";
