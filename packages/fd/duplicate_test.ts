import assert from "node:assert/strict";
import {
  duplicate,
  duplicateTo,
  getFlags,
  limit,
  memfd,
  OwnedFd,
  position,
  setFlags,
  stat,
  table,
  write,
} from "@posixly/fd";
import { withoutLeaks } from "@posixly/testing";
import fc from "fast-check";
import { test } from "uvu";

test("a duplicate is close-on-exec, whatever the original is, and shares its position", () =>
  withoutLeaks(() => {
    using file = memfd("original");
    setFlags(file, { closeOnExec: false });
    using again = duplicate(file);
    assert.notEqual(again.fd, file.fd);
    assert.equal(getFlags(again).closeOnExec, true);
    write(again, new Uint8Array(5));
    assert.equal(position(file), 5);
    file.close();
    assert.equal(stat(again).size, 5);
  }));

test("a duplicate gets the lowest number that is free and large enough", () =>
  withoutLeaks(() => {
    using file = memfd("original");
    fc.assert(
      fc.property(fc.nat(999), (atLeast) => {
        const taken = new Set(table().map(({ fd }) => fd));
        using again = duplicate(file, { atLeast });
        let lowest = atLeast;
        while (taken.has(lowest)) lowest++;
        assert.equal(again.fd, lowest);
      }),
      { numRuns: 30 },
    );
  }));

test("a number beyond the limit is refused by the kernel, one that is none before", () => {
  using file = memfd("original");
  const { soft } = limit("openFiles");
  if (soft !== "unlimited") {
    assert.throws(() => duplicate(file, { atLeast: Number(soft) }), { code: "EINVAL" });
    assert.throws(() => duplicateTo(file, Number(soft)), { code: "EBADF" });
  }
  for (const bad of [-1, 0.5, 2 ** 31, 2 ** 32 + 5, "3", null]) {
    assert.throws(() => duplicate(file, { atLeast: bad as number }), /atLeast must be/);
    assert.throws(() => duplicateTo(file, bad as number), /target must be/);
  }
});

test("a number can be made to stand for something else, and its owner keeps it", () =>
  withoutLeaks(() => {
    using from = memfd("from");
    using to = memfd("to");
    write(from, new Uint8Array(7));
    setFlags(to, { closeOnExec: false });
    duplicateTo(from, to);
    assert.equal(stat(to).inode, stat(from).inode);
    assert.equal(getFlags(to).closeOnExec, true);
    duplicateTo(from, to, { inherit: true });
    assert.equal(getFlags(to).closeOnExec, false);
    assert.equal(position(to), 7);

    const free = duplicate(from, { atLeast: 700 }).release();
    new OwnedFd(free).close();
    duplicateTo(from, free);
    using owned = new OwnedFd(free);
    assert.equal(position(owned), 7);
  }));

test("who waits for what a number stood for is told before it is replaced, and only then", () => {
  using from = memfd("new");
  using to = memfd("old");
  const told: unknown[] = [];
  to.beforeClose(() => told.push(stat(to).inode));
  const { inode } = stat(to);
  duplicateTo(to, to);
  assert.deepEqual(told, []);
  duplicateTo(from, to);
  assert.deepEqual(told, [inode]);
  to.close();
  assert.equal(told.length, 1);
});

test("made to stand for itself, only inherit changes", () =>
  withoutLeaks(() => {
    using file = memfd("same");
    duplicateTo(file, file, { inherit: true });
    assert.equal(getFlags(file).closeOnExec, false);
    duplicateTo(file, file.fd);
    assert.equal(getFlags(file).closeOnExec, true);
    assert.throws(() => duplicateTo(1_000_000, 1_000_000), { code: "EBADF" });
  }));

test.run();
