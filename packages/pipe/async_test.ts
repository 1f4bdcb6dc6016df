import assert from "node:assert/strict";
import fc from "fast-check";
import { test } from "uvu";
import { read, write } from "@posixly/fd";
import { turns, withoutLeaks } from "@posixly/testing";
import { capacity, type Pipe, pipe, queued } from "@posixly/pipe";

const closed = { message: /was closed$/ };

function filled(ends: Pipe): Pipe {
  while (write(ends.writer, new Uint8Array(65_536)) !== null);
  return ends;
}

const chunks = fc.array(fc.uint8Array({ maxLength: 200_000, size: "max" }), { maxLength: 6 });
const sizes = fc.infiniteStream(fc.integer({ min: 1, max: 100_000 }));

test("what is written arrives, whole and in order, however both sides are interleaved", () =>
  withoutLeaks(() =>
    fc.assert(
      fc.asyncProperty(chunks, sizes, fc.scheduler(), async (chunks, sizes, scheduler) => {
        using ends = pipe();
        const sent = chunks.flatMap((chunk) => [...chunk]);
        const received: number[] = [];

        async function send() {
          for (const chunk of chunks) {
            await scheduler.schedule(Promise.resolve());
            await ends.writer.write(chunk);
          }
          ends.writer.close();
        }
        async function receive() {
          for (const size of sizes) {
            await scheduler.schedule(Promise.resolve());
            const buffer = new Uint8Array(size).fill(0xa5);
            const n = await ends.reader.read(buffer);
            if (n === 0) return;
            for (const byte of buffer.subarray(0, n)) received.push(byte);
            assert.ok(buffer.subarray(n).every((byte) => byte === 0xa5)); // untouched
          }
        }
        await scheduler.waitFor(Promise.all([send(), receive()]));
        assert.deepEqual(received, sent);
      }),
      { numRuns: 30 },
    )
  ));

test("writes that overlap go one after the other, in one piece each", async () => {
  using ends = pipe();
  const lengths = [100_000, 3, 0, 70_000, 1];
  const writing = lengths.map((length, i) => ends.writer.write(new Uint8Array(length).fill(i + 1)));
  Promise.all(writing).then(() => ends.writer.close());
  const received = await ends.reader.readAll();
  assert.deepEqual(received, new Uint8Array(lengths.flatMap((n, i) => Array(n).fill(i + 1))));
});

test("several may wait to read; each byte goes to one of them", async () => {
  using ends = pipe();
  const buffers = [1, 2, 3].map(() => new Uint8Array(1));
  const reading = buffers.map((buffer) => ends.reader.read(buffer));
  await turns();
  await ends.writer.write(new Uint8Array([7, 8, 9]));
  assert.deepEqual(await Promise.all(reading), [1, 1, 1]);
  assert.deepEqual(buffers.map(([byte]) => byte).sort(), [7, 8, 9]);
});

test("readAll, chunks and iteration give the same bytes", async () => {
  const bytes = Uint8Array.from({ length: 300_000 }, (_, i) => i % 251);
  const ways = [
    (ends: Pipe) => ends.reader.readAll(),
    async (ends: Pipe) => {
      const all: number[] = [];
      for await (const chunk of ends.reader) all.push(...chunk);
      return new Uint8Array(all);
    },
    async (ends: Pipe) => {
      const all: number[] = [];
      for await (const chunk of ends.reader.chunks({ size: 1000 })) {
        assert.ok(chunk.length <= 1000);
        all.push(...chunk);
      }
      return new Uint8Array(all);
    },
  ];
  for (const way of ways) {
    using ends = pipe();
    ends.writer.write(bytes).then(() => ends.writer.close());
    assert.deepEqual(await way(ends), bytes);
  }
});

test("leaving a loop over chunks leaves the pipe open, with what was not read", async () => {
  using ends = pipe();
  write(ends.writer, new Uint8Array([1, 2, 3, 4]));
  for await (const chunk of ends.reader.chunks({ size: 2 })) {
    assert.deepEqual(chunk, new Uint8Array([1, 2]));
    break;
  }
  assert.equal(queued(ends.reader), 2);
});

test("readAll stops at its limit, and a pipe that holds just as much is fine", async () => {
  using ends = pipe();
  write(ends.writer, new Uint8Array(9));
  await assert.rejects(ends.reader.readAll({ limit: 8 }), /more than 8 bytes/);
  write(ends.writer, new Uint8Array(8));
  ends.writer.close();
  assert.equal((await ends.reader.readAll({ limit: 8 })).length, 8);
});

test("an empty buffer is 0 at once, an empty write is done at once", async () => {
  using ends = filled(pipe());
  assert.equal(await ends.reader.read(new Uint8Array(0)), 0);
  await ends.writer.write(new Uint8Array(0));
  assert.equal(queued(ends.reader), capacity(ends.reader));
});

