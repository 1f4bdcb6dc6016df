import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import { text } from "node:stream/consumers";
import {
  bind,
  connectTcp,
  type HostAndPort,
  listen,
  listenTcp,
  localAddress,
  setOptions,
  socket,
  toNodeServer,
  udp,
} from "@posixly/socket";
import { testNeeding, withoutLeaks } from "@posixly/testing";
import fc from "fast-check";
import { test } from "uvu";
import { freePort, observe, reservePort, reservePorts, waitForPort } from "@posixly/ports";
import { reserveInParallel, reserveInWorkers } from "./parallel_fixture.ts";

/** Whether somebody else could bind to a port, with the options that servers have. */
function canListen(port: number, address: string): boolean {
  const family = address.startsWith("[") ? "ipv6" : "ipv4";
  using server = socket(family, "stream");
  setOptions(server, { reuseAddress: true });
  try {
    bind(server, `${address}:${port}`);
    listen(server);
    return true;
  } catch (error) {
    assert.equal((error as { code: string }).code, "EADDRINUSE");
    return false;
  }
}

function canReceive(port: number): boolean {
  using receiver = socket("ipv4", "datagram");
  try {
    bind(receiver, `127.0.0.1:${port}`);
    return true;
  } catch (error) {
    assert.equal((error as { code: string }).code, "EADDRINUSE");
    return false;
  }
}

/** A port that nobody has, neither of TCP nor of UDP, whatever this machine is at. */
function unused(): number {
  using everywhere = reservePort({ protocol: "both" });
  return everywhere.port;
}

test("a port that is held is nobody else's, at any address of either version", () =>
  withoutLeaks(() => {
    const reservation = reservePort({ prefer: unused() });
    const { port } = reservation;
    for (const address of ["0.0.0.0", "127.0.0.1", "127.0.0.9", "[::]", "[::1]"]) {
      assert.equal(canListen(port, address), false, address);
    }
    assert.equal(canReceive(port), true);
    reservation.close();
    reservation.close();
    assert.equal(canListen(port, "[::]"), true);
  }));

test("it is held for what was asked for", () =>
  withoutLeaks(() => {
    using udpOnly = reservePort({ protocol: "udp", prefer: unused() });
    assert.equal(udpOnly.tcp, null);
    assert.equal(canReceive(udpOnly.port), false);
    assert.equal(canListen(udpOnly.port, "0.0.0.0"), true);

    using both = reservePort({ protocol: "both", family: "ipv4", prefer: unused() });
    assert.equal((localAddress(both.udp!) as HostAndPort).port, both.port);
    assert.equal((localAddress(both.tcp!) as HostAndPort).port, both.port);
    assert.equal(canReceive(both.port), false);
    assert.equal(canListen(both.port, "[::1]"), true);

    using one = reservePort({ host: "127.0.0.2" });
    assert.equal(canListen(one.port, "127.0.0.2"), false);
    assert.equal(canListen(one.port, "127.0.0.1"), true);
    using six = reservePort({ host: "::1" });
    assert.equal((localAddress(six.tcp!) as HostAndPort).host, "::1");
  }));

test("what is taken at another address is not reserved at this one", () =>
  withoutLeaks(() => {
    using elsewhere = listenTcp("127.0.0.7:0");
    const { port } = elsewhere.localAddress as HostAndPort;
    for (const host of ["127.0.0.1", "::1", undefined]) {
      assert.throws(() => reservePort({ host, prefer: port, range: false }), {
        code: "EADDRINUSE",
      });
    }
  }));

test("preferred ports come first, and one that is taken is passed over", () =>
  withoutLeaks(() => {
    const [taken, free, other] = reservePorts(3);
    const wanted = free.port;
    free.close();
    using first = reservePort({ prefer: [taken.port, wanted, other.port] });
    assert.equal(first.port, wanted);
    using any = reservePort({ prefer: new Set([taken.port, wanted]) });
    assert.ok(![taken.port, wanted, other.port].includes(any.port));
    assert.throws(() => reservePort({ prefer: [taken.port], range: false }), {
      code: "EADDRINUSE",
    });
    taken.close();
    other.close();
  }));

