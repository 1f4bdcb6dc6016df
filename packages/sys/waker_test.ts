import assert from "node:assert/strict";
import { testWhere, withoutLeaks } from "@posixly/testing";
import { test } from "uvu";
import { bind, errno, ok } from "@posixly/sys";
import { backend } from "#backend";
import { adopt } from "./adopt_fixture.ts";
import type { Waker } from "./backend.ts";
import { GlancingWaker } from "./glance.ts";
import { AF_UNIX, libc as used, SOCK_NONBLOCK, SYS_io_uring_setup } from "./libc.ts";
import { openUringWaker } from "./uring_waker.ts";

const libc = bind({
  close: ["i32", "i32"],
  eventfd: ["i32", "u32", "i32"],
  pipe2: ["i32", "buffer", "i32"],
  read: ["i32", "i32", "buffer", "u32"],
  send: ["i32", "i32", "buffer", "u32", "i32"],
  socketpair: ["i32", "i32", "i32", "i32", "buffer"],
  write: ["i32", "i32", "buffer", "u32"],
});
const SOCK_DGRAM = 2;

const counter = (value: number) => ok(libc.eventfd(value, 0), "eventfd");
const add = (fd: number) => ok(libc.write(fd, new BigUint64Array([1n]), 8), "write");
const take = (fd: number) => ok(libc.read(fd, new BigUint64Array(1), 8), "read");

type Open = (fd: number, wake: () => void) => Waker;

/** Every waker there is; the backend's own is one of the others, or a poll of the runtime. */
const wakers: Record<string, Open> = {
  "a ring": (fd, wake) => openUringWaker(fd, wake, adopt)!,
  "a timer": (fd, wake) => new GlancingWaker(fd, wake, 1),
  "the runtime": (fd, wake) => backend.waker(fd, wake),
  "the runtime where io_uring is forbidden": (fd, wake) => {
    const call = used.syscall$io_uring_setup;
    used.syscall$io_uring_setup = () => -errno.EPERM;
    try {
      return backend.waker(fd, wake);
    } finally {
      used.syscall$io_uring_setup = call;
    }
  },
};

/** What is asked for in vain is refused in another way where it is forbidden. */
const isAllowed = ![-errno.EPERM, -errno.ENOSYS]
  .includes(used.syscall$io_uring_setup(SYS_io_uring_setup, 0, null));

for (const [name, open] of Object.entries(wakers)) {
  const testWaker = (what: string, run: () => Promise<void>) =>
    testWhere(isAllowed || name !== "a ring", "io_uring", `${name} ${what}`, run);

  /** Resolves when the event loop has seen, some times over, what was ready before. */
  const seen = async () => {
    const fd = counter(1);
    await woken(fd, 3);
    libc.close(fd);
  };

  /** Resolves when a waker for this descriptor has woken so often. */
  const woken = (fd: number, times = 1) =>
    new Promise<void>((resolve) => {
      const waker = open(fd, () => {
        if (--times > 0) return;
        waker.close();
        resolve();
      });
    });

  testWaker(
    "wakes again and again for as long as there is something, and not otherwise",
    () =>
      withoutLeaks(async () => {
        const fd = counter(1);
        let calls = 0;
        let enough: () => void;
        const waker = open(fd, () => {
          if (++calls % 3 > 0) return;
          take(fd);
          enough();
        });
        assert.equal(calls, 0); // not before it has returned
        await new Promise<void>((resolve) => enough = resolve);
        await seen();
        assert.equal(calls, 3);
        add(fd);
        await new Promise<void>((resolve) => enough = resolve);
        await seen();
        assert.equal(calls, 6);
        waker.close();
        libc.close(fd);
      }),
  );

  testWaker("wakes for whatever can be polled, and for its end", () =>
    withoutLeaks(async () => {
      const datagrams = new Int32Array(2);
      ok(libc.socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, datagrams), "socketpair");
      ok(libc.send(datagrams[1], new Uint8Array(), 0, 0), "send");
      await woken(datagrams[0]);

      const pipe = new Int32Array(2);
      ok(libc.pipe2(pipe, 0), "pipe2");
      const ended = woken(pipe[0]);
      libc.close(pipe[1]);
      await ended;

      for (const fd of [...datagrams, pipe[0]]) libc.close(fd);
    }));

  testWaker("wakes each of many by its own", () =>
    withoutLeaks(async () => {
      const fds = Array.from({ length: 10 }, () => counter(0));
      const order: number[] = [];
      const all = fds.map((fd) => woken(fd).then(() => order.push(fd)));
      fds.reverse();
      all.reverse();
      for (const [i, fd] of fds.entries()) {
        add(fd);
        await all[i];
      }
      assert.deepEqual(order, fds);
      for (const fd of fds) libc.close(fd);
    }));

  testWaker(
    "never wakes once it was closed and the loop went round",
    () =>
      withoutLeaks(async () => {
        const fd = counter(1);
        let late = 0;
        const ready = open(fd, () => late++);
        ready.close();
        const idle = counter(0);
        const armed = open(idle, () => late++);
        await seen();
        assert.equal(late, 0);
        armed.close();
        add(idle);
        await seen();
        assert.equal(late, 0);
        for (const number of [fd, idle]) libc.close(number);
      }),
  );

  testWaker(
    "is referenced and unreferenced as one likes, and wakes meanwhile",
    () =>
      withoutLeaks(async () => {
        const fd = counter(1);
        const other = counter(1);
        let calls = 0;
        let unreferenced: () => void = () => {};
        const waker = open(fd, () => {
          calls++;
          unreferenced();
        });
        for (let round = 0; round < 3; round++) {
          waker.unref();
          waker.unref();
          const alive = open(other, () => {}); // something has to keep the program alive
          await new Promise<void>((resolve) => unreferenced = resolve);
          waker.ref();
          waker.ref();
          await new Promise<void>((resolve) => unreferenced = resolve);
          alive.close();
        }
        assert.ok(calls >= 6);
        waker.close();
        for (const number of [fd, other]) libc.close(number);
      }),
  );
}

test.run();
