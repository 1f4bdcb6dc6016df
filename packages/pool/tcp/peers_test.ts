import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import type { Socket } from "node:net";
import { createInterface } from "node:readline";
import { testNeeding, turns, withoutLeaks } from "@posixly/testing";
import { test } from "uvu";
import { type Connection, type HostAndPort, listenTcp } from "@posixly/socket";
import { nginx } from "./nginx_fixture.ts";
import { watchNodeSocket } from "./node_socket.ts";
import { nodeSockets } from "./node_sockets.ts";
import { TcpPool } from "./tcp_pool.ts";
import type { Transport } from "./transport.ts";

/** Keeps the program alive, which connections at rest do not, until something has happened. */
async function awaited<T>(happening: Promise<T>): Promise<T> {
  const holding = setInterval(() => {}, 1000);
  return await happening.finally(() => clearInterval(holding));
}

/** Resolves when so many connections were closed. */
function closed<T extends object>(pool: TcpPool<T>, count: number): Promise<string[]> {
  const reasons: string[] = [];
  return awaited(
    new Promise((resolve) => {
      const stop = pool.on("destroyed", ({ reason }) => {
        if (reasons.push(reason) < count) return;
        stop();
        resolve(reasons);
      });
    }),
  );
}

const request = new TextEncoder().encode("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");

/** Asks nginx, and reads all that it answers: the numbers of the connection and of the request. */
async function ask(connection: Connection): Promise<[connection: number, request: number]> {
  await connection.write(request);
  let text = "";
  for await (const chunk of connection.chunks()) {
    text += new TextDecoder().decode(chunk);
    const parts = /Content-Length: (\d+)\r\n[^]*?\r\n\r\n(.*)/.exec(text);
    if (parts !== null && parts[2].length === Number(parts[1])) {
      return parts[2].split(" ").map(Number) as [number, number];
    }
  }
  throw new Error(`nginx has ended after ${JSON.stringify(text)}`);
}

testNeeding(
  "nginx",
  "nginx gets all requests by one connection, as long as it allows it",
  () =>
    withoutLeaks(async () => {
      const server = await nginx("keepalive_requests 7;");
      const pool = new TcpPool();
      const to = { host: "127.0.0.1", port: server.port };
      const seen: [number, number][] = [];
      for (let i = 0; i < 70; i++) seen.push(await pool.use(to, ask));
      assert.deepEqual(seen.map(([, request]) => request), seen.map((_, i) => i % 7 + 1));
      assert.equal(new Set(seen.map(([connection]) => connection)).size, 10);
      await pool.close();
      await server.stop();
    }),
);

testNeeding(
  "nginx",
  "when nginx gives up connections at rest, they leave by themselves",
  () =>
    withoutLeaks(async () => {
      const server = await nginx("keepalive_timeout 300ms;");
      const pool = new TcpPool({ max: 20 });
      const to = { host: "127.0.0.1", port: server.port };
      await Promise.all(Array.from({ length: 20 }, () => pool.use(to, ask)));
      const { size } = pool.stats;
      assert.ok(size > 0);
      assert.deepEqual(await closed(pool, size), Array(size).fill("invalid"));
      await pool.use(to, ask);
      await pool.close();
      await server.stop();
    }),
);

testNeeding(
  "nginx",
  "when nginx is killed, no connection to it stays",
  () =>
    withoutLeaks(async () => {
      const server = await nginx();
      const pool = new TcpPool({ max: 20 });
      const to = { host: "127.0.0.1", port: server.port };
      await Promise.all(Array.from({ length: 20 }, () => pool.use(to, ask)));
      const gone = closed(pool, pool.stats.size);
      await server.stop();
      await gone;
      assert.equal(pool.stats.size, 0);
      await assert.rejects(pool.use(to, ask), { code: "ECONNREFUSED" });
      await pool.close();
    }),
);

/** A program that prints the port at which it listens. */
async function listeningProgram(
  name: string,
  args: string[],
): Promise<{ child: ChildProcess; port: number }> {
  const child = spawn(name, args, { stdio: ["pipe", "pipe", "pipe"] });
  const lines = createInterface({ input: child.stdout! });
  const [line] = await once(lines, "line");
  return { child, port: Number(line) };
}

async function stop(child: ChildProcess): Promise<void> {
  child.kill();
  await once(child, "close");
}

