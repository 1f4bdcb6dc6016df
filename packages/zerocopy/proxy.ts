import { type AsFd, fdOf } from "@posixly/fd";
import { signalOf, type WaitOptions } from "@posixly/mux";
import { requireKnown } from "@posixly/sys";
import { type Pumped, pumped, pumpingOf, type PumpOptions } from "./pump.ts";
import type { Pumping } from "./pumping.ts";

/**
 * How two sockets are joined, see {@linkcode proxy}.
 *
 * @example Usage
 * ```ts
 * import { socketPair } from "@posixly/socket";
 * import { proxy, type ProxyOptions } from "@posixly/zerocopy";
 * import assert from "node:assert/strict";
 *
 * const soon: ProxyOptions = { timeout: 5 };
 * using left = socketPair();
 * using right = socketPair();
 * await assert.rejects(proxy(left.second, right.first, soon), { name: "TimeoutError" });
 * ```
 */
export interface ProxyOptions extends WaitOptions, Pick<PumpOptions, "size" | "via"> {}

/**
 * What went each way, see {@linkcode proxy}.
 *
 * @example Usage
 * ```ts
 * import { socketPair } from "@posixly/socket";
 * import { proxy, type Proxied } from "@posixly/zerocopy";
 * import assert from "node:assert/strict";
 *
 * using left = socketPair();
 * using right = socketPair();
 * left.first.close();
 * right.second.close();
 * const { forth, back }: Proxied = await proxy(left.second, right.first);
 * assert.deepEqual([forth.bytes, back.bytes], [0, 0]);
 * ```
 */
export interface Proxied {
  /** From the first to the second. */
  readonly forth: Pumped;
  /** From the second to the first. */
  readonly back: Pumped;
}

/**
 * Joins two sockets: {@linkcode pump} both ways. When one side ends, the other is told so, and its
 * answer still goes back; it is over when both have ended.
 *
 * If one way fails, the other is given up. Close both then: what each has got may be a part only.
 *
 * @param first One socket
 * @param second The other
 * @param options Which way, and how to give up
 * @returns Resolves when both sides have ended; both stay open
 * @throws {TypeError} If both are the same
 * @throws As {@linkcode pump}
 *
 * @example Usage
 * ```ts
 * import { connectTcp, listenTcp } from "@posixly/socket";
 * import { proxy } from "@posixly/zerocopy";
 * import assert from "node:assert/strict";
 *
 * using server = listenTcp("127.0.0.1:0");
 * using front = listenTcp("127.0.0.1:0");
 * const client = await connectTcp(front.localAddress);
 * const outside = await front.accept();
 * const inside = await connectTcp(server.localAddress);
 * const joined = proxy(outside, inside);
 *
 * const connection = await server.accept();
 * await client.write(new TextEncoder().encode("Who is there?"));
 * await client.end(); // and still waits for the answer
 * assert.equal((await connection.readAll()).length, 13);
 * await connection.write(new TextEncoder().encode("Me"));
 * await connection.end();
 * assert.equal((await client.readAll()).length, 2);
 *
 * const { forth, back } = await joined;
 * assert.deepEqual([forth.bytes, back.bytes], [13, 2]);
 * for (const socket of [client, outside, inside, connection]) socket.close();
 * ```
 */
export async function proxy(
  first: AsFd,
  second: AsFd,
  options: ProxyOptions = {},
): Promise<Proxied> {
  requireKnown(options, ["size", "via", "signal", "timeout"]);
  const { size, via, signal: given, timeout } = options;
  const signal = signalOf({ signal: given, timeout });
  signal?.throwIfAborted();
  const how = { size, via, signal, end: true };
  if (fdOf(first, "first") === fdOf(second, "second")) {
    throw new TypeError("first and second must not be the same");
  }
  const there: Pumping = pumpingOf(first, second, how, (reason) => here.fail(reason));
  const here: Pumping = pumpingOf(second, first, how, (reason) => there.fail(reason));
  there.start();
  here.start();
  const [forth, back] = await Promise.all([pumped(there, signal), pumped(here, signal)]);
  return { forth, back };
}
