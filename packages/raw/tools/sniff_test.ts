import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { ioctl, open } from "@posixly/fd";
import { packetSocket, ping, sniff, type SniffedPacket } from "@posixly/raw";
import { assemble } from "@posixly/raw/bpf";
import { parseCapture } from "@posixly/raw/pcap";
import { formatPacket } from "@posixly/raw/wire";
import { type HostAndPort, type Listener, listenTcp } from "@posixly/socket";
import { runFresh, testWhere, turns, withoutLeaks } from "@posixly/testing";
import { test } from "uvu";
import { packetsOfFile } from "../cli/read_file.ts";
import { frameOf } from "../frame_fixture.ts";
import { isAlone, run, testAlone, untilUp, veth } from "../network_fixture.ts";
import { neighbor } from "../routers_fixture.ts";

const GREETING = "hello from the other end";

/** A server of HTTP, as far as curl needs one. */
async function answer(listener: Listener): Promise<void> {
  using connection = await listener.accept({ timeout: 30_000 });
  await connection.read(new Uint8Array(4096));
  const head = `HTTP/1.1 200 OK\r\nContent-Length: ${GREETING.length}\r\nConnection: close\r\n\r\n`;
  await connection.write(new TextEncoder().encode(head + GREETING));
  await connection.end();
  while (await connection.read(new Uint8Array(4096)) > 0);
}

function textOf({ packet }: SniffedPacket): string {
  return new TextDecoder().decode(packet.payload);
}

/** Only what is of TCP with a port, over IPv4 and Ethernet. */
const ofPort = (port: number) =>
  assemble(`
          ldh [12]
          jne #0x800, drop
          ldb [23]
          jne #6, drop
          ldxb 4*([14]&0xf)
          ldh [x + 14]
          jeq #${port}, keep
          ldh [x + 16]
          jeq #${port}, keep
    drop: ret #0
    keep: ret #-1
  `);

test("what cannot be meant is refused before anything is done", () => {
  for (
    const options of [
      { interface: 0 },
      { filter: 1 },
      { snapLength: 0 },
      { count: 0 },
      { buffer: 0 },
      { write: 1 },
      { promiscuous: 1 },
      { signal: {} },
      { interfaec: "lo" },
    ]
  ) {
    const refused = { name: /TypeError|RangeError/ };
    assert.throws(() => sniff(options as object), refused, JSON.stringify(options));
  }
});

testAlone(
  ["curl", "tcpdump"],
  "an exchange of curl is seen, and tcpdump reads what was written",
  () =>
    withoutLeaks(async () => {
      const folder = mkdtempSync(join(tmpdir(), "sniff-"));
      for (const name of ["seen.pcap", "seen.pcapng"]) {
        using listener = listenTcp("127.0.0.1:0");
        const { port } = listener.localAddress as HostAndPort;
        const write = join(folder, name);
        const filter = name === "seen.pcap" ? `tcp port ${port}` : ofPort(port);
        using packets = sniff({ interface: "lo", filter, write });
        const answering = answer(listener);
        const { stdout } = await promisify(execFile)("curl", ["-s", `http://127.0.0.1:${port}/`]);
        assert.equal(stdout, GREETING);
        await answering;
        const seen: SniffedPacket[] = [];
        for await (const packet of packets) {
          seen.push(packet);
          if (seen.filter(({ packet }) => packet.tcp!.fin).length === 2) break;
        }
        const [syn, synAck] = seen.map(({ packet }) => packet.tcp!);
        assert.deepEqual([syn.syn, syn.ack, syn.destinationPort], [true, false, port]);
        assert.deepEqual([synAck.syn, synAck.ack, synAck.sourcePort], [true, true, port]);
        assert.ok(seen.some((packet) => textOf(packet).startsWith("GET / HTTP/1.1\r\n")));
        assert.ok(seen.some((packet) => textOf(packet).endsWith(GREETING)));
        const { interface: at, link, packetType, timestamp } = seen[0];
        assert.deepEqual([at, link, packetType], ["lo", "ethernet", "host"]);
        assert.ok(Math.abs(Number(timestamp!.seconds) - Date.now() / 1000) < 60);
        const { packets: passed, drops } = packets.statistics();
        assert.ok(passed >= 2 * seen.length);
        assert.equal(drops, 0);

        const read = await promisify(execFile)("tcpdump", ["-nSr", write, "-t"]);
        const theirs = read.stdout.trimEnd().split("\n");
        assert.equal(theirs.length, seen.length);
        const ours = seen.map(({ packet }) => formatPacket(packet));
        assert.equal(ours[0], theirs[0]);
      }
      rmSync(folder, { recursive: true });
    }),
);

