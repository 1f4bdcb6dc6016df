import assert from "node:assert/strict";
import fc from "fast-check";
import { test } from "uvu";
import { memfd, type OwnedFd, pread, write } from "@posixly/fd";
import { turns, withoutLeaks } from "@posixly/testing";
import {
  Connection,
  connectionPair,
  connectTcp,
  connectUnix,
  listenTcp,
  listenUnix,
  queuedToRead,
  type ReceivedDescriptors,
  send,
  setOptions,
  socketPair,
} from "@posixly/socket";

const closed = { message: /was closed$/ };
const encode = (text: string) => new TextEncoder().encode(text);
const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

interface Ends extends Disposable {
  first: Connection;
  second: Connection;
}

function endsOf(first: Connection, second: Connection): Ends {
  return {
    first,
    second,
    [Symbol.dispose]() {
      first.close();
      second.close();
    },
  };
}

/** How two connections may have come to be each other's end. */
const kinds: Record<string, () => Promise<Ends>> = {
  async ipv4() {
    using listener = listenTcp("127.0.0.1:0");
    return endsOf(await connectTcp(listener.localAddress), await listener.accept());
  },
  async ipv6() {
    using listener = listenTcp("[::1]:0");
    return endsOf(await connectTcp(listener.localAddress), await listener.accept());
  },
  async unix() {
    using listener = listenUnix({ family: "unix" });
    return endsOf(await connectUnix(listener.localAddress), await listener.accept());
  },
  pair: () => Promise.resolve(connectionPair()),
};

/** Fills all that there is between the ends. */
function filled(ends: Ends): Ends {
  setOptions(ends.first, { sendBuffer: 32_768 });
  while (send(ends.first, new Uint8Array(65_536)) !== null);
  return ends;
}

const chunks = fc.array(fc.uint8Array({ maxLength: 200_000, size: "max" }), { maxLength: 5 });
const sizes = fc.infiniteStream(fc.integer({ min: 1, max: 100_000 }));

