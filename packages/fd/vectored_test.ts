import assert from "node:assert/strict";
import {
  memfd,
  open,
  position,
  preadv,
  pwritev,
  readAll,
  readv,
  seek,
  stat,
  writev,
} from "@posixly/fd";
import { errno, MAX_RW_COUNT } from "@posixly/sys";
import { withoutLeaks } from "@posixly/testing";
import fc from "fast-check";
import { test } from "uvu";
import { libc } from "./libc.ts";

const counts = fc.constantFrom(0, 1, 1023, 1024, 1025, 2048, 3000);

test("more buffers than the kernel takes at once are more calls", () =>
  withoutLeaks(() => {
    fc.assert(
      fc.property(counts, fc.constantFrom(0, 2n ** 53n), (count, offset) => {
        using file = memfd("many");
        const parts = Array.from({ length: count }, (_, i) => Uint8Array.of(i, i >> 8));
        assert.equal(pwritev(file, parts, offset), 2 * count);
        const filled = parts.map(() => new Uint8Array(2));
        assert.equal(preadv(file, filled, offset), 2 * count);
        assert.deepEqual(filled, parts);
        assert.equal(position(file), 0);

        seek(file, 0);
        assert.equal(writev(file, parts), 2 * count);
        seek(file, 0);
        const again = parts.map(() => new Uint8Array(2));
        assert.equal(readv(file, again), 2 * count);
        assert.deepEqual(again, parts);
      }),
      { numRuns: 14 },
    );
  }));

test("empty buffers count for nothing, however many there are", () => {
  using file = memfd("empty");
  const none = Array.from({ length: 2000 }, () => new Uint8Array(0));
  assert.equal(writev(file, none), 0);
  assert.equal(writev(file, [...none, Uint8Array.of(7), ...none, Uint8Array.of(8)]), 2);
  seek(file, 0);
  assert.deepEqual([...readAll(file)], [7, 8]);
  assert.equal(readv(file, []), 0);
  assert.throws(() => writev(1_000_000, []), { code: "EBADF" });
});

test("buffers of any type are taken, with what lies around them left alone", () => {
  using file = memfd("views");
  const bytes = Uint8Array.from({ length: 32 }, (_, i) => i);
  const views = [
    new DataView(bytes.buffer, 3, 5),
    new Uint16Array(bytes.buffer, 8, 2),
    new BigUint64Array(bytes.buffer, 16, 1),
    bytes.subarray(30, 31),
  ];
  assert.equal(writev(file, views), 18);
  const into = new Uint8Array(20).fill(0xa5);
  assert.equal(preadv(file, [into.subarray(1, 10), into.subarray(10, 19)], 0), 18);
  const expected = [3, 4, 5, 6, 7, 8, 9, 10, 11, 16, 17, 18, 19, 20, 21, 22, 23, 30];
  assert.deepEqual([...into], [0xa5, ...expected, 0xa5]);
});

test("more than 2 ** 31 bytes are counted exactly", () => {
  using sink = open("/dev/null", { write: true });
  const megabyte = new Uint8Array(2 ** 20);
  assert.equal(writev(sink, Array(3000).fill(megabyte)), 3000 * 2 ** 20);
  // In one call the kernel stops there, so we do.
  assert.equal(writev(sink, Array(1000).fill(new Uint8Array(2 ** 22))), MAX_RW_COUNT);
});

test("reading stops at the first call that comes back short", () => {
  using file = memfd("short");
  writev(file, [new Uint8Array(1500).fill(1)]);
  const buffers = Array.from({ length: 4000 }, () => new Uint8Array(1));
  assert.equal(preadv(file, buffers, 0), 1500);
  assert.equal(buffers.filter(([byte]) => byte === 1).length, 1500);
  assert.equal(preadv(file, buffers, 1500), 0);
});

test("what was moved before an error is told, and the error by the next call", () => {
  using file = memfd("fault");
  const parts = Array.from({ length: 1025 }, () => new Uint8Array(1));
  const { writev: call } = libc;
  let calls = 0;
  libc.writev = (fd, vectors, count) => calls++ === 0 ? call(fd, vectors, count) : -errno.ENOSPC;
  try {
    assert.equal(writev(file, parts), 1024);
    assert.throws(() => writev(file, parts), { code: "ENOSPC", syscall: "writev", fd: file.fd });
    libc.writev = () => -errno.EAGAIN;
    assert.equal(writev(file, parts), null);
  } finally {
    libc.writev = call;
  }
});

test("append writes to the end, and nonBlocking waits for nothing", () => {
  using file = memfd("options");
  writev(file, [Uint8Array.of(1, 2, 3)]);
  assert.equal(pwritev(file, [Uint8Array.of(4)], 0, { append: true, dataSync: true }), 1);
  assert.equal(preadv(file, [new Uint8Array(1)], 0, { nonBlocking: false }), 1);
  assert.equal(stat(file).size, 4);
  seek(file, 0);
  assert.equal(writev(file, [Uint8Array.of(5)], { sync: true }), 1);
  seek(file, 0);
  assert.deepEqual([...readAll(file)], [5, 2, 3, 4]);

  using endless = open("/dev/zero");
  assert.throws(() => readv(endless, [new Uint8Array(1)], { atOnce: true } as never), TypeError);
});

test.run();
