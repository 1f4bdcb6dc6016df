import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import process from "node:process";
import {
  fsync,
  lock,
  memfd,
  open,
  pread,
  preadv,
  pwrite,
  pwritev,
  readv,
  truncate,
  writev,
} from "@posixly/fd";
import { found, testWhere } from "@posixly/testing";
import { test } from "uvu";

/** Whether strace may attach to this process. */
function canBeTraced(): boolean {
  if (!found("strace")) return false;
  if (process.getuid?.() === 0) return true;
  try {
    return readFileSync("/proc/sys/kernel/yama/ptrace_scope", "utf8").trim() === "0";
  } catch {
    return true;
  }
}

/** Runs while the kernel interrupts the first two calls, of each name, that this process makes. */
async function interrupted(names: string[], run: () => void): Promise<string> {
  const inject = names.map((name) => `--inject=${name}:error=EINTR:when=1..2`);
  const strace = spawn("strace", [`--attach=${process.pid}`, `--trace=${names}`, ...inject]);
  let said = "";
  strace.stderr.on("data", (data) => said += data);
  const ended = new Promise((resolve) => strace.on("close", resolve));
  await new Promise<void>((resolve, reject) => {
    strace.stderr.on("data", () => {
      if (said.includes("attached")) resolve();
    });
    ended.then(() => reject(new Error(said)));
  });
  try {
    run();
  } finally {
    strace.kill("SIGINT"); // it detaches
    await ended;
  }
  return said;
}

// Not read and write: the runtime itself makes those, and Deno does mind.
const steps: Record<string, () => void> = {
  fcntl: () => {
    using file = memfd();
    assert.equal(lock(file), true);
  },
  flock: () => {
    using file = memfd();
    assert.equal(lock(file, { family: "flock" }), true);
  },
  fsync: () => {
    using file = memfd();
    fsync(file);
  },
  ftruncate: () => {
    using file = memfd();
    truncate(file, 5);
  },
  openat: () => open("/dev/null").close(),
  openat2: () => open("/dev/null", { resolve: { noSymlinks: true } }).close(),
  preadv: () => {
    using file = memfd();
    assert.equal(preadv(file, [new Uint8Array(1)], 0), 0);
  },
  pread64: () => {
    using file = memfd();
    assert.equal(pread(file, new Uint8Array(1), 0), 0);
  },
  pwritev: () => {
    using file = memfd();
    assert.equal(pwritev(file, [new Uint8Array(3)], 0), 3);
  },
  pwrite64: () => {
    using file = memfd();
    assert.equal(pwrite(file, new Uint8Array(3), 0), 3);
  },
  readv: () => {
    using zeros = open("/dev/zero");
    assert.equal(readv(zeros, [new Uint8Array(3)]), 3);
  },
  writev: () => {
    using sink = open("/dev/null", { write: true });
    assert.equal(writev(sink, [new Uint8Array(3)]), 3);
  },
};

testWhere(
  canBeTraced(),
  "strace that may attach",
  "no function minds being interrupted",
  async () => {
    const said = await interrupted(Object.keys(steps), () => {
      for (const step of Object.values(steps)) step();
    });
    for (const name of Object.keys(steps)) {
      const injections = said.split("\n").filter((line) =>
        line.startsWith(`${name}(`) && line.includes("EINTR")
      );
      assert.equal(injections.length, 2, name);
    }
  },
);

test.run();
