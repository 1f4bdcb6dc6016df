import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import process from "node:process";
import { text } from "node:stream/consumers";
import { eventfd, pidfd, type SignalName, signals } from "@posixly/fd";
import { type BlockOptions, epoll, EpollEvents, poll, select } from "@posixly/mux";
import { bind, errno, ok } from "@posixly/sys";
import { withoutLeaks } from "@posixly/testing";
import { test } from "uvu";
import { libc } from "./libc.ts";

type Call = (...args: unknown[]) => number;
const functions = libc as unknown as Record<string, Call>;

/** The calls that wait for one descriptor, and whether it was ready. */
const waits: Record<string, (fd: { fd: number }, options: BlockOptions) => boolean> = {
  pselect: (fd, options) => select({ readable: [fd] }, options).readable.length === 1,
  ppoll: (fd, options) => poll([{ fd, readable: true }], options).length === 1,
  epoll_wait: waitByEpoll,
  syscall$epoll_pwait2: waitByEpoll,
  epoll_pwait: (fd, options) => {
    const { syscall$epoll_pwait2 } = functions;
    functions.syscall$epoll_pwait2 = () => -errno.ENOSYS;
    try {
      return waitByEpoll(fd, options);
    } finally {
      Object.assign(functions, { syscall$epoll_pwait2 });
    }
  },
};

function waitByEpoll(fd: { fd: number }, options: BlockOptions): boolean {
  using set = epoll();
  set.add(fd, { readable: true });
  return set.wait(new EpollEvents(), options) === 1;
}

/** Calls a function back after each call of the C side that a signal has interrupted. */
function whenInterrupted<T>(name: string, told: () => void, run: () => T): T {
  const call = functions[name];
  functions[name] = (...args) => {
    const n = call(...args);
    if (n === -errno.EINTR) told();
    return n;
  };
  try {
    return run();
  } finally {
    functions[name] = call;
  }
}

// For good: a signal that is noticed once nobody listens any more would end the process.
process.on("SIGUSR2", () => {});

/** Runs something while another process sends one signal after the other. */
async function underSignals(run: () => void): Promise<void> {
  const program = "while kill -USR2 $PPID; do sleep 0.002; done";
  const sender = spawn("sh", ["-c", program], { stdio: "ignore" });
  const ended = once(sender, "exit");
  await once(sender, "spawn");
  try {
    run();
  } finally {
    sender.kill("SIGKILL");
    await ended;
  }
}

for (const [name, wait] of Object.entries(waits)) {
  const canBeForEver = name === "epoll_wait" || name === "pselect" || name === "ppoll";
  if (canBeForEver) {
    test(`${name}: signals do not end a wait for ever, what it waits for does`, () =>
      withoutLeaks(() =>
        underSignals(() => {
          using counter = eventfd();
          let interruptions = 0;
          const count = () => {
            if (++interruptions === 3) counter.add(1);
          };
          assert.ok(whenInterrupted(name, count, () => wait(counter, { timeout: Infinity })));
          assert.equal(interruptions, 3);
        })
      ));
  }

  if (name === "epoll_wait") continue; // which keeps no time
  test(`${name}: signals neither shorten a wait nor begin it anew`, () =>
    withoutLeaks(() =>
      underSignals(() => {
        using counter = eventfd();
        let interruptions = 0;
        // Begun anew by each signal, it would not end; a busy machine sends them as it can.
        for (let timeout = 100; interruptions < 3; timeout *= 2) {
          interruptions = 0;
          const start = performance.now();
          const count = () => interruptions++;
          assert.ok(!whenInterrupted(name, count, () => wait(counter, { timeout })));
          assert.ok(performance.now() - start >= timeout);
        }
      })
    ));

  test(`${name}: the signals of the mask are blocked during the wait, and only then`, () =>
    withoutLeaks(async () => {
      const masks: (SignalName | number)[][] = [
        ["SIGUSR1", "SIGHUP"],
        [1, 33, 64],
        Object.values(signals).filter((n) => n !== signals.SIGKILL && n !== signals.SIGSTOP),
        [],
      ];
      const before = blockSignals(bitsOf(["SIGURG"]));
      try {
        for (const signalMask of [...masks, undefined]) {
          const expected = bitsOf(signalMask ?? ["SIGURG"]);
          await seenBlocked(expected, (fd) => wait(fd, { timeout: 10_000, signalMask }));
          assert.equal(blockSignals(0n), bitsOf(["SIGURG"]));
        }
      } finally {
        setSignals(before);
      }
    }));

  test(`${name}: a mask that is none is refused before the call`, () => {
    using counter = eventfd(1);
    for (const signalMask of ["SIGTERM", 15, null, ["SIGNOPE"], [0], [65], [1.5], [null]]) {
      const options = { timeout: 1, signalMask } as unknown as BlockOptions;
      assert.throws(() => wait(counter, options), /^(Type|Range)Error: signal/);
    }
  });
}

const { pthread_sigmask } = bind({ pthread_sigmask: ["errno", "i32", "buffer", "buffer"] });
const SIG_BLOCK = 0;
const SIG_SETMASK = 2;

function bitsOf(signalMask: readonly (SignalName | number)[]): bigint {
  return signalMask.reduce<bigint>((bits, signal) => {
    const number = typeof signal === "number" ? signal : signals[signal];
    return bits | 1n << BigInt(number - 1);
  }, 0n);
}

/** Blocks signals in this thread, and returns those that were. */
function blockSignals(bits: bigint): bigint {
  const before = new BigUint64Array(16);
  ok(pthread_sigmask(SIG_BLOCK, sigsetOf(bits), before), "pthread_sigmask");
  return before[0];
}

function setSignals(bits: bigint): void {
  ok(pthread_sigmask(SIG_SETMASK, sigsetOf(bits), null), "pthread_sigmask");
}

function sigsetOf(bits: bigint): BigUint64Array {
  const set = new BigUint64Array(16);
  set[0] = bits;
  return set;
}

/** Has another process look which signals this one blocks, until it sees what is expected. */
async function seenBlocked(expected: bigint, wait: (fd: { fd: number }) => boolean): Promise<void> {
  const program = `
    looks=20000
    until [ "$seen" = "$1" ] || [ $looks = 0 ]; do
      looks=$((looks - 1))
      while read -r name value; do
        [ "$name" = SigBlk: ] && seen=$value
      done < /proc/$PPID/status
    done
    echo $seen`;
  const mask = expected.toString(16).padStart(16, "0");
  const observer = spawn("sh", ["-c", program, "sh", mask], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = once(observer, "exit");
  const output = text(observer.stdout);
  {
    using running = pidfd(observer.pid!);
    assert.ok(wait(running));
  }
  await ended;
  assert.equal((await output).trim(), mask);
}

test.run();
