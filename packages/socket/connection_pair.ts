import { Connection } from "./connection.ts";
import { pairOf, socketPair } from "./pair.ts";

/**
 * Two connections, see {@linkcode connectionPair}.
 *
 * @example Usage
 * ```ts
 * import { type ConnectionPair, connectionPair } from "@posixly/socket";
 * import assert from "node:assert/strict";
 *
 * const pair: ConnectionPair = connectionPair();
 * pair[Symbol.dispose]();
 * assert.ok(pair.first.closed && pair.second.closed);
 * ```
 */
export interface ConnectionPair extends Disposable {
  /** One of them. */
  readonly first: Connection;
  /** The other; there is no difference. */
  readonly second: Connection;
}

/**
 * Makes two connections whose other end is the other one, socketpair(2): for two parts of a
 * program, a child that gets one of them, or a test.
 *
 * @returns The connections, `unix` ones; disposing of the pair closes both
 * @throws {SyscallError} `EMFILE` or `ENFILE` if too many descriptors are open
 *
 * @example Usage
 * ```ts
 * import { connectionPair } from "@posixly/socket";
 * import assert from "node:assert/strict";
 *
 * using pair = connectionPair();
 * await pair.first.write(new TextEncoder().encode("hello"));
 * const buffer = new Uint8Array(16);
 * assert.equal(await pair.second.read(buffer), 5);
 * ```
 */
export function connectionPair(): ConnectionPair {
  const { first, second } = socketPair();
  return pairOf(new Connection(first.release()), new Connection(second.release()));
}
