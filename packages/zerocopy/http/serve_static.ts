import type { OwnedFd } from "@posixly/fd";
import { onAbort, watch, type Watcher } from "@posixly/mux";
import {
  Acceptor,
  formatAddress,
  getOption,
  listenTcp,
  listenUnix,
  setOptions,
  type SocketAddress,
} from "@posixly/socket";
import { requireInteger, requireKnown } from "@posixly/sys";
import { Client } from "./client.ts";
import { letGo } from "./let_go.ts";
import { type CheckedOptions, checkedOptions, type ServeStaticOptions } from "./serve_options.ts";
import { type ServerStats, Service } from "./service.ts";

/** How many connections are accepted before others have their turn. */
const ACCEPTED_A_TURN = 32;

/** How long accepting rests where there is no memory for a connection, in milliseconds. */
const PAUSE = 50;

/** How long requests may go on after the server was closed, in milliseconds. */
const GRACE = 10_000;

/**
 * How a server is closed, see {@linkcode StaticServer.close}.
 *
 * @example Usage
 * ```ts
 * import { type CloseOptions, serveStatic } from "@posixly/zerocopy/http";
 *
 * const quickly: CloseOptions = { timeout: 100 };
 * await serveStatic(".").close(quickly);
 * ```
 */
export interface CloseOptions {
  /**
   * How long what is under way may go on, in milliseconds, before it is broken off; 10 s by default,
   * and 0 is not at all.
   */
  readonly timeout?: number;
}

/**
 * What a server is sending, see {@linkcode StaticServer.transfers}.
 *
 * @example Usage
 * ```ts
 * import { serveStatic, type Transfer } from "@posixly/zerocopy/http";
 *
 * using server = serveStatic(".");
 * const show = ({ target, sent, length }: Transfer) => `${target}: ${sent} of ${length} bytes`;
 * for (const transfer of server.transfers()) console.log(show(transfer));
 * ```
 */
export interface Transfer {
  /** What was asked for, as it was sent. */
  readonly target: string;
  /** How many bytes the kernel has taken. */
  readonly sent: number;
  /** How many there are in all. */
  readonly length: number;
}

/**
 * Serves the files of a folder over HTTP/1.1. They go from the page cache to the socket without
 * passing through JavaScript, and a small one, with its head, by a single call.
 *
 * GET and HEAD are answered; with ranges, one or several, and conditions; `index.html` for a folder,
 * never a list. What is outside of the folder cannot be reached, since the kernel resolves the path
 * beneath it. A file that is cut while it is sent ends its connection, and a client that is
 * slow to ask, or takes nothing, is given up. A disk holds up only who needs it.
 *
 * It works on the event loop, and within `run` of `@posixly/mux`, which costs less. Each thread
 * may have its own on the same port, see `reusePort`.
 *
 * @param folder Which one; it is opened, so what its path leads to later does not matter
 * @param options Where to listen, what to show, and how long to wait
 * @returns The server, which keeps the program alive until it is closed or unreferenced
 * @throws {SyscallError} `ENOENT` or `ENOTDIR` if there is no such folder, `EACCES` if we must not
 * look into it, `EADDRINUSE` if somebody listens there, `EACCES` for a port below 1024
 * @throws {TypeError | RangeError} If an option is not as described
 * @throws The signal's reason, if it has aborted
 *
 * @example Usage
 * ```ts
 * import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
 * import { serveStatic } from "@posixly/zerocopy/http";
 * import assert from "node:assert/strict";
 *
 * const folder = mkdtempSync("/tmp/site-");
 * writeFileSync(`${folder}/hello.txt`, "Hello, world");
 *
 * await using server = serveStatic(folder, { onFinish: ({ status }) => assert.equal(status, 206) });
 * const answer = await fetch(`${server.url}hello.txt`, { headers: { Range: "bytes=-5" } });
 * assert.equal(await answer.text(), "world");
 * rmSync(folder, { recursive: true });
 * ```
 */
export function serveStatic(
  folder: string | Uint8Array,
  options: ServeStaticOptions = {},
): StaticServer {
  return new StaticServer(folder, checkedOptions(options));
}

/**
 * A server of static files, see {@linkcode serveStatic}.
 *
 * @example Usage
 * ```ts
 * import { serveStatic, type StaticServer } from "@posixly/zerocopy/http";
 * import assert from "node:assert/strict";
 *
 * const server: StaticServer = serveStatic(".");
 * const { status } = await fetch(`${server.url}no%20such%20file`);
 * assert.equal(status, 404);
 * await server.close();
 * assert.ok(server.closed);
 * ```
 */
export class StaticServer implements Disposable, AsyncDisposable {
  /** Where it listens. */
  readonly address: SocketAddress;
  readonly #service: Service;
  readonly #door: Acceptor<Client>;
  readonly #signal: AbortSignal | undefined;
  /** While somebody may come in. */
  #watcher: Watcher | undefined;
  readonly #ended: Promise<void>;
  #end!: () => void;

