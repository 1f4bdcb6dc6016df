import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { setImmediate } from "node:timers";
import fc from "fast-check";
import {
  memfd,
  open,
  type OwnedFd,
  position,
  pread,
  punchHole,
  pwrite,
  seek,
  stat,
  truncate,
} from "@posixly/fd";
import { errno } from "@posixly/sys";
import { pipe } from "@posixly/pipe";
import { testWhere, turns, withoutLeaks } from "@posixly/testing";
import { copyFile, type CopyWay } from "@posixly/zerocopy";
import { test } from "uvu";
import { onDisk } from "./disk_fixture.ts";
import { fileSystemOf } from "./file_system.ts";
import { EXT4_SUPER_MAGIC, libc, SYS_cachestat } from "./libc.ts";

const ways: CopyWay[] = ["copy_file_range", "sendfile", "readwrite"];

/** All bytes of a file of moderate size. */
function contents(file: ReturnType<typeof memfd>): Uint8Array {
  const bytes = new Uint8Array(Number(stat(file).size));
  for (let at = 0; at < bytes.length;) at += pread(file, bytes.subarray(at), at)!;
  return bytes;
}

/** Replaces functions of the kernel for as long as something runs. */
async function withFaults<T>(faults: Partial<typeof libc>, run: () => Promise<T>): Promise<T> {
  const calls = { ...libc };
  Object.assign(libc, faults);
  try {
    return await run();
  } finally {
    Object.assign(libc, calls);
  }
}

const pieces = fc.array(
  fc.record({ at: fc.nat(3_000_000), bytes: fc.uint8Array({ minLength: 1, maxLength: 5000 }) }),
  { maxLength: 6 },
);

test("the copy has the same bytes and the same holes, whichever way and whatever was there", () =>
  withoutLeaks(() =>
    fc.assert(
      fc.asyncProperty(
        pieces,
        fc.nat(4_000_000),
        fc.constantFrom(...ways, undefined),
        fc.boolean(),
        async (pieces, size, via, isOnDisk) => {
          using from = isOnDisk ? onDisk() : memfd("from");
          using to = isOnDisk ? onDisk() : memfd("to");
          pwrite(to, new Uint8Array(1000).fill(0xa5), 5_000_000); // what was there
          for (const { at, bytes } of pieces) pwrite(from, bytes, at);
          truncate(from, size);
          seek(to, 7);
          // Not even for a while: others may go by it between two pieces.
          const onProgress = () => assert.deepEqual([position(from), position(to)], [0, 7]);
          const { bytes, path } = await copyFile(from, to, { via, onProgress });
          assert.equal(bytes, size);
          assert.ok(via === undefined || path === via);
          assert.ok(Buffer.from(contents(to)).equals(contents(from)));
          onProgress();
          assert.ok(Number(stat(to).blocks) <= 6 * 32 + 64, "holes stay holes");
        },
      ),
      { numRuns: 40 },
    )
  ));

test("a sparse file of 5 GiB is copied with what lies beyond 2 ** 32", async () => {
  for (const via of ways) {
    using from = onDisk();
    using to = onDisk();
    truncate(from, 5 * 2 ** 30);
    const bytes = Uint8Array.from({ length: 100_000 }, (_, i) => i % 251);
    pwrite(from, bytes, 2 ** 32 + 54_321);
    assert.equal((await copyFile(from, to, { via })).bytes, 5 * 2 ** 30);
    const copy = new Uint8Array(100_000);
    pread(to, copy, 2 ** 32 + 54_321);
    assert.deepEqual(copy, bytes);
    assert.ok(Number(stat(to).blocks) < 1000);
  }
});

test("a file with data beyond 2 ** 53 is copied exactly", async () => {
  using from = memfd("from");
  using to = memfd("to");
  const far = 2n ** 60n + 1n;
  pwrite(from, new Uint8Array([1, 2, 3]), far);
  await copyFile(from, to);
  const copy = new Uint8Array(3);
  assert.equal(pread(to, copy, far), 3);
  assert.deepEqual(copy, new Uint8Array([1, 2, 3]));
  assert.equal(BigInt(stat(to).size), far + 3n);
});

