import { bitsOf, ok, retry } from "@posixly/sys";
import { type AsFd, fdOf } from "./as_fd.ts";
import { ECHO, ICANON, ISIG, libc, TCSANOW, termios } from "./libc.ts";

const localBits = { echo: ECHO, lines: ICANON, signals: ISIG };

/**
 * What a terminal does with what is typed. What is left out stays as it is.
 *
 * @example Usage
 * ```ts
 * import { pty, setTerminalMode, type TerminalMode } from "@posixly/fd";
 *
 * const password: TerminalMode = { echo: false };
 * using ends = pty();
 * using hidden = setTerminalMode(ends.terminal, password);
 * ```
 */
export interface TerminalMode {
  /**
   * Nothing at all: every byte comes as it is typed, goes as it is written, and none has a
   * meaning. The others are then changes to that.
   */
  readonly raw?: boolean;
  /** Whether it is shown, `ECHO`. */
  readonly echo?: boolean;
  /** Whether it comes by the line, which can be corrected until it ends: `ICANON`. */
  readonly lines?: boolean;
  /** Whether Ctrl-C, Ctrl-Z and Ctrl-\ send signals, `ISIG`. */
  readonly signals?: boolean;
}

/**
 * A change to a terminal that can be taken back, see {@linkcode setTerminalMode}.
 *
 * @example Usage
 * ```ts
 * import { pty, setTerminalMode, type TerminalChange } from "@posixly/fd";
 *
 * using ends = pty();
 * const change: TerminalChange = setTerminalMode(ends.terminal, { raw: true });
 * change.restore();
 * ```
 */
export interface TerminalChange extends Disposable {
  /**
   * Sets the terminal to what it was before.
   *
   * @throws {SyscallError} `EIO` if the terminal is gone
   * @throws {Error} If the descriptor was closed
   */
  restore(): void;
}

/**
 * Changes what a terminal does with what is typed, tcsetattr(3), at once and for all who use it;
 * also after this program, so restore it.
 *
 * @param terminal The terminal, or the controller of a pseudoterminal
 * @param mode What to change
 * @returns Restores it, at the latest at the end of a `using` block
 * @throws {SyscallError} `ENOTTY` if it is no terminal
 * @throws {TypeError} If there is no such mode
 *
 * @example Usage
 * ```ts
 * import { pty, read, setTerminalMode, write } from "@posixly/fd";
 * import assert from "node:assert/strict";
 *
 * using ends = pty();
 * using raw = setTerminalMode(ends.terminal, { raw: true });
 * write(ends.controller, new Uint8Array([3])); // Ctrl-C is a byte like any other
 * assert.equal(read(ends.terminal, new Uint8Array(8)), 1);
 * ```
 */
export function setTerminalMode(terminal: AsFd, mode: TerminalMode): TerminalChange {
  const { raw, ...local } = mode;
  const isRaw = bitsOf({ raw: 1 }, { raw }) === 1;
  const on = bitsOf(localBits, local, ["raw"]);
  const off = bitsOf(localBits, opposite(local));
  const fd = fdOf(terminal, "terminal");
  const before = new Uint8Array(termios.size);
  ok(libc.tcgetattr(fd, before), "tcgetattr", { fd });

  const after = before.slice();
  if (isRaw) libc.cfmakeraw(after);
  const view = termios.view(after);
  view.c_lflag = ((view.c_lflag & ~off) | on) >>> 0;
  set(fd, after);
  const restore = () => set(fdOf(terminal, "terminal"), before);
  return { restore, [Symbol.dispose]: restore };
}

/** What was said to be false becomes true; what was left out stays out. */
function opposite(local: Omit<TerminalMode, "raw">): Omit<TerminalMode, "raw"> {
  return Object.fromEntries(Object.entries(local).map(([name, on]) => [name, on === false]));
}

function set(fd: number, settings: Uint8Array): void {
  ok(retry(() => libc.tcsetattr(fd, TCSANOW, settings)), "tcsetattr", { fd });
}
