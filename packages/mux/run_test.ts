import assert from "node:assert/strict";
import { performance } from "node:perf_hooks";
import { setImmediate } from "node:timers";
import { type EventFd, eventfd, timerfd } from "@posixly/fd";
import { busyPoll, looks, readable, run, stop, watch, writable } from "@posixly/mux";
import { errno } from "@posixly/sys";
import { runFresh, timerFires, turns, withoutLeaks } from "@posixly/testing";
import fc from "fast-check";
import { test } from "uvu";
import { libc as used } from "./libc.ts";

/** With what timeouts epoll_wait(2) is called meanwhile; and what to do before it sleeps. */
function timeoutsOf(act: () => void, beforeSleep: () => void = () => {}): number[] {
  const { epoll_wait } = used;
  const timeouts: number[] = [];
  used.epoll_wait = (set, events, most, timeout) => {
    timeouts.push(timeout);
    if (timeout !== 0) beforeSleep();
    return epoll_wait(set, events, most, timeout);
  };
  try {
    act();
    return timeouts;
  } finally {
    used.epoll_wait = epoll_wait;
  }
}

test("the loop tells what is ready until nothing is watched any more", () =>
  withoutLeaks(() =>
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 5 }), { maxLength: 8 }), (counts) => {
        const counters = counts.map((count) => eventfd(count, { semaphore: true }));
        const told = counts.map(() => 0);
        counters.forEach((counter, i) =>
          watch(counter, { readable: true }, () => {
            counter.take();
            if (++told[i] === counts[i]) counter.close();
          })
        );
        run();
        assert.deepEqual(told, counts);
      }),
    )
  ));

test("with nothing to wait for it returns at once, and opens nothing", () =>
  withoutLeaks(() => {
    run();
    run({ busyPoll: 10 });
    using counter = eventfd();
    using _ = watch(counter, { readable: true }, () => {}).unref();
    run();
  }));

test("what is unreferenced is told as well, but does not keep the loop going", () => {
  using counter = eventfd(1);
  using other = eventfd(3, { semaphore: true });
  let told = 0;
  using _ = watch(counter, { readable: true }, () => told++).unref();
  const watching = watch(other, { readable: true }, () => {
    if (other.take() === null) watching.close();
    else if (told === 2) watching.unref();
  });
  run();
  assert.ok(told >= 2);
  watching.close();
});

test("the loop sleeps in the kernel until something comes", () => {
  using timer = timerfd();
  timer.set({ after: 2 });
  const watching = watch(timer, { readable: true }, () => watching.close());
  const timeouts = timeoutsOf(() => run());
  assert.ok(timeouts.every((timeout) => timeout === -1));
  assert.ok(timeouts.length < 5, `${timeouts.length} looks`); // signals may interrupt some
});

test("a signal that interrupts the loop does not end it", () => {
  using counter = eventfd(1);
  let left = 3;
  const { epoll_wait } = used;
  used.epoll_wait = (...args) => left-- > 0 ? -errno.EINTR : epoll_wait(...args);
  try {
    const watching = watch(counter, { readable: true }, () => watching.close());
    run();
  } finally {
    used.epoll_wait = epoll_wait;
  }
  assert.equal(left, -1);
});

/** Counters that are ready by edge, so that nothing is told twice, and what was told of them. */
function ready(names: string[], act: (name: string) => void) {
  const told: string[] = [];
  const counters = names.map(() => eventfd(1));
  const watchers = counters.map((counter, i) =>
    watch(counter, { readable: true, edge: true }, () => {
      told.push(names[i]);
      act(names[i]);
    })
  );
  const end = (counter: EventFd) => counter.close();
  return { told, watchers, [Symbol.dispose]: () => counters.forEach(end) };
}

test("after stop the rest is told the next time, each once", () => {
  using three = ready(["a", "b", "c"], stop);
  for (const left of [2, 1, 0]) {
    run();
    assert.equal(new Set(three.told).size, 3 - left);
    assert.equal(three.told.length, 3 - left);
  }
});

test("after stop the rest is told by the event loop, if the program goes there", () =>
  withoutLeaks(async () => {
    using three = ready(["a", "b", "c"], stop);
    run();
    assert.equal(three.told.length, 1);
    await turns();
    assert.deepEqual([...three.told].sort(), ["a", "b", "c"]);
  }));

test("what a callback throws is thrown, and the rest is told the next time, each once", () => {
  using three = ready(["a", "b", "c"], (name) => {
    throw new Error(name);
  });
  for (const left of [2, 1, 0]) {
    assert.throws(() => run(), { message: /^[abc]$/ });
    assert.equal(new Set(three.told).size, 3 - left);
  }
  for (const watcher of three.watchers) watcher.close();
  run();
  assert.equal(three.told.length, 3);
});

