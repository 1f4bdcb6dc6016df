import { requireInteger, requireKnown } from "@posixly/sys";
import type { AsFd } from "./as_fd.ts";
import { ioctl } from "./ioctl.ts";
import { TIOCGWINSZ, TIOCSWINSZ, winsize } from "./libc.ts";

/**
 * How large the window of a terminal is.
 *
 * @example Usage
 * ```ts
 * import { pty, type WindowSize, windowSize } from "@posixly/fd";
 * import assert from "node:assert/strict";
 *
 * using ends = pty({ size: { columns: 80, rows: 24 } });
 * const { columns, rows }: WindowSize = windowSize(ends.terminal);
 * assert.deepEqual([columns, rows], [80, 24]);
 * ```
 */
export interface WindowSize {
  /** How many characters fit into a line. */
  readonly columns: number;
  /** How many lines there are. */
  readonly rows: number;
  /** How wide it is in pixels; 0 if nobody said. */
  readonly width: number;
  /** How high it is in pixels; 0 if nobody said. */
  readonly height: number;
}

/**
 * How large the window of a terminal is, ioctl_tty(2) `TIOCGWINSZ`.
 *
 * @param terminal The terminal, or the controller of a pseudoterminal
 * @returns Its size, in characters and in pixels
 * @throws {SyscallError} `ENOTTY` if it is no terminal
 *
 * @example Usage
 * ```ts
 * import { pty, windowSize } from "@posixly/fd";
 * import assert from "node:assert/strict";
 *
 * using ends = pty();
 * assert.equal(windowSize(ends.terminal).columns, 0); // nobody said yet
 * ```
 */
export function windowSize(terminal: AsFd): WindowSize {
  const bytes = new Uint8Array(winsize.size);
  ioctl(terminal, TIOCGWINSZ, bytes);
  const { ws_col: columns, ws_row: rows, ws_xpixel: width, ws_ypixel: height } = winsize.view(
    bytes,
  );
  return { columns, rows, width, height };
}

/**
 * Says how large the window of a terminal is, ioctl_tty(2) `TIOCSWINSZ`. If that is news, the
 * programs in its foreground get `SIGWINCH`.
 *
 * @param terminal The terminal, or the controller of a pseudoterminal
 * @param size Its size in characters and in pixels, each from 0 to 65,535; what is left out is 0
 * @throws {SyscallError} `ENOTTY` if it is no terminal
 * @throws {TypeError | RangeError} If the size is none
 *
 * @example Usage
 * ```ts
 * import { pty, setWindowSize, windowSize } from "@posixly/fd";
 * import assert from "node:assert/strict";
 *
 * using ends = pty();
 * setWindowSize(ends.controller, { columns: 132, rows: 43 });
 * assert.equal(windowSize(ends.terminal).columns, 132);
 * ```
 */
export function setWindowSize(terminal: AsFd, size: Partial<WindowSize>): void {
  requireKnown(size, ["columns", "rows", "width", "height"]);
  const { columns = 0, rows = 0, width = 0, height = 0 } = size;
  const bytes = winsize.encode({
    ws_col: requireInteger(columns, "columns", 0, 0xffff),
    ws_row: requireInteger(rows, "rows", 0, 0xffff),
    ws_xpixel: requireInteger(width, "width", 0, 0xffff),
    ws_ypixel: requireInteger(height, "height", 0, 0xffff),
  });
  ioctl(terminal, TIOCSWINSZ, bytes);
}