test("each refusal leads one step down, and says so", async () => {
  const refuse = () => -errno.EXDEV;
  const nothing = () => 0;
  const reflink = { ioctl$int: () => 0 };
  using from = memfd("from");
  using to = memfd("to");
  pwrite(from, new Uint8Array(100_000).fill(7), 0);
  const path = async () => (await copyFile(from, to)).path;
  assert.equal(await withFaults(reflink, path), "reflink");
  assert.equal(await path(), "copy_file_range");
  for (const copy_file_range of [refuse, nothing]) {
    assert.equal(await withFaults({ copy_file_range }, path), "sendfile");
    assert.equal(await withFaults({ copy_file_range, sendfile: refuse }, path), "readwrite");
    assert.ok(contents(to).every((byte) => byte === 7));
    assert.equal(contents(to).length, 100_000);
  }
});

test("what is asked for alone and refused is an error, and so is what fails", async () => {
  using from = memfd("from");
  using to = memfd("to");
  pwrite(from, new Uint8Array(100), 0);
  await assert.rejects(copyFile(from, to, { via: "reflink" }), { syscall: "ioctl" });
  for (const name of ["copy_file_range", "sendfile"] as const) {
    await withFaults(
      { [name]: () => -errno.EXDEV },
      () => assert.rejects(copyFile(from, to, { via: name }), { code: "EXDEV", syscall: name }),
    );
    let calls = 0;
    await withFaults(
      { [name]: () => (calls++, -errno.EIO) },
      () => assert.rejects(copyFile(from, to, { via: name }), { code: "EIO" }),
    );
    assert.equal(calls, 1);
  }
  await withFaults(
    { copy_file_range: () => -errno.ENOSPC },
    () => assert.rejects(copyFile(from, to), { code: "ENOSPC" }),
  );
});

test("interruptions and short counts do not lose a byte", async () => {
  for (const name of ["copy_file_range", "sendfile"] as const) {
    using from = memfd("from");
    using to = memfd("to");
    pwrite(from, Uint8Array.from({ length: 500_000 }, (_, i) => i % 251), 0);
    let calls = 0;
    const call = libc[name] as (...args: unknown[]) => number;
    const limited = (...args: unknown[]) => {
      if (++calls % 3 === 0) return -errno.EINTR;
      const count = name === "sendfile" ? 3 : 4;
      args[count] = Math.min(args[count] as number, 50_000);
      return call(...args);
    };
    await withFaults({ [name]: limited }, () => copyFile(from, to, { via: name }));
    assert.ok(Buffer.from(contents(to)).equals(contents(from)));
    assert.ok(calls > 10);
  }
});

test("what says that it is of 0 bytes, or of more than it has, is copied to its end", async () => {
  for (const path of ["/proc/self/status", "/sys/kernel/mm/transparent_hugepage/enabled"]) {
    using from = open(path);
    using to = memfd("to");
    const { bytes, path: way } = await copyFile(from, to);
    assert.ok(bytes > 10 && bytes < 4096, path);
    assert.equal(stat(to).size, bytes);
    assert.equal(way, "readwrite");
  }
  using empty = memfd("empty");
  using to = memfd("to");
  assert.equal((await copyFile(empty, to)).bytes, 0);
});

test("what never said how long it is keeps nobody from giving up", async () => {
  using from = open("/proc/self/pagemap"); // of 256 GiB
  using to = memfd("to");
  const giveUp = new AbortController();
  setImmediate(() => giveUp.abort(new Error("enough")));
  const onProgress = (bytes: number) => {
    if (bytes > 2 ** 24) giveUp.abort(new Error("too late"));
  };
  await assert.rejects(copyFile(from, to, { signal: giveUp.signal, onProgress }), /enough/);
});

/** What is copied before others have their turn. */
const PIECE = 2 ** 22;

test("a file that shrinks meanwhile is an error that says how far it came", async () => {
  using from = memfd("from");
  using to = memfd("to");
  pwrite(from, new Uint8Array(2 * PIECE), 0);
  const onProgress = (bytes: number) => {
    if (bytes === PIECE) truncate(from, PIECE);
  };
  await assert.rejects(copyFile(from, to, { onProgress }), {
    name: "FileTruncatedError",
    expected: 2 * PIECE,
    sent: PIECE,
  });
});

