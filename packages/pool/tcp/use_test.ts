import assert from "node:assert/strict";
import type { Socket } from "node:net";
import { finished } from "node:stream/promises";
import { turns, withoutLeaks } from "@posixly/testing";
import { test } from "uvu";
import { Connection, type HostAndPort, listenTcp, send, shutdown } from "@posixly/socket";
import { kinds } from "./peer_fixture.ts";
import { TcpPool } from "./tcp_pool.ts";

/** A pool with so many connections at rest, and their other ends. */
async function resting(count: number) {
  const listener = listenTcp("127.0.0.1:0");
  const to = listener.localAddress as HostAndPort;
  const pool = new TcpPool();
  const leases = await Promise.all(Array.from({ length: count }, () => pool.acquire(to)));
  const servers: Connection[] = [];
  while (servers.length < count) servers.push(await listener.accept());
  for (const lease of leases) lease.release();
  return {
    pool,
    to,
    listener,
    servers,
    async [Symbol.asyncDispose]() {
      listener.close();
      for (const server of servers) server.close();
      await pool.close();
    },
  };
}

const request = new Uint8Array(100);

test("work that finds its connection dead before it has sent anything is done with another", () =>
  withoutLeaks(async () => {
    await using some = await resting(1);
    const tries: number[] = [];
    const result = await some.pool.use(some.to, async (connection, lease) => {
      tries.push(lease.uses);
      // It was intact when it was handed out. That it breaks now nobody can have known.
      if (tries.length === 1) some.servers[0].reset();
      await connection.write(request);
      return "done";
    });
    assert.equal(result, "done");
    assert.deepEqual(tries, [2, 1]);
    assert.equal(some.pool.stats.created, 2);
    assert.equal(some.pool.stats.idle, 1);
  }));

test("so it is if the connection was made for somebody who gave up, and has only rested", () =>
  withoutLeaks(async () => {
    await using some = await resting(0);
    const giving = new AbortController();
    const gaveUp = some.pool.acquire(some.to, { signal: giving.signal });
    giving.abort(new Error("enough"));
    await assert.rejects(gaveUp, { message: "enough" });
    using server = await some.listener.accept();
    while (some.pool.stats.idle === 0) await turns(1);
    let tries = 0;
    await some.pool.use(some.to, async (connection) => {
      if (tries++ === 0) server.reset();
      await connection.write(request);
    });
    assert.equal(tries, 2);
  }));

test("so it is if it waits for the other side to begin, which has ended", () =>
  withoutLeaks(async () => {
    await using some = await resting(1);
    const tries: number[] = [];
    await some.pool.use(some.to, async (connection, lease) => {
      tries.push(lease.uses);
      if (lease.uses === 1) return;
      some.servers[0].close();
      if (await connection.read(new Uint8Array(1)) === 0) throw new Error("it has ended");
    });
    assert.deepEqual(tries, [2, 1]);
  }));

test("as long as connections are found dead that had rested, others are taken", () =>
  withoutLeaks(async () => {
    await using some = await resting(5);
    const tries: number[] = [];
    await some.pool.use(some.to, async (connection, lease) => {
      tries.push(lease.uses);
      if (lease.uses > 1) { for (const server of some.servers) server.reset(); }
      await connection.write(request);
    });
    // The other four were not even handed out: the kernel was asked before.
    assert.deepEqual(tries, [2, 1]);
    assert.equal(some.pool.stats.size, 1);
  }));

test("once a byte is sent, nothing is done twice", () =>
  withoutLeaks(async () => {
    for (const bytes of [1, 100]) {
      await using some = await resting(1);
      let tries = 0;
      const failing = some.pool.use(some.to, async (connection) => {
        tries++;
        send(connection, request.subarray(0, bytes)); // also behind the back of the connection
        some.servers[0].reset();
        await connection.write(request);
      });
      await assert.rejects(failing, { name: "SyscallError" });
      assert.equal(tries, 1);
      assert.equal(some.pool.stats.size, 0);
    }
  }));

