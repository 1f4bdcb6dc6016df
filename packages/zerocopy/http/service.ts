import { performance } from "node:perf_hooks";
import { looks } from "@posixly/mux";
import type { SocketAddress } from "@posixly/socket";
import { Agenda } from "./agenda.ts";
import { type Answer, answerTo } from "./answer.ts";
import type { Client } from "./client.ts";
import { DocumentRoot, type Found } from "./document_root.ts";
import { Exchange } from "./exchange.ts";
import { HeadWriter } from "./head_writer.ts";
import { dateNow } from "./http_date.ts";
import { HttpError } from "./http_error.ts";
import { refusal } from "./refusal.ts";
import type { RequestHead } from "./request_head.ts";
import type { CheckedOptions } from "./serve_options.ts";

/**
 * How an exchange ended, see {@linkcode FinishedExchange}.
 *
 * - `done`: the kernel has all of the answer
 * - `aborted`: the client has left before
 * - `stalled`: the client has not taken anything for too long
 * - `truncated`: the file ended early, so the connection was closed
 * - `failed`: something else went wrong, a disk perhaps, see `error`
 * - `closed`: the server was closed before
 *
 * @example Usage
 * ```ts
 * import type { ExchangeEnd } from "@posixly/zerocopy/http";
 *
 * const good: ExchangeEnd = "done";
 * ```
 */
export type ExchangeEnd = "done" | "aborted" | "stalled" | "truncated" | "failed" | "closed";

/**
 * A request that was answered, or was not, as an access log tells it.
 *
 * @example Usage
 * ```ts
 * import type { FinishedExchange } from "@posixly/zerocopy/http";
 *
 * const log = ({ method, target, status, bytes }: FinishedExchange) =>
 *   console.log(`${method} ${target} ${status} ${bytes}`);
 * ```
 */
export interface FinishedExchange {
  /** Such as `GET`; empty if the request could not be read. */
  readonly method: string;
  /** As it was sent, `/a%20b?c` for example; empty if the request could not be read. */
  readonly target: string;
  /** Of the answer, such as 200. */
  readonly status: number;
  /** How many bytes there were to send, the head of the answer not included. */
  readonly length: number;
  /** How many of them the kernel has taken. */
  readonly bytes: number;
  /** How long it took, in milliseconds, from when the request was there. */
  readonly duration: number;
  /** Whom it was for; `null` if they had left before it began. */
  readonly remoteAddress: SocketAddress | null;
  /** How it ended. */
  readonly end: ExchangeEnd;
  /** What went wrong, if that is not what the client has done; of a 500 or 503 as well. */
  readonly error?: unknown;
}

/**
 * How much was done, see {@linkcode StaticServer.stats}.
 *
 * @example Usage
 * ```ts
 * import { serveStatic, type ServerStats } from "@posixly/zerocopy/http";
 * import assert from "node:assert/strict";
 *
 * using server = serveStatic(".");
 * const stats: ServerStats = server.stats;
 * assert.equal(stats.requests, 0);
 * ```
 */
export interface ServerStats {
  /** How many connections there are now. */
  readonly connections: number;
  /** How many exchanges are over. */
  readonly requests: number;
  /** How many bytes of files and messages were sent in them. */
  readonly bytes: number;
  /** How many connections were closed because there was no descriptor for them. */
  readonly refused: number;
}

/** How much one client is sent before others have their turn, and while there are no others. */
const CHUNK = 2 ** 21;
const CHUNK_ALONE = 2 ** 23;

/** What all connections of a server share. */
export class Service {
  readonly options: CheckedOptions;
  readonly heads: HeadWriter;
  readonly agenda: Agenda;
  readonly clients: Set<Client> = new Set();
  /**
   * Exchanges that are over, and bytes sent in them. As fields, they would change the shape of this
   * object when they no longer fit in 31 bits, and all code that knows it would be compiled anew.
   */
  readonly #totals: Float64Array = new Float64Array(2);
  isReferenced = true;
  isClosing = false;
  /** Whether a long answer to a connection goes out in full packets only. */
  canCork = false;
  /** The time when the clients were last looked after, on the clock of `performance.now`. */
  #lookedAfter = 0;
  /** When the time was last asked for, and what it was. */
  #dated: number | undefined;
  #date = "";
  /** Whether somebody waits to come in, for whom there was no room. */
  isWaitedFor = false;
  readonly #root: DocumentRoot;
  /** Why exchanges say that it is not the fault of who has asked. */
  readonly #faults = new WeakMap<Exchange, unknown>();
  readonly #onRoom: () => void;

  /** @param onRoom Called when a client has left, or might be made to */
  constructor(folder: string | Uint8Array, options: CheckedOptions, onRoom: () => void) {
    this.options = options;
    this.heads = new HeadWriter(options.headers);
    this.#onRoom = onRoom;
    this.#root = new DocumentRoot(folder, options.root);
    try {
      this.#root.requireSearchable();
      this.agenda = new Agenda();
    } catch (error) {
      this.#root.close();
      throw error;
    }
  }

  /** How many exchanges are over. */
  get requests(): number {
    return this.#totals[0];
  }

