import assert from "node:assert/strict";
import { performance } from "node:perf_hooks";
import { open, pwrite } from "@posixly/fd";
import { errno } from "@posixly/sys";
import { test } from "uvu";
import { libc } from "./libc.ts";
import { Warmth } from "./warm.ts";

/** Where a file is looked at while something runs, at a time that it sets. */
function looksDuring(
  run: (looks: number[], at: (time: number) => void) => void,
  answer?: number,
): void {
  const { syscall$preadv2 } = libc;
  const { now } = performance;
  const looks: number[] = [];
  let time = 0;
  libc.syscall$preadv2 = (number, file, vector, count, offset, upper, flags) => {
    looks.push(Number(offset));
    return answer ?? syscall$preadv2(number, file, vector, count, offset, upper, flags);
  };
  performance.now = () => time;
  try {
    run(looks, (later) => time = later);
  } finally {
    libc.syscall$preadv2 = syscall$preadv2;
    performance.now = now;
  }
}

/** A temporary file on a disk, which says what of it is in memory. */
function onDisk() {
  const file = open("/var/tmp", { read: true, write: true, temporary: true });
  pwrite(file, new Uint8Array(1_000_000), 0);
  return file;
}

test("what was found in memory piece by piece is not looked for again within a second", () => {
  using file = onDisk();
  looksDuring((looks, at) => {
    for (let offset = 0; offset < 400_000; offset += 100_000) {
      assert.equal(new Warmth(file).delayOf(offset, 100_000), 0);
    }
    assert.deepEqual(looks, [0, 100_000, 200_000, 300_000]);
    new Warmth(file).delayOf(0, 400_000);
    new Warmth(file).delayOf(50_000n, 350_000);
    at(999);
    new Warmth(file).delayOf(399_999, 1);
    assert.equal(looks.length, 4);
    new Warmth(file).delayOf(399_999, 2); // a byte more
    assert.equal(looks.length, 5);
    at(1000);
    new Warmth(file).delayOf(0, 1); // the first piece counts
    assert.equal(looks.length, 6);
  });
});

test("what lies apart from it is looked for, and is what was found from then on", () => {
  using file = onDisk();
  looksDuring((looks) => {
    for (const offset of [500_000, 300_000, 500_000]) new Warmth(file).delayOf(offset, 1000);
    assert.deepEqual(looks, [500_000, 300_000, 500_000]);
  });
});

test("what was missing was not found", () => {
  using file = onDisk();
  looksDuring((looks) => {
    const warmth = new Warmth(file);
    assert.deepEqual([0, 1, 2].map(() => warmth.delayOf(0, 1000)), [1, 2, 4]);
    assert.deepEqual(looks, [0, 0, 0]);
  }, -errno.EAGAIN);
});

test.run();
