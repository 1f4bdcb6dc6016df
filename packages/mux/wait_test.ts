import assert from "node:assert/strict";
import { performance } from "node:perf_hooks";
import process from "node:process";
import { close, duplicateTo, eventfd, memfd, open, type OwnedFd, read, write } from "@posixly/fd";
import { readable, ready, whenReadable, writable } from "@posixly/mux";
import { runFresh, timerFires, turns, withoutLeaks } from "@posixly/testing";
import fc from "fast-check";
import { test } from "uvu";
import { pipe, socketpair } from "./ends_fixture.ts";
import { libc as used } from "./libc.ts";

const bytes = new Uint8Array(65536);
const fill = (fd: OwnedFd) => {
  while (write(fd, bytes) !== null);
};
const drain = (fd: OwnedFd) => {
  while ((read(fd, bytes) ?? 0) > 0);
};

/** Waits until the event loop has looked, and has told all that was ready. */
async function seen(): Promise<void> {
  using counter = eventfd(1);
  await readable(counter);
}

/** Says how a wait stands. */
function state(wait: Promise<unknown>): { now: string } {
  const state = { now: "waits" };
  wait.then(() => state.now = "ready", (error) => state.now = error.name);
  return state;
}

/** What calls were made of one function of the C side. */
async function callsOf(name: "epoll_ctl", run: () => Promise<void>): Promise<number> {
  const call = used[name];
  let calls = 0;
  used[name] = (...args) => {
    calls++;
    return call(...args);
  };
  try {
    await run();
  } finally {
    used[name] = call;
  }
  return calls;
}

const isClosed = { message: "Cannot wait any longer: the descriptor was closed" };

test("a wait is over when a read would not block, and not before", () =>
  withoutLeaks(async () => {
    const [reader, writer] = pipe();
    const wait = readable(reader);
    const waiting = state(wait);
    await seen();
    assert.equal(waiting.now, "waits");
    write(writer, Uint8Array.of(1));
    await wait;
    assert.equal(read(reader, bytes), 1);
    const end = readable(reader);
    writer.close();
    await end;
    assert.equal(read(reader, bytes), 0);
    reader.close();
  }));

test("a wait is over when a write would not block, or would fail, and not before", () =>
  withoutLeaks(async () => {
    const [reader, writer] = pipe();
    await writable(writer);
    fill(writer);
    const room = writable(writer);
    const waiting = state(room);
    await seen();
    assert.equal(waiting.now, "waits");
    drain(reader);
    await room;
    fill(writer);
    const end = writable(writer);
    reader.close();
    await end;
    assert.throws(() => write(writer, bytes), { code: "EPIPE" });
    writer.close();
  }));

test("no wait is over before the caller goes on, even if there is something already", async () => {
  using counter = eventfd(1);
  let goesOn = false;
  const wait = readable(counter).then(() => assert.ok(goesOn));
  await undefined;
  goesOn = true;
  await wait;
});

test("what is the case is told by name, and nothing else", async () => {
  const [reader, writer] = pipe();
  using counter = eventfd(1);
  const readiness = {
    readable: false,
    writable: false,
    priority: false,
    readHangUp: false,
    hangUp: false,
    error: false,
  };
  assert.deepEqual(await ready(counter, { readable: true }), { ...readiness, readable: true });
  assert.deepEqual(await ready(writer, { readable: true, writable: true }), {
    ...readiness,
    writable: true,
  });
  write(writer, Uint8Array.of(1));
  writer.close();
  assert.deepEqual(await ready(reader, { readable: true }), {
    ...readiness,
    readable: true,
    hangUp: true,
  });
  reader.close();
});

test("any number may wait for the same descriptor, to read and to write, and all are told", () =>
  withoutLeaks(async () => {
    const [ours, theirs] = socketpair();
    fill(ours);
    const readers = [ours, ours, ours.fd].map((fd) => readable(fd));
    const writers = [ours, ours.fd, ours].map((fd) => writable(fd));
    const writing = writers.map(state);
    write(theirs, Uint8Array.of(1));
    await Promise.all(readers);
    assert.deepEqual(writing.map(({ now }) => now), ["waits", "waits", "waits"]);
    const reading = state(readable(ours));
    drain(ours);
    drain(theirs);
    await Promise.all(writers);
    assert.equal(reading.now, "waits"); // it was drained before anybody looked
    ours.close();
    theirs.close();
  }));

