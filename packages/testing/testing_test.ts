import assert from "node:assert/strict";
import { closeSync, openSync } from "node:fs";
import process from "node:process";
import { setImmediate } from "node:timers";
import {
  gc,
  openDescriptors,
  runFresh,
  testNeeding,
  testWhere,
  turns,
  withFaults,
  withoutLeaks,
} from "./mod.ts";
import { test } from "uvu";

test("open descriptors are listed with what they lead to", () => {
  const fd = openSync("/dev/null", "r");
  assert.deepEqual(openDescriptors().find((open) => open.fd === fd), { fd, target: "/dev/null" });
  closeSync(fd);
  assert.ok(!openDescriptors().some((open) => open.fd === fd));
});

test("a leak is an error, closing late is none", async () => {
  let leaked = -1;
  const leak = () => void (leaked = openSync("/dev/null", "r"));
  await assert.rejects(() => withoutLeaks(leak), { message: /left open/ });
  closeSync(leaked);

  await withoutLeaks(() => {
    const fd = openSync("/dev/null", "r");
    setImmediate(() => closeSync(fd));
  });
});

test("in a turn everything has its turn", async () => {
  const had: string[] = [];
  setImmediate(() => had.push("immediate"));
  process.nextTick(() => had.push("tick"));
  Promise.resolve().then(() => had.push("promise"));
  await turns(1);
  assert.deepEqual(had.sort(), ["immediate", "promise", "tick"]);
});

test("garbage is collected on demand", async () => {
  let collected = false;
  const registry = new FinalizationRegistry(() => collected = true);
  (() => registry.register({}, undefined))();
  await gc();
  assert.ok(collected);
});

test("a fresh process is of the same runtime, and knows the packages", async () => {
  const fresh = await runFresh(
    `
    import { text } from "node:stream/consumers";
    import process from "node:process";
    import { struct } from "@posixly/sys/struct";
    console.log(process.version, struct({ a: "u16" }).size, process.argv[2], process.env.GREETING);
    console.error(await text(process.stdin));
    process.exitCode = 3;
    `,
    { args: ["argument"], env: { GREETING: "hello" }, stdin: "input" },
  );
  assert.deepEqual(fresh, {
    status: 3,
    signal: null,
    stdout: `${process.version} 2 argument hello\n`,
    stderr: "input\n",
  });
});

testNeeding("env", "a fresh process may be started by another program", async () => {
  const program = `
    import process from "node:process";
    console.log(process.env.GREETING, process.argv[2]);
  `;
  const { stdout } = await runFresh(program, {
    args: ["argument"],
    through: ["env", "GREETING=hello"],
  });
  assert.equal(stdout, "hello argument\n");
});

test("a fresh process that takes too long is killed", async () => {
  const { status, signal } = await runFresh("for (;;);", { timeout: 500 });
  assert.deepEqual({ status, signal }, { status: null, signal: "SIGKILL" });
});

testNeeding("sh", "and so is what was started by another program", async () => {
  const through = ["sh", "-c", '"$@"; true', "sh"];
  const { signal } = await runFresh("for (;;);", { timeout: 500, through });
  assert.equal(signal, "SIGKILL");
});

testNeeding(
  "strace",
  "calls fail for as long as something runs, and must",
  () =>
    withoutLeaks(async () => {
      const open = () => closeSync(openSync("/dev/null", "r"));
      await withFaults(["openat:error=EIO:when=2"], () => {
        open();
        assert.throws(open, { code: "EIO" });
        open();
      });
      open();
      await assert.rejects(withFaults(["tee:error=EIO"], open), /tee did not fail/);
      const failing = withFaults(["tee:error=EIO"], () => assert.fail("of its own"));
      await assert.rejects(failing, /of its own/);
    }),
);

testNeeding("sh", "what is here is run", () => {});
testWhere(true, "nothing", "what is met is run", () => {});

test.run();
