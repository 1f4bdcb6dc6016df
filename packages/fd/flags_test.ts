import assert from "node:assert/strict";
import { duplicate, getFlags, memfd, open, setFlags, type SettableFlags } from "@posixly/fd";
import fc from "fast-check";
import { test } from "uvu";

const changes: fc.Arbitrary<SettableFlags> = fc.record({
  append: fc.boolean(),
  closeOnExec: fc.boolean(),
  noAtime: fc.boolean(),
  nonBlocking: fc.boolean(),
}, { requiredKeys: [] });

test("what is set is set, and what is not named stays", () => {
  fc.assert(fc.property(fc.array(changes, { maxLength: 8 }), (steps) => {
    using file = memfd("flags");
    const expected = { ...getFlags(file) };
    for (const step of steps) {
      setFlags(file, step);
      Object.assign(expected, step);
      assert.deepEqual(getFlags(file), expected);
    }
  }));
});

test("a duplicate shares all flags but closeOnExec", () => {
  fc.assert(fc.property(changes, (change) => {
    using file = memfd("flags");
    using again = duplicate(file);
    setFlags(file, change);
    assert.deepEqual(getFlags(again), { ...getFlags(file), closeOnExec: true });
  }));
});

test("undefined changes nothing, and neither does what the kernel refuses", () => {
  using file = memfd("flags");
  const before = getFlags(file);
  setFlags(file, { append: undefined, closeOnExec: undefined });
  assert.deepEqual(getFlags(file), before);
  assert.throws(() => setFlags(file, { closeOnExec: false, append: 1 as never }), TypeError);
  assert.deepEqual(getFlags(file), before);
});

test("sync is more than dataSync", () => {
  using data = open("/dev/shm", { temporary: true, write: true, dataSync: true });
  using all = open("/dev/shm", { temporary: true, write: true, sync: true });
  assert.deepEqual([getFlags(data).dataSync, getFlags(data).sync], [true, false]);
  assert.deepEqual([getFlags(all).dataSync, getFlags(all).sync], [true, true]);
});

test("direct can be turned on where the file system has it", () => {
  using file = open("/dev/shm", { temporary: true, write: true });
  try {
    setFlags(file, { direct: true });
    assert.equal(getFlags(file).direct, true);
  } catch (error) {
    assert.equal((error as { code: string }).code, "EINVAL");
  }
});

test.run();
