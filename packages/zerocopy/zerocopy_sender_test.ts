import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import fc from "fast-check";
import { memfd, truncate } from "@posixly/fd";
import { watch } from "@posixly/mux";
import {
  connect,
  type Connection,
  connectTcp,
  getOption,
  listenTcp,
  setOptions,
  socketPair,
  udp,
} from "@posixly/socket";
import { errno } from "@posixly/sys";
import { gc, turns, withoutLeaks } from "@posixly/testing";
import { map, pages, sendZerocopy, zerocopySender } from "@posixly/zerocopy";
import { test } from "uvu";
import { libc } from "./libc.ts";
import { withSpareDescriptors } from "./spare_descriptors_fixture.ts";

const MEMORY = 1_000_000;
const memory = pages(MEMORY);
for (let i = 0; i < MEMORY; i++) memory[i] = (i * 7) % 251;

async function tcpPair() {
  using listener = listenTcp("127.0.0.1:0");
  const client = await connectTcp(listener.localAddress);
  return { client, server: await listener.accept() };
}

/** Has a socket of TCP on either side, which are closed in the end. */
async function withTcp(run: (client: Connection, server: Connection) => Promise<void>) {
  await withoutLeaks(async () => {
    const { client, server } = await tcpPair();
    try {
      await run(client, server);
    } finally {
      client.close();
      server.close();
    }
  });
}

/** Replaces sendto(2) for as long as something runs. */
async function withSendto<T>(replacement: typeof libc.sendto, run: () => Promise<T>): Promise<T> {
  const { sendto } = libc;
  libc.sendto = replacement;
  try {
    return await run();
  } finally {
    libc.sendto = sendto;
  }
}

const sends = fc.array(
  fc.record({
    start: fc.nat(MEMORY),
    length: fc.oneof(fc.nat(30_000), fc.nat(MEMORY)),
    isLent: fc.boolean(),
  }),
  { minLength: 1, maxLength: 12 },
);

test("whatever is sent, lent or not, arrives in its order, and all of it is given back", () =>
  fc.assert(
    fc.asyncProperty(
      sends,
      fc.integer({ min: 1, max: 200_000 }),
      (sends, size) =>
        withTcp(async (client, server) => {
          const parts = sends.map(({ start, length, isLent }) => {
            const part = memory.subarray(start, start + length);
            return isLent ? part : part.slice();
          });
          const receiving = (async () => {
            const received: Uint8Array[] = [];
            for await (const piece of server.chunks({ size })) received.push(piece);
            return Buffer.concat(received);
          })();
          {
            await using sender = zerocopySender(client, { minimum: 1 });
            const sent = await Promise.all(parts.map((part) => sender.send(part)));
            assert.deepEqual(sent.map(({ bytes }) => bytes), parts.map(({ length }) => length));
            for (const [i, { path }] of sent.entries()) {
              if (!sends[i].isLent) assert.equal(path, "send");
            }
          }
          await client.end();
          assert.ok((await receiving).equals(Buffer.concat(parts)));
        }),
    ),
    { numRuns: 25 },
  ));

test("what was given back may be written again, and does not change what arrives", () =>
  withTcp(async (client, server) => {
    const receiving = server.readAll();
    const own = pages(200_000);
    await using sender = zerocopySender(client);
    for (let round = 0; round < 20; round++) {
      own.fill(round);
      await sender.send(own);
    }
    await client.end();
    const received = await receiving;
    assert.equal(received.length, 20 * own.length);
    assert.ok(received.every((byte, i) => byte === Math.floor(i / own.length)));
  }));

test("between programs of one machine the kernel copies, which is told and soon no more tried", () =>
  withTcp(async (client, server) => {
    const receiving = server.readAll();
    await using sender = zerocopySender(client);
    const paths = [];
    for (let i = 0; i < 100; i++) {
      const { copied, path } = await sender.send(memory.subarray(0, 20_000));
      assert.ok(copied);
      paths.push(path);
    }
    assert.equal(paths[0], "zerocopy");
    const lent = paths.filter((path) => path === "zerocopy").length;
    assert.ok(lent > 1 && lent < 12, `${lent} of 100`);
    await client.end();
    assert.equal((await receiving).length, 2_000_000);
  }));

test("what is small, or might be given to somebody else, is copied", () =>
  withTcp(async (client, server) => {
    const receiving = server.readAll();
    {
      await using sender = zerocopySender(client);
      const copied = (bytes: number) => ({ bytes, copied: true, path: "send" });
      assert.deepEqual(await sender.send(memory.subarray(0, 10_239)), copied(10_239));
      assert.deepEqual(await sender.send(new Uint8Array(50)), copied(50)); // on the heap
      assert.deepEqual(await sender.send(new Uint8Array(20_000)), copied(20_000));
      const view = new DataView(new ArrayBuffer(20_000), 9);
      assert.deepEqual(await sender.send(view), copied(19_991));
      const { path } = await sender.send(memory.subarray(0, 10_240));
      assert.equal(path, "zerocopy");
    }
    await using sender = zerocopySender(client, { minimum: 0 });
    const nothing = { bytes: 0, copied: false, path: "send" };
    assert.deepEqual(await sender.send(memory.subarray(0, 0)), nothing);
    await client.end();
    assert.equal((await receiving).length, 10_239 + 50 + 20_000 + 19_991 + 10_240);
  }));

