import assert from "node:assert/strict";
import {
  memfd,
  open,
  position,
  pwrite,
  seek,
  seekData,
  seekHole,
  table,
  truncate,
} from "@posixly/fd";
import { test } from "uvu";

test("data and holes are found, and null is the end of them", () => {
  using file = memfd("sparse");
  const far = 2n ** 60n;
  pwrite(file, Uint8Array.of(1), far);
  truncate(file, 2n ** 61n);
  assert.equal(seekData(file, 0), far);
  assert.equal(seekHole(file, 0), 0);
  assert.equal(seekHole(file, far), far + 4096n);
  assert.equal(seekData(file, far + 4096n), null);
  assert.equal(seekHole(file, 2n ** 61n), null);
  assert.equal(position(file), far + 4096n); // where it was found last
});

test("positions are exact as far as files go", () => {
  using file = memfd("far");
  for (const at of [2n ** 53n - 1n, 2n ** 53n, 2n ** 53n + 1n, 2n ** 62n + 1n, 2n ** 63n - 1n]) {
    assert.equal(BigInt(seek(file, at)), at);
    assert.equal(BigInt(position(file)), at);
    assert.equal(BigInt(seek(file, -1n, "current")), at - 1n);
  }
  assert.equal(typeof seek(file, 2n ** 53n - 1n), "number");
  assert.equal(typeof seek(file, 2n ** 53n + 1n), "bigint");
});

test("a position before the beginning is EINVAL, and beyond 64 bits as well", () => {
  using file = memfd("limits");
  seek(file, 10);
  assert.throws(() => seek(file, -11, "current"), { code: "EINVAL", syscall: "lseek" });
  assert.throws(() => seek(file, -1, "end"), { code: "EINVAL" });
  assert.throws(() => seek(file, 2n ** 63n - 1n, "current"), { code: "EINVAL" });
  assert.equal(position(file), 10);
});

test("a place in memory may be in the upper half of all addresses", () => {
  using memory = open("/proc/self/mem");
  seek(memory, 2n ** 63n - 1n);
  assert.equal(seek(memory, 5, "current"), 2n ** 63n + 4n);
  assert.equal(position(memory), 2n ** 63n + 4n);
  assert.equal(table().find(({ fd }) => fd === memory.fd)!.position, 2n ** 63n + 4n);
  assert.equal(seek(memory, -5n, "current"), 2n ** 63n - 1n);
});

test("what has no position is ESPIPE", () => {
  using terminal = open("/dev/ptmx", { read: true, write: true });
  assert.throws(() => position(terminal), { code: "ESPIPE", fd: terminal.fd });
  assert.throws(() => seek(terminal, 0, "end"), { code: "ESPIPE" });
});

test.run();