test("a file that shrinks before its blocks are shared is not filled up", async () => {
  using from = memfd("from");
  using to = memfd("to");
  pwrite(from, new Uint8Array(5000), 0);
  const ioctl$int = () => {
    truncate(from, 10);
    return 0; // a file system that can
  };
  await withFaults(
    { ioctl$int },
    () =>
      assert.rejects(copyFile(from, to), { name: "FileTruncatedError", expected: 5000, sent: 10 }),
  );
  assert.equal(stat(to).size, 0);
});

test("a file that shrinks within a hole, or loses what lay behind it, is that error too", async () => {
  const MiB = 2 ** 20;
  for (const via of ways) {
    for (const [last, left] of [[10, 5], [10, 1], [null, 5], [null, 1]] as const) {
      for (const fileOf of [onDisk, () => memfd("file")]) {
        using from = fileOf();
        using to = fileOf();
        pwrite(from, new Uint8Array(MiB).fill(1), 0);
        truncate(from, 11 * MiB);
        if (last !== null) pwrite(from, new Uint8Array(MiB).fill(2), last * MiB);
        const onProgress = () => truncate(from, left * MiB);
        await assert.rejects(copyFile(from, to, { via, onProgress }), {
          name: "FileTruncatedError",
          expected: 11 * MiB,
          sent: MiB,
        });
        assert.equal(stat(to).size, MiB); // nothing was made up
      }
    }
  }
});

test("progress is told up to the end, holes included, even of nothing but a hole", async () => {
  const size = 3 * 2 ** 20;
  for (const via of ways) {
    for (const data of [0, 10]) {
      using from = memfd("from");
      using to = memfd("to");
      pwrite(from, new Uint8Array(data), 0);
      truncate(from, size);
      const told: number[] = [];
      await copyFile(from, to, { via, onProgress: (bytes) => told.push(bytes) });
      assert.equal(told.at(-1), size);
      assert.equal(new Set(told).size, told.length);
      assert.equal(stat(to).size, size);
    }
  }
});

test("a copy that is given up, or shorter than was said, keeps no room that it does not use", async () => {
  const blocksOf = (file: OwnedFd) => Number(stat(file).blocks);
  using from = onDisk();
  pwrite(from, new Uint8Array(2 * PIECE).fill(1), 0);
  for (const cut of [PIECE + 5000, PIECE, 5000]) {
    using to = onDisk();
    const call = libc.copy_file_range;
    const copy_file_range = (...args: Parameters<typeof call>) => {
      args[4] = 100_000; // of what there is room for
      return call(...args);
    };
    const giveUp = new AbortController();
    const onProgress = (bytes: number) => {
      if (bytes >= cut) giveUp.abort(new Error("enough"));
    };
    await withFaults(
      { copy_file_range },
      () => assert.rejects(copyFile(from, to, { signal: giveUp.signal, onProgress }), /enough/),
    );
    assert.ok(blocksOf(to) * 512 < cut + 200_000, `${blocksOf(to)} blocks`);
  }
  using status = open("/proc/self/status");
  using to = onDisk();
  const { bytes } = await copyFile(status, to);
  assert.ok(blocksOf(to) * 512 < bytes + 8192, `${blocksOf(to)} blocks`);
});

/** How many pages of a file wait to be stored, cachestat(2); `undefined` if the kernel cannot say. */
function pagesToStore(fd: number): number | undefined {
  const all = new Int32Array(new BigInt64Array([0n, 2n ** 32n]).buffer);
  const counts = new BigUint64Array(5);
  const n = libc.syscall$cachestat(SYS_cachestat, fd, all, new Uint32Array(counts.buffer), 0);
  return n === 0 ? Number(counts[1]) : undefined;
}

function isExt4ThatTells(): boolean {
  using file = onDisk();
  return fileSystemOf(file.fd).type === EXT4_SUPER_MAGIC && pagesToStore(file.fd) !== undefined;
}

