import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { createServer as createHttpServer, get } from "node:http";
import { connect, createServer, type Server, type Socket as NodeSocket } from "node:net";
import { buffer, text } from "node:stream/consumers";
import { getFlags } from "@posixly/fd";
import { runFresh, turns, withoutLeaks } from "@posixly/testing";
import { test } from "uvu";
import {
  Connection,
  connectionPair,
  connectTcp,
  connectUnix,
  duplicateNodeSocket,
  fromNodeSocket,
  getOption,
  type HostAndPort,
  type Listener,
  listenSeqpacket,
  listenTcp,
  listenUnix,
  type Socket,
  socketPair,
  toNodeServer,
  toNodeSocket,
} from "@posixly/socket";

const folder = mkdtempSync("/tmp/posixly-node-");
test.after(() => rmSync(folder, { recursive: true }));

let names = 0;
const fresh = () => `${folder}/${names++}`;

const closed = { message: /was closed$/ };

/** How two ends may have come to be connected, both of them ours. */
const ours: Record<string, () => Promise<[Connection, Connection]>> = {
  async tcp() {
    using listener = listenTcp("127.0.0.1:0");
    return [await connectTcp(listener.localAddress), await listener.accept()];
  },
  async unix() {
    using listener = listenUnix(fresh());
    return [await connectUnix(listener.localAddress), await listener.accept()];
  },
  pair() {
    const { first, second } = connectionPair();
    return Promise.resolve([first, second]);
  },
};

/** The same, both of them Node's: the one that has connected, and the one that was accepted. */
const theirs: Record<string, () => Promise<[NodeSocket, NodeSocket]>> = {
  async tcp() {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    return await meet(server, connect((server.address() as { port: number }).port, "127.0.0.1"));
  },
  async unix() {
    const path = fresh();
    const server = createServer().listen(path);
    await once(server, "listening");
    return await meet(server, connect(path));
  },
};

async function meet(server: Server, client: NodeSocket): Promise<[NodeSocket, NodeSocket]> {
  const [[served]] = await Promise.all([once(server, "connection"), once(client, "connect")]);
  server.close();
  return [client, served];
}

const some = Uint8Array.from({ length: 500_000 }, (_, i) => i % 251);

for (const [kind, connected] of Object.entries(ours)) {
  test(`${kind}: as a net.Socket it sends and receives, and belongs to that`, () =>
    withoutLeaks(async () => {
      const [first, second] = await connected();
      const reading = assert.rejects(first.read(new Uint8Array(1)), closed);
      await turns();
      const socket = toNodeSocket(first, { allowHalfOpen: true });
      await reading;
      assert.ok(first.closed);
      assert.throws(() => toNodeSocket(first), closed);
      socket.end(Buffer.from(some));
      assert.ok(Buffer.from(await second.readAll()).equals(some));
      const received = buffer(socket);
      await second.write(some);
      second.close();
      assert.ok((await received).equals(some));
      socket.destroy();
      await once(socket, "close");
    }));

  test(`${kind}: what was a connection, and a net.Socket, is a connection again`, () =>
    withoutLeaks(async () => {
      const [first, second] = await connected();
      using _second = second;
      const { connection, head } = fromNodeSocket(toNodeSocket(first));
      using _connection = connection;
      assert.equal(head.length, 0);
      assert.ok(getFlags(connection).closeOnExec);
      await connection.write(new Uint8Array(3));
      await connection.end();
      assert.equal((await second.readAll()).length, 3);
      await second.write(new Uint8Array(4));
      await second.end();
      assert.equal((await connection.readAll()).length, 4);
    }));
}

test("a net.Socket is none of what it cannot be, and the owner keeps it", () =>
  withoutLeaks(async () => {
    using pair = socketPair("seqpacket");
    using connection = new Connection(pair.first.release());
    assert.throws(() => toNodeSocket(connection), { code: "ERR_INVALID_FD_TYPE" });
    assert.ok(!connection.closed);
    assert.throws(() => toNodeSocket(connection, { half: true } as object), TypeError);

    using listener = listenSeqpacket(fresh()) as Socket as Listener;
    const server = toNodeServer(listener);
    await once(server, "error");
    assert.ok(!listener.closed);
  }));

