import { type AsFd, fdOf } from "@posixly/fd";
import { signalOf, TaskQueue, type WaitOptions, whenWritable } from "@posixly/mux";
import { send, sendTo } from "@posixly/socket";
import { type Bytes, requireBytes, requireInteger, requireKnown } from "@posixly/sys";
import { isLendable } from "./lendable.ts";
import { sendZerocopy, type SendZerocopyOptions } from "./send_zerocopy.ts";
import { ZerocopyLoan } from "./zerocopy_loan.ts";
import { type Loans, loansOf } from "./zerocopy_loans.ts";
import {
  howOf,
  plainly,
  type ZerocopySenderOptions,
  type ZerocopySendOptions,
  type ZerocopySent,
} from "./zerocopy_options.ts";

/** From how many bytes on lending is the cheaper way; see `zerocopy_send_bench.ts`. */
const MINIMUM = 10_240;

/**
 * Makes a sender for a socket, which sends the pages of memory themselves rather than a copy, where
 * that is worth it, and tells when the kernel is done with them: `MSG_ZEROCOPY` of send(2).
 *
 * It sets the option `zeroCopy` of the socket, and empties its error queue for as long as something
 * is lent. Nobody else may lend through this socket, and no second sender while one is open; what is
 * written to a stream by other means while something is sent gets mixed with it.
 *
 * @param socket A socket of TCP, UDP or vsock, or a raw one; pass the object that owns it rather
 * than a number, so that its closing is noticed. It stays open
 * @param options When to lend
 * @returns The sender
 * @throws {SyscallError} `EOPNOTSUPP` if sockets of this kind cannot do it, `ENOTSOCK` if it is none
 * @throws {TypeError | RangeError} If an option is not as described
 * @throws {Error} If the socket has a sender already, or had the option `zeroCopy` before, so that
 * nobody knows how far the kernel has counted
 *
 * @example Usage
 * ```ts
 * import { connectTcp, listenTcp } from "@posixly/socket";
 * import { pages, zerocopySender } from "@posixly/zerocopy";
 * import assert from "node:assert/strict";
 *
 * using listener = listenTcp("127.0.0.1:0");
 * using client = await connectTcp(listener.localAddress);
 * using server = await listener.accept();
 * const receiving = server.readAll();
 *
 * const memory = pages(100_000);
 * {
 *   await using sender = zerocopySender(client);
 *   memory.fill(1);
 *   await sender.send(memory);
 *   memory.fill(2); // which is ours again
 *   await sender.send(memory);
 * }
 * await client.end();
 * const received = await receiving;
 * assert.deepEqual([received[99_999], received[100_000]], [1, 2]);
 * ```
 */
export function zerocopySender(
  socket: AsFd,
  options: ZerocopySenderOptions = {},
): ZerocopySender {
  requireKnown(options, ["minimum", "onQueuedError"]);
  const { minimum = MINIMUM, onQueuedError } = options;
  requireInteger(minimum, "minimum", 0, Number.MAX_SAFE_INTEGER);
  if (onQueuedError !== undefined && typeof onQueuedError !== "function") {
    throw new TypeError("onQueuedError must be a function");
  }
  fdOf(socket, "socket");
  const loans = loansOf(socket);
  if (loans.isTaken) throw new Error("Cannot make a second sender while the socket has one");
  loans.isTaken = true;
  loans.tell = onQueuedError;
  return new ZerocopySender(socket, loans, minimum);
}

/**
 * Sends the pages of memory themselves, see {@linkcode zerocopySender}.
 *
 * @example Several at a time
 * ```ts
 * import { connectTcp, listenTcp } from "@posixly/socket";
 * import { pages, zerocopySender, type ZerocopySender } from "@posixly/zerocopy";
 * import assert from "node:assert/strict";
 *
 * using listener = listenTcp("127.0.0.1:0");
 * using client = await connectTcp(listener.localAddress);
 * using server = await listener.accept();
 * const receiving = server.readAll();
 *
 * const halves = [pages(50_000), pages(50_000)];
 * await using sender: ZerocopySender = zerocopySender(client);
 * await Promise.all(halves.map((half) => sender.send(half)));
 * await client.end();
 * assert.equal((await receiving).length, 100_000);
 * ```
 */
