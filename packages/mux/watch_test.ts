import assert from "node:assert/strict";
import {
  close,
  duplicateTo,
  type EventFd,
  eventfd,
  memfd,
  type OwnedFd,
  read,
  write,
} from "@posixly/fd";
import {
  type EpollInterest,
  looks as looksSoFar,
  readable,
  watch,
  type Watcher,
} from "@posixly/mux";
import { runFresh, timerFires, turns, withoutLeaks } from "@posixly/testing";
import { test } from "uvu";
import { pipe, socketpair } from "./ends_fixture.ts";

const bytes = new Uint8Array(65536);
const byte = Uint8Array.of(1);

/** Has the event loop look so many times, and tell all that is ready each time. */
async function looks(times = 1): Promise<void> {
  using always = eventfd(1);
  for (let look = 0; look < times; look++) await readable(always);
}

/** A watch that counts how often it is told, and what. */
function counting(fd: OwnedFd | number, way: EpollInterest) {
  const seen: string[][] = [];
  const watcher = watch(fd, way, (readiness) => {
    seen.push(Object.entries(readiness).flatMap(([name, is]) => is ? [name] : []));
  });
  return { way, watcher, seen, [Symbol.dispose]: () => watcher.close() };
}

test("by level, a watch is told as long as it is so", () =>
  withoutLeaks(async () => {
    using counter = eventfd();
    using watching = counting(counter, { readable: true });
    await looks();
    assert.deepEqual(watching.seen, []);
    counter.add(1);
    await looks(3);
    assert.ok(watching.seen.length >= 3);
    for (const names of watching.seen) assert.deepEqual(names, ["readable"]);
    counter.take();
    const before = watching.seen.length;
    await looks(2);
    assert.equal(watching.seen.length, before);
  }));

test("by edge, a watch is told once for each time that something comes", () =>
  withoutLeaks(async () => {
    using counter = eventfd(1);
    using watching = counting(counter, { readable: true, edge: true });
    await looks(3);
    assert.equal(watching.seen.length, 1);
    counter.add(1);
    await looks(3);
    assert.equal(watching.seen.length, 2);
  }));

test("by edge, changing what to look for tells what is so already", async () => {
  using counter = eventfd(1);
  using watching = counting(counter, { readable: true, edge: true });
  await looks(2);
  watching.watcher.modify({ readable: true, writable: true });
  await looks(2);
  assert.deepEqual(watching.seen, [["readable"], ["readable", "writable"]]);
});

test("a one-shot is told once, and once more each time it is asked again", () =>
  withoutLeaks(async () => {
    for (const edge of [false, true]) {
      using counter = eventfd(1);
      using watching = counting(counter, { readable: true, oneShot: true, edge });
      await looks(3);
      counter.add(1);
      await looks(3);
      assert.equal(watching.seen.length, 1);
      watching.watcher.modify({ readable: true });
      await looks(3);
      assert.equal(watching.seen.length, 2);
      watching.watcher.modify({ readable: true, writable: true });
      await looks(3);
      assert.deepEqual(watching.seen[2], ["readable", "writable"]);
      assert.equal(watching.seen.length, 3);
    }
  }));

test("an exclusive watch is told as others are, and cannot be changed", () =>
  withoutLeaks(async () => {
    using counter = eventfd(1);
    using watching = counting(counter, { readable: true, exclusive: true });
    await looks(2);
    assert.ok(watching.seen.length >= 2);
    assert.throws(() => watching.watcher.modify({ writable: true }), { code: "EINVAL" });
    using other = eventfd(1);
    const refused = { readable: true, exclusive: true, oneShot: true };
    assert.throws(() => watch(other, refused, () => {}), { code: "EINVAL" });
  }));

test("a watch that keeps the machine awake is told as others are", async () => {
  using counter = eventfd(1);
  using watching = counting(counter, { readable: true, wakeUp: true });
  await looks(2);
  assert.ok(watching.seen.length >= 2);
});

test("a watch can be changed to look for something else, and says when it was closed", async () => {
  const [ours, theirs] = socketpair();
  using watching = counting(ours, { readable: true });
  watching.watcher.modify({ writable: true });
  await looks();
  assert.deepEqual(watching.seen[0], ["writable"]);
  watching.watcher.modify({ readHangUp: true });
  watching.seen.length = 0;
  await looks();
  assert.deepEqual(watching.seen, []);
  theirs.close();
  await looks();
  assert.deepEqual(watching.seen[0], ["readHangUp", "hangUp"]);
  for (const bad of [{ readable: 1 }, { edge: true }, { writeable: true }, null]) {
    assert.throws(() => watching.watcher.modify(bad as never), TypeError);
  }
  watching.watcher.close();
  assert.throws(() => watching.watcher.modify({ readable: true }), /was closed/);
  ours.close();
});

