import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { unlinkSync } from "node:fs";
import process from "node:process";
import {
  duplicate,
  lock,
  type LockFamily,
  lockHolder,
  memfd,
  open,
  type OwnedFd,
  unlock,
} from "@posixly/fd";
import { runFresh, testNeeding, testWhere, withoutLeaks } from "@posixly/testing";
import fc from "fast-check";
import { test } from "uvu";

/** The same file, opened once more: who has it is somebody else. */
const again = (file: OwnedFd) => open(`/proc/self/fd/${file.fd}`, { read: true, write: true });

const owner = fc.constantFrom(0, 1);
const range = fc.record({ offset: fc.nat(20), length: fc.integer({ min: 1, max: 20 }) });
const kind = fc.constantFrom("exclusive" as const, "shared" as const);
const step = fc.oneof(
  fc.record({ do: fc.constant("lock" as const), owner, kind, range }),
  fc.record({ do: fc.constant("unlock" as const), owner, range }),
);

test("ofd locks are one kind of lock for each byte and owner", () =>
  withoutLeaks(() => {
    fc.assert(fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      using one = memfd("locked");
      using two = again(one);
      const owners = [one, two];
      const model: (string | undefined)[][] = [
        Array(40).fill(undefined),
        Array(40).fill(undefined),
      ];
      for (const step of steps) {
        const { offset, length } = step.range;
        const mine = model[step.owner];
        const theirs = model[1 - step.owner].slice(offset, offset + length);
        if (step.do === "unlock") {
          unlock(owners[step.owner], step.range);
          mine.fill(undefined, offset, offset + length);
          continue;
        }
        const inTheWay = step.kind === "shared" ? ["exclusive"] : ["exclusive", "shared"];
        const found = theirs.findIndex((held) => held !== undefined && inTheWay.includes(held));
        const asked = { ...step.range, kind: step.kind };
        const holder = lockHolder(owners[step.owner], asked);
        assert.equal(holder === null, found === -1);
        if (holder) assert.equal(holder.kind, theirs[found]);
        assert.equal(lock(owners[step.owner], asked), found === -1);
        if (found === -1) mine.fill(step.kind, offset, offset + length);
      }
    }));
  }));

for (const family of ["ofd", "flock"] as LockFamily[]) {
  test(`a lock of the family ${family} belongs to what is open`, () => {
    using mine = memfd("locked");
    using theirs = again(mine);
    assert.equal(lock(mine, { family }), true);
    assert.equal(lock(mine, { family }), true); // once more is no harm
    assert.equal(lock(theirs, { family }), false);
    assert.equal(lock(theirs, { family, kind: "shared" }), false);
    assert.equal(lock(mine, { family, kind: "shared" }), true);
    assert.equal(lock(theirs, { family, kind: "shared" }), true);
    unlock(theirs, { family });

    using shared = duplicate(mine);
    mine.close();
    assert.equal(lock(theirs, { family }), false); // the duplicate has it still
    shared.close();
    assert.equal(lock(theirs, { family, wait: true }), true);
  });
}

test("a posix lock belongs to the process, and goes with any descriptor of the file", () => {
  using mine = memfd("locked");
  using also = again(mine);
  using other = again(mine);
  assert.equal(lock(mine, { family: "posix", offset: 2n ** 60n }), true);
  assert.equal(lock(also, { family: "posix" }), true);
  assert.equal(lock(other), false); // to ofd locks it is somebody else's
  assert.equal(lockHolder(other, { family: "posix" }), null);
  assert.equal(lockHolder(other)?.pid, process.pid);
  also.close();
  assert.equal(lock(other), true);
});

test("offsets beyond 2 ** 53 are exact", () => {
  using mine = memfd("locked");
  using theirs = again(mine);
  const offset = 2n ** 62n + 1n;
  lock(theirs, { offset, length: 3n });
  assert.deepEqual(lockHolder(mine), { kind: "exclusive", offset, length: 3, pid: undefined });
  assert.equal(lock(mine, { offset: offset - 1n, length: 1 }), true);
  assert.equal(lock(mine, { offset: offset + 2n, length: 1 }), false);
  assert.equal(lock(mine, { offset: offset + 3n }), true);
});

test("a lock needs the access that its kind is for", () => {
  using file = memfd("locked");
  using reader = open(`/proc/self/fd/${file.fd}`);
  using writer = open(`/proc/self/fd/${file.fd}`, { write: true });
  assert.throws(() => lock(reader), { code: "EBADF", syscall: "fcntl", fd: reader.fd });
  assert.throws(() => lock(writer, { kind: "shared" }), { code: "EBADF" });
  assert.equal(lock(reader, { family: "flock" }), true);
});

test("flock has no ranges, and says so", () => {
  using file = memfd("locked");
  for (const range of [{ offset: 0 }, { length: 1 }]) {
    assert.throws(() => lock(file, { family: "flock", ...range }), TypeError);
    assert.throws(() => unlock(file, { family: "flock", ...range }), TypeError);
  }
});

testNeeding("flock", "flock(1) sees our locks, and we see its", () => {
  using file = memfd("locked");
  const path = `/proc/${process.pid}/fd/${file.fd}`;
  const inner = () => spawnSync("flock", ["--nonblock", path, "true"]).status;
  assert.equal(inner(), 0);
  lock(file, { family: "flock" });
  assert.equal(inner(), 1);
  lock(file, { family: "flock", kind: "shared" });
  assert.equal(spawnSync("flock", ["--nonblock", "--shared", path, "true"]).status, 0);
});

testNeeding("python3", "another process sees posix locks, and is seen", () => {
  using file = memfd("locked");
  const attempt = (kind: string) =>
    spawnSync("python3", [
      "-c",
      `
import fcntl
with open("/proc/${process.pid}/fd/${file.fd}", "r+") as file:
    fcntl.lockf(file, fcntl.${kind} | fcntl.LOCK_NB, 5, 10)
`,
    ]).status === 0;
  assert.equal(attempt("LOCK_EX"), true);
  lock(file, { family: "posix", kind: "shared", offset: 14, length: 1 });
  assert.equal(attempt("LOCK_EX"), false);
  assert.equal(attempt("LOCK_SH"), true);
  unlock(file, { family: "posix" });
  lock(file, { offset: 10, length: 1 });
  assert.equal(attempt("LOCK_SH"), false);
});

const hasNamespaces = spawnSync("unshare", ["-fp", "true"]).status === 0;
testWhere(
  hasNamespaces,
  "PID namespaces",
  "a holder whom we cannot see has no number",
  async () => {
    const path = `/dev/shm/posixly-lock-${process.pid}`;
    using file = open(path, { write: true, create: true });
    try {
      lock(file, { family: "posix" });
      const program = `
        import { lockHolder, open } from "@posixly/fd";
        const { kind, pid } = lockHolder(open("${path}"));
        console.log(kind, pid);
      `;
      const { stdout, stderr } = await runFresh(program, { through: ["unshare", "-fp"] });
      assert.equal(stdout, "exclusive undefined\n", stderr);
    } finally {
      unlinkSync(path);
    }
  },
);

test.run();
