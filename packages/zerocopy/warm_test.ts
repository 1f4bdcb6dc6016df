import assert from "node:assert/strict";
import { performance } from "node:perf_hooks";
import { advise, pread, pwrite, truncate } from "@posixly/fd";
import { errno } from "@posixly/sys";
import { testWhere } from "@posixly/testing";
import fc from "fast-check";
import { test } from "uvu";
import { cachedPart } from "./cached_part.ts";
import { onDisk, testOnDisk } from "./disk_fixture.ts";
import { libc } from "./libc.ts";
import { Warmth } from "./warm.ts";

/**
 * Where a file is looked at while something runs, at a time that it sets, by a kernel that counts no
 * pages.
 */
function looksDuring(
  run: (looks: number[], at: (time: number) => void) => void,
  answer?: number,
): void {
  const { syscall$preadv2, syscall$cachestat } = libc;
  const { now } = performance;
  const looks: number[] = [];
  let time = 0;
  libc.syscall$preadv2 = (number, file, vector, count, offset, upper, flags) => {
    looks.push(Number(offset));
    return answer ?? syscall$preadv2(number, file, vector, count, offset, upper, flags);
  };
  libc.syscall$cachestat = () => -errno.ENOSYS;
  performance.now = () => time;
  try {
    run(looks, (later) => time = later);
  } finally {
    Object.assign(libc, { syscall$preadv2, syscall$cachestat });
    performance.now = now;
  }
}

/** A temporary file on a disk, all of which is in memory. */
function inMemory() {
  const file = onDisk();
  pwrite(file, new Uint8Array(1_000_000), 0);
  return file;
}

testOnDisk(
  "what was found in memory piece by piece is not looked for again within a second",
  () => {
    using file = inMemory();
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
  },
);

testOnDisk("what lies apart from it is looked for, and is what was found from then on", () => {
  using file = inMemory();
  looksDuring((looks) => {
    for (const offset of [500_000, 300_000, 500_000]) new Warmth(file).delayOf(offset, 1000);
    assert.deepEqual(looks, [500_000, 300_000, 500_000]);
  });
});

test("what was missing was not found", () => {
  using file = inMemory();
  looksDuring((looks) => {
    const warmth = new Warmth(file);
    assert.deepEqual([0, 1, 2].map(() => warmth.delayOf(0, 1000)), [1, 2, 4]);
    assert.deepEqual(looks, [0, 0, 0]);
  }, -errno.EAGAIN);
});

const MiB = 2 ** 20;
const page = libc.getpagesize();

/** A file of which every page is a hole, and of each 128 KiB only the first is in memory. */
function sparselyCached() {
  const file = onDisk();
  truncate(file, MiB);
  advise(file, "random"); // so that nothing is read ahead
  for (let at = 0; at < MiB; at += 131_072) pread(file, new Uint8Array(1), at);
  return file;
}

const counts = () => {
  using file = inMemory();
  return cachedPart(file.fd, 0, 1_000_000) !== null;
};

testWhere(counts(), "Linux 6.5", "a page that is missing is noticed wherever it is", async () => {
  using file = sparselyCached();
  assert.equal(cachedPart(file.fd, 0, MiB), "some");
  await new Warmth(file).of(0, MiB);
  assert.equal(cachedPart(file.fd, 0, MiB), "all");
});

testWhere(counts(), "Linux 6.5", "the kernel counts pages, of a part at any place", () => {
  using file = inMemory();
  const size = 1_000_000;
  const part = fc.record({
    offset: fc.nat(size - 1),
    length: fc.integer({ min: 1, max: size }),
    isBig: fc.boolean(),
  });
  fc.assert(fc.property(part, ({ offset, length, isBig }) => {
    const cached = cachedPart(file.fd, isBig ? BigInt(offset) : offset, length);
    const pages = Math.ceil((offset + length) / page);
    assert.equal(cached, pages <= Math.ceil(size / page) ? "all" : "some");
  }));
  assert.equal(cachedPart(file.fd, 2n ** 62n + 1n, 1), null);
});