/** A server of lines: it answers each by the same in capitals, and does as some of them say. */
const python = `
import socketserver, sys

class Handler(socketserver.StreamRequestHandler):
    def handle(self):
        for line in self.rfile:
            word = line.decode().strip()
            self.wfile.write(word.upper().encode() + b"\\n")
            if word == "last":
                return
            if word == "news":
                self.wfile.write(b"unasked for\\n")

socketserver.ThreadingTCPServer.daemon_threads = True
with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
    print(server.server_address[1], flush=True)
    server.serve_forever()
`;

/** A client that somebody else has written: it knows nothing of pools. */
class Client {
  readonly socket: Socket;
  readonly #lines;

  constructor(socket: Socket) {
    this.socket = socket;
    this.#lines = createInterface({ input: socket });
  }

  async ask(word: string): Promise<string> {
    const answer = once(this.#lines, "line");
    this.socket.write(`${word}\n`);
    return (await answer)[0];
  }
}

const sockets = nodeSockets();
const clients: Transport<Client> = {
  connect: async (to, signal) => new Client(await sockets.connect(to, signal)),
  close: (client) => void client.socket.destroy(),
  watch: (client, onEvent) => watchNodeSocket(client.socket, onEvent),
  isIntact: (client, after) => sockets.isIntact!(client.socket, after),
};

testNeeding(
  "python3",
  "clients of any kind are pooled, and leave when their server says so",
  () =>
    withoutLeaks(async () => {
      const { child, port } = await listeningProgram("python3", ["-u", "-c", python]);
      const pool = new TcpPool({ transport: clients, max: 3 });
      const to = { host: "127.0.0.1", port };
      const words = Array.from({ length: 30 }, (_, i) => `word ${i}`);
      const answers = await Promise.all(words.map((word) => pool.use(to, (c) => c.ask(word))));
      assert.deepEqual(answers, words.map((word) => word.toUpperCase()));
      assert.equal(pool.stats.created, 3);

      for (const word of ["last", "news"]) {
        const { size } = pool.stats;
        const gone = closed(pool, 1);
        assert.equal(await pool.use(to, (client) => client.ask(word)), word.toUpperCase());
        await gone;
        assert.equal(pool.stats.size, size - 1);
      }
      await pool.close();
      await stop(child);
    }),
);

testNeeding(
  "socat",
  "socat answers through a pool, and is noticed when it is gone",
  () =>
    withoutLeaks(async () => {
      // It says where it listens, as one of its notices.
      const child = spawn("socat", ["-d", "-d", "TCP-LISTEN:0,bind=127.0.0.1,fork", "EXEC:cat"], {
        stdio: ["ignore", "ignore", "pipe"],
      });
      let port = 0;
      for await (const line of createInterface({ input: child.stderr })) {
        port = Number(/listening on .*:(\d+)$/.exec(line)?.[1] ?? 0);
        if (port > 0) break;
      }
      child.stderr.resume();
      const pool = new TcpPool();
      const to = `127.0.0.1:${port}`;
      for (const size of [1, 1000, 100_000]) {
        const echo = await pool.use(to, async (connection) => {
          const writing = connection.write(new Uint8Array(size).fill(7));
          let left = size;
          while (left > 0) left -= await connection.read(new Uint8Array(left));
          await writing;
          return left;
        });
        assert.equal(echo, 0);
      }
      assert.equal(pool.stats.created, 1);
      const gone = closed(pool, 1);
      await pool.use(to, async (connection) => {
        // Its child ends with the end of what it reads; what is left in there it never had.
        await connection.end();
        assert.equal((await connection.readAll()).length, 0);
      });
      assert.deepEqual(await gone, ["invalid"]);
      await pool.close();
      await stop(child);
    }),
);

test("many who use a few connections at once get each their own answers", () =>
  withoutLeaks(async () => {
    using listener = listenTcp("127.0.0.1:0");
    const serving = (async () => {
      const talks: Promise<void>[] = [];
      for await (const connection of listener) {
        talks.push((async () => {
          for await (const chunk of connection) await connection.write(chunk);
          connection.close();
        })());
      }
      await Promise.all(talks);
    })();
    const pool = new TcpPool({ max: 4 });
    const to = listener.localAddress as HostAndPort;
    const talk = (i: number) =>
      pool.use(to, async (connection) => {
        const question = new Uint8Array(64).fill(i);
        await connection.write(question);
        const answer = new Uint8Array(64);
        for (let at = 0; at < 64;) at += await connection.read(answer.subarray(at));
        assert.deepEqual(answer, question);
        await turns(1);
      });
    await Promise.all(Array.from({ length: 400 }, (_, i) => talk(i % 256)));
    assert.equal(pool.stats.created, 4);
    await pool.close();
    listener.close();
    await serving;
  }));

test.run();
