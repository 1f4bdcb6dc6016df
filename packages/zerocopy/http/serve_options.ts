import type { AddressLike, Listener } from "@posixly/socket";
import { requireInteger, requireKnown } from "@posixly/sys";
import type { DocumentRootOptions } from "./document_root.ts";
import type { Header } from "./http_error.ts";
import { HEAD_LIMIT } from "./inbox.ts";
import type { HeadLimits } from "./request_head.ts";
import type { FinishedExchange } from "./service.ts";

/**
 * How a folder is served, see {@linkcode serveStatic}. Times are in milliseconds, `Infinity` is never,
 * and what is late is noticed up to a second later.
 *
 * @example Usage
 * ```ts
 * import { serveStatic, type ServeStaticOptions } from "@posixly/zerocopy/http";
 *
 * const options: ServeStaticOptions = {
 *   address: "127.0.0.1:0",
 *   cacheControl: "public, max-age=3600",
 *   onFinish: ({ method, target, status }) => console.log(method, target, status),
 * };
 * using server = serveStatic(".", options);
 * ```
 */
export interface ServeStaticOptions extends DocumentRootOptions {
  /**
   * Where to listen: `127.0.0.1:0` by default, a port of this machine that the kernel chooses, which
   * nobody from elsewhere can reach. `[::]:8080` is for everybody, `unix:/run/x.sock` for a proxy;
   * that file is removed in the end, and so is one in its place that a dead program has left.
   */
  readonly address?: AddressLike;
  /**
   * Instead of an address, a socket that listens already, from whoever started us perhaps. It is the
   * server's from then on, and released: the file of one that is bound to a path stays in the end.
   */
  readonly listener?: Listener;
  /**
   * Headers of every answer, instead of what would be said under their names otherwise. What describes
   * an answer or its body is not up to them, such as `Content-Type`, `ETag` and `Vary`.
   */
  readonly headers?: Readonly<Record<string, string>>;
  /** How much of a request is read before it is refused. */
  readonly limits?: HeadLimits;
  /** How long the head of a request may take, from its first byte on; 20 s by default. */
  readonly headTimeout?: number;
  /** How long a connection may rest between two requests; 60 s by default. */
  readonly idleTimeout?: number;
  /** How long a client may take nothing of its answer; 60 s by default. */
  readonly stallTimeout?: number;
  /**
   * How many connections there may be; others wait to be accepted until one ends, or has rested for a
   * second, and is closed to make room. No limit by default.
   */
  readonly maxConnections?: number;
  /**
   * How many bytes one client is sent before others have their turn; by default 2 MiB, and 8 MiB
   * while there is no other.
   */
  readonly chunk?: number;
  /** Told of each request when it is over: the access log. */
  readonly onFinish?: (exchange: FinishedExchange) => void;
  /** Closes the server when it aborts, at once. */
  readonly signal?: AbortSignal;
}

/** The options, checked, with what was left out. */
export interface CheckedOptions {
  readonly root: DocumentRootOptions;
  readonly address: AddressLike;
  readonly listener: Listener | undefined;
  readonly headers: readonly Header[];
  readonly limits: HeadLimits;
  readonly headTimeout: number;
  readonly idleTimeout: number;
  readonly stallTimeout: number;
  readonly maxConnections: number;
  readonly chunk: number | undefined;
  /** How often it is looked whether anybody is late. */
  readonly tick: number;
  readonly onFinish: ServeStaticOptions["onFinish"];
  readonly signal: AbortSignal | undefined;
}

const ofRoot = ["symlinks", "dotfiles", "index", "precompressed", "cacheControl", "hold"] as const;
const own = [
  "address",
  "listener",
  "headers",
  "limits",
  "headTimeout",
  "idleTimeout",
  "stallTimeout",
  "maxConnections",
  "chunk",
  "onFinish",
  "signal",
];

/** How often it is looked whether anybody is late, at the most and at the least. */
const SHORTEST_TICK = 5;
const LONGEST_TICK = 1000;

/** Checks the options, and adds what was left out. */
export function checkedOptions(options: ServeStaticOptions): CheckedOptions {
  requireKnown(options, [...ofRoot, ...own]);
  const { listener, onFinish, signal, limits = {}, chunk } = options;
  const headTimeout = timeout(options.headTimeout ?? 20_000, "headTimeout");
  const idleTimeout = timeout(options.idleTimeout ?? 60_000, "idleTimeout");
  const stallTimeout = timeout(options.stallTimeout ?? 60_000, "stallTimeout");
  const { maxConnections = Infinity } = options;
  if (maxConnections !== Infinity) requireInteger(maxConnections, "maxConnections", 1);
  if (options.address !== undefined && listener !== undefined) {
    throw new TypeError("address and listener must not be given both");
  }
  requireKnown(limits, ["head", "target", "lines"]);
  for (const [name, limit] of Object.entries(limits)) {
    if (limit !== undefined) requireInteger(limit, `limits.${name}`, 1, HEAD_LIMIT);
  }
  if (onFinish !== undefined && typeof onFinish !== "function") {
    throw new TypeError("onFinish must be a function");
  }
  if (chunk !== undefined) requireInteger(chunk, "chunk", 1);
  signal?.throwIfAborted();
  const shortest = Math.min(headTimeout, idleTimeout, stallTimeout);
  return {
    root: Object.fromEntries(ofRoot.map((name) => [name, options[name]])),
    address: options.address ?? "127.0.0.1:0",
    listener,
    headers: headersOf(options.headers ?? {}),
    limits,
    headTimeout,
    idleTimeout,
    stallTimeout,
    maxConnections,
    chunk,
    tick: Math.ceil(Math.min(Math.max(shortest / 4, SHORTEST_TICK), LONGEST_TICK)),
    onFinish,
    signal,
  };
}

function timeout(milliseconds: number, name: string): number {
  return milliseconds === Infinity ? milliseconds : requireInteger(milliseconds, name, 1);
}

/** What is said by who answers, or holds an answer together. */
const reserved = [
  "accept-ranges",
  "allow",
  "connection",
  "content-encoding",
  "content-length",
  "content-range",
  "content-type",
  "date",
  "etag",
  "last-modified",
  "location",
  "transfer-encoding",
  "vary",
];

function headersOf(headers: Readonly<Record<string, string>>): Header[] {
  const names = new Set<string>();
  return Object.entries(headers).map(([name, value]) => {
    const lower = name.toLowerCase();
    if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name) || reserved.includes(lower)) {
      throw new TypeError(`headers must not have ${JSON.stringify(name)}`);
    }
    if (names.has(lower)) throw new TypeError(`headers must not have "${name}" twice`);
    names.add(lower);
    if (typeof value !== "string" || !/^[\t\x20-\x7e\x80-\xff]*$/.test(value)) {
      throw new TypeError(`headers.${name} must be text without line ends`);
    }
    return [name, value];
  });
}
