import assert from "node:assert/strict";
import { duplicate, limit, OwnedFd, setFlags, setLimit } from "@posixly/fd";
import { errno } from "@posixly/sys";
import { openDescriptors, turns, withoutLeaks } from "@posixly/testing";
import { test } from "uvu";
import {
  Acceptor,
  bind,
  connect,
  Connection,
  connectTcp,
  connectUnix,
  listen,
  Listener,
  listenTcp,
  listenUnix,
  localAddress,
  shutdown,
  type Socket,
  socket,
} from "@posixly/socket";
import { libc } from "./libc.ts";

const closed = { message: /was closed$/ };

/** Lets `accept4` be something else for a while, and counts how often it is called. */
async function replacing(
  accept4: (...args: Parameters<typeof libc.accept4>) => number | undefined,
  run: (calls: () => number) => Promise<void>,
): Promise<void> {
  const own = libc.accept4;
  let calls = 0;
  libc.accept4 = (...args) => {
    calls++;
    return accept4(...args) ?? own(...args);
  };
  try {
    await run(() => calls);
  } finally {
    libc.accept4 = own;
  }
}

/** Takes all descriptors there are left. */
function takeAll(): Disposable {
  const { soft, hard } = limit("openFiles");
  setLimit("openFiles", { soft: openDescriptors().at(-1)!.fd + 20, hard });
  const taken: OwnedFd[] = [];
  try {
    for (;;) taken.push(duplicate(2));
  } catch {
    // That was the last.
  }
  return {
    [Symbol.dispose]() {
      for (const fd of taken) fd.close();
      setLimit("openFiles", { soft, hard });
    },
  };
}

test("connections are accepted as they come, one by one", () =>
  withoutLeaks(async () => {
    using listener = listenTcp("127.0.0.1:0");
    const accepting = [1, 2, 3].map(() => listener.accept());
    await turns();
    const clients = await Promise.all([1, 2, 3].map(() => connectTcp(listener.localAddress)));
    const ports = (connections: Connection[], which: "localAddress" | "remoteAddress") =>
      connections.map((connection) => (connection[which] as { port: number }).port).sort();
    const served = await Promise.all(accepting);
    assert.deepEqual(ports(served, "remoteAddress"), ports(clients, "localAddress"));
    for (const connection of [...served, ...clients]) connection.close();
    assert.equal(listener.refused, 0);
  }));

test("an iteration goes on until the listener is closed, and leaving it leaves that open", () =>
  withoutLeaks(async () => {
    using listener = listenUnix({ family: "unix" });
    const address = listener.localAddress;
    using _first = await connectUnix(address);
    for await (const connection of listener) {
      connection.close();
      break;
    }
    assert.ok(!listener.closed);
    let count = 0;
    const serving = (async () => {
      for await (const connection of listener) {
        count++;
        connection.close();
      }
    })();
    for (let i = 0; i < 5; i++) {
      using client = await connectUnix(address);
      assert.equal((await client.readAll()).length, 0);
    }
    await turns();
    listener.close();
    await serving;
    assert.equal(count, 5);
    for await (const _ of listener) assert.fail();
  }));

test("a connection is taken without waiting, or there is none now", () =>
  withoutLeaks(async () => {
    using listener = listenTcp("127.0.0.1:0");
    assert.equal(listener.tryAccept(), null);
    using client = await connectTcp(listener.localAddress);
    using accepted = listener.tryAccept()!;
    assert.deepEqual(accepted.remoteAddress, client.localAddress);
    await replacing(() => -errno.ENOMEM, () => {
      assert.throws(() => listener.tryAccept(), { code: "ENOMEM" });
      return Promise.resolve();
    });
    listener.close();
    assert.throws(() => listener.tryAccept(), closed);
  }));

test("waiting for a connection ends with the listener, by a signal, or by the clock", () =>
  withoutLeaks(async () => {
    for (const end of ["close", "release"] as const) {
      const listener = listenTcp("127.0.0.1:0");
      const waits = [1, 2].map(() => assert.rejects(listener.accept(), closed));
      await turns();
      const fd = listener[end]();
      await Promise.all(waits);
      await assert.rejects(listener.accept(), closed);
      if (fd !== undefined) new OwnedFd(fd).close();
    }
    using listener = listenTcp("127.0.0.1:0");
    const reason = new Error("enough");
    await assert.rejects(listener.accept({ signal: AbortSignal.abort(reason) }), reason);
    const controller = new AbortController();
    const waiting = assert.rejects(listener.accept({ signal: controller.signal }), reason);
    await turns();
    controller.abort(reason);
    await waiting;
    await assert.rejects(listener.accept({ timeout: 1 }), { name: "TimeoutError" });
    await assert.rejects(listener.accept({ timeOut: 1 } as object), TypeError);
  }));

