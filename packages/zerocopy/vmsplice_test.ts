import assert from "node:assert/strict";
import fc from "fast-check";
import { read, write } from "@posixly/fd";
import { pipe } from "@posixly/pipe";
import { gc, withoutLeaks } from "@posixly/testing";
import { pages, vmsplice } from "@posixly/zerocopy";
import { test } from "uvu";

const memory = pages(65_536);
const parts = fc.array(
  fc.tuple(fc.nat(30_000), fc.nat(5000)).map(([start, length]) =>
    memory.subarray(start, start + length)
  ),
  { maxLength: 8 },
);

test("the reader gets the bytes of all buffers, one after the other", () =>
  withoutLeaks(() => {
    for (let i = 0; i < memory.length; i++) memory[i] = i % 251;
    fc.assert(fc.property(parts, (parts) => {
      using ends = pipe({ capacity: 2 ** 20 });
      const expected = parts.flatMap((part) => [...part]);
      assert.equal(vmsplice(ends.writer, parts), expected.length);
      const buffer = new Uint8Array(expected.length + 1);
      assert.equal(read(ends.reader, buffer) ?? 0, expected.length);
      assert.deepEqual([...buffer.subarray(0, expected.length)], expected);
    }));
  }));

test("a pipe takes as many pages as it has room for, and then none", () => {
  using ends = pipe({ capacity: 4096 * 4 });
  assert.equal(vmsplice(ends.writer, [memory]), 4096 * 4);
  assert.equal(vmsplice(ends.writer, [memory]), null);
});

test("a pipe that blocks does not, by default", () => {
  using ends = pipe({ capacity: 4096, nonBlocking: false });
  write(ends.writer, new Uint8Array(4096));
  assert.equal(vmsplice(ends.writer, [memory]), null);
});

test("pages that were forgotten arrive as they were, whatever the memory is used for then", async () => {
  using ends = pipe({ capacity: 2 ** 20 });
  (() => {
    const bytes = pages(2 ** 20);
    bytes.fill(7);
    assert.equal(vmsplice(ends.writer, [bytes]), 2 ** 20);
  })();
  await gc();
  const others = Array.from({ length: 50 }, () => pages(2 ** 20).fill(9));
  const buffer = new Uint8Array(2 ** 20);
  assert.equal(read(ends.reader, buffer), 2 ** 20);
  assert.ok(buffer.every((byte) => byte === 7));
  assert.equal(others.length, 50);
});

test("memory that may be used again is refused", () => {
  using ends = pipe();
  assert.throws(() => vmsplice(ends.writer, [new Uint8Array(4096)]), /^TypeError: Only memory of/);
  assert.throws(() => vmsplice(ends.writer, [memory, new Uint8Array(0)]), TypeError);
  assert.throws(() => vmsplice(ends.writer, "bytes" as never), TypeError);
  assert.throws(() => vmsplice(ends.writer, [memory], { gifted: true } as never), /no option/);
  assert.equal(read(ends.reader, new Uint8Array(1)), null);
});

test("pages begin at a page, are zeros, and their length is checked", () => {
  const bytes = pages(5000);
  assert.equal(bytes.length, 5000);
  assert.ok(bytes.every((byte) => byte === 0));
  using ends = pipe();
  // the kernel wants gifts aligned
  assert.equal(vmsplice(ends.writer, [bytes.subarray(0, 4096)], { gift: true }), 4096);
  for (const length of [0, -1, 2 ** 32 + 1]) assert.throws(() => pages(length), RangeError);
  for (const length of [1.5, "1" as never]) assert.throws(() => pages(length), TypeError);
});

test("what is no pipe, and a pipe without reader, is an error", () => {
  using ends = pipe();
  assert.throws(() => vmsplice(2 ** 30, [memory]), { code: "EBADF", syscall: "vmsplice" });
  ends.reader.close();
  assert.throws(() => vmsplice(ends.writer, [memory]), { code: "EPIPE" });
});

test.run();
