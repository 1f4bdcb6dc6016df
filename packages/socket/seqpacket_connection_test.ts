import assert from "node:assert/strict";
import fc from "fast-check";
import { test } from "uvu";
import { turns, withoutLeaks } from "@posixly/testing";
import {
  connectSeqpacket,
  listenSeqpacket,
  receiveMessage,
  send,
  sendMessage,
  SeqpacketConnection,
  setOptions,
  shutdown,
  socketPair,
} from "@posixly/socket";
import { libc } from "./libc.ts";

const closed = { message: /was closed$/ };

interface Ends extends Disposable {
  first: SeqpacketConnection;
  second: SeqpacketConnection;
}

function connected(): Ends {
  const pair = socketPair("seqpacket");
  const first = new SeqpacketConnection(pair.first.release());
  const second = new SeqpacketConnection(pair.second.release());
  return {
    first,
    second,
    [Symbol.dispose]() {
      first.close();
      second.close();
    },
  };
}

function filled(ends: Ends): Ends {
  while (send(ends.first, new Uint8Array(1000)) !== null);
  return ends;
}

async function all(connection: SeqpacketConnection): Promise<Uint8Array[]> {
  const messages = [];
  for await (const message of connection) messages.push(message);
  return messages;
}

const messages = fc.array(fc.uint8Array({ maxLength: 90_000, size: "max" }), { maxLength: 20 });

test("messages arrive both ways, each as it was sent, however the sides are interleaved", () =>
  withoutLeaks(() =>
    fc.assert(
      fc.asyncProperty(messages, messages, fc.scheduler(), async (there, back, scheduler) => {
        using ends = connected();
        // The last one is not empty, since the end would hide it.
        there.push(new Uint8Array(1));
        back.push(new Uint8Array(2));
        async function sendAll(from: SeqpacketConnection, messages: Uint8Array[]) {
          for (const message of messages) {
            await scheduler.schedule(Promise.resolve());
            await from.send(message);
          }
          await from.end();
        }
        async function receiveAll(at: SeqpacketConnection, messages: Uint8Array[]) {
          for (const message of messages) {
            await scheduler.schedule(Promise.resolve());
            const received = await at.receive();
            assert.ok(received !== null && Buffer.from(received).equals(message));
          }
          assert.equal(await at.receive(), null);
          assert.equal(await at.receive(), null);
        }
        await scheduler.waitFor(Promise.all([
          sendAll(ends.first, there),
          sendAll(ends.second, back),
          receiveAll(ends.second, there),
          receiveAll(ends.first, back),
        ]));
      }),
      { numRuns: 25 },
    )
  ));

test("sends that overlap arrive in order, and the end after them", async () => {
  using ends = filled(connected());
  const sending = Array.from({ length: 300 }, (_, i) => ends.first.send(new Uint16Array([i])));
  sending.push(ends.first.end());
  const late = assert.rejects(ends.first.send(new Uint8Array(1)), { code: "EPIPE" });
  const received = (await all(ends.second)).filter(({ length }) => length === 2);
  assert.deepEqual(
    received.map(({ buffer }) => new Uint16Array(buffer as ArrayBuffer)[0]),
    Array.from({ length: 300 }, (_, i) => i),
  );
  await Promise.all([...sending, late]);
});

test("an empty message is one, as long as something follows or nobody has ended", async () => {
  using ends = connected();
  const empty = new Uint8Array(0);
  await ends.first.send(empty);
  assert.deepEqual(await ends.second.receive(), empty);
  await ends.first.send(empty);
  await ends.first.send(empty);
  await ends.first.send(new Uint8Array(1));
  await ends.first.end();
  assert.deepEqual((await all(ends.second)).map(({ length }) => length), [0, 0, 1]);
});

test("an end for writing that we set ourselves is not taken for that of the other side", async () => {
  using ends = connected();
  await ends.second.end();
  await ends.first.send(new Uint8Array(0));
  assert.equal((await ends.second.receive())?.length, 0);
  assert.equal(await ends.first.receive(), null);
  await ends.second.end(); // once is enough
});

test("a message may be as long as the kernel takes, and no longer", async () => {
  using ends = connected();
  setOptions(ends.first, { sendBuffer: 200_000 });
  await ends.first.send(new Uint8Array(350_000).fill(7));
  const message = (await ends.second.receive())!;
  assert.ok(message.length === 350_000 && message.every((byte) => byte === 7));
  await assert.rejects(ends.first.send(new Uint8Array(1_000_000)), { code: "EMSGSIZE" });
});

