/**
 * Proves that a server forgets its clients, be it `serveStatic` or one of node:http that calls
 * `sendFile`: a hundred thousand requests come, whole and in pieces, one by one and many together,
 * with ranges and conditions, and many clients leave in the middle. What arrives is right as far as
 * it goes; and in the end the descriptors, the memory and the connections are back where they were.
 * Then 5 GiB are sent, and compared byte by byte.
 *
 * Run by `npm run stress`, in every runtime.
 */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import process from "node:process";
import { type AddressLike, type Connection, connectTcp } from "@posixly/socket";
import { gc, openDescriptors, openedSince, randomFrom } from "@posixly/testing";
import { sendFile, serveStatic } from "@posixly/zerocopy/http";

const REQUESTS = 100_000;
const CLIENTS = 50;
/** What a runtime's own heap may have grown by. */
const SLACK = 128 << 20;

const choose = randomFrom(Number(process.argv[2] ?? 1));

const folder = mkdtempSync("/var/tmp/posixly-stress-");
const bytes = Buffer.from(Uint8Array.from({ length: 4_000_000 }, (_, i) => (i * 7) % 251));
const files = [0, 1, 100, 4096, 30_000, 32_768, 70_000, 300_000, 4_000_000].map((length, i) => {
  const content = bytes.subarray(i, i + length);
  writeFileSync(`${folder}/${i}.bin`, content);
  return content;
});

let fared: Record<string, number>;
function fares(how: string): void {
  fared[how] = (fared[how] ?? 0) + 1;
}

/** What is visited. */
interface Site {
  readonly address: AddressLike;
  readonly url?: string;
  /** How many connections there are, and how many requests there were. */
  readonly stats: { readonly connections: number; readonly requests: number };
  close(): Promise<unknown>;
}

function ours(): Site {
  return serveStatic(folder, {
    chunk: 100_000,
    onFinish: ({ end, status }) => fares(`${end} ${status}`),
  });
}