for (const [kind, connected] of Object.entries(theirs)) {
  test(`${kind}: a net.Socket is taken over at either end, and no byte is lost`, () =>
    withoutLeaks(async () => {
      for (let round = 0; round < 20; round++) {
        const [client, served] = await connected();
        const [from, to] = round % 2 ? [client, served] : [served, client];
        const gone = once(to, "close");
        from.end(Buffer.from(some));
        await turns(round);
        const { connection, head } = fromNodeSocket(to);
        assert.ok(to.destroyed);
        const rest = await connection.readAll();
        assert.ok(Buffer.concat([head, rest]).equals(some));
        const answer = text(from);
        await connection.write(new TextEncoder().encode("thanks"));
        connection.close();
        await gone;
        if (!from.destroyed) assert.equal(await answer, "thanks");
        else await answer.catch(() => {});
        from.destroy();
      }
    }));

  test(`${kind}: a net.Socket that is not ready for it is not taken over, and stays as it is`, () =>
    withoutLeaks(async () => {
      const [client, served] = await connected();
      client.write(Buffer.alloc(50_000_000));
      assert.throws(() => fromNodeSocket(client), { message: /still writing$/ });
      served.resume();
      await once(client, "drain");
      while (client.writableLength > 0) await turns(1);
      served.pause();
      served.setEncoding("utf8");
      assert.throws(() => fromNodeSocket(served), { message: /was given an encoding$/ });
      client.destroy();
      served.destroy();
      assert.throws(() => fromNodeSocket(client), { message: /was closed$/ });
    }));

  test(`${kind}: a net.Socket is taken over for what node:net does not know`, () =>
    withoutLeaks(async () => {
      const [client, served] = await connected();
      const { connection } = fromNodeSocket(client);
      using _ = connection;
      assert.equal(getOption(connection, "domain"), kind === "tcp" ? "ipv4" : "unix");
      served.destroy();
    }));
}

test("a duplicate of a net.Socket is the same connection, which goes on as before", () =>
  withoutLeaks(async () => {
    for (const connected of Object.values(theirs)) {
      const [client, served] = await connected();
      const received = text(served);
      {
        using same = new Connection(duplicateNodeSocket(client).release());
        assert.ok(getFlags(same).closeOnExec);
        await same.write(new TextEncoder().encode("from here, "));
      }
      client.end("and from there");
      assert.equal(await received, "from here, and from there");
      served.end();
      await once(client, "close");
      assert.throws(() => duplicateNodeSocket(client), { message: /tells no descriptor$/ });
    }
  }));

test("one that still connects is not taken over", async () => {
  using listener = listenTcp("127.0.0.1:0");
  const client = connect((listener.localAddress as HostAndPort).port, "127.0.0.1");
  assert.throws(() => fromNodeSocket(client), { message: /still connecting$/ });
  await once(client, "connect");
  client.destroy();
});

test("one that was encrypted is not taken over", async () => {
  const { TLSSocket } = await import("node:tls");
  const [first, second] = await ours.tcp();
  const socket = new TLSSocket(toNodeSocket(first));
  assert.throws(() => fromNodeSocket(socket), { message: /encrypted by TLS$/ });
  socket.destroy();
  second.close();
});

test("a listener becomes a server of node:net", () =>
  withoutLeaks(async () => {
    for (const listener of [listenTcp("127.0.0.1:0"), listenUnix(fresh())]) {
      const address = listener.localAddress;
      const server = toNodeServer(listener);
      assert.ok(listener.closed);
      await once(server, "listening");
      server.on("connection", (socket) => socket.pipe(socket));
      using client = address.family === "unix"
        ? await connectUnix(address)
        : await connectTcp(address);
      const writing = client.write(some).then(() => client.end());
      assert.ok(Buffer.from(await client.readAll()).equals(some));
      await writing;
      client.close();
      server.close();
      await once(server, "close");
      if (address.family === "unix") assert.ok(existsSync(address.path as string));
    }
  }));

test("a listener becomes a server of node:http", () =>
  withoutLeaks(async () => {
    const path = fresh();
    const server = toNodeServer(
      listenUnix(path),
      createHttpServer((request, response) => response.end(`you asked for ${request.url}`)),
    );
    await once(server, "listening");
    const [response] = await once(get({ socketPath: path, path: "/it", agent: false }), "response");
    assert.equal(await text(response), "you asked for /it");
    server.close();
    await once(server, "close");
  }));

test("nothing but the right to call C is asked for", async () => {
  const { stdout, stderr } = await runFresh(
    `
    import { text } from "node:stream/consumers";
    import { connectionPair, fromNodeSocket, toNodeSocket } from "@posixly/socket";
    const { first, second } = connectionPair();
    await second.write(new TextEncoder().encode("hello"));
    second.close();
    const socket = toNodeSocket(first);
    console.log(await text(socket));
    const other = connectionPair();
    fromNodeSocket(toNodeSocket(other.first)).connection.close();
    other.second.close();
  `,
    { confined: true },
  );
  assert.deepEqual([stdout, stderr], ["hello\n", ""]);
});

test.run();