test("a connection that comes as the wait for it is given up is lost to nobody", () =>
  withoutLeaks(async () => {
    using listener = listenUnix({ family: "unix" });
    for (let i = 0; i < 50; i++) {
      const controller = new AbortController();
      const accepting = listener.accept({ signal: controller.signal }).catch(() => undefined);
      using client = await connectUnix(listener.localAddress);
      await turns(i % 3);
      controller.abort();
      using served = await accepting ?? await listener.accept();
      await served.end();
      assert.equal((await client.readAll()).length, 0);
    }
  }));

test("a listener that listens no more is an error", () =>
  withoutLeaks(async () => {
    using listener = listenTcp("127.0.0.1:0");
    const waiting = assert.rejects(listener.accept(), { code: "EINVAL", syscall: "accept4" });
    await turns();
    shutdown(listener, "both");
    await waiting;
  }));

test("a listener that blocks is none, since nobody can wait for it", () =>
  withoutLeaks(async () => {
    const made = socket("ipv4", "stream", "tcp", { nonBlocking: false });
    bind(made, "127.0.0.1:0");
    listen(made);
    using listener = new Listener(made.release());
    await assert.rejects(listener.accept(), { name: "TypeError", message: /blocks/ });
    setFlags(listener, { nonBlocking: true });
    using _client = await connectTcp(listener.localAddress);
    (await listener.accept()).close();
  }));

test("without descriptors left, connections are refused without a spin, and the others served", () =>
  withoutLeaks(async () => {
    using listener = listenTcp("127.0.0.1:0");
    const address = listener.localAddress;
    const [client] = await Promise.all([connectTcp(address), serve(listener)]);
    const unlucky = Array.from({ length: 7 }, () => new Connection(tcp().release()));
    await replacing(() => undefined, async (calls) => {
      {
        using _taken = takeAll();
        for (const connection of unlucky) connect(connection, address);
        // Whoever is refused is closed, which shows as the end or, if it is quick, as a reset.
        await Promise.all(unlucky.map((connection) => connection.readAll().catch(() => undefined)));
        assert.equal(listener.refused, 7);
        await turns(100);
        const so_far = calls();
        assert.ok(so_far <= 7 * 3 + 2, `${so_far} calls`);
        assert.equal(await asks(client), "echo");
        await turns(100);
        assert.equal(calls(), so_far);
      }
      const next = await connectTcp(address);
      assert.equal(await asks(next), "echo");
      for (const connection of [client, next, ...unlucky]) connection.close();
    });
    assert.equal(listener.refused, 7);
  }));

test("what a signal aborts with is the reason, even if that is nothing", () =>
  withoutLeaks(async () => {
    using listener = listenTcp("127.0.0.1:0");
    const controller = new AbortController();
    const accepting = listener.accept({ signal: controller.signal });
    await turns();
    controller.abort(null);
    assert.equal(await accepting.catch((reason: unknown) => reason), null);
  }));

test("without a descriptor to wait with, a listener goes on once there is one", () =>
  withoutLeaks(async () => {
    using listener = listenTcp("127.0.0.1:0");
    using first = await connectTcp(listener.localAddress);
    (await listener.accept()).close();
    using second = tcp();
    await turns(100); // nobody waits for anything, and nothing is open to wait with
    let accepting: Promise<Connection>;
    {
      using _taken = takeAll();
      accepting = listener.accept({ timeout: 10_000 });
      await turns(10);
    }
    connect(second, listener.localAddress);
    (await accepting).close();
    assert.equal(listener.refused, 0);
    first.close();
  }));

function tcp(): Socket {
  return socket("ipv4", "stream");
}

/** Echoes whatever comes, on any number of connections; resolves when it is at work. */
function serve(listener: Listener): Promise<void> {
  (async () => {
    for await (const connection of listener) echo(connection);
  })();
  return turns(1);
}

