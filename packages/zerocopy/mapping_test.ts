import assert from "node:assert/strict";
import { type AsFd, duplicateTo, memfd, open, pread, pwrite, truncate } from "@posixly/fd";
import { addressAfter, addressOf, errno, MAX_RW_COUNT } from "@posixly/sys";
import { withoutLeaks } from "@posixly/testing";
import { type FlushOptions, map, type Mapping, type MemoryAdvice } from "@posixly/zerocopy";
import fc from "fast-check";
import { test } from "uvu";
import { iovec, libc, MADV_DONTNEED, MADV_WILLNEED, MS_ASYNC, MS_SYNC } from "./libc.ts";

const page = libc.getpagesize();

function fileOf(size: number) {
  const file = memfd("test");
  truncate(file, size);
  return file;
}

const forWriting = (fd: AsFd, offset = 0): Mapping => map(fd, { offset, protection: "readWrite" });

/** Runs with a function of C that only takes note of the pages it was asked for. */
function asked(
  name: "madvise" | "mlock" | "mlock2" | "msync" | "munlock",
  { bytes }: Mapping,
  run: () => void,
): [from: number, to: number, how: unknown][] {
  const functions = libc as unknown as Record<string, (...args: unknown[]) => unknown>;
  const call = functions[name];
  const start = addressAfter(addressOf(bytes), -bytes.byteOffset);
  const calls: [number, number, unknown][] = [];
  functions[name] = (address, length, how) => {
    const from = Number(address) - Number(start);
    calls.push([from / page, (from + Number(length)) / page, how]);
    return 0;
  };
  try {
    run();
  } finally {
    functions[name] = call;
  }
  return calls;
}

test("a part is turned into all pages it touches, or those it fills", () => {
  const shift = 1000;
  using file = fileOf(10 * page);
  using mapping = forWriting(file, 3 * page + shift);
  fc.assert(fc.property(fc.nat(mapping.length), fc.nat(mapping.length), (a, b) => {
    const [offset, end] = [Math.min(a, b), Math.max(a, b)];
    const range = { offset, length: end - offset };
    const touched = offset === end
      ? []
      : [[Math.floor((shift + offset) / page), Math.ceil((shift + end) / page)]];
    const pagesOf = (calls: unknown[][]) => calls.map(([from, to]) => [from, to]);

    const flushed = asked("msync", mapping, () => mapping.flush(range));
    assert.deepEqual(pagesOf(flushed), touched);
    assert.ok(flushed.every(([, , how]) => how === MS_SYNC));
    assert.deepEqual(pagesOf(asked("mlock", mapping, () => mapping.lock(range))), touched);
    assert.deepEqual(pagesOf(asked("munlock", mapping, () => mapping.unlock(range))), touched);
    const advised = asked("madvise", mapping, () => mapping.advise("willNeed", range));
    assert.deepEqual(pagesOf(advised), touched);
    assert.ok(advised.every(([, , how]) => how === MADV_WILLNEED));

    const first = Math.ceil((shift + offset) / page);
    const last = Math.floor((shift + end) / page);
    const filled = first < last ? [[first, last, MADV_DONTNEED]] : [];
    assert.deepEqual(asked("madvise", mapping, () => mapping.advise("dontNeed", range)), filled);
  }));
});

test("flushing waits, unless told not to", () => {
  using file = open("/tmp", { temporary: true, read: true, write: true });
  truncate(file, 10);
  using mapping = forWriting(file);
  mapping.bytes.fill(7);
  mapping.flush();
  mapping.flush({ async: true, offset: 3 });
  assert.deepEqual(asked("msync", mapping, () => mapping.flush({ async: true })), [
    [0, 1, MS_ASYNC],
  ]);
});

test("what could not be stored is an error", () => {
  using file = fileOf(10);
  using mapping = forWriting(file);
  const { msync } = libc;
  libc.msync = () => -errno.EIO;
  try {
    assert.throws(() => mapping.flush(), { code: "EIO", syscall: "msync" });
  } finally {
    libc.msync = msync;
  }
});

test("every advice is taken, and changes no byte of a shared file", () => {
  using file = fileOf(3 * page);
  using mapping = forWriting(file);
  mapping.bytes.fill(5);
  const advices: MemoryAdvice[] = [
    ...["normal", "sequential", "random", "willNeed", "cold", "pageOut", "dontNeed"] as const,
    ...["populateRead", "populateWrite", "hugePage", "noHugePage", "noDump", "dump"] as const,
  ];
  for (const advice of advices) {
    try {
      mapping.advise(advice, { offset: 1 });
    } catch (error) {
      // A kernel without huge pages, or before Linux 5.14.
      assert.equal((error as { code: string }).code, "EINVAL", advice);
    }
    assert.ok(mapping.bytes.every((byte) => byte === 5), advice);
  }
});