test("a range is used up to its last port, and what is excluded never", () =>
  withoutLeaks(() => {
    const base = reservePort({ range: { first: 20_000, last: 29_000 } });
    const first = base.port;
    base.close();
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 7 }), fc.uniqueArray(fc.nat(7)), (more, without) => {
        const range = { first, last: first + more };
        const exclude = without.map((it) => first + it);
        const wanted = Array.from({ length: more + 1 }, (_, i) => first + i)
          .filter((port) => !exclude.includes(port));
        const held = reserveAll({ host: "127.0.0.1", range, exclude });
        assert.deepEqual(held.map(({ port }) => port).sort(), wanted);
        for (const reservation of held) reservation.close();
      }),
      { numRuns: 30 },
    );
  }));

function reserveAll(options: Parameters<typeof reservePort>[0]) {
  const held = [];
  for (;;) {
    try {
      held.push(reservePort(options));
    } catch (error) {
      assert.ok(error instanceof RangeError || (error as { code: string }).code === "EADDRINUSE");
      return held;
    }
  }
}

test("several are reserved, or none", () =>
  withoutLeaks(() => {
    const some = reservePorts(50, { protocol: "both" });
    assert.equal(new Set(some.map(({ port }) => port)).size, 50);
    for (const one of some) one.close();
    using one = reservePort();
    const range = { first: one.port, last: one.port + 1 };
    assert.throws(() => reservePorts(2, { range }), { code: "EADDRINUSE" });
  }));

test("who excludes what the kernel would offer gets another", () =>
  withoutLeaks(() => {
    const everySecond = Array.from({ length: 16_384 }, (_, i) => 32_768 + 2 * i + 1);
    using reservation = reservePort({ exclude: everySecond });
    assert.equal(reservation.port % 2, 0);
  }));

test("what is no option is refused, and nothing stays open", () =>
  withoutLeaks(() => {
    const wrong = (options: unknown) => () => reservePort(options as object);
    assert.throws(wrong({ prefer: 0 }), { name: "RangeError" });
    assert.throws(wrong({ prefer: [80, 65_536] }), { name: "RangeError" });
    assert.throws(wrong({ prefer: ["80"] }), { name: "TypeError" });
    assert.throws(wrong({ prefer: "80" }), { message: /"80"/ });
    assert.throws(wrong({ exclude: ["80"] }), { name: "TypeError" });
    assert.throws(wrong({ range: { first: 5, last: 4 } }), { name: "TypeError" });
    assert.throws(wrong({ range: { first: 0, last: 4 } }), { name: "RangeError" });
    assert.throws(wrong({ protocol: "sctp" }), { message: /^protocol must be one of/ });
    assert.throws(wrong({ family: "ipv5" }), { message: /^family must be one of/ });
    assert.throws(wrong({ family: "ipv4", host: "::1" }), { message: /^host must be/ });
    assert.throws(wrong({ host: "localhost" }), { message: /node:dns/ });
    assert.throws(wrong({ host: "192.0.2.77" }), { code: "EADDRNOTAVAIL" });
    assert.throws(wrong({ ports: 80 }), { message: /no option ports/ });
    assert.throws(wrong({ range: false }), {
      name: "RangeError",
      message: "there is no port to choose from",
    });
    assert.throws(() => reservePorts(0), { name: "RangeError" });
  }));

test("the socket that held the port listens, and is the caller's then", () =>
  withoutLeaks(async () => {
    using reservation = reservePort({ host: "127.0.0.1", protocol: "both" });
    using listener = reservation.listen({ backlog: 5 });
    assert.equal(reservation.tcp, null);
    assert.throws(() => reservation.listen(), { message: /not held for tcp, or not any more/ });
    using client = await connectTcp(`127.0.0.1:${reservation.port}`);
    using server = await listener.accept();
    assert.deepEqual(server.remoteAddress, client.localAddress);

    using messages = reservation.datagrams();
    using sender = udp("127.0.0.1:0");
    await sender.send(new TextEncoder().encode("hello"), messages.localAddress);
    const { bytes } = await messages.receive();
    assert.equal(new TextDecoder().decode(bytes), "hello");
    assert.throws(() => reservation.park(), { message: /not held for tcp/ });
  }));