test("of many descriptors those are told that are ready, and no others", () =>
  withoutLeaks(() =>
    fc.assert(
      fc.asyncProperty(fc.array(fc.boolean(), { minLength: 1, maxLength: 40 }), async (full) => {
        const counters = full.map((isFull) => eventfd(isFull ? 1 : 0));
        const waits = counters.map((counter) => readable(counter));
        const states = waits.map(state);
        await seen();
        assert.deepEqual(states.map(({ now }) => now), full.map((is) => is ? "ready" : "waits"));
        for (const counter of counters) counter.close();
        const closed = full.filter((isFull) => !isFull).length;
        const ended = await Promise.allSettled(waits);
        assert.equal(ended.filter(({ status }) => status === "rejected").length, closed);
      }),
      { numRuns: 30 },
    )
  ));

test("waiting again for what has an owner costs no call", async () => {
  using counter = eventfd(1);
  const calls = await callsOf("epoll_ctl", async () => {
    for (let times = 0; times < 50; times++) await readable(counter);
  });
  assert.equal(calls, 1);
});

test("closing or releasing what is waited for ends all waits with an error", () =>
  withoutLeaks(async () => {
    for (const leave of ["close", "release", Symbol.dispose] as const) {
      const counter = eventfd(2 ** 32 - 1);
      counter.add(2n ** 64n - 1n - 2n ** 32n);
      const { fd } = counter;
      const waits = [writable(counter), writable(counter), writable(fd)];
      await seen();
      counter[leave]();
      for (const wait of waits) await assert.rejects(wait, isClosed);
      if (leave === "release") close(fd);
    }
  }));

test("a wait ends when its descriptor is replaced by another", async () => {
  using from = eventfd(1);
  using to = eventfd();
  const wait = readable(to);
  duplicateTo(from, to);
  await assert.rejects(wait, isClosed);
  await readable(to);
});

test("a wait that begins while its descriptor is being closed ends with it", async () => {
  const counter = eventfd();
  let wait: Promise<void> | undefined;
  counter.beforeClose(() => wait = readable(counter));
  counter.close();
  await assert.rejects(wait!, isClosed);
});

test("a second owner of a number that was closed behind the first one's back is not mistaken", () =>
  withoutLeaks(async () => {
    const first = eventfd();
    const { fd } = first;
    const stale = assert.rejects(readable(first), isClosed);
    close(fd);
    const second = eventfd(1);
    assert.equal(second.fd, fd);
    await readable(second);
    await stale;
    second.close();
    first.release();
  }));

test("a number that was closed and given out again is not mistaken for what it was", () =>
  withoutLeaks(async () => {
    const fd = eventfd().release();
    const stale = assert.rejects(readable(fd), isClosed);
    close(fd);
    const again = eventfd(1).release();
    assert.equal(again, fd);
    await readable(again);
    await stale;
    close(again);
  }));

test("what cannot be waited for is refused, and leaves nothing behind", () =>
  withoutLeaks(async () => {
    const file = memfd();
    using folder = open("/", { directory: true });
    const { fd } = file;
    for (const wait of [readable, writable]) {
      await assert.rejects(wait(file), { code: "EPERM", syscall: "epoll_ctl", fd });
      await assert.rejects(wait(folder), { code: "EPERM" });
    }
    file.close();
    await assert.rejects(readable(file), /was closed/);
    await assert.rejects(readable(fd), { code: "EBADF", fd });
    await assert.rejects(readable(-1), RangeError);
    await assert.rejects(readable("0" as never), TypeError);
    await assert.rejects(ready(0, {}), TypeError);
    await assert.rejects(ready(0, { readable: 1 as never }), TypeError);
    await assert.rejects(ready(0, { edge: true } as never), TypeError);
  }));

test("options there are not, and such that are none, are refused before anything is done", () =>
  withoutLeaks(async () => {
    using counter = eventfd(1);
    const refused: [object, ErrorConstructor][] = [
      [{ signals: undefined }, TypeError],
      [{ signal: {} }, TypeError],
      [{ signal: null }, TypeError],
      [{ timeout: "5" }, TypeError],
      [{ timeout: null }, TypeError],
      [{ timeout: NaN }, TypeError],
      [{ timeout: -1 }, RangeError],
      [{ timeout: -0.5 }, RangeError],
      [{ timeout: 2 ** 53 }, RangeError],
      [{ signal: { throwIfAborted() {} } }, TypeError],
    ];
    for (const [options, kind] of refused) {
      await assert.rejects(readable(counter, options), kind, JSON.stringify(options));
    }
  }));