test("what was written privately is dropped with its page, and only then", () => {
  using file = fileOf(3 * page);
  using mapping = map(file, { protection: "readWrite", shared: false });
  mapping.bytes.fill(5);
  mapping.advise("dontNeed", { offset: 1, length: 2 * page });
  const left = [0, page, 2 * page].map((at) => mapping.bytes[at]);
  assert.deepEqual(left, [5, 0, 5]);
});

test("what is in memory is counted by pages", () => {
  using memory = map(null, { length: 5 * page });
  memory.advise("noHugePage");
  assert.equal(memory.resident(), 0);
  memory.bytes[2 * page] = 1;
  memory.bytes[3 * page] = 1;
  assert.equal(memory.resident(), 2 * page);
  assert.equal(memory.resident({ offset: 2 * page + 5, length: 1 }), page);
  assert.equal(memory.resident({ offset: 2 * page + 5, length: 0 }), 0);
  assert.equal(memory.resident({ offset: 4 * page }), 0);
});

test("it is counted in large mappings, too, and where it is", () => {
  using memory = map(null, { length: 3 * 2 ** 28 + 1, noReserve: true });
  memory.advise("noHugePage");
  memory.bytes[2 ** 28 - 1] = memory.bytes[2 ** 28] = memory.bytes[3 * 2 ** 28] = 1;
  assert.equal(memory.resident(), 3 * page);
  assert.equal(memory.resident({ offset: 2 ** 28 }), 2 * page);
});

test("locked pages are in memory, and unlocked on demand", () => {
  using memory = map(null, { length: 4 * page });
  memory.lock({ offset: page, length: page });
  assert.equal(memory.resident(), page);
  memory.lock();
  assert.equal(memory.resident(), 4 * page);
  memory.unlock();
});

test("reading by way of the kernel gives the same bytes", () => {
  using file = fileOf(3 * page);
  using mapping = forWriting(file, 77);
  for (let i = 0; i < mapping.length; i++) mapping.bytes[i] = i * 3;
  fc.assert(fc.property(fc.nat(mapping.length), fc.nat(2 * page), (offset, length) => {
    const into = new Uint8Array(length).fill(0xa5);
    const n = mapping.read(into, offset);
    assert.equal(n, Math.min(length, mapping.length - offset));
    assert.deepEqual(into.subarray(0, n), mapping.bytes.slice(offset, offset + n));
    assert.ok(into.subarray(n).every((byte) => byte === 0xa5));
  }));
  assert.throws(() => mapping.read(new Uint8Array(1), mapping.length + 1), RangeError);
  assert.throws(() => mapping.read([1] as never), TypeError);
});

test("a file that became shorter is found out without a touch", () => {
  using file = fileOf(4 * page);
  using mapping = map(file, { offset: 10 });
  assert.equal(mapping.isWhole(), true);
  truncate(file, page + 1);
  assert.equal(mapping.isWhole(), false);
  const into = new Uint8Array(4 * page);
  assert.equal(mapping.read(into), 2 * page - 10);
  assert.equal(mapping.read(into, 2 * page), 0);
  truncate(file, 4 * page);
  assert.equal(mapping.isWhole(), true);
  assert.equal(mapping.read(into), 4 * page - 10);
});

test("reading goes on where the kernel stops before the end", () => {
  const { process_vm_readv } = libc;
  let calls = 0;
  libc.process_vm_readv = (pid, local, locals, remote, remotes, flags) => {
    calls++;
    const limited = [local, remote].map((part) => {
      const { iov_base, iov_len } = iovec.decode(part as Uint8Array);
      return iovec.encode({ iov_base, iov_len: Math.min(Number(iov_len), 1000) });
    });
    return process_vm_readv(pid, limited[0], locals, limited[1], remotes, flags);
  };
  try {
    using file = fileOf(2 * page);
    using mapping = forWriting(file, 10);
    for (let i = 0; i < mapping.length; i++) mapping.bytes[i] = i % 251;
    const into = new Uint8Array(mapping.length);
    assert.equal(mapping.read(into), mapping.length);
    assert.deepEqual(into, mapping.bytes);
    assert.equal(calls, Math.ceil(mapping.length / 1000));
    truncate(file, page);
    assert.equal(mapping.read(into), page - 10);
  } finally {
    libc.process_vm_readv = process_vm_readv;
  }
});