export class ZerocopySender implements Disposable, AsyncDisposable {
  readonly #socket: AsFd;
  readonly #loans: Loans;
  readonly #minimum: number;
  readonly #queue = new TaskQueue();
  readonly #closing = new AbortController();

  /**
   * Made by {@linkcode zerocopySender} alone.
   *
   * @param socket The socket
   * @param loans What it was lent
   * @param minimum From how many bytes on to lend
   */
  constructor(socket: AsFd, loans: Loans, minimum: number) {
    this.#socket = socket;
    this.#loans = loans;
    this.#minimum = minimum;
  }

  /** Whether it was closed. */
  get closed(): boolean {
    return this.#closing.signal.aborted;
  }

  /**
   * Sends all bytes, one buffer after the other, and waits until the memory is yours again: **do not
   * touch it meanwhile**. Call it several times at once rather than wait for a distant peer each
   * time.
   *
   * Memory of {@linkcode pages} or of a {@linkcode Mapping} is lent; any other is copied, since
   * nothing could keep it from being transferred or collected while the kernel reads it. So
   * is what is smaller than `minimum`, what the kernel has no room to note, and most of what goes
   * where it lately copied by itself, as to a peer on this machine; the result says so.
   *
   * @param bytes What to send; of a datagram all in one
   * @param options Whom it is for, and how to give up
   * @returns Resolves when the kernel is done with the memory: of TCP, when the peer has the bytes
   * @throws {SyscallError} `EPIPE`, `ECONNRESET` or `ECONNREFUSED` if nobody is left to read;
   * `EMSGSIZE` if a datagram is too long; `ENOTCONN` or `EDESTADDRREQ` if there is nobody to send to;
   * `EFAULT` if the memory is of a file that was cut
   * @throws {TypeError | RangeError} If `bytes` is no buffer, or a detached or resizable one, or an
   * option is not as described
   * @throws {Error} If the sender or the socket is closed meanwhile
   * @throws The signal's reason, or a `TimeoutError`. After these two and after a closing, a part may
   * be on its way, and the memory may still be lent: see {@linkcode ZerocopySender.released}
   */
  async send(bytes: Bytes, options?: ZerocopySendOptions): Promise<ZerocopySent> {
    this.#closing.signal.throwIfAborted();
    const loan = new ZerocopyLoan(requireBytes(bytes, "bytes"));
    const { given, where } = options === undefined ? plainly : howOf(options);
    given?.throwIfAborted();
    if (!this.#lendsAtOnce(loan, where)) await this.#takeInTurn(loan, where, given);
    if (!loan.isReturned) await this.#loans.whenReturned(loan, given);
    return loan.outcome;
  }

  /**
   * Waits until nothing is lent through this socket any more.
   *
   * @param options How to give up
   * @returns Resolves when all memory is yours again
   * @throws {Error} If the sender or the socket is closed, even meanwhile
   * @throws {TypeError | RangeError} If an option is not as described
   * @throws The signal's reason, or a `TimeoutError`
   */
  async released(options: WaitOptions = {}): Promise<void> {
    this.#closing.signal.throwIfAborted();
    const signal = signalOf(options);
    signal?.throwIfAborted();
    if (this.#loans.size > 0) await this.#loans.whenAllReturned(signal);
  }

  /**
   * Ends the sender: whoever waits is told so, and no more is sent. The socket stays open, and what
   * it was lent stays lent until the kernel is done: then the next sender of this socket can tell.
   */
  close(): void {
    if (this.closed) return;
    const reason = new Error("Cannot use a sender that was closed");
    this.#closing.abort(reason);
    this.#loans.lose(reason);
    this.#loans.isTaken = false;
    this.#loans.tell = undefined;
  }

  /** Lends all of it without waiting; a part, or nothing, if that cannot be. */
  #lendsAtOnce(loan: ZerocopyLoan, where: SendZerocopyOptions): boolean {
    const { bytes } = loan;
    const isFirst = this.#queue.isIdle && this.#canLend(bytes) && this.#loans.habit.lends;
    return isFirst && this.#attempt(bytes, loan, where) === bytes.byteLength;
  }

  async #takeInTurn(
    loan: ZerocopyLoan,
    where: SendZerocopyOptions,
    given: AbortSignal | undefined,
  ): Promise<void> {
    try {
      const signal = this.#orClosing(given);
      await this.#queue.run((wait) => this.#take(loan, where, wait), { signal });
    } catch (error) {
      // Whoever catches it may use the memory again, unless he would not wait.
      await Promise.allSettled([this.#loans.whenReturned(loan, given)]);
      throw error;
    }
  }

  async #take(
    loan: ZerocopyLoan,
    where: SendZerocopyOptions,
    wait: WaitOptions | undefined,
  ): Promise<void> {
    const { buffer, byteOffset, byteLength } = loan.bytes;
    do {
      const { taken } = loan;
      const rest = taken === 0
        ? loan.bytes
        : new Uint8Array(buffer, byteOffset + taken, byteLength - taken);
      await whenWritable(this.#socket, () => this.#attempt(rest, loan, where), wait);
    } while (loan.taken < byteLength);
  }

  #attempt(bytes: Bytes, loan: ZerocopyLoan, where: SendZerocopyOptions): number | null {
    const canLend = this.#canLend(bytes);
    if (canLend && this.#loans.habit.lends) {
      const n = this.#lend(bytes, loan, where);
      if (n !== undefined) return n;
    }
    const n = this.#copy(bytes, where);
    if (n !== null) loan.sent(n);
    if (n !== null && canLend) this.#loans.habit.copied();
    return n;
  }

  #canLend(bytes: Bytes): boolean {
    const { byteLength } = bytes;
    return byteLength > 0 && byteLength >= this.#minimum && isLendable(bytes);
  }

