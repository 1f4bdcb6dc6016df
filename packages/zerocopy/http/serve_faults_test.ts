// A server whose calls fail, as strace(1) has them: it goes on, and no wrong byte arrives.
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync, readlinkSync, writeFileSync } from "node:fs";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { connectTcp } from "@posixly/socket";
import { runFresh, runtimeArguments, testNeeding, turns } from "@posixly/testing";
import { test } from "uvu";
import { bytes, folder, request } from "./site_fixture.ts";

/** How many ask, each for a file of its own, and then for a part of a large one. */
const CLIENTS = 24;
const lengths = Array.from({ length: CLIENTS }, (_, i) => i % 4 === 3 ? 500_000 + i : i * 1001);
for (const [i, length] of lengths.entries()) {
  writeFileSync(`${folder}/file${i}.bin`, bytes.subarray(i, i + length));
}

const cli = fileURLToPath(new URL(import.meta.url.replace("http/serve_faults_test", "cli")));
const log = `${folder}/.strace`;

/** A command that serves. */
interface Serving {
  readonly server: ChildProcess;
  readonly port: number;
  /** How it ends: with what, or by which signal; and what it has said by then. */
  readonly end: Promise<unknown[]>;
}

/** Starts the command, and waits until it serves. */
async function start(): Promise<Serving> {
  const args = [...runtimeArguments({ confined: true }), cli, "serve", folder, "--port", "0"];
  const server = spawn(process.execPath, args, {
    stdio: ["ignore", "inherit", "pipe"],
    env: { ...process.env, NO_COLOR: "1" },
  });
  let errors = "";
  const end = once(server, "exit").then((how) => [...how, errors]);
  const [first, , port] = await said(server, /^.*(:(\d+)\/\n)/);
  server.stderr!.on("data", (chunk) => errors += chunk);
  assert.match(first, /Serving/);
  return { server, port: Number(port), end };
}

/** Has calls of a process fail from now on. */
async function attach(pid: number, faults: readonly string[]): Promise<ChildProcess> {
  const calls = faults.map((fault) => fault.split(":")[0]);
  const inject = faults.flatMap((fault) => ["-e", `inject=${fault}`]);
  const args = ["-f", "-o", log, "-e", `trace=${calls.join()}`, ...inject, "-p", String(pid)];
  const tracer = spawn("strace", args, { stdio: ["ignore", "ignore", "pipe"] });
  await said(tracer, / attached/);
  return tracer;
}

/** Waits until a program has said something to standard error. */
async function said(child: ChildProcess, pattern: RegExp): Promise<RegExpExecArray> {
  let text = "";
  for await (const chunk of child.stderr!.iterator({ destroyOnReturn: false })) {
    const match = pattern.exec(text += chunk);
    if (match) return match;
  }
  throw new Error(`it ended, and all it said was ${text}`);
}

/** What came of a request: the right bytes, a part of them and a broken end, or a refusal. */
type Outcome = "right" | "broken off" | number;

async function ask(port: number, path: string, expected: Buffer): Promise<Outcome> {
  const got: Uint8Array[] = [];
  try {
    using connection = await connectTcp({ family: "ipv4", host: "127.0.0.1", port });
    await connection.write(request(path, "Connection: close\r\n"));
    for await (const chunk of connection.chunks({ timeout: 20_000 })) {
      got.push(chunk);
      const outcome = outcomeOf(Buffer.concat(got), expected);
      if (outcome !== "broken off") return outcome;
    }
  } catch (error) {
    const { code } = error as { code: string };
    assert.ok(["ECONNRESET", "EPIPE"].includes(code), String(error));
  }
  return "broken off";
}

/** What has come so far, if it ends here. */
function outcomeOf(answer: Buffer, expected: Buffer): Outcome {
  const end = answer.indexOf("\r\n\r\n");
  if (end < 0) return "broken off";
  const head = answer.toString("latin1", 0, end);
  const status = Number(head.slice(9, 12));
  if (status !== 200) return status;
  assert.match(head, new RegExp(`Content-Length: ${expected.length}(\r\n|$)`));
  const body = answer.subarray(end + 4);
  assert.ok(body.equals(expected.subarray(0, body.length)), "WRONG");
  return body.length === expected.length ? "right" : "broken off";
}

/** What the server has open beside what it began with. */
function openIn(pid: number): string[] {
  return readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
    try {
      const target = readlinkSync(`/proc/${pid}/fd/${fd}`);
      return target.startsWith("socket:") || target.startsWith(folder) ? [target] : [];
    } catch {
      return []; // closed meanwhile
    }
  });
}

