import { type Interest, watch, type Watcher } from "@posixly/mux";
import {
  queuedToRead,
  remoteAddress,
  setOptions,
  shutdown,
  Socket,
  type SocketAddress,
} from "@posixly/socket";
import type { SyscallError } from "@posixly/sys";
import { FileTruncatedError } from "../file_truncated.ts";
import { DONE, type Exchange, WHEN_WRITABLE } from "./exchange.ts";
import type { ConnectionOption } from "./head_writer.ts";
import { HttpError } from "./http_error.ts";
import { inbox, receive } from "./inbox.ts";
import { HEAD_LIMITS, parseRequestHead, type RequestHead } from "./request_head.ts";
import type { ExchangeEnd, Service } from "./service.ts";

const READABLE: Interest = { readable: true };
const WRITABLE: Interest = { writable: true };
const NOTHING: Interest = {};

/** How many requests that came together are answered before others have their turn. */
const REQUESTS_A_TURN = 16;

/** How long a body may be that is read and thrown away; a longer one ends the connection. */
const BODY_LIMIT = 65_536;

const LINE_FEED = 0x0a;

/** How long we listen to who still talks when nothing is answered any more, in milliseconds. */
const LINGER = 2000;

/** What a connection fails with that the client has broken off. */
const partings = ["ECONNRESET", "EPIPE", "ETIMEDOUT", "ENOTCONN", "EHOSTUNREACH", "ENETUNREACH"];

/**
 * A connection, on which requests come and are answered one after the other.
 *
 * It waits for one thing at a time: for a request, for room for the answer, for a disk, or for the
 * client to stop talking.
 */
export class Client extends Socket {
  /** When to give up, see {@linkcode Service.deadline}. */
  deadline = Infinity;
  /** Asked for only if somebody wants to know. */
  remoteAddress: SocketAddress | null = null;
  #service!: Service;
  #watcher: Watcher | undefined;
  #interest: Interest = READABLE;
  /** The request that is being answered. */
  #exchange: Exchange | undefined;
  /** What has come after that, or of the next one. */
  #kept: Uint8Array | undefined;
  /** How many bytes of a body are still to come. */
  #toSkip = 0;
  /** Whether a request has begun to come, for which there is a deadline. */
  #isTalking = false;
  /** Whether anything was ever asked. */
  #hasAsked = false;
  /** Whether nothing is answered after this exchange, and whether the client talks on all the same. */
  #isLast = false;
  #isCutShort = false;
  /** Whether what would be less than a packet waits for more. */
  #isCorked = false;
  /** Whether somebody is just being told how an exchange has ended. */
  #isTelling = false;
  /** Whether all is answered, and the client is only listened to. */
  #lingers = false;

  /** What is being sent. */
  get exchange(): Exchange | undefined {
    return this.#exchange;
  }

