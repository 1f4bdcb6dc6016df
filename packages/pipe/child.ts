import { sendSignal, type SignalName, signalNumber } from "@posixly/fd";
import type { ChildEnds } from "./child_ends.ts";
import { communicate, type Communicated, type CommunicateOptions } from "./communicate.ts";
import type { ExitStatus, Running } from "./running.ts";
import type { SpawnOptions } from "./spawn_options.ts";

/**
 * A child process, see {@linkcode spawn}. It keeps this program alive while it runs, and is
 * reaped when it ends, whether somebody waits for that or not. Our ends of its pipes are yours
 * to close.
 *
 * @example Usage
 * ```ts
 * import { spawn } from "@posixly/pipe";
 * import assert from "node:assert/strict";
 *
 * const child = spawn("sleep", ["60"]);
 * assert.ok(child.kill());
 * assert.equal((await child.exited).signal, "SIGTERM");
 * assert.ok(!child.kill());
 * ```
 */
export class Child<O extends SpawnOptions = SpawnOptions> implements ChildEnds<O>, AsyncDisposable {
  /** Its number. It may be that of another process once this one was reaped. */
  readonly pid: number;
  /** What is written here the child reads. */
  readonly stdin: ChildEnds<O>["stdin"];
  /** What the child writes is read here. */
  readonly stdout: ChildEnds<O>["stdout"];
  /** What the child complains is read here. */
  readonly stderr: ChildEnds<O>["stderr"];
  /** How it ended, once it did. */
  readonly exited: Promise<ExitStatus>;
  readonly #running: Running;

  /**
   * Made by {@linkcode spawn} alone.
   *
   * @param running The process
   * @param ends Our ends of its pipes
   */
  constructor(running: Running, ends: ChildEnds<O>) {
    this.#running = running;
    this.pid = running.pid;
    this.exited = running.exited;
    this.stdin = ends.stdin;
    this.stdout = ends.stdout;
    this.stderr = ends.stderr;
  }

  /**
   * The process as a descriptor, pidfd_open(2), for the functions of `@posixly/fd`. It is closed
   * when the child was reaped.
   */
  get pidfd(): { readonly fd: number; readonly closed: boolean } {
    return this.#running.pidfd;
  }

  /**
   * Sends it a signal, pidfd_send_signal(2). It never reaches another process that has the
   * number by now.
   *
   * @param signal The name or number; by default `SIGTERM`
   * @returns Whether it was sent; `false` if the child was reaped
   * @throws {SyscallError} `EPERM` if it runs as somebody whom we may not signal
   * @throws {TypeError | RangeError} If there is no such signal
   */
  kill(signal: SignalName | number = "SIGTERM"): boolean {
    const number = signalNumber(signal);
    if (this.pidfd.closed) return false;
    try {
      sendSignal(this.pidfd, number);
      return true;
    } catch (error) {
      if ((error as { code?: string }).code === "ESRCH") return false;
      throw error;
    }
  }

  /**
   * Feeds it, collects what it says and waits for its end, all at the same time, so that neither
   * side ever waits for the other. A child that does not read its input is no error.
   *
   * All three ends are closed when this is over, one way or another. If it fails or is
   * aborted the child goes on running: {@linkcode Child.kill} it if it should not.
   *
   * @param options What to feed it, how much it may say, how to give up waiting
   * @returns What it wrote to each pipe, and how it ended
   * @throws {TypeError} If there is input and `stdin` is no pipe
   * @throws {Error} If it wrote more than `limit` bytes to a pipe
   * @throws The signal's reason, or a `TimeoutError` if all of it takes longer than `timeout`
   */
  communicate(options: CommunicateOptions = {}): Promise<Communicated<O>> {
    return communicate(this, options);
  }

  /** Keeps this program alive while the child runs; so it begins. */
  ref(): this {
    this.#running.ref();
    return this;
  }

  /** Lets this program end although the child runs. */
  unref(): this {
    this.#running.unref();
    return this;
  }

  /**
   * Closes our ends of its pipes, sends it `SIGTERM` and waits for its end, at the end of an
   * `await using` block.
   */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const end of [this.stdin, this.stdout, this.stderr]) end?.close();
    this.kill();
    await this.exited;
  }
}