test("a signal that has aborted ends a wait before it begins, also of what is ready", () =>
  withoutLeaks(async () => {
    using counter = eventfd(1);
    const reason = new Error("enough");
    await assert.rejects(readable(counter, { signal: AbortSignal.abort(reason) }), reason);
  }));

test("a signal ends the wait that it was given to, and no other", () =>
  withoutLeaks(async () => {
    using counter = eventfd();
    const { signal, abort } = controller();
    const aborted = readable(counter, { signal });
    const other = readable(counter, { signal: controller().signal });
    const third = readable(counter);
    await seen();
    const reason = new Error("enough");
    abort(reason);
    await assert.rejects(aborted, reason);
    const states = [other, third].map(state);
    await seen();
    assert.deepEqual(states.map(({ now }) => now), ["waits", "waits"]);
    counter.add(1);
    await Promise.all([other, third]);
  }));

/** A controller that counts who listens to its signal. */
function controller() {
  const { signal, abort, listeners } = countListeners(new AbortController());
  return { signal, abort, listeners };
}

function countListeners(controller: AbortController) {
  const { signal } = controller;
  const listening = new Set<unknown>();
  const add = signal.addEventListener.bind(signal) as (...args: unknown[]) => void;
  const remove = signal.removeEventListener.bind(signal) as (...args: unknown[]) => void;
  signal.addEventListener = (...args: unknown[]) => {
    listening.add(args[1]);
    add(...args);
  };
  signal.removeEventListener = (...args: unknown[]) => {
    listening.delete(args[1]);
    remove(...args);
  };
  return {
    signal,
    abort: (reason: unknown) => controller.abort(reason),
    listeners: () => listening.size,
  };
}

test("a wait that is over listens to its signal no more, however it ended", async () => {
  const { signal, abort, listeners } = controller();
  const counter = eventfd(1);
  await readable(counter, { signal });
  assert.equal(listeners(), 0);
  counter.take();
  await assert.rejects(readable(counter, { signal, timeout: 1 }), { name: "TimeoutError" });
  assert.equal(listeners(), 0);
  await assert.rejects(readable(1_000_000, { signal }), { code: "EBADF" });
  assert.equal(listeners(), 0);
  const closed = readable(counter, { signal });
  counter.close();
  await assert.rejects(closed, isClosed);
  assert.equal(listeners(), 0);
  abort(new Error("too late"));
});

test("a signal may be given to any number of waits, without a warning", async () => {
  const warnings: string[] = [];
  const warn = ({ message }: Error) => void warnings.push(message);
  process.on("warning", warn);
  using counter = eventfd();
  const { signal, abort, listeners } = controller();
  const waits = Array.from({ length: 100 }, () => readable(counter, { signal }));
  assert.equal(listeners(), 100);
  abort(new Error("all of you"));
  for (const wait of waits) await assert.rejects(wait, { message: "all of you" });
  await turns();
  process.off("warning", warn);
  assert.deepEqual(warnings, []);
});

test("a wait with a timeout ends with a TimeoutError, and never early", () =>
  withoutLeaks(async () => {
    using counter = eventfd();
    let isOver = false;
    // Timers are counted in whole milliseconds, which shows if the loop does not sleep meanwhile.
    const spin = () => void (isOver || setImmediate(spin));
    spin();
    for (let sample = 0; sample < 30; sample++) {
      const timeout = [0, 0.3, 1, 2.5][sample % 4];
      const begin = performance.now();
      await assert.rejects(readable(counter, { timeout }), { name: "TimeoutError" });
      const took = performance.now() - begin;
      assert.ok(took >= timeout, `${timeout} ms took ${took}`);
    }
    isOver = true;
  }));

test("a timeout does not end the wait of what was ready in time, even if nobody looked", async () => {
  using counter = eventfd();
  await turns(1); // so that timers are the next to have their turn
  const wait = readable(counter, { timeout: 2 });
  counter.add(1);
  for (const begin = performance.now(); performance.now() < begin + 5;);
  await wait;
  await readable(counter, { timeout: 0 });
});

test("thousands may wait for one descriptor, and each may end on its own", () =>
  withoutLeaks(async () => {
    const counter = eventfd();
    const controllers = Array.from({ length: 3000 }, () => new AbortController());
    const waits = controllers.map(({ signal }) => state(readable(counter, { signal })));
    const now = () => waits.map(({ now }) => now);
    await seen();
    for (let i = 0; i < controllers.length; i += 2) controllers[i].abort();
    await seen();
    assert.deepEqual(now(), waits.map((_, i) => i % 2 === 0 ? "AbortError" : "waits"));
    counter.add(1);
    await seen();
    assert.deepEqual(now(), waits.map((_, i) => i % 2 === 0 ? "AbortError" : "ready"));
    counter.take();
    const ending = Array.from({ length: 3000 }, () => state(readable(counter)));
    counter.close();
    await seen();
    assert.ok(ending.every(({ now }) => now === "Error"));
  }));