for (const [kind, connected] of Object.entries(kinds)) {
  test(`${kind}: bytes arrive both ways, whole and in order, however the sides are interleaved`, () =>
    withoutLeaks(() =>
      fc.assert(
        fc.asyncProperty(
          fc.tuple(chunks, chunks),
          fc.tuple(sizes, sizes),
          fc.scheduler(),
          async (both, rooms, scheduler) => {
            using ends = await connected();
            async function sendAll(from: Connection, chunks: Uint8Array[]) {
              for (const chunk of chunks) {
                await scheduler.schedule(Promise.resolve());
                await from.write(chunk);
              }
              await from.end();
            }
            async function receiveAll(
              at: Connection,
              sizes: Iterable<number>,
              chunks: Uint8Array[],
            ) {
              const received: Uint8Array[] = [];
              for (const size of sizes) {
                await scheduler.schedule(Promise.resolve());
                const buffer = new Uint8Array(size).fill(0xa5);
                const n = await at.read(buffer);
                if (n === 0) break;
                received.push(buffer.subarray(0, n));
                assert.ok(buffer.subarray(n).every((byte) => byte === 0xa5)); // untouched
              }
              assert.ok(Buffer.concat(received).equals(Buffer.concat(chunks)));
            }
            await scheduler.waitFor(Promise.all([
              sendAll(ends.first, both[0]),
              sendAll(ends.second, both[1]),
              receiveAll(ends.second, rooms[0], both[0]),
              receiveAll(ends.first, rooms[1], both[1]),
            ]));
          },
        ),
        { numRuns: 15 },
      )
    ));

  test(`${kind}: writes that overlap go one after the other, and the end after all of them`, async () => {
    using ends = await connected();
    const lengths = [300_000, 3, 0, 400_000, 1];
    const writing = lengths.map((n, i) => ends.first.write(new Uint8Array(n).fill(i + 1)));
    writing.push(ends.first.end());
    const late = assert.rejects(ends.first.write(new Uint8Array(1)), { code: "EPIPE" });
    const received = await ends.second.readAll();
    await Promise.all(writing);
    await late;
    const expected = lengths.flatMap((n, i) => Array<number>(n).fill(i + 1));
    assert.ok(Buffer.from(received).equals(Buffer.from(expected)));
  });

  test(`${kind}: of writes that are given up at random a part may arrive, and nothing out of order`, () =>
    withoutLeaks(() =>
      fc.assert(
        fc.asyncProperty(
          fc.array(fc.tuple(fc.integer({ min: 1, max: 150_000 }), fc.boolean()), {
            minLength: 1,
            maxLength: 6,
          }),
          async (writes) => {
            using ends = filled(await connected());
            const controller = new AbortController();
            const reason = new Error("no more");
            const ended = writes.map(async ([length, isGivenUp], i) => {
              const { signal } = isGivenUp ? controller : { signal: undefined };
              try {
                await ends.first.write(new Uint8Array(length).fill(i + 1), { signal });
                return "written";
              } catch (error) {
                assert.equal(error, reason);
                return "given up";
              }
            });
            await turns();
            controller.abort(reason);
            const over = Promise.all(ended).then(async (states) => {
              await ends.first.end();
              return states;
            });
            const received = await ends.second.readAll();
            const states = await over;
            const counts = Array<number>(writes.length + 1).fill(0);
            received.forEach((byte, at) => {
              assert.ok(at === 0 || byte >= received[at - 1]);
              counts[byte]++;
            });
            writes.forEach(([length, isGivenUp], i) => {
              // What was full may have room by then, for the kernel passes on and grows its buffers.
              const isWritten = states[i] === "written";
              assert.ok(isWritten || isGivenUp);
              assert.equal(counts[i + 1] === length, isWritten);
            });
          },
        ),
        { numRuns: 15 },
      )
    ));

  test(`${kind}: one side ends and goes on reading; then the other does`, () =>
    withoutLeaks(async () => {
      using ends = await connected();
      await ends.first.write(encode("question"));
      await ends.first.end();
      await ends.first.end(); // once is enough
      assert.equal(decode(await ends.second.readAll()), "question");
      await ends.second.write(encode("answer"));
      await ends.second.end();
      assert.equal(decode(await ends.first.readAll()), "answer");
      await ends.first.end();
    }));

  test(`${kind}: streams end half by half, and the connection with the second`, () =>
    withoutLeaks(async () => {
      const ends = await connected();
      const bytes = Uint8Array.from({ length: 400_000 }, (_, i) => i % 251);
      const echo = ends.second.readable().pipeTo(ends.second.writable());
      const answer = new Response(ends.first.readable()).arrayBuffer();
      await new Response(bytes).body!.pipeTo(ends.first.writable());
      assert.ok(!ends.first.closed);
      assert.ok(Buffer.from(await answer).equals(Buffer.from(bytes)));
      await echo;
      assert.ok(ends.first.closed && ends.second.closed);
    }));

  test(`${kind}: a stream that is cancelled takes no more, and leaves the other half`, () =>
    withoutLeaks(async () => {
      using ends = await connected();
      const reader = ends.first.readable().getReader();
      const writer = ends.first.writable().getWriter();
      const reading = reader.read();
      await turns();
      await reader.cancel();
      assert.equal((await reading).done, true);
      await ends.second.write(encode("unread"));
      await turns();
      assert.equal(queuedToRead(ends.first), 6);
      await writer.write(encode("still"));
      const buffer = new Uint8Array(9);
      assert.equal(await ends.second.read(buffer), 5);
      await writer.close();
      assert.ok(ends.first.closed);
    }));

  test(`${kind}: aborting what goes out closes the connection`, () =>
    withoutLeaks(async () => {
      using ends = filled(await connected());
      const readable = ends.first.readable().getReader();
      const reading = assert.rejects(readable.read(), closed);
      const writer = ends.first.writable().getWriter();
      const writing = assert.rejects(writer.write(new Uint8Array(1_000_000)), /enough/);
      await turns();
      await writer.abort(new Error("enough"));
      await Promise.all([reading, writing]);
      assert.ok(ends.first.closed);
    }));

  test(`${kind}: closing ends every wait, and using what was closed is an error`, () =>
    withoutLeaks(async () => {
      using ends = filled(await connected());
      const { first } = ends;
      const waits = [
        first.read(new Uint8Array(1)),
        first.readAll(),
        first.chunks().next(),
        first.write(new Uint8Array(1_000_000)),
        first.write(new Uint8Array(1)),
        first.end(),
      ].map((wait) => assert.rejects(wait, closed));
      await turns();
      first.close();
      await Promise.all(waits);
      await assert.rejects(first.read(new Uint8Array(1)), closed);
      await assert.rejects(first.write(new Uint8Array(1)), closed);
      await assert.rejects(first.end(), closed);
      assert.throws(() => first.localAddress, closed);
      first.close();
      first.reset();
    }));

  test(`${kind}: every wait can be given up, at once, later, or by the clock`, () =>
    withoutLeaks(async () => {
      using ends = filled(await connected());
      const { first } = ends;
      const ways: ((options: { signal?: AbortSignal; timeout?: number }) => Promise<unknown>)[] = [
        (options) => first.read(new Uint8Array(1), options),
        (options) => first.readAll(options),
        (options) => first.chunks(options).next(),
        (options) => first.write(new Uint8Array(1_000_000), options),
        (options) => first.write(new Uint8Array(1), options),
        (options) => first.end(options),
      ];
      const stuck = assert.rejects(first.write(new Uint8Array(1_000_000)), closed);
      for (const wait of ways) {
        const reason = new Error("enough");
        await assert.rejects(wait({ signal: AbortSignal.abort(reason) }), reason);
        const controller = new AbortController();
        const waiting = assert.rejects(wait({ signal: controller.signal }), reason);
        await turns();
        controller.abort(reason);
        await waiting;
        await assert.rejects(wait({ timeout: 1 }), { name: "TimeoutError" });
        await assert.rejects(wait({ timeout: -1 }), RangeError);
        await assert.rejects(wait({ timeOut: 1 } as object), TypeError);
      }
      first.close();
      await stuck;
    }));

  test(`${kind}: who reads and who writes at once get in nobody's way`, () =>
    withoutLeaks(async () => {
      using ends = await connected();
      const bytes = new Uint8Array(1_000_000);
      // Each waits for room before the other reads: whoever only wrote would wait for ever.
      await Promise.all([
        ends.first.write(bytes).then(() => ends.first.end()),
        ends.second.write(bytes).then(() => ends.second.end()),
        ends.first.readAll().then(({ length }) => assert.equal(length, 1_000_000)),
        ends.second.readAll().then(({ length }) => assert.equal(length, 1_000_000)),
      ]);
    }));
}

