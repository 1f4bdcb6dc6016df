import assert from "node:assert/strict";
import { lookup } from "node:dns/promises";
import process from "node:process";
import { setImmediate } from "node:timers";
import type { WaitOptions } from "@posixly/mux";
import { testWhere, turns, withoutLeaks } from "@posixly/testing";
import { test } from "uvu";
import {
  bind,
  type Connection,
  connectTcp,
  getOption,
  type HostAndPort,
  type Listener,
  listenTcp,
  localAddress,
  setOptions,
  socket,
} from "@posixly/socket";
import { firstToConnect } from "./first_to_connect.ts";
import { type InternetAddress, internetAddress } from "./internet_address.ts";
import { libc } from "./libc.ts";

const portOf = ({ localAddress }: Listener) => (localAddress as HostAndPort).port;

/** A listener with a full queue, which answers nobody any more. */
async function silentListener(): Promise<Disposable & { address: InternetAddress }> {
  const listener = listenTcp("127.0.0.1:0", { backlog: 0 });
  const first = await connectTcp(listener.localAddress);
  return {
    address: internetAddress(listener.localAddress),
    [Symbol.dispose]() {
      first.close();
      listener.close();
    },
  };
}

/** An address where nobody listens, for as long as it is held. */
function nowhere(address = "127.0.0.1:0"): Disposable & { address: InternetAddress } {
  const at = internetAddress(address);
  const holder = socket(at.family, "stream");
  bind(holder, at);
  return {
    address: internetAddress(localAddress(holder)),
    [Symbol.dispose]: () => holder.close(),
  };
}

