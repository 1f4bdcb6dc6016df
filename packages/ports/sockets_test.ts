import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import process from "node:process";
import { readable } from "@posixly/mux";
import { type ListOptions, sockets } from "@posixly/ports";
import {
  bind,
  connectTcp,
  getOption,
  listenTcp,
  setOptions,
  socket,
  tcpInfo,
} from "@posixly/socket";
import { withoutLeaks } from "@posixly/testing";
import { test } from "uvu";
import { Crowd, portOf, rows, ss, testAlone } from "./crowd_fixture.ts";

testAlone("TCP and UDP are told as ss tells them", () =>
  withoutLeaks(async () => {
    using crowd = await new Crowd().gather();
    assert.deepEqual(rows(sockets({ protocol: "tcp" })), ss("-ta"));
    assert.deepEqual(rows(sockets({ protocol: "udp" })), ss("-ua"));
    assert.deepEqual(rows(sockets({ protocol: "tcp", family: "ipv6" })), ss("-ta6"));
    assert.deepEqual(rows(sockets({ states: ["listening"] })), ss("-tl"));
    assert.deepEqual(
      rows(sockets({ protocol: "tcp", states: ["timeWait", "synSent"] })),
      ss("-t", "state", "time-wait", "state", "syn-sent"),
    );
    const states = new Set([...sockets({ protocol: "tcp" })].map(({ state }) => state));
    for (const state of ["synSent", "closeWait", "finWait2", "timeWait", "listening"] as const) {
      assert.ok(states.has(state), state);
    }
    assert.ok(crowd.listeners.length > 0);
  }));

test("a socket is found with what it knows of itself", () =>
  withoutLeaks(async () => {
    using listener = listenTcp("127.0.0.1:0", { backlog: 7 });
    using client = await connectTcp(listener.localAddress);
    using server = await listener.accept();
    setOptions(server, { keepAlive: true });
    await client.write(new Uint8Array(1000));
    await readable(server);
    const { port } = listener.localAddress as { port: number };

    const list = sockets({
      protocol: "tcp",
      filter: `( sport = ${port} or dport = ${port} )`,
      info: true,
      memory: true,
      congestionControl: true,
      owners: true,
    });
    assert.equal(list.length, 3);
    const entries = [...list];
    const of = (cookie: number | bigint) => entries.find((each) => each.cookie === BigInt(cookie))!;
    const ours = of(getOption(client, "cookie"));
    const theirs = of(getOption(server, "cookie"));
    const door = of(getOption(listener, "cookie"));

    assert.equal(ours.state, "established");
    assert.deepEqual(ours.local, client.localAddress);
    assert.deepEqual(ours.remote, client.remoteAddress);
    assert.equal(theirs.receiveQueue, 1000);
    assert.equal(theirs.timer?.kind, "keepAlive");
    assert.equal(theirs.info!.segmentsReceived, tcpInfo(server).segmentsReceived);
    assert.equal(theirs.memory!.receiveLimit, getOption(server, "receiveBuffer"));
    assert.equal(theirs.congestionControl, getOption(server, "congestion"));
    assert.equal(door.sendQueue, 7);
    assert.equal(door.remote, null);
    assert.equal(door.timer, undefined);
    assert.equal(door.uid, process.getuid!());
    const fds = entries.map(({ owners }) => owners!.map(({ pid, fd }) => [pid, fd]));
    const expected = [listener, client, server].map(({ fd }) => [[process.pid, fd]]);
    assert.deepEqual(fds.sort(), expected.sort());
    assert.deepEqual([...list.localPorts()], entries.map(({ localPort }) => localPort));
    assert.deepEqual([...list.remotePorts()], entries.map(({ remotePort }) => remotePort));
    assert.deepEqual(list.at(1)!.local, entries[1].local);
    assert.equal(list.at(3), undefined);
    assert.equal(list.at(-1), undefined);
  }));

testAlone("owners are those that ss tells", async () => {
  using _crowd = await new Crowd().gather();
  const text = execFileSync("ss", ["-Hntap"], { encoding: "utf8", maxBuffer: 2 ** 26 });
  const told = [...text.matchAll(/pid=(\d+),fd=(\d+)/g)].map(([, pid, fd]) => `${pid} ${fd}`);
  const found = [...sockets({ protocol: "tcp", owners: true })]
    .flatMap(({ owners = [] }) => owners.map(({ pid, fd }) => `${pid} ${fd}`));
  assert.ok(found.length > 20);
  assert.deepEqual(found.sort(), told.sort());
});

testAlone("a socket that is merely bound is told if it is asked for", () => {
  using bound = socket("ipv4", "stream");
  bind(bound, "127.0.0.1:0");
  const sport = `sport = ${portOf(bound)}`;
  const told = (options: ListOptions) =>
    [...sockets({ protocol: "tcp", ...options })].map(({ state }) => state);
  assert.deepEqual(told({ filter: sport }), []);
  assert.deepEqual(told({ filter: sport, bound: true }), ["boundInactive"]);
  assert.deepEqual(told({ filter: sport, states: ["boundInactive"] }), ["boundInactive"]);
  assert.deepEqual(told({ filter: `state bound-inactive ${sport}` }), ["boundInactive"]);
  assert.deepEqual(told({ filter: `state bound-inactive or ${sport}` }), ["boundInactive"]);
  assert.deepEqual(told({ filter: sport, states: ["listening"], bound: true }), ["boundInactive"]);
  assert.deepEqual(told({ filter: `${sport} exclude bound-inactive`, bound: true }), []);
});

test("what is no option, state or filter is refused", () => {
  const refused = (options: object, name = "TypeError") =>
    assert.throws(() => sockets(options), { name });
  refused({ protocol: "sctp" });
  refused({ family: "unix" });
  refused({ states: ["open"] });
  refused({ source: "ss" });
  refused({ owners: 1 });
  refused({ infos: true });
  refused({ filter: 5 });
  assert.throws(() => sockets({ infos: true } as object), {
    message: "there is no option infos, only info, memory, congestionControl, protocol, family, " +
      "states, bound, filter, owners, source",
  });
});

testAlone("on a busy machine, whoever holds still is told, and all else is busy", async () => {
  using _crowd = await new Crowd().gather();
  const lasting = (all: string[]) => all.filter((each) => !each.startsWith("timeWait"));
  const still = lasting(rows(sockets({ protocol: "tcp" })));
  const churn = spawn("python3", ["-c", CHURN], { stdio: ["ignore", "pipe", "inherit"] });
  try {
    const [said] = await once(churn.stdout, "data");
    const port = Number(said);
    const isBusy = (text: string) => text.split(" ").some((word) => word.endsWith(`:${port}`));
    for (let round = 0; round < 20; round++) {
      for (const told of [rows(sockets({ protocol: "tcp" })), ss("-ta")]) {
        assert.deepEqual(lasting(told).filter((each) => !isBusy(each)), still);
      }
    }
    const left = sockets({ filter: `state time-wait ( sport = ${port} or dport = ${port} )` });
    assert.ok(left.length > 100);
  } finally {
    churn.kill();
    await once(churn, "exit");
  }
});

const CHURN = `
import socket
server = socket.create_server(("127.0.0.1", 0))
print(server.getsockname()[1], flush=True)
while True:
    client = socket.create_connection(server.getsockname())
    accepted, _ = server.accept()
    client.close()
    accepted.close()
`;

test.run();
