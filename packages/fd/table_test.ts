import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { unlinkSync } from "node:fs";
import process from "node:process";
import {
  duplicate,
  type EventFd,
  eventfd,
  getFlags,
  inotify,
  memfd,
  open,
  type OwnedFd,
  pidfd,
  pty,
  seek,
  table,
  type TableEntry,
  timerfd,
} from "@posixly/fd";
import {
  gc,
  openDescriptors,
  runFresh,
  testNeeding,
  testWhere,
  withoutLeaks,
} from "@posixly/testing";
import fc from "fast-check";
import { test } from "uvu";
import { parseFdInfo } from "./fdinfo.ts";
import { libc } from "./libc.ts";

const entryOf = ({ fd }: { fd: number }) => table().find((entry) => entry.fd === fd)!;

const openers = {
  eventfd: () => eventfd(7),
  timerfd: () => timerfd(),
  inotify: () => inotify(),
  pidfd: () => pidfd(process.pid),
  memfd: () => memfd("name"),
  file: () => open("/proc/version"),
  directory: () => open("/proc", { directory: true }),
  "character device": () => open("/dev/null", { write: true, append: true }),
  namespace: () => open("/proc/self/ns/net"),
} satisfies { [Kind in TableEntry["kind"]]?: () => OwnedFd };

const kinds = Object.keys(openers) as (keyof typeof openers)[];
const steps = fc.array(
  fc.oneof(
    fc.record({ open: fc.constantFrom(...kinds) }),
    fc.record({ close: fc.nat(9) }),
    fc.record({ duplicate: fc.nat(9) }),
  ),
  { maxLength: 20 },
);

test("the table is a map of what we opened", () =>
  withoutLeaks(() => {
    fc.assert(
      fc.property(steps, (steps) => {
        const model: { fd: OwnedFd; kind: string }[] = [];
        try {
          for (const step of steps) {
            if ("open" in step) model.push({ fd: openers[step.open](), kind: step.open });
            else if ("close" in step) model.splice(step.close, 1)[0]?.fd.close();
            else if (model[step.duplicate]) {
              const { fd, kind } = model[step.duplicate];
              model.push({ fd: duplicate(fd), kind });
            }
          }
          const entries = new Map(table().map((entry) => [entry.fd, entry]));
          for (const { fd, kind } of model) {
            const entry = entries.get(fd.fd)!;
            assert.equal(entry.kind, kind);
            assert.deepEqual(entry.flags, getFlags(fd));
          }
        } finally {
          for (const { fd } of model) fd.close();
        }
      }),
      { numRuns: 50 },
    );
  }));

test("it shows what is open, and not what reading it takes", async () => {
  await gc(); // or it may collect in between
  const [ours, theirs] = [table(), openDescriptors()];
  assert.deepEqual(ours.map(({ fd, target }) => ({ fd, target })), theirs);
  assert.deepEqual(ours.map(({ fd }) => fd), table(process.pid).map(({ fd }) => fd));
});

test("the position is exact beyond 2 ** 53", () => {
  using file = memfd();
  for (const offset of [0, 12345, 2 ** 53 - 1, 2n ** 53n + 1n, 2n ** 63n - 1n]) {
    seek(file, offset, "start");
    assert.equal(entryOf(file).position, offset);
  }
});

test("each kind says what it alone has", () => {
  using counter = eventfd(31);
  assert.equal(entryOf(counter).count, 31);
  counter.add(2n ** 64n - 2n - 31n);
  assert.equal(entryOf(counter).count, 2n ** 64n - 2n);

  using self = pidfd(process.pid);
  assert.equal(entryOf(self).pid, process.pid);

  using watcher = inotify();
  const files = Array.from({ length: 20 }, () => memfd());
  const watches = files.map(({ fd }) => watcher.watch(`/proc/self/fd/${fd}`));
  assert.deepEqual([...entryOf(watcher).watches!].sort((a, b) => a - b), watches);
  for (const file of files) file.close();

  using timer = timerfd("boottime");
  assert.ok(entryOf(timer).details.includes("clockid: 7"));

  using ends = pty();
  assert.equal(entryOf(ends.terminal).target, ends.path);
  assert.equal(entryOf(ends.controller).kind, "character device");
});

const isRoot = process.getuid?.() === 0;
testWhere(isRoot, "root", "a file that is called like a memfd is none, even once unlinked", () => {
  const path = `/memfd:${process.pid}`;
  using file = open(path, { write: true, create: true, exclusive: true });
  try {
    assert.deepEqual([entryOf(file).kind, entryOf(file).target], ["file", path]);
  } finally {
    unlinkSync(path);
  }
  using memory = memfd(`${process.pid}`);
  const [unlinked, unnamed] = [entryOf(file), entryOf(memory)];
  assert.equal(unlinked.target, unnamed.target);
  assert.deepEqual([unlinked.kind, unnamed.kind], ["file", "memfd"]);
});

test("a place in the file system is open for nothing", () => {
  using place = open("/tmp", { pathOnly: true });
  const { flags, kind, target } = entryOf(place);
  assert.deepEqual([flags.access, kind, target], ["none", "directory", "/tmp"]);
});