  /** Begins to serve. */
  begin(service: Service): void {
    this.#service = service;
    service.enter(this);
    this.#attempt(() => {
      if (service.options.onFinish !== undefined) this.remoteAddress = remoteAddress(this);
      this.#setDeadline(service.options.headTimeout);
      this.#waitFor(READABLE);
      this.#read(); // the first request may be there already
    });
  }

  /** Says whether the program lives for as long as this is open. */
  refer(isReferenced: boolean): void {
    this.#watcher?.[isReferenced ? "ref" : "unref"]();
  }

  /** Its time is over. */
  expire(): void {
    if (this.#exchange !== undefined) this.#breakOff("stalled");
    else if (this.#kept === undefined || this.#interest === WRITABLE) this.close();
    else this.#attempt(() => this.#refuse(new HttpError(408, "Request timeout")));
  }

  /** Closes it when what has been asked is answered, which may be now. */
  windUp(): void {
    if (!this.#isIdle) return;
    // What is there already was asked in time. Where the inbox is needed, it is told of again.
    if (Client.#isServing && queuedToRead(this) > 0) return;
    this.#attempt(() => this.#read());
    if (this.#isIdle) this.close();
  }

  /** Whether it has been answered, and has asked for nothing since. */
  get rests(): boolean {
    return this.#hasAsked && this.#isIdle;
  }

  get #isIdle(): boolean {
    const isBusy = this.#exchange !== undefined || this.#kept !== undefined || this.#isTelling;
    return !isBusy && this.#toSkip === 0 && !this.#lingers;
  }

  /** Closes it; an exchange that is under way is broken off. */
  override close(): void {
    if (this.closed) return;
    if (this.#exchange !== undefined) this.#finish("closed");
    this.#service.agenda.cancel(this.#goOn);
    try {
      super.close();
    } catch {
      // It is closed all the same, and nobody is left who would be told.
    }
    this.#service.leave(this);
  }

  /** Does what it has waited for. */
  readonly #goOn = (): void => {
    this.#attempt(() => {
      if (this.#exchange !== undefined) this.#advance(this.#exchange);
      else if (this.#lingers) this.#listen();
      else if (this.#interest === WRITABLE) this.#serveKept();
      else this.#read();
    });
  };

  /** Whatever goes wrong is the end of this connection, and of nothing else. */
  #attempt(step: () => void): void {
    try {
      step();
    } catch (error) {
      if (error instanceof FileTruncatedError) this.#breakOff("truncated", error);
      else if (partings.includes((error as SyscallError).code)) this.#breakOff("aborted");
      else this.#breakOff("failed", error);
    }
  }

  #read(): void {
    if (Client.#isServing) return; // it will be told again
    const known = this.#kept?.length ?? 0;
    const end = receive(this.fd, this.#kept);
    if (end === 0) this.close();
    else if (end !== null && this.#isWorthReading(known, end)) this.#serve(end);
    else if (end !== null) this.#keep(0, end);
  }

  /** A head that trickles is not read anew for each byte, only for each line. */
  #isWorthReading(known: number, end: number): boolean {
    const { head = HEAD_LIMITS.head } = this.#service.options.limits;
    if (known === 0 || end >= head) return true;
    const lineFeed = inbox.indexOf(LINE_FEED, known);
    return lineFeed !== -1 && lineFeed < end;
  }

  #serveKept(): void {
    if (Client.#isServing) return this.#waitFor(WRITABLE);
    const kept = this.#kept!;
    inbox.set(kept);
    this.#serve(kept.length);
  }

  /** Whether what is in the inbox is needed still, while somebody is told what was answered. */
  static #isServing = false;

  #serve(end: number): void {
    Client.#isServing = true;
    try {
      this.#serveUpTo(end);
    } finally {
      Client.#isServing = false;
    }
  }

  /** Answers what is in the inbox, up to what cannot be answered at once. */
  #serveUpTo(end: number): void {
    for (let start = 0, requests = 0;; requests++) {
      const skipped = Math.min(this.#toSkip, end - start);
      this.#toSkip -= skipped;
      start += skipped;
      if (requests === REQUESTS_A_TURN && start < end) {
        this.#keep(start, end);
        this.#setDeadline(this.#service.options.stallTimeout);
        return this.#waitFor(WRITABLE);
      }
      const head = this.#headAt(start, end);
      if (head === undefined) return; // refused
      if (head === null) {
        this.#keep(start, end);
        return this.#waitForRequest();
      }
      start += head.length;
      if (!this.#answer(head, start < end)) {
        if (!this.#isLast) this.#keep(start, end);
        return;
      }
    }
  }

  /** Keeps what cannot be answered now. */
  #keep(start: number, end: number): void {
    this.#kept = start === end ? undefined : new Uint8Array(inbox.subarray(start, end));
  }

  /** The head of a request; `null` if it is not whole, nothing if it is refused. */
  #headAt(start: number, end: number): RequestHead | null | undefined {
    if (start === end) return null;
    try {
      return parseRequestHead(inbox, start, end, this.#service.options.limits);
    } catch (error) {
      this.#refuse(error);
      return undefined;
    }
  }

  #waitForRequest(): void {
    const { idleTimeout, headTimeout } = this.#service.options;
    const isTalking = this.#kept !== undefined || this.#toSkip > 0;
    if (!isTalking && this.#service.isClosing) return this.#linger();
    if (!isTalking) this.#setDeadline(idleTimeout);
    else if (!this.#isTalking) this.#setDeadline(headTimeout);
    this.#isTalking = isTalking;
    this.#waitFor(READABLE);
  }

  /** Begins to answer; whether that is done, and the next request may be answered. */
  #answer(head: RequestHead, isFollowed: boolean): boolean {
    this.#isTalking = false;
    this.#hasAsked = true;
    const { body, keepAlive, minor } = head;
    const isTooMuch = body === "chunked" || body > BODY_LIMIT ||
      body > 0 && head.header("expect") !== null; // it may come, or not
    if (isTooMuch || !keepAlive || this.#service.isClosing) {
      this.#isLast = true;
      // Who would have gone on may ask before hearing that this is all.
      this.#isCutShort = keepAlive || isFollowed || body !== 0;
    } else {
      this.#toSkip = body;
    }
    const option = this.#isLast ? "close" : minor === 0 ? "keep-alive" : "";
    return this.#begin(this.#service.exchangeFor(head), option);
  }

  #refuse(error: unknown): void {
    this.#isLast = this.#isCutShort = true;
    this.#kept = undefined;
    this.#begin(this.#service.refuse(error), "close");
  }

  #begin(exchange: Exchange, option: ConnectionOption): boolean {
    this.#exchange = exchange;
    const { heads, chunk, options: { stallTimeout } } = this.#service;
    if (exchange.answer.length > chunk) this.#cork(true);
    const state = exchange.begin(this.fd, heads, option, chunk, this.#service.date);
    if (state !== DONE) this.#setDeadline(stallTimeout);
    return this.#moved(state);
  }

  /** Sends more of the answer. */
  #advance(exchange: Exchange): void {
    const before = exchange.sent;
    const { chunk, options: { stallTimeout } } = this.#service;
    const state = exchange.advance(this.fd, chunk, this.#service.date);
    if (state > 0 || exchange.sent > before) this.#setDeadline(stallTimeout);
    if (!this.#moved(state)) return;
    if (this.#kept === undefined) this.#waitForRequest();
    else this.#serveKept();
  }

  /** Whether the exchange is over, and the next request may be answered. */
  #moved(state: number): boolean {
    if (state === WHEN_WRITABLE) {
      this.#waitFor(WRITABLE);
    } else if (state === DONE) {
      this.#cork(false);
      this.#finish("done");
      if (!this.#isLast && !this.#service.isClosing) return true;
      if (this.closed) return false; // by who was told of it
      // Who did not know that this would be all may have asked for more.
      if (this.#isCutShort || !this.#isLast) this.#linger();
      else this.close();
    } else {
      this.#waitFor(NOTHING); // not even for room, of which it would be told while there is some
      this.#service.agenda.after(state, this.#goOn);
    }
    return false;
  }

  /** Whether packets are sent only when they are full: each chunk would end with one that is not. */
  #cork(isCorked: boolean): void {
    if (isCorked === this.#isCorked || !this.#service.canCork) return;
    this.#isCorked = isCorked;
    setOptions(this, { cork: isCorked });
  }

  #finish(end: ExchangeEnd, error?: unknown): void {
    const exchange = this.#exchange!;
    this.#exchange = undefined;
    this.#isTelling = true;
    this.#service.finished(exchange, this, end, error);
    this.#isTelling = false;
  }

  /**
   * Ends our half. To close while the client still sends would be to break off, and then it might
   * lose the answer.
   */
  #linger(): void {
    this.#isLast = this.#lingers = true;
    this.#kept = undefined;
    shutdown(this, "write");
    this.#setDeadline(LINGER);
    this.#waitFor(READABLE);
  }

  /** Throws away what is said. */
  #listen(): void {
    if (receive(this.fd, undefined) === 0) this.close();
  }

  #breakOff(end: ExchangeEnd, error?: unknown): void {
    if (this.closed) return;
    if (this.#exchange !== undefined) this.#finish(end, error);
    // What was not taken for so long shall not stay in memory for minutes more.
    if (end === "stalled") setOptions(this, { linger: 0 });
    this.close();
  }

  #setDeadline(milliseconds: number): void {
    this.deadline = this.#service.deadline(milliseconds);
  }

  #waitFor(interest: Interest): void {
    if (this.#watcher === undefined) {
      this.#watcher = watch(this, interest, this.#goOn);
      this.refer(this.#service.isReferenced);
    } else if (interest !== this.#interest) {
      this.#watcher.modify(interest);
    }
    this.#interest = interest;
  }
}
