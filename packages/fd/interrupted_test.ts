import assert from "node:assert/strict";
import {
  allocate,
  duplicate,
  fdatasync,
  fsync,
  ioctl,
  lock,
  memfd,
  open,
  pread,
  preadv,
  pwrite,
  pwritev,
  read,
  readv,
  stat,
  syncFileRange,
  truncate,
  write,
  writev,
} from "@posixly/fd";
import { interrupted, withoutLeaks } from "@posixly/testing";
import { test } from "uvu";
import { libc } from "./libc.ts";

const FIOCLEX = 0x5451;

/** What uses the function that the C side calls so. */
const steps: Record<string, () => void> = {
  fallocate: () => {
    using file = memfd();
    allocate(file, 0, 10);
  },
  fcntl: () => duplicate(0).close(),
  fcntl$bytes: () => {
    using file = memfd();
    assert.equal(lock(file), true);
  },
  flock: () => {
    using file = memfd();
    assert.equal(lock(file, { family: "flock" }), true);
  },
  fdatasync: () => {
    using file = memfd();
    fdatasync(file);
  },
  fsync: () => {
    using file = memfd();
    fsync(file);
  },
  ftruncate: () => {
    using file = memfd();
    truncate(file, 5);
  },
  openat: () => open("/dev/null").close(),
  syscall$openat2: () => open("/dev/null", { resolve: { noSymlinks: true } }).close(),
  preadv: () => {
    using file = memfd();
    assert.equal(preadv(file, [new Uint8Array(1)], 0), 0);
  },
  pread: () => {
    using file = memfd();
    assert.equal(pread(file, new Uint8Array(1), 0), 0);
  },
  pwritev: () => {
    using file = memfd();
    assert.equal(pwritev(file, [new Uint8Array(3)], 0), 3);
  },
  pwrite: () => {
    using file = memfd();
    assert.equal(pwrite(file, new Uint8Array(3), 0), 3);
  },
  readv: () => {
    using zeros = open("/dev/zero");
    assert.equal(readv(zeros, [new Uint8Array(3)]), 3);
  },
  writev: () => {
    using sink = open("/dev/null", { write: true });
    assert.equal(writev(sink, [new Uint8Array(3)]), 3);
  },
  ioctl$int: () => {
    using file = memfd();
    assert.equal(ioctl(file, FIOCLEX), 0);
  },
  read: () => {
    using zeros = open("/dev/zero");
    assert.equal(read(zeros, new Uint8Array(3)), 3);
  },
  syscall$statx: () => assert.equal(stat("/dev/null").kind, "character device"),
  sync_file_range: () => {
    using file = memfd();
    syncFileRange(file, { write: true });
  },
  write: () => {
    using sink = open("/dev/null", { write: true });
    assert.equal(write(sink, new Uint8Array(3)), 3);
  },
};

for (const [name, step] of Object.entries(steps)) {
  test(`${name} is begun again when a signal interrupts it, as often as that happens`, () =>
    withoutLeaks(() => interrupted(libc, name as keyof typeof libc, step)));
}

test.run();
