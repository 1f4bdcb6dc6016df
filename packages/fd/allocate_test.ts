import assert from "node:assert/strict";
import { tmpdir } from "node:os";
import {
  advise,
  allocate,
  collapseRange,
  fdatasync,
  fsync,
  insertRange,
  memfd,
  open,
  punchHole,
  readAll,
  seek,
  seekData,
  seekHole,
  stat,
  syncFileRange,
  syncfs,
  truncate,
  writeAll,
  zeroRange,
} from "@posixly/fd";
import { testWhere } from "@posixly/testing";
import { test } from "uvu";

const BLOCK = 4096;
const openTemporary = () => open(tmpdir(), { temporary: true, read: true, write: true });

/** Whether the file system of temporary files can move blocks; tmpfs, for one, cannot. */
const canShift = (() => {
  try {
    using file = openTemporary();
    writeAll(file, new Uint8Array(2 * BLOCK));
    collapseRange(file, 0, BLOCK);
    return true;
  } catch {
    return false;
  }
})();

test("allocate reserves space, and extends the file or not", () => {
  using file = memfd("allocate");
  allocate(file, 0, 10 * BLOCK, { keepSize: true });
  assert.equal(stat(file).size, 0);
  assert.equal(stat(file).blocks, 10 * BLOCK / 512);
  allocate(file, BLOCK, 10 * BLOCK);
  assert.equal(stat(file).size, 11 * BLOCK);
});

test("a hole gives its space back and reads as zeros", () => {
  using file = memfd("hole");
  writeAll(file, new Uint8Array(4 * BLOCK).fill(1));
  punchHole(file, BLOCK, 2 * BLOCK);
  assert.equal(stat(file).blocks, 2 * BLOCK / 512);
  assert.equal(seekHole(file, 0), BLOCK);
  assert.equal(seekData(file, BLOCK), 3 * BLOCK);
  seek(file, 0);
  const bytes = readAll(file);
  assert.equal(bytes.length, 4 * BLOCK);
  assert.ok(bytes.every((byte, i) => byte === (i < BLOCK || i >= 3 * BLOCK ? 1 : 0)));
});

testWhere(canShift, "a file system such as ext4", "parts are cut out, put in and zeroed", () => {
  using file = openTemporary();
  for (const value of [1, 2, 3]) writeAll(file, new Uint8Array(BLOCK).fill(value));
  const firsts = () => {
    seek(file, 0);
    return [...readAll(file)].filter((_, i) => i % BLOCK === 0);
  };
  collapseRange(file, BLOCK, BLOCK);
  assert.deepEqual(firsts(), [1, 3]);
  insertRange(file, BLOCK, 2 * BLOCK);
  assert.deepEqual(firsts(), [1, 0, 0, 3]);
  zeroRange(file, 3 * BLOCK, BLOCK);
  assert.deepEqual(firsts(), [1, 0, 0, 0]);
  zeroRange(file, 3 * BLOCK, 5 * BLOCK, { keepSize: true });
  assert.equal(stat(file).size, 4 * BLOCK);
  zeroRange(file, 3 * BLOCK, 2 * BLOCK);
  assert.equal(stat(file).size, 5 * BLOCK);
  assert.throws(() => collapseRange(file, 1, BLOCK), { code: "EINVAL", syscall: "fallocate" });
  assert.throws(() => insertRange(file, 5 * BLOCK, BLOCK), { code: "EINVAL" });
});

test("what cannot be had is an error of the kernel's", () => {
  using file = memfd("errors");
  assert.throws(() => collapseRange(file, 0, BLOCK), { code: "EOPNOTSUPP", fd: file.fd });
  assert.throws(() => allocate(file, 2n ** 63n - 1n, 1), { code: "EFBIG" });
  using sink = open("/dev/null", { write: true });
  assert.throws(() => truncate(sink, 0), { code: "EINVAL", syscall: "ftruncate" });
  using terminal = open("/dev/ptmx", { read: true, write: true });
  assert.throws(() => allocate(terminal, 0, 1), { code: "ENODEV" });
});

test("sync works on files, and is EINVAL where there is nothing to store", () => {
  using file = openTemporary();
  writeAll(file, new Uint8Array(3 * BLOCK));
  fsync(file);
  fdatasync(file);
  syncfs(file);
  syncFileRange(file, {
    offset: BLOCK,
    length: BLOCK,
    waitBefore: true,
    write: true,
    waitAfter: true,
  });
  syncFileRange(file, { write: true });
  syncFileRange(file, {});
  using terminal = open("/dev/ptmx");
  assert.throws(() => fsync(terminal), { code: "EINVAL", syscall: "fsync" });
  assert.throws(() => syncFileRange(terminal, { write: true }), { code: "ESPIPE" });
});

test("every advice is taken, and the error number is returned, not set", () => {
  using file = openTemporary();
  for (
    const advice of ["normal", "random", "sequential", "willNeed", "dontNeed", "noReuse"] as const
  ) {
    advise(file, advice);
    advise(file, advice, { offset: 2n ** 62n, length: 2n ** 62n });
  }
  assert.throws(() => advise(1_000_000, "normal"), { code: "EBADF", syscall: "posix_fadvise" });
});

test.run();
