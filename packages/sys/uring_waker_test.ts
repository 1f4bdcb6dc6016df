import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { setImmediate } from "node:timers";
import { runFresh, testWhere, withoutLeaks } from "@posixly/testing";
import { test } from "uvu";
import { bind, errno, ok } from "@posixly/sys";
import { adopt } from "./adopt_fixture.ts";
import { AF_UNIX, libc as used, SOCK_NONBLOCK, SOCK_STREAM, SYS_io_uring_setup } from "./libc.ts";
import { openUringWaker } from "./uring_waker.ts";

const libc = bind({
  close: ["i32", "i32"],
  eventfd: ["i32", "u32", "i32"],
  pipe2: ["i32", "buffer", "i32"],
  read: ["i32", "i32", "buffer", "u32"],
  socketpair: ["i32", "i32", "i32", "i32", "buffer"],
  write: ["i32", "i32", "buffer", "u32"],
});
const counter = (value: number) => ok(libc.eventfd(value, 0), "eventfd");
const add = (fd: number) => ok(libc.write(fd, new BigUint64Array([1n]), 8), "write");
const take = (fd: number) => ok(libc.read(fd, new BigUint64Array(1), 8), "read");
const turn = () => new Promise((resolve) => setImmediate(resolve));

/** What is asked for in vain is refused in another way where it is forbidden. */
const isAllowed = ![-errno.EPERM, -errno.ENOSYS]
  .includes(used.syscall$io_uring_setup(SYS_io_uring_setup, 0, null));

/** How many rings are mapped; a runtime may have some of its own. */
const mappedRings = () => readFileSync("/proc/self/maps", "utf8").split("[io_uring]").length;

const open = (fd: number, wake: () => void) => openUringWaker(fd, wake, adopt)!;

testWhere(
  isAllowed,
  "io_uring",
  "the event loop knows of what is ready as soon as it looks",
  async () => {
    const fd = counter(0);
    let calls = 0;
    const waker = open(fd, () => {
      take(fd);
      calls++;
    });
    const turnsUntil = async (wanted: number) => {
      add(fd);
      let turns = 0;
      for (; calls < wanted; turns++) await turn();
      return turns;
    };
    await turnsUntil(1); // the socket begins to read, which takes as long as it takes
    for (let wanted = 2; wanted < 100; wanted++) {
      // One or two; a busy loop may look for bytes only now and then, Deno's every 61 turns.
      const turns = await turnsUntil(wanted);
      assert.ok(turns < 100, `${turns} turns`);
    }
    waker.close();
    libc.close(fd);
  },
);

testWhere(
  isAllowed,
  "io_uring",
  "a thousand that are opened and closed leave nothing behind, armed or ready",
  () =>
    withoutLeaks(async () => {
      const rings = mappedRings();
      for (let i = 0; i < 1000; i++) {
        const fd = counter(i % 2);
        const waker = open(fd, () => assert.fail("woken after the end"));
        waker.close();
        libc.close(fd);
        if (i % 100 === 0) await turn();
      }
      assert.equal(mappedRings(), rings);
    }),
);

testWhere(
  isAllowed,
  "io_uring",
  "a descriptor that nobody polls any more is closed when its owner closes it",
  () => {
    const pipe = new Int32Array(2);
    ok(libc.pipe2(pipe, 0), "pipe2");
    open(pipe[0], () => {}).close();
    libc.close(pipe[0]);
    assert.equal(libc.write(pipe[1], new Uint8Array(1), 1), -errno.EPIPE);
    libc.close(pipe[1]);
  },
);

testWhere(
  isAllowed,
  "io_uring",
  "no byte goes to whoever has the numbers of a closed one next",
  () =>
    withoutLeaks(() => {
      const fd = counter(0);
      open(fd, () => {}).close();
      const strangers = Array.from({ length: 4 }, () => {
        const ends = new Int32Array(2);
        ok(libc.socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), "socketpair");
        return ends;
      });
      add(fd);
      for (const end of strangers.flatMap((ends) => [...ends])) {
        assert.equal(libc.read(end, new Uint8Array(1), 1), -errno.EAGAIN);
      }
      for (const number of [fd, ...strangers.flatMap((ends) => [...ends])]) libc.close(number);
    }),
);

for (
  const [name, failure, after] of [
    ["syscall$io_uring_setup", errno.ENOSYS, 0],
    ["mmap", errno.ENOMEM, 0],
    ["mmap", errno.ENOMEM, 1],
    ["socketpair", errno.EMFILE, 0],
    ["syscall$io_uring_enter", errno.EPERM, 0],
  ] as const
) {
  test(`there is none where ${name} fails after ${after} calls, and nothing is left behind`, () =>
    withoutLeaks(() => {
      const rings = mappedRings();
      const fd = counter(1);
      const call = used[name] as (...args: unknown[]) => never;
      let calls = 0;
      used[name] = (...args: unknown[]) => calls++ < after ? call(...args) : -failure as never;
      try {
        assert.equal(openUringWaker(fd, () => {}, adopt), undefined);
      } finally {
        used[name] = call;
      }
      assert.equal(mappedRings(), rings);
      libc.close(fd);
    }));
}

test("there is none where the runtime does not take the socket, and nothing is left behind", () =>
  withoutLeaks(() => {
    const rings = mappedRings();
    const fd = counter(1);
    const refuse = () => {
      throw new TypeError("Unsupported fd type: PIPE");
    };
    assert.equal(openUringWaker(fd, () => {}, refuse), undefined);
    assert.equal(mappedRings(), rings);
    libc.close(fd);
  }));

