import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type AsFd, eventfd, memfd, open, pread, pwrite, truncate } from "@posixly/fd";
import { errno, type SyscallError } from "@posixly/sys";
import { withoutLeaks } from "@posixly/testing";
import { map, type MapOptions } from "@posixly/zerocopy";
import fc from "fast-check";
import { test } from "uvu";
import {
  libc,
  MADV_POPULATE_READ,
  MAP_HUGE_SHIFT,
  MAP_HUGETLB,
  MAP_NORESERVE,
  MAP_POPULATE,
  MAP_PRIVATE,
  MAP_SHARED,
} from "./libc.ts";

const page = libc.getpagesize();

/** A file of so many bytes, each of which tells where it is. */
function fileOf(size: number) {
  const file = memfd("test");
  pwrite(file, bytesFrom(0, size), 0);
  return file;
}

function bytesFrom(start: number, length: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length }, (_, i) => (start + i) * 7 + ((start + i) >> 8));
}

const place = fc.record({ offset: fc.nat(3 * page), length: fc.nat(3 * page) });

test("any part of a file can be mapped, wherever it begins and ends", () =>
  withoutLeaks(() => {
    const size = 6 * page;
    using file = fileOf(size);
    fc.assert(fc.property(place, fc.boolean(), ({ offset, length }, big) => {
      using mapping = map(file, { offset: big ? BigInt(offset) : offset, length });
      assert.equal(mapping.length, length);
      assert.deepEqual(mapping.bytes, bytesFrom(offset, length));
    }));
  }));

test("what is written through a mapping is read from the file, and the other way round", () =>
  withoutLeaks(() => {
    const size = 6 * page;
    using file = fileOf(size);
    const model = bytesFrom(0, size);
    const write = fc.record({
      at: fc.nat(size),
      bytes: fc.uint8Array({ maxLength: 300 }),
      mapped: fc.boolean(),
    });
    fc.assert(fc.property(place, fc.array(write), ({ offset, length }, writes) => {
      using mapping = map(file, { offset, length, protection: "readWrite" });
      for (const { at, bytes, mapped } of writes) {
        if (mapped) {
          const part = bytes.subarray(0, Math.max(length - at, 0));
          if (at < length) mapping.bytes.set(part, at);
          if (at < length) model.set(part, offset + at);
        } else {
          const part = bytes.subarray(0, Math.max(size - at, 0));
          pwrite(file, part, at);
          if (at < size) model.set(part, at);
        }
      }
      const inFile = new Uint8Array(size);
      pread(file, inFile, 0);
      assert.deepEqual(inFile, model);
      assert.deepEqual(mapping.bytes, model.slice(offset, offset + length));
    }));
  }));

test("a mapping outlives the descriptor", () =>
  withoutLeaks(() => {
    const file = fileOf(100);
    using mapping = map(file);
    file.close();
    assert.deepEqual(mapping.bytes, bytesFrom(0, 100));
  }));

