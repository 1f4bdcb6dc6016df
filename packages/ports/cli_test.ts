import assert from "node:assert/strict";
import process from "node:process";
import { connectTcp, type HostAndPort, listenTcp, udp } from "@posixly/socket";
import { type Finished, type FreshOptions, runFresh } from "@posixly/testing";
import { test } from "uvu";
import { explainPorts, portRange } from "@posixly/ports";
import { readArguments } from "./cli_arguments.ts";
import type { Holder, Overview } from "./overview.ts";
import { showHolders } from "./report.ts";

// Compiled or not, it lies beside this file.
const cli = new URL(import.meta.url.replace("cli_test", "cli"));

function ports(args: string[], options: FreshOptions = {}): Promise<Finished> {
  return runFresh(cli, { args, confined: true, ...options });
}

test("the overview tells the range, its use and the destinations", async () => {
  using server = listenTcp("127.0.0.1:0");
  const clients = [1, 2, 3].map(() => connectTcp(server.localAddress));
  const connections = await Promise.all(clients);
  const { status, stdout, stderr } = await ports(["--json"]);
  for (const connection of connections) connection.close();
  assert.equal(status, 0, stderr);
  const found: Overview = JSON.parse(stdout);
  const { first, last } = portRange();
  assert.equal(found.range, `${first}-${last}`);
  const { open, timeWait, unused } = found.tcp;
  assert.equal(open + timeWait + unused, found.ports);
  assert.ok(open >= 4);
  assert.equal(found.udp.open + found.udp.unused, found.ports);
  assert.deepEqual(found.settings, explainPorts());
});

test("the overview is a table", async () => {
  const { status, stdout } = await ports([]);
  assert.equal(status, 0);
  const { first, last } = portRange();
  assert.match(stdout, new RegExp(`^Ephemeral ports ${first}-${last}: \\d+`));
  assert.match(stdout, /^ {7}open {2}TIME_WAIT {2}unused +used$/m);
  assert.match(stdout, /^ {2}TCP +\d+ +\d+ +\d+ +\d+\.\d%$/m);
  assert.match(stdout, /^ {2}net\.ipv4\.tcp_tw_reuse = /m);
});

test("who has a port is told", async () => {
  using server = listenTcp("127.0.0.1:0");
  const { port } = server.localAddress as HostAndPort;
  using client = await connectTcp(server.localAddress);
  using same = udp(`127.0.0.1:${port}`);
  const told = await ports([String(port), "--json"]);
  assert.equal(told.status, 0, told.stderr);
  const holders: Holder[] = JSON.parse(told.stdout);
  assert.deepEqual(holders.map(({ protocol, state }) => `${protocol} ${state}`).sort(), [
    "tcp established",
    "tcp listening",
    "udp unconnected",
  ]);
  const listening = holders.find(({ state }) => state === "listening")!;
  assert.equal(listening.local, `127.0.0.1:${port}`);
  assert.deepEqual(listening.owners.map(({ pid, fd }) => [pid, fd]), [[process.pid, server.fd]]);
  assert.equal(same.closed || client.closed, false);

  const table = await ports([String(port)]);
  const line = new RegExp(
    `^  tcp +listening +127\\.0\\.0\\.1:${port} .*\\(${process.pid}\\)$`,
    "m",
  );
  assert.match(table.stdout, line);
});

test("nobody is an answer, and a status", async () => {
  using server = listenTcp("127.0.0.1:0");
  const { port } = server.localAddress as HostAndPort;
  server.close();
  const { status, stdout } = await ports([String(port)]);
  assert.equal(stdout, `Nobody has ${port}.\n`);
  assert.equal(status, 1);
});

test("it looks again and again, until who reads has enough", async () => {
  const through = ["sh", "-c", '"$@" | head -n 2', "sh"];
  const { status, stdout, stderr } = await ports(["--watch=0.1", "--json"], { through });
  assert.equal(status, 0, stderr);
  const looks = stdout.trimEnd().split("\n").map((line) => JSON.parse(line));
  assert.deepEqual(looks.map(({ ports }) => typeof ports), ["number", "number"]);
});

test("a full disk is a failure", async () => {
  const through = ["sh", "-c", 'exec "$@" > /dev/full', "sh"];
  for (const args of [[], ["--help"], ["--watch=0.1", "--json"]]) {
    const { status, stderr } = await ports(args, { through });
    assert.equal(status, 2, args.join(" "));
    assert.match(stderr, /^ports: .*no space left.*\n$/i);
  }
});

test("what makes no sense is refused in a line", async () => {
  for (
    const args of [["0"], ["65536"], ["http"], ["--wach"], ["--watch=0"], ["--watch=x"], ["1e3"]]
  ) {
    assert.throws(() => readArguments(args), { name: "UsageError" }, args.join(" "));
  }
  const { status, stdout, stderr } = await ports(["--wach"]);
  assert.deepEqual([status, stdout], [2, ""]);
  assert.match(stderr, /^ports: .*--wach.* \(--help tells more\)\n$/);
});

test("help is printed", async () => {
  const { status, stdout } = await ports(["--help"]);
  assert.equal(status, 0);
  assert.match(stdout, /^Usage: ports/);
  assert.deepEqual(readArguments(["80", "-w", "-j"]), { ports: [80], json: true, every: 1 });
  assert.deepEqual(readArguments([]), { ports: [], json: false, every: undefined });
});

test("the name of a program does not command the terminal", () => {
  const owner = { pid: 7, fd: 3, command: "\x1b[2J\u009bm\u202eé\n" };
  const local = "127.0.0.1:80";
  const holder: Holder = {
    port: 80,
    protocol: "tcp",
    state: "listening",
    local,
    remote: null,
    uid: 0,
    owners: [owner],
  };
  assert.match(showHolders([80], [holder]), /127\.0\.0\.1:80 +\?\[2J\?m\?é\? \(7\)$/m);
});

test.run();
