import { Agent, type ClientRequest, type IncomingMessage } from "node:http";
import { clearTimeout, setTimeout } from "node:timers";
import type { RequestOptions } from "node:https";
import type { Socket } from "node:net";
import type { Lease } from "../lease.ts";
import { keepAliveOf } from "../tcp/keep_alive.ts";
import { ConnectionPools } from "../tcp/connection_pools.ts";
import type { KeyedPoolStats } from "../keyed_pools.ts";
import { type PooledAgentOptions, requireOptions } from "./agent_options.ts";
import { care, Connector } from "./agent_sockets.ts";
import { whenGivenUp } from "./given_up.ts";
import { type Origin, plainOrigin, secureOrigin } from "./origin.ts";

/** What of a socket's present use has to be known when that is over. */
interface Exchange {
  readonly lease: Lease<Socket>;
  readonly request: ClientRequest;
}

/**
 * An `http.Agent` with a pool of connections: for `http.request`, `https.request` and whatever is
 * built on them. What no other agent does: a connection that ended, broke or received something
 * while it rested is never handed out, since the kernel is asked right before; none rests for as
 * long as the server keeps it; requests wait in the order in which they came, and one that is given
 * up leaves the line at once.
 *
 * @example Usage
 * ```ts
 * import { PooledAgent } from "@posixly/pool/http";
 * import assert from "node:assert/strict";
 * import { once } from "node:events";
 * import { createServer, get } from "node:http";
 * import type { AddressInfo } from "node:net";
 *
 * const server = createServer((_, response) => response.end("hello")).listen(0, "127.0.0.1");
 * await once(server, "listening");
 * const { port } = server.address() as AddressInfo;
 *
 * const agent = new PooledAgent({ maxSockets: 4 });
 * for (let i = 0; i < 3; i++) {
 *   const [response] = await once(get({ port, host: "127.0.0.1", agent }), "response");
 *   await response.toArray();
 * }
 * assert.equal(agent.stats.created, 1); // all three went over one
 * await agent.close();
 * server.close();
 * ```
 */
export class PooledAgent extends Agent {
  /** What is asked for without saying it: `http:`, or `https:` with `tls`. */
  readonly protocol: string;
  /** The port where a request says none: 80, or 443 with `tls`. */
  readonly defaultPort: number;

  #isClosed = false;
  readonly #begin: () => ConnectionPools<Origin, Socket>;
  #pools: ConnectionPools<Origin, Socket>;
  readonly #timeout: number;
  readonly #exchanges = new WeakMap<Socket, Exchange>();

  /**
   * Makes an agent, with no connection.
   *
   * @param options For what, how many connections there may be, and for how long
   * @throws {TypeError | RangeError} If an option is not as described
   */
  constructor(options: PooledAgentOptions = {}) {
    requireOptions(options);
    const { tls, maxSockets, maxTotalSockets, maxFreeSockets, scheduling, ...others } = options;
    const { timeout = 0, connectTimeout, idleTimeout = 4_000, options: settings, ...limits } =
      others;
    const shape = { maxSockets, maxTotalSockets, maxFreeSockets, scheduling };
    const given = timeout > 0 && timeout < Infinity ? timeout : undefined;
    super({ keepAlive: true, timeout: given, ...shape });
    const isSecure = tls !== undefined && tls !== false;
    this.protocol = isSecure ? "https:" : "http:";
    this.defaultPort = isSecure ? 443 : 80;
    this.#timeout = given ?? 0;
    const connector = new Connector(settings ?? {}, isSecure ? tls === true ? {} : tls : undefined);
    this.#begin = () =>
      new ConnectionPools<Origin, Socket>(
        ({ key }) => key,
        async (origin, signal) => this.#adopt(await connector.connect(origin, signal)),
        care,
        {
          idleTimeout,
          maxIdle: maxFreeSockets ?? 256,
          max: maxSockets ?? Infinity,
          maxTotal: maxTotalSockets,
          reuse: scheduling,
          createTimeout: connectTimeout ?? 10_000,
          backoff: 10,
          maxBackoff: 1_000,
          ...limits,
        },
      );
    this.#pools = this.#begin();
  }

  /** What there is and what was done so far, for all servers together. */
  get stats(): KeyedPoolStats {
    return this.#pools.stats;
  }

