import assert from "node:assert/strict";
import fc from "fast-check";
import { test } from "uvu";
import { type OwnedFd, pidfd, reap, signals } from "@posixly/fd";
import { errno } from "@posixly/sys";
import { runFresh, testNeeding, turns, withoutLeaks } from "@posixly/testing";
import { pipe, spawn } from "@posixly/pipe";
import { libc } from "./libc.ts";

const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const exited = (code: number) => ({ code, signal: null, coreDumped: false });

test("the exit code, every one", () =>
  withoutLeaks(async () => {
    for (const code of [0, 1, 2, 127, 128, 254, 255]) {
      assert.deepEqual(await spawn("sh", ["-c", `exit ${code}`]).exited, exited(code));
    }
  }));

test("the signal that ended it", async () => {
  for (const signal of ["SIGTERM", "SIGKILL", "SIGHUP", "SIGUSR1"] as const) {
    const status = await spawn("sh", ["-c", `kill -${signals[signal]} $$`]).exited;
    assert.deepEqual(status, { code: null, signal, coreDumped: false });
  }
});

test("two who wait for one child learn the same", async () => {
  const child = spawn("sh", ["-c", "exit 5"]);
  assert.deepEqual(await Promise.all([child.exited, child.exited]), [exited(5), exited(5)]);
  assert.deepEqual(await child.exited, exited(5)); // and whoever comes late
});

test("many children at once, each with its own end", () =>
  withoutLeaks(async () => {
    const codes = Array.from({ length: 60 }, (_, i) => i);
    const children = codes.map((code) => spawn("sh", ["-c", `exit ${code}`]));
    const statuses = await Promise.all(children.map((child) => child.exited));
    assert.deepEqual(statuses.map(({ code }) => code), codes);
  }));

test("a child that nobody waits for is reaped, and its descriptor closed", () =>
  withoutLeaks(async () => {
    const child = spawn("true");
    const reaped = child.pidfd as OwnedFd;
    await new Promise<void>((resolve) => reaped.beforeClose(resolve));
    const WNOHANG = 1;
    assert.equal(libc.waitpid(child.pid, null, WNOHANG), -errno.ECHILD);
    assert.throws(() => child.pidfd.fd, /was closed/);
  }));

test("kill sends what it is told, and says whether there was anybody", async () => {
  const script = "trap 'echo caught; exit 3' USR1; echo ready; while :; do sleep 0.01; done";
  const child = spawn("sh", ["-c", script], { stdout: "pipe" });
  using stdout = child.stdout;
  assert.equal(await stdout.read(new Uint8Array(16)), 6);
  assert.equal(child.kill("SIGUSR1"), true);
  assert.equal(decode(await stdout.readAll()), "caught\n");
  assert.deepEqual(await child.exited, exited(3));
  assert.equal(child.kill(), false);
  assert.equal(child.kill("SIGKILL"), false);
});

test("kill after the end, before anybody noticed, harms nobody", async () => {
  const child = spawn("true");
  // It is a zombie by then: this program has not had a turn to reap it.
  while (reap(child.pidfd, { keep: true }) === null);
  assert.equal(child.kill("SIGKILL"), true);
  assert.deepEqual(await child.exited, exited(0));
});

test("kill refuses what is no signal, whether there is a child or not", async () => {
  const child = spawn("sleep", ["60"]);
  for (const gone of [false, true]) {
    for (const wrong of ["SIGNOTHING", "term", null, {}, 1.5]) {
      assert.throws(() => child.kill(wrong as "SIGTERM"), TypeError);
    }
    for (const wrong of [0, -1, 65]) assert.throws(() => child.kill(wrong), RangeError);
    assert.equal(child.kill(15), !gone);
    await child.exited;
  }
});

test("a child that somebody else reaped is no crash", () =>
  withoutLeaks(async () => {
    const child = spawn("true");
    assert.equal(libc.waitpid(child.pid, null, 0), child.pid);
    assert.deepEqual(await child.exited, { code: null, signal: null, coreDumped: false });
    assert.equal(child.kill(), false);
  }));

test("nor is one that is gone before it can be looked at", async () => {
  // The kernel reaps by itself for a process that ignores SIGCHLD.
  const { status, stdout, stderr } = await runFresh(`
    import { bind } from "@posixly/sys";
    import { spawn } from "@posixly/pipe";
    await spawn("true").exited; // the runtime's own handler, if any, is there by now
    const { signal } = bind({ signal: ["address", "i32", "u64"] });
    signal(17, 1);
    for (let i = 0; i < 20; i++) {
      const child = spawn("true");
      const { code, signal } = await child.exited;
      if (code !== null || signal !== null) console.log("known", code, signal);
    }
    console.log("done");
  `);
  assert.deepEqual([status, stdout, stderr], [0, "done\n", ""]);
});

