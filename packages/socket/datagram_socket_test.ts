import assert from "node:assert/strict";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { setImmediate } from "node:timers";
import fc from "fast-check";
import { test } from "uvu";
import { turns, withoutLeaks } from "@posixly/testing";
import {
  type AddressLike,
  DatagramSocket,
  errorQueue,
  getOption,
  receive,
  sendTo,
  setOptions,
  shutdown,
  socket,
  type SocketAddress,
  socketPair,
  udp,
  unixDatagram,
} from "@posixly/socket";
import { libc } from "./libc.ts";

const folder = mkdtempSync("/tmp/posixly-datagrams-");
test.after(() => rmSync(folder, { recursive: true }));

let names = 0;
const fresh = () => `${folder}/${names++}`;

const closed = { message: /was closed$/ };
const encode = (text: string) => new TextEncoder().encode(text);
const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

const kinds: Record<string, () => DatagramSocket> = {
  ipv4: () => udp("127.0.0.1:0"),
  ipv6: () => udp("[::1]:0"),
  abstract: () => unixDatagram({ family: "unix" }),
  path: () => unixDatagram(fresh()),
};

for (const [kind, make] of Object.entries(kinds)) {
  // More than its buffer holds, UDP drops.
  const maxLength = kind.startsWith("ip") ? 5000 : 60_000;

  test(`${kind}: messages come whole, with who sent them, in the order in which they were sent`, () =>
    withoutLeaks(() =>
      fc.assert(
        fc.asyncProperty(
          fc.array(fc.uint8Array({ maxLength, size: "max" }), { maxLength: 8 }),
          fc.scheduler(),
          async (messages, scheduler) => {
            using server = make();
            using client = make();
            const to = server.localAddress;
            async function sendAll() {
              for (const message of messages) {
                await scheduler.schedule(Promise.resolve());
                await client.send(message, to);
              }
            }
            async function receiveAll() {
              for (const message of messages) {
                await scheduler.schedule(Promise.resolve());
                const { bytes, from } = await server.receive();
                assert.ok(Buffer.from(bytes).equals(message));
                assert.deepEqual(from, client.localAddress);
              }
            }
            await scheduler.waitFor(Promise.all([receiveAll(), sendAll()]));
            assert.equal(receive(server, new Uint8Array(1)), null);
          },
        ),
        { numRuns: 15 },
      )
    ));

  test(`${kind}: an iteration goes on until the socket is closed, and answers find their way`, () =>
    withoutLeaks(async () => {
      using client = make();
      const server = make();
      const serving = (async () => {
        for await (const { bytes, from } of server) {
          await server.send(encode(decode(bytes).toUpperCase()), from!);
        }
      })();
      for (const text of ["one", "", "two"]) {
        await client.send(encode(text), server.localAddress);
        const { bytes, from } = await client.receive();
        assert.equal(decode(bytes), text.toUpperCase());
        assert.deepEqual(from, server.localAddress);
      }
      await turns();
      server.close();
      await serving;
      for await (const _ of server) assert.fail();
    }));

  test(`${kind}: waiting for a message ends with the socket, by a signal, or by the clock`, () =>
    withoutLeaks(async () => {
      using one = make();
      const reason = new Error("enough");
      await assert.rejects(one.receive({ signal: AbortSignal.abort(reason) }), reason);
      const controller = new AbortController();
      const waiting = assert.rejects(one.receive({ signal: controller.signal }), reason);
      await turns();
      controller.abort(reason);
      await waiting;
      await assert.rejects(one.receive({ timeout: 1 }), { name: "TimeoutError" });
      await assert.rejects(one.receive({ timeOut: 1 } as object), TypeError);
      await assert.rejects(one.send(encode("x"), one.localAddress, { timeOut: 1 } as object), {
        name: "TypeError",
      });
      const late = { signal: AbortSignal.abort(reason) };
      await assert.rejects(one.send(encode("x"), one.localAddress, late), reason);
      const ending = assert.rejects(one.receive(), closed);
      await turns();
      const address = one.localAddress;
      one.close();
      await ending;
      await assert.rejects(one.receive(), closed);
      await assert.rejects(one.send(encode("x"), address), closed);
    }));

  test(`${kind}: after an end for reading comes what was there, and then nobody waits`, () =>
    withoutLeaks(async () => {
      using client = make();
      const ended = { message: /was ended$/ };
      {
        using server = make();
        for (const text of ["before", ""]) await client.send(encode(text), server.localAddress);
        endReading(server);
        assert.equal(decode((await server.receive()).bytes), "before");
        assert.equal((await server.receive()).bytes.length, 0);
        await assert.rejects(server.receive(), ended);
        for await (const _ of server) assert.fail();
      }
      using server = make();
      const waiting = assert.rejects(server.receive(), ended);
      const looping = (async () => {
        for await (const _ of server) assert.fail();
      })();
      await turns();
      endReading(server);
      await waiting;
      await looping;
    }));
}