test("any view will do, and only its bytes are used", async () => {
  using ends = pipe();
  const memory = Uint8Array.from({ length: 16 }, (_, i) => i);
  await ends.writer.write(new DataView(memory.buffer, 4, 4));
  await ends.writer.write(new Uint16Array(memory.buffer, 8, 2));
  assert.equal(await ends.reader.read(new Float64Array(memory.buffer, 0, 1)), 8);
  assert.deepEqual([...memory.subarray(0, 8)], [4, 5, 6, 7, 8, 9, 10, 11]);
});

test("a reader that leaves ends a waiting write with EPIPE", async () => {
  using ends = filled(pipe());
  const writing = ends.writer.write(new Uint8Array(1));
  await turns();
  ends.reader.close();
  await assert.rejects(writing, { code: "EPIPE", syscall: "write" });
  await assert.rejects(ends.writer.write(new Uint8Array(1)), { code: "EPIPE" });
});

test("a writer that leaves ends a waiting read with 0", async () => {
  using ends = pipe();
  const reading = ends.reader.read(new Uint8Array(1));
  await turns();
  ends.writer.close();
  assert.equal(await reading, 0);
});

/** Every way to wait, each in a pipe where it has to. */
const waits: Record<string, (ends: Pipe, signal?: AbortSignal) => Promise<unknown>> = {
  read: (ends, signal) => ends.reader.read(new Uint8Array(1), { signal }),
  readAll: (ends, signal) => ends.reader.readAll({ signal }),
  chunks: (ends, signal) => ends.reader.chunks({ signal }).next(),
  write: (ends, signal) => filled(ends).writer.write(new Uint8Array(1), { signal }),
  "a write after another": (ends, signal) => {
    filled(ends).writer.write(new Uint8Array(1)).catch(() => {});
    return ends.writer.write(new Uint8Array(1), { signal });
  },
};

for (const [name, wait] of Object.entries(waits)) {
  test(`${name} ends with the signal's reason when that aborts`, () =>
    withoutLeaks(async () => {
      for (const reason of [new Error("enough"), "text", undefined]) {
        using ends = pipe();
        const controller = new AbortController();
        const waiting = wait(ends, controller.signal);
        await turns();
        controller.abort(reason);
        await assert.rejects(waiting, (error) => error === controller.signal.reason);
      }
    }));

  test(`${name} does not begin when the signal has aborted`, async () => {
    using ends = pipe();
    const reason = new Error("never");
    await assert.rejects(wait(ends, AbortSignal.abort(reason)), reason);
  });

  test(`${name} ends when its end is closed meanwhile`, () =>
    withoutLeaks(async () => {
      using ends = pipe();
      const waiting = wait(ends);
      await turns();
      ends[Symbol.dispose]();
      await assert.rejects(waiting, closed);
    }));

  test(`${name} leaves no listener on a signal that outlives it`, async () => {
    const signal = new CountingSignal();
    using ends = pipe();
    const waiting = wait(ends, signal as unknown as AbortSignal);
    await turns();
    assert.ok(signal.listeners > 0);
    ends[Symbol.dispose]();
    await assert.rejects(waiting, closed);
    assert.equal(signal.listeners, 0);
  });
}

test("every wait ends when its time is over, and not by then", () =>
  withoutLeaks(async () => {
    using ends = pipe();
    const { reader, writer } = ends;
    const waits = [
      () => reader.read(new Uint8Array(1), { timeout: 5 }),
      () => reader.readAll({ timeout: 5 }),
      () => reader.chunks({ timeout: 5 }).next(),
      () => filled(ends).writer.write(new Uint8Array(1), { timeout: 5 }),
      () => Promise.all([1, 2].map(() => writer.write(new Uint8Array(1), { timeout: 5 }))),
    ];
    for (const wait of waits) {
      const since = performance.now();
      await assert.rejects(wait(), { name: "TimeoutError" });
      assert.ok(performance.now() - since > 4); // the runtimes' timers count whole milliseconds
    }
    const timeout = 1_000_000;
    const writing = writer.write(new Uint8Array(1), { timeout });
    assert.equal(await reader.read(new Uint8Array(70_000), { timeout }), capacity(reader));
    await writing;
  }));

class CountingSignal {
  listeners = 0;
  aborted = false;
  throwIfAborted() {}
  addEventListener() {
    this.listeners++;
  }
  removeEventListener() {
    this.listeners--;
  }
}

