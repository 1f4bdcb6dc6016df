import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { ping } from "@posixly/raw";
import { dissectLax, ipv4, ipv6, packet, tcp, udp } from "@posixly/raw/wire";
import { test } from "uvu";
import { testAlone } from "../network_fixture.ts";
import { CaptureFile } from "../tools/capture_file.ts";
import type { SniffedPacket } from "../tools/sniffed_packet.ts";
import { here, lines, raw, Running } from "./cli_fixture.ts";
import { Flows, showFlows, size } from "./flows.ts";
import { sniffCommand } from "./sniff.ts";

test("the name of an interface in a file does not command the terminal", async () => {
  const folder = mkdtempSync(join(tmpdir(), "raw-cli-"));
  const file = join(folder, "hostile.pcapng");
  const bytes = packet(
    ipv4({ source: "10.0.0.1", destination: "10.0.0.2" }),
    udp({ sourcePort: 1, destinationPort: 2 }),
  );
  {
    using written = new CaptureFile(file, undefined);
    written.write({
      bytes,
      originalLength: bytes.length,
      timestamp: { seconds: 0, nanoseconds: 0 },
      link: "ip",
      interface: "\x1b[31mred\x07",
      packetType: undefined,
      packet: dissectLax(bytes, { link: "ip" }),
    } as SniffedPacket);
  }
  const { stdout } = await here(sniffCommand, `-r ${file}`);
  assert.match(stdout, / \?\[31mred\? IP 10\.0\.0\.1\.1 > /);
  rmSync(folder, { recursive: true });
});

/** Pings until something is done: a sniffer says nothing before there is a packet. */
async function pingingUntil<T>(done: () => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const pinging = ping("127.0.0.1", { interval: 50, signal: controller.signal }).summary();
  try {
    return await done();
  } finally {
    controller.abort();
    await pinging.catch(() => {});
  }
}

testAlone(
  ["tcpdump"],
  "sniff prints as tcpdump does, writes what it reads, and reads it",
  async () => {
    const folder = mkdtempSync(join(tmpdir(), "raw-cli-"));
    const file = join(folder, "seen.pcap");
    const sniffing = new Running(`sniff -i lo -w ${file} --print icmp`);
    await pingingUntil(() => sniffing.until(/echo reply/));
    const { status, said } = await sniffing.interrupt();
    assert.equal(status, 0, said);
    const line =
      "IP 127\\.0\\.0\\.1 > 127\\.0\\.0\\.1: ICMP echo request, id \\d+, seq \\d+, length 64";
    assert.match(said, new RegExp(`^\\d\\d:\\d\\d:\\d\\d\\.\\d{6} ${line}\n`));
    assert.match(said, /\n\d+ packets, \d+ passed the filter, 0 lost for want of room\n$/);

    const filter = "icmp[icmptype] == icmp-echo";
    const theirs = await promisify(execFile)("tcpdump", ["-nr", file, filter]);
    const again = await here(sniffCommand, `-r ${file} ${filter}`);
    assert.equal(again.stdout, theirs.stdout);
    assert.equal(again.status, 0, again.stderr);

    const stdin = await raw(`sniff -j -c 1 -r -`, {
      through: ["sh", "-c", `"$@" < ${file}`, "sh"],
    });
    const [{ text, length, layers }] = lines(stdin.stdout) as Record<string, string>[];
    assert.match(text, new RegExp(`^${line}$`));
    assert.equal(length, 98);
    const names = (layers as unknown as { layer: string }[]).map(({ layer }) => layer);
    assert.deepEqual(names, ["ethernet", "ipv4", "icmp"]);

    const copied = await here(sniffCommand, `-r ${file} -w ${join(folder, "copy.pcap")}`);
    assert.equal(copied.stdout, "");
    const theirPackets = await promisify(execFile)("tcpdump", ["-nr", join(folder, "copy.pcap")]);
    const ourPackets = await promisify(execFile)("tcpdump", ["-nr", file]);
    assert.equal(theirPackets.stdout, ourPackets.stdout);
    assert.ok(readFileSync(file).length > 24);
    const nothing = await here(sniffCommand, `-T -r ${file} udp`);
    assert.deepEqual([nothing.status, nothing.stderr], [1, "0 packets\n"]);
    assert.match(nothing.stdout, /^0 packets, 0 B\nprotocol /);
    const before = readFileSync(file);
    const link = join(folder, "link.pcap");
    symlinkSync(file, link);
    await assert.rejects(here(sniffCommand, `-r ${file} -w ${link}`), /read and written at once/);
    assert.deepEqual(readFileSync(file), before);
    rmSync(folder, { recursive: true });
  },
);

testAlone(
  ["tcpdump"],
  "what is written to the standard output is a file, and nothing else",
  async () => {
    const through = ["sh", "-c", '"$@" | tcpdump -nr -', "sh"];
    const { stdout, stderr } = await pingingUntil(() =>
      raw("sniff -i lo -c 2 -w - icmp", { through })
    );
    assert.match(stdout, /^\S+ IP 127\.0\.0\.1 > 127\.0\.0\.1: ICMP echo re(quest|ply)/, stderr);
    assert.equal(stdout.trimEnd().split("\n").length, 2);
  },
);

testAlone(["script"], "the table is in place at a terminal", async () => {
  const through = ["sh", "-c", 'exec script -qec "stty rows 20 cols 100; $*" /dev/null', "sh"];
  const { stdout, stderr } = await pingingUntil(() => raw("sniff -T -i lo -c 4 icmp", { through }));
  assert.ok(stdout.includes("\x1b[H\x1b[2J4 packets, "), stdout + stderr);
  assert.match(stdout, /ICMP +127\.0\.0\.1 +127\.0\.0\.1 +4 +0 +392 B +0 B/);
});

test("a flow is what two say to each other, the busiest first", () => {
  const flows = new Flows();
  const add = (bytes: Uint8Array) => {
    const sniffed = { packet: dissectLax(bytes, { link: "ip" }), originalLength: bytes.length };
    flows.add(sniffed as SniffedPacket);
  };
  const [one, other] = ["10.0.0.1", "10.0.0.2"];
  const there = packet(
    ipv4({ source: one, destination: other }),
    tcp({ sourcePort: 40_000, destinationPort: 80 }),
    new Uint8Array(1000),
  );
  const back = packet(
    ipv4({ source: other, destination: one }),
    tcp({ sourcePort: 80, destinationPort: 40_000 }),
  );
  add(
    packet(ipv6({ source: "::1", destination: "::1" }), udp({ sourcePort: 1, destinationPort: 2 })),
  );
  for (const bytes of [there, back, there]) add(bytes);
  assert.equal(
    showFlows(flows),
    `4 packets, 2.2 kB
protocol  one             other        packets  back   bytes  back
TCP       10.0.0.1:40000  10.0.0.2:80        2     1  2.1 kB  40 B
UDP       [::1]:1         [::1]:2            1     0    48 B   0 B
`,
  );
  assert.equal(showFlows(flows, 4).split("\n").length, 4);
});

test("sizes are told as people read them, and no packets are a table, too", () => {
  assert.deepEqual([0, 999, 1000, 12_345_678].map(size), ["0 B", "999 B", "1.0 kB", "12.3 MB"]);
  assert.equal(
    showFlows(new Flows()),
    "0 packets, 0 B\nprotocol  one  other  packets  back  bytes  back\n",
  );
});

test.run();