test("every wait ends when the connection is closed, by a signal, or by the clock", () =>
  withoutLeaks(async () => {
    const ways: ((ends: Ends, options?: object) => Promise<unknown>)[] = [
      ({ first }, options) => first.receive(options),
      ({ first }, options) => first.send(new Uint8Array(1000), options),
      ({ first }, options) => {
        first.send(new Uint8Array(1000)).catch(() => {});
        return first.end(options);
      },
    ];
    for (const wait of ways) {
      using ends = filled(connected());
      const reason = new Error("enough");
      await assert.rejects(wait(ends, { signal: AbortSignal.abort(reason) }), reason);
      const controller = new AbortController();
      const waiting = assert.rejects(wait(ends, { signal: controller.signal }), reason);
      await turns();
      controller.abort(reason);
      await waiting;
      await assert.rejects(wait(ends, { timeout: 1 }), { name: "TimeoutError" });
      await assert.rejects(wait(ends, { timeOut: 1 }), TypeError);
      const ending = assert.rejects(wait(ends), closed);
      await turns();
      ends.first.close();
      await ending;
      await assert.rejects(wait(ends), closed);
    }
  }));

test("a peer that is gone is the end to who receives, and EPIPE to who sends", () =>
  withoutLeaks(async () => {
    using ends = connected();
    const receiving = ends.first.receive();
    await turns();
    ends.second.close();
    assert.equal(await receiving, null);
    await assert.rejects(ends.first.send(new Uint8Array(1)), { code: "EPIPE" });
    await assert.rejects(ends.first.send("text" as unknown as Uint8Array), TypeError);
  }));

test("a peer that has not read all is ECONNRESET, once", async () => {
  using ends = connected();
  await ends.first.send(new Uint8Array(3));
  ends.second.close();
  await assert.rejects(ends.first.receive(), { code: "ECONNRESET" });
  assert.equal(await ends.first.receive(), null);
});

test("a socket that blocks holds up nobody", async () => {
  const pair = socketPair("seqpacket", { nonBlocking: false });
  using first = new SeqpacketConnection(pair.first.release());
  using second = new SeqpacketConnection(pair.second.release());
  const receiving = second.receive();
  await turns();
  await first.send(new Uint8Array(3));
  assert.equal((await receiving)?.length, 3);
});

test("what comes along with a message goes through sendMessage and receiveMessage", () =>
  withoutLeaks(async () => {
    using listener = listenSeqpacket({ family: "unix" });
    using client = await connectSeqpacket(listener.localAddress);
    using server = await listener.accept();
    sendMessage(client, { bytes: new Uint8Array(2), descriptors: [0, 1] });
    using message = receiveMessage(server, new Uint8Array(9), { descriptors: 2 });
    assert.deepEqual([message?.length, message?.descriptors.length], [2, 2]);
  }));

test("what is closed cannot be ended, not even twice", async () => {
  using ends = connected();
  await ends.first.end();
  await ends.first.end();
  ends.first.close();
  await assert.rejects(ends.first.end(), { message: /was closed$/ });
  await assert.rejects(ends.first.send(new Uint8Array(0)), { message: /was closed$/ });
});

test("an end for reading is the end, and EPIPE to the peer", async () => {
  using ends = connected();
  shutdown(ends.second, "read");
  assert.equal(await ends.second.receive(), null);
  await assert.rejects(ends.first.send(new Uint8Array(1)), { code: "EPIPE" });
});

test("a message that was not the one that was measured comes as it is, or is told to be cut", async () => {
  for (const [first, second] of [[9, 3], [3, 9]]) {
    using ends = connected();
    await ends.first.send(new Uint8Array(first).fill(1));
    await ends.first.send(new Uint8Array(second).fill(2));
    const { recv } = libc;
    let calls = 0;
    libc.recv = (fd, ...rest) => {
      const n = recv(fd, ...rest);
      if (calls++ === 0) recv(fd, new Uint8Array(9), 9, 0); // somebody else takes it
      return n;
    };
    const receiving = ends.second.receive();
    try {
      if (second > first) await assert.rejects(receiving, { message: /^A message was cut/ });
      else assert.deepEqual(await receiving, new Uint8Array(second).fill(2));
    } finally {
      libc.recv = recv;
    }
  }
});

test.run();