testWhere(
  isExt4ThatTells(),
  "ext4 and cachestat",
  "a copy over what was there is stored by ext4 when it is closed, and so not lost in a crash",
  async () => {
    using from = onDisk();
    const folder = mkdtempSync("/var/tmp/posixly-");
    try {
      for (const size of [3 * PIECE, 2 * PIECE + 1, PIECE, 800_000, 10]) {
        truncate(from, size);
        for (let at = 0; at < size; at += PIECE) pwrite(from, new Uint8Array(size - at), at);
        writeFileSync(`${folder}/to`, "what was there");
        const to = open(`${folder}/to`, { write: true, truncate: true });
        await copyFile(from, to);
        assert.ok(pagesToStore(to.fd)! > 0);
        to.close();
        using again = open(`${folder}/to`, { write: true });
        assert.equal(pagesToStore(again.fd), 0, `of ${size} bytes`);
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
);

test("a file that is closed meanwhile is an error that says so", async () => {
  for (const fileOf of [onDisk, () => memfd("file")]) {
    for (const which of ["from", "to"] as const) {
      using from = fileOf();
      using to = fileOf();
      pwrite(from, new Uint8Array(3 * PIECE), 0);
      const onProgress = () => ({ from, to })[which].close();
      await assert.rejects(copyFile(from, to, { onProgress }), { message: /closed/ });
    }
  }
});

test("others have their turns, and it can be given up between two pieces", async () => {
  using from = memfd("from");
  using to = memfd("to");
  pwrite(from, new Uint8Array(8 * PIECE), 0);
  let around = 0;
  let isOver = false;
  (async () => {
    for (; !isOver; around++) await turns(1);
  })();
  await copyFile(from, to);
  isOver = true;
  assert.ok(around >= 7, `${around} times`);

  const giveUp = new AbortController();
  const onProgress = () => giveUp.abort(new Error("enough"));
  await assert.rejects(copyFile(from, to, { signal: giveUp.signal, onProgress }), /enough/);
  assert.equal(stat(to).size, PIECE);
});

test("the same file, by whatever descriptor, is refused and keeps its bytes", async () => {
  using file = memfd("file");
  pwrite(file, new Uint8Array(10), 0);
  using again = open(`/proc/self/fd/${file.fd}`, { write: true, read: true });
  await assert.rejects(copyFile(file, file), /the same file/);
  await assert.rejects(copyFile(file, again), /the same file/);
  assert.equal(stat(file).size, 10);
});

test("what may not be read or written is an error, and nothing is lost", async () => {
  using from = memfd("from");
  using to = memfd("to");
  pwrite(from, new Uint8Array(9), 0);
  pwrite(to, new Uint8Array(10), 0);
  using writeOnly = open(`/proc/self/fd/${from.fd}`, { write: true });
  using readOnly = open(`/proc/self/fd/${to.fd}`);
  await assert.rejects(copyFile(writeOnly, to), { code: "EBADF" });
  await assert.rejects(copyFile(from, readOnly), { code: "EBADF" });
  assert.equal(stat(to).size, 10);
});

test("arguments are checked, and nothing is lost then", async () => {
  using from = memfd("from");
  using to = memfd("to");
  pwrite(to, new Uint8Array(10), 0);
  using ends = pipe();
  using log = open("/tmp", { append: true, temporary: true });
  await assert.rejects(copyFile(from, ends.writer), /to must be a regular file, not a pipe/);
  await assert.rejects(copyFile(ends.reader, to), /from must be a regular file, not a pipe/);
  await assert.rejects(copyFile(from, log), /appending/);
  await assert.rejects(copyFile(from, to, { via: "cp" as never }), /via must be one of/);
  await assert.rejects(copyFile(from, to, { offset: 1 } as never), /no option offset/);
  await assert.rejects(copyFile(from, to, { onProgress: 1 as never }), TypeError);
  await assert.rejects(copyFile(from, to, { signal: AbortSignal.abort() }), { name: "AbortError" });
  punchHole(to, 0, 1);
  assert.equal(stat(to).size, 10);
});

test.run();