for (const kind of ["ipv4", "ipv6"] as const) {
  test(`${kind}: what is broken off is ECONNRESET to the other side, and no end`, () =>
    withoutLeaks(async () => {
      using ends = filled(await kinds[kind]());
      const writing = assert.rejects(ends.first.write(new Uint8Array(1)), closed);
      await turns();
      ends.first.reset();
      await writing;
      await assert.rejects(ends.second.readAll(), { code: "ECONNRESET" });
      assert.equal(ends.second.remoteAddress, null);
      await assert.rejects(ends.second.write(new Uint8Array(1)), { code: "EPIPE" });
      await assert.rejects(ends.second.end(), { code: "ENOTCONN" });
    }));

  test(`${kind}: a stream that is aborted is no end to the other side`, async () => {
    using ends = await kinds[kind]();
    const writer = ends.first.writable().getWriter();
    await writer.write(encode("the first half"));
    assert.equal(await ends.second.read(new Uint8Array(99)), 14);
    await writer.abort();
    await assert.rejects(ends.second.readAll(), { code: "ECONNRESET" });
  });

  test(`${kind}: a stream that fails closes the connection, also for its other half`, () =>
    withoutLeaks(async () => {
      using ends = await kinds[kind]();
      const reader = ends.first.readable().getReader();
      const writer = ends.first.writable().getWriter();
      writer.closed.catch(() => {});
      ends.second.reset();
      await assert.rejects(reader.read(), { code: "ECONNRESET" });
      assert.ok(ends.first.closed);
      await assert.rejects(writer.write(new Uint8Array(1)), closed);
    }));
}

test("an empty buffer is 0 at once, an empty write is done at once", async () => {
  for (const connected of Object.values(kinds)) {
    using ends = filled(await connected());
    assert.equal(await ends.first.read(new Uint8Array(0)), 0);
    await ends.first.write(new Uint8Array(0));
  }
});

