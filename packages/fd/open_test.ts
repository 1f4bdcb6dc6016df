import assert from "node:assert/strict";
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { getFlags, open, openCached, type OwnedFd, read, stat, write } from "@posixly/fd";
import { errno } from "@posixly/sys";
import { withoutLeaks } from "@posixly/testing";
import { suite } from "uvu";
import { libc } from "./libc.ts";

const test = suite("open");

let folder = "";
test.before.each(() => {
  folder = mkdtempSync(join(tmpdir(), "posixly-"));
  writeFileSync(join(folder, "hello"), "hello");
  mkdirSync(join(folder, "inside"));
  writeFileSync(join(folder, "inside/deep"), "deep");
  symlinkSync("hello", join(folder, "link"));
  symlinkSync("../hello", join(folder, "inside/up"));
  symlinkSync("/hello", join(folder, "inside/absolute"));
});
test.after.each(() => rmSync(folder, { recursive: true }));

const text = (fd: OwnedFd) => {
  const buffer = new Uint8Array(64);
  return new TextDecoder().decode(buffer.subarray(0, read(fd, buffer) ?? 0));
};

test("a file is opened for reading, close-on-exec, by text or by bytes", () => {
  const path = join(folder, "hello");
  for (const name of [path, new TextEncoder().encode(path)]) {
    using file = open(name);
    assert.equal(text(file), "hello");
    const { access, closeOnExec, nonBlocking } = getFlags(file);
    assert.deepEqual([access, closeOnExec, nonBlocking], ["read", true, false]);
  }
});

test("access follows from read, write and append", () => {
  const path = join(folder, "hello");
  const cases = [
    [{}, "read"],
    [{ read: true }, "read"],
    [{ read: false }, "read"],
    [{ write: true }, "write"],
    [{ append: true }, "write"],
    [{ read: true, write: true }, "readWrite"],
    [{ read: true, append: true }, "readWrite"],
    [{ pathOnly: true }, "none"],
  ] as const;
  for (const [options, access] of cases) {
    using file = open(path, options);
    assert.equal(getFlags(file).access, access);
  }
});

test("every flag arrives", () => {
  const flags = {
    append: true,
    nonBlocking: true,
    dataSync: true,
    sync: true,
    noAtime: true,
  } as const;
  using file = open(join(folder, "hello"), flags);
  for (const name of Object.keys(flags)) assert.equal(getFlags(file)[name as "sync"], true);
});

test("a name that is no UTF-8 is a name", () => {
  const name = new Uint8Array([...new TextEncoder().encode(`${folder}/`), 0xff, 0xfe]);
  open(name, { write: true, create: true }).close();
  open(name).close();
  assert.equal(stat(name).kind, "file");
});

test("create, exclusive, truncate and mode", () => {
  const path = join(folder, "new");
  const umask = process.umask(0o022);
  try {
    using file = open(path, { write: true, create: true, exclusive: true, mode: 0o640 });
    write(file, new TextEncoder().encode("content"));
  } finally {
    process.umask(umask);
  }
  assert.equal(statSync(path).mode & 0o777, 0o640);
  assert.throws(() => open(path, { write: true, create: true, exclusive: true }), {
    code: "EEXIST",
    syscall: "openat",
    path,
  });
  open(path, { write: true, create: true }).close();
  assert.equal(readFileSync(path, "utf8"), "content");
  open(path, { write: true, truncate: true }).close();
  assert.equal(readFileSync(path, "utf8"), "");
});

test("a relative path starts from dir", () => {
  using dir = open(folder, { pathOnly: true, directory: true });
  using inside = open("inside", { dir });
  using deep = open("deep", { dir: inside });
  assert.equal(text(deep), "deep");
  assert.throws(() => open("deep", { dir }), { code: "ENOENT", path: "deep" });
  assert.throws(() => open("deep", { dir: deep }), { code: "ENOTDIR" });
  assert.throws(() => open("deep", { dir: 1_000_000 }), { code: "EBADF" });
});

test("a link is not followed, and a file is no directory, if so asked", () => {
  const link = join(folder, "link");
  assert.throws(() => open(link, { noFollow: true }), { code: "ELOOP" });
  assert.throws(() => open(link, { directory: true }), { code: "ENOTDIR" });
  assert.throws(() => open(folder, { write: true }), { code: "EISDIR" });
  using itself = open(link, { noFollow: true, pathOnly: true });
  assert.equal(stat(itself).kind, "symlink");
});

