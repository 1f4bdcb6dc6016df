import assert from "node:assert/strict";
import { close, duplicate, type EventFd, eventfd, type OwnedFd } from "@posixly/fd";
import { readable, watch, writable } from "@posixly/mux";
import { errno } from "@posixly/sys";
import { runFresh, withoutLeaks } from "@posixly/testing";
import fc from "fast-check";
import { test } from "uvu";
import { World } from "./ghost_stress.ts";
import { EPOLL_CTL_ADD, EPOLL_CTL_MOD, libc as used } from "./libc.ts";
import { reactor } from "./reactor.ts";

/** Random choices that fast-check can make smaller. */
const choices = fc.array(fc.nat({ max: 2 ** 30 }), { minLength: 20, maxLength: 400 });

function chooserOf(choices: number[]): (n: number) => number {
  let next = 0;
  return (n) => choices[next++ % choices.length] % n;
}

test("at each look everybody is told what is so, and nobody anything else", () =>
  withoutLeaks(() =>
    fc.assert(
      fc.property(choices, fc.integer({ min: 1, max: 300 }), (choices, steps) => {
        const world = new World(chooserOf(choices));
        try {
          for (let step = 0; step < steps; step++) world.step();
        } finally {
          world.end();
        }
      }),
      { numRuns: 200 },
    )
  ));

test("the same on the event loop", () =>
  withoutLeaks(() =>
    fc.assert(
      fc.asyncProperty(choices, fc.integer({ min: 1, max: 20 }), async (choices, looks) => {
        const world = new World(chooserOf(choices), false);
        try {
          for (let look = 0; look < looks; look++) {
            for (let step = 0; step < 10; step++) world.step();
            await world.lookOnLoop();
          }
        } finally {
          world.end();
        }
      }),
      { numRuns: 30 },
    )
  ));

/** Has a function of the C side fail for a while, when `fails` says so. */
function failing(
  name: "epoll_create1" | "epoll_ctl" | "epoll_wait",
  result: number,
  fails: (...args: number[]) => boolean,
) {
  const functions = used as unknown as Record<string, (...args: number[]) => number>;
  const call = functions[name];
  const failing = {
    failures: 0,
    [Symbol.dispose]: () => void (functions[name] = call),
  };
  functions[name] = (...args) => {
    if (!fails(...args)) return call(...args);
    failing.failures++;
    return result;
  };
  return failing;
}

test("a set that cannot be opened refuses the wait, and the next one is tried anew", () =>
  withoutLeaks(async () => {
    using counter = eventfd(1);
    {
      using _ = failing("epoll_create1", -errno.EMFILE, () => true);
      await assert.rejects(readable(counter), { code: "EMFILE", syscall: "epoll_create1" });
      assert.throws(() => watch(counter, { readable: true }, () => {}), { code: "EMFILE" });
    }
    await readable(counter);
  }));

test("a first wait that is refused leaves no set behind", async () => {
  const { stdout, stderr } = await runFresh(`
    import { eventfd, memfd } from "@posixly/fd";
    import { readable } from "@posixly/mux";
    import { openDescriptors, openedSince, turns } from "@posixly/testing";
    const counter = eventfd(1);
    await readable(counter); // opens what stays open
    await turns(100); // and the set is closed
    const file = memfd();
    const before = openDescriptors();
    await readable(file).catch(({ code }) => console.log(code));
    console.log((await openedSince(before)).join());
    counter.close();
    file.close();
  `);
  assert.equal(stdout, "EPERM\n\n", stderr);
});

test("a descriptor that cannot be added refuses the wait, and the others go on", () =>
  withoutLeaks(async () => {
    using counter = eventfd(1);
    using other = eventfd();
    const waiting = readable(other);
    {
      using _ = failing("epoll_ctl", -errno.ENOMEM, (_set, how) => how === EPOLL_CTL_ADD);
      await assert.rejects(readable(counter), { code: "ENOMEM", fd: counter.fd });
      await assert.rejects(readable(counter.fd), { code: "ENOMEM", fd: counter.fd });
      // A second way of watching takes a duplicate, which must not stay.
      assert.throws(() => watch(other, { readable: true, edge: true }, () => {}), {
        code: "ENOMEM",
      });
    }
    await readable(counter);
    other.add(1);
    await waiting;
  }));

test("a change that fails refuses the wait, and those before it go on as they were", () =>
  withoutLeaks(async () => {
    using counter = eventfd();
    const waiting = readable(counter);
    const watching = watch(counter, { readable: true }, () => {});
    {
      using _ = failing("epoll_ctl", -errno.ENOMEM, (_set, how) => how === EPOLL_CTL_MOD);
      await assert.rejects(writable(counter), { code: "ENOMEM", fd: counter.fd });
      assert.throws(() => watching.modify({ writable: true }), { code: "ENOMEM" });
    }
    counter.add(1);
    await waiting;
    watching.close();
    await writable(counter);
  }));

