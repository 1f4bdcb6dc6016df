import assert from "node:assert/strict";
import * as fd from "@posixly/fd";
import { withoutLeaks } from "@posixly/testing";
import fc from "fast-check";
import { test } from "uvu";

const bytes = new Uint8Array(8);

/** Every function that takes a descriptor, with arguments that are right. */
const calls: Record<string, (file: fd.AsFd) => unknown> = {
  advise: (file) => fd.advise(file, "normal"),
  allocate: (file) => fd.allocate(file, 0, 1),
  collapseRange: (file) => fd.collapseRange(file, 0, 4096),
  duplicate: (file) => fd.duplicate(file),
  "duplicateTo, from": (file) => fd.duplicateTo(file, 900_000),
  "duplicateTo, itself": (file) => fd.duplicateTo(file, file),
  fdatasync: (file) => fd.fdatasync(file),
  fsync: (file) => fd.fsync(file),
  getFlags: (file) => fd.getFlags(file),
  insertRange: (file) => fd.insertRange(file, 0, 4096),
  ioctl: (file) => fd.ioctl(file, 0x5451),
  "ioctl with bytes": (file) => fd.ioctl(file, 0x541b, bytes),
  isatty: (file) => fd.isatty(file),
  lock: (file) => fd.lock(file),
  "lock by flock": (file) => fd.lock(file, { family: "flock" }),
  lockHolder: (file) => fd.lockHolder(file),
  "open, dir": (file) => fd.open("name", { dir: file }),
  "open, dir and resolve": (file) => fd.open("name", { dir: file, resolve: {} }),
  position: (file) => fd.position(file),
  pread: (file) => fd.pread(file, bytes, 0),
  preadv: (file) => fd.preadv(file, [bytes], 0),
  punchHole: (file) => fd.punchHole(file, 0, 1),
  pwrite: (file) => fd.pwrite(file, bytes, 0),
  pwritev: (file) => fd.pwritev(file, [bytes], 0),
  read: (file) => fd.read(file, bytes),
  readAll: (file) => fd.readAll(file),
  readExactly: (file) => fd.readExactly(file, bytes),
  readv: (file) => fd.readv(file, [bytes]),
  seek: (file) => fd.seek(file, 0),
  seekData: (file) => fd.seekData(file, 0),
  seekHole: (file) => fd.seekHole(file, 0),
  setFlags: (file) => fd.setFlags(file, { append: true }),
  stat: (file) => fd.stat(file),
  "stat, dir": (file) => fd.stat("name", { dir: file }),
  syncFileRange: (file) => fd.syncFileRange(file, { write: true }),
  syncfs: (file) => fd.syncfs(file),
  truncate: (file) => fd.truncate(file, 0),
  unlock: (file) => fd.unlock(file),
  write: (file) => fd.write(file, bytes),
  writeAll: (file) => fd.writeAll(file, bytes),
  writev: (file) => fd.writev(file, [bytes]),
  writevAll: (file) => fd.writevAll(file, [bytes]),
  zeroRange: (file) => fd.zeroRange(file, 0, 1),
};

/** The call was refused before the kernel heard of it. */
function assertRefused(call: () => unknown, names: readonly string[], what: string): void {
  assert.throws(call, (error: Error) => names.includes(error.name) && error.message !== "", what);
}
const BAD = ["TypeError", "RangeError"];

// deno-fmt-ignore -- a list reads best as a list
const noDescriptors: unknown[] = [
  -1, 1.5, NaN, Infinity, 2 ** 31, 2 ** 32, 0n, true, null, undefined, {}, { fd: -1 }, { fd: "0" }, [0],
];

test("what is no descriptor is refused by every function", () =>
  withoutLeaks(() => {
    for (const [name, call] of Object.entries(calls)) {
      for (const bad of noDescriptors) {
        // Of no directory there is one: the working directory.
        if (bad === undefined && name.includes("dir")) continue;
        assertRefused(() => call(bad as number), BAD, `${name} of ${String(bad)}`);
      }
    }
    for (const [name, call] of Object.entries(calls)) {
      if (name === "stat") continue; // a text is a path
      assertRefused(() => call("0" as never), BAD, `${name} of a text`);
    }
    for (const bad of noDescriptors) assertRefused(() => fd.close(bad as number), BAD, String(bad));
  }));

test("a closed owner is an error of its own, in every function", () =>
  withoutLeaks(() => {
    const closed = fd.memfd();
    closed.close();
    for (const [name, call] of Object.entries(calls)) {
      const message = "Cannot use a descriptor that was closed";
      assert.throws(() => call(closed), { name: "Error", message }, name);
    }
    fd.close(closed); // closing again does nothing
  }));