test("any view will do, and only its bytes are used", async () => {
  using ends = connectionPair();
  const memory = Uint8Array.from({ length: 16 }, (_, i) => i);
  await ends.first.write(new DataView(memory.buffer, 4, 4));
  await ends.first.write(new Uint16Array(memory.buffer, 8, 2));
  assert.equal(await ends.second.read(new Float64Array(memory.buffer, 0, 1)), 8);
  assert.deepEqual([...memory.subarray(0, 8)], [4, 5, 6, 7, 8, 9, 10, 11]);
  await assert.rejects(ends.first.write("text" as unknown as Uint8Array), TypeError);
  await assert.rejects(ends.first.read([] as unknown as Uint8Array), TypeError);
});

test("a socket that blocks holds up nobody, and is left as it is", () =>
  withoutLeaks(async () => {
    const { first, second } = socketPair("stream", { nonBlocking: false });
    using ends = endsOf(new Connection(first.release()), new Connection(second.release()));
    const reading = ends.second.read(new Uint8Array(9));
    await turns();
    await ends.first.write(new Uint8Array(3));
    assert.equal(await reading, 3);
    const writing = ends.first.write(new Uint8Array(10_000_000)).then(() => ends.first.end());
    assert.equal((await ends.second.readAll()).length, 10_000_000);
    await writing;
  }));

test("it knows where it is, and where it leads", async () => {
  using listener = listenTcp("127.0.0.1:0");
  using first = await connectTcp(listener.localAddress);
  using second = await listener.accept();
  assert.deepEqual(first.remoteAddress, listener.localAddress);
  assert.deepEqual(second.remoteAddress, first.localAddress);
});

/** A file that says who it is. */
function letter(text: string): OwnedFd {
  const file = memfd("letter");
  write(file, encode(text));
  return file;
}

function textsOf({ descriptors }: ReceivedDescriptors): string[] {
  const buffer = new Uint8Array(9);
  return descriptors.map((fd) => decode(buffer.subarray(0, pread(fd, buffer, 0)!)));
}

test("descriptors travel with their bytes, in turn with what is written", () =>
  withoutLeaks(async () => {
    using ends = connectionPair();
    using a = letter("a");
    using b = letter("b");
    const sending = [
      ends.first.write(encode("before ")),
      ends.first.sendDescriptors([a, b], encode("along ")),
      ends.first.write(encode("after")),
    ];
    const buffer = new Uint8Array(99);
    assert.equal(await ends.second.read(buffer.subarray(0, 7)), 7);
    using received = await ends.second.receiveDescriptors(2, buffer.subarray(7));
    assert.deepEqual(textsOf(received), ["a", "b"]);
    assert.equal(received.length, 6);
    await Promise.all(sending);
    assert.equal(await ends.second.read(buffer.subarray(13)), 5);
    assert.equal(decode(buffer.subarray(0, 18)), "before along after");
  }));

test("more descriptors and bytes than there is room for arrive all the same", () =>
  withoutLeaks(async () => {
    using ends = filled(connectionPair());
    const many = Array.from({ length: 600 }, () => 0);
    const bytes = Uint8Array.from({ length: 300_000 }, (_, i) => i % 251);
    const sending = ends.first.sendDescriptors(many, bytes).then(() => ends.first.end());
    const buffer = new Uint8Array(1 << 16);
    const received: Uint8Array[] = [];
    let count = 0;
    for (;;) {
      using some = await ends.second.receiveDescriptors(253, buffer);
      assert.equal(some.lost, false);
      count += some.descriptors.length;
      received.push(buffer.slice(0, some.length));
      if (some.ended) break;
    }
    await sending;
    assert.equal(count, 600);
    const all = Buffer.concat(received);
    assert.ok(all.subarray(all.length - bytes.length).equals(Buffer.from(bytes)));
  }));

