import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import process from "node:process";
import { buffer, text } from "node:stream/consumers";
import { promisify } from "node:util";
import { testNeeding, turns, withoutLeaks } from "@posixly/testing";
import { test } from "uvu";
import {
  bind,
  type Connection,
  connectTcp,
  connectUnix,
  type Listener,
  listenSeqpacket,
  listenTcp,
  listenUnix,
  localAddress,
  setOptions,
  socket,
  udp,
  unixDatagram,
} from "@posixly/socket";
import { printed } from "./printed_fixture.ts";

const run = promisify(execFile);
const encode = (text: string) => new TextEncoder().encode(text);
const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

const folder = mkdtempSync("/tmp/posixly-comfort-");
test.after(() => rmSync(folder, { recursive: true }));

let names = 0;
const fresh = () => `${folder}/${names++}`;

const portOf = (of: { localAddress: object }) => (of.localAddress as { port: number }).port;
const some = Uint8Array.from({ length: 1_000_000 }, (_, i) => i % 251);

/** Echoes what each connection says, until the listener is closed. */
async function echo(listener: Listener): Promise<void> {
  for await (const connection of listener) {
    (async () => {
      using _ = connection;
      for await (const chunk of connection) await connection.write(chunk);
    })();
  }
}

/** Sends much and hears it all back. */
async function isEchoed(connection: Connection): Promise<void> {
  const writing = connection.write(some).then(() => connection.end());
  assert.ok(Buffer.from(await connection.readAll()).equals(some));
  await writing;
}

async function stop(child: ChildProcess): Promise<void> {
  child.kill();
  if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
}

testNeeding(
  "socat",
  "socat as a client: much there and back, over TCP and unix",
  () =>
    withoutLeaks(async () => {
      const path = fresh();
      const name = fresh();
      const listeners: [Listener, (listener: Listener) => string][] = [
        [listenTcp("127.0.0.1:0"), (listener) => `TCP4:127.0.0.1:${portOf(listener)}`],
        [listenTcp("[::1]:0"), (listener) => `TCP6:[::1]:${portOf(listener)}`],
        [listenUnix(path), () => `UNIX-CONNECT:${path}`],
        [listenUnix(`unix:@${name}`), () => `ABSTRACT-CONNECT:${name}`],
      ];
      for (const [listener, address] of listeners) {
        const serving = echo(listener);
        const child = spawn("socat", ["-t20", "-", address(listener)], {
          stdio: ["pipe", "pipe", "inherit"],
        });
        const heard = buffer(child.stdout);
        child.stdin.end(some);
        assert.ok((await heard).equals(some));
        listener.close();
        await serving;
      }
    }),
);

testNeeding(
  "socat",
  "socat as a server: much there and back, over TCP and unix",
  () =>
    withoutLeaks(async () => {
      const name = fresh();
      const addresses = {
        "TCP4-LISTEN:0,bind=127.0.0.1": "",
        "TCP6-LISTEN:0,bind=[::1]": "",
        [`UNIX-LISTEN:${name}`]: `unix:${name}`,
        [`ABSTRACT-LISTEN:${name}`]: `unix:@${name}`,
      };
      for (const [theirs, ours] of Object.entries(addresses)) {
        const child = spawn("socat", ["-dd", "-t20", theirs, "EXEC:cat"], {
          stdio: ["ignore", "ignore", "pipe"],
        });
        const [, address] = await printed(child.stderr, /listening on AF=\d+ (.+)\n/);
        using connection = await (ours === "" ? connectTcp(address) : connectUnix(ours));
        await isEchoed(connection);
        if (child.exitCode === null) await once(child, "exit");
        assert.equal(child.exitCode, 0);
      }
    }),
);

testNeeding(
  "socat",
  "socat sends and answers messages, over UDP and unix",
  () =>
    withoutLeaks(async () => {
      const ours = fresh();
      const theirs = fresh();
      using server = udp("127.0.0.1:0");
      using local = unixDatagram(ours);
      for (
        const [each, address] of [
          [server, `UDP4:127.0.0.1:${portOf(server)}`],
          [local, `UNIX-SENDTO:${ours},bind=${theirs}`],
        ] as const
      ) {
        const child = spawn("socat", ["-t20", "-", address], {
          stdio: ["pipe", "pipe", "inherit"],
        });
        child.stdin.write("question");
        const { bytes, from } = await each.receive();
        assert.equal(decode(bytes), "question");
        await each.send(encode("answer"), from!);
        const [answer] = await once(child.stdout, "data");
        assert.equal(String(answer), "answer");
        await stop(child);
      }
    }),
);

/** Answers one request after the other with what was asked for, as HTTP/1.1 has it. */
async function serveHttp(connection: Connection): Promise<void> {
  using _ = connection;
  let seen = "";
  for await (const chunk of connection) {
    seen += decode(chunk);
    for (let end; (end = seen.indexOf("\r\n\r\n")) !== -1; seen = seen.slice(end + 4)) {
      const body = `you asked for ${seen.split(" ")[1]}\n`;
      await connection.write(encode(
        `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\nContent-Type: text/plain\r\n\r\n` +
          body,
      ));
    }
  }
}