test("a write that is aborted while it waits for its turn lets no other overtake", async () => {
  using ends = filled(pipe());
  const controller = new AbortController();
  const first = ends.writer.write(new Uint8Array(100_000).fill(1));
  const second = ends.writer.write(new Uint8Array(10).fill(2), { signal: controller.signal });
  const third = ends.writer.write(new Uint8Array(10).fill(3));
  await turns();
  controller.abort();
  await assert.rejects(second, { name: "AbortError" });
  const received: number[] = [];
  Promise.all([first, third]).then(() => ends.writer.close());
  for await (const chunk of ends.reader) received.push(...chunk);
  assert.deepEqual(
    received.filter((byte) => byte > 0),
    [...Array(100_000).fill(1), ...Array(10).fill(3)],
  );
});

test("closing one end does not disturb a wait on the other", async () => {
  using ends = pipe();
  using others = pipe();
  const reading = others.reader.read(new Uint8Array(1));
  ends.reader.close();
  ends.writer.close();
  using again = pipe(); // takes the same numbers
  await turns();
  write(again.writer, new Uint8Array(1));
  write(others.writer, new Uint8Array(1));
  assert.equal(await reading, 1);
});

test("a peer that is always ready does not keep timers from firing", async () => {
  using ends = pipe();
  const signal = AbortSignal.timeout(20);
  const buffer = new Uint8Array(1);
  const pingPong = async () => {
    for (;;) {
      await ends.writer.write(buffer);
      await ends.reader.read(buffer, { signal });
    }
  };
  await assert.rejects(pingPong(), { name: "TimeoutError" });
});

test("a closed end says so", async () => {
  const { reader, writer, ...ends } = pipe();
  ends[Symbol.dispose]();
  for (const bytes of [new Uint8Array(1), new Uint8Array(0)]) {
    await assert.rejects(reader.read(bytes), closed);
    await assert.rejects(writer.write(bytes), closed);
  }
  await assert.rejects(reader.readAll(), closed);
  await assert.rejects(reader.chunks().next(), closed);
});

test("an end that blocks refuses to wait", async () => {
  using ends = pipe({ nonBlocking: false });
  await assert.rejects(ends.reader.read(new Uint8Array(1)), TypeError);
  await assert.rejects(ends.writer.write(new Uint8Array(1)), TypeError);
});

test("bad input is refused before anything is read or written", async () => {
  using ends = pipe();
  write(ends.writer, new Uint8Array(4));
  const detached = new Uint8Array(4);
  structuredClone(detached.buffer, { transfer: [detached.buffer] });
  for (const wrong of [null, undefined, 4, "text", {}, [1], new ArrayBuffer(4), detached]) {
    await assert.rejects(ends.reader.read(wrong as Uint8Array), TypeError);
    await assert.rejects(ends.writer.write(wrong as Uint8Array), TypeError);
  }
  for (const size of [0, -1, 2 ** 31]) {
    await assert.rejects(ends.reader.chunks({ size }).next(), RangeError);
  }
  await assert.rejects(ends.reader.readAll({ limit: -1 }), RangeError);
  await assert.rejects(ends.reader.readAll({ limit: "1" as unknown as number }), TypeError);
  for (const options of [{ timeout: -1 }, { timeout: NaN }, { timeout: "1" }, { timeOut: 1 }]) {
    const wrong = options as { timeout: number };
    await assert.rejects(ends.reader.read(new Uint8Array(1), wrong), /^(Range|Type)Error/);
    await assert.rejects(ends.writer.write(new Uint8Array(1), wrong), /^(Range|Type)Error/);
  }
  const expected = /^TypeError: signal must be an AbortSignal/;
  for (const signal of [null, 5, {}] as unknown[] as AbortSignal[]) {
    await assert.rejects(ends.reader.read(new Uint8Array(1), { signal }), expected);
    await assert.rejects(ends.writer.write(new Uint8Array(1), { signal }), expected);
  }
  assert.equal(queued(ends.reader), 4);
});

test("a misspelt option is refused, although there is nothing to wait for", async () => {
  using ends = pipe();
  write(ends.writer, new Uint8Array(4));
  const misspelt = { singal: AbortSignal.abort() } as object;
  const calls = [
    () => ends.reader.read(new Uint8Array(1), misspelt),
    () => ends.reader.readAll(misspelt),
    () => ends.reader.chunks(misspelt).next(),
    () => ends.writer.write(new Uint8Array(1), misspelt),
  ];
  for (const call of calls) await assert.rejects(call, /^TypeError: there is no option singal/);
  assert.equal(queued(ends.reader), 4);
});

test("a write whose buffer is taken away meanwhile fails, and does not hang", async () => {
  using ends = pipe();
  const bytes = new Uint8Array(200_000);
  const writing = ends.writer.write(bytes);
  await turns();
  structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
  read(ends.reader, new Uint8Array(65_536));
  await assert.rejects(writing, TypeError);
});

test.run();
