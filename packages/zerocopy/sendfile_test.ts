import assert from "node:assert/strict";
import fc from "fast-check";
import {
  memfd,
  open,
  position,
  pread,
  pwrite,
  read,
  seek,
  stat,
  truncate,
  write,
} from "@posixly/fd";
import { pipe, setCapacity } from "@posixly/pipe";
import { MAX_RW_COUNT } from "@posixly/sys";
import { withoutLeaks } from "@posixly/testing";
import { socketPair } from "@posixly/socket";
import { sendfile } from "@posixly/zerocopy";
import { test } from "uvu";
import { libc } from "./libc.ts";

function fileOf(bytes: Uint8Array) {
  const file = memfd("test");
  write(file, bytes);
  seek(file, 0);
  return file;
}

const steps = fc.array(
  fc.record({
    length: fc.integer({ min: 0, max: 20_000 }),
    offset: fc.option(fc.integer({ min: 0, max: 12_000 }), { nil: undefined }),
  }),
  { maxLength: 12 },
);

test("each call sends what a slice of the file is, and the position moves only if it is used", () =>
  withoutLeaks(() =>
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 10_000, size: "max" }), steps, (bytes, steps) => {
        using file = fileOf(bytes);
        using ends = pipe({ capacity: 2 ** 20 });
        let at = 0; // the model
        for (const { length, offset } of steps) {
          const expected = bytes.subarray(offset ?? at, (offset ?? at) + length);
          assert.equal(sendfile(ends.writer, file, length, { offset }), expected.length);
          if (offset === undefined) at += expected.length;
          assert.equal(position(file), at);
          const buffer = new Uint8Array(expected.length + 1).fill(0xa5);
          assert.equal(read(ends.reader, buffer) ?? 0, expected.length);
          assert.deepEqual(buffer.subarray(0, expected.length), expected);
        }
      }),
    )
  ));

test("offsets are exact beyond 2 ** 32 and beyond 2 ** 53, as numbers and as bigints", () => {
  using file = memfd("far");
  using ends = pipe();
  const buffer = new Uint8Array(8);
  const far = [2 ** 31, 2 ** 32 - 1, 2 ** 32 + 1, 2 ** 52 + 3, 2n ** 53n + 1n, 2n ** 62n + 5n];
  for (const [i, offset] of far.entries()) {
    pwrite(file, new Uint8Array([i, 100 + i]), offset);
    assert.equal(sendfile(ends.writer, file, 2, { offset }), 2, String(offset));
    assert.equal(read(ends.reader, buffer), 2);
    assert.deepEqual([...buffer.subarray(0, 2)], [i, 100 + i], String(offset));
  }
});

test("beyond the end of the file there is nothing", () => {
  using file = fileOf(new Uint8Array(10));
  using ends = pipe();
  assert.equal(sendfile(ends.writer, file, 5, { offset: 10 }), 0);
  assert.equal(sendfile(ends.writer, file, 5, { offset: 2n ** 62n }), 0);
  assert.equal(sendfile(ends.writer, file, 0), 0);
});

test("a length beyond what one call moves is cut to that", () => {
  using file = memfd("large");
  truncate(file, 2 ** 32);
  using sink = open("/dev/null", { write: true });
  assert.equal(sendfile(sink, file, 3 * 2 ** 30), MAX_RW_COUNT);
  assert.equal(sendfile(sink, file, 2n ** 63n - 1n), MAX_RW_COUNT);
  assert.equal(position(file), 2 * MAX_RW_COUNT);
});

test("what there is room for is told, and then that it would block", () => {
  using file = fileOf(Uint8Array.from({ length: 100_000 }, (_, i) => i % 251));
  using ends = pipe();
  setCapacity(ends.writer, 65_536);
  assert.equal(sendfile(ends.writer, file, 100_000), 65_536);
  assert.equal(sendfile(ends.writer, file, 100_000), null);
  assert.equal(position(file), 65_536);
});

test("a peer that is gone is EPIPE", () => {
  using file = fileOf(new Uint8Array(10));
  using pair = socketPair();
  pair.second.close();
  assert.throws(() => sendfile(pair.first, file, 10), { code: "EPIPE", syscall: "sendfile" });
});

test("what is no file, and what is open for appending, is EINVAL", () => {
  using pair = socketPair();
  using ends = pipe();
  using file = fileOf(new Uint8Array(10));
  using status = open("/proc/self/status");
  for (const from of [pair.second, ends.reader, status]) {
    assert.throws(() => sendfile(pair.first, from, 10), { code: "EINVAL" });
  }
  using log = open("/tmp", { append: true, temporary: true });
  assert.throws(() => sendfile(log, file, 10), { code: "EINVAL" });
});

test("bytes go from file to file as well", () => {
  using file = fileOf(new Uint8Array([1, 2, 3]));
  using copy = memfd("copy");
  assert.equal(sendfile(copy, file, 100), 3);
  assert.equal(stat(copy).size, 3);
  const buffer = new Uint8Array(3);
  pread(copy, buffer, 0);
  assert.deepEqual(buffer, new Uint8Array([1, 2, 3]));
});

test("arguments are checked before the call", () => {
  using file = fileOf(new Uint8Array(10));
  using ends = pipe();
  const { sendfile: call } = libc;
  libc.sendfile = () => assert.fail("called");
  try {
    const wrong = (...args: unknown[]) => () =>
      (sendfile as (...args: unknown[]) => unknown)(ends.writer, file, ...args);
    assert.throws(wrong(-1), RangeError);
    assert.throws(wrong(1.5), TypeError);
    assert.throws(wrong("1"), TypeError);
    assert.throws(wrong(2 ** 53), RangeError);
    assert.throws(wrong(1, { offset: -1 }), RangeError);
    assert.throws(wrong(1, { offset: 2n ** 63n }), RangeError);
    assert.throws(wrong(1, { offset: "0" }), TypeError);
    assert.throws(wrong(1, { at: 1 }), /no option at/);
    assert.throws(() => sendfile(-1, file, 1), RangeError);
  } finally {
    libc.sendfile = call;
  }
});

test.run();
