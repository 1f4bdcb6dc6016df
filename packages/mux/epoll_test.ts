import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { duplicate, eventfd, getFlags, limit, memfd, open, setLimit } from "@posixly/fd";
import { Epoll, epoll, EpollEvents, type EpollInterest, poll } from "@posixly/mux";
import { withoutLeaks } from "@posixly/testing";
import fc from "fast-check";
import { test } from "uvu";

/** What the kernel says is in a set: `[number, events, token]` of each. */
function contents({ fd }: Epoll): [number, number, bigint][] {
  const lines = readFileSync(`/proc/self/fdinfo/${fd}`, "utf8").matchAll(
    /^tfd: +(\d+) events: +(\w+) data: +(\w+)/gm,
  );
  return [...lines].map((
    [, tfd, events, data],
  ) => [Number(tfd), parseInt(events, 16), BigInt(`0x${data}`)]);
}

/** Errors and hang-ups, which the kernel adds to every interest. */
const ALWAYS = 0x18;
const PRIVATE: Partial<Record<keyof EpollInterest, number>> = {
  edge: 0x8000_0000,
  oneShot: 0x4000_0000,
};
const BITS = { readable: 1, priority: 2, writable: 4, readHangUp: 0x2000, ...PRIVATE };

const tokens = fc.oneof(
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  fc.maxSafeNat(),
  fc.constantFrom<number | bigint>(0, -0, 0n, 2 ** 31, 2 ** 32, 2 ** 53 - 1, 2n ** 53n),
  fc.constantFrom<number | bigint>(2n ** 63n, 2n ** 64n - 1n, 2n ** 32n - 1n, 2 ** 32 - 1),
);

test("a token comes back as it was given, to the last of its 64 bits", () =>
  withoutLeaks(() => {
    using counter = eventfd(1);
    using set = epoll();
    set.add(counter, { readable: true });
    const events = new EpollEvents(1);
    fc.assert(fc.property(tokens, (token) => {
      set.modify(counter, { readable: true }, token);
      assert.deepEqual(contents(set), [[counter.fd, ALWAYS | 1, BigInt(token)]]);
      assert.equal(set.wait(events), 1);
      const back = events.token(0);
      assert.equal(BigInt(back), BigInt(token));
      assert.equal(typeof back, BigInt(token) < 2n ** 53n ? "number" : "bigint");
    }));
  }));

test("a token that is left out is the number, also when something is changed", () =>
  withoutLeaks(() => {
    using counter = eventfd(1);
    using set = epoll();
    const events = new EpollEvents();
    set.add(counter, { readable: true });
    set.wait(events);
    assert.equal(events.token(0), counter.fd);
    set.modify(counter, { readable: true }, 7);
    set.modify(counter.fd, { readable: true });
    set.wait(events);
    assert.equal(events.token(0), counter.fd);
  }));

const interests = fc.record({
  readable: fc.boolean(),
  writable: fc.boolean(),
  edge: fc.boolean(),
  oneShot: fc.boolean(),
});

const steps = fc.record({
  act: fc.constantFrom("add", "modify", "remove", "count", "count", "take", "wait", "wait"),
  which: fc.nat({ max: 3 }),
  interest: interests,
  token: tokens,
});

/** What the kernel remembers of a descriptor in a set. */
interface Member {
  interest: EpollInterest;
  token: number | bigint;
  /** Whether a one-shot may still tell. */
  armed: boolean;
  /** Whether something has come that an edge would tell. */
  stirred: boolean;
}