testAlone(
  [],
  "who reads the file while it is quiet finds what has come, and a full disk ends it",
  () =>
    withoutLeaks(async () => {
      const folder = mkdtempSync(join(tmpdir(), "posixly-sniff-"));
      const write = join(folder, "quiet.pcapng");
      using packets = sniff({ interface: "lo", write, filter: assemble("ret #-1") });
      const iterator = packets[Symbol.asyncIterator]();
      await ping("127.0.0.1", { count: 1 }).summary();
      const { value } = await iterator.next();
      let written: Uint8Array[] = [];
      while (written.length === 0) {
        await turns(1);
        written = Array.from(
          parseCapture(readFileSync(write), { lax: true }),
          ({ bytes }) => bytes,
        );
      }
      assert.deepEqual(written[0], new Uint8Array(value!.bytes));
      packets.close();
      rmSync(folder, { recursive: true });

      const full = sniff({ interface: "lo", write: "/dev/full" });
      const seeing = (async () => {
        for await (const _ of full);
      })();
      const refused = assert.rejects(seeing, { code: "ENOSPC" });
      const pings = new AbortController();
      const pinging = ping("127.0.0.1", { interval: 1, signal: pings.signal }).summary();
      await refused;
      pings.abort("enough");
      await assert.rejects(pinging, (reason) => reason === "enough");
    }),
);

testAlone(
  [],
  "all interfaces are listened to at once, each by its name",
  () =>
    withoutLeaks(async () => {
      using _there = neighbor();
      const pieces: Uint8Array[] = [];
      const write = (bytes: Uint8Array) => void pieces.push(bytes);
      const seen: string[] = [];
      using packets = sniff({ count: 4, filter: "icmp", write });
      await ping(["127.0.0.1", "10.9.0.2"], { count: 1, interval: 1, timeout: 30_000 }).summary();
      for await (const { interface: name, packet, packetType } of packets) {
        seen.push(`${name} ${packet.icmp!.type} ${packet.ip!.destination} ${packetType}`);
      }
      assert.deepEqual(seen.sort(), [
        "lo 0 127.0.0.1 host",
        "lo 8 127.0.0.1 host",
        "near0 0 10.9.0.1 host",
        "near0 8 10.9.0.2 outgoing",
      ]);
      const file = await new Blob(pieces as Uint8Array<ArrayBuffer>[]).arrayBuffer();
      const written = [...parseCapture(new Uint8Array(file))];
      const names = written.map(({ interface: { options } }) => options[0].value);
      assert.deepEqual(names.sort(), ["lo", "lo", "near0", "near0"]);
    }),
);

testAlone(
  [],
  "of a packet with the tag of a VLAN no more is kept than of any other",
  () =>
    withoutLeaks(async () => {
      using _cable = veth();
      using sender = packetSocket({ interface: "a0", protocol: 0 });
      const tagged = new Uint8Array(64);
      tagged.set(frameOf(3).subarray(0, 12));
      tagged.set([0x81, 0, 0x20, 7, 0x88, 0xb5], 12);
      for (const [snapLength, kept] of [[40, 40], [58, 58], [62, 62], [64, 64], [1000, 64]]) {
        using packets = sniff({ interface: "b0", snapLength, count: 1 });
        await sender.send(tagged);
        for await (const { bytes, originalLength } of packets) {
          assert.deepEqual(bytes, tagged.subarray(0, kept));
          assert.equal(originalLength, 64);
        }
      }
    }),
);

testAlone([], "an interface that is renamed has its new name soon", () =>
  withoutLeaks(async () => {
    using _cable = veth();
    using sender = packetSocket({ interface: "a0", protocol: 0 });
    using packets = sniff({ filter: assemble("ld type\njeq #0, 2, 3\nret #-1\nret #0") }); // host
    const seen = packets[Symbol.asyncIterator]();
    const next = async () => {
      await sender.send(frameOf(1));
      return (await seen.next()).value!;
    };
    const first = await next();
    assert.equal(first.interface, "b0");
    run("ip link set b0 down");
    run("ip link set b0 name c0");
    run("ip link set c0 up");
    untilUp(["a0", "c0"]);
    let last = await next();
    while (last.timestamp!.seconds === first.timestamp!.seconds) last = await next();
    assert.equal(last.interface, "c0");
  }));

testAlone(
  [],
  "packets are cut, and their length is known all the same",
  () =>
    withoutLeaks(async () => {
      using packets = sniff({ interface: "lo", snapLength: 60, count: 1, buffer: 1 });
      await ping("127.0.0.1", { count: 1, size: 1000 }).summary();
      for await (const { bytes, originalLength, packet } of packets) {
        assert.deepEqual([bytes.length, originalLength], [60, 14 + 20 + 8 + 1000]);
        assert.equal(packet.icmp!.type, 8);
        assert.equal(packet.problem?.available, 46);
      }
    }),
);

/**
 * An interface that has no link below IP, or says that it is of another type, and to which nothing is
 * connected.
 */
function tunnel(hardwareType?: number): Disposable {
  const TUNSETIFF = 0x400454ca;
  const TUNSETLINK = 0x400454cd;
  const IFF_TUN_NO_PI = 0x1001;
  const request = new Uint8Array(40);
  request.set(new TextEncoder().encode("tun7"));
  new DataView(request.buffer).setUint16(16, IFF_TUN_NO_PI, true);
  const file = open("/dev/net/tun", { read: true, write: true, nonBlocking: true });
  ioctl(file, TUNSETIFF, request);
  if (hardwareType !== undefined) ioctl(file, TUNSETLINK, hardwareType);
  run("ip addr add 10.7.0.1/24 dev tun7");
  run("ip link set tun7 up");
  return file;
}