test("a watch that rests is told nothing, not even that the other side is gone", () =>
  withoutLeaks(async () => {
    for (const byNumber of [false, true]) {
      const [ours, theirs] = socketpair();
      const number = byNumber ? ours.fd : ours;
      using watching = counting(number, { readable: true });
      using other = counting(number, { writable: true });
      await looks();
      write(theirs, new Uint8Array(1));
      await looks();
      assert.deepEqual(watching.seen, [["readable"]]);
      watching.watcher.modify({});
      const before = other.seen.length;
      await looks(3);
      assert.equal(watching.seen.length, 1);
      assert.ok(other.seen.length > before);

      other.watcher.modify({});
      theirs.close();
      await looks(3);
      assert.equal(watching.seen.length, 1);
      watching.watcher.modify({ readable: true });
      await looks();
      assert.deepEqual(watching.seen[1], ["readable", "hangUp"]);
      watching.watcher.close();
      other.watcher.close();
      ours.close();
    }
  }));

test("whoever rests is not asked again and again whether the other side is gone", () =>
  withoutLeaks(async () => {
    for (const byNumber of [false, true]) {
      const [ours, theirs] = socketpair();
      using watching = counting(byNumber ? ours.fd : ours, { readable: true });
      watching.watcher.modify({});
      theirs.close();
      await looks(3);
      const before = looksSoFar();
      await turns(20);
      assert.ok(looksSoFar() <= before + 2, `${looksSoFar() - before} looks`);
      watching.watcher.close();
      ours.close();
    }
  }));

test("changing a watch of a number that was closed says so", () => {
  const number = eventfd().release();
  using watching = counting(number, { readable: true });
  close(number);
  assert.throws(() => watching.watcher.modify({ writable: true }), { code: "EBADF", fd: number });
});

test("errors and hang-ups are told, asked for or not", async () => {
  const [reader, writer] = pipe();
  using reading = counting(reader, { readable: true });
  write(writer, byte);
  writer.close();
  await looks();
  assert.deepEqual(reading.seen[0], ["readable", "hangUp"]);
  read(reader, bytes);
  reading.seen.length = 0;
  await looks();
  assert.deepEqual(reading.seen[0], ["hangUp"]);
  reader.close();

  const [end, other] = pipe();
  using writing = counting(other, { readable: true });
  end.close();
  await looks();
  assert.deepEqual(writing.seen[0], ["error"]);
  other.close();
});

test("one descriptor may be watched in every way at once, and waited for besides", () =>
  withoutLeaks(async () => {
    const ways: EpollInterest[] = [
      { readable: true },
      { readable: true },
      { readable: true, edge: true },
      { readable: true, edge: true },
      { readable: true, oneShot: true },
      { readable: true, exclusive: true },
      { readable: true, edge: true, oneShot: true },
    ];
    for (let first = 0; first < ways.length; first++) {
      const order = [...ways.slice(first), ...ways.slice(0, first)];
      const counter = eventfd();
      const watching = order.map((way) => counting(counter, way));
      /** What comes now is told to these, by edge once. */
      const come = async (these: typeof watching, isTold: (way: EpollInterest) => boolean) => {
        const wait = readable(counter);
        counter.add(1);
        await wait;
        await looks(3);
        counter.take();
        for (const { seen, way } of these) {
          const often = way.edge || way.oneShot ? seen.length === 1 : seen.length > 1;
          assert.ok(isTold(way) ? often : seen.length === 0, JSON.stringify([way, seen]));
          seen.length = 0;
        }
      };
      await come(watching, () => true);
      for (const { watcher } of watching.splice(0, 3)) watcher.close();
      await come(watching, ({ oneShot }) => !oneShot);
      const wait = readable(counter);
      counter.close();
      await assert.rejects(wait, /was closed/);
      assert.ok(watching.every(({ watcher }) => watcher.closed));
    }
  }));

test("by its number alone, a descriptor is watched in one way", () =>
  withoutLeaks(async () => {
    using counter = eventfd(1);
    const { fd } = counter;
    const edge = counting(fd, { readable: true, edge: true });
    assert.throws(() => watch(fd, { readable: true }, () => {}), /in two modes by its number/);
    assert.throws(() => watch(fd, { readable: true, edge: true }, () => {}), /in two modes/);
    await assert.rejects(readable(fd), /in two modes/);
    await readable(counter);
    edge.watcher.close();
    await readable(fd);
    const level = counting(fd, { readable: true });
    assert.throws(() => watch(fd, { readable: true, edge: true }, () => {}), /in two modes/);
    level.watcher.close();
    // What nobody waits for any more is in nobody's way.
    await readable(counter);
    counting(fd, { readable: true, oneShot: true }).watcher.close();
  }));