/** Has everybody ask, and tells how they fared; the server then ends as it should. */
async function faring(faults: string, { leaks = false } = {}): Promise<Outcome[]> {
  const { server, port, end } = await start();
  const before = openIn(server.pid!).length;
  const tracer = await attach(server.pid!, faults.split(" "));
  const detached = once(tracer, "exit");
  const outcomes: Outcome[] = [];
  try {
    for (const round of [1, 5]) {
      const asking = lengths.map((_, i) => {
        const which = (i * round) % CLIENTS; // the second time it is known already
        const expected = bytes.subarray(which, which + lengths[which]);
        return ask(port, `/file${which}.bin`, expected);
      });
      outcomes.push(...await Promise.all(asking));
    }
    while (!leaks && openIn(server.pid!).length > before) await turns();
  } finally {
    tracer.kill("SIGINT"); // which lets the server go on by itself
    await detached;
    if (server.exitCode === null && server.signalCode === null) {
      process.kill(server.pid!, "SIGTERM");
    }
  }
  assert.deepEqual(await end, [0, null, ""]);
  const traced = readFileSync(log, "utf8");
  for (const fault of faults.split(" ")) {
    const call = fault.split(":")[0].replaceAll(",", "|");
    assert.match(traced, new RegExp(`(${call})\\(.*\\(INJECTED\\)`), `${call} did not fail`);
  }
  return outcomes;
}

for (
  const faults of [
    "accept4:error=EINTR:when=1+3 recvfrom:error=EINTR:when=1+3 sendto:error=EINTR:when=2+3 sendfile:error=EINTR:when=1+2 openat2:error=EINTR:when=3+4 statx:error=EINTR:when=3+4",
    "accept4:error=EAGAIN:when=1+2 recvfrom:error=EAGAIN:when=2+2 sendto:error=EAGAIN:when=2+2 sendfile:error=EAGAIN:when=1+3 preadv2:error=EAGAIN:when=1+3",
    "accept4:error=ENOMEM:when=2+4 sendfile:error=EINVAL:when=1+3 preadv2:error=EOPNOTSUPP:when=1+2",
    "accept4:error=ECONNABORTED:when=1+2 preadv2:error=EIO:when=1+2",
  ]
) {
  testNeeding("strace", `nobody notices ${faults}`, async () => {
    assert.deepEqual(await faring(faults), Array(2 * CLIENTS).fill("right"));
  });
}

for (
  const [faults, ...others] of [
    ["recvfrom:error=ECONNRESET:when=3+7", "broken off"],
    ["recvfrom:error=ENOMEM:when=3+7 sendto:error=ENOBUFS:when=6+7", "broken off"],
    ["sendfile:error=EIO:when=2+5 sendto:error=EPIPE:when=6+7", "broken off"],
    ["openat2:error=EMFILE:when=3+4 accept4:error=EMFILE:when=5+9", 503, "broken off"],
    ["openat2:error=EIO:when=3+5 statx:error=ENOMEM:when=4+7", 500, 404, 503],
    ["openat2:error=EACCES:when=3+5", 403, 404],
  ] as [string, ...Outcome[]][]
) {
  testNeeding("strace", `who meets ${faults} is told, and the others are served`, async () => {
    const outcomes = await faring(faults);
    const unserved = outcomes.filter((outcome) => outcome !== "right");
    assert.ok(unserved.length > 0 && unserved.length < 2 * CLIENTS, outcomes.join());
    for (const outcome of unserved) assert.ok(others.includes(outcome), String(outcome));
  });
}

testNeeding("strace", "a close that fails harms nobody", async () => {
  // It is injected before the kernel has closed it, so it stays open.
  const outcomes = await faring("close:error=EIO:when=2+5", { leaks: true });
  assert.ok(outcomes.filter((outcome) => outcome === "right").length > CLIENTS);
});

// Of epoll_ctl(2) the runtimes make calls as well, and end if one fails.
test("a connection that cannot be watched is closed, and the next one is served", async () => {
  const mux = import.meta.resolve("@posixly/mux").replace(/mod\.(ts|js)$/, "libc.$1");
  const { status, stdout, stderr } = await runFresh(`
    import { libc } from ${JSON.stringify(mux)};
    import { serveStatic } from "@posixly/zerocopy/http";
    import { openDescriptors, openedSince } from "@posixly/testing";
    import process from "node:process";
    // Deno opens sockets for signals at some time, and keeps them.
    process.on("SIGCONT", Object).off("SIGCONT", Object);
    const own = libc.epoll_ctl;
    const server = serveStatic(${JSON.stringify(folder)});
    const get = () => fetch(server.url + "small.txt", { headers: { Connection: "close" } })
      .then((answer) => answer.text(), () => "failed");
    console.log(await get());
    const before = openDescriptors();
    for (const code of [12, 28]) {
      libc.epoll_ctl = (set, operation, fd, event) =>
        operation === 1 ? -code : own(set, operation, fd, event);
      console.log(await get());
      libc.epoll_ctl = own;
      console.log(await get());
    }
    console.log((await openedSince(before)).filter((line) => line.includes("socket")).length);
    await server.close();
  `);
  assert.equal(stdout, "small\nfailed\nsmall\nfailed\nsmall\n0\n", stderr);
  assert.equal(status, 0);
});

test.run();
