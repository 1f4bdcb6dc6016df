import assert from "node:assert/strict";
import fc from "fast-check";
import { memfd, open, pread, pwrite, stat, truncate, write } from "@posixly/fd";
import { pipe } from "@posixly/pipe";
import { MAX_RW_COUNT } from "@posixly/sys";
import { copyFileRange } from "@posixly/zerocopy";
import { test } from "uvu";

const place = fc.option(fc.nat(3000), { nil: undefined });

test("it is a slice of one array set into another", () => {
  const steps = fc.array(fc.tuple(fc.nat(4000), place, place), { maxLength: 8 });
  fc.assert(fc.property(fc.uint8Array({ maxLength: 2000, size: "max" }), steps, (bytes, steps) => {
    using from = memfd("from");
    using to = memfd("to");
    pwrite(from, bytes, 0);
    let [source, target, size] = [0, 0, 0]; // the model: the positions, and the copy
    const copy = new Uint8Array(20_000);
    for (const [length, fromOffset, toOffset] of steps) {
      const start = fromOffset ?? source;
      const part = bytes.subarray(start, start + length);
      const at = toOffset ?? target;
      assert.equal(copyFileRange(from, to, length, { fromOffset, toOffset }), part.length);
      copy.set(part, at);
      if (part.length > 0) size = Math.max(size, at + part.length);
      if (fromOffset === undefined) source += part.length;
      if (toOffset === undefined) target += part.length;
    }
    assert.equal(stat(to).size, size);
    const buffer = new Uint8Array(size);
    pread(to, buffer, 0);
    assert.deepEqual(buffer, copy.subarray(0, size));
  }));
});

test("offsets are exact beyond 2 ** 53", () => {
  using from = memfd("from");
  using to = memfd("to");
  const buffer = new Uint8Array(3);
  for (const offset of [2 ** 32 + 1, 2n ** 53n + 1n, 2n ** 62n]) {
    pwrite(from, new Uint8Array([1, 2, 3]), offset);
    const toOffset = BigInt(offset) - 1n;
    assert.equal(copyFileRange(from, to, 3, { fromOffset: offset, toOffset }), 3);
    pread(to, buffer, toOffset);
    assert.deepEqual(buffer, new Uint8Array([1, 2, 3]));
  }
});

test("a length beyond what one call moves is cut to that, and reaches the end of a smaller file", () => {
  using from = memfd("from");
  using to = memfd("to");
  write(from, new Uint8Array(10));
  assert.ok(2n ** 62n > MAX_RW_COUNT);
  assert.equal(copyFileRange(from, to, 2n ** 62n, { fromOffset: 4 }), 6);
  assert.equal(copyFileRange(from, to, 1, { fromOffset: 10 }), 0);
});

test("within one file parts may not overlap", () => {
  using file = memfd("example");
  truncate(file, 100);
  assert.equal(copyFileRange(file, file, 50, { fromOffset: 0, toOffset: 50 }), 50);
  assert.throws(() => copyFileRange(file, file, 50, { fromOffset: 0, toOffset: 49 }), {
    code: "EINVAL",
    syscall: "copy_file_range",
  });
});

test("the kernel says what cannot be", () => {
  using file = memfd("example");
  using ends = pipe();
  using log = open("/tmp", { append: true, temporary: true });
  write(file, new Uint8Array(10));
  assert.throws(() => copyFileRange(file, ends.writer, 1, { fromOffset: 0 }), { code: "EINVAL" });
  assert.throws(() => copyFileRange(file, log, 1, { fromOffset: 0 }), { code: "EBADF" });
  assert.throws(() => copyFileRange(file, file, 1, { from: 0 } as never), /no option from/);
  assert.throws(() => copyFileRange(file, file, -1), RangeError);
});

test.run();
