import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import process from "node:process";
import {
  duplicateFrom,
  EventFd,
  eventfd,
  getFlags,
  memfd,
  pidfd,
  read,
  readAll,
  sendSignal,
} from "@posixly/fd";
import { withoutLeaks } from "@posixly/testing";
import { test } from "uvu";

async function sleeper(): Promise<ChildProcess & { pid: number }> {
  const child = spawn("sleep", ["60"], { stdio: "ignore" });
  await once(child, "spawn");
  return child as ChildProcess & { pid: number };
}

for (const signal of ["SIGTERM", 9] as const) {
  test(`a process gets ${signal}`, async () => {
    const child = await sleeper();
    using running = pidfd(child.pid);
    assert.equal(getFlags(running).closeOnExec, true);
    sendSignal(running, 0);
    sendSignal(running, signal);
    assert.deepEqual(await once(child, "exit"), [null, signal === 9 ? "SIGKILL" : signal]);
    assert.throws(() => sendSignal(running, 0), { code: "ESRCH", fd: running.fd });
    assert.throws(() => sendSignal(running, signal), { code: "ESRCH" });
  });
}

test("a descriptor of another process is duplicated", async () => {
  const child = spawn("sh", ["-c", "exec 3</proc/version; echo; exec sleep 60"], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  const exit = once(child, "close");
  await once(child.stdout, "data");
  using running = pidfd(child.pid!);
  using version = duplicateFrom(running, 3);
  assert.equal(getFlags(version).closeOnExec, true);
  const text = new TextDecoder().decode(readAll(version));
  assert.ok(text.startsWith("Linux version "));
  child.kill("SIGKILL");
  await exit;
});

test("a duplicate shares all with the first", () => {
  using self = pidfd(process.pid);
  using counter = eventfd(3);
  using same = new EventFd(duplicateFrom(self, counter.fd).release());
  same.add(4);
  assert.equal(counter.take(), 7);
  assert.notEqual(same.fd, counter.fd);
});

test("the kernel's objections are errors", () =>
  withoutLeaks(() => {
    assert.throws(() => pidfd(2 ** 31 - 1), {
      code: "ESRCH",
      syscall: "pidfd_open",
      address: "process 2147483647",
    });
    using self = pidfd(process.pid);
    assert.throws(() => duplicateFrom(self, 2 ** 31 - 1), { code: "EBADF" });
    using file = memfd();
    assert.throws(() => sendSignal(file, 0), { code: "EBADF", syscall: "pidfd_send_signal" });
    assert.throws(() => duplicateFrom(file, 0), { code: "EBADF", syscall: "pidfd_getfd" });
    assert.throws(() => read(self, new Uint8Array(8)), { code: "EINVAL" });
  }));

test("bad input is refused before the call", () =>
  withoutLeaks(() => {
    for (const bad of [0, -1, 2 ** 31, Infinity]) assert.throws(() => pidfd(bad), RangeError);
    for (const bad of ["1", NaN, 1.5, null, 1n]) {
      assert.throws(() => pidfd(bad as number), TypeError);
    }
    using self = pidfd(process.pid);
    for (const bad of ["SIGNONE", null, {}]) {
      assert.throws(() => sendSignal(self, bad as "SIGHUP"), TypeError);
    }
    for (const bad of [-1, 65]) assert.throws(() => sendSignal(self, bad), RangeError);
    for (const bad of [-1, 2 ** 32]) assert.throws(() => duplicateFrom(self, bad), RangeError);
    self.close();
    const message = "Cannot use a descriptor that was closed";
    assert.throws(() => sendSignal(self, 0), { message });
    assert.throws(() => duplicateFrom(self, 0), { message });
  }));

test.run();
