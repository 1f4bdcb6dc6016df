import { OwnedFd, pidfd, type ProcessEnd, reap, signals } from "@posixly/fd";
import { watch, type Watcher } from "@posixly/mux";
import { errno } from "@posixly/sys";
import { libc } from "./libc.ts";

/**
 * How a child ended: by itself with a code, or by a signal; the other one is `null`. Both are if
 * nobody will ever know, since something else in this process reaped the child first.
 *
 * @example Usage
 * ```ts
 * import { type ExitStatus, spawn } from "@posixly/pipe";
 * import assert from "node:assert/strict";
 *
 * const status: ExitStatus = await spawn("sh", ["-c", "exit 7"]).exited;
 * assert.deepEqual(status, { code: 7, signal: null, coreDumped: false });
 * ```
 */
export type ExitStatus = Pick<ProcessEnd, "code" | "signal" | "coreDumped">;

const UNKNOWN: ExitStatus = { code: null, signal: null, coreDumped: false };

/** A child from its start until it is reaped. */
export class Running {
  readonly pid: number;
  /** The process, until it is reaped. */
  readonly pidfd: OwnedFd;
  readonly exited: Promise<ExitStatus>;
  #watcher: Watcher | undefined;

  /**
   * Takes over a child that was just started. Nobody else reaps it, so its number is not given
   * to another process meanwhile.
   *
   * @throws {SyscallError} `EMFILE`; the child is not left running then
   */
  constructor(pid: number) {
    this.pid = pid;
    this.pidfd = openOrEnd(pid);
    const { promise, resolve, reject } = deferred<ExitStatus>();
    this.exited = promise;
    if (this.pidfd.closed) {
      resolve(UNKNOWN);
      return;
    }
    try {
      const ends = () => this.#reap(resolve, reject);
      this.#watcher = watch(this.pidfd, { readable: true }, ends);
    } catch (error) {
      this.pidfd.close();
      end(pid);
      throw error;
    }
  }

  ref(): void {
    this.#watcher?.ref();
  }

  unref(): void {
    this.#watcher?.unref();
  }

  #reap(resolve: (status: ExitStatus) => void, reject: (error: unknown) => void): void {
    try {
      const ended = reap(this.pidfd);
      if (ended === null) return;
      const { code, signal, coreDumped } = ended;
      resolve({ code, signal, coreDumped });
    } catch (error) {
      if ((error as { code?: string }).code === "ECHILD") resolve(UNKNOWN);
      else reject(error);
    }
    this.pidfd.close(); // which ends the watch
  }
}

/** The child's descriptor, which is closed already if the child was reaped already. */
function openOrEnd(pid: number): OwnedFd {
  try {
    return pidfd(pid);
  } catch (error) {
    if ((error as { code?: string }).code === "ESRCH") return closedFd();
    end(pid);
    throw error;
  }
}

/** The kernel reaps by itself for a process that ignores `SIGCHLD`. */
function closedFd(): OwnedFd {
  const fd = new OwnedFd(0);
  fd.release();
  return fd;
}

/** Ends a child that nobody could wait for otherwise. */
function end(pid: number): void {
  libc.kill(pid, signals.SIGKILL);
  while (libc.waitpid(pid, null, 0) === -errno.EINTR);
}

function deferred<T>() {
  let resolve!: (value: T) => void;
  let reject!: (reason: unknown) => void;
  const promise = new Promise<T>((yes, no) => [resolve, reject] = [yes, no]);
  return { promise, resolve, reject };
}
