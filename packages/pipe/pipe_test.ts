import assert from "node:assert/strict";
import fc from "fast-check";
import { test } from "uvu";
import { eventfd, read, write } from "@posixly/fd";
import { openDescriptors, runFresh, withoutLeaks } from "@posixly/testing";
import { capacity, pipe, PIPE_BUF, queued, setCapacity } from "@posixly/pipe";
import { libc } from "./libc.ts";

const steps = fc.array(
  fc.oneof(
    fc.record({ write: fc.uint8Array({ minLength: 1, maxLength: 64 }) }),
    fc.record({ read: fc.integer({ min: 0, max: 64 }) }),
  ),
  { maxLength: 40 },
);

test("pipe() is a queue of bytes, however it is written and read", () =>
  withoutLeaks(() => {
    fc.assert(fc.property(steps, (steps) => {
      using ends = pipe();
      const queue: number[] = []; // the model
      for (const step of steps) {
        if ("write" in step) {
          assert.equal(write(ends.writer, step.write), step.write.length);
          queue.push(...step.write);
        } else {
          const buffer = new Uint8Array(step.read).fill(0xa5);
          const n = read(ends.reader, buffer);
          assert.equal(
            n,
            step.read > 0 && queue.length === 0 ? null : Math.min(step.read, queue.length),
          );
          assert.deepEqual([...buffer.subarray(0, n ?? 0)], queue.splice(0, n ?? 0));
          assert.ok(buffer.subarray(n ?? 0).every((byte) => byte === 0xa5)); // untouched
        }
        assert.equal(queued(ends.reader), queue.length);
        assert.equal(queued(ends.writer), queue.length);
      }
    }));
  }));

test("a full pipe takes nothing, an empty one gives nothing, and both are null", () => {
  using ends = pipe();
  const buffer = new Uint8Array(1_000_000);
  assert.equal(read(ends.reader, buffer), null);
  assert.equal(write(ends.writer, buffer), capacity(ends.writer)); // a short write
  assert.equal(write(ends.writer, buffer), null);
  assert.equal(queued(ends.reader), capacity(ends.reader));
  assert.equal(read(ends.reader, buffer), capacity(ends.reader));
  assert.equal(read(ends.reader, buffer), null);
});

test("up to PIPE_BUF bytes go all or not at all", () => {
  using ends = pipe();
  const page = new Uint8Array(PIPE_BUF);
  while (write(ends.writer, page) !== null);
  assert.equal(read(ends.reader, new Uint8Array(PIPE_BUF - 1)), PIPE_BUF - 1);
  assert.equal(write(ends.writer, page), null); // there are PIPE_BUF - 1 bytes of room
  assert.equal(read(ends.reader, new Uint8Array(1)), 1);
  assert.equal(write(ends.writer, page), PIPE_BUF);
});

test("when the writers are gone reading is 0, when the readers are gone writing is EPIPE", () => {
  using ends = pipe();
  write(ends.writer, new Uint8Array(3));
  ends.writer.close();
  const buffer = new Uint8Array(8);
  assert.equal(read(ends.reader, buffer), 3); // what is there is not lost
  assert.equal(read(ends.reader, buffer), 0);
  assert.equal(read(ends.reader, buffer), 0);

  using others = pipe();
  others.reader.close();
  assert.throws(() => write(others.writer, buffer), { code: "EPIPE", fd: others.writer.fd });
});

test("packets stay apart, and what does not fit is lost", () => {
  using ends = pipe({ packet: true });
  for (const length of [3, 5, 1]) write(ends.writer, new Uint8Array(length).fill(length));
  assert.equal(read(ends.reader, new Uint8Array(64)), 3);
  assert.equal(read(ends.reader, new Uint8Array(2)), 2);
  assert.equal(read(ends.reader, new Uint8Array(64)), 1);

  assert.equal(write(ends.writer, new Uint8Array(PIPE_BUF + 1)), PIPE_BUF + 1);
  assert.equal(read(ends.reader, new Uint8Array(2 * PIPE_BUF)), PIPE_BUF);
  assert.equal(read(ends.reader, new Uint8Array(2 * PIPE_BUF)), 1);
});

test("the capacity is what the kernel granted: a power of two of pages", () => {
  fc.assert(fc.property(fc.integer({ min: 1, max: 1 << 20 }), (bytes) => {
    using ends = pipe();
    const granted = setCapacity(ends.reader, bytes);
    assert.equal(granted, Math.max(4096, 2 ** Math.ceil(Math.log2(bytes))));
    assert.equal(capacity(ends.writer), granted);
    assert.equal(write(ends.writer, new Uint8Array(2 << 20)), granted);
  }));
});

