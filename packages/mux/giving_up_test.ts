import assert from "node:assert/strict";
import { performance } from "node:perf_hooks";
import { clearInterval, setInterval } from "node:timers";
import { test } from "uvu";
import { eventfd } from "@posixly/fd";
import { gc, turns } from "@posixly/testing";
import { leftOf, readable, signalOf, unlessAborted, unlessGivenUp } from "@posixly/mux";

test("of two ways to give up, the one that is first counts", async () => {
  using counter = eventfd();
  const controller = new AbortController();
  const wait = (timeout: number) =>
    readable(counter, { signal: signalOf({ signal: controller.signal, timeout }) });
  await assert.rejects(wait(0.5), { name: "TimeoutError" });
  const waiting = wait(1_000_000);
  const reason = new Error("enough");
  controller.abort(reason);
  await assert.rejects(waiting, reason);
});

test("the time that several waits share goes on from one to the next", async () => {
  using counter = eventfd(1);
  using never = eventfd();
  const began = performance.now();
  const wait = leftOf({ timeout: 20 });
  const waits = async () => {
    for (;;) {
      await readable(counter, wait);
      await turns(1);
    }
  };
  await assert.rejects(waits(), { name: "TimeoutError" });
  assert.ok(performance.now() - began >= 20);
  assert.throws(() => wait.timeout, { name: "TimeoutError" });
  await assert.rejects(readable(counter, wait), { name: "TimeoutError" });
  const other = leftOf({ timeout: 20 });
  await assert.rejects(readable(never, { ...other }), { name: "TimeoutError" });
});

test("who has no time to share waits as before, and what is no way to give up is refused", () => {
  const { signal } = new AbortController();
  for (const options of [{}, { signal }, { timeout: 0 }, { timeout: Infinity }]) {
    assert.equal(leftOf(options), options);
  }
  assert.equal(leftOf({ signal, timeout: 5 }).signal, signal);
  assert.throws(() => leftOf({ timeout: -1 }), RangeError);
  assert.throws(() => leftOf({ timeOut: 1 } as object), TypeError);
});

test("with one way to give up there is one signal, with none there is none", () => {
  const { signal } = new AbortController();
  assert.equal(signalOf({ signal }), signal);
  assert.equal(signalOf({ signal: undefined, timeout: undefined }), undefined);
});

test("a signal of two is not forgotten by the garbage collector while somebody listens", async () => {
  using counter = eventfd();
  const { signal } = new AbortController();
  const waiting = assert.rejects(
    readable(counter, { signal: signalOf({ signal, timeout: 50 }) }),
    { name: "TimeoutError" },
  );
  await gc();
  await waiting;
});

test("what was given up before is given up, and what is no way to give up is refused", () => {
  const reason = new Error("never");
  assert.equal(signalOf({ signal: AbortSignal.abort(reason), timeout: 1000 })!.reason, reason);
  assert.throws(() => signalOf({ signal: {} as AbortSignal }), TypeError);
  assert.throws(() => signalOf({ timeout: -1 }), RangeError);
  assert.throws(() => signalOf({ timeout: "1" as unknown as number }), TypeError);
  assert.throws(() => signalOf({ timeOut: 1 } as object), TypeError);
});

test("a signal of somebody else's making will do", async () => {
  let abort: unknown;
  const signal = {
    aborted: false,
    reason: new Error("enough"),
    throwIfAborted() {},
    addEventListener: (_: string, listener: unknown) => abort = listener,
    removeEventListener: (_: string, listener: unknown) => assert.equal(listener, abort),
  };
  using counter = eventfd();
  const waiting = readable(counter, { signal: signal as unknown as AbortSignal });
  (abort as { handleEvent(): void }).handleEvent();
  await assert.rejects(waiting, signal.reason);
});

test("a promise is waited for as it is, unless the signal aborts", async () => {
  const { signal } = new AbortController();
  const failure = new Error("failed");
  for (const [ended, given] of [[Promise.resolve(3), undefined], [Promise.resolve(3), signal]]) {
    assert.equal(await unlessAborted(ended as Promise<number>, given as AbortSignal), 3);
  }
  await assert.rejects(unlessAborted(Promise.reject(failure), signal), failure);
});

test("a promise that is never settled can be given up", async () => {
  const controller = new AbortController();
  const never = new Promise<void>(() => {});
  const reason = new Error("enough");
  const waiting = unlessAborted(never, controller.signal);
  await turns();
  controller.abort(reason);
  await assert.rejects(waiting, reason);
  await assert.rejects(unlessAborted(never, controller.signal), reason);
});

test("a promise can be given up by the clock, and leaves no listener", async () => {
  const never = new Promise<void>(() => {});
  const alive = setInterval(() => {}, 1000);
  const began = performance.now();
  await assert.rejects(unlessGivenUp(never, { timeout: 2.5 }), { name: "TimeoutError" });
  assert.ok(performance.now() - began >= 2.5);
  assert.equal(await unlessGivenUp(Promise.resolve(3), { timeout: 2 ** 40 }), 3);
  const { signal } = new AbortController();
  const listeners = new Set<unknown>();
  const [add, remove] = [signal.addEventListener, signal.removeEventListener];
  signal.addEventListener = (...args: Parameters<typeof add>) => {
    listeners.add(args[1]);
    add.apply(signal, args);
  };
  signal.removeEventListener = (...args: Parameters<typeof remove>) => {
    listeners.delete(args[1]);
    remove.apply(signal, args);
  };
  await assert.rejects(unlessGivenUp(never, { signal, timeout: 1 }), { name: "TimeoutError" });
  assert.equal(await unlessGivenUp(Promise.resolve(3), { signal, timeout: 1 }), 3);
  assert.equal(listeners.size, 0);
  clearInterval(alive);
});

test("a promise that fails after it was given up is nobody's any more", async () => {
  const controller = new AbortController();
  let fail!: (reason: Error) => void;
  const failing = new Promise<void>((_, reject) => fail = reject);
  const waiting = unlessAborted(failing, controller.signal);
  controller.abort();
  await assert.rejects(waiting, { name: "AbortError" });
  await assert.rejects(unlessAborted(failing, controller.signal), { name: "AbortError" });
  fail(new Error("late")); // which would end the program if it were unhandled
  await turns();
});

test("the time is not over before it is, however busy the thread was", async () => {
  for (let i = 0; i < 50; i++) {
    const busyUntil = performance.now() + (i % 2) * 5;
    while (performance.now() < busyUntil);
    const began = performance.now();
    const signal = signalOf({ timeout: 3 })!;
    while (!signal.aborted) await turns(1);
    assert.ok(performance.now() - began >= 3);
    assert.equal(signal.reason.name, "TimeoutError");
  }
});

test.run();
