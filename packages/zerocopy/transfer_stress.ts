/**
 * Proves that transfers leave nothing behind, however they end: a hundred thousand are begun by
 * `sendFile`, `pump` and a zero-copy sender, and a third of them disturbed at random, by a signal, by
 * who reads, or by closing what they write to. No byte that arrives is a wrong one, and in the end
 * descriptors, pipes and memory are back where they were. Then files of 0 B to 5 GiB are sent as a whole.
 *
 * Run by `npm run stress`, in every runtime.
 */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { readFileSync } from "node:fs";
import process from "node:process";
import { memfd, pwrite, truncate } from "@posixly/fd";
import { type Connection, connectionPair, connectTcp, listenTcp } from "@posixly/socket";
import { gc, openDescriptors, openedSince, randomFrom, turns } from "@posixly/testing";
import { pages, pump, sendFile, zerocopySender } from "@posixly/zerocopy";

const TRANSFERS = Number(process.argv[3] ?? 100_000);
const AT_A_TIME = 20;
const FILE = 1 << 20;
/** What a runtime's own heap may have grown by. */
const SLACK = 96 << 20;

const choose = randomFrom(Number(process.argv[2] ?? 1));

const content = pages(FILE);
for (let i = 0; i < FILE; i++) content[i] = (i * 7 + (i >> 8)) % 251;
const file = memfd("stress");
pwrite(file, content, 0);

interface Pair {
  readonly first: Connection;
  readonly second: Connection;
}

const listener = listenTcp("127.0.0.1:0");

/** Two ends of a connection: mostly `unix` ones, which are cheaper to have. */
async function connected(): Promise<Pair> {
  if (choose(8) > 0) return connectionPair();
  const first = await connectTcp(listener.localAddress);
  return { first, second: await listener.accept() };
}

/** One at a time, so that each gets the connection that it asked for. */
let lastConnected: Promise<unknown> = Promise.resolve();
function inTurn(): Promise<Pair> {
  const next = lastConnected.then(connected);
  lastConnected = next;
  return next;
}

/** Reads up to the end, or leaves early, and compares what has come. */
async function read({ second }: Pair, offset: number, leavesAfter: number): Promise<number> {
  let length = 0;
  try {
    for await (const piece of second.chunks()) {
      const wanted = content.subarray(offset + length, offset + length + piece.length);
      assert.equal(Buffer.compare(piece, wanted), 0, `wrong bytes at ${offset + length}`);
      length += piece.length;
      if (length > leavesAfter) break;
    }
  } catch (error) {
    if ((error as { code?: string }).code !== "ECONNRESET") throw error;
  }
  second.close();
  return length;
}

/** How a transfer ended, and how often. */
const outcomes: Record<string, number> = {};
let moved = 0;

async function ended(kind: string, work: Promise<{ bytes: number }>, wanted: number) {
  let outcome = "whole";
  try {
    const { bytes } = await work;
    assert.equal(bytes, wanted);
  } catch (error) {
    const { code, name, message } = error as { code?: string; name: string; message: string };
    outcome = typeof code === "string" ? code : /closed/.test(message) ? "closed" : name;
  }
  const line = `${kind} ${outcome}`;
  outcomes[line] = (outcomes[line] ?? 0) + 1;
  assert.match(outcome, /^(whole|AbortError|closed|EPIPE|ECONNRESET)$/, line);
}

/** Gives a transfer up, or not. */
async function disturb(how: number, sink: Pair, controller: AbortController): Promise<void> {
  if (how > 1) return;
  await turns(choose(4));
  if (how === 0) controller.abort();
  else sink.first.close();
}

async function transfer(): Promise<void> {
  const offset = choose(FILE);
  const length = Math.min(FILE - offset, choose(1 << (1 + choose(20))));
  const sink = await inTurn();
  const how = choose(9);
  const reading = read(sink, offset, how === 2 ? choose(length + 1) : Infinity);
  const controller = new AbortController();
  const { signal } = controller;
  const [kind, work, clean] = await begin(sink, offset, length, signal);
  const disturbing = disturb(how, sink, controller);
  await ended(kind, work, length);
  await disturbing;
  sink.first.close();
  moved += await reading;
  await clean();
}

const nothing = () => Promise.resolve();