test("a pipe is not made smaller than what it holds", () => {
  using ends = pipe({ capacity: 16_384 });
  write(ends.writer, new Uint8Array(16_384));
  assert.throws(() => setCapacity(ends.writer, 4096), { code: "EBUSY", syscall: "fcntl" });
  assert.equal(queued(ends.reader), 16_384);
});

test("both ends are close-on-exec from birth, and non-blocking unless asked not to be", () => {
  const F_GETFD = 1, F_GETFL = 3, FD_CLOEXEC = 1, O_NONBLOCK = 0x800;
  for (const nonBlocking of [true, false]) {
    using ends = pipe({ nonBlocking });
    for (const { fd } of [ends.reader, ends.writer]) {
      assert.equal(libc.fcntl(fd, F_GETFD, 0), FD_CLOEXEC);
      assert.equal((libc.fcntl(fd, F_GETFL, 0) & O_NONBLOCK) !== 0, nonBlocking);
    }
  }
});

test("what is no option and no descriptor is refused before the call, and nothing leaks", () =>
  withoutLeaks(() => {
    for (const nonBlocking of [1, "yes", null]) {
      assert.throws(() => pipe({ nonBlocking: nonBlocking as unknown as boolean }), TypeError);
      assert.throws(() => pipe({ packet: nonBlocking as unknown as boolean }), TypeError);
      assert.throws(() => pipe({ nonblocking: false } as object), TypeError);
    }
    for (const bytes of [0, -1, 2 ** 31, 2 ** 53, Infinity]) {
      assert.throws(() => pipe({ capacity: bytes }), RangeError);
    }
    for (const bytes of [1.5, NaN, "1", null, {}]) {
      assert.throws(() => pipe({ capacity: bytes as number }), TypeError);
    }
    for (const wrong of [-1, 2 ** 31]) {
      assert.throws(() => capacity(wrong), RangeError);
      assert.throws(() => queued(wrong), RangeError);
      assert.throws(() => setCapacity(wrong, 4096), RangeError);
    }
    for (const wrong of ["0", null, undefined, {}, 0.5]) {
      assert.throws(() => capacity(wrong as number), TypeError);
      assert.throws(() => queued(wrong as number), TypeError);
    }
    const ends = pipe();
    ends[Symbol.dispose]();
    assert.throws(() => capacity(ends.reader), {
      message: "Cannot use a descriptor that was closed",
    });
    assert.throws(() => queued(ends.writer), {
      message: "Cannot use a descriptor that was closed",
    });
  }));

test("a capacity that is refused leaves no pipe behind", () =>
  withoutLeaks(() => {
    const { fcntl } = libc;
    libc.fcntl = () => -1;
    try {
      assert.throws(() => pipe({ capacity: 1 << 30 }), { code: "EPERM", syscall: "fcntl" });
    } finally {
      libc.fcntl = fcntl;
    }
  }));

test("what is no pipe has no capacity", () => {
  using counter = eventfd();
  assert.throws(() => capacity(counter), { code: "EBADF", fd: counter.fd });
  assert.throws(() => setCapacity(counter, 4096), { code: "EBADF" });
  assert.throws(() => queued(counter), { code: "ENOTTY" });
});

test("too many open descriptors are an error, and the table stays as it was", async () => {
  const { status, stdout, stderr } = await runFresh(`
    import { pipe } from "@posixly/pipe";
    import { readdirSync } from "node:fs";
    const count = () => readdirSync("/proc/self/fd").length;
    pipe()[Symbol.dispose]();
    const before = count();
    const all = [];
    try {
      for (;;) all.push(pipe());
    } catch (error) {
      for (const ends of all) ends[Symbol.dispose]();
      console.log(error.code, error.syscall, count() - before);
    }
  `);
  assert.deepEqual({ status, stdout, stderr }, {
    status: 0,
    stdout: "EMFILE pipe2 0\n",
    stderr: "",
  });
});

test("disposing of a pipe closes both ends, once", () => {
  const before = openDescriptors();
  const ends = pipe();
  ends[Symbol.dispose]();
  ends[Symbol.dispose]();
  assert.deepEqual(openDescriptors(), before);
});

test.run();