/** What a kernel says of a file of which only some pages are in memory, or are being read. */
function withPages<T>(
  { there, coming = [], counts = true }: { there: number[]; coming?: number[]; counts?: boolean },
  run: (looks: number[]) => T,
): T {
  const { syscall$preadv2, syscall$cachestat } = libc;
  const looks: number[] = [];
  libc.syscall$preadv2 = (_number, _file, _vector, _count, offset) => {
    looks.push(Number(offset));
    return there.includes(Math.floor(Number(offset) / page)) ? 1 : -errno.EAGAIN;
  };
  libc.syscall$cachestat = (_number, _file, range, answer) => {
    if (!counts) return -errno.EPERM;
    const [offset, length] = new BigInt64Array(range!.buffer as ArrayBuffer);
    const first = Math.floor(Number(offset) / page);
    const last = Math.floor(Number(offset + length - 1n) / page);
    const kept = [...there, ...coming].filter((n) => first <= n && n <= last);
    (answer as Uint32Array)[0] = kept.length;
    return 0;
  };
  try {
    return run(looks);
  } finally {
    Object.assign(libc, { syscall$preadv2, syscall$cachestat });
  }
}

const PAGES = 512;
const LENGTH = PAGES * page;
const all = [...Array(PAGES).keys()];
const others = (pages: number[]) => all.filter((n) => !pages.includes(n));

/** After how long to look again at all of it. */
const delayOf = (warmth: Warmth) => warmth.delayOf(0, LENGTH);

test("one look is enough where the kernel has counted", () => {
  using file = inMemory();
  withPages({ there: all }, (looks) => {
    assert.equal(delayOf(new Warmth(file)), 0);
    assert.deepEqual(looks, [LENGTH - 1]);
  });
});

// As Linux 6.18 was seen to do, about once in a million times.
test("where the kernel has counted too few, it counts again", () => {
  using file = inMemory();
  withPages({ there: all }, (looks) => {
    const count = libc.syscall$cachestat;
    let times = 0;
    libc.syscall$cachestat = (number, fd, range, answer, flags) => {
      const result = count(number, fd, range, answer, flags);
      if (times++ === 0) (answer as Uint32Array)[0] -= 128;
      return result;
    };
    assert.equal(delayOf(new Warmth(file)), 0);
    assert.deepEqual([times, looks], [2, [LENGTH - 1]]);
  });
});

test("where it does not count, there is a look every 128 KiB", () => {
  using file = inMemory();
  withPages({ there: all, counts: false }, (looks) => {
    assert.equal(delayOf(new Warmth(file)), 0);
    assert.deepEqual(looks, [...Array(LENGTH / 131_072).keys()].map((n) => n * 131_072));
  });
});

test("of a file that has some pages in memory, what misses one is never taken for all", () => {
  using file = inMemory();
  const some = fc.subarray(all, { minLength: 1, maxLength: PAGES - 1 });
  fc.assert(fc.property(some, (missing) => {
    withPages({ there: others(missing) }, () => assert.ok(delayOf(new Warmth(file)) > 0));
  }));
});

test("pages that are being read are waited for, whichever come last", () => {
  using file = inMemory();
  const some = fc.subarray(all, { minLength: 1 });
  fc.assert(fc.property(some, fc.nat(PAGES - 1), (late, begun) => {
    const warmth = new Warmth(file.fd); // by a number, of which nothing is remembered
    const isLate = { there: all.slice(0, begun), coming: all.slice(begun) };
    withPages(isLate, () => assert.ok(delayOf(warmth) > 0));
    withPages({ there: others(late), coming: late }, () => assert.ok(delayOf(warmth) > 0));
    withPages({ there: all }, () => assert.equal(delayOf(warmth), 0));
  }));
});

test.run();