/** Ends one half; UDP says that it is not connected, and does it all the same. */
function endReading(socket: DatagramSocket): void {
  try {
    shutdown(socket, "read");
  } catch (error) {
    assert.equal((error as { code?: string }).code, "ENOTCONN");
  }
}

/** How often the kernel is asked to send while somebody waits. */
async function sendsDuring(run: () => Promise<void>): Promise<number> {
  const { send, sendto } = libc;
  let calls = 0;
  libc.send = (...args) => (calls++, send(...args));
  libc.sendto = (...args) => (calls++, sendto(...args));
  try {
    await run();
    return calls;
  } finally {
    Object.assign(libc, { send, sendto });
  }
}

/** Fills the queue of a receiver. */
function fill(address: SocketAddress, length = 1): void {
  using filler = socket("unix", "datagram");
  while (sendTo(filler, new Uint8Array(length), address) !== null);
}

for (const way of ["connected", "with an address"]) {
  test(`a full queue is waited for without a spin, and each place in it is taken: ${way}`, () =>
    withoutLeaks(async () => {
      using server = unixDatagram(fresh());
      const { localAddress } = server;
      using client = unixDatagram(
        undefined,
        way === "connected" ? { peer: localAddress } : undefined,
      );
      const to = way === "connected" ? undefined : localAddress;
      fill(localAddress);
      let sending: Promise<void>[] = [];
      const attempts = await sendsDuring(async () => {
        sending = Array.from({ length: 5 }, (_, i) => client.send(new Uint8Array(10 + i), to));
        await turns(200);
      });
      assert.ok(attempts <= 15, `${attempts} attempts`);
      const lengths: number[] = [];
      while (lengths.length < 5) {
        const { length } = (await server.receive()).bytes;
        if (length >= 10) lengths.push(length);
      }
      await Promise.all(sending);
      assert.deepEqual(lengths.sort(), [10, 11, 12, 13, 14]);
    }));
}

test("what is sent and not read yet is waited for too, although another receiver has room", () =>
  withoutLeaks(async () => {
    using client = unixDatagram();
    setOptions(client, { sendBuffer: 8192 });
    using idle = unixDatagram({ family: "unix" });
    using other = unixDatagram({ family: "unix" });
    while (sendTo(client, new Uint8Array(3000), idle.localAddress) !== null);
    let sending: Promise<void> | undefined;
    const attempts = await sendsDuring(async () => {
      sending = client.send(new Uint8Array(5), other.localAddress);
      await turns(200);
    });
    assert.ok(attempts <= 3, `${attempts} attempts`);
    await idle.receive(); // all of them, until our part is small enough
    while (receive(idle, new Uint8Array(1)) !== null);
    await sending;
    assert.equal((await other.receive()).bytes.length, 5);
  }));