testNeeding(
  "curl",
  "curl gets pages from a server of ours, several by one connection",
  () =>
    withoutLeaks(async () => {
      const path = fresh();
      const name = fresh();
      const listeners: [Listener, (listener: Listener) => string[]][] = [
        [listenTcp("127.0.0.1:0"), (it) => [`http://127.0.0.1:${portOf(it)}`]],
        [listenTcp("[::1]:0"), (it) => [`http://[::1]:${portOf(it)}`]],
        [listenUnix(path), () => ["http://local", "--unix-socket", path]],
        [listenUnix(`unix:@${name}`), () => ["http://local", "--abstract-unix-socket", name]],
      ];
      for (const [listener, how] of listeners) {
        let connections = 0;
        const serving = (async () => {
          for await (const connection of listener) {
            connections++;
            serveHttp(connection);
          }
        })();
        const [base, ...options] = how(listener);
        const pages = [`${base}/one`, `${base}/two`, `${base}/three`];
        const { stdout } = await run("curl", ["-sS", "--max-time", "20", ...options, ...pages]);
        assert.equal(stdout, "you asked for /one\nyou asked for /two\nyou asked for /three\n");
        if (listener.localAddress.family !== "unix") assert.equal(connections, 1);
        listener.close();
        await serving;
      }
    }),
);