testNeeding("curl", "a server of Node takes the reserved port", () =>
  withoutLeaks(async () => {
    using reservation = reservePort({ host: "127.0.0.1" });
    const server = toNodeServer(
      reservation.listen(),
      createServer((_, response) => void response.setHeader("Connection", "close").end("reserved")),
    );
    const curl = spawn("curl", ["-s", `http://127.0.0.1:${reservation.port}/`]);
    assert.equal(await text(curl.stdout), "reserved");
    server.close();
    await once(server, "close");
  }));

testNeeding("python3", "a child process takes the reserved port", () =>
  withoutLeaks(async () => {
    using reservation = reservePort({ host: "127.0.0.1" });
    const script = `
import socket
server = socket.socket(fileno=3)
server.setblocking(True)
server.listen()
print("ready", flush=True)
server.accept()[0].sendall(b"from the child")`;
    const child = spawn("python3", ["-c", script], {
      stdio: ["ignore", "pipe", "inherit", reservation.tcp!.fd],
    });
    await once(child.stdout!, "data");
    reservation.close(); // the child has it
    using client = await connectTcp(`127.0.0.1:${reservation.port}`);
    assert.equal(new TextDecoder().decode(await client.readAll()), "from the child");
    await once(child, "exit");
  }));

test("a parked port is chosen for nobody, and had by who asks for it", () =>
  withoutLeaks(() => {
    for (const options of [{}, { host: "127.0.0.1" }, { family: "ipv6" as const }]) {
      const port = reservePort(options).park();
      assert.throws(() => reservePort({ prefer: port, range: false }), { code: "EADDRINUSE" });
      using listener = listenTcp(`${options.family === "ipv6" ? "[::]" : "127.0.0.1"}:${port}`);
      const { port: actual } = listener.localAddress as HostAndPort;
      assert.equal(actual, port);
    }
  }));

test("free ports are not given twice", () =>
  withoutLeaks(() => {
    for (const protocol of ["tcp", "udp", "both"] as const) {
      const ports = Array.from({ length: 100 }, () => freePort({ protocol }));
      assert.equal(new Set(ports).size, 100, protocol);
    }
    const range = { first: 20_000, last: 29_999 };
    const port = freePort({ range });
    assert.ok(port >= range.first && port <= range.last);
    assert.ok(observe("connect").distances.length > 0);
  }));

test("whoever waits for a port learns when it is busy, and when free", () =>
  withoutLeaks(async () => {
    const port = freePort({ host: "127.0.0.1" });
    const busy = waitForPort(port, "busy", { interval: 1 });
    const listener = listenTcp(`127.0.0.1:${port}`);
    await busy;
    const free = waitForPort(port, "free", { interval: 1 });
    await waitForPort(port, "busy"); // and so not free
    listener.close();
    await free;
    assert.equal(canListen(port, "127.0.0.1"), true);
  }));

test("whoever waits for a port can give up", () =>
  withoutLeaks(async () => {
    const port = freePort();
    const controller = new AbortController();
    const waiting = waitForPort(port, "busy", { signal: controller.signal, interval: 60_000 });
    controller.abort(new Error("no more"));
    await assert.rejects(waiting, { message: "no more" });
    await assert.rejects(waitForPort(port, "busy", { timeout: 5, interval: 1 }), {
      name: "TimeoutError",
    });
    const aborted = AbortSignal.abort(new Error("before"));
    await assert.rejects(waitForPort(port, "free", { signal: aborted }), { message: "before" });
    await assert.rejects(waitForPort(0, "free"), { name: "RangeError" });
    await assert.rejects(waitForPort(80, "taken" as "free"), { name: "TypeError" });
    await assert.rejects(waitForPort(80, "free", { host: "localhost" }), { message: /node:dns/ });
  }));

test("processes that reserve at the same time get different ports", () =>
  withoutLeaks(async () => {
    const ports = await reserveInParallel(4, 100, "both");
    assert.equal(ports.length, 400);
    assert.equal(new Set(ports).size, 400);
  }));

test("Workers that reserve at the same time get different ports", async () => {
  const ports = await reserveInWorkers(3, 50);
  assert.equal(ports.length, 150);
  assert.equal(new Set(ports).size, 150);
});

test.run();
