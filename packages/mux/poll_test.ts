import assert from "node:assert/strict";
import { eventfd, limit, memfd, setLimit } from "@posixly/fd";
import { type BlockOptions, poll, type PollEntry } from "@posixly/mux";
import { withoutLeaks } from "@posixly/testing";
import { test } from "uvu";

const no = {
  readable: false,
  writable: false,
  priority: false,
  readHangUp: false,
  hangUp: false,
  error: false,
  invalid: false,
};

test("only what is ready is told, in the order of the entries, which come along", () =>
  withoutLeaks(() => {
    using busy = eventfd(1);
    using quiet = eventfd();
    const entries: PollEntry[] = [
      { fd: busy, readable: true, writable: true },
      { fd: quiet, readable: true },
      { fd: quiet.fd, writable: true },
      { fd: busy, priority: true },
      { fd: { fd: busy.fd }, readable: true },
    ];
    const results = poll(entries);
    assert.deepEqual(results, [
      { ...no, entry: entries[0], readable: true, writable: true },
      { ...no, entry: entries[2], writable: true },
      { ...no, entry: entries[4], readable: true },
    ]);
    assert.ok(results[1].entry === entries[2]);
  }));

test("a closed number is an answer, and so ends a wait", () =>
  withoutLeaks(() => {
    const gone = eventfd();
    const { fd } = gone;
    gone.close();
    for (const entry of [{ fd }, { fd, readable: true }, { fd: 2 ** 31 - 1, writable: true }]) {
      const expected = [{ ...no, entry, invalid: true }];
      assert.deepEqual(poll([entry], { timeout: Infinity }), expected);
    }
    assert.throws(() => poll([{ fd: gone }]), {
      message: "Cannot use a descriptor that was closed",
    });
  }));

test("a file is always ready", () => {
  using file = memfd();
  const entry = { fd: file, readable: true, writable: true };
  assert.deepEqual(poll([entry]), [{ ...no, entry, readable: true, writable: true }]);
});

test("thousands of entries are polled at once, but no more than may be open", () =>
  withoutLeaks(() => {
    using busy = eventfd(1);
    const entry = { fd: busy, readable: true };
    const { soft } = limit("openFiles");
    const most = Math.min(Number(soft), 20_000);
    const before = setLimit("openFiles", { soft: most });
    try {
      assert.equal(poll(Array(most).fill(entry)).length, most);
      assert.throws(() => poll(Array(most + 1).fill(entry)), { code: "EINVAL", syscall: "ppoll" });
    } finally {
      setLimit("openFiles", before);
    }
  }));

test("no entries are never ready", () => {
  assert.deepEqual(poll([]), []);
  assert.deepEqual(poll([], { timeout: 0.1 }), []);
});

test("bad input is refused before the call", () =>
  withoutLeaks(() => {
    using counter = eventfd(1);
    for (const entries of [undefined, null, {}, counter, "", new Set([{ fd: 0 }])]) {
      assert.throws(() => poll(entries as PollEntry[]), /^TypeError: entries must be an array/);
    }
    for (const entry of [undefined, null, {}, 0, counter.fd, "0"]) {
      assert.throws(() => poll([entry as PollEntry]), TypeError);
    }
    for (const fd of [-1, 0.5, 2 ** 31, "0", null, undefined, {}]) {
      assert.throws(() => poll([{ fd: fd as number }]), /Error: fd must be/);
    }
    assert.throws(() => poll([{ fd: 0, readible: true } as PollEntry]), /no option readible/);
    assert.throws(() => poll([{ fd: 0, edge: true } as PollEntry]), /no option edge/);
    assert.throws(() => poll([{ fd: 0, writable: 1 as never }]), /writable must be true or false/);
    for (const options of [null, 5, { timeOut: 5 }]) {
      const wait = () => poll([{ fd: counter, readable: true }], options as BlockOptions);
      assert.throws(wait, TypeError);
    }
  }));

test.run();
