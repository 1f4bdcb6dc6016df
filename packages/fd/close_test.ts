import assert from "node:assert/strict";
import { close, closeRange, duplicate, getFlags, memfd, OwnedFd, setFlags } from "@posixly/fd";
import { errno } from "@posixly/sys";
import { withoutLeaks } from "@posixly/testing";
import { test } from "uvu";
import { libc } from "./libc.ts";

const isOpen = (fd: number) => {
  try {
    getFlags(fd);
    return true;
  } catch {
    return false;
  }
};

test("an owner closes itself, and only once; a number is closed each time", () =>
  withoutLeaks(() => {
    const file = memfd("close");
    const { fd } = file;
    close(file);
    assert.ok(file.closed && !isOpen(fd));
    using stranger = memfd("stranger"); // gets the number
    assert.equal(stranger.fd, fd);
    close(file);
    assert.ok(isOpen(fd));

    const number = memfd("number").release();
    close(number);
    assert.throws(() => close(number), { code: "EBADF", syscall: "close", fd: number });
  }));

test("an interrupted close has closed: it is neither tried again nor an error", () => {
  const { close: call } = libc;
  const number = memfd("interrupted").release();
  let calls = 0;
  libc.close = (fd) => {
    calls++;
    call(fd);
    return -errno.EINTR;
  };
  try {
    close(number);
    assert.equal(calls, 1);
    assert.ok(!isOpen(number));
  } finally {
    libc.close = call;
  }
});

/** Numbers that nobody uses, far away from those of the runtime. */
function someFds(): number[] {
  using file = memfd("range");
  return [900, 901, 903].map((atLeast) => duplicate(file, { atLeast }).release());
}

test("a range is closed, with the gaps in it, and no number beyond", () =>
  withoutLeaks(() => {
    const [first, second, last] = someFds();
    closeRange(first, last - 1);
    assert.deepEqual([first, second, last].map(isOpen), [false, false, true]);
    closeRange(last, last);
    assert.ok(!isOpen(last));
    closeRange(first, last); // there is nothing left, which is no error
  }));

test("a range can be made close-on-exec", () =>
  withoutLeaks(() => {
    const owned = someFds().map((fd) => new OwnedFd(fd));
    for (const fd of owned) setFlags(fd, { closeOnExec: false });
    closeRange(owned[1].fd, undefined, { closeOnExec: true });
    assert.deepEqual(owned.map((fd) => getFlags(fd).closeOnExec), [false, true, true]);
    owned.forEach(close);
  }));

test("a range that is none is refused before anything is closed", () => {
  for (
    const [first, last] of [[-1, 5], [5, 4], [0.5, 5], [5, 2 ** 32], [NaN, 1], ["5", 6], [
      900,
      null,
    ]]
  ) {
    assert.throws(() => closeRange(first as number, last as number), /(first|last) must be/);
  }
  const { syscall$close_range: call } = libc;
  libc.syscall$close_range = () => -errno.ENOSYS;
  try {
    assert.throws(() => closeRange(900, 900), { code: "ENOSYS", message: /Linux 5\.9/ });
  } finally {
    libc.syscall$close_range = call;
  }
});

test.run();