test("a set is a map that tells once, again and again, or for each change", () =>
  withoutLeaks(() => {
    fc.assert(
      fc.property(fc.array(steps, { maxLength: 60 }), (steps) => {
        const counters = [0, 0, 0, 0].map(() => eventfd());
        const counts = [0, 0, 0, 0];
        const model = new Map<number, Member>();
        using set = epoll();
        const events = new EpollEvents(8);

        const conditions = (which: number, { readable, writable }: EpollInterest) =>
          (readable && counts[which] > 0 ? 1 : 0) | (writable ? 4 : 0);
        const stir = (which: number, wanted: boolean | undefined) => {
          const member = model.get(which);
          if (member?.armed && wanted) member.stirred = true;
        };

        try {
          for (const { act, which, interest, token } of steps) {
            const counter = counters[which];
            const member = model.get(which);
            if (act === "add" || act === "modify") {
              if ((act === "add") === (member !== undefined)) {
                const code = act === "add" ? "EEXIST" : "ENOENT";
                assert.throws(() => set[act](counter, interest, token), { code, fd: counter.fd });
              } else {
                set[act](counter, interest, token);
                const stirred = conditions(which, interest) !== 0;
                model.set(which, { interest, token, armed: true, stirred });
              }
            } else if (act === "remove") {
              if (model.delete(which)) set.remove(counter);
              else {
                assert.throws(() => set.remove(counter), { code: "ENOENT", syscall: "epoll_ctl" });
              }
            } else if (act === "count") {
              counter.add(1);
              counts[which]++;
              stir(which, member?.interest.readable);
            } else if (act === "take") {
              if (counter.take() === null) continue;
              counts[which] = 0;
              stir(which, member?.interest.writable);
            } else {
              const expected = [];
              for (const [which, member] of model) {
                const bits = conditions(which, member.interest);
                const told = bits !== 0 && member.armed &&
                  (member.stirred || !member.interest.edge);
                member.stirred = false;
                if (!told) continue;
                expected.push([BigInt(member.token), bits].join());
                if (member.interest.oneShot) member.armed = false;
              }
              assert.equal(set.wait(events), expected.length);
              assert.equal(events.length, expected.length);
              const found = Array.from(
                { length: events.length },
                (_, i) => [BigInt(events.token(i)), events.bits(i)].join(),
              );
              assert.deepEqual(found.sort(), expected.sort());
            }
            const inKernel = contents(set).map(([fd, bits, token]) => [fd, bits, token].join());
            const inModel = [...model].map(([which, { interest, token, armed }]) => {
              const names = Object.keys(BITS) as (keyof typeof BITS)[];
              const asked = names.filter((name) => interest[name] && (armed || name in PRIVATE));
              const bits = asked.reduce((sum, name) => sum + BITS[name]!, armed ? ALWAYS : 0);
              return [counters[which].fd, bits, BigInt(token)].join();
            });
            assert.deepEqual(inKernel.sort(), inModel.sort());
          }
        } finally {
          for (const counter of counters) counter.close();
        }
      }),
      { numRuns: 200 },
    );
  }));

test("every interest reaches the kernel as its bit", () =>
  withoutLeaks(() => {
    using counter = eventfd();
    using set = epoll();
    const cases: [EpollInterest, number][] = [
      [{}, 0],
      [{ readable: true }, 1],
      [{ priority: true }, 2],
      [{ writable: true }, 4],
      [{ readHangUp: true }, 0x2000],
      [{ edge: true }, 0x8000_0000],
      [{ oneShot: true }, 0x4000_0000],
      [{ exclusive: true, readable: true, writable: true }, 0x1000_0005],
      [{ readable: false, writable: undefined, edge: true }, 0x8000_0000],
    ];
    for (const [interest, bits] of cases) {
      set.add(counter, interest);
      assert.deepEqual(contents(set)[0].slice(0, 2), [counter.fd, (bits | ALWAYS) >>> 0]);
      set.remove(counter);
    }
    // Whether it stays depends on whether we may keep the machine awake.
    set.add(counter, { readable: true, wakeUp: true });
    assert.ok([0x19, 0x2000_0019].includes(contents(set)[0][1]));
  }));