  /** Lends; nothing if it should rather be copied. */
  #lend(bytes: Bytes, loan: ZerocopyLoan, where: SendZerocopyOptions): number | null | undefined {
    this.#loans.listen();
    const before = this.#loans.size;
    try {
      const n = sendZerocopy(this.#socket, bytes, where);
      // Without a port, and with none left, it would block for ever: only `sendTo` tells.
      if (n === null) return where.to === undefined ? null : undefined;
      loan.lent(n);
      this.#loans.add(loan);
      return n;
    } catch (error) {
      this.#loans.collect(); // to know whether that call was counted, too
      if ((error as { code?: string }).code !== "ENOBUFS") throw error;
      if (this.#loans.size < before) return this.#lend(bytes, loan, where);
      this.#loans.habit.learn(true);
      return undefined;
    }
  }

  #copy(bytes: Bytes, { to, more }: SendZerocopyOptions): number | null {
    const how = { more, nonBlocking: true };
    return to === undefined ? send(this.#socket, bytes, how) : sendTo(this.#socket, bytes, to, how);
  }

  /** Ends a wait for room when the sender is closed, too. */
  #orClosing(given: AbortSignal | undefined): AbortSignal {
    const closing = this.#closing.signal;
    if (given === undefined) return closing;
    const either = AbortSignal.any([closing, given]);
    parts.set(either, given);
    return either;
  }

  /** Ends the sender at the end of a `using` block, whether or not something is lent. */
  [Symbol.dispose](): void {
    this.close();
  }

  /** Waits until nothing is lent any more and ends the sender, at the end of an `await using` block. */
  async [Symbol.asyncDispose](): Promise<void> {
    try {
      if (!this.closed) await this.released();
    } finally {
      this.close();
    }
  }
}

/** What a signal is made of, which Node 20 collects while somebody listens to the whole. */
const parts = new WeakMap<AbortSignal, AbortSignal>();
