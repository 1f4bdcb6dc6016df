import assert from "node:assert/strict";
import { runFresh, timerFires, turns, withoutLeaks } from "@posixly/testing";
import { test } from "uvu";
import { bind, cstring, ok, watch } from "@posixly/sys";

const libc = bind({
  close: ["i32", "i32"],
  eventfd: ["i32", "u32", "i32"],
  open: ["i32", "buffer", "i32"],
  read: ["i32", "i32", "buffer", "u32"],
  write: ["i32", "i32", "buffer", "u32"],
});
const counter = (value: number) => ok(libc.eventfd(value, 0), "eventfd");
const add = (fd: number) => ok(libc.write(fd, new BigUint64Array([1n]), 8), "write");
const take = (fd: number) => ok(libc.read(fd, new BigUint64Array(1), 8), "read");

/** Waits until the event loop has been told of what is ready: another one, watched from now on. */
async function otherIsSeen(): Promise<void> {
  const fd = counter(1);
  await new Promise<void>((resolve) => {
    const watching = watch(fd, () => {
      watching.close();
      resolve();
    });
  });
  libc.close(fd);
}

/** The first lines of a program for a fresh process. */
const prelude = `
  import { bind, watch } from "@posixly/sys";
  const libc = bind({
    eventfd: ["i32", "u32", "i32"],
    read: ["i32", "i32", "buffer", "u32"],
    write: ["i32", "i32", "buffer", "u32"],
  });
`;

test("calls back when there is something to read, and only then", () =>
  withoutLeaks(async () => {
    const fd = counter(0);
    let calls = 0;
    const ready = new Promise<void>((resolve) => {
      const watching = watch(fd, () => {
        calls++;
        watching.close();
        resolve();
      });
    });
    await otherIsSeen();
    assert.equal(calls, 0);
    add(fd);
    await ready;
    libc.close(fd);
    assert.equal(calls, 1);
  }));

test("never calls back before it returned, even if there is something already", async () => {
  const fd = counter(1);
  let returned = false;
  await new Promise<void>((resolve) => {
    const watching = watch(fd, () => {
      assert.ok(returned);
      watching.close();
      resolve();
    });
    returned = true;
  });
  libc.close(fd);
});

test("calls back again for as long as nobody reads, and lets others have their turn", async () => {
  const fd = counter(1);
  let calls = 0;
  const watching = watch(fd, () => calls++);
  // A loop that is busy may look for it only now and then, but it does look.
  for (let others = 0; others < 5 || calls < 5; others++) {
    await turns(1);
    await timerFires();
  }
  watching.close();
  libc.close(fd);
});

test("promises go on between one callback and the next", async () => {
  const fd = counter(1);
  const order: string[] = [];
  await new Promise<void>((resolve) => {
    const watching = watch(fd, () => {
      order.push("callback");
      Promise.resolve().then(() => order.push("promise"));
      if (order.length > 3) {
        watching.close();
        resolve();
      }
    });
  });
  libc.close(fd);
  assert.deepEqual(order.slice(0, 4), ["callback", "promise", "callback", "promise"]);
});

test("several descriptors, each with its own callback", async () => {
  const fds = Array.from({ length: 20 }, () => counter(0));
  const seen = new Set<number>();
  await new Promise<void>((resolve) => {
    for (const fd of fds) {
      const watching = watch(fd, () => {
        take(fd);
        seen.add(fd);
        watching.close();
        if (seen.size === fds.length) resolve();
      });
    }
    for (const fd of [...fds].reverse()) add(fd);
  });
  for (const fd of fds) libc.close(fd);
  assert.equal(seen.size, 20);
});

test("one descriptor may be watched twice", async () => {
  const fd = counter(1);
  await Promise.all([1, 2].map(() =>
    new Promise<void>((resolve) => {
      const watching = watch(fd, () => {
        watching.close();
        resolve();
      });
    })
  ));
  libc.close(fd);
});

test("a callback may close the watches that were ready beside its own", async () => {
  const fds = Array.from({ length: 10 }, () => counter(1));
  let calls = 0;
  const watches = fds.map((fd) =>
    watch(fd, () => {
      calls++;
      for (const watching of watches) watching.close();
    })
  );
  await otherIsSeen();
  for (const fd of fds) libc.close(fd);
  assert.equal(calls, 1);
});

test("a watch of a number that is closed and given out again says nothing of the new owner", async () => {
  const first = counter(0);
  let stale = 0;
  const watching = watch(first, () => stale++);
  libc.close(first);
  const second = counter(1);
  assert.equal(second, first);
  await new Promise<void>((resolve) => {
    const other = watch(second, () => {
      other.close();
      resolve();
    });
  });
  watching.close();
  libc.close(second);
  assert.equal(stale, 0);
});

test("closing twice, and ref and unref after closing, do nothing", () =>
  withoutLeaks(() => {
    const fd = counter(0);
    const watching = watch(fd, () => {});
    watching.unref().unref().ref().ref();
    watching.close();
    watching.close();
    watching.ref().unref();
    libc.close(fd);
  }));