async function nodes(): Promise<Site> {
  const stats = { connections: 0, requests: 0 };
  const server = createServer(async (request, response) => {
    stats.requests++;
    const options = { root: folder, chunk: 100_000 };
    const { isComplete, status } = await sendFile(response, request.url!.slice(1), options);
    fares(`${isComplete ? "done" : "aborted"} ${status}`);
  });
  server.on("connection", (socket) => {
    stats.connections++;
    socket.on("close", () => stats.connections--);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const close = () => new Promise((resolve) => server.close(resolve));
  return { address: `127.0.0.1:${port}`, url: `http://127.0.0.1:${port}/`, stats, close };
}

/** Something to ask for, and what is to come of it: how many bytes to read, and which they are. */
interface Question {
  readonly words: string;
  readonly status: number;
  readonly body: Buffer;
}

function question(): Question {
  const i = choose(choose(8) === 0 ? files.length : files.length - 2);
  const content = files[i];
  const asking = (path: string, more = "") => `GET ${path} HTTP/1.1\r\nHost: a\r\n${more}\r\n`;
  const kind = choose(10);
  if (kind === 0) return { words: asking("/none"), status: 404, body: Buffer.from("Not found\n") };
  if (kind < 4 && content.length > 0) {
    const from = choose(content.length);
    const to = from + choose(content.length - from);
    const words = asking(`/${i}.bin`, `Range: bytes=${from}-${to}\r\n`);
    return { words, status: 206, body: content.subarray(from, to + 1) };
  }
  return { words: asking(`/${i}.bin`), status: 200, body: content };
}

/** Reads what a server says. */
class Answers {
  readonly #connection: Connection;
  readonly #room = Buffer.alloc(65_536);
  #kept = this.#room.subarray(0, 0);

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** The next head. */
  async head(): Promise<string> {
    for (;;) {
      const end = this.#kept.indexOf("\r\n\r\n");
      if (end >= 0) {
        const head = this.#kept.toString("latin1", 0, end);
        this.#kept = this.#kept.subarray(end + 4);
        return head;
      }
      const rest = Buffer.from(this.#kept);
      rest.copy(this.#room);
      const n = await this.#connection.read(this.#room.subarray(rest.length), { timeout: 60_000 });
      assert.ok(n > 0, "it has left");
      this.#kept = this.#room.subarray(0, rest.length + n);
    }
  }

  /** Compares what comes next. */
  async expect(bytes: Buffer): Promise<void> {
    for (let at = 0; at < bytes.length;) {
      if (this.#kept.length === 0) {
        const n = await this.#connection.read(this.#room, { timeout: 60_000 });
        assert.ok(n > 0, "it has left");
        this.#kept = this.#room.subarray(0, n);
      }
      const n = Math.min(this.#kept.length, bytes.length - at);
      assert.ok(this.#kept.subarray(0, n).equals(bytes.subarray(at, at + n)));
      this.#kept = this.#kept.subarray(n);
      at += n;
    }
  }
}

let server: Site;
let asked = 0;

/** Asks on one connection, and leaves it as it likes. */
async function visit(requests: number): Promise<void> {
  using connection = await connectTcp(server.address);
  const answers = new Answers(connection);
  while (asked < requests) {
    const questions = Array.from({ length: 1 + choose(4) }, question);
    asked += questions.length;
    await connection.write(Buffer.from(questions.map(({ words }) => words).join("")));
    const leaves = choose(10) === 0 ? choose(questions.length) : -1;
    for (const [i, { status, body }] of questions.entries()) {
      const head = await answers.head();
      assert.equal(Number(head.slice(9, 12)), status, head);
      await answers.expect(i === leaves ? body.subarray(0, choose(body.length + 1)) : body);
      if (i !== leaves) continue;
      if (choose(2) === 0) connection.reset();
      return;
    }
    if (choose(20) === 0) return;
  }
}

async function round(requests: number): Promise<void> {
  asked = 0;
  await Promise.all(Array.from({ length: CLIENTS }, async () => {
    while (asked < requests) await visit(requests);
  }));
  while (server.stats.connections > 0) await new Promise((resolve) => setImmediate(resolve));
  await gc();
  await gc();
}

const giant = `${folder}/giant.bin`;
writeFileSync(giant, bytes);
truncateSync(giant, 5 * 2 ** 30);

for (const start of [ours, nodes]) {
  fared = {};
  server = await start();
  await prove(start.name);
  await server.close();
}
rmSync(folder, { recursive: true });

async function prove(name: string): Promise<void> {
  await round(REQUESTS / 10); // so that the runtime has grown to its size
  const before = { resident: process.memoryUsage().rss, open: openDescriptors() };
  const began = performance.now();
  await round(REQUESTS);
  const seconds = (performance.now() - began) / 1000;
  const grown = process.memoryUsage().rss - before.resident;
  const outside = (line: string) => !line.includes(folder); // files rest for a second
  const opened = (await openedSince(before.open)).filter(outside);
  console.log(
    `${name}: ${server.stats.requests} requests in all, ${Math.round(REQUESTS / seconds)} a ` +
      `second, clients included: ${JSON.stringify(fared)}; ${
        (grown / 2 ** 20).toFixed(1)
      } MiB more resident, ` +
      `${opened.length} descriptors more`,
  );
  assert.ok(Object.keys(fared).every((how) => /^(done|aborted) (200|206|404)$/.test(how)));
  assert.ok(Object.keys(fared).some((how) => how.startsWith("aborted")));
  assert.deepEqual(opened, []);
  assert.ok(grown < SLACK, "memory was kept");

  const comparing = spawn(
    "sh",
    ["-c", 'curl -sS "$0" | cmp - "$1"', `${server.url}giant.bin`, giant],
    { stdio: "inherit" },
  );
  assert.deepEqual(await once(comparing, "exit"), [0, null]);
  console.log("5 GiB are as they were");
}