test("a part far beyond what a number holds is mapped by a bigint", () => {
  const folder = mkdtempSync("/dev/shm/map-");
  try {
    using file = open(`${folder}/far`, { read: true, write: true, create: true });
    const far = 2n ** 53n + 1n;
    pwrite(file, bytesFrom(0, 3), far);
    using mapping = map(file, { offset: far, protection: "readWrite" });
    assert.deepEqual(mapping.bytes, bytesFrom(0, 3));
    mapping.bytes[2] = 200;
    const last = new Uint8Array(1);
    assert.equal(pread(file, last, far + 2n), 1);
    assert.equal(last[0], 200);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("an empty file, and a part beyond the end, are mappings without bytes", () =>
  withoutLeaks(() => {
    using empty = memfd();
    using file = fileOf(10);
    const calls = countCalls("mmap");
    const none = [
      map(empty),
      map(file, { length: 0 }),
      map(file, { offset: 10 }),
      map(file, { offset: 11 }),
      map(file, { offset: 2n ** 62n }),
      map(null, { length: 0 }),
    ];
    for (const mapping of none) {
      assert.deepEqual(mapping.bytes, new Uint8Array(0));
      assert.equal(mapping.read(new Uint8Array(4)), 0);
      assert.equal(mapping.isWhole(), true);
      assert.equal(mapping.resident(), 0);
      for (const nothing of [() => mapping.flush(), () => mapping.lock(), () => mapping.unlock()]) {
        nothing();
      }
      mapping.advise("willNeed");
      assert.throws(() => mapping.resize(1), { message: /has no bytes/ });
      mapping.close();
      assert.throws(() => mapping.bytes, { message: "Cannot use a mapping that was closed" });
    }
    assert.equal(calls.end(), 0);
  }));

test("more than the file has is refused, since touching it would end the process", () =>
  withoutLeaks(() => {
    using file = fileOf(100);
    for (const [offset, length] of [[0, 101], [100, 1], [101, 1], [0, 2 ** 52], [2 ** 52, 1]]) {
      assert.throws(() => map(file, { offset, length }), {
        name: "RangeError",
        message: /^length must be at most \d+, which the file has there, not/,
      });
    }
    using last = map(file, { offset: 99, length: 1 });
    assert.deepEqual(last.bytes, bytesFrom(99, 1));
  }));

test("a mapping to read sees what others write, and its own writes nobody sees", () =>
  withoutLeaks(() => {
    using file = fileOf(2 * page);
    using mapping = map(file);
    pwrite(file, new Uint8Array([1]), 5);
    assert.equal(mapping.bytes[5], 1);

    mapping.bytes[5] = 2; // by mistake: no crash, no change
    const found = new Uint8Array(1);
    pread(file, found, 5);
    assert.equal(found[0], 1);
    pwrite(file, new Uint8Array([3]), page);
    assert.equal(mapping.bytes[page], 3);
  }));

test("a file that is not open for writing, or sealed, is mapped to read all the same", () =>
  withoutLeaks(() => {
    using program = open("/proc/self/exe");
    using mapping = map(program);
    mapping.bytes[1] = 0;
    assert.throws(() => map(program, { protection: "readWrite" }), {
      code: "EACCES",
      syscall: "mmap",
      fd: program.fd,
    });
    using own = map(program, { protection: "readWrite", shared: false });
    own.bytes.set([1, 2, 3]);
    assert.deepEqual(own.bytes.subarray(0, 4), new Uint8Array([1, 2, 3, 0x46]));
  }));

test("a private mapping keeps its writes to itself", () =>
  withoutLeaks(() => {
    fc.assert(fc.property(fc.nat(999), fc.uint8Array({ maxLength: 2000 }), (at, bytes) => {
      using file = fileOf(3000);
      using mapping = map(file, { protection: "readWrite", shared: false });
      mapping.bytes.set(bytes, at);
      const expected = bytesFrom(0, 3000);
      const inFile = new Uint8Array(3000);
      pread(file, inFile, 0);
      assert.deepEqual(inFile, expected);
      expected.set(bytes, at);
      assert.deepEqual(mapping.bytes, expected);
    }));
  }));

test("two mappings of a file are the same memory", () =>
  withoutLeaks(() => {
    using file = fileOf(3 * page);
    using one = map(file, { protection: "readWrite" });
    using other = map(file, { offset: 1000, protection: "readWrite" });
    one.bytes[1500] = 11;
    assert.equal(other.bytes[500], 11);
    other.bytes[0] = 12;
    assert.equal(one.bytes[1000], 12);
  }));

test("memory without a file is zeros, and nobody else's", () => {
  using one = map(null, { length: 5000 });
  using other = map(null, { length: 5000, noReserve: true, populate: true });
  assert.deepEqual(one.bytes, new Uint8Array(5000));
  one.bytes.fill(1);
  assert.deepEqual(other.bytes, new Uint8Array(5000));
});

test("JavaScript knows how a mapping that begins within a page is aligned", () => {
  using file = fileOf(100);
  using odd = map(file, { offset: 3 });
  const { buffer, byteOffset } = odd.bytes;
  assert.equal(byteOffset, 3);
  assert.throws(() => new Int32Array(buffer, byteOffset, 1), RangeError);
});

test("a mapping is a view of four gigabytes, and more where the runtime can", () => {
  using file = memfd("large");
  const size = 2 ** 32;
  truncate(file, size);
  using mapping = map(file, { protection: "readWrite" });
  mapping.bytes[size - 1] = 9;
  const found = new Uint8Array(1);
  pread(file, found, size - 1);
  assert.equal(found[0], 9);

  truncate(file, size + 1);
  try {
    using larger = map(file);
    assert.equal(larger.bytes[size - 1], 9);
  } catch (error) {
    assert.equal((error as Error).name, "RangeError"); // Node 20
  }
});

test("only a file that cannot become shorter will do, if that was asked for", () =>
  withoutLeaks(() => {
    using file = memfd("", { sealable: true });
    truncate(file, 100);
    assert.throws(() => map(file, { sealed: true }), {
      name: "Error",
      message: `Cannot map descriptor ${file.fd}: it is not sealed against becoming shorter`,
    });
    using program = open("/proc/self/exe");
    assert.throws(() => map(program, { sealed: true }), { code: "EINVAL", syscall: "fcntl" });
  }));

test("what has no end needs a length", () =>
  withoutLeaks(() => {
    using zero = open("/dev/zero", { read: true, write: true });
    assert.throws(() => map(zero), {
      name: "TypeError",
      message: `length must be given: descriptor ${zero.fd} is a character device and has no end`,
    });
    using mapping = map(zero, { length: 10, protection: "readWrite", shared: false });
    assert.deepEqual(mapping.bytes, new Uint8Array(10));
    assert.throws(() => map(null), { message: "length must be given: memory has no end" });
  }));

test("what cannot be mapped is an error of the kernel", () =>
  withoutLeaks(() => {
    using counter = eventfd();
    using folder = open("/tmp", { directory: true });
    assert.throws(() => map(counter, { length: 8 }), { code: "ENODEV", fd: counter.fd });
    assert.throws(() => map(folder, { length: 8 }), { code: "ENODEV" });
    assert.throws(() => map(1_000_000, { length: 8 }), { code: "EBADF", fd: 1_000_000 });
  }));

test("the kernel is asked for what the options say", () => {
  using file = fileOf(10);
  const asked: [number, number][] = [];
  const { mmap } = libc;
  libc.mmap = (_address, length, _protection, flags) => {
    asked.push([Number(length), flags]);
    return -errno.ENOMEM as never;
  };
  try {
    const cases: [AsFd | null, MapOptions][] = [
      [file, {}],
      [file, { protection: "readWrite" }],
      [file, { protection: "readWrite", shared: false, noReserve: true }],
      [file, { protection: "readWrite", populate: true }],
      [null, { length: 1, hugePages: 2 ** 21 }],
      [null, { length: 2 ** 21 + 1, hugePages: 2 ** 30 }],
    ];
    for (const [fd, options] of cases) assert.throws(() => map(fd, options), { code: "ENOMEM" });
  } finally {
    libc.mmap = mmap;
  }
  const MAP_ANONYMOUS_HUGE = MAP_PRIVATE | 0x20 | MAP_HUGETLB;
  assert.deepEqual(asked, [
    [page, MAP_PRIVATE | MAP_NORESERVE], // a file larger than memory can be read
    [page, MAP_SHARED],
    [page, MAP_PRIVATE | MAP_NORESERVE],
    [page, MAP_SHARED | MAP_POPULATE],
    [2 ** 21, MAP_ANONYMOUS_HUGE | (21 << MAP_HUGE_SHIFT)],
    [2 ** 30, MAP_ANONYMOUS_HUGE | (30 << MAP_HUGE_SHIFT)],
  ]);
});

test("huge pages, where the machine has some to spare", () => {
  try {
    using memory = map(null, { length: 5, hugePages: 2 ** 21 });
    memory.bytes[4] = 1;
    const { bytes } = memory;
    memory.close();
    assert.ok(!bytes[4]);
  } catch (error) {
    assert.equal((error as SyscallError).code, "ENOMEM");
  }
});

test("a file of huge pages, where the machine has some to spare", () =>
  withoutLeaks(() => {
    try {
      using file = memfd("huge", { hugePages: 2 ** 21 });
      truncate(file, 2 ** 22);
      using mapping = map(file, { offset: 2 ** 21 + 5, protection: "readWrite" });
      assert.equal(mapping.length, 2 ** 21 - 5);
      mapping.bytes[0] = 1;
    } catch (error) {
      assert.match((error as SyscallError).code, /^(ENOMEM|ENODEV)$/);
    }
  }));

test("populating a mapping to read copies nothing", () => {
  const folder = mkdtempSync("/tmp/map-");
  try {
    writeFileSync(`${folder}/file`, bytesFrom(0, 4 * page));
    using file = open(`${folder}/file`, { read: true, write: true });
    using mapping = map(file, { populate: true, locked: true });
    assert.equal(mapping.resident(), 4 * page);
    pwrite(file, new Uint8Array([99]), page);
    assert.equal(mapping.bytes[page], 99); // a copy would not know
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("what older kernels cannot populate they are told to read", () => {
  using file = fileOf(10);
  const { madvise } = libc;
  const asked: number[] = [];
  libc.madvise = (address, length, advice) => {
    asked.push(advice);
    return advice === MADV_POPULATE_READ ? -errno.EINVAL : madvise(address, length, advice);
  };
  try {
    map(file, { populate: true }).close();
  } finally {
    libc.madvise = madvise;
  }
  assert.deepEqual(asked, [MADV_POPULATE_READ, 3]);
});

/** Counts how often a function of C is called. */
function countCalls(name: "mmap" | "munmap") {
  const functions = libc as unknown as Record<string, (...args: unknown[]) => unknown>;
  const call = functions[name];
  let calls = 0;
  functions[name] = (...args) => (calls++, call(...args));
  return { end: () => (functions[name] = call, calls) };
}

test("bad input is refused before anything is mapped", () =>
  withoutLeaks(() => {
    using file = fileOf(100);
    const calls = countCalls("mmap");
    const options = (bad: object, fd: AsFd | null = file) => () => map(fd, bad as MapOptions);
    for (const bad of [-1, -1n, 0.5, NaN, Infinity, 2 ** 53, 2n ** 63n, "0", null, true]) {
      assert.throws(options({ offset: bad }), /^(Type|Range)Error: offset must be/);
      assert.throws(options({ length: bad }), /^(Type|Range)Error: length must be/);
      assert.throws(options({ length: bad }, null), /^(Type|Range)Error: length must be/);
    }
    for (const name of ["shared", "populate", "noReserve", "locked", "sealed"]) {
      for (const bad of [1, "yes", null]) {
        assert.throws(options({ [name]: bad }), { name: "TypeError" }, name);
        assert.throws(options({ length: 1, [name]: bad }, null), { name: "TypeError" }, name);
      }
    }
    for (const bad of ["execute", "readwrite", 3, null]) {
      assert.throws(options({ protection: bad }), /^TypeError: protection must be one of/);
    }
    assert.throws(options({ ofset: 3 }), /^TypeError: there is no option ofset/);
    assert.throws(options({ hugePages: 2 ** 21 }), /^TypeError: hugePages/);
    for (const bad of [{ shared: true }, { sealed: true }, { protection: "read" }]) {
      assert.throws(options({ length: 1, ...bad }, null), TypeError);
    }
    assert.throws(options({ length: 1, offset: 1 }, null), RangeError);
    for (const bad of [0, 1, 3, -2, 2 ** 53, 1.5, "2 MB"]) {
      assert.throws(options({ length: 1, hugePages: bad }, null), /Error: hugePages must be/);
    }
    const both = { length: 1, hugePages: 2 ** 21, noReserve: true };
    assert.throws(options(both, null), /^TypeError: noReserve/);
    for (const bad of [undefined, "3", -1, {}, 1.5]) {
      assert.throws(() => map(bad as number), /^(Type|Range)Error/);
    }
    file.close();
    assert.throws(() => map(file), { message: "Cannot use a descriptor that was closed" });
    assert.equal(calls.end(), 0);
  }));

test("nothing stays mapped when a later step fails", () =>
  withoutLeaks(() => {
    using file = fileOf(100);
    const mapped: unknown[] = [];
    const { mmap, munmap, mlock, mlock2 } = libc;
    libc.mlock = libc.mlock2 = () => -errno.EAGAIN;
    try {
      assert.throws(() => map(file, { locked: true }), { code: "EAGAIN", syscall: "mlock2" });
      const options = { protection: "readWrite", locked: true } as const;
      assert.throws(() => map(file, options), { code: "EAGAIN", syscall: "mlock" });

      libc.mmap = (...args) => {
        const address = mmap(...args);
        mapped.push(address);
        return 0 as never; // where no view can be
      };
      libc.munmap = (_address, length) => munmap(mapped.pop() as never, length);
      assert.throws(() => map(file), RangeError);
      assert.deepEqual(mapped, []);
    } finally {
      Object.assign(libc, { mmap, munmap, mlock, mlock2 });
    }
  }));

test.run();