test("a mapping of a file is lent as well", () =>
  withTcp(async (client, server) => {
    using file = memfd("lent");
    truncate(file, 30_000);
    using mapping = map(file, { offset: 3, protection: "readWrite" });
    mapping.bytes.fill(9);
    const receiving = server.readAll();
    await using sender = zerocopySender(client);
    assert.equal((await sender.send(mapping.bytes)).path, "zerocopy");
    await client.end();
    const received = await receiving;
    assert.ok(received.length === 29_997 && received.every((byte) => byte === 9));
  }));

test("datagrams go whole, to whom they are for", () =>
  withoutLeaks(async () => {
    using receiver = udp("127.0.0.1:0");
    using unconnected = udp("127.0.0.1:0");
    using connected = udp("127.0.0.1:0");
    connect(connected, receiver.localAddress);
    for (const [socket, to] of [[unconnected, receiver.localAddress], [connected]] as const) {
      await using sender = zerocopySender(socket, { minimum: 1 });
      for (const length of [60_000, 1, 0, 20_000]) {
        const sending = sender.send(memory.subarray(0, length), { to });
        const { bytes } = await receiver.receive();
        assert.ok(Buffer.from(bytes).equals(memory.subarray(0, length)));
        assert.equal((await sending).bytes, length);
      }
      await assert.rejects(sender.send(memory, { to }), { code: "EMSGSIZE" });
      assert.equal((await sender.send(memory.subarray(0, 50), { to })).bytes, 50);
      await receiver.receive();
    }
    using lonely = udp("127.0.0.1:0");
    await using sender = zerocopySender(lonely);
    await assert.rejects(sender.send(memory.subarray(0, 20_000)), { code: "EDESTADDRREQ" });
  }));

test("what else is in the error queue is told", () =>
  withoutLeaks(async () => {
    using gone = udp("127.0.0.1:0");
    const nobody = gone.localAddress;
    gone.close();
    using socket = udp("127.0.0.1:0");
    setOptions(socket, { ipReceiveError: true });
    const told = new Promise<string | null>((resolve) => {
      const sender = zerocopySender(socket, { onQueuedError: ({ error }) => resolve(error.name) });
      sender.send(memory.subarray(0, 20_000), { to: nobody });
    });
    assert.equal(await told, "ECONNREFUSED");
  }));

test("when the kernel has no room to note what is lent, it is copied, and nobody waits", () =>
  withTcp(async (client, server) => {
    const receiving = server.readAll();
    await using sender = zerocopySender(client);
    let calls = 0;
    const refuse = () => (calls++, -errno.ENOBUFS);
    await withSendto(refuse, async () => {
      const sent = await sender.send(memory.subarray(0, 20_000));
      assert.deepEqual(sent, { bytes: 20_000, copied: true, path: "send" });
    });
    assert.equal(calls, 1);
    await client.end();
    assert.equal((await receiving).length, 20_000);
  }));

test("when there is room again after what is done was heard of, it is lent all the same", () =>
  withTcp(async (client, server) => {
    const receiving = server.readAll();
    await using sender = zerocopySender(client);
    const { sendto } = libc;
    const outcomes = [sendto, () => -errno.ENOBUFS, sendto];
    await withSendto((...args) => outcomes.shift()!(...args), async () => {
      const first = sender.send(memory.subarray(0, 20_000));
      const second = sender.send(memory.subarray(0, 20_000));
      assert.equal((await first).path, "zerocopy");
      assert.equal((await second).path, "zerocopy");
    });
    assert.equal(outcomes.length, 0);
    await client.end();
    assert.equal((await receiving).length, 40_000);
  }));

test("a call that takes a part is followed by others for the rest, and all are given back", () =>
  withTcp(async (client, server) => {
    const receiving = server.readAll();
    await using sender = zerocopySender(client, { minimum: 1 });
    const { sendto } = libc;
    const part: typeof sendto = (fd, bytes, length, ...rest) =>
      sendto(fd, bytes, Math.min(length, 30_000), ...rest);
    await withSendto(part, async () => {
      assert.equal((await sender.send(memory)).bytes, MEMORY);
    });
    await sender.released();
    await client.end();
    assert.ok(Buffer.from(await receiving).equals(memory));
  }));

