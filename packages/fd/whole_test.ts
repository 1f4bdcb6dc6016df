import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import {
  advise,
  memfd,
  open,
  OwnedFd,
  pread,
  pwrite,
  read,
  readAll,
  readExactly,
  readv,
  seek,
  write,
  writeAll,
  writev,
  writevAll,
} from "@posixly/fd";
import { bind, errno, ok } from "@posixly/sys";
import { withoutLeaks } from "@posixly/testing";
import fc from "fast-check";
import { test } from "uvu";
import { libc } from "./libc.ts";

const { pipe2 } = bind({ pipe2: ["i32", "buffer", "i32"] });
const O_NONBLOCK_CLOEXEC = 0x80800;

/** A pipe that never waits; packages above this one make them in style. */
function pipe(): { reader: OwnedFd; writer: OwnedFd } & Disposable {
  const fds = new Int32Array(2);
  ok(pipe2(fds, O_NONBLOCK_CLOEXEC), "pipe2");
  const [reader, writer] = [...fds].map((fd) => new OwnedFd(fd));
  return {
    reader,
    writer,
    [Symbol.dispose]() {
      reader.close();
      writer.close();
    },
  };
}

/** Lets each call move only a few bytes, and be interrupted now and then. */
function inSmallPieces<T>(pieces: readonly number[], run: () => T): T {
  const { read, write, writev } = libc;
  let turn = 0;
  const interrupted = () => pieces[turn++ % pieces.length];
  libc.read = (fd, into, length) => {
    const most = interrupted();
    return most === 0 ? -errno.EINTR : read(fd, into, Math.min(length, most));
  };
  libc.write = (fd, bytes, length) => {
    const most = interrupted();
    return most === 0 ? -errno.EINTR : write(fd, bytes, Math.min(length, most));
  };
  libc.writev = (fd, vectors, count) => {
    const most = interrupted();
    return most === 0 ? -errno.EINTR : writev(fd, vectors, Math.min(count, most));
  };
  try {
    return run();
  } finally {
    Object.assign(libc, { read, write, writev });
  }
}

const pieces = fc.array(fc.nat(5), { minLength: 1, maxLength: 6 })
  .filter((pieces) => pieces.some((piece) => piece > 0));

test("what is written whole is read whole, however small the pieces", () =>
  withoutLeaks(() => {
    const content = fc.uint8Array({ maxLength: 200 });
    const hint = fc.option(fc.nat(300), { nil: undefined });
    fc.assert(fc.property(content, hint, pieces, (bytes, sizeHint, pieces) => {
      using file = memfd("whole");
      inSmallPieces(pieces, () => {
        assert.equal(writeAll(file, bytes), bytes.length);
        seek(file, 0);
        const into = new Uint8Array(bytes.length);
        assert.equal(readExactly(file, into), bytes.length);
        assert.deepEqual(into, bytes);
        seek(file, 0);
        assert.deepEqual(readAll(file, { sizeHint, limit: bytes.length }), bytes);
        assert.equal(readAll(file).length, 0);
      });
    }));
  }));

test("many buffers are written whole, wherever a call stops", () =>
  withoutLeaks(() => {
    const buffers = fc.array(fc.uint8Array({ maxLength: 9 }), { maxLength: 20 });
    fc.assert(fc.property(buffers, pieces, (buffers, pieces) => {
      using file = memfd("whole");
      const all = buffers.flatMap((bytes) => [...bytes]);
      assert.equal(inSmallPieces(pieces, () => writevAll(file, buffers)), all.length);
      seek(file, 0);
      assert.deepEqual([...readAll(file)], all);
    }));
  }));

test("a full pipe takes a part, and then nothing", () => {
  using ends = pipe();
  const megabyte = new Uint8Array(2 ** 20);
  assert.equal(writeAll(ends.writer, megabyte), 65_536);
  assert.equal(writeAll(ends.writer, megabyte), 0);
  assert.equal(write(ends.writer, megabyte), null);
  assert.equal(writev(ends.writer, [megabyte]), null);
  assert.equal(writevAll(ends.writer, [megabyte]), 0);
  assert.equal(read(ends.reader, new Uint8Array(4096)), 4096);
  const small = Array.from({ length: 5000 }, () => new Uint8Array(1));
  assert.equal(writevAll(ends.writer, small), 4096);
});