test("interrupted looks find what there is all the same", async () => {
  using counter = eventfd(1);
  let left = 5;
  using interrupted = failing("epoll_wait", -errno.EINTR, () => left-- > 0);
  await readable(counter);
  assert.equal(interrupted.failures, 5);
});

/** Waits on the event loop until it is so. */
async function until(isSo: () => boolean): Promise<void> {
  using always = eventfd(1);
  do await readable(always); while (!isSo());
}

/** Something that is open and readable after the number that it was watched by was closed. */
function ghost(): OwnedFd {
  const number = eventfd(1).release();
  const another = duplicate(number);
  watch(number, { readable: true }, () => assert.fail("told of what was closed"));
  close(number);
  return another;
}

test("what lives on after its number was closed is got rid of, and nobody loses anything", () =>
  withoutLeaks(async () => {
    using other = eventfd();
    using edge = eventfd();
    const waiting = readable(other);
    let edges = 0;
    const watching = watch(edge, { readable: true, edge: true }, () => edges++);
    using _ = ghost();
    edge.add(1);
    await until(() => edges > 0);
    other.add(1);
    await waiting;
    await until(() => true);
    assert.equal(reactor.dispatch(0), false);
    watching.close();
  }));

test("where there is no room for another set, ghosts are borne with until there is", () =>
  withoutLeaks(async () => {
    using other = eventfd();
    const waiting = readable(other);
    using _ = ghost();
    {
      using refused = failing("epoll_create1", -errno.EMFILE, () => true);
      await until(() => refused.failures > 3);
    }
    {
      // Nor is there if the new one cannot take what the old one has.
      let old = -1;
      using refused = failing("epoll_ctl", -errno.ENOSPC, (set, how) => {
        if (old === -1) old = set;
        return how === EPOLL_CTL_ADD && set !== old;
      });
      await until(() => refused.failures > 3);
    }
    other.add(1);
    await waiting;
  }));

test("what keeps no program alive does not after a move to another set either", async () => {
  const { status, stdout } = await runFresh(`
    import { close, duplicate, eventfd } from "@posixly/fd";
    import { watch } from "@posixly/mux";
    import { turns } from "@posixly/testing";
    const number = eventfd(1).release();
    const another = duplicate(number);
    watch(eventfd(), { readable: true }, () => {}).unref();
    let isOver = false;
    const watcher = watch(number, { readable: true }, () => {}).unref();
    await turns();
    close(number);
    watcher.ended.then(() => isOver = true);
    while (!isOver) await turns();
    await turns(1000); // in which it moves
    console.log("ended");
  `);
  assert.deepEqual([status, stdout], [0, "ended\n"]);
});

test("where descriptors run out, the wait is refused and nothing stays open, at whatever step", async () => {
  const { stdout, stderr } = await runFresh(`
    import { eventfd, limit, setLimit } from "@posixly/fd";
    import { readable, watch, writable } from "@posixly/mux";
    import { openDescriptors, openedSince } from "@posixly/testing";
    const counter = eventfd(1);
    await readable(counter); // opens what stays open
    await openedSince([]);
    const { soft } = limit("openFiles");
    const highest = openDescriptors().at(-1).fd;
    const before = openDescriptors();
    const outcomes = new Set();
    for (let room = 0; room < 12; room++) {
      // The runtime needs some itself; what is free below the highest is left to it.
      setLimit("openFiles", { soft: highest + 1 + room });
      const filled = [];
      try {
        for (;;) {
          const one = eventfd();
          if (one.fd > highest) { one.close(); break; }
          filled.push(one);
        }
      } catch ({ code }) {
        if (code !== "EMFILE") throw new Error(code);
      }
      let watcher;
      try {
        await readable(counter);
        watcher = watch(counter, { readable: true }, () => {});
        await writable(counter);
        watch(counter, { readable: true, edge: true }, () => {}).close();
        outcomes.add("room");
      } catch ({ code }) {
        outcomes.add(code);
      }
      watcher?.close();
      setLimit("openFiles", { soft });
      for (const one of filled) one.close();
      await readable(counter);
      const left = await openedSince(before);
      if (left.length > 0) console.log(room, left);
    }
    console.log([...outcomes].sort().join());
    counter.close();
  `);
  assert.equal(stdout, "EMFILE,room\n", stderr);
});

test("a batch is as large as it may be, and the next begins with others", () =>
  withoutLeaks(() => {
    const counters = Array.from({ length: 600 }, () => eventfd(1));
    const told = new Set<EventFd>();
    const watchers = counters.map((counter) =>
      watch(counter, { readable: true }, () => void told.add(counter))
    );
    for (let looks = 0; looks < 3; looks++) reactor.dispatch(0);
    assert.equal(told.size, counters.length);
    for (const watcher of watchers) watcher.close();
    for (const counter of counters) counter.close();
  }));

test.run();
