/**
 * Bytes that go from one descriptor to another without passing through JavaScript.
 *
 * @module
 */
export { copyFileRange, type CopyFileRangeOptions } from "./copy_file_range.ts";
export { pages } from "./pages.ts";
export { sendfile, type SendfileOptions } from "./sendfile.ts";
export { splice, type SpliceOptions } from "./splice.ts";
export { tee, type TeeOptions } from "./tee.ts";
export { vmsplice, type VmspliceOptions } from "./vmsplice.ts";