test("a wait for room ends with the socket, a signal, the clock, or the receiver", () =>
  withoutLeaks(async () => {
    for (const isConnected of [true, false]) {
      const server = unixDatagram(fresh());
      const { localAddress } = server;
      fill(localAddress);
      const client = unixDatagram(undefined, isConnected ? { peer: localAddress } : {});
      const to = isConnected ? undefined : localAddress;
      const send = (options?: object) => client.send(encode("x"), to, options);
      const reason = new Error("enough");
      const controller = new AbortController();
      const waiting = assert.rejects(send({ signal: controller.signal }), reason);
      await turns();
      controller.abort(reason);
      await waiting;
      await assert.rejects(send({ timeout: 1 }), { name: "TimeoutError" });
      const refused = assert.rejects(
        send(),
        ({ code }: { code: string }) => ["ECONNREFUSED", "ENOENT", "ECONNRESET"].includes(code),
      );
      await turns();
      server.close();
      await refused;

      using next = unixDatagram(fresh());
      fill(next.localAddress);
      const ending = isConnected ? undefined : client.send(encode("x"), next.localAddress);
      const ended = ending && assert.rejects(ending, closed);
      await turns();
      client.close();
      await ended;
    }
  }));

test("a receiver that takes the place of a full one is found, and waited for as well", () =>
  withoutLeaks(async () => {
    const path = fresh();
    const first = unixDatagram(path);
    fill(first.localAddress);
    using client = unixDatagram();
    rmSync(path);
    using second = unixDatagram(path);
    fill(second.localAddress);
    const attempts = await sendsDuring(async () => {
      const sending = client.send(encode("to the second"), `unix:${path}`);
      await turns(50);
      first.close();
      await turns(200);
      for (;;) if ((await second.receive()).bytes.length > 1) break;
      await sending;
    });
    assert.ok(attempts <= 10, `${attempts} attempts`);
  }));

test("a message of unix may be as long as the kernel takes, and arrives whole", async () => {
  using server = unixDatagram({ family: "unix" });
  using client = unixDatagram(undefined, { options: { sendBuffer: 200_000 } });
  for (const length of [65_536, 65_537, 212_000, 350_000, 3]) {
    const message = new Uint8Array(length).fill(length % 251);
    await client.send(message, server.localAddress);
    const { bytes } = await server.receive();
    assert.ok(Buffer.from(bytes).equals(message));
  }
  const tooLong = client.send(new Uint8Array(1_000_000), server.localAddress);
  await assert.rejects(tooLong, { code: "EMSGSIZE" });
});

test("a message of UDP may be as long as there are any", async () => {
  using server = udp("127.0.0.1:0");
  using client = udp("127.0.0.1:0");
  await client.send(new Uint8Array(65_507).fill(7), server.localAddress);
  const { bytes } = await server.receive();
  assert.ok(bytes.length === 65_507 && bytes.every((byte) => byte === 7));
  await assert.rejects(client.send(new Uint8Array(65_508), server.localAddress), {
    code: "EMSGSIZE",
  });
});

test("with one peer, others are not heard, and that nobody is there is an error", () =>
  withoutLeaks(async () => {
    using server = udp("127.0.0.1:0");
    using client = udp("127.0.0.1:0", { peer: server.localAddress });
    using stranger = udp("127.0.0.1:0");
    assert.deepEqual(client.remoteAddress, server.localAddress);
    assert.equal(stranger.remoteAddress, null);
    await stranger.send(encode("unheard"), client.localAddress);
    await server.send(encode("heard"), client.localAddress);
    assert.equal(decode((await client.receive()).bytes), "heard");
    server.close();
    await client.send(encode("anybody?"));
    await assert.rejects(client.receive(), { code: "ECONNREFUSED" });
    await assert.rejects(stranger.send(encode("x")), { code: "EDESTADDRREQ" });
  }));

test("a socket without a name only sends, and whoever receives is told nobody", async () => {
  using server = unixDatagram({ family: "unix" });
  using client = unixDatagram();
  await client.send(encode("x"), server.localAddress);
  assert.equal((await server.receive()).from, null);
});