testNeeding("python3", "another process is looked at as well", async () => {
  const child = spawn("python3", [
    "-c",
    `
import os, json, socket, select, sys
s = socket.socket(); r, w = os.pipe(); e = select.epoll(); e.register(r)
m = os.memfd_create("theirs"); os.write(m, b"x" * 1000)
d = os.open("/", os.O_RDONLY); n = os.open("/dev/null", os.O_WRONLY | os.O_APPEND); os.set_inheritable(n, True)
print(json.dumps([s.fileno(), r, w, e.fileno(), m, d, n]), flush=True)
sys.stdin.read()`,
  ], { stdio: ["pipe", "pipe", "inherit"] });
  try {
    const [line] = await once(child.stdout, "data");
    const numbers: number[] = JSON.parse(String(line));
    const entries = new Map(table(child.pid!).map((entry) => [entry.fd, entry]));
    const [s, r, w, e, m, d, n] = numbers.map((number) => entries.get(number)!);
    assert.deepEqual([s, r, w, e, m, d, n].map(({ kind }) => kind), [
      "socket",
      "pipe",
      "pipe",
      "epoll",
      "memfd",
      "directory",
      "character device",
    ]);
    assert.equal(r.target, w.target);
    assert.deepEqual([r.flags.access, w.flags.access], ["read", "write"]);
    assert.deepEqual(e.watches, [r.fd]);
    assert.deepEqual([m.position, m.target], [1000, "/memfd:theirs (deleted)"]);
    assert.deepEqual([n.flags.closeOnExec, n.flags.append, n.target], [false, true, "/dev/null"]);
    assert.equal(d.flags.closeOnExec, true);
  } finally {
    child.stdin.end();
    await once(child, "close");
  }
});

test("a descriptor that is closed while the table is read is left out", () =>
  withoutLeaks(() => {
    const { syscall$statx, openat } = libc;
    for (const call of ["openat", "statx"] as const) {
      using file = open("/dev/null");
      const { fd } = file;
      try {
        libc.syscall$statx = (...args) => (
          call === "statx" && file.close(), syscall$statx(...args)
        );
        libc.openat = (...args) => {
          if (
            call === "openat" &&
            String.fromCharCode(...args[1] as Uint8Array) === `../fdinfo/${fd}\0`
          ) {
            file.close();
          }
          return openat(...args);
        };
        assert.equal(
          table().some((entry) => entry.fd === fd && entry.target === "/dev/null"),
          false,
        );
      } finally {
        Object.assign(libc, { syscall$statx, openat });
      }
    }
  }));

test("a number that is given out again meanwhile is not mixed up", () => {
  const { openat } = libc;
  const file = open("/dev/null");
  const { fd } = file;
  let counter: EventFd | undefined;
  try {
    libc.openat = (...args) => {
      if (!counter && String.fromCharCode(...args[1] as Uint8Array) === `../fdinfo/${fd}\0`) {
        file.close();
        counter = eventfd(9);
        assert.equal(counter.fd, fd); // the lowest that is free
      }
      return openat(...args);
    };
    const { kind, target, count } = table().find((entry) => entry.fd === fd)!;
    assert.deepEqual([kind, target, count], ["eventfd", "anon_inode:[eventfd]", 9]);
  } finally {
    libc.openat = openat;
    counter?.close();
  }
});

test("what the kernel says of a descriptor is read under every truncation", () => {
  const text = "pos:\t9223372036854775807\nflags:\t02100002\nmnt_id:\t17\nino:\t1030\n" +
    "eventfd-count: ffffffffffffffff\ntfd: 3 events: 1f\nPid:\t-1\n";
  const whole = parseFdInfo(text);
  assert.equal(whole.position, 2n ** 63n - 1n);
  assert.equal(whole.count, 2n ** 64n - 1n);
  assert.deepEqual([whole.pid, whole.watches, whole.mountId], [-1, [3], 17]);
  assert.equal(whole.details.length, 3);
  for (let length = 0; length <= text.length; length++) {
    const { position, flags, mountId } = parseFdInfo(text.slice(0, length));
    assert.ok(position >= 0 && flags.access.length > 0 && mountId >= 0);
  }
});

test("who may not look is told so", async () => {
  const { stdout } = await runFresh(`
    import { bind } from "@posixly/sys";
    import { table } from "@posixly/fd";
    bind({ setuid: ["i32", "i32"] }).setuid(65534);
    try { table(1); } catch ({ code, syscall, path }) { console.log(code, syscall, path); }
  `);
  assert.equal(stdout, "EACCES openat /proc/1/fd\n");
});

test("there is no table of nobody", () => {
  assert.throws(() => table(2 ** 31 - 1), { code: "ENOENT", path: "/proc/2147483647/fd" });
});

test("bad input is refused before the call", () =>
  withoutLeaks(() => {
    for (const bad of [0, -1, 2 ** 31, Infinity]) assert.throws(() => table(bad), RangeError);
    for (const bad of ["self", "1", 1.5, NaN, null]) {
      assert.throws(() => table(bad as number), TypeError);
    }
  }));

test.run();