test("a watch ends when its owner closes, releases or replaces the descriptor", () =>
  withoutLeaks(async () => {
    for (const leave of ["close", "release", "replace"] as const) {
      const counter = eventfd(1);
      const { fd } = counter;
      const seen: number[] = [];
      const watchers = [{}, { edge: true }, { oneShot: true }].map((mode, i) =>
        watch(counter, { readable: true, ...mode }, () => void seen.push(i))
      );
      if (leave === "replace") {
        using other = eventfd(1);
        duplicateTo(other, counter);
      } else counter[leave]();
      await Promise.all(watchers.map(({ ended }) => ended));
      assert.deepEqual(watchers.map(({ closed }) => closed), [true, true, true]);
      await looks(2);
      assert.deepEqual(seen, []);
      if (leave === "release") close(fd);
      counter.close();
    }
  }));

test("closing a watch ends it once, tells who waits for that, and leaves the descriptor", () =>
  withoutLeaks(async () => {
    using counter = eventfd(1);
    const { watcher, seen } = counting(counter, { readable: true });
    assert.equal(watcher.closed, false);
    const { ended } = watcher;
    watcher.close();
    watcher.close();
    watcher[Symbol.dispose]();
    await ended;
    await watcher.ended;
    assert.equal(watcher.closed, true);
    watcher.ref().unref().ref();
    await looks(2);
    assert.deepEqual(seen, []);
    assert.equal(counter.take(), 1);
    // Long after, when its set is closed as well.
    watcher.ref().unref();
  }));

test("a callback may end its own watch, and begin another of the same descriptor", () =>
  withoutLeaks(async () => {
    for (const byNumber of [false, true]) {
      using counter = eventfd(1);
      const fd = byNumber ? counter.fd : counter;
      const order: string[] = [];
      await new Promise<void>((resolve) => {
        const first = watch(fd, { readable: true }, () => {
          order.push("first");
          first.close();
          const second = watch(fd, { readable: true }, () => {
            order.push("second");
            second.close();
            resolve();
          });
        });
      });
      await looks(2);
      assert.deepEqual(order, ["first", "second"]);
    }
  }));

test("a callback may end watches that are ready beside its own: they are not told", () =>
  withoutLeaks(async () => {
    const counters = Array.from({ length: 20 }, () => eventfd(1));
    let told = 0;
    const end = () => {
      told++;
      for (const [i, watcher] of watchers.entries()) {
        if (i % 2 === 0) watcher.close();
        else counters[i].close();
      }
    };
    const watchers: Watcher[] = counters.map((counter) => watch(counter, { readable: true }, end));
    await looks(2);
    assert.equal(told, 1);
    assert.ok(watchers.every(({ closed }) => closed));
    for (const counter of counters) counter.close();
  }));

test("a number that is closed and given out again among callbacks tells nothing of what it was", () =>
  withoutLeaks(async () => {
    const first = eventfd(1);
    const second = eventfd(1);
    const order: string[] = [];
    let again: EventFd | undefined;
    let watching: Watcher | undefined;
    /** Replaces the other one by what is not ready, under the same number. */
    const replace = (other: EventFd) => {
      const { fd } = other;
      other.close();
      again = eventfd();
      assert.equal(again.fd, fd);
      watching = watch(again, { readable: true }, () => order.push("again"));
    };
    const act = (name: string, own: EventFd, other: EventFd) => () => {
      order.push(name);
      own.take();
      if (again === undefined) replace(other);
    };
    const watchers = [
      watch(first, { readable: true }, act("first", first, second)),
      watch(second, { readable: true }, act("second", second, first)),
    ];
    await looks(2);
    assert.equal(order.length, 1);
    again!.add(1);
    await looks();
    assert.equal(order[1], "again");
    for (const watcher of [...watchers, watching!]) watcher.close();
    for (const counter of [first, second, again!]) counter.close();
  }));

test("a watch that is begun by a callback is not told of what came before it", async () => {
  using counter = eventfd(1);
  using other = eventfd(1);
  let late: Watcher | undefined;
  const told: string[] = [];
  using _ = watch(counter, { readable: true }, () => {
    counter.take();
    other.take();
    late ??= watch(other, { readable: true }, () => told.push("late"));
  });
  await looks(3);
  assert.deepEqual(told, []);
  late!.close();
});