test("more than 2 GiB are read, which is more than one call copies", () => {
  const { process_vm_readv } = libc;
  const calls: [from: number, to: number][] = [];
  libc.process_vm_readv = (_pid, local, _locals, remote) => {
    const [to, from] = [local, remote].map((part) => iovec.decode(part as Uint8Array));
    calls.push([Number(from.iov_base), Number(to.iov_base)]);
    return Math.min(Number(from.iov_len), MAX_RW_COUNT);
  };
  try {
    using source = map(null, { length: 3 * 2 ** 30, noReserve: true });
    using target = map(null, { length: 3 * 2 ** 30, noReserve: true });
    assert.equal(source.read(target.bytes), source.length);
    const starts = [source, target].map(({ bytes }) => Number(addressOf(bytes)));
    assert.deepEqual(calls, [starts, starts.map((start) => start + MAX_RW_COUNT)]);
  } finally {
    libc.process_vm_readv = process_vm_readv;
  }
});

test("resizing keeps the bytes, however often", () =>
  withoutLeaks(() => {
    const size = fc.integer({ min: 1, max: 5 * page });
    const kinds = fc.constantFrom("shared", "private", "memory");
    fc.assert(
      fc.property(kinds, fc.nat(2 * page), fc.array(size), (kind, offset, sizes) => {
        using file = fileOf(7 * page);
        const isShared = kind === "shared";
        using mapping = kind === "memory"
          ? map(null, { length: 1 })
          : map(file, { offset, length: 1, protection: "readWrite", shared: isShared });
        let model = [...mapping.bytes];
        let stamp = 0;
        for (const length of sizes) {
          mapping.resize(length);
          assert.equal(mapping.length, length);
          const kept = Math.min(model.length, length);
          assert.deepEqual([...mapping.bytes.subarray(0, kept)], model.slice(0, kept));
          mapping.bytes.fill(++stamp, Math.floor(length / 2));
          model = [...mapping.bytes];
        }
        if (isShared) {
          const inFile = new Uint8Array(mapping.length);
          pread(file, inFile, offset);
          assert.deepEqual(inFile, mapping.bytes);
        }
      }),
      { numRuns: 50 },
    );
  }));

test("a file grows first, and then its mapping", () => {
  using file = fileOf(100);
  using mapping = forWriting(file);
  const { bytes } = mapping;
  bytes[99] = 1;
  assert.throws(() => mapping.resize(2 * page), {
    name: "RangeError",
    message: `length must be within the file, which ends before ${2 * page}`,
  });
  assert.equal(mapping.bytes, bytes); // as it was
  bytes[98] = 2;

  truncate(file, 2 * page);
  mapping.resize(2 * page);
  assert.deepEqual(mapping.bytes.subarray(97, 101), new Uint8Array([0, 2, 1, 0]));
  pwrite(file, new Uint8Array([3]), 2 * page - 1);
  assert.equal(mapping.bytes[2 * page - 1], 3);
});

test("a mapping does not grow into what its last page has beyond the file", () => {
  for (const offset of [0, 100, page + 100]) {
    using file = fileOf(2 * page + 900);
    using mapping = forWriting(file, offset);
    const left = 2 * page + 900 - offset;
    mapping.resize(50);
    for (const length of [left + 1, 3 * page - offset]) {
      assert.throws(() => mapping.resize(length), {
        name: "RangeError",
        message: `length must be within the file, which ends before ${length}`,
      });
      assert.equal(mapping.length, 50);
    }
    mapping.resize(left);
    assert.equal(mapping.length, left);
  }
});

test("a number that has become another file's does not tell where the mapped one ends", () => {
  using file = fileOf(2 * page + 900);
  using other = fileOf(10);
  using mapping = map(file, { length: 50 });
  duplicateTo(other, file);
  mapping.resize(2 * page + 900);
  assert.throws(() => mapping.resize(3 * page + 1), RangeError); // its pages are known all the same
  file.close();
  mapping.resize(100);
  mapping.resize(2 * page + 900);
});

test("a resize to the same length does nothing", () => {
  using memory = map(null, { length: 10 });
  const { bytes } = memory;
  memory.resize(10);
  assert.equal(memory.bytes, bytes);
});