test("what is not there yet is null; what would be lost is an error", () => {
  using ends = pipe();
  const record = new Uint8Array(4);
  assert.equal(read(ends.reader, record), null);
  assert.equal(readv(ends.reader, [record]), null);
  assert.equal(readExactly(ends.reader, record), null);
  write(ends.writer, Uint8Array.of(1, 2));
  assert.throws(() => readExactly(ends.reader, record), { code: "EAGAIN", fd: ends.reader.fd });
  assert.throws(() => readAll(ends.reader), { code: "EAGAIN", syscall: "read" });
  write(ends.writer, Uint8Array.of(1, 2, 3));
  ends.writer.close();
  assert.deepEqual([...readAll(ends.reader)], [1, 2, 3]);
  assert.equal(readExactly(ends.reader, record), 0);
});

test("nobody left to read is EPIPE, and the process lives on", () => {
  using ends = pipe();
  ends.reader.close();
  for (const call of [write, writeAll]) {
    assert.throws(() => call(ends.writer, new Uint8Array(1)), { code: "EPIPE" });
  }
  assert.throws(() => writevAll(ends.writer, [new Uint8Array(1)]), {
    code: "EPIPE",
    syscall: "writev",
  });
});

test("a pipe has no places", () => {
  using ends = pipe();
  assert.throws(() => pread(ends.reader, new Uint8Array(1), 0), {
    code: "ESPIPE",
    syscall: "pread",
  });
  assert.throws(() => pwrite(ends.writer, new Uint8Array(1), 0), { code: "ESPIPE" });
  assert.throws(() => seek(ends.reader, 0), { code: "ESPIPE" });
  assert.throws(() => advise(ends.reader, "willNeed"), { code: "ESPIPE" });
});

test("a record that is cut off is an error that says where", () => {
  using file = memfd("record");
  write(file, new Uint8Array(5));
  seek(file, 0);
  const record = new Uint8Array(3);
  assert.equal(readExactly(file, record), 3);
  assert.throws(() => readExactly(file, record), { message: /ends after 2 of 3 bytes/ });
  assert.equal(readExactly(file, record), 0);
  assert.equal(readExactly(file, new Uint8Array(0)), 0);
});

test("more than the limit is an error, which reads one byte too many at most", () => {
  using file = memfd("limit");
  write(file, new Uint8Array(100_000));
  seek(file, 0);
  assert.throws(() => readAll(file, { limit: 99_999 }), { message: /more than 99999 bytes/ });
  seek(file, 0);
  assert.throws(() => readAll(file, { limit: 10 }), Error);
  assert.equal(seek(file, 0, "current"), 11);
  seek(file, 0);
  assert.equal(readAll(file, { limit: 100_000 }).length, 100_000);
  assert.equal(readAll(file, { limit: 0 }).length, 0);
  seek(file, 0);
  assert.equal(readAll(file, { limit: Infinity }).length, 100_000);
  for (const bad of [-1, 0.5, NaN, "5", 2 ** 53]) {
    assert.throws(() => readAll(file, { limit: bad as number }), /limit must be/);
    assert.throws(() => readAll(file, { sizeHint: bad as number }), /sizeHint must be/);
  }
});

test("large files and files without a size are read whole", () => {
  using file = memfd("large");
  const bytes = new Uint8Array(3_000_001).map((_, i) => i * 7);
  writeAll(file, bytes);
  for (const sizeHint of [undefined, 0, bytes.length, bytes.length + 1, bytes.length - 1]) {
    seek(file, 0);
    assert.ok(Buffer.from(readAll(file, { sizeHint }).buffer).equals(Buffer.from(bytes.buffer)));
  }
  using status = open("/proc/self/status");
  assert.match(new TextDecoder().decode(readAll(status)), /^Name:[^]*\n$/);
});

test.run();