test("an error in a callback is uncaught, the others are told all the same, and its watch goes on", async () => {
  const { stdout, stderr } = await runFresh(`
    import process from "node:process";
    import { eventfd } from "@posixly/fd";
    import { watch } from "@posixly/mux";
    const uncaught = [];
    process.on("uncaughtException", ({ message }) => uncaught.push(message));
    const told = { same: 0, other: 0 };
    const counter = eventfd(1);
    const others = [eventfd(1), eventfd(1)];
    let calls = 0;
    const failing = watch(counter, { readable: true }, () => { throw new Error("call " + ++calls); });
    const same = watch(counter, { readable: true }, () => told.same++);
    const beside = others.map((other) => watch(other, { readable: true, edge: true }, () => {
      told.other++;
      throw new Error("beside");
    }));
    const turn = () => new Promise((resolve) => setImmediate(resolve));
    while (calls < 3 || uncaught.length < 5) await turn();
    const all = calls;
    for (const watcher of [failing, same, ...beside]) watcher.close();
    await turn();
    console.log(told.same === all, told.other, uncaught.filter((m) => m === "beside").length);
    console.log(uncaught.filter((m) => m !== "beside").slice(0, 3).join());
    for (const one of [counter, ...others]) one.close();
  `);
  assert.equal(stdout, "true 2 2\ncall 1,call 2,call 3\n", stderr);
});

test("what is ready again and again does not keep others, or timers, from their turn", async () => {
  using always = eventfd(1);
  using other = eventfd();
  let told = 0;
  using _ = watch(always, { readable: true }, () => told++);
  await timerFires();
  await new Promise((resolve) => setImmediate(resolve));
  setImmediate(() => other.add(1));
  await readable(other);
  assert.ok(told > 0);
});

test("what cannot be watched is refused, and leaves nothing behind", () =>
  withoutLeaks(async () => {
    const ignore = () => {};
    using file = memfd();
    for (const mode of [{}, { edge: true }, { oneShot: true }]) {
      const interest = { readable: true, ...mode };
      assert.throws(() => watch(file, interest, ignore), { code: "EPERM", fd: file.fd });
      assert.throws(() => watch(1_000_000, interest, ignore), { code: "EBADF", fd: 1_000_000 });
    }
    using counter = eventfd(1);
    const refused: unknown[] = [{}, { edge: true }, { readable: "yes" }, { level: true }, null, 1];
    for (const interest of refused) {
      assert.throws(() => watch(counter, interest as never, ignore), TypeError);
    }
    assert.throws(() => watch(counter, { readable: true }, undefined as never), TypeError);
    assert.throws(() => watch("0" as never, { readable: true }, ignore), TypeError);
    assert.throws(() => watch(-1, { readable: true }, ignore), RangeError);
    const inherited = Object.create({ readable: true, edge: true }) as EpollInterest;
    using watching = counting(counter, inherited);
    await looks(3);
    assert.equal(watching.seen.length, 1);
  }));

test("only watches that are referenced keep the program alive", async () => {
  const program = (body: string) => `
    import { eventfd } from "@posixly/fd";
    import { readable, watch } from "@posixly/mux";
    import process from "node:process";
    const never = eventfd();
    const always = eventfd(1);
    ${body}
    process.on("exit", () => console.log("exit"));
  `;
  const ending = [
    `watch(never, { readable: true }, () => {}).unref();
     watch(always, { readable: true }, () => {}).unref();`,
    `watch(never, { readable: true }, () => {}).ref().unref().ref().unref();`,
    // A wait that is over leaves those that keep nothing alive.
    `watch(never, { readable: true }, () => {}).unref(); await readable(always);`,
    `const watcher = watch(always, { readable: true }, () => watcher.unref());`,
  ];
  for (const body of ending) {
    const { status, stdout, stderr } = await runFresh(program(body));
    assert.deepEqual([status, stdout], [0, "exit\n"], body + stderr);
  }
  const { stdout, stderr } = await runFresh(program(`
    let told = 0;
    const watcher = watch(always, { readable: true }, () => {
      if (++told === 20) watcher.close();
    }).unref().ref();
    process.on("exit", () => console.log(told));
  `));
  assert.equal(stdout, "20\nexit\n", stderr);
});

test("leaving at once does not wait for watches, ready or not", async () => {
  for (const count of [0, 1]) {
    const { status, stderr } = await runFresh(`
      import process from "node:process";
      import { eventfd } from "@posixly/fd";
      import { readable, watch } from "@posixly/mux";
      watch(eventfd(${count}), { readable: true }, () => {});
      readable(eventfd());
      await readable(eventfd(1));
      process.exit(3);
    `);
    assert.equal(status, 3, stderr);
  }
});

test.run();