test("a child that cannot be watched is not left running", () =>
  withoutLeaks(async () => {
    const { kill } = libc;
    const killed: number[] = [];
    libc.kill = (pid, signal) => (killed.push(pid), kill(pid, signal));
    try {
      const { status, stdout } = await runFresh(`
        import { setLimit } from "@posixly/fd";
        import { spawn } from "@posixly/pipe";
        import { readdirSync, readFileSync } from "node:fs";
        const children = () => readFileSync("/proc/self/task/" + process.pid + "/children", "utf8");
        await spawn("true").exited;
        for (let limit = 10; limit < 60; limit++) {
          setLimit("openFiles", { soft: limit });
          try {
            const child = spawn("sleep", ["60"], { stdin: "null", stdout: "null", stderr: "null" });
            setLimit("openFiles", { soft: 1000 });
            child.kill("SIGKILL");
            await child.exited;
          } catch (error) {
            setLimit("openFiles", { soft: 1000 });
            if (error.code !== "EMFILE" && error.code !== "EINVAL") throw error;
          }
        }
        console.log(JSON.stringify(children()));
      `);
      assert.deepEqual([status, stdout], [0, '""\n']);
    } finally {
      libc.kill = kill;
    }
  }));

test("communicate with nothing to say", async () => {
  const child = spawn("sh", ["-c", "exit 4"]);
  assert.deepEqual(await child.communicate(), { stdout: null, stderr: null, status: exited(4) });
});

const inputs = fc.uint8Array({ maxLength: 300_000, size: "max" });

test("communicate gives back what cat was fed", () =>
  withoutLeaks(() =>
    fc.assert(
      fc.asyncProperty(inputs, async (input) => {
        const child = spawn("cat", [], { stdin: "pipe", stdout: "pipe" });
        const { stdout, status } = await child.communicate({ input });
        assert.deepEqual(stdout, input);
        assert.deepEqual(status, exited(0));
      }),
      { numRuns: 30 },
    )
  ));

testNeeding(
  "python3",
  "communicate moves 10 MB both ways, and twice back",
  () =>
    withoutLeaks(async () => {
      const script = `
import sys
while chunk := sys.stdin.buffer.read(100_000):
    sys.stdout.buffer.write(chunk)
    sys.stderr.buffer.write(chunk[::-1])
`;
      const child = spawn("python3", ["-c", script], {
        stdin: "pipe",
        stdout: "pipe",
        stderr: "pipe",
      });
      const input = Uint8Array.from({ length: 10_000_000 }, (_, i) => i * 31 >> 3);
      const { stdout, stderr, status } = await child.communicate({ input, limit: Infinity });
      assert.ok(Buffer.from(stdout).equals(input));
      assert.equal(stderr.length, input.length);
      assert.equal(status.code, 0);
    }),
);

test("a child that does not read its input is no error", async () => {
  for (const input of ["text", new Uint8Array(1_000_000)]) {
    const child = spawn("sh", ["-c", "exec <&-; echo done"], { stdin: "pipe", stdout: "pipe" });
    const { stdout, status } = await child.communicate({ input });
    assert.deepEqual([decode(stdout), status], ["done\n", exited(0)]);
  }
});

test("input is any buffer, or text in UTF-8", async () => {
  for (const input of ["né", new DataView(new TextEncoder().encode("né").buffer)]) {
    const child = spawn("cat", [], { stdin: "pipe", stdout: "pipe" });
    assert.equal(decode((await child.communicate({ input })).stdout), "né");
  }
});

test("communicate stops at its limit, and closes all ends", () =>
  withoutLeaks(async () => {
    const child = spawn("yes", [], { stdin: "pipe", stdout: "pipe", stderr: "pipe" });
    await assert.rejects(child.communicate({ limit: 1_000_000 }), /more than 1000000 bytes/);
    assert.ok(child.stdin.closed && child.stdout.closed && child.stderr.closed);
    assert.equal((await child.exited).signal, "SIGPIPE");
  }));

test("communicate can be given up, and closes all ends", () =>
  withoutLeaks(async () => {
    const child = spawn("sleep", ["60"], { stdin: "pipe", stdout: "pipe", stderr: "pipe" });
    const controller = new AbortController();
    const reason = new Error("enough");
    const waiting = child.communicate({ input: "x", signal: controller.signal });
    await turns();
    controller.abort(reason);
    await assert.rejects(waiting, reason);
    assert.ok(child.stdin.closed && child.stdout.closed && child.stderr.closed);
    assert.ok(child.kill()); // it is still running
    await child.exited;
  }));