test("the last watch of a thread leaves nothing behind, nor do those before it", () =>
  withoutLeaks(async () => {
    for (let round = 0; round < 20; round++) {
      const fd = counter(round % 2);
      const watches = [watch(fd, () => {}), watch(fd, () => {}).unref(), watch(fd, () => {})];
      if (round % 3 === 0) await turns(1);
      for (const watching of watches) watching.close();
      libc.close(fd);
    }
  }));

/** Has twelve threads end one after the other, and tells what they leave open. */
async function leftBy(thread: string): Promise<string> {
  const { stdout } = await runFresh(`${prelude}
    import { readdirSync } from "node:fs";
    import { isMainThread, Worker } from "node:worker_threads";
    if (isMainThread) {
      const counts = [];
      for (let i = 0; i < 12; i++) {
        await new Promise((resolve) => new Worker(new URL(import.meta.url)).once("exit", resolve));
        counts.push(readdirSync("/proc/self/fd").length);
      }
      // Deno itself has closed what a Worker had only some time after.
      console.log(counts.at(-1) - counts.at(1) < 6 ? "nothing" : counts.join());
    } else {
      const close = (await import("@posixly/sys")).bind({ close: ["i32", "i32"] }).close;
      ${thread}
    }
  `);
  return stdout;
}

test("a thread that ends leaves nothing behind", async () => {
  const left = await leftBy(`
    const fd = libc.eventfd(1, 0);
    const watching = watch(fd, () => { watching.close(); close(fd); });
  `);
  assert.equal(left, "nothing\n");
});

test("nor does one that ends with watches that are open", async () => {
  const left = await leftBy(`
    for (const count of [0, 0, 1]) {
      const fd = libc.eventfd(count, 0);
      watch(fd, () => {}).unref();
      close(fd);
    }
  `);
  assert.equal(left, "nothing\n");
});

test("what cannot be polled is refused, and leaves nothing behind", () =>
  withoutLeaks(() => {
    const file = ok(libc.open(cstring("/etc/passwd"), 0), "open");
    assert.throws(() => watch(file, () => {}), { code: "EPERM", fd: file });
    libc.close(file);
    assert.throws(() => watch(file, () => {}), { code: "EBADF", fd: file });
    assert.throws(() => watch(-1, () => {}), RangeError);
    assert.throws(() => watch(1.5, () => {}), TypeError);
    assert.throws(() => watch("0" as never, () => {}), TypeError);
    assert.throws(() => watch(0, null as never), TypeError);
  }));

test("an unreferenced watch lets the program end, a referenced one does not", async () => {
  const unreferenced = await runFresh(`${prelude}
    watch(libc.eventfd(0, 0), () => {}).unref();
    watch(libc.eventfd(1, 0), () => {}).unref();
  `);
  assert.equal(unreferenced.status, 0, unreferenced.stderr);

  const program = `${prelude}
    const fd = libc.eventfd(0, 0);
    const watching = watch(fd, () => { console.log("ready"); watching.close(); });
    // It is served for as long as the program lives, and no longer.
    let turn = 0;
    const other = watch(libc.eventfd(1, 0), () => {
      if (++turn < 10) return;
      libc.write(fd, new BigUint64Array([1n]), 8);
      other.close();
    }).unref();
  `;
  const referenced = await runFresh(program);
  assert.deepEqual([referenced.status, referenced.stdout], [0, "ready\n"]);
});

test("an unreferenced watch is served while something else keeps the program alive", async () => {
  const { stdout } = await runFresh(`${prelude}
    const fd = libc.eventfd(1, 0);
    const timer = setTimeout(() => console.log("too late"), 10_000);
    const watching = watch(fd, () => {
      console.log("ready");
      watching.close();
      clearTimeout(timer);
    }).unref();
  `);
  assert.equal(stdout, "ready\n");
});

test("exiting does not wait for a watch, ready or not", async () => {
  for (const count of [0, 1]) {
    const { status, stderr } = await runFresh(`${prelude}
      import process from "node:process";
      import { turns } from "@posixly/testing";
      watch(libc.eventfd(${count}, 0), () => {});
      await turns();
      process.exit(3);
    `);
    assert.equal(status, 3, stderr);
  }
});

test("an error in a callback is an uncaught one, and the watch goes on", async () => {
  const { stdout } = await runFresh(`${prelude}
    import process from "node:process";
    process.on("uncaughtException", (error) => console.log(error.message));
    let calls = 0;
    const watching = watch(libc.eventfd(1, 0), () => {
      if (++calls === 2) watching.close();
      throw new Error("call " + calls);
    });
  `);
  assert.equal(stdout, "call 1\ncall 2\n");
});

test("works in a Worker, and a Worker that is terminated harms nobody", async () => {
  const { status, stdout, stderr } = await runFresh(`${prelude}
    import { isMainThread, parentPort, Worker } from "node:worker_threads";
    if (isMainThread) {
      for (let i = 0; i < 5; i++) {
        const worker = new Worker(new URL(import.meta.url));
        await new Promise((resolve) => worker.once("message", resolve));
        await worker.terminate();
      }
      console.log("all ended");
    } else {
      // Never read, so that it is ready at the very moment of termination.
      let calls = 0;
      watch(libc.eventfd(1, 0), () => { if (++calls === 3) parentPort.postMessage("ready"); });
    }
  `);
  assert.deepEqual([status, stdout], [0, "all ended\n"], stderr);
});

test.run();