test("a temporary file has no name", () => {
  using file = open(folder, { temporary: true, read: true, write: true });
  assert.equal(write(file, new Uint8Array(3)), 3);
  assert.equal(stat(file).links, 0);
});

test("resolve keeps a path beneath its directory", () => {
  using dir = open(join(folder, "inside"), { directory: true });
  using deep = open("./deep", { dir, resolve: { beneath: true } });
  assert.equal(text(deep), "deep");
  for (const path of ["../hello", "up", "absolute", join(folder, "hello")]) {
    assert.throws(() => open(path, { dir, resolve: { beneath: true } }), {
      code: "EXDEV",
      syscall: "openat2",
      path,
    });
  }
});

test("resolve takes a directory for the root", () => {
  using dir = open(folder, { directory: true });
  for (const path of ["/hello", "../../hello", "inside/up", "inside/absolute"]) {
    using file = open(path, { dir, resolve: { inRoot: true } });
    assert.equal(text(file), "hello");
  }
});

test("resolve refuses links, jumps and mounts", () => {
  using dir = open(folder, { directory: true });
  assert.throws(() => open("link", { dir, resolve: { noSymlinks: true } }), { code: "ELOOP" });
  const jump = `/proc/self/fd/${dir.fd}`;
  assert.throws(() => open(jump, { resolve: { noMagicLinks: true } }), { code: "ELOOP" });
  assert.throws(() => open("/proc/version", { resolve: { noXdev: true } }), { code: "EXDEV" });
});

test("with resolve, a file is made as without", () => {
  using dir = open(folder, { directory: true });
  const resolve = { beneath: true };
  open("made", { dir, resolve, write: true, create: true, mode: 0o600 }).close();
  assert.equal(statSync(join(folder, "made")).mode & 0o777, 0o600);
  open(".", { dir, resolve, write: true, temporary: true }).close();
  open(".", { dir, resolve, pathOnly: true }).close();
});

test("openCached gives null where it would have to wait", () => {
  const path = join(folder, "hello");
  using file = openCached(path);
  if (file) assert.equal(text(file), "hello");
  assert.equal(openCached(join(folder, "new"), { write: true, create: true }), null);
  assert.throws(() => openCached("file", { dir: 2 ** 30 }), { code: "EBADF", syscall: "openat2" });

  const { syscall$openat2: call } = libc;
  libc.syscall$openat2 = () => -errno.EAGAIN;
  try {
    assert.equal(openCached(path), null);
    assert.throws(() => open(path, { resolve: { beneath: true } }), { code: "EAGAIN" });
    libc.syscall$openat2 = () => -errno.ENOSYS;
    assert.throws(() => open(path, { resolve: {} }), { code: "ENOSYS", message: /Linux 5\.6/ });
  } finally {
    libc.syscall$openat2 = call;
  }
});

test("what makes no sense is refused before anything is opened", () =>
  withoutLeaks(() => {
    const path = join(folder, "hello");
    const refused: [unknown, object][] = [
      ["a\0b", {}],
      ["\ud800", {}],
      [new Uint8Array([65, 0, 66]), {}],
      [5, {}],
      [null, {}],
      [undefined, {}],
      [path, { truncate: true }],
      [path, { truncate: true, read: true }],
      [folder, { temporary: true }],
      [path, { write: 1 }],
      [path, { writable: true }],
      [path, { mode: -1 }],
      [path, { mode: 0o10000 }],
      [path, { mode: "644" }],
      [path, { dir: "." }],
      [path, { dir: null }],
      [path, { dir: -100 }],
      [path, { resolve: { below: true } }],
      [path, { resolve: { beneath: 1 } }],
    ];
    for (const [path, options] of refused) {
      assert.throws(() => open(path as string, options), (error: Error) =>
        ["TypeError", "RangeError"].includes(error.name));
    }
    for (const none of [null, undefined, 5]) {
      assert.throws(() =>
        open(none as never), { message: /^path must be a string/ });
    }
    assert.equal(readFileSync(path, "utf8"), "hello");
    assert.throws(() => open(join(folder, "absent")), { code: "ENOENT" });
    assert.throws(() => open(""), { code: "ENOENT", path: "" });
    assert.throws(() => open("x".repeat(300)), { code: "ENAMETOOLONG" });
  }));

test.run();