test("communicate ends when its time is over, of which no part begins anew", () =>
  withoutLeaks(async () => {
    const child = spawn("yes", [], { stdin: "pipe", stdout: "pipe" }); // says something all the time
    await assert.rejects(child.communicate({ timeout: 20 }), { name: "TimeoutError" });
    assert.ok(child.stdin.closed && child.stdout.closed);
    await child.exited; // by SIGPIPE
  }));

test("communicate refuses what it cannot do", async () => {
  await using child = spawn("cat", [], { stdout: "pipe", stdin: "null" });
  await assert.rejects(child.communicate({ input: "x" }), TypeError);
  await using other = spawn("cat", [], { stdin: "pipe" });
  await assert.rejects(other.communicate({ input: 5 as unknown as string }), TypeError);
  await assert.rejects(other.communicate({ inptu: "x" } as object), TypeError);
  for (const signal of [null, 5, {}] as unknown[] as AbortSignal[]) {
    await assert.rejects(
      other.communicate({ signal }),
      /^TypeError: signal must be an AbortSignal/,
    );
  }
  await assert.rejects(other.communicate({ limit: -1 }), RangeError);
  assert.ok(!other.stdin.closed);
});

test("reading line by line while the child still runs", async () => {
  await using child = spawn("cat", [], { stdin: "pipe", stdout: "pipe" });
  const buffer = new Uint8Array(64);
  for (const line of ["one", "two", "three"]) {
    await child.stdin.write(new TextEncoder().encode(line));
    assert.equal(decode(buffer.subarray(0, await child.stdout.read(buffer))), line);
  }
});

test("the streams of the web on both sides of a child", () =>
  withoutLeaks(async () => {
    const child = spawn("tr", ["a-z", "A-Z"], { stdin: "pipe", stdout: "pipe" });
    const text = "some text ".repeat(50_000);
    const [answer] = await Promise.all([
      new Response(child.stdout.readable()).text(),
      new Blob([text]).stream().pipeTo(child.stdin.writable()),
    ]);
    assert.equal(answer, text.toUpperCase());
    assert.deepEqual(await child.exited, exited(0));
  }));

test("await using ends a child that is still running, and closes its pipes", () =>
  withoutLeaks(async () => {
    let left;
    {
      await using child = spawn("sleep", ["60"], { stdin: "pipe", stdout: "pipe", stderr: "pipe" });
      left = child;
    }
    assert.equal((await left.exited).signal, "SIGTERM");
    assert.ok(left.stdin.closed && left.stdout.closed && left.stderr.closed && left.pidfd.closed);
  }));

test("a running child keeps the program alive, unless it is unreferenced", async () => {
  const program = (unref: string) => `
    import { spawn } from "@posixly/pipe";
    spawn("sh", ["-c", "read line; echo ended"], { stdin: "pipe" })${unref};
  `;
  // Both ends of the pipe that the child reads go with the program.
  const unreferenced = await runFresh(program(".unref()"));
  assert.equal(unreferenced.status, 0);
  const referenced = await runFresh(`
    import { pipe, spawn } from "@posixly/pipe";
    import { watch } from "@posixly/sys";
    const script = "read line; echo $line; exit 7";
    const child = spawn("sh", ["-c", script], { stdin: "pipe" }).unref().ref();
    child.exited.then(({ code }) => console.log("exited", code));
    // It is served for as long as the program lives, and no longer.
    const { reader, writer } = pipe();
    writer.close();
    let turn = 0;
    const other = watch(reader.fd, () => {
      if (++turn < 10) return;
      child.stdin.write(new TextEncoder().encode("late\\n"));
      other.close();
    }).unref();
  `);
  assert.deepEqual([referenced.status, referenced.stdout], [0, "late\nexited 7\n"]);
});

test("children and other waits at the same time", async () => {
  using ends = pipe();
  const child = spawn("sleep", ["60"]);
  const reading = ends.reader.read(new Uint8Array(1));
  child.kill();
  await child.exited;
  ends.writer.close();
  assert.equal(await reading, 0);
});

test("the descriptor of a child works with what fd has for processes", async () => {
  const child = spawn("sleep", ["60"]);
  using same = pidfd(child.pid);
  assert.equal(reap(same), null);
  child.kill("SIGKILL");
  await child.exited;
  assert.throws(() => reap(same), { code: "ECHILD" });
});

test.run();