async function echo(connection: Connection): Promise<void> {
  using _ = connection;
  for await (const chunk of connection) await connection.write(chunk);
}

async function asks(connection: Connection): Promise<string> {
  await connection.write(new TextEncoder().encode("echo"));
  const buffer = new Uint8Array(9);
  return new TextDecoder().decode(buffer.subarray(0, await connection.read(buffer)));
}

for (const code of ["ENFILE", "EMFILE"] as const) {
  test(`${code}: the connection that is next is closed by way of a spare descriptor`, () =>
    withoutLeaks(async () => {
      using listener = listenTcp("127.0.0.1:0");
      using first = await connectTcp(listener.localAddress);
      using second = await connectTcp(listener.localAddress);
      await replacing(
        (() => {
          const results = [-errno[code], undefined, -errno[code], undefined, undefined];
          return () => results.shift();
        })(),
        async () => {
          const accepting = listener.accept();
          assert.equal((await first.readAll()).length, 0);
          assert.equal((await second.readAll()).length, 0);
          assert.equal(listener.refused, 2);
          using third = await connectTcp(listener.localAddress);
          using served = await accepting;
          assert.deepEqual(served.remoteAddress, third.localAddress);
        },
      );
    }));

  test(`${code}: even without the spare one it does not spin, and goes on when it can`, () =>
    withoutLeaks(async () => {
      using listener = listenUnix({ family: "unix" });
      using _client = await connectUnix(listener.localAddress);
      let lacks = 6;
      await replacing(() => lacks-- > 0 ? -errno[code] : undefined, async (calls) => {
        (await listener.accept()).close();
        assert.equal(calls(), 7);
        assert.equal(listener.refused, 0);
      });
    }));
}

for (const code of ["ENOBUFS", "ENOMEM"] as const) {
  test(`${code}: the connection waits until there is memory, and nobody spins`, () =>
    withoutLeaks(async () => {
      using listener = listenTcp("127.0.0.1:0");
      using client = await connectTcp(listener.localAddress);
      let lacks = 5;
      await replacing(() => lacks-- > 0 ? -errno[code] : undefined, async (calls) => {
        using served = await listener.accept();
        assert.deepEqual(served.remoteAddress, client.localAddress);
        assert.equal(calls(), 6);
      });
      await replacing(() => -errno[code], async () => {
        await assert.rejects(listener.accept({ timeout: 5 }), { name: "TimeoutError" });
        const waiting = assert.rejects(listener.accept(), /was closed$/);
        await turns();
        listener.close();
        await waiting;
      });
    }));
}

test("connections that broke off before they were accepted are passed over", () =>
  withoutLeaks(async () => {
    using listener = listenTcp("127.0.0.1:0");
    using client = await connectTcp(listener.localAddress);
    let broken = 3;
    await replacing(() => broken-- > 0 ? -errno.ECONNABORTED : undefined, async (calls) => {
      using served = await listener.accept();
      assert.deepEqual(served.remoteAddress, client.localAddress);
      assert.equal(calls(), 4);
    });
  }));

test("what else the kernel says is an error, and ends an iteration", () =>
  withoutLeaks(async () => {
    using listener = listenTcp("127.0.0.1:0");
    await replacing(() => -errno.EPERM, async () => {
      await assert.rejects(listener.accept(), { code: "EPERM", syscall: "accept4" });
      await assert.rejects(listener[Symbol.asyncIterator]().next(), { code: "EPERM" });
    });
  }));

test("connections become what the listener is told", () =>
  withoutLeaks(async () => {
    class Guest extends Connection {}
    const made = socket("unix", "stream");
    bind(made, { family: "unix" });
    listen(made);
    using listener = new Acceptor(made.release(), Guest);
    using _client = await connectUnix(localAddress(listener));
    using guest: Guest = await listener.accept();
    assert.ok(guest instanceof Guest);
  }));

test("several listeners wait for the same socket, and each connection is accepted once", () =>
  withoutLeaks(async () => {
    using first = listenTcp("127.0.0.1:0");
    using second = new Listener(duplicate(first).release());
    const clients = [];
    const accepting = [first.accept(), second.accept(), first.accept(), second.accept()];
    for (let i = 0; i < 4; i++) clients.push(await connectTcp(first.localAddress));
    for (const connection of [...await Promise.all(accepting), ...clients]) connection.close();
  }));

test.run();
