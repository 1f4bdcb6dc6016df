import assert from "node:assert/strict";
import fc from "fast-check";
import { memfd, position, pread, pwrite, read, seek, write } from "@posixly/fd";
import { pipe, queued } from "@posixly/pipe";
import { socketPair } from "@posixly/socket";
import { withoutLeaks } from "@posixly/testing";
import { splice, tee } from "@posixly/zerocopy";
import { test } from "uvu";

test("two pipes and what moves and copies between them are two queues of bytes", () =>
  withoutLeaks(() => {
    const length = fc.integer({ min: 1, max: 5000 });
    const step = fc.oneof(
      fc.record({ do: fc.constant("write" as const), length }),
      fc.record({ do: fc.constant("splice" as const), length }),
      fc.record({ do: fc.constant("tee" as const), length }),
      fc.record({ do: fc.constant("read" as const), length }),
    );
    fc.assert(fc.property(fc.array(step, { maxLength: 20 }), (steps) => {
      using first = pipe({ capacity: 2 ** 20 });
      using second = pipe({ capacity: 2 ** 20 });
      const [a, b]: number[][] = [[], []]; // the model
      let next = 0;
      for (const { do: what, length } of steps) {
        if (what === "write") {
          const bytes = Uint8Array.from({ length }, () => next++);
          assert.equal(write(first.writer, bytes), length);
          a.push(...bytes);
        } else if (what === "read") {
          const buffer = new Uint8Array(length);
          const n = read(second.reader, buffer) ?? 0;
          assert.deepEqual([...buffer.subarray(0, n)], b.splice(0, length));
        } else {
          const n = (what === "tee" ? tee : splice)(first.reader, second.writer, length);
          const moved = a.slice(0, length);
          assert.equal(n ?? 0, moved.length);
          assert.equal(n === null, a.length === 0);
          b.push(...moved);
          if (what === "splice") a.splice(0, length);
        }
        assert.deepEqual([queued(first.reader), queued(second.reader)], [a.length, b.length]);
      }
    }));
  }));

test("offsets on either side are exact beyond 2 ** 53, and leave the positions alone", () => {
  using file = memfd("far");
  using ends = pipe();
  const far = [5, 2 ** 32 + 1, 2n ** 53n + 1n, 2n ** 62n];
  for (const [i, offset] of far.entries()) {
    write(ends.writer, new Uint8Array([i, i + 1, i + 2]));
    assert.equal(splice(ends.reader, file, 3, { toOffset: offset }), 3);
    const buffer = new Uint8Array(3);
    pread(file, buffer, offset);
    assert.deepEqual([...buffer], [i, i + 1, i + 2]);
    assert.equal(splice(file, ends.writer, 2, { fromOffset: BigInt(offset) + 1n }), 2);
    assert.equal(read(ends.reader, buffer), 2);
    assert.deepEqual([...buffer.subarray(0, 2)], [i + 1, i + 2]);
  }
  assert.equal(position(file), 0);
});

test("without offsets the position of a file moves along", () => {
  using file = memfd("example");
  pwrite(file, new Uint8Array([1, 2, 3]), 0);
  using ends = pipe();
  assert.equal(splice(file, ends.writer, 2), 2);
  assert.equal(position(file), 2);
  assert.equal(splice(file, ends.writer, 2), 1);
  assert.equal(splice(file, ends.writer, 2), 0);
  seek(file, 0);
  assert.equal(splice(ends.reader, file, 9), 3);
  assert.equal(position(file), 3);
});

test("empty, full and over are told apart: null, null, 0", () => {
  using source = pipe();
  using sink = pipe();
  assert.equal(splice(source.reader, sink.writer, 10), null);
  assert.equal(tee(source.reader, sink.writer, 10), null);
  while (write(sink.writer, new Uint8Array(65_536)) !== null);
  write(source.writer, new Uint8Array(10));
  assert.equal(splice(source.reader, sink.writer, 10), null);
  assert.equal(tee(source.reader, sink.writer, 10), null);
  assert.equal(queued(source.reader), 10); // nothing was lost
  read(source.reader, new Uint8Array(10));
  source.writer.close();
  read(sink.reader, new Uint8Array(65_536));
  assert.equal(splice(source.reader, sink.writer, 10), 0);
  assert.equal(tee(source.reader, sink.writer, 10), 0);
});

test("even ends that block do not, by default", () => {
  using source = pipe({ nonBlocking: false });
  using sink = pipe({ nonBlocking: false });
  assert.equal(splice(source.reader, sink.writer, 10), null);
  assert.equal(tee(source.reader, sink.writer, 10), null);
});

test("the kernel says what cannot be", () => {
  using ends = pipe();
  using other = pipe();
  using pair = socketPair();
  using file = memfd("example");
  assert.throws(() => splice(file, pair.first, 1), { code: "EINVAL", syscall: "splice" });
  assert.throws(() => splice(ends.reader, ends.writer, 1), { code: "EINVAL" });
  assert.throws(() => splice(ends.reader, other.writer, 1, { fromOffset: 0 }), { code: "ESPIPE" });
  assert.throws(() => splice(pair.first, other.writer, 1, { fromOffset: 0 }), { code: "EINVAL" });
  assert.throws(() => splice(ends.writer, other.reader, 1), { code: "EBADF" });
  assert.throws(() => tee(ends.reader, ends.writer, 1), { code: "EINVAL", syscall: "tee" });
  assert.throws(() => tee(pair.first, ends.writer, 1), { code: "EINVAL" });
  write(other.writer, new Uint8Array(1));
  ends.reader.close();
  assert.throws(() => splice(other.reader, ends.writer, 1), { code: "EPIPE" });
  assert.throws(() => tee(other.reader, ends.writer, 1), { code: "EPIPE" });
});

test("arguments are checked before the call", () => {
  using ends = pipe();
  using sink = pipe();
  for (const call of [splice, tee] as ((...args: unknown[]) => unknown)[]) {
    assert.throws(() => call(ends.reader, sink.writer, -1), RangeError);
    assert.throws(() => call(ends.reader, sink.writer, "1"), TypeError);
    assert.throws(() => call(ends.reader, sink.writer, 1, { noWait: true }), /no option noWait/);
    assert.throws(() => call(ends.reader, sink.writer, 1, { nonBlocking: 1 }), TypeError);
    assert.throws(() => call({}, sink.writer, 1), /^TypeError: from/);
    assert.throws(() => call(ends.reader, {}, 1), /^TypeError: to/);
  }
  assert.throws(() => splice(ends.reader, sink.writer, 1, { toOffset: -1 }), RangeError);
});

test.run();