test("what was sent by an earlier user does not count", () =>
  withoutLeaks(async () => {
    await using some = await resting(1);
    await some.pool.use(some.to, (connection) => connection.write(request));
    await some.servers[0].read(new Uint8Array(100));
    const tries: number[] = [];
    await some.pool.use(some.to, async (connection, lease) => {
      tries.push(lease.uses);
      if (lease.uses > 1) some.servers[0].reset();
      await connection.write(request);
    });
    assert.deepEqual(tries, [3, 1]);
  }));

test("a new connection that dies is tried once", () =>
  withoutLeaks(async () => {
    using listener = listenTcp("127.0.0.1:0");
    const pool = new TcpPool();
    let tries = 0;
    const failing = pool.use(listener.localAddress as HostAndPort, async (connection) => {
      tries++;
      (await listener.accept()).reset();
      await connection.write(request);
      await connection.write(request);
    });
    await assert.rejects(failing, { name: "SyscallError" });
    assert.equal(tries, 1);
    await pool.close();
  }));

test("an error that is not the connection's is thrown at once, and keeps it if told so", () =>
  withoutLeaks(async () => {
    await using some = await resting(1);
    const mistake = new RangeError("of the program");
    let tries = 0;
    const work = () => {
      tries++;
      throw mistake;
    };
    const keep = (error: unknown) => error === mistake;
    await assert.rejects(some.pool.use(some.to, work, { keep }), mistake);
    assert.equal(some.pool.stats.idle, 1);
    await assert.rejects(some.pool.use(some.to, work), mistake);
    assert.equal(some.pool.stats.idle, 0);
    assert.equal(tries, 2);
  }));

test("who has given up is not tried again for", () =>
  withoutLeaks(async () => {
    await using some = await resting(1);
    const controller = new AbortController();
    let tries = 0;
    const failing = some.pool.use(some.to, async (connection) => {
      tries++;
      some.servers[0].reset();
      controller.abort();
      await connection.write(request);
    }, { signal: controller.signal });
    await assert.rejects(failing, { name: "AbortError" });
    assert.equal(tries, 1);
  }));

test("work may end its lease by itself: release, discard, or take the connection along", () =>
  withoutLeaks(async () => {
    await using some = await resting(1);
    const { pool, to } = some;
    await pool.use(to, (_, lease) => lease.release());
    assert.equal(pool.stats.idle, 1);
    const taken = await pool.use(to, (_, lease) => lease.take());
    assert.equal(pool.stats.size, 0);
    taken.close();
    await assert.rejects(
      pool.use(to, (_, lease) => {
        lease.discard();
        throw new Error("after that");
      }),
      /after that/,
    );
    assert.equal(pool.stats.size, 0);
  }));

for (const { name, transport, listen, receive } of kinds) {
  test(`${name} on which something was written is not tried again for`, () =>
    withoutLeaks(async () => {
      const host = await listen();
      const pool = new TcpPool({ transport: transport() });
      const first = await pool.acquire(host.to);
      const peer = await host.peer();
      peer.say(request.subarray(0, 1));
      await receive(first.value);
      first.release();
      let tries = 0;
      const failing = pool.use(host.to, async (connection) => {
        tries++;
        (connection as { write(bytes: Uint8Array): unknown }).write(request);
        peer.close();
        await over(connection);
        throw new Error("no answer");
      });
      await assert.rejects(failing, /no answer/);
      assert.equal(tries, 1);
      await pool.close();
      await host.close();
    }));
}

/** Resolves when the other side has ended a connection, or broken it off. */
async function over(connection: object): Promise<void> {
  if (connection instanceof Connection) await connection.readAll().catch(() => {});
  else await finished((connection as Socket).resume()).catch(() => {});
}

test("shutting down one's own half and throwing is no reason to try again", () =>
  withoutLeaks(async () => {
    await using some = await resting(1);
    let tries = 0;
    const failing = some.pool.use(some.to, (connection) => {
      tries++;
      shutdown(connection, "write");
      throw new Error("on purpose");
    });
    await assert.rejects(failing, /on purpose/);
    assert.ok(tries <= 2); // with a new one at the latest
  }));

test.run();
