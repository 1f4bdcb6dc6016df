import assert from "node:assert/strict";
import { getFlags, ioctl, isatty, memfd, open, pty, setFlags, write } from "@posixly/fd";
import { errno } from "@posixly/sys";
import { test } from "uvu";
import { libc } from "./libc.ts";

const FIONBIO = 0x5421;
const FIOCLEX = 0x5451;
const FIONCLEX = 0x5450;
const FIONREAD = 0x541b;
const TIOCGWINSZ = 0x5413;
const TIOCSWINSZ = 0x5414;
const TIOCGPTN = 0x8004_5430; // beyond 2 ** 31: reads, and 4 bytes
const FS_IOC_GETFLAGS = 0x8008_6601;

test("a number goes in", () => {
  using file = memfd("number");
  for (const [request, closeOnExec] of [[FIONCLEX, false], [FIOCLEX, true]] as const) {
    assert.equal(ioctl(file, request), 0);
    assert.equal(getFlags(file).closeOnExec, closeOnExec);
  }
});

test("bytes go in, and come out", () => {
  using ends = pty();
  const size = Uint16Array.of(25, 80, 0, 0);
  assert.equal(ioctl(ends.terminal, TIOCSWINSZ, size), 0);
  const found = new Uint16Array(4);
  assert.equal(ioctl(ends.controller, TIOCGWINSZ, found), 0);
  assert.deepEqual(found, size);

  assert.equal(ioctl(ends.controller, FIONBIO, Int32Array.of(1)), 0);
  assert.equal(getFlags(ends.controller).nonBlocking, true);
});

test("a request beyond 2 ** 31 arrives whole", () => {
  using ends = pty();
  const number = new Uint32Array(1);
  assert.equal(ioctl(ends.controller, TIOCGPTN, number), 0);
  assert.equal(`/dev/pts/${number[0]}`, ends.path);
});

test("only the bytes of the view are filled", () => {
  using file = memfd("view");
  write(file, new Uint8Array(7));
  const around = new Uint8Array(12).fill(0xa5);
  using again = open(`/proc/self/fd/${file.fd}`);
  ioctl(again, FIONREAD, new DataView(around.buffer, 4, 4));
  assert.deepEqual([...around.subarray(0, 5)], [0xa5, 0xa5, 0xa5, 0xa5, 7]);
  assert.deepEqual([...around.subarray(8)], [0xa5, 0xa5, 0xa5, 0xa5]);
});

test("a request that the driver does not know is ENOTTY", () => {
  using file = memfd("none");
  assert.throws(() => ioctl(file, 0xdead_beef & 0x3fff_ffff), {
    code: "ENOTTY",
    syscall: "ioctl",
    fd: file.fd,
  });
});

test("what is no request or argument, or too small, is refused before the call", () => {
  using file = memfd("bad");
  for (const request of [-1, 2 ** 32, 0.5, "5", null, 5n]) {
    assert.throws(() => ioctl(file, request as number), /request must be/);
  }
  for (const argument of [0.5, 2 ** 53, 2n ** 63n, "5", null, true, {}, new ArrayBuffer(8)]) {
    assert.throws(() => ioctl(file, FIOCLEX, argument as number), /argument must be/);
  }
  assert.throws(() => ioctl(file, FS_IOC_GETFLAGS, new Uint8Array(7)), {
    name: "RangeError",
    message: "argument must have the 8 bytes that the request asks for, not 7",
  });
});

test("would-block is null, and an interrupted call is begun again", () => {
  using file = memfd("block");
  const { ioctl$int: call } = libc;
  const results = [-errno.EINTR, -errno.EINTR, -errno.EAGAIN];
  libc.ioctl$int = () => results.shift()!;
  try {
    assert.equal(ioctl(file, FIOCLEX), null);
    assert.deepEqual(results, []);
  } finally {
    libc.ioctl$int = call;
  }
});

test("a terminal is one, also by a duplicate; nothing else is", () => {
  using ends = pty();
  assert.equal(isatty(ends.terminal), true);
  assert.equal(isatty(ends.controller), true);
  using file = memfd("no terminal");
  setFlags(file, { nonBlocking: true });
  assert.equal(isatty(file), false);
  assert.throws(() => isatty(1_000_000), { code: "EBADF", syscall: "isatty" });
});

test("a terminal that hung up is EIO", () => {
  using ends = pty();
  ends.controller.close();
  assert.throws(() => isatty(ends.terminal), { code: "EIO" });
});

test("a device that knows no terminals is none, whatever its driver says", () => {
  for (const path of ["/dev/null", "/dev/urandom", "/dev/zero"]) {
    using device = open(path);
    assert.equal(isatty(device), false, path);
  }
});

test.run();
