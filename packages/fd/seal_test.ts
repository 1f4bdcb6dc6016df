import assert from "node:assert/strict";
import { addSeals, memfd, pread, type Seals, seals, truncate, write } from "@posixly/fd";
import { withoutLeaks } from "@posixly/testing";
import fc from "fast-check";
import { test } from "uvu";

const some = fc.record(
  { shrink: fc.boolean(), grow: fc.boolean(), write: fc.boolean(), seal: fc.boolean() },
  { requiredKeys: [] },
);

const attempt = (call: () => void): boolean => {
  try {
    call();
    return true;
  } catch (error) {
    assert.equal((error as { code: string }).code, "EPERM");
    return false;
  }
};

test("seals are a set that only grows, and forbid what they say", () =>
  withoutLeaks(() => {
    fc.assert(fc.property(fc.array(some, { maxLength: 4 }), (steps) => {
      using file = memfd("", { sealable: true });
      truncate(file, 100);
      let model: Seals = { shrink: false, grow: false, write: false, seal: false };
      for (const step of steps) {
        const added = Object.entries(step).filter(([, on]) => on);
        const worked = attempt(() => addSeals(file, step));
        assert.equal(worked, !model.seal);
        if (worked) model = { ...model, ...Object.fromEntries(added) };
        assert.deepEqual(seals(file), { futureWrite: false, exec: false, ...model });
      }
      assert.equal(attempt(() => write(file, new Uint8Array(1))), !model.write);
      assert.equal(attempt(() => truncate(file, 50)), !model.shrink);
      assert.equal(attempt(() => truncate(file, 150)), !model.grow);
      assert.equal(pread(file, new Uint8Array(1), 0), 1);
    }));
  }));

test("futureWrite forbids to write from now on", () => {
  using file = memfd("", { sealable: true });
  assert.equal(write(file, new Uint8Array(1)), 1);
  addSeals(file, { futureWrite: true });
  assert.throws(() => write(file, new Uint8Array(1)), { code: "EPERM" });
  assert.deepEqual(seals(file).futureWrite, true);
});

test("only files in memory have seals", () => {
  assert.throws(() => seals(2), { code: "EINVAL", syscall: "fcntl", fd: 2 });
  assert.throws(() => addSeals(2, { write: true }), { code: "EINVAL", fd: 2 });
  using plain = memfd();
  assert.throws(() => addSeals(plain, { write: true }), { code: "EPERM" });
});

test("bad input is refused before the call", () =>
  withoutLeaks(() => {
    using file = memfd("", { sealable: true });
    assert.throws(() => addSeals(file, { wrote: true } as Seals), /there is no option wrote/);
    assert.throws(() => addSeals(file, { write: "yes" } as never), TypeError);
    assert.equal(seals(file).write, false);
    for (const bad of [-1, 2 ** 31]) {
      assert.throws(() => seals(bad), RangeError);
      assert.throws(() => addSeals(bad, {}), RangeError);
    }
    for (const bad of ["1", null, 0.5, {}]) assert.throws(() => seals(bad as number), TypeError);
    file.close();
    assert.throws(() => seals(file), { message: "Cannot use a descriptor that was closed" });
    assert.throws(() => addSeals(file, {}), { message: "Cannot use a descriptor that was closed" });
  }));

test.run();