test("of two who watch the same, the second is told though the first throws, or stops", () => {
  for (const end of ["throw", "stop"]) {
    using counter = eventfd(1);
    const told: string[] = [];
    const watchers = ["first", "second"].map((name) =>
      watch(counter, { readable: true }, () => {
        told.push(name);
        if (end === "throw") throw new Error(name);
        stop();
      })
    );
    for (let times = 1; times <= 4; times++) {
      if (end === "throw") assert.throws(() => run(), { message: ["second", "first"][times % 2] });
      else run();
      assert.equal(told.length, times);
    }
    assert.deepEqual(told, ["first", "second", "first", "second"]);
    for (const watcher of watchers) watcher.close();
  }
});

test("what was closed in between is not told the next time", () => {
  using three = ready(["a", "b", "c"], stop);
  run();
  for (const watcher of three.watchers) watcher.close();
  run();
  assert.equal(three.told.length, 1);
});

test("a callback of the event loop may run the loop, within which none may", async () => {
  using counter = eventfd(1);
  using inner = eventfd(1);
  const order: string[] = [];
  const outer = watch(counter, { readable: true }, () => {
    order.push("outer");
    outer.close();
    const watching = watch(inner, { readable: true }, () => {
      order.push("inner");
      assert.throws(() => run(), { message: /Cannot run a loop within the loop/ });
      watching.close();
    });
    run();
    order.push("outer goes on");
  });
  await outer.ended;
  await turns();
  assert.deepEqual(order, ["outer", "inner", "outer goes on"]);
});

test("a wait that is settled within the loop goes on after it", async () => {
  using counter = eventfd(1);
  using other = eventfd();
  let isOver = false;
  const wait = readable(counter).then(() => isOver = true);
  const watching = watch(other, { readable: true }, () => watching.close());
  const toldLast = watch(counter, { readable: true }, () => {
    toldLast.close();
    other.add(1);
  });
  run();
  assert.equal(isOver, false);
  await wait;
});

test("stop without a loop does nothing, not even to the next one", () => {
  stop();
  using counter = eventfd(1);
  let calls = 0;
  const watching = watch(counter, { readable: true }, () => {
    if (++calls === 3) watching.close();
  });
  run();
  assert.equal(calls, 3);
});

test("a loop that polls busily looks without sleeping, and sleeps when nothing comes", () => {
  using timer = timerfd();
  const watching = watch(timer, { readable: true }, () => watching.close());
  const timeouts = withClock(
    5,
    () => timeoutsOf(() => run({ busyPoll: 20_000 }), () => timer.set({ after: 5 })),
  );
  assert.deepEqual(timeouts.slice(0, 5), [0, 0, 0, 0, -1]);

  using counter = eventfd(1);
  const quick = watch(counter, { readable: true }, () => quick.close());
  assert.deepEqual(timeoutsOf(() => run({ busyPoll: 1_000_000 })), [0]);
});

/** Runs something by a clock that goes on by so many milliseconds each time it is looked at. */
function withClock<T>(step: number, act: () => T): T {
  const { now } = performance;
  let time = now.call(performance);
  performance.now = () => time += step;
  try {
    return act();
  } finally {
    performance.now = now;
  }
}

test("what is no number of microseconds is refused", () => {
  for (const bad of [-1, 1.5, NaN, "1", 2 ** 31]) {
    assert.throws(() => run({ busyPoll: bad as number }), /busyPoll/);
    assert.throws(() => busyPoll(bad as number), /microseconds/);
  }
  assert.throws(() => run({ busy: 1 } as object), TypeError);
  assert.throws(() => run(null as never), TypeError);
});

/** How often the reactor looks without the event loop having told it to, while this is awaited. */
async function looksWhile(act: () => Promise<unknown>): Promise<number> {
  const { epoll_wait } = used;
  let looks = 0;
  used.epoll_wait = (...args) => {
    looks++;
    return epoll_wait(...args);
  };
  try {
    await act();
    return looks;
  } finally {
    used.epoll_wait = epoll_wait;
  }
}

test("a thread that polls busily sees at once what comes, and lets timers and others have their turn", () =>
  withoutLeaks(async () => {
    busyPoll(60_000_000);
    try {
      using counter = eventfd();
      const looks = await looksWhile(async () => {
        const wait = readable(counter);
        await timerFires();
        await new Promise<void>((resolve) => void setImmediate(resolve));
        counter.add(1);
        await wait;
      });
      assert.ok(looks > 1, `${looks}`);
    } finally {
      busyPoll(0);
    }
  }));

test("switched off, it stops looking; for a watch it begins again with each time it is told", () =>
  withoutLeaks(async () => {
    using counter = eventfd();
    let told = 0;
    using _ = watch(counter, { readable: true }, () => {
      counter.take();
      told++;
    });
    const idle = () => turns(20);
    try {
      busyPoll(60_000_000);
      counter.add(1);
      while (told === 0) await turns(1);
      assert.ok(await looksWhile(idle) > 1);
      busyPoll(0);
      await idle();
      assert.equal(await looksWhile(idle), 0);
      busyPoll(100);
      counter.add(1);
      assert.ok(
        await looksWhile(async () => {
          while (told === 1) await turns(1);
          await idle();
        }) > 1, // the one that found it, and one at least to see whether there is more
      );
      assert.equal(await looksWhile(idle), 0);
    } finally {
      busyPoll(0);
    }
  }));

