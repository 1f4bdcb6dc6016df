import { bitsOf, fromCString, ok } from "@posixly/sys";
import { AT_FDCWD, libc, O_CLOEXEC, O_NOCTTY, O_NONBLOCK, O_RDWR } from "./libc.ts";
import { OwnedFd } from "./owned_fd.ts";
import { setWindowSize, type WindowSize } from "./window_size.ts";

/**
 * How a pseudoterminal begins.
 *
 * @example Usage
 * ```ts
 * import { pty, type PtyOptions } from "@posixly/fd";
 *
 * const options: PtyOptions = { size: { columns: 80, rows: 24 } };
 * using ends = pty(options);
 * ```
 */
export interface PtyOptions {
  /** How large its window is; by default 0 by 0, which programs take for unknown. */
  readonly size?: Partial<WindowSize>;
  /**
   * Whether the terminal's end is non-blocking, for use in this process. By default it
   * blocks, since it is for a child, and few programs can read from one that does not.
   */
  readonly nonBlocking?: boolean;
}

/**
 * Both ends of a pseudoterminal. Each is closed by itself, or both by `using`.
 *
 * @example Usage
 * ```ts
 * import { isatty, type Pty, pty } from "@posixly/fd";
 * import assert from "node:assert/strict";
 *
 * using ends: Pty = pty();
 * assert.ok(isatty(ends.terminal));
 * ```
 */
export interface Pty extends Disposable {
  /** What a window, or a server such as sshd, holds: what is written is typed. Non-blocking. */
  readonly controller: OwnedFd;
  /**
   * What a program has for its standard input and output. Close it once the program has
   * it; then reading the controller fails with `EIO` when the program is gone.
   */
  readonly terminal: OwnedFd;
  /** Where the terminal may be opened again, such as `/dev/pts/7`. */
  readonly path: string;
}

/**
 * Makes a pseudoterminal, pty(7): a terminal for a program, with us in place of
 * keyboard and screen. It does not become the terminal of this process. What one end writes is at
 * the other a moment later, so wait for it there.
 *
 * @param options How large the window is
 * @returns Its two ends
 * @throws {SyscallError} `ENOSPC` if there are too many pseudoterminals, `ENOENT` if `/dev/pts`
 * is not mounted, `EMFILE` or `ENFILE` if too many descriptors are open
 * @throws {TypeError | RangeError} If the size is none
 *
 * @example Usage
 * ```ts
 * import { pty, read, write } from "@posixly/fd";
 * import assert from "node:assert/strict";
 *
 * using ends = pty();
 * write(ends.controller, new TextEncoder().encode("helo\x7flo\n")); // typed, and corrected
 *
 * const line = new Uint8Array(64);
 * const length = read(ends.terminal, line)!; // waits, as a program would
 * assert.equal(new TextDecoder().decode(line.subarray(0, length)), "hello\n");
 * ```
 */
export function pty({ size, ...rest }: PtyOptions = {}): Pty {
  const flags = O_RDWR | O_NOCTTY | O_CLOEXEC;
  const terminalFlags = flags | bitsOf({ nonBlocking: O_NONBLOCK }, rest, ["size"]);
  const fd = ok(libc.posix_openpt(flags | O_NONBLOCK), "posix_openpt");
  const controller = new OwnedFd(fd);
  try {
    ok(libc.grantpt(fd), "grantpt", { fd });
    ok(libc.unlockpt(fd), "unlockpt", { fd });
    const name = new Uint8Array(64);
    ok(libc.ptsname_r(fd, name, name.length), "ptsname_r", { fd });
    const path = fromCString(name);
    if (size !== undefined) setWindowSize(controller, size);
    const terminal = new OwnedFd(
      ok(libc.openat(AT_FDCWD, name, terminalFlags, 0), "openat", { path }),
    );
    return {
      controller,
      terminal,
      path,
      [Symbol.dispose]() {
        terminal.close();
        controller.close();
      },
    };
  } catch (error) {
    controller.close();
    throw error;
  }
}