/** Begins a transfer of some kind: what it is called, its end, and what has to be done after it. */
async function begin(
  sink: Pair,
  offset: number,
  length: number,
  signal: AbortSignal,
): Promise<[kind: string, work: Promise<{ bytes: number }>, clean: () => Promise<void>]> {
  const kind = choose(8);
  if (kind < 4) {
    const chunk = 1 + choose(1 << (1 + choose(20)));
    const options = { offset, length, signal, chunk: Math.max(chunk, length >> 6) };
    return ["sendFile", sendFile(sink.first, file, options), nothing];
  }
  if (kind === 4 && sink.first.localAddress.family === "ipv4") {
    const sender = zerocopySender(sink.first, { minimum: 1 });
    const work = sender.send(content.subarray(offset, offset + length), { signal });
    return ["zerocopy", work, () => Promise.resolve(sender.close())];
  }
  const source = await inTurn();
  const writing = source.second.write(content.subarray(offset, offset + length))
    .then(() => source.second.end())
    .catch((error) => assert.match(String(error), /EPIPE|ECONNRESET|closed/));
  const size = Math.max(1 + choose(1 << (1 + choose(20))), length >> 6);
  const via = ([undefined, "splice", "splice", "readwrite"] as const)[choose(4)];
  const work = pump(source.first, sink.first, { size, via, signal });
  return [`pump ${via ?? "either way"}`, work, async () => {
    source.first.close();
    await writing;
    source.second.close();
  }];
}

async function round(transfers: number): Promise<void> {
  let begun = 0;
  const worker = async () => {
    while (begun++ < transfers) await transfer();
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, worker));
  await gc();
}

function resident(): number {
  return Number(readFileSync("/proc/self/status", "utf8").match(/VmRSS:\s+(\d+) kB/)![1]) * 1024;
}

const mega = (bytes: number) => `${(bytes / 2 ** 20).toFixed(1)} MiB`;

await round(TRANSFERS / 10); // so that the runtime has grown to its size
await openedSince([]); // pipes that nobody needs are closed soon
const descriptors = openDescriptors();
const before = resident();
await round(TRANSFERS);
assert.deepEqual(await openedSince(descriptors), [], "descriptors were left open");
const pipes = openDescriptors().filter(({ target }) => target.startsWith("pipe:")).length;
const pipesBefore = descriptors.filter(({ target }) => target.startsWith("pipe:")).length;
assert.equal(pipes, pipesBefore, "pipes were kept");
const grown = resident() - before;
console.log(`${TRANSFERS} transfers, ${mega(moved)} in all: ${mega(grown)} more resident`);
console.log(outcomes);
assert.ok(grown < SLACK, "memory was kept");
for (const kind of ["sendFile", "pump splice", "pump readwrite", "zerocopy"]) {
  for (const outcome of ["whole", "AbortError"]) assert.ok(outcomes[`${kind} ${outcome}`] > 0);
}

/** Sends a sparse file as a whole, with bytes at its ends and in the middle. */
async function sendWhole(size: number): Promise<void> {
  const sparse = memfd("sparse");
  truncate(sparse, size);
  const marks = size < 30 ? [0] : [0, Math.floor(size / 2), size - 7];
  const mark = new TextEncoder().encode("POSIXLY");
  for (const at of marks) pwrite(sparse, mark.subarray(0, size), at);
  const first = await connectTcp(listener.localAddress);
  const second = await listener.accept();
  const sending = sendFile(first, sparse).finally(() => first.close());
  const zeros = Buffer.alloc(1 << 20);
  const buffer = Buffer.alloc(1 << 20);
  let length = 0;
  for (let n; (n = await second.read(buffer)) > 0; length += n) {
    for (const at of marks) {
      const from = Math.max(at, length);
      const to = Math.min(at + 7, length + n);
      for (let i = from; i < to; i++) {
        assert.equal(buffer[i - length], mark[i - at], `wrong byte at ${i}`);
        buffer[i - length] = 0;
      }
    }
    assert.equal(buffer.compare(zeros, 0, n, 0, n), 0, `wrong bytes from ${length} on`);
  }
  assert.deepEqual(await sending, { bytes: size, path: "sendfile" });
  assert.equal(length, size);
  second.close();
  sparse.close();
}

const sizes = [0, 1, 6, 7, 4095, 4096, 65_537, 2 ** 20 + 1, 2 ** 31 - 1, 2 ** 32 + 1, 5 * 2 ** 30];
for (const size of sizes) await sendWhole(size);
console.log(`files of ${sizes.join(", ")} bytes arrived as they were`);
listener.close();
file.close();