test("polling busily keeps no program alive, nor does it outlive the last wait", async () => {
  for (
    const body of [
      `watch(eventfd(), { readable: true }, () => {}).unref();`,
      `const watching = watch(eventfd(1), { readable: true }, () => watching.close());`,
      `await readable(eventfd(1));`,
    ]
  ) {
    const { status, stderr } = await runFresh(`
      import { eventfd } from "@posixly/fd";
      import { busyPoll, readable, watch } from "@posixly/mux";
      busyPoll(2_000_000_000);
      ${body}
    `);
    assert.equal(status, 0, body + stderr);
  }
});

test("a set that is closed while the thread polls busily is looked at no more", () =>
  withoutLeaks(async () => {
    busyPoll(60_000_000);
    try {
      // Long enough for the event loop to go round while nobody waits, and to close the set.
      for (let times = 0; times < 20; times++) {
        using counter = eventfd(1);
        await readable(counter);
        await turns(times % 4);
        await writable(counter);
      }
      await turns();
      assert.equal(await looksWhile(() => turns()), 0);
    } finally {
      busyPoll(0);
    }
  }));

/** A program of two threads. */
const inWorker = (main: string, worker: string) => `
  import { eventfd } from "@posixly/fd";
  import { readable, run, watch } from "@posixly/mux";
  import process from "node:process";
  import { isMainThread, parentPort, Worker } from "node:worker_threads";
  if (isMainThread) {
    const worker = new Worker(new URL(import.meta.url));
    const exit = new Promise((resolve) => worker.once("exit", resolve));
    await new Promise((resolve) => worker.once("message", resolve));
    ${main}
  } else {
    ${worker}
  }
`;
const runs = `
  // Koffi aborts the process if a Worker is terminated while it binds functions: those first.
  const counter = eventfd(5, { semaphore: true });
  watch(eventfd(), { readable: true }, () => {});
  let calls = 0;
  watch(counter, { readable: true }, () => {
    counter.take();
    if (++calls === 5) parentPort.postMessage("runs");
  });
  run();
`;

test("a Worker that runs the loop is terminated, and can be left behind", async () => {
  const terminated = await runFresh(inWorker(
    `await worker.terminate();
     await exit;
     console.log("terminated");`,
    runs,
  ));
  assert.deepEqual(
    [terminated.status, terminated.stdout],
    [0, "terminated\n"],
    terminated.stderr,
  );
  const left = await runFresh(inWorker(`process.exit(5);`, runs));
  assert.equal(left.status, 5, left.stderr);
});

test("a Worker of the web's kind that runs the loop can be left behind, where there are such", async () => {
  const { status, stderr } = await runFresh(`
    import process from "node:process";
    import { eventfd } from "@posixly/fd";
    import { run, watch } from "@posixly/mux";
    const { Worker, WorkerGlobalScope } = globalThis;
    if (Worker === undefined) process.exit(5);
    if (WorkerGlobalScope === undefined || !(globalThis instanceof WorkerGlobalScope)) {
      const worker = new Worker(import.meta.url, { type: "module" });
      await new Promise((resolve) => worker.onmessage = resolve);
      worker.terminate();
      process.exit(5);
    } else {
      watch(eventfd(1), { readable: true, edge: true }, () => postMessage("runs"));
      run();
    }
  `);
  assert.equal(status, 5, stderr);
});

test("a Worker that waits on its event loop is terminated, and can be left behind", async () => {
  const waits = `
    await readable(eventfd(1));
    readable(eventfd());
    watch(eventfd(1), { readable: true, edge: true }, () => parentPort.postMessage("waits"));
  `;
  const terminated = await runFresh(inWorker(
    `await worker.terminate();
     await exit;
     console.log("terminated");`,
    waits,
  ));
  assert.deepEqual(
    [terminated.status, terminated.stdout],
    [0, "terminated\n"],
    terminated.stderr,
  );
  const left = await runFresh(inWorker(`process.exit(5);`, waits));
  assert.equal(left.status, 5, left.stderr);
});

test("a Worker ends by itself when nothing is waited for any more", async () => {
  const { status, stdout, stderr } = await runFresh(inWorker(
    `console.log(await exit);`,
    `const counter = eventfd(1);
     await readable(counter);
     watch(counter, { readable: true }, () => {}).unref();
     const watching = watch(counter, { readable: true }, () => {
       parentPort.postMessage("told");
       watching.close();
     });`,
  ));
  assert.deepEqual([status, stdout], [0, "0\n"], stderr);
});

test("those that are ready together are told within one look, and later ones within another", () =>
  withoutLeaks(() => {
    using first = eventfd(1);
    using second = eventfd(1);
    const seen: number[] = [];
    const watchers = [first, second].map((counter) =>
      watch(counter, { readable: true }, () => {
        seen.push(looks());
        if (seen.length === 4) { for (const watcher of watchers) watcher.close(); }
      })
    );
    run();
    assert.equal(seen[0], seen[1]);
    assert.equal(seen[2], seen[3]);
    assert.ok(seen[2] > seen[1]);
  }));

test.run();
