import { type AsFd, fdOf } from "@posixly/fd";
import { errno, ok, requireKnown } from "@posixly/sys";
import { countOf } from "./count.ts";
import { libc } from "./libc.ts";
import { Offset } from "./offset.ts";

/**
 * Where a part of a file is, and where it goes, see {@linkcode copyFileRange}.
 *
 * @example Usage
 * ```ts
 * import { memfd, stat, write } from "@posixly/fd";
 * import { copyFileRange, type CopyFileRangeOptions } from "@posixly/zerocopy";
 * import assert from "node:assert/strict";
 *
 * const places: CopyFileRangeOptions = { fromOffset: 0, toOffset: 10 };
 * using from = memfd("from");
 * using to = memfd("to");
 * write(from, new Uint8Array([1, 2, 3]));
 * copyFileRange(from, to, 3, places);
 * assert.equal(stat(to).size, 13);
 * ```
 */
export interface CopyFileRangeOptions {
  /** Where in `from` to start, in bytes; by default at its position, which moves along. */
  readonly fromOffset?: number | bigint;
  /** Where in `to` to start, in bytes; by default at its position, which moves along. */
  readonly toOffset?: number | bigint;
}

const fromOffset = new Offset();
const toOffset = new Offset();

/**
 * Copies a part of one file into another, copy_file_range(2), within the kernel, or within the file
 * system or its server where that can: then blocks may be shared rather than copied.
 *
 * A file whose size is 0 although there is something to read, as in `/proc`, may give 0 here;
 * {@linkcode copyFile} minds that, and what the kernel refuses.
 *
 * @param from The file that has the bytes
 * @param to The file that gets them; it may be the same one, at another place
 * @param length How many bytes at most; one call copies no more than 2 GiB less a page
 * @param options Where
 * @returns How many bytes were copied, which may be fewer; 0 at the end of `from` or beyond, or if
 * `length` is 0; `null` if it would block
 * @throws {SyscallError} `EINVAL` if one is no regular file, or the parts overlap; `EXDEV` or
 * `EOPNOTSUPP` if these two file systems cannot do it; `EBADF` if one is not open for that, or `to`
 * for appending; `EISDIR`, `ENOSPC`, `EFBIG`, `EIO`, `ETXTBSY`
 * @throws {TypeError | RangeError} If `length` or an option is not as described
 *
 * @example Usage
 * ```ts
 * import { memfd, pread, write } from "@posixly/fd";
 * import { copyFileRange } from "@posixly/zerocopy";
 * import assert from "node:assert/strict";
 *
 * using from = memfd("from");
 * using to = memfd("to");
 * write(from, new Uint8Array([1, 2, 3]));
 * assert.equal(copyFileRange(from, to, 100, { fromOffset: 1 }), 2);
 *
 * const buffer = new Uint8Array(2);
 * pread(to, buffer, 0);
 * assert.deepEqual(buffer, new Uint8Array([2, 3]));
 * ```
 */
export function copyFileRange(
  from: AsFd,
  to: AsFd,
  length: number | bigint,
  options: CopyFileRangeOptions = {},
): number | null {
  requireKnown(options, ["fromOffset", "toOffset"]);
  const [source, target] = [fdOf(from, "from"), fdOf(to, "to")];
  const count = countOf(length);
  const start = fromOffset.at(options.fromOffset, "fromOffset");
  const end = toOffset.at(options.toOffset, "toOffset");
  let n: number;
  do n = libc.copy_file_range(source, start, target, end, count, 0); while (n === -errno.EINTR);
  return n === -errno.EAGAIN ? null : ok(n, "copy_file_range", { fd: source });
}