test("a number that is not open is EBADF in every function, and the error says which", () =>
  withoutLeaks(() => {
    for (const [name, call] of Object.entries(calls)) {
      assert.throws(() => call(1_000_000), { name: "SyscallError", code: "EBADF" }, name);
      if (name.includes("dir")) continue;
      assert.throws(() => call({ fd: 1_000_000 }), { fd: 1_000_000 }, name);
    }
  }));

const detached = () => {
  const view = new Uint8Array(8);
  structuredClone(view.buffer, { transfer: [view.buffer] });
  return view;
};
const Resizable = ArrayBuffer as unknown as new (n: number, o: object) => ArrayBuffer;
// deno-fmt-ignore -- a list reads best as a list
const noBuffers: unknown[] = [
  null, undefined, "text", 5, [1], {}, new ArrayBuffer(8), detached(),
  new Uint8Array(new Resizable(8, { maxByteLength: 16 })),
];

test("what is no buffer is refused by every function that takes one", () =>
  withoutLeaks(() => {
    using file = fd.memfd();
    for (const bad of noBuffers as Uint8Array[]) {
      const taking = [
        () => fd.pread(file, bad, 0),
        () => fd.preadv(file, [bytes, bad], 0),
        () => fd.pwrite(file, bad, 0),
        () => fd.pwritev(file, [bad], 0),
        () => fd.read(file, bad),
        () => fd.readExactly(file, bad),
        () => fd.readv(file, [bad]),
        () => fd.readv(file, bad as never),
        () => fd.write(file, bad),
        () => fd.writeAll(file, bad),
        () => fd.writev(file, [bytes, bad]),
        () => fd.writevAll(file, [bad]),
      ];
      for (const take of taking) assertRefused(take, ["TypeError"], `${take}`);
    }
    assert.equal(fd.stat(file).size, 0); // no part of it was written
  }));

// deno-fmt-ignore -- a list reads best as a list
const noOffsets: unknown[] = [
  -1, -1n, 0.5, NaN, Infinity, 2 ** 53, 2n ** 63n, 2n ** 64n, "0", null, true, [],
];

test("what is no offset is refused by every function that takes one", () =>
  withoutLeaks(() => {
    using file = fd.memfd();
    for (const bad of noOffsets as number[]) {
      const taking = [
        () => fd.advise(file, "normal", { offset: bad }),
        () => fd.allocate(file, bad, 1),
        () => fd.allocate(file, 0, bad),
        () => fd.collapseRange(file, bad, 4096),
        () => fd.insertRange(file, 0, bad),
        () => fd.lock(file, { offset: bad }),
        () => fd.lock(file, { length: bad }),
        () => fd.lockHolder(file, { length: bad }),
        () => fd.pread(file, bytes, bad),
        () => fd.preadv(file, [bytes], bad),
        () => fd.punchHole(file, 0, bad),
        () => fd.pwrite(file, bytes, bad),
        () => fd.pwritev(file, [bytes], bad),
        () => fd.seek(file, bad),
        () => fd.seekData(file, bad),
        () => fd.syncFileRange(file, { length: bad }),
        () => fd.truncate(file, bad),
        () => fd.unlock(file, { offset: bad }),
        () => fd.zeroRange(file, bad, 1),
      ];
      for (const take of taking) assertRefused(take, BAD, `${take} of ${String(bad)}`);
    }
    // A length that was computed and came out as 0 must not mean "all".
    for (const nothing of [0, 0n]) {
      assertRefused(() => fd.lock(file, { length: nothing }), BAD, "lock");
      assertRefused(() => fd.advise(file, "dontNeed", { length: nothing }), BAD, "advise");
      assertRefused(() => fd.punchHole(file, 0, nothing), BAD, "punchHole");
    }
    assert.equal(fd.stat(file).size, 0);
  }));

test("a name that is none is refused by every function that takes one", () =>
  withoutLeaks(() => {
    using file = fd.memfd();
    const names = fc.oneof(
      fc.string(),
      fc.constantFrom<unknown>("toString", null, 0, {}, ["start"]),
    );
    fc.assert(fc.property(names, (name) => {
      const taking = [
        () => fd.advise(file, name as "normal"),
        () => fd.lock(file, { kind: name as "shared" }),
        () => fd.lock(file, { family: name as "ofd" }),
        () => fd.unlock(file, { family: name as "ofd" }),
        () => fd.lockHolder(file, { family: name as "ofd" }),
        () => fd.seek(file, 0, name as "end"),
        () => fd.stat(file, { sync: name as "force" }),
      ];
      for (const take of taking) assertRefused(take, ["TypeError"], `${take}`);
    }));
    const options = [
      () => fd.allocate(file, 0, 1, { keepsize: true } as object),
      () => fd.closeRange(900_000, 900_001, { cloexec: true } as object),
      () => fd.lock(file, { wait: 1 as never }),
      () => fd.setFlags(file, { nonblocking: true } as object),
      () => fd.setFlags(file, { append: 1 as never }),
      () => fd.stat(file, { follow: true } as object),
      () => fd.syncFileRange(file, { writes: true } as object),
      () => fd.writev(file, [bytes], { atomic: true } as object),
    ];
    for (const take of options) assertRefused(take, ["TypeError"], `${take}`);
  }));