test("a timeout may be longer than the timers of the runtime are", async () => {
  const warnings: Error[] = [];
  const warned = (warning: Error) => {
    if (warning.name === "TimeoutOverflowWarning") warnings.push(warning);
  };
  process.on("warning", warned);
  using counter = eventfd();
  const waiting = readable(counter, { timeout: 2 ** 31 });
  const longest = readable(counter, { timeout: Number.MAX_SAFE_INTEGER });
  const states = [waiting, longest].map(state);
  using never = eventfd(); // until when a timer of 1 ms would be over
  await assert.rejects(readable(never, { timeout: 3 }), { name: "TimeoutError" });
  assert.deepEqual(states.map(({ now }) => now), ["waits", "waits"]);
  counter.add(1);
  await Promise.all([waiting, longest]);
  process.off("warning", warned);
  assert.deepEqual(warnings, []);
});

test("with a signal and a timeout, the earlier ends the wait", async () => {
  using counter = eventfd();
  const { signal } = controller();
  await assert.rejects(readable(counter, { signal, timeout: 1 }), { name: "TimeoutError" });
  const later = controller();
  const wait = readable(counter, { signal: later.signal, timeout: 60_000 });
  later.abort(new Error("earlier"));
  await assert.rejects(wait, { message: "earlier" });
});

test("a timeout that was not needed keeps no program alive, nor does one that is endless", async () => {
  const { status, stdout } = await runFresh(`
    import { eventfd } from "@posixly/fd";
    import { readable } from "@posixly/mux";
    const counter = eventfd(1);
    await readable(counter, { timeout: 3_600_000 });
    await readable(counter, { timeout: Infinity });
    counter.close();
    console.log("done");
  `);
  assert.deepEqual([status, stdout], [0, "done\n"]);
});

test("a wait keeps the program alive; one that has ended does not", async () => {
  const { status, stdout, stderr } = await runFresh(`
    import process from "node:process";
    import { eventfd } from "@posixly/fd";
    import { readable } from "@posixly/mux";
    const counter = eventfd();
    const other = eventfd();
    const given = new AbortController();
    readable(other, { signal: given.signal }).catch(() => console.log("aborted"));
    readable(counter).then(() => console.log("ready"));
    setImmediate(() => setImmediate(() => { given.abort(); counter.add(1); }));
    process.on("exit", () => console.log("exit"));
  `);
  assert.deepEqual([status, stdout], [0, "aborted\nready\nexit\n"], stderr);
});

test("a thousand descriptors, each opened, waited for and closed, leave nothing behind", () =>
  withoutLeaks(async () => {
    for (let cycle = 0; cycle < 1000; cycle++) {
      const [reader, writer] = pipe();
      const wait = cycle % 3 === 0 ? readable(reader.fd) : readable(reader);
      write(writer, Uint8Array.of(1));
      await wait;
      if (cycle % 2 === 0) readable(writer).catch(() => {});
      reader.close();
      writer.close();
    }
  }));

test("a thread that waits now and then opens one set, and closes it once it waits no more", () =>
  withoutLeaks(async () => {
    const { epoll_create1 } = used;
    let opened = 0;
    used.epoll_create1 = (flags) => {
      opened++;
      return epoll_create1(flags);
    };
    try {
      using counter = eventfd();
      for (let wait = 0; wait < 200; wait++) {
        setImmediate(() => counter.add(1));
        await whenReadable(counter, () => counter.take()); // a turn is due now and then
        await turns(3);
      }
      assert.equal(opened, 1);
      await turns(20);
      counter.add(1);
      await readable(counter);
      assert.equal(opened, 2);
    } finally {
      used.epoll_create1 = epoll_create1;
    }
  }));

test("what is always ready keeps nobody else from being told, and no timer from firing", async () => {
  using always = eventfd(1);
  using other = eventfd();
  let over = false;
  const busy = [1, 2, 3].map(async () => {
    let times = 0;
    while (!over) {
      await readable(always);
      times++;
    }
    return times;
  });
  await timerFires();
  setImmediate(() => other.add(1));
  await readable(other);
  over = true;
  for (const times of await Promise.all(busy)) assert.ok(times > 1);
});

test.run();
