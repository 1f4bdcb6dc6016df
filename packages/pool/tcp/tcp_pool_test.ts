import assert from "node:assert/strict";
import { turns, withoutLeaks } from "@posixly/testing";
import { test } from "uvu";
import {
  type Connection,
  getOption,
  type HostAndPort,
  listenTcp,
  send,
  shutdown,
} from "@posixly/socket";
import type { Lease } from "../lease.ts";
import { kinds, type Peer, portOf } from "./peer_fixture.ts";
import { connections } from "./connections.ts";
import { TcpPool } from "./tcp_pool.ts";

/** Resolves with why the next connection is closed. */
function closing(pool: TcpPool<object>): Promise<string> {
  return new Promise((resolve) => {
    const stop = pool.on("destroyed", ({ reason }) => {
      stop();
      resolve(reason);
    });
  });
}

const happenings: Record<string, (peer: Peer) => void> = {
  "was ended": (peer) => peer.close(),
  "was ended on one side": (peer) => peer.halfClose(),
  "was broken off": (peer) => peer.reset(),
  "received what nobody asked for": (peer) => peer.say(new Uint8Array(1)),
};

for (const { name, transport, listen, receive } of kinds) {
  for (const [happened, happen] of Object.entries(happenings)) {
    test(`${name} that ${happened} while it rested leaves by itself, and another is made`, () =>
      withoutLeaks(async () => {
        const host = await listen();
        const pool = new TcpPool({ transport: transport() });
        const first = await pool.acquire(host.to);
        const peer = await host.peer();
        first.release();
        assert.equal(pool.stats.idle, 1);

        // Nobody acquires anything, and nobody looks.
        const holding = setInterval(() => {}, 1000); // one that rests keeps no process alive
        const left = closing(pool);
        happen(peer);
        assert.equal(await left, "invalid");
        clearInterval(holding);
        assert.equal(pool.stats.size, 0);

        const second = await pool.acquire(host.to);
        await host.peer();
        assert.equal(second.uses, 1);
        second.release();
        await pool.close();
        await host.close();
      }));
  }

  test(`${name} is used again and again`, () =>
    withoutLeaks(async () => {
      const host = await listen();
      const pool = new TcpPool({ transport: transport() });
      const values = new Set<unknown>();
      let peer: Peer | undefined;
      for (let i = 0; i < 100; i++) {
        using lease = i % 2 === 0 ? await pool.acquire(host.to) : pool.tryAcquire(host.to)!;
        peer ??= await host.peer();
        peer.say(new Uint8Array(1));
        await receive(lease.value);
        assert.equal(lease.uses, i + 1);
        values.add(lease.value);
      }
      assert.equal(values.size, 1);
      await pool.close();
      await host.close();
    }));
}

/** A pool of one connection, of which both ends are at hand. */
async function rested(options = {}) {
  const listener = listenTcp("127.0.0.1:0");
  const to = listener.localAddress as HostAndPort;
  const pool = new TcpPool(options);
  const lease = await pool.acquire(to);
  const server = await listener.accept();
  return {
    to,
    pool,
    lease,
    server,
    listener,
    async [Symbol.asyncDispose]() {
      listener.close();
      server.close();
      await pool.close();
    },
  };
}

const surprises: Record<string, (server: Connection) => void> = {
  ended: (server) => server.close(),
  "ended on one side": (server) => shutdown(server, "write"),
  "broken off": (server) => server.reset(),
  "sent a byte": (server) => void send(server, new Uint8Array(1)),
};

for (const [happened, happen] of Object.entries(surprises)) {
  test(`what was ${happened} is not handed out, although the event loop does not know yet`, () =>
    withoutLeaks(async () => {
      await using one = await rested();
      one.lease.release();
      happen(one.server);
      assert.equal(one.pool.tryAcquire(one.to), null);
      assert.equal(one.pool.stats.invalid, 1);
    }));

  test(`what was ${happened} while it was used is not kept`, () =>
    withoutLeaks(async () => {
      await using one = await rested();
      happen(one.server);
      one.lease.release();
      assert.equal(one.pool.stats.size, 0);
    }));
}

test("what its user has ended, closed, or left half read is not kept", () =>
  withoutLeaks(async () => {
    const leave: ((connection: Connection) => void)[] = [
      (connection) => connection.close(),
      (connection) => connection.reset(),
      (connection) => shutdown(connection, "write"),
    ];
    for (const end of leave) {
      await using one = await rested();
      end(one.lease.value);
      one.lease.release();
      assert.equal(one.pool.stats.size, 0);
    }
    await using one = await rested();
    send(one.server, new Uint8Array(10));
    assert.equal(await one.lease.value.read(new Uint8Array(9)), 9);
    one.lease.release();
    assert.equal(one.pool.stats.size, 0);
  }));

test("a byte that goes ahead of the others, and is not read as they are, is noticed too", () =>
  withoutLeaks(async () => {
    await using one = await rested();
    one.lease.release();
    const holding = setInterval(() => {}, 1000);
    const left = closing(one.pool as unknown as TcpPool<object>);
    send(one.server, new Uint8Array(1), { outOfBand: true });
    assert.equal(await left, "invalid");
    clearInterval(holding);
  }));

