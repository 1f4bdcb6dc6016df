import { clearTimeout, setTimeout } from "node:timers";
import { onGivenUp, type WaitOptions } from "@posixly/mux";
import type { Connection } from "./connection.ts";
import type { InternetAddress } from "./internet_address.ts";

/** How long an attempt is alone before the next one begins as well, RFC 8305. */
const HEAD_START_MS = 250;

/**
 * Tries to connect to one address after the other, until there is a connection.
 *
 * @throws What the first that failed has thrown, if all have; the signal's reason, or a
 * `TimeoutError`
 */
export async function firstToConnect(
  addresses: readonly InternetAddress[],
  attempt: (address: InternetAddress, wait: WaitOptions) => Promise<Connection>,
  wait: WaitOptions = {},
): Promise<Connection> {
  const all = new AbortController();
  const { signal } = all;
  const stop = onGivenUp(wait, (reason) => all.abort(reason));
  const connected: Connection[] = [];
  const failures: unknown[] = [];
  const pending = new Set<Promise<void>>();
  const begin = (address: InternetAddress) => {
    const ended = attempt(address, { signal })
      .then((connection) => {
        if (connected.length === 0) connected.push(connection);
        else connection.close();
      }, (error) => void failures.push(error))
      .finally(() => pending.delete(ended));
    pending.add(ended);
  };
  try {
    for (const address of addresses) {
      begin(address);
      await oneOf(pending, HEAD_START_MS);
      if (connected.length > 0 || signal.aborted) break;
    }
    while (connected.length === 0 && pending.size > 0) await oneOf(pending);
    if (connected.length > 0) return connected[0];
    signal.throwIfAborted();
    throw failures[0];
  } finally {
    stop();
    all.abort();
  }
}

/** Waits until one of them has ended, or for so many milliseconds. */
async function oneOf(pending: ReadonlySet<Promise<void>>, most?: number): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<void>((resolve) => {
    if (most !== undefined) timer = setTimeout(resolve, most);
  });
  await Promise.race([...pending, late]);
  if (timer !== undefined) clearTimeout(timer);
}