  /**
   * Called by node:http for each request.
   *
   * @param request The request, which wants a socket
   * @param options What it was made with
   */
  addRequest(request: ClientRequest, options: RequestOptions): void {
    const origin = this.protocol === "https:"
      ? secureOrigin(request, options)
      : plainOrigin(options);
    const lease = this.#pools.tryAcquire(origin);
    if (lease === null) this.#wait(request, origin);
    else this.#serve(request, lease);
  }

  /**
   * Closes all connections, those in use as well, as `http.Agent` does; the requests on them fail.
   * The agent can be used again, unless it was closed.
   */
  override destroy(): void {
    const pools = this.#pools;
    if (!this.#isClosed) this.#pools = this.#begin();
    pools.close({ timeout: 0 });
  }

  /**
   * Closes the agent when the requests under way are done: later ones fail, and those that wait for
   * a connection do.
   *
   * @returns Resolves when all connections are closed
   */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#pools.close();
  }

  /** Closes the agent at the end of an `await using` block. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #wait(request: ClientRequest, origin: Origin): void {
    const givingUp = new AbortController();
    const served = whenGivenUp(request, () => givingUp.abort());
    const timeout = this.#timeoutOf(request);
    const timer = timeout > 0
      ? setTimeout(() => request.emit("timeout"), timeout).unref()
      : undefined;
    const waited = () => {
      served();
      clearTimeout(timer);
    };
    this.#pools.acquire(origin, { signal: givingUp.signal }).then(
      (lease) => {
        waited();
        this.#serve(request, lease);
      },
      (error) => {
        waited();
        refuse(request, error);
      },
    );
  }

  #serve(request: ClientRequest, lease: Lease<Socket>): void {
    const socket = lease.value;
    this.#exchanges.set(socket, { lease, request });
    request.reusedSocket = this.#pools.isUsed(lease);
    keepFromRepeating(request);
    request.onSocket(socket);
    const timeout = this.#timeoutOf(request);
    if (timeout > 0) socket.setTimeout(timeout);
  }

  /** After how many milliseconds without a byte a request is told; 0 is never. */
  #timeoutOf(request: ClientRequest): number {
    return (request as { timeout?: number }).timeout ?? this.#timeout;
  }

  /** Listens to what node:http says of a socket, that it is free or was taken, and to its end. */
  #adopt(socket: Socket): Socket {
    const gone = () => this.#gone(socket);
    socket.on("free", () => this.#free(socket));
    socket.on("end", gone).on("close", gone).on("error", gone);
    socket.on("agentRemove", () => {
      socket.off("end", gone).off("close", gone).off("error", gone);
      this.#end(socket)?.lease.take();
    });
    return socket;
  }

  /** One that is in use is node:http's until it is closed; one that rests has to go. */
  #gone(socket: Socket): void {
    if (!this.#exchanges.has(socket)) this.#pools.evict(socket, "invalid");
    else if (socket.destroyed) this.#end(socket)?.lease.discard();
  }

  #free(socket: Socket): void {
    const exchange = this.#end(socket);
    if (exchange === undefined) return;
    const { lease, request } = exchange;
    if (socket.timeout) socket.setTimeout(0);
    const header = responseOf(request)?.headers["keep-alive"];
    const promised = typeof header === "string" ? keepAliveOf(header) : undefined;
    if (promised !== undefined) this.#pools.keepFor(socket, promised);
    if (request.shouldKeepAlive) lease.release();
    else lease.discard();
  }

  /** The use that is over, unless it was already. */
  #end(socket: Socket): Exchange | undefined {
    const exchange = this.#exchanges.get(socket);
    this.#exchanges.delete(socket);
    return exchange?.lease.ended ? undefined : exchange;
  }
}

/**
 * There is a runtime whose requests, if their connection breaks, make themselves a second time,
 * though the server may have done already what they ask for. They believe that they do by this.
 */
function keepFromRepeating(request: ClientRequest): void {
  (request as { _retrying?: boolean })._retrying = true;
}

/** The answer to a request, if there is one. */
function responseOf(request: ClientRequest): IncomingMessage | null {
  return (request as unknown as { readonly res: IncomingMessage | null }).res;
}

/** Lets a request fail that gets no socket; one that was given up says itself why. */
function refuse(request: ClientRequest, error: Error): void {
  const { onSocket } = request as unknown as {
    onSocket(socket: null, error?: Error): void;
  };
  onSocket.call(request, null, request.destroyed ? undefined : error);
}