testNeeding("nginx", "a page of nginx, over TCP and unix", () =>
  withoutLeaks(async () => {
    // Nobody else can take the port, and nginx can join.
    using holder = socket("ipv4", "stream");
    setOptions(holder, { reusePort: true });
    bind(holder, "127.0.0.1:0");
    const { port } = localAddress(holder) as { port: number };
    const path = `${folder}/nginx.sock`;
    writeFileSync(
      `${folder}/nginx.conf`,
      `
      daemon off;
      master_process off;
      pid ${folder}/nginx.pid;
      error_log stderr;
      events {}
      http {
        access_log off;
        client_body_temp_path ${folder}/body;
        proxy_temp_path ${folder}/proxy;
        fastcgi_temp_path ${folder}/fastcgi;
        uwsgi_temp_path ${folder}/uwsgi;
        scgi_temp_path ${folder}/scgi;
        server {
          listen 127.0.0.1:${port} reuseport;
          listen unix:${path};
          location / { return 200 "hello from nginx, $request_method $uri\\n"; }
        }
      }`,
    );
    const env = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin` };
    const child = spawn("nginx", ["-e", "stderr", "-p", folder, "-c", `${folder}/nginx.conf`], {
      env,
      stdio: ["ignore", "ignore", "ignore"],
    });
    const ways = [() => connectTcp(`127.0.0.1:${port}`), () => connectUnix(path)];
    for (const way of ways) {
      using connection = await whenItListens(child, way);
      await connection.write(encode("GET /page HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"));
      const [head, body] = decode(await connection.readAll()).split("\r\n\r\n");
      assert.match(head, /^HTTP\/1\.1 200 OK\r\nServer: nginx/);
      assert.equal(body, "hello from nginx, GET /page\n");
    }
    await stop(child);
  }));

/** Connects as soon as somebody listens, unless the program has ended. */
async function whenItListens(
  child: ChildProcess,
  connect: () => Promise<Connection>,
): Promise<Connection> {
  for (;;) {
    try {
      return await connect();
    } catch (error) {
      if (child.exitCode !== null) throw error;
      await turns(1);
    }
  }
}

/** An echo by asyncio, at a path or a port, or somebody who talks to one. */
const asyncio = `
import asyncio, json, sys
role, place = sys.argv[1], json.loads(sys.argv[2])
some = bytes(i % 251 for i in range(1_000_000))

async def talk(reader, writer):
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.close()

async def serve():
    if isinstance(place, str):
        server = await asyncio.start_unix_server(talk, place)
        print(json.dumps(place), flush=True)
    else:
        server = await asyncio.start_server(talk, "127.0.0.1", 0)
        print(server.sockets[0].getsockname()[1], flush=True)
    async with server:
        await server.serve_forever()

async def ask():
    if isinstance(place, str):
        reader, writer = await asyncio.open_unix_connection(place)
    else:
        reader, writer = await asyncio.open_connection("127.0.0.1", place)
    writer.write(some)
    writer.write_eof()
    print((await reader.read()) == some)

asyncio.run(serve() if role == "server" else ask())
`;

testNeeding(
  "python3",
  "asyncio as a client: much there and back, over TCP and unix",
  () =>
    withoutLeaks(async () => {
      const path = fresh();
      for (const listener of [listenTcp("127.0.0.1:0"), listenUnix(path)]) {
        const serving = echo(listener);
        const { family } = listener.localAddress;
        const place = JSON.stringify(family === "unix" ? path : portOf(listener));
        const { stdout } = await run("python3", ["-c", asyncio, "client", place]);
        assert.equal(stdout, "True\n");
        listener.close();
        await serving;
      }
    }),
);

testNeeding(
  "python3",
  "asyncio as a server: much there and back, over TCP and unix",
  () =>
    withoutLeaks(async () => {
      for (const place of [0, fresh()]) {
        const args = ["-c", asyncio, "server", JSON.stringify(place)];
        const child = spawn("python3", args, { stdio: ["ignore", "pipe", "inherit"] });
        const [line] = await printed(child.stdout, /.+\n/);
        const where = JSON.parse(line);
        for (let i = 0; i < 3; i++) {
          using connection = await (typeof where === "string"
            ? connectUnix(where)
            : connectTcp({ host: "127.0.0.1", port: where }));
          await isEchoed(connection);
        }
        await stop(child);
      }
    }),
);

testNeeding(
  "python3",
  "python receives and sends over seqpacket, each message as it was",
  () =>
    withoutLeaks(async () => {
      const path = fresh();
      using listener = listenSeqpacket(path);
      const script = `
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
s.connect(sys.argv[1])
while message := s.recv(1000):
    s.send(message + message)
`;
      const child = spawn("python3", ["-c", script, path], { stdio: "inherit" });
      using connection = await listener.accept();
      const lengths = [1, 10, 499];
      for (const length of lengths) await connection.send(new Uint8Array(length));
      await connection.end();
      const received: number[] = [];
      for await (const message of connection) received.push(message.length);
      assert.deepEqual(received, lengths.map((length) => length * 2));
      if (child.exitCode === null) await once(child, "exit");
      assert.equal(child.exitCode, 0);
    }),
);

testNeeding("ss", "ss sees what listens, and with which queue", () =>
  withoutLeaks(async () => {
    using tcp = listenTcp("127.0.0.1:0", { backlog: 17 });
    const { stdout } = await run("ss", ["-Hltnp", `sport = :${portOf(tcp)}`]);
    const [state, waiting, room, address] = stdout.trim().split(/\s+/);
    assert.deepEqual([state, waiting, room], ["LISTEN", "0", "17"]);
    assert.equal(address, `127.0.0.1:${portOf(tcp)}`);
    assert.match(stdout, new RegExp(`pid=${process.pid},fd=${tcp.fd}\\b`));

    const path = fresh();
    using unix = listenUnix(path, { backlog: 5 });
    using _waiting = await connectUnix(path);
    const seen = await run("ss", ["-Hlx", `src = ${path}`]);
    assert.deepEqual(seen.stdout.trim().split(/\s+/).slice(0, 5), [
      "u_str",
      "LISTEN",
      "1",
      "5",
      path,
    ]);
    using other = listenSeqpacket(fresh());
    const { path: name } = other.localAddress as { path: string };
    assert.match((await run("ss", ["-Hlx", `src = ${name}`])).stdout, /^u_seq\s+LISTEN/);
    unix.close();
    assert.equal((await run("ss", ["-Hlx", `src = ${path}`])).stdout, "");
  }));

testNeeding(
  "logger",
  "what logger writes to the system's log arrives",
  () =>
    withoutLeaks(async () => {
      const path = fresh();
      using log = unixDatagram(path);
      const options = ["-u", path, "--socket-errors=on", "-t", "example", "-p", "user.warning"];
      const logged = run("logger", [...options, "--", "something", "is", "odd"]);
      const { bytes } = await log.receive({ timeout: 20_000 });
      await logged;
      assert.match(decode(bytes), /^<12>.* example(\[\d+\])?: something is odd$/);
    }),
);

testNeeding(
  "systemd-notify",
  "what a service tells its manager arrives",
  () =>
    withoutLeaks(async () => {
      const path = fresh();
      using manager = unixDatagram(path);
      const env = { ...process.env, NOTIFY_SOCKET: path };
      const told = run("systemd-notify", ["--ready", "--status=at work"], { env });
      const { bytes } = await manager.receive({ timeout: 20_000 });
      assert.deepEqual(decode(bytes).split("\n").slice(0, 2), ["READY=1", "STATUS=at work"]);
      // It waits until the descriptor is closed that comes with the second message.
      assert.match(decode((await manager.receive({ timeout: 20_000 })).bytes), /^BARRIER=1/);
      await told;
    }),
);

testNeeding(
  "curl",
  "a client of ours and curl see the same page of a server of Node",
  () =>
    withoutLeaks(async () => {
      const { createServer } = await import("node:http");
      const server = createServer((_, response) => response.end("the same"));
      server.listen(0, "127.0.0.1");
      await once(server, "listening");
      const { port } = server.address() as { port: number };
      const { stdout } = await run("curl", ["-sS", `http://127.0.0.1:${port}/`]);
      using connection = await connectTcp({ host: "127.0.0.1", port });
      await connection.write(encode("GET / HTTP/1.0\r\n\r\n"));
      const [, body] = (await text(connection.readable())).split("\r\n\r\n");
      assert.equal(body, stdout);
      server.close();
      await once(server, "close");
    }),
);

test.run();
