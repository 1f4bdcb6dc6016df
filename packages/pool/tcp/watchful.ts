import type { SettableOptions } from "@posixly/socket";

/**
 * Options of sockets that find out that the other machine has vanished, where no packet ever says
 * so. A connection that rests is probed after 15 s of silence and every 5 s then, and ends after
 * 30 s without an answer; so does one with something sent that is not acknowledged for 30 s. A pool
 * sets them for connections that it makes, and those it is given come on top.
 *
 * @example Within a second, for a machine in the same rack
 * ```ts
 * import { connections, TcpPool, watchful } from "@posixly/pool/tcp";
 * import assert from "node:assert/strict";
 *
 * const hasty = { keepIdle: 1, keepInterval: 1, userTimeout: 1000 };
 * const pool = new TcpPool({ transport: connections(hasty) });
 * assert.ok(watchful.keepAlive && watchful.userTimeout === 30_000);
 * await pool.close();
 * ```
 */
export const watchful: Readonly<
  Pick<SettableOptions, "keepAlive" | "keepIdle" | "keepInterval" | "keepCount" | "userTimeout">
> = { keepAlive: true, keepIdle: 15, keepInterval: 5, keepCount: 3, userTimeout: 30_000 };