test("nothing changes when a resize fails, at whatever step", () => {
  using file = fileOf(4 * page);
  const { mremap } = libc;
  for (const failing of [1, 2]) {
    using mapping = map(file, { length: page, protection: "readWrite", shared: false });
    const { bytes } = mapping;
    bytes.fill(failing);
    let calls = 0;
    libc.mremap = (...args) => ++calls === failing ? -errno.ENOMEM as never : mremap(...args);
    try {
      assert.throws(() => mapping.resize(3 * page), { code: "ENOMEM", syscall: "mremap" });
    } finally {
      libc.mremap = mremap;
    }
    assert.equal(mapping.bytes, bytes);
    assert.ok(bytes.every((byte) => byte === failing));
    mapping.resize(2 * page);
    assert.equal(mapping.bytes[page - 1], failing);
  }
});

test("what is locked in parts is not resized, and stays as it is", () => {
  using memory = map(null, { length: 3 * page });
  memory.bytes[0] = 7;
  memory.lock({ offset: page, length: page });
  assert.throws(() => memory.resize(5 * page), { code: "EFAULT", syscall: "mremap" });
  assert.equal(memory.bytes[0], 7);
  memory.unlock();
  memory.resize(5 * page);
  assert.equal(memory.bytes[0], 7);
});

test("what is locked as a whole is resized", () => {
  using memory = map(null, { length: 3 * page, locked: true });
  memory.bytes[0] = 7;
  memory.resize(5 * page);
  assert.equal(memory.bytes[0], 7);
});

test("a call is begun again when a signal interrupts it, as often as that happens", () => {
  using file = fileOf(page);
  const steps: Record<string, (mapping: Mapping) => void> = {
    fstatfs: () => map(file).close(),
    madvise: (mapping) => mapping.advise("random"),
    mlock: (mapping) => mapping.lock(),
    msync: (mapping) => mapping.flush(),
  };
  const functions = libc as unknown as Record<string, (...args: unknown[]) => number>;
  for (const [name, step] of Object.entries(steps)) {
    using mapping = forWriting(file);
    const call = functions[name];
    let interruptions = 0;
    functions[name] = (...args) => interruptions++ < 3 ? -errno.EINTR : call(...args);
    try {
      step(mapping);
    } finally {
      functions[name] = call;
    }
    assert.ok(interruptions > 3, name);
  }
});

test("a closed mapping is an error of its own, and closing again does nothing", () =>
  withoutLeaks(() => {
    using file = fileOf(page);
    const mapping = forWriting(file);
    assert.equal(mapping.closed, false);
    mapping.close();
    mapping.close();
    assert.equal(mapping.closed, true);
    const uses = [
      () => mapping.bytes,
      () => mapping.length,
      () => mapping.read(new Uint8Array(1)),
      () => mapping.isWhole(),
      () => mapping.flush(),
      () => mapping.advise("normal"),
      () => mapping.lock(),
      () => mapping.unlock(),
      () => mapping.resident(),
      () => mapping.resize(1),
    ];
    for (const use of uses) {
      assert.throws(use, { name: "Error", message: "Cannot use a mapping that was closed" });
    }
  }));

test("a mapping that cannot be closed stays as it is", () => {
  const mapping = map(null, { length: 10 });
  mapping.bytes[0] = 7;
  const { mmap } = libc;
  libc.mmap = () => -errno.ENOMEM as never;
  try {
    assert.throws(() => mapping.close(), { code: "ENOMEM", syscall: "mmap" });
  } finally {
    libc.mmap = mmap;
  }
  assert.equal(mapping.closed, false);
  assert.equal(mapping.bytes[0], 7);
  mapping.close();
});

test("bad input is refused before the kernel is asked", () => {
  using mapping = map(null, { length: 100 });
  const ranged = (range: object) => [
    () => mapping.flush(range),
    () => mapping.advise("normal", range),
    () => mapping.lock(range),
    () => mapping.unlock(range),
    () => mapping.resident(range),
  ];
  for (const bad of [-1, 101, 0.5, NaN, Infinity, 1n, "0", null]) {
    for (const call of [...ranged({ offset: bad }), ...ranged({ length: bad })]) {
      assert.throws(call, /^(Type|Range)Error/, `${call} ${bad}`);
    }
    if (bad !== 101) assert.throws(() => mapping.resize(bad as number), /^(Type|Range)Error/);
  }
  assert.throws(() => mapping.resize(0), RangeError);
  for (const call of ranged({ offset: 50, length: 51 })) assert.throws(call, RangeError);
  for (const call of ranged({ from: 5 })) assert.throws(call, TypeError);
  assert.throws(() => mapping.flush({ async: 1 } as unknown as FlushOptions), TypeError);
  assert.throws(() => mapping.advise("remove" as MemoryAdvice), TypeError);
});

test.run();