test("descriptors are waited for, and nobody waits when it is over", () =>
  withoutLeaks(async () => {
    using ends = connectionPair();
    const receiving = ends.second.receiveDescriptors(1);
    await turns();
    await ends.first.sendDescriptors([1]);
    using received = await receiving;
    assert.equal(received.descriptors.length, 1);

    await assert.rejects(ends.second.receiveDescriptors(1, undefined, { timeout: 1 }), {
      name: "TimeoutError",
    });
    const waiting = assert.rejects(ends.second.receiveDescriptors(1), closed);
    await turns();
    ends.second.close();
    await waiting;
    await assert.rejects(ends.first.sendDescriptors([1]), { code: "EPIPE" });
    await assert.rejects(ends.first.sendDescriptors([]), RangeError);
  }));

test("the end is the end to whoever waits for descriptors", async () => {
  using ends = connectionPair();
  ends.first.close();
  using received = await ends.second.receiveDescriptors(1);
  assert.ok(received.ended);
});

test("descriptors that are read as bytes are closed", () =>
  withoutLeaks(async () => {
    using ends = connectionPair();
    using file = letter("lost");
    await ends.first.sendDescriptors([file], encode("kept"));
    assert.equal(await ends.second.read(new Uint8Array(9)), 4);
  }));

test("leaving a loop over chunks leaves the connection open, with what was not read", async () => {
  using ends = connectionPair();
  send(ends.first, new Uint8Array([1, 2, 3, 4]));
  for await (const chunk of ends.second.chunks({ size: 2 })) {
    assert.deepEqual(chunk, new Uint8Array([1, 2]));
    break;
  }
  assert.equal(queuedToRead(ends.second), 2);
});

test("readAll stops at its limit", async () => {
  using ends = connectionPair();
  send(ends.first, new Uint8Array(9));
  await assert.rejects(ends.second.readAll({ limit: 8 }), /more than 8 bytes/);
  send(ends.first, new Uint8Array(8));
  await ends.first.end();
  assert.equal((await ends.second.readAll({ limit: 8 })).length, 8);
});

test("readAll takes all if its limit is Infinity", async () => {
  using ends = connectionPair();
  send(ends.first, new Uint8Array(9));
  await ends.first.end();
  assert.equal((await ends.second.readAll({ limit: Infinity })).length, 9);
  await assert.rejects(ends.second.readAll({ limit: -Infinity }), RangeError);
});

test("what is closed can neither be written nothing to, nor be ended", async () => {
  for (const connected of Object.values(kinds)) {
    using ends = filled(await connected());
    await ends.first.end();
    ends.first.close();
    await assert.rejects(ends.first.write(new Uint8Array(0)), closed);
    await assert.rejects(ends.first.end(), closed);
    ends.second.close();
    await assert.rejects(ends.second.end(), closed);
  }
});

test("a byte stream fills buffers that are brought along", async () => {
  using ends = connectionPair();
  send(ends.first, new Uint8Array([1, 2, 3, 4, 5]));
  await ends.first.end();
  const reader = ends.second.readable().getReader({ mode: "byob" });
  assert.deepEqual((await reader.read(new Uint8Array(3))).value, new Uint8Array([1, 2, 3]));
  assert.deepEqual((await reader.read(new Uint8Array(3))).value, new Uint8Array([4, 5]));
  assert.equal((await reader.read(new Uint8Array(3))).done, true);
  assert.ok(ends.second.closed);
});

test("a half that is asked for after the other is over is none", async () => {
  using ends = connectionPair();
  await ends.first.readable().cancel();
  assert.ok(ends.first.closed);
  await assert.rejects(ends.first.writable().getWriter().write(new Uint8Array(1)), closed);
});

test("several may wait to read; each byte goes to one of them", async () => {
  using ends = connectionPair();
  const buffers = [1, 2, 3].map(() => new Uint8Array(1));
  const reading = buffers.map((buffer) => ends.first.read(buffer));
  await turns();
  await ends.second.write(new Uint8Array([7, 8, 9]));
  assert.deepEqual(await Promise.all(reading), [1, 1, 1]);
  assert.deepEqual(buffers.map(([byte]) => byte).sort(), [7, 8, 9]);
});

test("to end twice at once is to end, also if the other side has ended before", async () => {
  using listener = listenTcp("127.0.0.1:0");
  using client = await connectTcp(listener.localAddress);
  using server = await listener.accept();
  await server.end();
  assert.equal(await client.read(new Uint8Array(1)), 0);
  await Promise.all([client.end(), client.end()]);
});

test.run();