/** Programs that watch, in the main thread or in a Worker, with io_uring or forbidden to use it. */
const places = ["the main thread", "a Worker"];
const rules = ["with io_uring", "where io_uring is forbidden"];

/** The first lines of a program; the rest is what one thread does. */
const prelude = (place: string, rule: string) => `
  import { readdirSync, readlinkSync } from "node:fs";
  import process from "node:process";
  import { isMainThread, parentPort, Worker } from "node:worker_threads";
  import { addressOf, bind, ok, struct, watch } from "@posixly/sys";

  const libc = bind({
    eventfd: ["i32", "u32", "i32"],
    prctl: ["i32", "i32", "u64", "u64", "u64", "u64"],
    read: ["i32", "i32", "buffer", "u32"],
    write: ["i32", "i32", "buffer", "u32"],
  });
  const add = (fd) => libc.write(fd, new BigUint64Array([1n]), 8);
  const isHere = isMainThread === ${place === "the main thread"};

  // As containers do: a filter of seccomp(2), for this thread and those it starts.
  if (isMainThread && ${rule === "where io_uring is forbidden"}) {
    const filter = struct({ code: "u16", jt: "u8", jf: "u8", k: "u32" });
    const program = new Uint8Array(32);
    program.set(filter.encode({ code: 0x20, k: 0 })); // load the number of the call
    program.set(filter.encode({ code: 0x15, jf: 1, k: 425 }), 8); // unless it is io_uring_setup
    program.set(filter.encode({ code: 0x06, k: 0x5_0001 }), 16); // refuse it with EPERM
    program.set(filter.encode({ code: 0x06, k: 0x7fff_0000 }), 24); // allow it
    const whole = struct({ len: "u16", filter: "u64" })
      .encode({ len: 4, filter: addressOf(program) });
    ok(libc.prctl(38, 1, 0, 0, 0), "PR_SET_NO_NEW_PRIVS");
    ok(libc.prctl(22, 2, addressOf(whole), 0, 0), "PR_SET_SECCOMP");
  }

  const rings = () =>
    readdirSync("/proc/self/fd").filter((fd) => {
      try {
        return readlinkSync("/proc/self/fd/" + fd) === "anon_inode:[io_uring]";
      } catch {
        return false;
      }
    }).length;
`;

for (const place of places) {
  for (const rule of rules) {
    const program = (text: string) => runFresh(prelude(place, rule) + text);

    const isMet = isAllowed || rule === "where io_uring is forbidden";
    testWhere(isMet, "io_uring", `watch serves in ${place} ${rule}`, async () => {
      const { status, stdout, stderr } = await program(`
        if (!isHere) new Worker(new URL(import.meta.url));
        else {
          const before = rings();
          const first = libc.eventfd(1, 0);
          const second = libc.eventfd(0, 0);
          const referenced = watch(second, () => {
            console.log("referenced", rings() - before);
            referenced.close();
          });
          const unreferenced = watch(first, () => {
            console.log("unreferenced", rings() - before);
            unreferenced.close();
            add(second);
          }).unref();
        }
      `);
      const isPolled = place === "the main thread" && !("Deno" in globalThis);
      const rings = rule === "with io_uring" && !isPolled ? [2, 1] : [0, 0];
      const lines = `unreferenced ${rings[0]}\nreferenced ${rings[1]}\n`;
      assert.deepEqual([status, stdout], [0, lines], stderr);
    });

    test(`unreferenced watches keep nobody, nor does an exit wait, in ${place} ${rule}`, async () => {
      const unreferenced = await program(`
        if (!isHere) new Worker(new URL(import.meta.url));
        else for (const value of [0, 1]) watch(libc.eventfd(value, 0), () => {}).unref();
      `);
      assert.equal(unreferenced.status, 0, unreferenced.stderr);

      const exiting = await program(`
        if (!isHere) new Worker(new URL(import.meta.url)).on("exit", (code) => process.exit(code));
        else {
          watch(libc.eventfd(0, 0), () => {});
          let calls = 0;
          watch(libc.eventfd(1, 0), () => ++calls === 3 && process.exit(3));
        }
      `);
      assert.equal(exiting.status, 3, exiting.stderr);
    });
  }
}

for (const rule of rules) {
  test(`Workers that are terminated harm nobody, ${rule}`, async () => {
    const { status, stdout, stderr } = await runFresh(`${prelude("a Worker", rule)}
      if (isHere) {
        const armed = libc.eventfd(0, 0);
        watch(armed, () => {});
        let calls = 0;
        watch(libc.eventfd(1, 0), () => ++calls % 3 === 0 && parentPort.postMessage(armed));
      } else {
        for (let i = 0; i < 20; i++) {
          const worker = new Worker(new URL(import.meta.url));
          const armed = await new Promise((resolve) => worker.once("message", resolve));
          // At once, or at some later turn of its.
          for (let turns = 0; turns < i % 5; turns++) await new Promise((go) => setImmediate(go));
          if (i % 2 > 0) add(armed); // just before, or after its end
          await worker.terminate();
          add(armed);
        }
        console.log("all ended");
      }
    `);
    assert.deepEqual([status, stdout], [0, "all ended\n"], stderr);
  });
}

test.run();