const hasTunnels = isAlone && existsSync("/dev/net/tun");
for (const [type, hardwareType] of [["no hardware", undefined], ["PPP", 512]] as const) {
  testWhere(
    hasTunnels,
    "/dev/net/tun",
    `what has no header of Ethernet is understood: an interface of ${type}`,
    () =>
      withoutLeaks(async () => {
        using _tunnel = tunnel(hardwareType);
        using named = sniff({ interface: "tun7", filter: "icmp", count: 1 });
        using all = sniff({ filter: "icmp", count: 1 }); // made for Ethernet, and not misread
        using anything = sniff({ interface: "tun7", count: 1, filter: assemble("ret #-1") });
        await ping(["10.7.0.2", "127.0.0.1"], { count: 1, interval: 1, timeout: 10 }).summary();
        for await (const { packet, link, interface: name, bytes } of named) {
          assert.deepEqual([link, name, packet.ip!.destination], ["ip", "tun7", "10.7.0.2"]);
          assert.equal(bytes[0], 0x45);
        }
        for await (const { interface: name } of all) assert.equal(name, "lo");
        for await (const { link } of anything) assert.equal(link, "ip");
      }),
  );
}

testWhere(
  hasTunnels,
  "/dev/net/tun",
  "an interface of which we do not know how its packets begin is not misread",
  () =>
    withoutLeaks(async () => {
      const ARPHRD_IEEE80211_RADIOTAP = 803;
      using _tunnel = tunnel(ARPHRD_IEEE80211_RADIOTAP);
      assert.throws(
        () => sniff({ interface: "tun7" }),
        /^Error: Cannot sniff tun7: .* type 803 do$/,
      );
      using all = sniff({ count: 1 });
      await ping(["10.7.0.2", "127.0.0.1"], { count: 1, interval: 1, timeout: 10 }).summary();
      for await (const { interface: name } of all) assert.equal(name, "lo");
    }),
);

for (const link of ["LINUX_SLL", "LINUX_SLL2"]) {
  testAlone(["tcpdump"], `a file of packets of any interface is read: ${link}`, async () => {
    const folder = mkdtempSync(join(tmpdir(), "sniff-"));
    const path = join(folder, "any.pcap");
    const args = ["-i", "any", "-y", link, "-c", "2", "-w", path, "icmp"];
    const tcpdump = spawn("tcpdump", args, { stdio: ["ignore", "ignore", "pipe"] });
    const ended = once(tcpdump, "close");
    await once(tcpdump.stderr, "data"); // it listens
    await ping("127.0.0.1", { count: 1 }).summary();
    await ended;
    const copy = join(folder, "copy.pcapng");
    const lines: string[] = [];
    const signal = new AbortController().signal;
    using packets = packetsOfFile(path, { filter: "icmp", count: undefined, write: copy, signal });
    for await (const { packet } of packets) lines.push(formatPacket(packet));
    packets[Symbol.dispose]();
    const theirs = await promisify(execFile)("tcpdump", ["-tnr", path]);
    assert.equal(theirs.stdout.replaceAll(/^lo +In +/gm, ""), `${lines.join("\n")}\n`);
    const copied = await promisify(execFile)("tcpdump", ["-tnr", copy]);
    assert.equal(copied.stdout, `${lines.join("\n")}\n`);
    rmSync(folder, { recursive: true });
  });
}

testAlone(
  [],
  "a signal ends it, closing does, and what is not there is told",
  () =>
    withoutLeaks(async () => {
      const controller = new AbortController();
      const packets = sniff({ interface: "lo", signal: controller.signal });
      const next = packets[Symbol.asyncIterator]().next();
      controller.abort();
      await assert.rejects(next, { name: "AbortError" });
      const closed = sniff({ interface: "lo" });
      const last = closed[Symbol.asyncIterator]().next();
      closed.close();
      assert.equal((await last).done, true);
      assert.throws(() => sniff({ interface: "nowhere0" }), { code: "ENODEV" });
      assert.throws(() => sniff({ filter: "tcp prt 1" }), { name: "ExpressionError" });
      assert.throws(() => sniff({ filter: [] }), { name: "FilterError" });
      assert.throws(() => sniff({ write: "/nowhere/at/all.pcap" }), { code: "ENOENT" });
    }),
);

testAlone([], "without the right it says which, and how to get it", async () => {
  const { stdout, stderr } = await runFresh(`
    import { bind } from "@posixly/sys";
    import { sniff } from "@posixly/raw";
    bind({ setresuid: ["i32", "u32", "u32", "u32"] }).setresuid(65534, 65534, 65534);
    for (const filter of [undefined, "icmp"]) {
      try {
        sniff({ interface: "lo", filter });
      } catch ({ code, capability, remedies }) {
        console.log(code, capability, remedies.length > 0);
      }
    }
  `);
  assert.equal(stdout, "EPERM CAP_NET_RAW true\n".repeat(2), stderr);
});

test.run();
