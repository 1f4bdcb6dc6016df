import assert from "node:assert/strict";
import fc from "fast-check";
import { test } from "uvu";
import { errno, errnoMessage, errnoName, ok, SyscallError } from "@posixly/sys";

test("a good result passes, a bad one is an error with its name", () => {
  fc.assert(fc.property(fc.nat(), (n) => assert.equal(ok(n, "read"), n)));
  for (const [name, number] of Object.entries(errno)) {
    if (name === "EWOULDBLOCK" || name === "EDEADLOCK" || name === "ENOTSUP") continue;
    assert.throws(() => ok(-number, "read", { fd: 3 }), {
      name: "SyscallError",
      code: name,
      errno: number,
      syscall: "read",
      fd: 3,
    });
    assert.equal(errnoName(number), name);
    assert.notEqual(errnoMessage(number), "unknown error");
  }
});

test("bigint results are results as well", () => {
  assert.equal(ok(2n ** 60n, "lseek"), 2n ** 60n);
  assert.throws(() => ok(-22n, "lseek"), { code: "EINVAL", errno: 22 });
});

test("an error that means a right is missing says which", () => {
  const context = { fd: 3, capability: "CAP_NET_ADMIN" };
  for (const number of [errno.EPERM, errno.EACCES]) {
    const error = new SyscallError(number, "setsockopt", context);
    assert.equal(error.capability, "CAP_NET_ADMIN");
    assert.match(error.message, /\); it takes CAP_NET_ADMIN$/);
  }
  const other = new SyscallError(errno.EINVAL, "setsockopt", context);
  assert.ok(!("capability" in other) && !other.message.includes("CAP_NET_ADMIN"));
});

test("the message says what was tried on what", () => {
  const message = (context: object) => new SyscallError(errno.ENOENT, "openat", context).message;
  assert.equal(message({}), "Cannot openat: no such file or directory (ENOENT)");
  assert.equal(
    message({ path: "/x\ny" }),
    'Cannot openat "/x\\ny": no such file or directory (ENOENT)',
  );
  assert.equal(
    message({ fd: 0 }),
    "Cannot openat descriptor 0: no such file or directory (ENOENT)",
  );
  assert.equal(
    message({ address: "[::1]:80" }),
    "Cannot openat [::1]:80: no such file or directory (ENOENT)",
  );
});

test("what an error was not about is not there", () => {
  const error = new SyscallError(errno.EBADF, "close");
  assert.equal("fd" in error, false);
  assert.equal("path" in error, false);
});

test("a number that has no name yet keeps its number", () => {
  assert.equal(new SyscallError(4000, "future").code, "E4000");
});

test.run();