test("files come and go with their sockets; what was left may be replaced", () =>
  withoutLeaks(() => {
    const path = fresh();
    const first = unixDatagram(path);
    assert.throws(() => unixDatagram(path), { code: "EADDRINUSE" });
    assert.throws(() => unixDatagram(path, { replaceStale: true }), { code: "EADDRINUSE" });
    new DatagramSocket(first.release()).close();
    assert.ok(existsSync(path));
    unixDatagram(path, { replaceStale: true }).close();
    assert.ok(!existsSync(path));
  }));

test("an error that nobody has taken is no end", () =>
  withoutLeaks(async () => {
    using nobody = udp("127.0.0.1:0");
    using client = udp("127.0.0.1:0", { options: { ipReceiveError: true } });
    using server = udp("127.0.0.1:0");
    const { localAddress } = nobody;
    nobody.close();
    await client.send(encode("anybody?"), localAddress);
    await assert.rejects(client.receive(), { code: "ECONNREFUSED" });
    const receiving = client.receive();
    await turns();
    await server.send(encode("I am"), client.localAddress);
    assert.equal(decode((await receiving).bytes), "I am");
    assert.equal([...errorQueue(client)].length, 1);
  }));

test("a socket that blocks holds up nobody", async () => {
  const pair = socketPair("datagram", { nonBlocking: false });
  using first = new DatagramSocket(pair.first.release());
  using second = new DatagramSocket(pair.second.release());
  const receiving = second.receive();
  await turns();
  const sending = Array.from({ length: 1000 }, () => first.send(encode("x")));
  assert.equal((await receiving).bytes.length, 1);
  for (let i = 1; i < 1000; i++) await second.receive();
  await Promise.all(sending);
});

test("what is sent without a rest lets others have their turn", async () => {
  using server = udp("127.0.0.1:0");
  using client = udp("127.0.0.1:0");
  let isOver = false;
  setImmediate(() => isOver = true);
  for (let i = 0; !isOver; i++) {
    assert.ok(i < 1000);
    await client.send(encode("x"), server.localAddress);
  }
});

test("options are set, and what is none is refused and leaves nothing", () =>
  withoutLeaks(() => {
    using server = udp("127.0.0.1:0", { options: { receiveBuffer: 50_000 } });
    assert.equal(getOption(server, "receiveBuffer"), 100_000);
    for (const address of ["unix:/x", "localhost:1", null, 7]) {
      assert.throws(() => udp(address as string), TypeError);
    }
    const wrong = "127.0.0.1:0";
    assert.throws(() => udp(wrong, { pear: wrong } as object), TypeError);
    assert.throws(() => udp(wrong, { peer: "unix:/x" }), TypeError);
    assert.throws(() => udp("192.0.2.1:0"), { code: "EADDRNOTAVAIL" });
    assert.throws(() => unixDatagram({ family: "ipv4" } as AddressLike), TypeError);
    assert.throws(() => unixDatagram(undefined, { peer: "/no/such" }), { code: "ENOENT" });
    assert.throws(() => unixDatagram(fresh(), { peer: "/no/such" }), { code: "ENOENT" });
    assert.throws(() => unixDatagram(undefined, { pear: "" } as object), TypeError);
  }));

test("who is connected to us gets all that we send, as fast as he takes it", () =>
  withoutLeaks(async () => {
    using manager = unixDatagram({ family: "unix" });
    using service = unixDatagram({ family: "unix" }, { peer: manager.localAddress });
    const count = 1000; // more than there is room for
    let sent = 0;
    const sending = (async () => {
      for (; sent < count; sent++) await manager.send(Uint8Array.of(sent), service.localAddress);
    })();
    await turns(100);
    assert.ok(sent < count);
    for (let i = 0; i < count; i++) {
      assert.equal((await service.receive({ timeout: 5000 })).bytes[0], i % 256);
    }
    await sending;
  }));

test.run();