for (const at of ["127.0.0.1:0", "[::1]:0"]) {
  test(`${at}: nobody listens, which is an error with the address`, () =>
    withoutLeaks(async () => {
      using none = nowhere(at);
      const { host, port } = none.address;
      await assert.rejects(connectTcp(none.address), {
        name: "SyscallError",
        code: "ECONNREFUSED",
        syscall: "connect",
        address: host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`,
      });
      await assert.rejects(connectTcp({ host, port }), { code: "ECONNREFUSED" });
    }));

  test(`${at}: a thousand connections, one after the other and a hundred at a time, leave nothing`, () =>
    withoutLeaks(async () => {
      using listener = listenTcp(at);
      const serving = (async () => {
        for await (const connection of listener) connection.end().then(() => connection.close());
      })();
      const once = async () => {
        using connection = await connectTcp(listener.localAddress);
        assert.equal((await connection.readAll()).length, 0);
      };
      for (let i = 0; i < 500; i++) await once();
      for (let i = 0; i < 5; i++) await Promise.all(Array.from({ length: 100 }, once));
      listener.close();
      await serving;
    }));
}

test("a host may be a name, or an address of either version", () =>
  withoutLeaks(async () => {
    const known = (await lookup("localhost", { all: true })).map(({ address }) => address);
    assert.ok(known.length > 0);
    for (const at of ["127.0.0.1:0", "[::1]:0"]) {
      using listener = listenTcp(at);
      const { host, port } = listener.localAddress as HostAndPort;
      if (known.includes(host)) {
        using byName = await connectTcp({ host: "localhost", port });
        assert.deepEqual(byName.remoteAddress, listener.localAddress);
      }
      using byAddress = await connectTcp({ host, port });
      assert.deepEqual(byAddress.remoteAddress, listener.localAddress);
    }
  }));

test("a name that stands for nothing is an error, and so is what is no address", () =>
  withoutLeaks(async () => {
    await assert.rejects(connectTcp({ host: "no..such", port: 1 }), { syscall: "getaddrinfo" });
    for (const port of [-1, 65_536]) {
      await assert.rejects(connectTcp({ host: "localhost", port }), RangeError);
    }
    const wrong = [
      "localhost:80",
      "unix:/run/x",
      { family: "unix", path: "/run/x" },
      { host: "localhost" },
      { host: "localhost", port: 1.5 },
      { host: "localhost", port: 1, path: "/" },
      null,
      7,
    ];
    for (const to of wrong) await assert.rejects(connectTcp(to as string), TypeError);
    for (const nothing of [undefined, null, 7]) {
      const message = `address must be an object or text, not ${nothing}`;
      await assert.rejects(connectTcp(nothing as never), { name: "TypeError", message });
      assert.throws(() => listenTcp(nothing as never), { name: "TypeError", message });
    }
    using none = nowhere();
    const { address } = none;
    await assert.rejects(connectTcp(address, { form: address } as object), TypeError);
    await assert.rejects(connectTcp(address, { from: "unix:/x" }), TypeError);
    await assert.rejects(connectTcp(address, { options: { noDelay: 1 } as object }), TypeError);
    await assert.rejects(connectTcp(address, { timeout: -1 }), RangeError);
    await assert.rejects(connectTcp(address, { signal: {} as AbortSignal }), TypeError);
  }));

test("options are set before it connects, and it comes from where it is told to", () =>
  withoutLeaks(async () => {
    using listener = listenTcp("127.0.0.1:0", { options: { noDelay: true } });
    using connection = await connectTcp(listener.localAddress, {
      from: "127.0.0.2:0",
      options: { noDelay: true, keepIdle: 77, timestamp: true },
    });
    assert.equal((connection.localAddress as HostAndPort).host, "127.0.0.2");
    assert.deepEqual([getOption(connection, "noDelay"), getOption(connection, "keepIdle")], [
      true,
      77,
    ]);
    using served = await listener.accept();
    assert.deepEqual(served.remoteAddress, connection.localAddress);
    assert.equal(getOption(served, "noDelay"), true); // inherited
    // Of a name, only the addresses of that version count.
    using byName = await connectTcp({ host: "localhost", port: portOf(listener) }, {
      from: "127.0.0.3:0",
    });
    assert.equal((byName.localAddress as HostAndPort).host, "127.0.0.3");
    await assert.rejects(connectTcp(listener.localAddress, { from: "192.0.2.1:0" }), {
      code: "EADDRNOTAVAIL",
      syscall: "bind",
    });
  }));

test("whoever gets no answer can be given up, before, meanwhile, or by the clock", () =>
  withoutLeaks(async () => {
    using silent = await silentListener();
    const ways: ((options: object) => Promise<unknown>)[] = [
      (options) => connectTcp(silent.address, options),
      (options) => connectTcp({ host: "127.0.0.1", port: silent.address.port }, options),
    ];
    for (const connecting of ways) {
      await assert.rejects(connecting({ timeout: 1 }), { name: "TimeoutError" });
      const reason = new Error("enough");
      await assert.rejects(connecting({ signal: AbortSignal.abort(reason) }), reason);
      const controller = new AbortController();
      const { signal } = controller;
      const waiting = assert.rejects(connecting({ signal, timeout: 100_000 }), reason);
      await turns(50);
      controller.abort(reason);
      await waiting;
    }
  }));

test("giving up at any moment leaves no connection behind, or gives it", () =>
  withoutLeaks(async () => {
    using listener = listenTcp("127.0.0.1:0");
    const to = listener.localAddress;
    const named = { host: "127.0.0.1", port: portOf(listener) };
    for (let i = 0; i < 60; i++) {
      const controller = new AbortController();
      const { signal } = controller;
      const connecting = connectTcp(i % 2 ? to : named, { signal }).catch(() => undefined);
      for (let turn = i % 5; turn > 0; turn--) await new Promise<void>((go) => setImmediate(go));
      controller.abort();
      (await connecting)?.close();
    }
  }));

test("a name that is being looked up is given up at once", async () => {
  const controller = new AbortController();
  const reason = new Error("enough");
  const connecting = connectTcp({ host: "localhost", port: 1 }, { signal: controller.signal });
  controller.abort(reason);
  await assert.rejects(connecting, reason);
});

test("an address that does not answer holds up the next one a little, and no longer", () =>
  withoutLeaks(async () => {
    using silent = await silentListener();
    using listener = listenTcp("127.0.0.1:0");
    const good = internetAddress(listener.localAddress);
    using connection = await firstToConnect([silent.address, silent.address, good], attempt);
    assert.deepEqual(connection.remoteAddress, good);
  }));

test("an address that refuses holds up nobody; if all do, the first error is told", () =>
  withoutLeaks(async () => {
    using none = nowhere();
    using none6 = nowhere("[::1]:0");
    using listener = listenTcp("127.0.0.1:0");
    const good = internetAddress(listener.localAddress);
    using connection = await firstToConnect([none6.address, none.address, good], attempt);
    assert.deepEqual(connection.remoteAddress, good);
    await assert.rejects(firstToConnect([none6.address, none.address], attempt), {
      code: "ECONNREFUSED",
      address: `[::1]:${none6.address.port}`,
    });
  }));

test("of two connections at once the second is closed", () =>
  withoutLeaks(async () => {
    using listener = listenTcp("127.0.0.1:0");
    const good = internetAddress(listener.localAddress);
    let release = () => {};
    const both = new Promise<void>((resolve) => release = resolve);
    const made: Connection[] = [];
    const slowly = async (address: InternetAddress) => {
      const connection = await connectTcp(address);
      if (made.push(connection) === 2) release();
      await both;
      return connection;
    };
    using connection = await firstToConnect([good, good], slowly);
    await turns();
    assert.deepEqual(made.map(({ closed }) => closed), made.map((one) => one !== connection));
  }));

test("of all addresses none answers: giving up ends every attempt", () =>
  withoutLeaks(async () => {
    using silent = await silentListener();
    const reason = new Error("enough");
    const controller = new AbortController();
    const addresses = [silent.address, silent.address];
    const { signal } = controller;
    const waiting = assert.rejects(firstToConnect(addresses, attempt, { signal }), reason);
    await turns();
    controller.abort(reason);
    await waiting;
    const late = { timeout: 300 }; // when both are being tried
    await assert.rejects(firstToConnect(addresses, attempt, late), { name: "TimeoutError" });
  }));

test("a signal may be given to any number of attempts, without a warning", () =>
  withoutLeaks(async () => {
    const warnings: string[] = [];
    const warn = ({ message }: Error) => void warnings.push(message);
    process.on("warning", warn);
    using silent = await silentListener();
    const controller = new AbortController();
    const { signal } = controller;
    const connect = () => firstToConnect([silent.address], attempt, { signal });
    const all = Promise.allSettled(Array.from({ length: 20 }, connect));
    await turns();
    controller.abort(new Error("all of you"));
    for (const { status } of await all) assert.equal(status, "rejected");
    await turns();
    process.off("warning", warn);
    assert.deepEqual(warnings, []);
  }));

function attempt(address: InternetAddress, wait: WaitOptions): Promise<Connection> {
  return connectTcp(address, wait);
}

/** An address where nobody is. */
function left(): InternetAddress {
  using none = nowhere();
  return none.address;
}

/** Whether a socket can be told which ports to choose from. */
function canChoosePorts(): boolean {
  using probe = socket("ipv4", "stream");
  try {
    setOptions(probe, { ipLocalPortRange: { first: 40_000, last: 40_001 } });
    return true;
  } catch {
    return false;
  }
}

testWhere(
  canChoosePorts(),
  "Linux 6.3",
  "nobody is connected to himself",
  () =>
    withoutLeaks(async () => {
      const { address, [Symbol.dispose]: leave } = nowhere();
      leave();
      const { port } = address;
      const options = { ipLocalPortRange: { first: port, last: port } };
      await assert.rejects(connectTcp(address, { options }), {
        code: "ECONNREFUSED",
        address: `127.0.0.1:${port}`,
      });
      // Unless he wants to.
      const own = left();
      using alone = await connectTcp(own, { from: own });
      assert.deepEqual(alone.remoteAddress, alone.localAddress);
    }),
);

test("an error of the kernel on the way closes the socket", () =>
  withoutLeaks(async () => {
    using listener = listenTcp("127.0.0.1:0");
    const { connect } = libc;
    for (const [errno, code] of [[105, "ENOBUFS"], [99, "EADDRNOTAVAIL"], [101, "ENETUNREACH"]]) {
      libc.connect = () => -errno;
      try {
        await assert.rejects(connectTcp(listener.localAddress), { code, syscall: "connect" });
      } finally {
        libc.connect = connect;
      }
    }
  }));

test("a listener takes its place again at once, and no two have one", () =>
  withoutLeaks(async () => {
    const listener = listenTcp("127.0.0.1:0");
    const { localAddress } = listener;
    assert.throws(() => listenTcp(localAddress), { code: "EADDRINUSE" });
    {
      const client = await connectTcp(localAddress);
      const served = await listener.accept();
      served.close(); // first, so that the port is in TIME_WAIT
      await client.readAll();
      client.close();
    }
    listener.close();
    using again = listenTcp(localAddress);
    assert.deepEqual(again.localAddress, localAddress);
  }));

test("every address of version 6 is every address", () =>
  withoutLeaks(async () => {
    using listener = listenTcp("[::]:0");
    const port = portOf(listener);
    for (const to of [`127.0.0.1:${port}`, `[::1]:${port}`]) {
      using _client = await connectTcp(to);
      (await listener.accept()).close();
    }
    using alone = listenTcp("[::]:0", { options: { ipv6Only: true } });
    await assert.rejects(connectTcp(`127.0.0.1:${portOf(alone)}`), { code: "ECONNREFUSED" });
  }));

test("what is no way to listen is refused, and leaves nothing", () =>
  withoutLeaks(() => {
    for (const address of ["unix:/x", "localhost:1", 7, null]) {
      assert.throws(() => listenTcp(address as string), TypeError);
    }
    assert.throws(() => listenTcp("127.0.0.1:0", { backlog: 0.5 }), TypeError);
    assert.throws(() => listenTcp("127.0.0.1:0", { backLog: 1 } as object), TypeError);
    assert.throws(() => listenTcp("127.0.0.1:0", { options: { noDelay: 3 } as object }), TypeError);
    assert.throws(() => listenTcp("192.0.2.1:0"), { code: "EADDRNOTAVAIL" });
  }));

test("no host is none to connect to", async () => {
  for (const host of ["", undefined, null, 5]) {
    await assert.rejects(connectTcp({ host, port: 1 } as HostAndPort), {
      name: "TypeError",
      message: /^host must be a name or an address, not/,
    });
  }
});

test.run();
