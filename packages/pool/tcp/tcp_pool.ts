import type { Connection } from "@posixly/socket";
import type { PoolEvents } from "../events.ts";
import type { KeyedPoolStats } from "../keyed_pools.ts";
import type { Lease } from "../lease.ts";
import { type AcquireOptions, requireFunction } from "../options.ts";
import type { CloseOptions } from "../closing.ts";
import type { PoolStats } from "../stats.ts";
import { judge, settleUse, type UseOptions } from "../use.ts";
import { ConnectionPools, type Limits } from "./connection_pools.ts";
import { connections } from "./connections.ts";
import { destinationOf, endpointKey, type EndpointLike } from "./endpoint.ts";
import type { Transport } from "./transport.ts";

/**
 * What a {@linkcode TcpPool} is made of: how many connections there may be to each endpoint (`max`,
 * 10) and in all (`maxTotal`), for how long, and of what kind they are. Times are in milliseconds.
 *
 * @example Usage
 * ```ts
 * import { TcpPool, type TcpPoolOptions } from "@posixly/pool/tcp";
 * import type { Connection } from "@posixly/socket";
 *
 * const options: TcpPoolOptions<Connection> = { max: 4, maxTotal: 100, idleTimeout: 60_000 };
 * const pool = new TcpPool(options);
 * await pool.close();
 * ```
 */
export interface TcpPoolOptions<T> extends Limits<EndpointLike, T> {
  /** How connections are made and looked after; by default {@linkcode connections}. */
  readonly transport?: Transport<T>;
}

/**
 * Connections that are kept for the next one who goes to the same place. One that rests is watched:
 * it leaves at once when the other side ends or breaks it, or sends what nobody asked for, and is
 * looked at once more before it is handed out. A process that has nothing but connections at rest
 * may end.
 *
 * @example Usage
 * ```ts
 * import { TcpPool } from "@posixly/pool/tcp";
 * import { type HostAndPort, listenTcp } from "@posixly/socket";
 * import assert from "node:assert/strict";
 *
 * using listener = listenTcp("127.0.0.1:0");
 * const serving = (async () => {
 *   using connection = await listener.accept();
 *   for await (const chunk of connection) await connection.write(chunk);
 * })();
 *
 * const pool = new TcpPool();
 * const to = listener.localAddress as HostAndPort;
 * for (let i = 0; i < 3; i++) {
 *   using lease = await pool.acquire(to);
 *   await lease.value.write(new Uint8Array(100));
 *   for (let left = 100; left > 0;) left -= await lease.value.read(new Uint8Array(left));
 * }
 * assert.equal(pool.stats.created, 1); // all three went over one
 * await pool.close();
 * await serving;
 * ```
 */
export class TcpPool<T extends object = Connection> implements AsyncDisposable {
  readonly #pools: ConnectionPools<EndpointLike, T>;
  readonly #transport: Transport<T>;

