/**
 * Bytes that go from one descriptor to another without passing through JavaScript.
 *
 * @module
 */
export { type Copied, copyFile, type CopyFileOptions } from "./copy_file.ts";
export { copyFileRange, type CopyFileRangeOptions } from "./copy_file_range.ts";
export { type CopyWay } from "./copy_ways.ts";
export { FileTruncatedError } from "./file_truncated.ts";
export { map } from "./map.ts";
export { type MapOptions } from "./map_options.ts";
export { type MappedRange } from "./mapped_range.ts";
export { type FlushOptions, Mapping } from "./mapping.ts";
export { type MemoryAdvice } from "./memory_advice.ts";
export { pages } from "./pages.ts";
export { type Proxied, proxy, type ProxyOptions } from "./proxy.ts";
export { pump, type Pumped, type PumpOptions } from "./pump.ts";
export { sendFile, type SendFileOptions, type Sent } from "./send_file.ts";
export { sendfile, type SendfileOptions } from "./sendfile.ts";
export { sendZerocopy, type SendZerocopyOptions } from "./send_zerocopy.ts";
export { SharedMemory, sharedMemory, type SharedMemoryOptions } from "./shared_memory.ts";
export { splice, type SpliceOptions } from "./splice.ts";
export { tee, type TeeOptions } from "./tee.ts";
export { vmsplice, type VmspliceOptions } from "./vmsplice.ts";
export {
  type ZerocopySenderOptions,
  type ZerocopySendOptions,
  type ZerocopySent,
} from "./zerocopy_options.ts";
export { ZerocopySender, zerocopySender } from "./zerocopy_sender.ts";
export { type WaitOptions } from "@posixly/mux";
