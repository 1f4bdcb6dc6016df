/**
 * A capture file ends early or contradicts itself. Whatever was whole before was given. Test `code`,
 * as the class may have been loaded twice.
 *
 * @example Where a file is cut
 * ```ts
 * import { type CaptureFileError, parseCapture } from "@posixly/raw/pcap";
 * import assert from "node:assert/strict";
 *
 * const header = Uint8Array.of(0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0);
 * assert.throws(() => [...parseCapture(header)], (error: CaptureFileError) => {
 *   assert.equal(error.code, "ERR_CAPTURE_FILE");
 *   assert.equal(error.reason, "truncated");
 *   return error.offset === 0 && error.needed === 24 && error.available === 8;
 * });
 * ```
 */
export class CaptureFileError extends Error {
  /** Always `CaptureFileError`. */
  override readonly name = "CaptureFileError";
  /** Always `ERR_CAPTURE_FILE`. */
  readonly code = "ERR_CAPTURE_FILE";
  /**
   * Why: the input ends within a packet or block, or says what cannot be, or a packet or block is
   * longer than is allowed.
   */
  readonly reason: "truncated" | "malformed" | "too long";
  /** Where in the file the packet or block begins, in bytes. */
  readonly offset: number;
  /** How many bytes it would take, from its beginning, or that of the part which does not fit. */
  readonly needed: number;
  /** How many bytes are there. */
  readonly available: number;

  /**
   * Says what is wrong.
   *
   * @param what What is wrong, in words
   * @param details Why and where
   */
  constructor(
    what: string,
    details: Pick<CaptureFileError, "reason" | "offset" | "needed" | "available">,
  ) {
    super(`Cannot read the capture at byte ${details.offset}: ${what}`);
    this.reason = details.reason;
    this.offset = details.offset;
    this.needed = details.needed;
    this.available = details.available;
  }
}