test("exclusive goes with few others, and stays as it is", () =>
  withoutLeaks(() => {
    using counter = eventfd();
    using set = epoll();
    const others: EpollInterest[] = [{ priority: true }, { readHangUp: true }, { oneShot: true }];
    for (const other of others) {
      assert.throws(() => set.add(counter, { exclusive: true, ...other }), { code: "EINVAL" });
    }
    set.add(counter, { exclusive: true, readable: true, edge: true });
    assert.throws(() => set.modify(counter, { readable: true }), { code: "EINVAL" });
    set.remove(counter);
    set.add(counter, { readable: true });
    assert.throws(() => set.modify(counter, { exclusive: true }), { code: "EINVAL" });
  }));

test("what cannot be waited for is refused, by the name of the reason", () =>
  withoutLeaks(() => {
    using file = memfd();
    using folder = open("/tmp");
    using set = epoll();
    using closed = eventfd();
    const number = closed.fd;
    closed.close();
    for (const { fd } of [file, folder]) {
      assert.throws(() => set.add(fd, { readable: true }), { code: "EPERM", fd });
    }
    for (const act of ["add", "modify", "remove"] as const) {
      const use = (fd: number) => () => set[act](fd, { readable: true });
      assert.throws(use(number), { code: "EBADF", fd: number, syscall: "epoll_ctl" });
      assert.throws(use(set.fd), { code: "EINVAL", fd: set.fd });
    }
  }));

test("a set in a set is readable while it has events; none may wait for itself", () =>
  withoutLeaks(() => {
    using counter = eventfd(1);
    using inner = epoll();
    using outer = epoll();
    outer.add(inner, { readable: true });
    const events = new EpollEvents();
    assert.equal(outer.wait(events), 0);
    inner.add(counter, { readable: true });
    assert.equal(outer.wait(events), 1);
    assert.equal(events.token(0), inner.fd);
    assert.throws(() => inner.add(outer, { readable: true }), { code: "ELOOP" });

    const chain = [outer];
    try {
      assert.throws(() => {
        for (;;) {
          chain.push(epoll());
          chain.at(-1)!.add(chain.at(-2)!, { readable: true });
        }
      }, { code: /^(ELOOP|EINVAL)$/ });
    } finally {
      for (const set of chain) set.close();
    }
    assert.ok(chain.length > 3 && chain.length < 10);
  }));

test("if more is ready than there is room for, all have their turn", () =>
  withoutLeaks(() => {
    const counters = Array.from({ length: 10 }, () => eventfd(1));
    using set = epoll();
    counters.forEach((counter, i) => set.add(counter, { readable: true }, i));
    const events = new EpollEvents(3);
    const seen = new Set<number | bigint>();
    for (let i = 0; i < 4; i++) {
      assert.equal(set.wait(events), 3);
      for (const { token } of events) seen.add(token);
    }
    assert.equal(seen.size, 10);
    for (const counter of counters) counter.close();
    assert.equal(set.wait(events), 0);
    assert.deepEqual([...events], []);
  }));

test("closing takes out what has no duplicate, and of what has one the events go on", () =>
  withoutLeaks(() => {
    using set = epoll();
    const events = new EpollEvents();
    const counter = eventfd(1);
    set.add(counter, { readable: true }, 1);
    using copy = duplicate(counter);
    set.add(copy, { readable: true }, 2); // a member of its own
    assert.equal(set.wait(events), 2);
    counter.close();
    assert.equal(set.wait(events), 2);
    copy.close();
    assert.equal(set.wait(events), 0);
  }));

test("a set is a descriptor: close-on-exec, readable to poll, to be taken over", () =>
  withoutLeaks(() => {
    using counter = eventfd();
    using set = new Epoll(epoll().release());
    assert.equal(getFlags(set).closeOnExec, true);
    set.add(counter, { readable: true });
    assert.deepEqual(poll([{ fd: set, readable: true }]), []);
    counter.add(1);
    assert.equal(poll([{ fd: set, readable: true }])[0].readable, true);
  }));

