import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { lstatSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eventfd, memfd, open, pty, stat, truncate } from "@posixly/fd";
import { testNeeding } from "@posixly/testing";
import { test } from "uvu";

function inFolder(run: (folder: string) => void): void {
  const folder = mkdtempSync(join(tmpdir(), "posixly-"));
  try {
    run(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test("a path and a descriptor say what node:fs says", () =>
  inFolder((folder) => {
    const path = join(folder, "file");
    writeFileSync(path, "x".repeat(5000), { mode: 0o640 });
    using file = open(path);
    using dir = open(folder, { pathOnly: true });
    const expected = lstatSync(path, { bigint: true });
    for (const found of [stat(path), stat(file), stat("file", { dir }), stat({ fd: file.fd })]) {
      assert.equal(found.kind, "file");
      assert.equal(found.mode, Number(expected.mode) & 0o7777);
      assert.equal(found.size, 5000);
      assert.equal(BigInt(found.blocks), expected.blocks);
      assert.equal(BigInt(found.blockSize), expected.blksize);
      assert.equal(BigInt(found.inode), expected.ino);
      assert.equal(BigInt(found.links), expected.nlink);
      assert.equal(BigInt(found.uid), expected.uid);
      assert.equal(BigInt(found.gid), expected.gid);
      // Deno rounds, down to the second
      // To the second, which is all that Deno says of some; the next test is exact.
      assert.equal(BigInt(found.accessed.seconds), expected.atimeMs / 1000n);
      assert.equal(BigInt(found.modified.seconds), expected.mtimeMs / 1000n);
      assert.equal(BigInt(found.changed.seconds), expected.ctimeMs / 1000n);
      if (found.created) assert.equal(BigInt(found.created.seconds), expected.birthtimeMs / 1000n);
      assert.equal(found.represents, undefined);
      const { major, minor } = found.device;
      const dev = (BigInt(major & ~0xfff) << 32n) | BigInt((major & 0xfff) << 8) |
        BigInt(minor & 0xff) | (BigInt(minor & ~0xff) << 12n);
      assert.equal(dev, expected.dev);
    }
  }));

testNeeding(
  "touch",
  "times are exact to the nanosecond, before 1970 as well",
  () =>
    inFolder((folder) => {
      for (const date of ["2026-03-04T05:06:07.123456789Z", "1969-07-20T20:17:40.987654321Z"]) {
        const path = join(folder, "dated");
        execFileSync("touch", ["--date", date, path]);
        const { accessed, modified } = stat(path);
        const seconds = Date.parse(`${date.slice(0, 19)}Z`) / 1000;
        const nanoseconds = Number(date.slice(20, 29));
        assert.deepEqual(modified, { seconds, nanoseconds });
        assert.deepEqual(accessed, modified);
      }
    }),
);

test("every kind has its name", async () => {
  using ends = pty();
  using counter = eventfd();
  assert.equal(stat("/").kind, "directory");
  assert.equal(stat("/dev/null").kind, "character device");
  assert.deepEqual(stat("/dev/null").represents, { major: 1, minor: 3 });
  assert.equal(stat(ends.controller).kind, "character device");
  assert.equal(stat(counter).kind, "other");

  const folder = mkdtempSync(join(tmpdir(), "posixly-"));
  const server = createServer().listen(join(folder, "socket"));
  await new Promise((resolve) => server.once("listening", resolve));
  assert.equal(stat(join(folder, "socket")).kind, "socket");
  await new Promise((resolve) => server.close(resolve));
  rmSync(folder, { recursive: true });
});

test("a symbolic link is followed, or not", () =>
  inFolder((folder) => {
    const link = join(folder, "link");
    symlinkSync("/dev/null", link);
    assert.equal(stat(link).kind, "character device");
    assert.equal(stat(link, { noFollow: true, noAutomount: true }).kind, "symlink");
    assert.equal(stat(link, { noFollow: true }).size, "/dev/null".length);
    assert.equal(stat(link, { sync: "force" }).inode, stat(link, { sync: "cached" }).inode);
  }));

test("sizes beyond 2 ** 53 are exact", () => {
  using file = memfd("large");
  for (const size of [2n ** 53n + 1n, 2n ** 63n - 4096n]) {
    truncate(file, size);
    assert.equal(stat(file).size, size);
  }
  truncate(file, 2n ** 53n - 1n);
  assert.equal(stat(file).size, 2 ** 53 - 1);
});

test("an error says which path", () => {
  assert.throws(() => stat("/nonexistent"), {
    code: "ENOENT",
    path: "/nonexistent",
    syscall: "statx",
  });
  assert.throws(() => stat(""), { code: "ENOENT", path: "" });
  assert.throws(() => stat("a\0b"), TypeError);
  assert.throws(() => stat("/dev/null/x"), { code: "ENOTDIR" });
});

test.run();