  /**
   * Makes a pool, with no connection in it.
   *
   * @param options How many connections there may be, and of what kind
   * @throws {TypeError | RangeError} If an option is not as described
   */
  constructor(options: TcpPoolOptions<T> = {}) {
    const { transport = connections() as unknown as Transport<T>, ...limits } = options;
    requireFunction(transport?.connect, "transport.connect");
    requireFunction(transport.close, "transport.close");
    this.#transport = transport;
    this.#pools = new ConnectionPools(
      endpointKey,
      async (to, signal) => await transport.connect(destinationOf(to), signal),
      transport,
      limits,
    );
  }

  /** What there is and what was done so far, for all endpoints together. */
  get stats(): KeyedPoolStats {
    return this.#pools.stats;
  }

  /**
   * What there is and what was done so far for one endpoint.
   *
   * @param to The endpoint
   * @returns The figures, or `undefined` if there is nothing
   * @throws {TypeError | RangeError} If it is no endpoint
   */
  statsOf(to: EndpointLike): PoolStats | undefined {
    return this.#pools.statsOf(to);
  }

  /**
   * Leases a connection: one that rests and is intact, or the next that comes free, or a new one.
   * Release it when it is as it was before, with all that was asked for received; discard it
   * otherwise.
   *
   * @param to Where it goes
   * @param options How to wait
   * @returns The lease
   * @throws {AcquireTimeoutError} If nothing came free in time
   * @throws {PoolClosedError} If the pool is closed
   * @throws What connecting throws, such as a `SyscallError`; or the signal's reason
   */
  acquire(to: EndpointLike, options?: AcquireOptions): Promise<Lease<T>> {
    return this.#pools.acquire(to, options);
  }

  /**
   * Leases a connection that rests and is intact, at once.
   *
   * @param to Where it goes
   * @returns The lease, or `null` if there is none, or others wait for it
   * @throws {TypeError | RangeError} If it is no endpoint
   */
  tryAcquire(to: EndpointLike): Lease<T> | null {
    return this.#pools.tryAcquire(to);
  }

  /**
   * Leases a connection for as long as a function runs. When that throws, the connection is
   * discarded; and if it had rested before, has died, and has not taken a single byte from the
   * function, then the function is called again with another one: what was never sent cannot be
   * done twice. With one that is new it is called for the last time.
   *
   * @param to Where the connection goes
   * @param work What to do with it
   * @param options How to wait, and after which errors to keep the connection
   * @returns What the function returns
   * @throws What {@linkcode TcpPool.acquire} and the function throw
   */
  async use<Result>(
    to: EndpointLike,
    work: (connection: T, lease: Lease<T>) => Result | PromiseLike<Result>,
    options: UseOptions = {},
  ): Promise<Result> {
    requireFunction(work, "work");
    const { keep, wait } = settleUse(options);
    for (;;) {
      using lease = await this.acquire(to, wait);
      const { value: connection } = lease;
      const isUsed = this.#pools.isUsed(lease);
      const before = isUsed ? this.#taken(connection) : undefined;
      try {
        return await work(connection, lease);
      } catch (error) {
        if (lease.ended) throw error;
        const mayRepeat = isUsed && this.#tookNothing(connection, before);
        judge(error, lease, mayRepeat ? undefined : keep);
        if (!mayRepeat) throw error;
        wait.signal?.throwIfAborted();
      }
    }
  }

  /**
   * Says for how long the server keeps a connection on which nothing is asked, as HTTP servers tell.
   * From then on it rests for 2 s less than that and 10 minutes at most, instead of `idleTimeout`;
   * if nothing is left of that, it is closed when it is released. See also {@linkcode keepAliveOf}.
   *
   * @param connection The connection
   * @param milliseconds How long the server keeps it
   */
  keepFor(connection: T, milliseconds: number): void {
    this.#pools.keepFor(connection, milliseconds);
  }

  /**
   * Has connections closed: one that rests now, one that is leased when it is given back.
   *
   * @param which The connection, or a function that picks some
   * @returns How many will go
   */
  evict(which: T | ((connection: T) => boolean)): number {
    return this.#pools.evict(which);
  }

  /**
   * Closes the pool: it hands out nothing any more, and all connections are closed, those that are
   * leased when they are given back.
   *
   * @param options How long leases may go on
   * @returns Resolves when all are closed, with how many were still leased when time was over
   */
  close(options?: CloseOptions): Promise<number> {
    return this.#pools.close(options);
  }

  /** Closes the pool at the end of an `await using` block. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /**
   * Listens to what happens, as `Pool.on` does.
   *
   * @param event What to listen to
   * @param listener Called each time, with the endpoint as it was first given
   * @returns Stops listening
   */
  on<Name extends keyof PoolEvents<T>>(
    event: Name,
    listener: (event: PoolEvents<T>[Name], to: EndpointLike) => void,
  ): () => void {
    return this.#pools.on(event, listener);
  }

  #taken(connection: T): number | undefined {
    return this.#transport.taken?.(connection);
  }

  /** Whether a connection died before anything was sent over it. */
  #tookNothing(connection: T, before: number | undefined): boolean {
    if (before === undefined || this.#transport.isIntact?.(connection, "rest") !== false) {
      return false;
    }
    return this.#taken(connection) === before;
  }
}