test("connections are told to find out that the other machine is gone", () =>
  withoutLeaks(async () => {
    await using usual = await rested();
    assert.equal(getOption(usual.lease.value, "keepAlive"), true);
    assert.equal(getOption(usual.lease.value, "userTimeout"), 30_000);
    await using own = await rested({
      transport: connections({ userTimeout: 5000, keepIdle: 3, noDelay: true }),
    });
    const { value } = own.lease;
    assert.equal(getOption(value, "userTimeout"), 5000);
    assert.equal(getOption(value, "keepIdle"), 3);
    assert.equal(getOption(value, "keepAlive"), true);
    assert.equal(getOption(value, "noDelay"), true);
    usual.lease.release();
    own.lease.release();
  }));

test("there are never more than may be, to each endpoint and in all", () =>
  withoutLeaks(async () => {
    using one = listenTcp("127.0.0.1:0");
    using other = listenTcp("127.0.0.1:0");
    const pool = new TcpPool({ max: 2, maxTotal: 3 });
    const hold = async (to: HostAndPort) => {
      using _lease = await pool.acquire(to);
      const { size } = pool.statsOf(to)!;
      assert.ok(size <= 2 && pool.stats.size <= 3);
      await turns(1);
    };
    const all = [one, other].map(({ localAddress }) => localAddress as HostAndPort);
    await Promise.all(Array.from({ length: 60 }, (_, i) => hold(all[i % 2])));
    assert.ok(pool.stats.size <= 3);
    await pool.close();
  }));

test("endpoints that are spelt in two ways share their connections, others do not", () =>
  withoutLeaks(async () => {
    await using one = await rested();
    one.lease.release();
    const { port } = one.to;
    one.pool.tryAcquire(`127.0.0.1:${port}`)!.release();
    one.pool.tryAcquire({ host: "[::ffff:127.0.0.1]", port })?.release();
    assert.equal(one.pool.tryAcquire({ host: "localhost", port }), null);
    assert.equal(one.pool.tryAcquire({ host: "127.0.0.1", port, from: "127.0.0.2:0" }), null);
    assert.equal(one.pool.tryAcquire({ host: "127.0.0.1", port, tls: true }), null);
    assert.throws(() => one.pool.tryAcquire("nowhere"), TypeError);
    await assert.rejects(one.pool.acquire("nowhere"), TypeError);
  }));

test("what connects nothing, or closes nothing, is no transport", () => {
  for (const transport of [5, null, {}, { connect: () => {} }, { close: () => {} }]) {
    assert.throws(() => new TcpPool({ transport: transport as never }), {
      name: "TypeError",
      message: /^transport\.(connect|close) must be a function, not /,
    });
  }
});

test("options that are not up to whoever uses connections are refused, and times that are none", () => {
  const wrong: [object, ErrorConstructor][] = [
    [{ leasesPerResource: 2 }, TypeError],
    [{ validate: () => true }, TypeError],
    [{ keepAlive: true }, TypeError],
    [{ min: 1 }, TypeError],
    [{ idleTimeout: "4000" }, TypeError],
    [{ idleTimeout: NaN }, RangeError],
    [{ idleTimeout: -1 }, RangeError],
  ];
  for (const [options, error] of wrong) {
    assert.throws(() => new TcpPool(options), error, JSON.stringify(options));
  }
});

test("a Connection has no TLS, which is said", () =>
  withoutLeaks(async () => {
    const pool = new TcpPool();
    await assert.rejects(pool.acquire({ host: "127.0.0.1", tls: true }), /take nodeSockets/);
    await pool.close();
  }));

test("where nobody listens, the error is that of the kernel", () =>
  withoutLeaks(async () => {
    const listener = listenTcp("127.0.0.1:0");
    const port = portOf(listener);
    listener.close();
    for (const { transport } of kinds) {
      const pool = new TcpPool({ transport: transport() });
      await assert.rejects(pool.acquire({ host: "127.0.0.1", port }), { code: "ECONNREFUSED" });
      await pool.close();
    }
  }));

test("ten thousand uses leave no descriptor behind", () =>
  withoutLeaks(async () => {
    await using one = await rested();
    one.lease.release();
    const pieces = new Uint8Array(1);
    for (let i = 0; i < 10_000; i++) {
      const lease: Lease<Connection> = await one.pool.acquire(one.to);
      if (i % 100 === 0) {
        send(lease.value, pieces);
        await one.server.read(pieces);
      }
      lease.release();
    }
    assert.equal(one.pool.stats.created, 1);
    assert.equal(one.pool.stats.acquired, 10_001);
  }));

test("a thousand connections that die at rest leave no descriptor behind", () =>
  withoutLeaks(async () => {
    using listener = listenTcp("127.0.0.1:0");
    const to = listener.localAddress as HostAndPort;
    const pool = new TcpPool({ max: 100 });
    for (let round = 0; round < 10; round++) {
      const leases = await Promise.all(Array.from({ length: 100 }, () => pool.acquire(to)));
      const servers: Connection[] = [];
      while (servers.length < 100) servers.push(await listener.accept());
      for (const lease of leases) lease.release();
      const holding = setInterval(() => {}, 1000);
      const last = new Promise<void>((resolve) => {
        let left = 100;
        const stop = pool.on("destroyed", () => {
          if (--left > 0) return;
          stop();
          resolve();
        });
      });
      for (const server of servers) server.close();
      await last;
      clearInterval(holding);
      assert.equal(pool.stats.size, 0);
    }
    await pool.close();
  }));

test.run();