test("who does not wait any longer is let go, and hears later when all was given back", () =>
  withTcp(async (client, server) => {
    await using sender = zerocopySender(client);
    const controller = new AbortController();
    const sending = sender.send(pages(50_000_000), { signal: controller.signal });
    const late = sender.send(memory, { timeout: 1 }); // which never gets its turn
    await assert.rejects(late, { name: "TimeoutError" });
    controller.abort(new Error("enough"));
    await assert.rejects(sending, { message: "enough" });
    await assert.rejects(sender.send(memory, { signal: controller.signal }), { message: "enough" });
    const receiving = server.readAll();
    await sender.released();
    await client.end();
    const { length } = await receiving;
    assert.ok(length > 0 && length < 50_000_000);
  }));

test("a peer that resets ends what waits for room, and what it was lent is given back", () =>
  withTcp(async (client, server) => {
    await using sender = zerocopySender(client);
    const sending = sender.send(pages(50_000_000));
    await turns();
    server.reset();
    await assert.rejects(sending, ({ code }) => ["ECONNRESET", "EPIPE"].includes(code));
    await sender.released();
    await assert.rejects(sender.send(memory), { code: "EPIPE" });
  }));

test("a socket that is closed ends whoever waits", () =>
  withTcp(async (client) => {
    const sender = zerocopySender(client);
    const sending = sender.send(pages(50_000_000));
    const next = sender.send(memory);
    await turns();
    client.close();
    await assert.rejects(sending, /closed/);
    await assert.rejects(next, /closed/);
    await assert.rejects(sender.send(memory), /closed/);
    sender.close();
  }));

test("a sender that is closed ends whoever waits, and the socket goes on", () =>
  withTcp(async (client, server) => {
    const first = zerocopySender(client);
    const sending = first.send(pages(50_000_000));
    await turns();
    assert.throws(() => zerocopySender(client), /^Error: Cannot make a second sender/);
    first.close();
    first.close();
    assert.ok(first.closed);
    const closed = { message: "Cannot use a sender that was closed" };
    await assert.rejects(sending, closed);
    await assert.rejects(first.send(memory), closed);
    await assert.rejects(first.released(), closed);

    const receiving = server.readAll();
    await using second = zerocopySender(client); // which counts on
    assert.equal((await second.send(memory)).bytes, MEMORY);
    await second.released();
    await client.end();
    assert.ok((await receiving).length > MEMORY);
  }));

test("nothing is lent by a socket whose count nobody knows", () =>
  withTcp(async (client) => {
    setOptions(client, { zeroCopy: true });
    assert.throws(() => zerocopySender(client), /^Error: Cannot count the calls/);
    sendZerocopy(client, memory);
    using pair = socketPair();
    assert.throws(() => zerocopySender(pair.first), { code: "EOPNOTSUPP" });
    assert.equal(getOption(client, "zeroCopy"), true);
    await turns();
  }));

test("without a descriptor to be told by, nothing is lent, and nobody waits", () =>
  withTcp(async (client, server) => {
    using reading = watch(client, { readable: true }, () => {}); // so that it takes a second one
    await using sender = zerocopySender(client);
    const part = memory.subarray(0, 20_000);
    await assert.rejects(withSpareDescriptors(0, () => sender.send(part)), { code: "EMFILE" });
    const receiving = server.readAll();
    assert.equal((await sender.send(part)).path, "zerocopy");
    assert.ok(!reading.closed);
    await client.end();
    assert.equal((await receiving).length, 20_000);
  }));

test("a sender that is forgotten keeps nothing open, and lets the program end", () =>
  withoutLeaks(async () => {
    const { client, server } = await tcpPair();
    zerocopySender(client).send(pages(50_000_000)).catch(() => {});
    await turns();
    await gc();
    client.close();
    server.close();
  }));

test("what is no argument is refused before anything is sent", () =>
  withTcp(async (client, server) => {
    const make = (options: object) => () => zerocopySender(client, options);
    for (const minimum of [-1, 1.5, NaN, "1", null, 2 ** 53]) assert.throws(make({ minimum }));
    assert.throws(make({ onQueuedError: 1 }), TypeError);
    assert.throws(make({ size: 1 }), TypeError);
    assert.throws(() => zerocopySender(-1), RangeError);
    assert.throws(() => zerocopySender(undefined as never), TypeError);
    await using sender = zerocopySender(client);
    const refused = (bytes: unknown, options: object = {}) =>
      assert.rejects(
        sender.send(bytes as Uint8Array, options),
        (error) => error instanceof TypeError || error instanceof RangeError,
      );
    const detached = new Uint8Array(10);
    structuredClone(detached, { transfer: [detached.buffer] });
    await refused(detached);
    await refused("text");
    await refused(undefined);
    await refused(memory, { signal: {} });
    await refused(memory, { timeout: "1" });
    await refused(memory, { more: 1 });
    await refused(memory, { to: 7 });
    await refused(memory, { too: "127.0.0.1:1" });
    await refused(new Uint8Array(3), { more: 1 });
    await assert.rejects(sender.released({ timeout: -1 }), RangeError);
    await assert.rejects(sender.released({ till: 1 } as object), TypeError);
    await client.end();
    assert.equal((await server.readAll()).length, 0);
  }));

test.run();
