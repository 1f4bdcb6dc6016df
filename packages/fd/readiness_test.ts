import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type SyscallError, watch } from "@posixly/sys";
import {
  duplicate,
  eventfd,
  inotify,
  limit,
  memfd,
  type OwnedFd,
  pidfd,
  pty,
  read,
  sendSignal,
  setLimit,
  table,
  timerfd,
  write,
} from "@posixly/fd";
import { withoutLeaks } from "@posixly/testing";
import { test } from "uvu";

/** Waits until a descriptor is readable, and checks that it was not before `act`. */
async function becomesReadable({ fd }: OwnedFd, act: () => void): Promise<void> {
  let acted = false;
  await new Promise<void>((resolve, reject) => {
    const watching = watch(fd, () => {
      watching.close();
      if (acted) resolve();
      else reject(new Error("It was readable before"));
    });
    // Once round the event loop, so that one who is readable already is found out.
    using turn = eventfd(1);
    const turning = watch(turn.fd, () => {
      turning.close();
      acted = true;
      act();
    });
  });
}

test("an eventfd is readable once something was added", () =>
  withoutLeaks(async () => {
    using counter = eventfd();
    await becomesReadable(counter, () => counter.add(1));
    assert.equal(counter.take(), 1);
  }));

test("a timerfd is readable once it has expired", () =>
  withoutLeaks(async () => {
    using timer = timerfd();
    await becomesReadable(timer, () => timer.set({ after: 0.5 }));
    assert.equal(timer.expirations(), 1);
  }));

test("a pidfd is readable once the process has ended", () =>
  withoutLeaks(async () => {
    const child = spawn("sleep", ["60"], { stdio: "ignore" });
    const exit = once(child, "exit");
    await once(child, "spawn");
    using running = pidfd(child.pid!);
    await becomesReadable(running, () => sendSignal(running, "SIGKILL"));
    await exit;
  }));

test("an inotify is readable once something has happened", () =>
  withoutLeaks(async () => {
    const folder = mkdtempSync("/tmp/readiness-");
    using watcher = inotify();
    watcher.watch(folder, { create: true });
    await becomesReadable(watcher, () => writeFileSync(`${folder}/new`, ""));
    assert.equal(watcher.events()!.length, 1);
    rmSync(folder, { recursive: true });
  }));

test("each end of a pseudoterminal is readable once the other has written", () =>
  withoutLeaks(async () => {
    using ends = pty();
    const line = new TextEncoder().encode("line\n");
    await becomesReadable(ends.controller, () => write(ends.terminal, line));
    assert.equal(read(ends.controller, new Uint8Array(64)), 6); // with a carriage return
    await becomesReadable(ends.terminal, () => write(ends.controller, line));
    assert.equal(read(ends.terminal, new Uint8Array(64)), 5);
  }));

test("a memfd always is, as a file, and cannot be watched", () => {
  using file = memfd();
  const before = table().length;
  assert.throws(() => watch(file.fd, () => {}), { code: "EPERM" });
  assert.equal(table().length, before);
});

test("a watch that is refused for want of descriptors is not there, and the others go on", () =>
  withoutLeaks(async () => {
    using ready = eventfd(1);
    let refused = 0;
    let onServed = () => {};
    const other = watch(ready.fd, () => onServed()).unref();
    const free = duplicate(ready);
    const { fd: lowest } = free;
    free.close();

    const before = limit("openFiles");
    try {
      // Enough for the duplicate; Deno needs one more to wait with.
      setLimit("openFiles", { soft: lowest + 1 });
      allowing("EMFILE", () => watch(ready.fd, () => refused++).close());
      setLimit("openFiles", { soft: lowest });
      allowing("EMFILE", () => other.ref());
    } finally {
      setLimit("openFiles", before);
    }
    other.unref();
    await new Promise<void>((resolve, reject) => {
      // It also keeps the program alive, which an unreferenced watch does not.
      const tooLate = setTimeout(() => reject(new Error("The others do not go on")), 10_000);
      let served = 0;
      onServed = () => {
        if (++served < 3) return;
        clearTimeout(tooLate);
        resolve();
      };
    });
    other.close();
    assert.equal(refused, 0);
  }));

/** Some runtimes can do it all the same. */
function allowing(code: string, run: () => unknown): void {
  try {
    run();
  } catch (error) {
    assert.equal((error as SyscallError).code, code);
  }
}

test.run();
