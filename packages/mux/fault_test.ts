// What the kernel refuses: strace(1) is attached to a program and has its calls fail.
import assert from "node:assert/strict";
import process from "node:process";
import { runFresh, testNeeding } from "@posixly/testing";
import { test } from "uvu";

/** Runs a program that may call `attach` and `detach`, in between of which calls fail. */
function runWithFaults(inject: string, program: string) {
  const source = `
    import { spawn } from "node:child_process";
    import { once } from "node:events";
    import { readFileSync } from "node:fs";
    import process from "node:process";
    import { eventfd } from "@posixly/fd";
    import { readable, run, watch, whenReadable } from "@posixly/mux";
    import { openDescriptors, openedSince, turns } from "@posixly/testing";

    const log = process.argv[1] + ".log";
    let tracer, said = "";
    async function attach(also) {
      const [name] = "${inject}".split(":");
      // To a file: this program may stand still when there is something to read.
      const args = ["-f", "-o", log, "-e", "trace=" + [name, also ?? name], "-e", "inject=${inject}"];
      tracer = spawn("strace", [...args, "-p", process.pid], { stdio: ["ignore", "ignore", "pipe"] });
      tracer.stderr.setEncoding("utf8").on("data", (text) => said += text);
      tracer.on("exit", () => said += " attached ");
      while (!said.includes(" attached")) await once(tracer.stderr, "data");
    }
    /** How many calls failed. */
    async function detach() {
      const ended = once(tracer, "close");
      tracer.kill("SIGINT");
      await ended;
      return readFileSync(log, "utf8").split("INJECTED").length - 1;
    }
    const counter = eventfd(1, { semaphore: true });
    await readable(counter); // loads everything
    await turns();
    ${program}
  `;
  return runFresh(source);
}

// On arm64 the call is one that the event loop of Node makes as well.
testNeeding(
  process.arch === "x64" ? "strace" : "strace on x64",
  "a program whose looks are interrupted again and again loses nothing",
  async () => {
    const { stdout, stderr } = await runWithFaults(
      "epoll_wait:error=EINTR:when=1+2",
      `await attach();
     let taken = 0;
     for (let round = 0; round < 100; round++) {
       await readable(counter);
       taken += counter.take();
       if (round % 2) counter.add(1);
       else setImmediate(() => counter.add(1));
     }
     const watcher = watch(counter, { readable: true }, () => {
       taken += counter.take();
       if (taken === 200) watcher.close();
       else counter.add(1);
     });
     run();
     console.log(taken, await detach() > 100);
     counter.close();`,
    );
    assert.equal(stdout, "200 true\n", stderr);
  },
);

testNeeding(
  "strace",
  "where io_uring is forbidden, waiting again costs no call either",
  async () => {
    const { stdout, stderr } = await runWithFaults(
      "io_uring_setup:error=EPERM",
      `await openedSince([]); // the set is closed, and the next one waits in another way
     await attach("epoll_ctl");
     const [ours, theirs] = [eventfd(0, { semaphore: true }), eventfd(0, { semaphore: true })];
     const answering = (async () => {
       for (let round = 0; round < 100; round++) {
         theirs.add(await whenReadable(ours, () => ours.take()));
       }
     })();
     for (let round = 0; round < 100; round++) {
       ours.add(1);
       await readable(theirs);
       theirs.take();
     }
     await answering;
     await detach();
     console.log(readFileSync(log, "utf8").split("epoll_ctl(").length < 50);
     for (const one of [counter, ours, theirs]) one.close();`,
    );
    assert.equal(stdout, "true\n", stderr);
  },
);

// Of epoll_ctl(2) the event loop of Node makes calls as well, and ends the program if one fails: that
// is tried by replacing the function.
const refusals = [
  ["epoll_create1:error=EMFILE:when=1", "EMFILE"],
  ["epoll_create1:error=ENFILE:when=2", "ENFILE"],
];

for (const [inject, code] of refusals) {
  testNeeding("strace", `${inject} refuses one wait, and leaves nothing behind`, async () => {
    const { stdout, stderr } = await runWithFaults(
      inject,
      `await openedSince([]);
       const before = openDescriptors();
       await attach();
       const outcomes = [];
       for (let round = 0; round < 3; round++) {
         const outcome = readable(counter).then(() => "ready", ({ code }) => code);
         outcomes.push(await outcome);
         await turns();
       }
       console.log(outcomes.join(), await detach());
       console.log((await openedSince(before)).join());`,
    );
    assert.equal(stdout, `${code},ready,ready 1\n\n`, stderr);
  });
}

test.run();
