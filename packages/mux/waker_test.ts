import assert from "node:assert/strict";
import { eventfd, memfd, stat } from "@posixly/fd";
import { readable, run, stop, wake, Waker } from "@posixly/mux";
import { runFresh, withoutLeaks } from "@posixly/testing";
import fc from "fast-check";
import { test } from "uvu";

/** Has the event loop look so many times. */
async function looks(times = 1): Promise<void> {
  using always = eventfd(1);
  for (let look = 0; look < times; look++) await readable(always);
}

test("wakes that come together are told once, and those that come later once more", () =>
  withoutLeaks(() =>
    fc.assert(
      fc.asyncProperty(fc.array(fc.nat({ max: 4 }), { maxLength: 8 }), async (rounds) => {
        let calls = 0;
        using waker = new Waker(() => calls++);
        for (const wakes of rounds) {
          calls = 0;
          for (let i = 0; i < wakes; i++) assert.equal(wake(waker.handle), true);
          assert.equal(calls, 0);
          await looks(2);
          assert.equal(calls, wakes > 0 ? 1 : 0);
        }
      }),
      { numRuns: 30 },
    )
  ));

test("a waker that is closed says so, and whoever has its number then is not written to", () =>
  withoutLeaks(() => {
    const waker = new Waker(() => assert.fail("told after the end"));
    const { handle } = waker;
    const [number] = new Int32Array(handle);
    wake(handle);
    waker.close();
    waker.close();
    waker[Symbol.dispose]();
    waker.ref().unref();
    using file = memfd();
    assert.equal(file.fd, number);
    assert.equal(wake(handle), false);
    assert.equal(stat(file).size, 0);
  }));

test("what is no handle is refused, and one that nobody listens at says so", () => {
  for (const bad of [undefined, null, {}, new ArrayBuffer(8), new SharedArrayBuffer(12), 5]) {
    assert.throws(() => wake(bad as never), TypeError);
  }
  assert.equal(wake(new SharedArrayBuffer(8)), false);
  for (const bad of [undefined, null, {}, 5]) {
    assert.throws(() => new Waker(bad as never), { name: "TypeError", message: /callback/ });
  }
});

test("a waker wakes a loop that holds up the thread, and may close itself there", () =>
  withoutLeaks(() => {
    let calls = 0;
    const waker = new Waker(() => {
      if (++calls === 2) waker.close();
      else wake(waker.handle);
    });
    wake(waker.handle);
    run();
    assert.equal(calls, 2);
    const stopper = new Waker(stop);
    wake(stopper.handle);
    run();
    stopper.close();
  }));

/** A program of two threads. */
const inWorker = (main: string, worker: string) => `
  import assert from "node:assert/strict";
  import { eventfd, memfd, read, stat } from "@posixly/fd";
  import { readable, run, stop, wake, Waker, watch } from "@posixly/mux";
  import process from "node:process";
  import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
  const start = (workerData) => new Worker(new URL(import.meta.url), { workerData });
  const message = (worker) => new Promise((resolve) => worker.once("message", resolve));
  const exit = (worker) => new Promise((resolve) => worker.once("exit", resolve));
  if (isMainThread) {
    ${main}
  } else {
    ${worker}
  }
`;

test("another thread wakes the event loop of this one", async () => {
  const { stdout, stderr } = await runFresh(inWorker(
    `let calls = 0;
     let ended;
     const waker = new Waker(() => {
       console.log("woken");
       if (++calls < 3) return worker.postMessage("again");
       waker.close();
       ended();
     });
     const worker = start(waker.handle);
     await new Promise((resolve) => ended = resolve);
     await worker.terminate();
     console.log(calls, wake(waker.handle));`,
    `wake(workerData);
     parentPort.on("message", () => wake(workerData));`,
  ));
  assert.equal(stdout, "woken\nwoken\nwoken\n3 false\n", stderr);
});

test("this thread wakes the loop of another, which then tells something and ends", async () => {
  const { stdout, stderr } = await runFresh(inWorker(
    `const worker = start();
     const handle = await message(worker);
     for (let i = 0; i < 3; i++) { assert.ok(wake(handle)); await message(worker); }
     await exit(worker);
     console.log(wake(handle));`,
    `let calls = 0;
     const waker = new Waker(() => {
       parentPort.postMessage(++calls);
       if (calls === 3) waker.close();
     });
     parentPort.postMessage(waker.handle);
     run();`,
  ));
  assert.equal(stdout, "false\n", stderr);
});

test("a waker that is closed while others wake it in a loop writes to nobody else", async () => {
  const { stdout, stderr } = await runFresh(
    inWorker(
      `const workers = [start(), start()];
       await Promise.all(workers.map(message));
       let touched = 0, told = 0;
       const always = eventfd(1);
       for (let round = 0; round < 100; round++) {
         const waker = new Waker(() => told++);
         const number = new Int32Array(waker.handle)[0];
         for (const worker of workers) worker.postMessage(waker.handle);
         const answers = workers.map(message);
         if (round % 2) await readable(always); // others are at it
         else for (let i = 0; i < round * 150; i++);
         waker.close();
         // Whoever gets the number next must stay as it is.
         const files = Array.from({ length: 4 }, () => memfd());
         await Promise.all(answers);
         for (const file of files) { if (stat(file).size > 0) touched++; file.close(); }
       }
       await Promise.all(workers.map((worker) => worker.terminate()));
       console.log(touched, told > 0);`,
      `parentPort.on("message", (handle) => {
         let wakes = 0;
         while (wake(handle)) wakes++;
         parentPort.postMessage(wakes);
       });
       parentPort.postMessage("ready");`,
    ),
  );
  assert.equal(stdout, "0 true\n", stderr);
});

test("a Worker that is terminated while it wakes keeps nobody from closing the waker", async () => {
  const { status, stdout, stderr } = await runFresh(
    inWorker(
      `for (let round = 0; round < 10; round++) {
         const waker = new Waker(() => {});
         const worker = start(waker.handle);
         await message(worker);
         await worker.terminate();
         waker.close();
         assert.equal(wake(waker.handle), false);
       }
       console.log("closed");`,
      `// Koffi aborts the process if a Worker is terminated while it binds functions, so first things first.
       for (let i = 0; i < 1000; i++) wake(workerData);
       parentPort.postMessage("ready");
       while (wake(workerData));`,
    ),
  );
  assert.deepEqual([status, stdout], [0, "closed\n"], stderr);
});

test("a waker keeps the program alive unless it is unreferenced", async () => {
  const unreferenced = await runFresh(`
    import { Waker } from "@posixly/mux";
    new Waker(() => {}).unref();
    new Waker(() => {}).ref().unref();
  `);
  assert.equal(unreferenced.status, 0, unreferenced.stderr);
  const referenced = await runFresh(`
    import { wake, Waker } from "@posixly/mux";
    const waker = new Waker(() => { console.log("woken"); waker.close(); });
    setImmediate(() => setImmediate(() => wake(waker.handle)));
  `);
  assert.equal(referenced.stdout, "woken\n", referenced.stderr);
});

test.run();
