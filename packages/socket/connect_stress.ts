/**
 * Proves that connections leave nothing behind: a hundred thousand of them are made, used and
 * closed, to TCP and to `unix`, some in order and some broken off, and then as many descriptors are
 * open as before and as much memory is used.
 *
 * Run by `npm run stress`, in every runtime.
 */
import assert from "node:assert/strict";
import process from "node:process";
import { gc, openDescriptors } from "@posixly/testing";
import {
  type Connection,
  connectTcp,
  connectUnix,
  type Listener,
  listenTcp,
  listenUnix,
} from "@posixly/socket";

const CYCLES = 100_000;
/** Before the first count, so that what a runtime keeps for good is there. */
const WARM_UP = 10_000;
const AT_ONCE = 50;
const MOST_GROWTH = 4_000_000;

const word = new TextEncoder().encode("hello");

/** Says what it hears, and ends when the other side does. */
async function serve(listener: Listener): Promise<void> {
  for await (const connection of listener) {
    echo(connection).catch(() => {}).finally(() => connection.close());
  }
}

async function echo(connection: Connection): Promise<void> {
  for await (const chunk of connection) await connection.write(chunk);
}

// Each port of ours may go to each of these once a minute, if it ends in order.
const tcp = [1, 2, 3, 4].map((last) => listenTcp(`127.0.0.${last}:0`));
const unix = listenUnix({ family: "unix" });
const listeners = [...tcp, unix];
const serving = listeners.map(serve);

let bytes = 0;

async function cycle(i: number): Promise<void> {
  const isUnix = i % 4 === 3;
  using connection = isUnix
    ? await connectUnix(unix.localAddress)
    : await connectTcp(tcp[(i >> 2) % tcp.length].localAddress);
  await connection.write(word);
  if (i % 4 === 1) return connection.reset();
  await connection.end();
  const { length } = await connection.readAll();
  bytes += length;
}

async function run(cycles: number): Promise<void> {
  let next = 0;
  await Promise.all(Array.from({ length: AT_ONCE }, async () => {
    while (next < cycles) await cycle(next++);
  }));
}

async function used(): Promise<{ descriptors: number; heap: number; resident: number }> {
  await gc();
  const { heapUsed: heap, rss: resident } = process.memoryUsage();
  return { descriptors: openDescriptors().length, heap, resident };
}

await run(WARM_UP);
const before = await used();
const began = performance.now();
await run(CYCLES);
const seconds = (performance.now() - began) / 1000;
const after = await used();

const megabytes = (n: number) => (n / 1e6).toFixed(1);
console.log(
  `${CYCLES} connections, ${Math.round(CYCLES / seconds)} a second; ` +
    `descriptors ${before.descriptors} before, ${after.descriptors} after; ` +
    `heap ${megabytes(before.heap)} and ${megabytes(after.heap)} MB, ` +
    `resident ${megabytes(before.resident)} and ${megabytes(after.resident)} MB`,
);
assert.equal(bytes, (WARM_UP + CYCLES) * 3 / 4 * word.length);
assert.equal(after.descriptors, before.descriptors);
assert.ok(after.heap - before.heap < MOST_GROWTH);
for (const listener of listeners) listener.close();
await Promise.all(serving);
