import { bitsOf, ok, retry } from "@posixly/sys";
import { type AsFd, fdOf } from "./as_fd.ts";
import {
  CLD_DUMPED,
  CLD_EXITED,
  libc,
  P_PIDFD,
  siginfo,
  WEXITED,
  WNOHANG,
  WNOWAIT,
} from "./libc.ts";
import { signalName } from "./signals.ts";

/**
 * How a process ended: by itself with a code, or by a signal. The other one is `null`.
 *
 * @example Usage
 * ```ts
 * import type { ProcessEnd } from "@posixly/fd";
 *
 * const success = (end: ProcessEnd) => end.code === 0;
 * console.log(success({ pid: 7, uid: 0, code: 0, signal: null, coreDumped: false }));
 * ```
 */
export interface ProcessEnd {
  /** The number it had. */
  readonly pid: number;
  /** Who it ran as. */
  readonly uid: number;
  /** Its exit code, from 0 to 255, if it ended by itself. */
  readonly code: number | null;
  /** The signal that ended it, if one did; see {@linkcode signalName}. */
  readonly signal: ReturnType<typeof signalName> | null;
  /** Whether it left a core dump. */
  readonly coreDumped: boolean;
}

/**
 * How a child is reaped.
 *
 * @example Usage
 * ```ts
 * import type { ReapOptions } from "@posixly/fd";
 *
 * const onlyLook: ReapOptions = { keep: true };
 * ```
 */
export interface ReapOptions {
  /** Whether the child stays a zombie, to be reaped again: `WNOWAIT`. */
  readonly keep?: boolean;
}

/**
 * Learns how a child ended, waitid(2) with `P_PIDFD`, after which it is gone. Nothing blocks:
 * watch the descriptor to learn when it is time. Since Linux 5.4.
 *
 * The runtime reaps the children that it started by itself, so that this is for those which it
 * does not know.
 *
 * @param child The child, from {@linkcode pidfd}
 * @param options Whether it stays a zombie
 * @returns How it ended, or `null` if it would block because the child is still running
 * @throws {SyscallError} `ECHILD` if it is no child of ours, or was reaped already; `EBADF` if
 * the descriptor is no process
 *
 * @example Usage
 * ```ts
 * import { pidfd, reap } from "@posixly/fd";
 * import assert from "node:assert/strict";
 * import process from "node:process";
 *
 * using self = pidfd(process.pid);
 * assert.throws(() => reap(self), { code: "ECHILD" }); // one is not one's own child
 * ```
 */
export function reap(child: AsFd, options: ReapOptions = {}): ProcessEnd | null {
  const fd = fdOf(child, "child");
  const how = WEXITED | WNOHANG | bitsOf({ keep: WNOWAIT }, options);
  const bytes = new Uint8Array(siginfo.size);
  ok(retry(() => libc.waitid(P_PIDFD, fd, bytes, how)), "waitid", { fd });
  const { si_code, _sifields: { _sigchld } } = siginfo.view(bytes);
  const { si_pid: pid, si_uid: uid, si_status: status } = _sigchld;
  if (pid === 0) return null;
  const exited = si_code === CLD_EXITED;
  return {
    pid,
    uid,
    code: exited ? status : null,
    signal: exited ? null : signalName(status),
    coreDumped: si_code === CLD_DUMPED,
  };
}
