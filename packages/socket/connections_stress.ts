/**
 * Proves that one thread holds ten thousand connections: all are open at once, every byte that is
 * sent through each comes back from a server in one process to a client in another, and a
 * connection that waits costs little memory, which is told.
 *
 * Run by `npm run stress`, in every runtime.
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import process from "node:process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { limit, raiseLimit } from "@posixly/fd";
import { gc, openDescriptors, runtimeArguments } from "@posixly/testing";
import { type Connection, connectTcp, listenTcp } from "@posixly/socket";

const CONNECTIONS = 10_000;
const ROUNDS = 5;
const LENGTH = 2000;
/** How many connect at once, fewer than the queue of a listener holds. */
const AT_ONCE = 100;

const [role, address] = process.argv.slice(2);
raiseLimit("openFiles");
const { soft } = limit("openFiles");
assert.ok(Number(soft) > CONNECTIONS + 200, `a process may only open ${soft} files`);
await (role === "client" ? ask(address) : serve());

/** Lets another process connect, which is told what to do, a word a line, and answers with one. */
async function serve(): Promise<void> {
  using listener = listenTcp("127.0.0.1:0");
  const { port } = listener.localAddress as { port: number };
  const connections: Connection[] = [];
  let bytes = 0;
  const echo = async (connection: Connection) => {
    connections.push(connection);
    for await (const chunk of connection) {
      bytes += chunk.length;
      await connection.write(chunk);
    }
    connection.close();
  };
  const echoing: Promise<void>[] = [];
  const accepting = (async () => {
    for await (const connection of listener) echoing.push(echo(connection));
  })();

  const file = fileURLToPath(import.meta.url);
  const client = spawn(process.execPath, [
    ...runtimeArguments(),
    file,
    "client",
    `127.0.0.1:${port}`,
  ], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const ended = once(client, "exit");
  const answers = createInterface({ input: client.stdout })[Symbol.asyncIterator]();
  const tell = async (word: string) => {
    client.stdin.write(`${word}\n`);
    return JSON.parse((await answers.next()).value ?? "null");
  };

  await tell("start");
  const before = await used();
  await tell("connect");
  while (connections.length < CONNECTIONS) await new Promise((resolve) => setImmediate(resolve));
  const idle = await used();
  assert.ok(idle.descriptors - before.descriptors >= CONNECTIONS);
  const began = performance.now();
  const echoed = await tell("talk");
  const seconds = (performance.now() - began) / 1000;
  const after = await used();
  await tell("close");
  client.stdin.end();
  assert.deepEqual(await ended, [0, null]);
  await Promise.all(echoing);
  listener.close();
  await accepting;
  const end = await used();

  const each = (what: "heap" | "resident", { [what]: now }: Used) =>
    `${((now - before[what]) / CONNECTIONS / 1000).toFixed(1)} kB`;
  console.log(
    `${CONNECTIONS} connections at once, ${bytes} bytes there and ${echoed} back, ` +
      `${Math.round(CONNECTIONS * ROUNDS / seconds)} answers a second; each takes of the heap ` +
      `${each("heap", idle)} idle and ${each("heap", after)} after talking, resident ` +
      `${each("resident", idle)} and ${each("resident", after)}; ` +
      `descriptors ${before.descriptors} before, ${end.descriptors} after`,
  );
  assert.equal(bytes, CONNECTIONS * ROUNDS * LENGTH);
  assert.equal(echoed, bytes);
  assert.ok(end.descriptors <= before.descriptors);
}

/** The other process: connects, sends through each connection what is its own, and compares. */
async function ask(to: string): Promise<void> {
  const connections: Connection[] = [];
  const tasks: Record<string, () => Promise<unknown>> = {
    start: () => Promise.resolve(),
    async connect() {
      while (connections.length < CONNECTIONS) {
        const some = Array.from({ length: AT_ONCE }, () => connectTcp(to));
        connections.push(...await Promise.all(some));
      }
    },
    async talk() {
      const echoed = await Promise.all(connections.map(talk));
      return echoed.reduce((sum, bytes) => sum + bytes);
    },
    close: () => Promise.resolve(connections.forEach((connection) => connection.close())),
  };
  for await (const word of createInterface({ input: process.stdin })) {
    console.log(JSON.stringify(await tasks[word]() ?? null));
  }
}

async function talk(connection: Connection, i: number): Promise<number> {
  const buffer = new Uint8Array(LENGTH);
  for (let round = 0; round < ROUNDS; round++) {
    const message = Uint8Array.from({ length: LENGTH }, (_, at) => i + round + at);
    await connection.write(message);
    for (let length = 0; length < LENGTH;) {
      const n = await connection.read(buffer.subarray(length));
      assert.ok(n > 0);
      length += n;
    }
    assert.ok(buffer.every((byte, at) => byte === message[at]));
  }
  return ROUNDS * LENGTH;
}

interface Used {
  descriptors: number;
  heap: number;
  resident: number;
}

async function used(): Promise<Used> {
  await gc();
  const { heapUsed: heap, rss: resident } = process.memoryUsage();
  return { descriptors: openDescriptors().length, heap, resident };
}
