import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import process from "node:process";
import { type Amount, eventfd, limit, raiseLimit, type Resource, setLimit } from "@posixly/fd";
import { runFresh, testNeeding, withoutLeaks } from "@posixly/testing";
import fc from "fast-check";
import { test } from "uvu";
import { resources } from "./resource.ts";

const names = Object.keys(resources) as Resource[];

/** Runs `test` with a child that does nothing, and whose limits therefore nobody minds. */
async function withSleeper(test: (pid: number) => void): Promise<void> {
  const child = spawn("sleep", ["60"], { stdio: "ignore" });
  const exit = once(child, "exit");
  await once(child, "spawn");
  try {
    test(child.pid!);
  } finally {
    child.kill("SIGKILL");
    await exit;
  }
}

testNeeding("python3", "every limit is what python sees", () => {
  const program = `import resource, json, os
print(json.dumps({n: resource.prlimit(${process.pid}, getattr(resource, "RLIMIT_" + n))
  for n in ["AS", "CORE", "CPU", "DATA", "FSIZE", "MEMLOCK", "MSGQUEUE", "NICE", "NOFILE", "NPROC",
            "RSS", "RTPRIO", "RTTIME", "SIGPENDING", "STACK"]}))`;
  const theirs = JSON.parse(execFileSync("python3", ["-c", program], { encoding: "utf8" }));
  const pairs: Record<string, Resource> = {
    AS: "addressSpace",
    CORE: "coreSize",
    CPU: "cpuSeconds",
    DATA: "dataSize",
    FSIZE: "fileSize",
    MEMLOCK: "lockedMemory",
    MSGQUEUE: "messageQueueBytes",
    NICE: "nice",
    NOFILE: "openFiles",
    NPROC: "processes",
    RSS: "residentSet",
    RTPRIO: "realtimePriority",
    RTTIME: "realtimeMicroseconds",
    SIGPENDING: "pendingSignals",
    STACK: "stackSize",
  };
  const asPython = (amount: Amount) => amount === "unlimited" ? -1 : Number(amount);
  for (const [theirName, ourName] of Object.entries(pairs)) {
    const { soft, hard } = limit(ourName);
    assert.deepEqual([asPython(soft), asPython(hard)], theirs[theirName], theirName);
  }
});

test("a limit that is set is the limit, exact to the last bit", () =>
  withSleeper((pid) => {
    const amount = fc.oneof(
      fc.nat(),
      fc.bigInt(0n, 2n ** 64n - 2n),
      fc.constant("unlimited" as const),
    );
    const size = (amount: Amount) => amount === "unlimited" ? 2n ** 64n : BigInt(amount);
    // Only a limit that may be raised again can be tried more than once.
    fc.assert(fc.property(amount, (soft) => {
      const before = limit("coreSize", { pid });
      if (size(soft) > size(before.hard)) return;
      assert.deepEqual(setLimit("coreSize", { soft }, { pid }), before);
      const after = limit("coreSize", { pid });
      assert.equal(size(after.soft), size(soft));
      assert.equal(after.hard, before.hard);
    }));
    assert.equal(raiseLimit("coreSize", { pid }), limit("coreSize", { pid }).hard);
  }));

test("the hard limit goes down for everyone", () =>
  withSleeper((pid) => {
    setLimit("openFiles", { soft: 100, hard: 200 }, { pid });
    assert.deepEqual(limit("openFiles", { pid }), { soft: 100, hard: 200 });
    assert.equal(raiseLimit("openFiles", { pid }), 200);
    assert.throws(() => setLimit("openFiles", { soft: 201 }, { pid }), {
      name: "RangeError",
      message: "soft must be at most 200, not 201",
    });
    assert.throws(() => setLimit("openFiles", { hard: 199 }, { pid }), RangeError);
    assert.deepEqual(limit("openFiles", { pid }), { soft: 200, hard: 200 });
  }));

test("the soft limit is what the kernel enforces", () => {
  const before = limit("openFiles");
  setLimit("openFiles", { soft: 0 });
  try {
    assert.throws(() => eventfd(), { code: "EMFILE" });
  } finally {
    setLimit("openFiles", before);
  }
  assert.deepEqual(limit("openFiles"), before);
});

test("the kernel's objections are errors", () => {
  assert.throws(() => limit("openFiles", { pid: 2 ** 31 - 1 }), {
    code: "ESRCH",
    syscall: "prlimit",
    address: "process 2147483647",
  });
});

test("bad input is refused before the call", () =>
  withoutLeaks(() => {
    for (const name of names) limit(name);
    for (const bad of ["nofile", "toString", 7, null]) {
      const resource = bad as Resource;
      assert.throws(() => limit(resource), /resource must be one of addressSpace, /);
      assert.throws(() => setLimit(resource, {}), TypeError);
      assert.throws(() => raiseLimit(resource), TypeError);
    }
    for (const pid of [0, -1, 2 ** 31]) assert.throws(() => limit("nice", { pid }), RangeError);
    assert.throws(() => limit("nice", { pid: "1" as never }), TypeError);
    for (const bad of [-1, -1n, 2 ** 53, 2n ** 64n - 1n, Infinity]) {
      assert.throws(() => setLimit("coreSize", { soft: bad }), RangeError);
    }
    for (const bad of ["infinity", NaN, null]) {
      assert.throws(() => setLimit("coreSize", { soft: bad as Amount }), TypeError);
    }
  }));

test("beyond the size of a file is EFBIG, at least if somebody listens for the signal", async () => {
  const { stdout, stderr } = await runFresh(`
    import { open, setLimit, truncate, write } from "@posixly/fd";
    import process from "node:process";
    const listen = () => {};
    process.on("SIGXFSZ", listen);
    setLimit("fileSize", { soft: 100 });
    const file = open("/dev/shm", { temporary: true, write: true });
    console.log(write(file, new Uint8Array(200)));
    for (const call of [() => write(file, new Uint8Array(1)), () => truncate(file, 101)]) {
      try { call(); } catch ({ code }) { console.log(code); }
    }
    process.off("SIGXFSZ", listen);
  `);
  assert.equal(stdout, "100\nEFBIG\nEFBIG\n", stderr);
});

test.run();
