import assert from "node:assert/strict";
import process from "node:process";
import { clearInterval, setInterval } from "node:timers";
import { read, write } from "@posixly/fd";
import { gc, turns } from "@posixly/testing";
import fc from "fast-check";
import { test } from "uvu";
import { pipe as ends } from "./ends_fixture.ts";
import { TaskQueue, WriteQueue } from "@posixly/mux";

/** A pipe, both ends of which are closed together. */
function pipe() {
  const [reader, writer] = ends();
  return {
    reader,
    writer,
    [Symbol.dispose]() {
      reader.close();
      writer.close();
    },
  };
}

test("tasks go one after the other, whatever becomes of those before", () =>
  fc.assert(
    fc.asyncProperty(
      fc.array(fc.constantFrom("ends", "fails", "is given up"), { maxLength: 8 }),
      fc.scheduler(),
      async (fates, scheduler) => {
        const queue = new TaskQueue();
        const controller = new AbortController();
        const begun: number[] = [];
        let running = 0;
        const tasks = fates.map((fate, i) => {
          const signal = fate === "is given up" ? controller.signal : undefined;
          const task = async () => {
            assert.equal(running++, 0);
            begun.push(i);
            await scheduler.schedule(Promise.resolve());
            running--;
            if (fate === "fails") throw new Error("failed");
            return i;
          };
          return queue.run(task, { signal }).catch((error) => error.message);
        });
        controller.abort(new Error("given up")); // the first of all has begun, if it is this one
        const ended = await scheduler.waitFor(Promise.all(tasks));
        fates.forEach((fate, i) => {
          const hasBegun = fate !== "is given up" || i === 0;
          assert.equal(begun.includes(i), hasBegun);
          const result = fate === "fails" ? "failed" : hasBegun ? i : "given up";
          assert.equal(ended[i], result);
        });
        assert.deepEqual(begun, [...begun].sort((a, b) => a - b));
        await turns(1);
        assert.ok(queue.isIdle);
      },
    ),
    { numRuns: 50 },
  ));

test("a write that need not wait is made at once, and none overtakes one that does", async () => {
  using ends = pipe();
  const calls: number[] = [];
  const queue = new WriteQueue(ends.writer, (bytes) => {
    const n = write(ends.writer, bytes);
    if (n !== null) calls.push(n);
    return n;
  });
  const first = queue.write(new Uint8Array(10).fill(1));
  assert.deepEqual(calls, [10]); // before anybody could have awaited it
  await first;
  const stuck = queue.write(new Uint8Array(70_000).fill(2));
  const small = queue.write(new Uint8Array(10).fill(3));
  const received: number[] = [];
  const buffer = new Uint8Array(1000);
  while (received.length < 70_020) {
    received.push(...buffer.subarray(0, read(ends.reader, buffer) ?? 0));
    await turns(1);
  }
  await Promise.all([stuck, small]);
  assert.deepEqual(received, [...received].sort());
});

test("nobody writes for so long that others have no turn", async () => {
  using ends = pipe();
  const queue = new WriteQueue(ends.writer, (bytes) => write(ends.writer, bytes));
  let isOver = false;
  turns(1).then(() => isOver = true);
  for (let i = 0; !isOver; i++) {
    assert.ok(i < 1000);
    await queue.write(new Uint8Array(1));
  }
});

test("a task that is given up by the clock does not run, and one that runs has what is left", async () => {
  const queue = new TaskQueue();
  const alive = setInterval(() => {}, 1000);
  let finish!: () => void;
  const first = queue.run(() => new Promise<void>((resolve) => finish = resolve));
  const late = queue.run(() => assert.fail(), { timeout: 2 });
  const left = queue.run((wait) => Promise.resolve(wait!.timeout), { timeout: 60_000 });
  await assert.rejects(late, { name: "TimeoutError" });
  finish();
  await first;
  const timeout = await left;
  assert.ok(timeout! > 0 && timeout! < 60_000, `${timeout}`);
  clearInterval(alive);
});

test("writes that can be given up keep nothing when they are over", async () => {
  using ends = pipe();
  const queue = new WriteQueue(ends.writer, (bytes) => write(ends.writer, bytes));
  const [one, buffer] = [new Uint8Array(1), new Uint8Array(65_536)];
  const { signal } = new AbortController();
  const kept = async (writes: number) => {
    await gc();
    const before = process.memoryUsage().heapUsed;
    for (let i = 0; i < writes; i++) {
      await queue.write(one, { signal, timeout: 3_600_000 });
      if (i % 50 === 0) read(ends.reader, buffer);
    }
    await gc();
    return (process.memoryUsage().heapUsed - before) / writes;
  };
  await kept(1000); // what the compiler needs
  const bytes = await kept(10_000);
  assert.ok(bytes < 300, `${bytes} bytes a write`);
});

test("what is closed is written nothing to, and not even that", async () => {
  using ends = pipe();
  const queue = new WriteQueue(ends.writer, (bytes) => write(ends.writer, bytes));
  const stuck = queue.write(new Uint8Array(70_000));
  const empty = queue.write(new Uint8Array(0));
  ends.writer.close();
  const closed = { message: /was closed$/ };
  await assert.rejects(stuck, closed);
  await assert.rejects(empty, closed);
  await assert.rejects(queue.write(new Uint8Array(0)), closed);
});

test("bytes that are transferred before it is their turn are not taken for written", async () => {
  using ends = pipe();
  const queue = new WriteQueue(ends.writer, (bytes) => write(ends.writer, bytes));
  const first = queue.write(new Uint8Array(100_000)); // more than a pipe holds
  const bytes = new Uint8Array(10);
  const second = assert.rejects(queue.write(bytes), /^TypeError: .*detached/);
  structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
  for (let left = 100_000; left > 0;) {
    left -= read(ends.reader, new Uint8Array(100_000)) ?? 0;
    await turns(1);
  }
  await first;
  await second;
});

test("an empty write is checked as any other", async () => {
  using ends = pipe();
  const queue = new WriteQueue(ends.writer, () => assert.fail());
  await queue.write(new Uint8Array(0));
  await assert.rejects(queue.write(new Uint8Array(0), { timeOut: 1 } as object), TypeError);
  await assert.rejects(queue.write(new Uint8Array(1), null as never), TypeError);
  const signal = AbortSignal.abort(new Error("enough"));
  await assert.rejects(queue.write(new Uint8Array(0), { signal }), /enough/);
});

test.run();
