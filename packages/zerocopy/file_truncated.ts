/**
 * A file ended before all was sent or copied that was promised, see {@linkcode sendFile}: it was cut
 * meanwhile, or was never that long. Whoever was told a length, as the reader of an HTTP answer, must
 * not get anything else on the same connection.
 *
 * @example Usage
 * ```ts
 * import { memfd, write } from "@posixly/fd";
 * import { pipe } from "@posixly/pipe";
 * import { FileTruncatedError, sendFile } from "@posixly/zerocopy";
 * import assert from "node:assert/strict";
 *
 * using file = memfd("short");
 * write(file, new Uint8Array(10));
 * using ends = pipe();
 * await assert.rejects(sendFile(ends.writer, file, { length: 20 }), (error) => {
 *   assert.ok(error instanceof FileTruncatedError);
 *   assert.deepEqual({ expected: error.expected, sent: error.sent }, { expected: 20, sent: 10 });
 *   return true;
 * });
 * ```
 */
export class FileTruncatedError extends Error {
  override readonly name = "FileTruncatedError";
  /** How many bytes there should have been. */
  readonly expected: number;
  /** How many were sent or copied. */
  readonly sent: number;

  /**
   * @param expected How many bytes there should have been
   * @param sent How many were sent or copied
   */
  constructor(expected: number, sent: number) {
    super(`Cannot take ${expected} bytes of the file, which ended after ${sent}`);
    this.expected = expected;
    this.sent = sent;
  }
}
