import assert from "node:assert/strict";
import process from "node:process";
import { duplicate, fdOf, memfd, OwnedFd, stat } from "@posixly/fd";
import { errno } from "@posixly/sys";
import { gc, openDescriptors, withoutLeaks } from "@posixly/testing";
import fc from "fast-check";
import { test } from "uvu";
import { libc } from "./libc.ts";

const action = fc.constantFrom("close", "dispose", "release", "use");

test("an owner closes its number once, or gives it away, and then has none", () =>
  withoutLeaks(() => {
    fc.assert(fc.property(fc.array(action, { maxLength: 8 }), (actions) => {
      const owner = memfd("owned");
      const number = owner.fd;
      let has = true;
      let released = false;
      for (const action of actions) {
        if (action === "close" || action === "dispose") {
          owner[action === "close" ? "close" : Symbol.dispose]();
          has = false;
        } else if (!has) {
          const using = action === "use" ? () => owner.fd : () => owner.release();
          assert.throws(using, { message: "Cannot use a descriptor that was closed" });
        } else if (action === "use") {
          assert.equal(owner.fd, number);
        } else {
          assert.equal(owner.release(), number);
          has = false;
          released = true;
        }
        assert.equal(owner.closed, !has);
      }
      owner.close();
      const isOpen = openDescriptors().some(({ fd }) => fd === number);
      assert.equal(isOpen, released);
      if (released) new OwnedFd(number).close();
    }));
  }));

test("closing never hits whoever has the number next", () =>
  withoutLeaks(() => {
    const first = memfd("first");
    const { fd } = first;
    first.close();
    using second = memfd("second");
    assert.equal(second.fd, fd);
    first.close();
    first[Symbol.dispose]();
    assert.equal(stat(second).size, 0);
  }));

test("who asked is told before the number is gone, unless he changed his mind", () => {
  for (const leave of ["close", "release"] as const) {
    const owner = memfd("told");
    const told: string[] = [];
    owner.beforeClose(() => told.push(`first of ${owner.fd}`));
    const unask = owner.beforeClose(() => told.push("never"));
    owner.beforeClose(() => told.push("second"));
    unask();
    const { fd } = owner;
    owner[leave]();
    assert.deepEqual(told, [`first of ${fd}`, "second"]);
    owner.close();
    assert.equal(told.length, 2);
    assert.throws(() => owner.beforeClose(() => {}), { message: /was closed/ });
    if (leave === "release") new OwnedFd(fd).close();
  }
});

test("who asks while others are being told is told as well, and nobody twice", () => {
  const owner = memfd("told");
  const told: string[] = [];
  owner.beforeClose(() => {
    told.push("first");
    owner.beforeClose(() => told.push("third"));
    owner.close();
  });
  owner.beforeClose(() => told.push("second"));
  owner.close();
  assert.deepEqual(told, ["first", "second", "third"]);
});

test("an error of close is told, and the owner has nothing all the same", () => {
  const { close } = libc;
  const owner = memfd("error");
  const { fd } = owner;
  libc.close = (fd) => close(fd) || -errno.EIO;
  try {
    assert.throws(() => owner.close(), { code: "EIO", syscall: "close", fd });
    assert.ok(owner.closed);
    owner.close();
  } finally {
    libc.close = close;
  }
});

test("what is forgotten is closed by the garbage collector, with a warning", async () => {
  // The runner counts such a warning as a failure, and here it is wanted.
  const listeners = process.listeners("warning");
  process.removeAllListeners("warning");
  const warnings: string[] = [];
  process.on("warning", ({ message }) => warnings.push(message));
  try {
    const number = forget();
    for (let turn = 0; turn < 20 && warnings.length === 0; turn++) await gc();
    assert.deepEqual(warnings, [
      `Descriptor ${number} was never closed; the garbage collector did it`,
    ]);
    assert.throws(() => stat(number), { code: "EBADF" });
  } finally {
    process.removeAllListeners("warning");
    for (const listener of listeners) process.on("warning", listener);
  }
});

function forget(): number {
  return memfd("forgotten").fd;
}

test("anything with a descriptor will do", () => {
  using file = memfd("as fd");
  assert.equal(fdOf(file), file.fd);
  assert.equal(fdOf({ fd: 5 }), 5);
  assert.equal(fdOf(0), 0);
  assert.throws(() => fdOf(-1, "dir"), { name: "RangeError", message: /^dir must be/ });
  using again = duplicate({ fd: file.fd });
  assert.equal(stat(again).inode, stat(file).inode);
});

test("an owner of nothing cannot be made", () => {
  for (const bad of [-1, 0.5, NaN, "3", null, undefined, 2 ** 31]) {
    assert.throws(() => new OwnedFd(bad as number), /fd must be/);
  }
});

test("who is told may close, and the number is closed once all the same", () => {
  const owner = memfd("closed by who was told");
  owner.beforeClose(() => owner.close());
  owner.close();
  assert.ok(owner.closed);

  const given = memfd("closed while released");
  given.beforeClose(() => given.close());
  assert.throws(() => given.release(), { message: /it was closed meanwhile$/ });
  assert.ok(given.closed);
});

test("who cannot be told is refused", () => {
  using owner = memfd("refuses");
  for (const bad of [null, undefined, "call", {}]) {
    assert.throws(() => owner.beforeClose(bad as never), { message: /^callback must be/ });
  }
});

test.run();