test("-0 is 0 to every function", () =>
  withoutLeaks(() => {
    using file = fd.memfd();
    fd.duplicate(file, { atLeast: -0 }).close();
    fd.eventfd(-0).close();
    fd.open("/dev/null", { mode: -0 }).close();
    assert.equal(fd.ioctl(file, 0x5451, -0), 0);
    assert.equal(fd.seek(file, -0), 0);
    assert.equal(fd.fdOf(-0) + 0, 0);
    fd.getFlags(-0);
  }));

test("an option that there is not is refused, so that a slip does not go unnoticed", () =>
  withoutLeaks(() => {
    using file = fd.memfd();
    using timer = fd.timerfd();
    using terminal = fd.pty();
    const slips = [
      () => fd.advise(file, "normal", { from: 0 } as object),
      () => fd.duplicate(file, { atleast: 9 } as object),
      () => fd.duplicateTo(file, file, { inherits: true } as object),
      () => fd.duplicateTo(file, file, { inherit: "no" as never }),
      () => fd.limit("openFiles", { process: 1 } as object),
      () => fd.lock(file, { start: 5 } as object),
      () => fd.lock(file, { family: "flock", start: 5 } as object),
      () => fd.lockHolder(file, { start: 5 } as object),
      () => fd.readAll(file, { max: 5 } as object),
      () => fd.setLimit("openFiles", { max: 5 } as object),
      () => fd.setWindowSize(terminal.controller, { cols: 80 } as object),
      () => fd.pty({ size: { cols: 80 } as object }),
      () => timer.set({ after: { seconds: 1, nanos: 5 } as never }),
      () => fd.toTimespec({ seconds: 1, nanos: 5 } as never, "after"),
      () => fd.unlock(file, { start: 5 } as object),
    ];
    for (const slip of slips) assertRefused(slip, ["TypeError"], `${slip}`);
    assert.equal(fd.lockHolder(file), null);
    assert.equal(timer.left(), null);
    assert.equal(fd.windowSize(terminal.controller).columns, 0);
  }));

test("who misspells an option is told all that there are", () => {
  using file = fd.memfd();
  using timer = fd.timerfd();
  using terminal = fd.pty();
  const opens = "append, create, dataSync, direct, directory, exclusive, noAtime, noFollow, " +
    "nonBlocking, pathOnly, sync, temporary, truncate, read, write, dir, mode, resolve";
  const slips: [string, () => unknown][] = [
    ["sealable, executable, hugePages", () => fd.memfd("", { hugepages: true } as object)],
    [opens, () => fd.open("/dev/null", { Mode: 0o600 } as object)],
    [opens, () => fd.openCached("/dev/null", { Mode: 0o600 } as object)],
    ["nonBlocking, size", () => fd.pty({ sizes: {} } as object)],
    [
      "append, direct, noAtime, nonBlocking, closeOnExec",
      () => fd.setFlags(file, { closeonexec: true } as object),
    ],
    [
      "echo, lines, signals, raw",
      () => fd.setTerminalMode(terminal.terminal, { Raw: true } as object),
    ],
    ["noFollow, noAutomount, dir, sync", () => fd.stat(file, { Sync: "cached" } as object)],
    [
      "waitBefore, write, waitAfter, offset, length",
      () => fd.syncFileRange(file, { Length: 1 } as object),
    ],
    ["cancelOnSet, after, at, every", () => timer.set({ After: 1 } as object)],
    ["offset, length", () => fd.advise(file, "normal", { from: 0 } as object)],
    ["atLeast", () => fd.duplicate(file, { atleast: 9 } as object)],
    ["pid", () => fd.limit("openFiles", { process: 1 } as object)],
    ["soft, hard", () => fd.setLimit("openFiles", { max: 5 } as object)],
    ["family, kind, wait, offset, length", () => fd.lock(file, { start: 5 } as object)],
    ["family, offset, length", () => fd.unlock(file, { start: 5 } as object)],
    ["limit, sizeHint", () => fd.readAll(file, { max: 5 } as object)],
  ];
  for (const [names, slip] of slips) {
    assert.throws(slip, (error) => String(error).endsWith(`, only ${names}`), `${slip}`);
  }
});

test.run();
