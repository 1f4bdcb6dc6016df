import assert from "node:assert/strict";
import { test } from "uvu";
import { runFresh } from "@posixly/testing";

const prelude = `
  import { eventfd } from "@posixly/fd";
  import { readable } from "@posixly/mux";
  import { gc, turns } from "@posixly/testing";
  import process from "node:process";
  let forgotten = 0;
  process.on("warning", ({ message }) => void (forgotten += /never closed/.test(message)));
  const other = eventfd(); // keeps the set open
  const controller = new AbortController();
  const waiting = readable(other, { signal: controller.signal }).catch(() => {});
`;

test("what is forgotten after a wait is closed by the garbage collector, while others wait", async () => {
  const { stdout, stderr } = await runFresh(`${prelude}
    let number;
    async function waitOnce() {
      const counter = eventfd(1);
      number = counter.fd;
      await readable(counter);
    }
    await waitOnce();
    await gc();
    await turns();
    console.log(forgotten);
    const again = eventfd(1); // which has the number of the one before
    await readable(again);
    console.log(again.fd === number, again.take());
    again.close();
    controller.abort();
    await waiting;
    other.close();
  `);
  assert.equal(stdout, "1\ntrue 1\n", stderr);
});

test("what is waited for is not", async () => {
  const { stdout, stderr } = await runFresh(`${prelude}
    let number;
    function wait() {
      const counter = eventfd();
      number = counter.fd;
      return readable(counter, { signal: controller.signal }).catch((error) => error.name);
    }
    const ended = wait();
    await gc();
    await turns();
    console.log(forgotten);
    controller.abort();
    console.log(await ended);
    process.exit(); // with both of them open
  `);
  assert.equal(stdout, "0\nAbortError\n", stderr);
});

test.run();