  /**
   * Made by {@linkcode serveStatic} alone.
   *
   * @param folder What is served
   * @param options How
   */
  constructor(folder: string | Uint8Array, options: CheckedOptions) {
    this.#ended = new Promise((resolve) => this.#end = resolve);
    this.#service = new Service(folder, options, () => this.#mayEnter());
    try {
      this.#door = new Acceptor(listenerOf(options).release(), Client);
    } catch (error) {
      this.#service.close();
      throw error;
    }
    try {
      this.address = this.#door.localAddress;
      const { address } = this;
      this.#service.canCork = isWorthCorking(this.#door, address);
      if (address.family !== "unix") setOptions(this.#door, { noDelay: true });
      else if (options.listener === undefined && address.path) {
        this.#door.unlinkOnClose(address.path);
      }
      this.#open();
    } catch (error) {
      this[Symbol.dispose]();
      throw error;
    }
    this.#signal = options.signal;
    if (this.#signal !== undefined) onAbort(this.#signal, this.#abort);
  }

  /** Where its root is, such as `http://127.0.0.1:8080/`; nothing if it listens at no port. */
  get url(): string | undefined {
    const { address } = this;
    if (address.family !== "ipv4" && address.family !== "ipv6") return undefined;
    const isAny = address.host === "0.0.0.0" || address.host === "::";
    return `http://${isAny ? `localhost:${address.port}` : formatAddress(address)}/`;
  }

  /** Whether it was told to close, and accepts no connections any more. */
  get closing(): boolean {
    return this.#service.isClosing;
  }

  /** Whether it accepts no connections any more, and all are closed. */
  get closed(): boolean {
    return this.#door.closed && this.#service.clients.size === 0;
  }

  /** Resolves when it accepts no connections any more, and all are closed. */
  get ended(): Promise<void> {
    return this.#ended;
  }

  /** How much was done so far. */
  get stats(): ServerStats {
    const { clients, requests, bytes } = this.#service;
    return { connections: clients.size, requests, bytes, refused: this.#door.refused };
  }

  /**
   * What is being sent now.
   *
   * @returns Each answer that is under way
   */
  *transfers(): Generator<Transfer, void, void> {
    for (const { exchange } of this.#service.clients) {
      if (exchange === undefined) continue;
      const { target, sent, answer: { length } } = exchange;
      yield { target, sent, length };
    }
  }

  /**
   * Accepts no connections any more, and closes each when the answer that is under way has been
   * sent, and its client has left or did not do so for two seconds: to close before might take a
   * part of the answer away. Once is enough.
   *
   * @param options How long that may take
   * @returns Resolves when all are closed
   * @throws {TypeError | RangeError} If an option is not as described
   */
  close(options: CloseOptions = {}): Promise<void> {
    requireKnown(options, ["timeout"]);
    const { timeout = GRACE } = options;
    if (timeout !== Infinity) requireInteger(timeout, "timeout");
    this.#shut();
    for (const client of this.#service.clients) client.windUp();
    if (timeout === 0) this.#breakOff();
    else if (!this.closed && timeout !== Infinity) {
      this.#service.agenda.after(timeout, this.#breakOff);
    }
    return this.#ended;
  }

  /** Keeps the program alive while it is open; so it begins. */
  ref(): this {
    return this.#refer(true);
  }

  /** Lets the program end although it is open. */
  unref(): this {
    return this.#refer(false);
  }

  /** Breaks off whatever is under way, at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.#shut();
    this.#breakOff();
  }

  /** Closes it as {@linkcode StaticServer.close}, at the end of an `await using` block. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Begins to accept, or goes on. */
  readonly #open = (): void => {
    if (this.#door.closed || this.#watcher !== undefined) return;
    this.#service.isWaitedFor = false;
    this.#watcher = watch(this.#door, { readable: true }, () => this.#accept());
    if (!this.#service.isReferenced) this.#watcher.unref();
  };

  /** Leaves those who come waiting. */
  #rest(): void {
    this.#watcher?.close();
    this.#watcher = undefined;
  }

  #accept(): void {
    const { clients, options: { maxConnections }, agenda } = this.#service;
    for (let i = 0; i < ACCEPTED_A_TURN && !this.#door.closed; i++) {
      if (clients.size >= maxConnections) {
        if (i > 0) return; // and if somebody else waits, we will be told
        if (!this.#service.makeRoom()) {
          this.#rest();
          this.#service.isWaitedFor = true;
          return;
        }
      }
      let client: Client | null;
      try {
        client = this.#door.tryAccept();
      } catch {
        // No memory perhaps: it would be told again at once, for as long as somebody waits.
        this.#rest();
        return agenda.after(PAUSE, this.#open);
      }
      if (client === null) return;
      client.begin(this.#service);
    }
  }

  /** A client has left, or might be made to. */
  #mayEnter(): void {
    if (!this.#door.closed) this.#open();
    else if (this.#service.clients.size === 0) this.#over();
  }

  #shut(): void {
    this.#signal?.removeEventListener("abort", this.#abort);
    this.#service.isClosing = true;
    this.#rest();
    if (this.#door.closed) return;
    letGo(this.#door);
    if (this.#service.clients.size === 0) this.#over();
  }

  readonly #breakOff = (): void => {
    for (const client of this.#service.clients) client.close();
  };

  readonly #abort = (): void => this[Symbol.dispose]();

  #over(): void {
    this.#service.close();
    this.#end();
  }

  #refer(isReferenced: boolean): this {
    const { agenda, clients } = this.#service;
    this.#service.isReferenced = isReferenced;
    this.#watcher?.[isReferenced ? "ref" : "unref"]();
    for (const client of clients) client.refer(isReferenced);
    if (!this.closed) agenda.refer(isReferenced);
    return this;
  }
}

function listenerOf({ listener, address }: CheckedOptions): OwnedFd {
  if (listener !== undefined) return listener;
  return isUnix(address) ? listenUnix(address, { replaceStale: true }) : listenTcp(address);
}

function isUnix(address: CheckedOptions["address"]): boolean {
  return typeof address === "string" ? address.startsWith("unix:") : address.family === "unix";
}

/**
 * Whether packets that are not full are worth holding back. BBR sends by a timer, at a rate that it
 * measures; of the loopback interface it measured a fifth where packets were held back, and 1 GiB
 * took up to four times as long.
 */
function isWorthCorking(listener: Acceptor<Client>, { family }: SocketAddress): boolean {
  if (family !== "ipv4" && family !== "ipv6") return false;
  return !getOption(listener, "congestion").startsWith("bbr");
}