test("at the limit of descriptors there is no set, and nothing is left open", () =>
  withoutLeaks(() => {
    const before = limit("openFiles");
    setLimit("openFiles", { soft: 0 });
    try {
      assert.throws(epoll, { code: "EMFILE", syscall: "epoll_create1" });
    } finally {
      setLimit("openFiles", before);
    }
  }));

test("what is no set is refused by the kernel, and has given no events", () =>
  withoutLeaks(() => {
    using counter = eventfd(1);
    const events = new EpollEvents();
    using set = epoll();
    set.add(counter, { readable: true });
    assert.equal(set.wait(events), 1);
    using none = new Epoll(eventfd().release());
    assert.throws(() => none.wait(events), {
      code: "EINVAL",
      syscall: "epoll_wait",
      fd: none.fd,
    });
    assert.equal(events.length, 0);
    assert.throws(() => none.add(counter, {}), { code: "EINVAL" });
  }));

test("events are looked at one by one, and only those there are", () =>
  withoutLeaks(() => {
    using counter = eventfd(1);
    using set = epoll();
    set.add(counter, { readable: true });
    const events = new EpollEvents(2);
    assert.deepEqual([events.capacity, events.length], [2, 0]);
    assert.throws(() => events.readable(0), RangeError);
    set.wait(events);
    const { readable, writable, priority, readHangUp, hangUp, error, token, bits } = events;
    const looks = [readable, writable, priority, readHangUp, hangUp, error, token, bits];
    const no = false;
    const seen = looks.map((look: (i: number) => unknown) => look.call(events, 0));
    assert.deepEqual(seen, [true, no, no, no, no, no, counter.fd, 1]);
    for (const i of [1, 2, -1, NaN, 0.5, "0", undefined]) {
      looks.forEach((look: (i: number) => unknown) => {
        assert.throws(() => look.call(events, i as number), /^(Range|Type)Error: i must be/);
      });
    }
  }));

test("bad input is refused before the call", () =>
  withoutLeaks(() => {
    using counter = eventfd(1);
    using set = epoll();
    for (const act of ["add", "modify"] as const) {
      for (const token of [-1, -1n, 2n ** 64n, 2 ** 53, 1.5, NaN, "1", null, {}]) {
        const use = () => set[act](counter, {}, token as number);
        assert.throws(use, /^(Type|Range)Error: token must be/);
      }
      for (const interest of [undefined, null, 1, "readable", ["readable"], { edged: true }]) {
        assert.throws(() => set[act](counter, interest as EpollInterest), TypeError);
      }
      assert.throws(
        () => set[act](counter, { readable: 1 as never }),
        /readable must be true or false/,
      );
    }
    for (const fd of [-1, 0.5, 2 ** 31, "0", null, {}, undefined]) {
      for (const act of ["add", "modify", "remove"] as const) {
        assert.throws(() => set[act](fd as number, {}), /^(Type|Range)Error: fd must be/);
      }
    }
    for (const capacity of [0, -1, 0.5, NaN, Infinity, 2 ** 31, "1", 1n]) {
      assert.throws(() => new EpollEvents(capacity as number), /Error: capacity must be/);
    }
    for (const events of [undefined, null, 64, [], new Int32Array(64), { length: 1 }]) {
      assert.throws(() => set.wait(events as unknown as EpollEvents), /must be EpollEvents/);
    }
    for (const options of [null, 5, { timeOut: 5 }, { signals: [] }]) {
      assert.throws(() => set.wait(new EpollEvents(), options as object), TypeError);
    }
    assert.deepEqual(contents(set), []);
    set.close();
    const closed = { message: "Cannot use a descriptor that was closed" };
    assert.throws(() => set.wait(new EpollEvents()), closed);
    assert.throws(() => set.add(counter, {}), closed);
    assert.throws(() => set.modify(counter, {}), closed);
    assert.throws(() => set.remove(counter), closed);
  }));

test.run();
