import assert from "node:assert/strict";
import { errno } from "@posixly/sys";
import {
  getFlags,
  memfd,
  type MemfdOptions,
  seals,
  stat,
  table,
  truncate,
  write,
} from "@posixly/fd";
import { withoutLeaks } from "@posixly/testing";
import fc from "fast-check";
import { test } from "uvu";
import { libc, MFD_CLOEXEC, MFD_HUGE_SHIFT, MFD_HUGETLB } from "./libc.ts";

test("a memfd is a file without a path", () => {
  using file = memfd("message");
  assert.equal(write(file, new Uint8Array(100)), 100);
  assert.equal(stat(file).size, 100);
  assert.equal(stat(file).links, 0);
  const { access, closeOnExec } = getFlags(file);
  assert.deepEqual([access, closeOnExec], ["readWrite", true]);
});

test("any name up to 249 bytes will do, in text or bytes", () =>
  withoutLeaks(() => {
    const byte = fc.integer({ min: 1, max: 255 });
    fc.assert(fc.property(fc.array(byte, { maxLength: 249 }), (bytes) => {
      using file = memfd(new Uint8Array(bytes));
      const { target } = table().find(({ fd }) => fd === file.fd)!;
      const name = new TextDecoder("utf-8", { ignoreBOM: true }).decode(new Uint8Array(bytes));
      assert.equal(target, `/memfd:${name} (deleted)`);
    }));
    memfd("é".repeat(124)).close();
    assert.throws(() => memfd("é".repeat(125)), {
      message: "name must be up to 249 bytes, not 250",
    });
  }));

test("it is sealable only if that was asked for", () => {
  using plain = memfd();
  using sealable = memfd("", { sealable: true });
  assert.equal(seals(plain).seal, true);
  assert.equal(seals(sealable).seal, false);
});

test("it can never be executed, if that was asked for", () => {
  try {
    using file = memfd("", { executable: false });
    assert.equal(stat(file).mode & 0o111, 0);
    assert.equal(seals(file).exec, true);
    using program = memfd("", { executable: true });
    assert.equal(stat(program).mode & 0o111, 0o111);
  } catch (error) {
    assert.equal((error as { code: string }).code, "EINVAL"); // Linux before 6.3
  }
});

test("the size of huge pages goes as the kernel wants it", () => {
  const asked: number[] = [];
  const { memfd_create } = libc;
  libc.memfd_create = (_name, flags) => (asked.push(flags), -errno.ENODEV);
  try {
    for (const hugePages of [false, true, 2 ** 16, 2 ** 21, 2 ** 30, 2 ** 34]) {
      assert.throws(() => memfd("", { hugePages }), { code: "ENODEV" });
    }
  } finally {
    libc.memfd_create = memfd_create;
  }
  const sized = (log: number) => MFD_CLOEXEC + MFD_HUGETLB + log * 2 ** MFD_HUGE_SHIFT;
  assert.deepEqual(asked, [
    MFD_CLOEXEC,
    MFD_CLOEXEC + MFD_HUGETLB,
    sized(16),
    sized(21),
    sized(30),
    sized(34), // MFD_HUGE_16GB, which needs the sign bit
  ]);
});

test("a file of huge pages, where the machine has a size for them", () => {
  try {
    using file = memfd("huge", { hugePages: 2 ** 21 });
    truncate(file, 2 ** 22);
    assert.equal(stat(file).blockSize, 2 ** 21);
    assert.throws(() => write(file, new Uint8Array(1)), { code: "EINVAL" });
  } catch (error) {
    assert.equal((error as { code: string }).code, "ENODEV");
  }
});

test("bad input is refused before the call", () =>
  withoutLeaks(() => {
    for (const bad of ["a\0b", new Uint8Array([1, 0, 2]), 7, null, "\ud800"]) {
      assert.throws(() => memfd(bad as string), TypeError);
    }
    const options = (options: object) => () => memfd("", options as MemfdOptions);
    for (const bad of [3, 1, 0, -2, 2 ** 53, Infinity]) {
      assert.throws(options({ hugePages: bad }), RangeError);
    }
    for (const bad of [{ hugePages: "2 MB" }, { sealable: 1 }, { executable: 0 }, { seal: true }]) {
      assert.throws(options(bad), TypeError);
    }
  }));

test.run();
