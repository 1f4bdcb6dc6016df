import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import process from "node:process";
import { addressOf, bind, cstring, ok, watch } from "@posixly/sys";
import { memfd, type OwnedFd, pidfd, type ProcessEnd, reap, sendSignal } from "@posixly/fd";
import { withoutLeaks } from "@posixly/testing";
import fc from "fast-check";
import { test } from "uvu";

const libc = bind({
  posix_spawnp: ["errno", "buffer", "buffer", "buffer", "buffer", "buffer", "buffer"],
});

/** Starts a child that the runtime knows nothing of, and so will not reap. */
function start(...command: string[]): OwnedFd {
  const strings = command.map((text) => cstring(text));
  const argv = BigUint64Array.from([...strings.map((text) => BigInt(addressOf(text))), 0n]);
  const pid = new Int32Array(1);
  const environment = new BigUint64Array(1);
  ok(libc.posix_spawnp(pid, strings[0], null, null, argv, environment), "posix_spawnp");
  return pidfd(pid[0]);
}

async function ended(child: OwnedFd): Promise<void> {
  await new Promise<void>((resolve) => {
    const watching = watch(child.fd, () => {
      watching.close();
      resolve();
    });
  });
}

const summary = (end: ProcessEnd | null) => end && [end.code, end.signal, end.coreDumped];

test("a child that ends by itself has a code", () =>
  withoutLeaks(() =>
    fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 255 }), async (code) => {
        using child = start("/bin/sh", "-c", `exit ${code}`);
        await ended(child);
        assert.deepEqual(summary(reap(child)), [code, null, false]);
        assert.throws(() => reap(child), { code: "ECHILD", syscall: "waitid", fd: child.fd });
      }),
      { numRuns: 10 },
    )
  ));

test("a child that a signal ends has that", async () => {
  for (const [signal, name] of [["SIGTERM", "SIGTERM"], [9, "SIGKILL"], [40, "SIG40"]] as const) {
    using child = start("/bin/sleep", "60");
    assert.equal(reap(child), null); // still running
    sendSignal(child, signal);
    await ended(child);
    assert.deepEqual(summary(reap(child)), [null, name, false]);
  }
});

test("a core dump is told", async () => {
  const folder = mkdtempSync("/tmp/reap-");
  try {
    using child = start("/bin/sh", "-c", `cd ${folder}; ulimit -c unlimited; kill -ABRT $$`);
    await ended(child);
    const { signal, coreDumped } = reap(child)!;
    assert.equal(signal, "SIGABRT");
    const pattern = readFileSync("/proc/sys/kernel/core_pattern", "utf8").trim();
    if (pattern === "core") assert.equal(coreDumped, readdirSync(folder).length > 0);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("a child that is kept can be reaped again", async () => {
  using child = start("/bin/sh", "-c", "exit 3");
  await ended(child);
  const end = reap(child, { keep: true });
  assert.ok(end !== null && end.pid > 0 && end.uid === process.getuid!());
  assert.deepEqual(reap(child, { keep: true }), end);
  assert.deepEqual(reap(child), end);
  assert.throws(() => reap(child), { code: "ECHILD" });
});

test("what is no child of ours cannot be reaped", async () => {
  using self = pidfd(process.pid);
  assert.throws(() => reap(self), { code: "ECHILD" });
  using file = memfd();
  assert.throws(() => reap(file), { code: "EBADF" });

  const known = spawn("sleep", ["60"], { stdio: "ignore" });
  await once(known, "spawn");
  using running = pidfd(known.pid!);
  assert.equal(reap(running), null);
  sendSignal(running, "SIGKILL");
  await once(known, "exit"); // the runtime was first
  assert.throws(() => reap(running), { code: "ECHILD" });
});

test("bad input is refused before the call", () => {
  assert.throws(() => reap(-1), RangeError);
  for (const bad of ["1", null, 0.5, {}]) assert.throws(() => reap(bad as number), TypeError);
  using self = pidfd(process.pid);
  assert.throws(() => reap(self, { keep: 1 as never }), TypeError);
  assert.throws(() => reap(self, { wait: true } as never), TypeError);
  self.close();
  assert.throws(() => reap(self), { message: "Cannot use a descriptor that was closed" });
});

test.run();
