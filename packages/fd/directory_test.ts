import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmdirSync, rmSync } from "node:fs";
import { symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { withoutLeaks } from "@posixly/testing";
import fc from "fast-check";
import { test } from "uvu";
import { memfd, open, pty, readDirectory, readLink } from "@posixly/fd";
import { errno } from "@posixly/sys";
import { libc } from "./libc.ts";

const folder = mkdtempSync("/tmp/posixly-directory-");
test.after(() => rmSync(folder, { recursive: true }));

let count = 0;
function emptyDirectory(): string {
  const path = join(folder, `${count++}`);
  mkdirSync(path);
  return path;
}

const anyName = fc.string({ unit: "grapheme", minLength: 1, maxLength: 20 })
  .filter((name) => !/[\0/]/.test(name) && name !== "." && name !== ".." && name.isWellFormed());

test("the names are those that there are", () =>
  withoutLeaks(() => {
    fc.assert(
      fc.property(fc.uniqueArray(anyName, { maxLength: 20 }), (names) => {
        const path = emptyDirectory();
        for (const name of names) writeFileSync(join(path, name), "");
        using directory = open(path, { directory: true });
        assert.deepEqual(readDirectory(directory).sort(), readdirSync(path).sort());
        assert.deepEqual(readDirectory(directory).sort(), names.toSorted()); // and once more
      }),
      { numRuns: 50 },
    );
  }));

test("more names than one answer of the kernel holds are all told", () =>
  withoutLeaks(() => {
    const path = emptyDirectory();
    const names = Array.from({ length: 1500 }, (_, i) => `${i}`.padStart(40, "0"));
    for (const name of names) writeFileSync(join(path, name), "");
    using directory = open(path, { directory: true });
    assert.deepEqual(readDirectory(directory).sort(), names);
  }));

test("a directory that was opened is read wherever its path leads by now", () =>
  withoutLeaks(() => {
    const path = emptyDirectory();
    writeFileSync(join(path, "inside"), "");
    using directory = open(path, { directory: true });
    renameSync(path, `${path}-moved`);
    mkdirSync(path);
    assert.deepEqual(readDirectory(directory), ["inside"]);

    const gone = emptyDirectory();
    using removed = open(gone, { directory: true });
    rmdirSync(gone);
    assert.throws(() => readDirectory(removed), { code: "ENOENT" });
  }));

test("what is no directory is refused", () =>
  withoutLeaks(() => {
    using file = memfd("file");
    assert.throws(() => readDirectory(file), { code: "ENOTDIR", fd: file.fd });
    using place = open(folder, { directory: true, pathOnly: true });
    assert.throws(() => readDirectory(place), { code: "EBADF" });
    using terminal = pty();
    assert.throws(() => readDirectory(terminal.controller), { code: "ESPIPE" });
    assert.throws(() => readDirectory("/" as never), { name: "TypeError" });
  }));

test("a link says what was written into it", () =>
  withoutLeaks(() => {
    fc.assert(
      fc.property(anyName, (target) => {
        const path = emptyDirectory();
        symlinkSync(target, join(path, "link"));
        using dir = open(path, { directory: true });
        assert.equal(readLink(join(path, "link")), target);
        assert.equal(readLink("link", { dir }), target);
      }),
      { numRuns: 50 },
    );
    const long = "x".repeat(4095);
    const inMemory = mkdtempSync("/dev/shm/posixly-directory-"); // XFS has room for 1023 bytes only
    symlinkSync(long, join(inMemory, "long"));
    assert.equal(readLink(join(inMemory, "long")), long);
    rmSync(inMemory, { recursive: true });
    assert.throws(() => readLink(folder), { code: "EINVAL", path: folder });
    assert.throws(() => readLink(join(folder, "none")), { code: "ENOENT" });
    assert.throws(() => readLink("a\0b"), { name: "TypeError" });
    assert.throws(() => readLink("a", { from: 3 } as object), { name: "TypeError" });
  }));

test("a path that is too long is told to be", () => {
  const paths = ["a".repeat(256), `/${"a/".repeat(2100)}`, `${"é".repeat(128)}/b`];
  for (const path of paths) assert.throws(() => readLink(path), { code: "ENAMETOOLONG" });
  assert.throws(() => readLink("a".repeat(255)), { code: "ENOENT" });
});

test("so it is where a file system, such as eCryptfs, has shorter names than others", () => {
  const { readlinkat, syscall$statx } = libc;
  const tooLong = (path: Uint8Array, call: () => number) =>
    path.length > 144 ? -errno.ENAMETOOLONG : call();
  try {
    libc.readlinkat = (...args) => tooLong(args[1] as Uint8Array, () => readlinkat(...args));
    libc.syscall$statx = (...args) => tooLong(args[2] as Uint8Array, () => syscall$statx(...args));
    assert.throws(() => readLink("a".repeat(200)), { code: "ENAMETOOLONG", syscall: "readlinkat" });
    assert.throws(() => readLink("a".repeat(100)), { code: "ENOENT" });
  } finally {
    Object.assign(libc, { readlinkat, syscall$statx });
  }
});

test.run();
