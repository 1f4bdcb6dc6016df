import assert from "node:assert/strict";
import { close, duplicate, eventfd, limit, raiseLimit, setLimit } from "@posixly/fd";
import { type BlockOptions, select, type SelectSets } from "@posixly/mux";
import { withoutLeaks } from "@posixly/testing";
import fc from "fast-check";
import { test } from "uvu";
import { FD_SETSIZE } from "./libc.ts";

test("what is given comes back: the same objects and numbers, in order, as often", () =>
  withoutLeaks(() => {
    using busy = eventfd(1);
    using quiet = eventfd();
    const { fd } = busy;
    const wrapped = { fd };
    const given = [quiet, wrapped, busy, fd, wrapped, quiet.fd];
    const { readable, writable, exceptional } = select({ readable: given, exceptional: given });
    assert.deepEqual([writable, exceptional], [[], []]);
    const expected = [wrapped, busy, fd, wrapped];
    assert.equal(readable.length, expected.length);
    readable.forEach((one, i) => assert.ok(one === expected[i]));
    assert.deepEqual(given, [quiet, wrapped, busy, fd, wrapped, quiet.fd]); // as it was
  }));

test("numbers beyond FD_SETSIZE are as good as any", () =>
  withoutLeaks(() => {
    const before = limit("openFiles");
    raiseLimit("openFiles");
    try {
      const most = Math.min(Number(limit("openFiles").soft), 5000);
      assert.ok(most > 2 * FD_SETSIZE);
      using busy = eventfd(1);
      using quiet = eventfd();
      const numbers = fc.integer({ min: 64, max: most - 1 });
      fc.assert(
        fc.property(fc.uniqueArray(numbers, { maxLength: 8 }), fc.nat(255), (wanted, choice) => {
          const pairs = [FD_SETSIZE, FD_SETSIZE + 1, ...wanted].map((atLeast, i) => {
            const isBusy = (choice >> i) % 2 === 1;
            return { isBusy, fd: duplicate(isBusy ? busy : quiet, { atLeast }) };
          });
          const fds = pairs.map(({ fd }) => fd);
          const ready = pairs.filter(({ isBusy }) => isBusy).map(({ fd }) => fd);
          assert.deepEqual(select({ readable: fds, writable: fds, exceptional: fds }), {
            readable: ready,
            writable: fds,
            exceptional: [],
          });
          for (const fd of fds) fd.close();
        }),
        { numRuns: 50 },
      );
    } finally {
      setLimit("openFiles", before);
    }
  }));

test("a closed number is an error that names it, however large it is", () =>
  withoutLeaks(() => {
    using open = eventfd(1);
    const gone = duplicate(open, { atLeast: 200 });
    const closed = gone.fd;
    gone.close();
    using above = duplicate(open, { atLeast: closed + 1 });
    // The kernel passes over numbers beyond its table, which has room for some hundreds here.
    for (const fd of [closed, 100_000, 2 ** 30, 2 ** 31 - 1]) {
      const error = { code: "EBADF", syscall: "pselect", fd };
      for (const set of ["readable", "writable", "exceptional"] as const) {
        assert.throws(() => select({ [set]: [open, fd] }, { timeout: Infinity }), error);
      }
      assert.throws(() => select({ readable: [open], writable: [fd, above] }), error);
    }
  }));

test("empty sets are never ready", () => {
  const nothing = { readable: [], writable: [], exceptional: [] };
  assert.deepEqual(select({}), nothing);
  assert.deepEqual(select({ readable: [], writable: undefined }, { timeout: 0.1 }), nothing);
});

test("bad input is refused before the call", () =>
  withoutLeaks(() => {
    using counter = eventfd(1);
    for (const bad of [null, 5, counter, "0", { length: 1 }, new Set([0])]) {
      const sets = { readable: bad } as SelectSets;
      if (bad === null) continue; // left out
      assert.throws(() => select(sets), /^TypeError: readable must be an array of descriptors/);
    }
    for (const fd of [-1, 0.5, 2 ** 31, "0", null, undefined, {}, [0]]) {
      for (const set of ["readable", "writable", "exceptional"]) {
        assert.throws(() => select({ [set]: [fd] } as SelectSets), /Error: fd must be/);
      }
    }
    for (const sets of [null, undefined, 5, { readables: [] }, [[counter]]]) {
      assert.throws(() => select(sets as SelectSets), TypeError);
    }
    for (const options of [null, 5, { timeOut: 5 }]) {
      assert.throws(() => select({ readable: [counter] }, options as BlockOptions), TypeError);
    }
    const { fd } = counter;
    counter.close();
    const closed = { message: "Cannot use a descriptor that was closed" };
    assert.throws(() => select({ readable: [counter] }), closed);
    assert.throws(() => close(fd), { code: "EBADF" });
  }));

test.run();