  /** How many bytes were sent in them. */
  get bytes(): number {
    return this.#totals[1];
  }

  /** A client is there. */
  enter(client: Client): void {
    if (this.clients.size === 0) this.#lookAfter();
    this.clients.add(client);
  }

  /** A client has left. */
  leave(client: Client): void {
    this.clients.delete(client);
    if (this.clients.size === 0) this.agenda.cancel(this.#lookAfter);
    this.#onRoom();
  }

  /**
   * Closes the client that has rested longest, and for a tick at least: one that comes back at once
   * would only change places with who waits.
   *
   * @returns Whether there is room for another
   */
  makeRoom(): boolean {
    const { maxConnections, idleTimeout } = this.options;
    while (this.clients.size >= maxConnections) {
      let longest: Client | undefined;
      for (const client of this.clients) {
        const hasRested = client.rests && client.deadline <= this.#lookedAfter + idleTimeout;
        if (hasRested && (longest === undefined || client.deadline < longest.deadline)) {
          longest = client;
        }
      }
      if (longest === undefined) return false;
      longest.windUp();
    }
    return true;
  }

  /** How many bytes a client is sent in one turn. */
  get chunk(): number {
    return this.options.chunk ?? (this.clients.size > 1 ? CHUNK : CHUNK_ALONE);
  }

  /** When something is to be over that begins now; up to a tick later. */
  deadline(milliseconds: number): number {
    return this.#lookedAfter + this.options.tick + milliseconds;
  }

  /** The time, as HTTP writes it; all that came together is answered at the same time. */
  get date(): string {
    const look = this.#look;
    if (look === undefined || look !== this.#dated) {
      this.#dated = look;
      this.#date = dateNow();
    }
    return this.#date;
  }

  /** Within which look it is asked what a file is like; closing answers out of turn. */
  get #look(): number | undefined {
    return this.isClosing ? undefined : looks();
  }

  /** What a request is answered. */
  exchangeFor(head: RequestHead): Exchange {
    const { method, target } = head;
    let found: Found | undefined;
    try {
      requireMethod(head);
      found = this.#root.find(target, head.header("accept-encoding"), this.#look);
      const began = this.#now();
      if (found.kind === "redirect") return new Exchange(method, target, redirection(found), began);
      return new Exchange(method, target, answerTo(head, found.representation), began, found);
    } catch (error) {
      if (found?.kind === "file") found.close();
      return this.refuse(error, method, target);
    }
  }

  /** The answer to a request that cannot be answered as it wishes, or could not be read. */
  refuse(error: unknown, method = "", target = ""): Exchange {
    const isKnown = error instanceof HttpError;
    const told = isKnown ? error : new HttpError(500, "Internal server error");
    const answer = refusal(told, { method, header: () => null });
    const exchange = new Exchange(method, target, answer, this.#now());
    if (isOurs(told)) this.#faults.set(exchange, isKnown ? told.cause : error);
    return exchange;
  }

  /** The time on the clock of `performance.now`, if somebody wants to know how long it takes. */
  #now(): number {
    return this.options.onFinish === undefined ? 0 : performance.now();
  }

  /** An exchange is over. */
  finished(exchange: Exchange, client: Client, end: ExchangeEnd, failure?: unknown): void {
    exchange.close();
    this.#totals[0]++;
    this.#totals[1] += exchange.sent;
    const { onFinish } = this.options;
    if (onFinish === undefined) return;
    const { method, target, answer: { status, length }, sent: bytes, began } = exchange;
    const duration = performance.now() - began;
    const { remoteAddress } = client;
    const told = { method, target, status, length, bytes, duration, remoteAddress, end };
    const error = failure ?? this.#faults.get(exchange);
    try {
      onFinish(error === undefined ? told : { ...told, error });
    } catch (thrown) {
      // Uncaught, and what goes on here is not the worse for it.
      queueMicrotask(() => {
        throw thrown;
      });
    }
  }

  close(): void {
    this.agenda.close();
    this.#root.close();
  }

  /** Gives up those whose time is over; once a tick, for as long as there are any. */
  readonly #lookAfter = (): void => {
    const now = this.#lookedAfter = performance.now();
    this.agenda.after(this.options.tick, this.#lookAfter);
    for (const client of this.clients) if (client.deadline <= now) client.expire();
    if (this.isWaitedFor) this.#onRoom();
  };
}

/** Whether it is our fault, and not that of who has asked. */
function isOurs({ status }: HttpError): boolean {
  return status === 500 || status === 503;
}

function requireMethod(head: RequestHead): void {
  const { method } = head;
  if (method !== "GET" && method !== "HEAD") {
    throw new HttpError(405, "Method not allowed", [["Allow", "GET, HEAD"]]);
  }
  const expected = head.header("expect");
  if (expected !== null && expected.toLowerCase() !== "100-continue") {
    throw new HttpError(417, "Expectation failed");
  }
}

function redirection({ status, location }: { status: number; location: string }): Answer {
  const headers = [["Location", location], ["Content-Length", "0"]] as const;
  return { status, headers, parts: [], length: 0 };
}
