import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { ping } from "@posixly/raw";
import { type CaptureInterface, captureWriter, linkTypes } from "@posixly/raw/pcap";
import { dissectLax, ipv4, ipv6, packet, tcp, udp } from "@posixly/raw/wire";
import { test } from "uvu";
import { testAlone } from "../network_fixture.ts";
import type { SniffedPacket } from "../tools/sniffed_packet.ts";
import { here, lines, raw, Running } from "./cli_fixture.ts";
import { Flows, showFlows, size } from "./flows.ts";
import { sniffCommand } from "./sniff.ts";

const ports = { sourcePort: 1, destinationPort: 2 };

test("what is not IP behind a header of any interface is not taken for a bad IP", async () => {
  const folder = mkdtempSync(join(tmpdir(), "raw-cli-"));
  const file = join(folder, "cooked.pcap");
  const ip = packet(ipv4({ source: "10.0.0.1", destination: "10.0.0.2" }), udp(ports));
  for (const [link, length, protocolAt] of [["linuxSll", 16, 14], ["linuxSll2", 20, 0]] as const) {
    const writer = captureWriter({ format: "pcap", link });
    const pieces = [0x800, 0x806, 0x88cc, 4].map((protocol) => {
      const bytes = new Uint8Array([...new Uint8Array(length), ...ip]);
      bytes.set([protocol >> 8, protocol & 0xff], protocolAt);
      // A file may say what it likes: that it was shorter than its header, too.
      return writer.write({ bytes, originalLength: 3, timestamp: { seconds: 0, nanoseconds: 0 } });
    });
    writeFileSync(file, Buffer.concat(pieces));
    const copy = join(folder, "copy.pcap");
    const { stdout, stderr } = await here(sniffCommand, `-r ${file} --print -w ${copy}`);
    assert.match(stdout, /^\S+ IP [^\n]+ 10\.0\.0\.1\.1 > 10\.0\.0\.2\.2: UDP, length 0\n$/);
    assert.equal(stderr, "1 packets, 3 of a kind that is not known here\n");
  }
  rmSync(folder, { recursive: true });
});

/** Reads a file with a packet that passed such an interface, at such a time. */
async function sniffFile(
  { name = "eth0", seconds = 0 as number | bigint, nanoseconds = 0, options = "" },
): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "raw-cli-"));
  const file = join(folder, "hostile.pcapng");
  const bytes = packet(
    ipv4({ source: "10.0.0.1", destination: "10.0.0.2" }),
    udp(ports),
  );
  const device: CaptureInterface = {
    kind: "interface",
    link: linkTypes.raw,
    snapLength: 0,
    resolution: 9,
    timeOffset: BigInt(seconds),
    options: [{ code: 2, value: name }],
  };
  const timestamp = { seconds, nanoseconds };
  writeFileSync(file, captureWriter().write({ bytes, timestamp, interface: device }));
  const { stdout } = await here(sniffCommand, `-r ${file}${options}`);
  rmSync(folder, { recursive: true });
  return stdout;
}

test("the name of an interface in a file does not command the terminal", async () => {
  const said = await sniffFile({ name: "\x1b[31mred\x07" });
  assert.match(said, / \?\[31mred\? IP 10\.0\.0\.1\.1 > /);
});

test("a time that no calendar has is told in seconds", async () => {
  const [latest, nanoseconds] = [8_640_000_000_000, 999_999_999];
  assert.match(await sniffFile({ seconds: latest, nanoseconds }), /^\d\d:\d\d:\d\d\.999999 eth0 /);
  const beyond = await sniffFile({ seconds: latest + 1, nanoseconds });
  assert.match(beyond, /^8640000000001\.999999999 eth0 IP /);
  const last = await sniffFile({ seconds: 2n ** 63n - 1n, nanoseconds: 5 });
  assert.match(last, /^9223372036854775807\.000000005 eth0 IP /);
});

test("times before 1970 are less than 0, down to the nanosecond", async () => {
  for (
    const [seconds, nanoseconds, time] of [
      [-1, 900_000_000, "-0.100000000"],
      [-5, 0, "-5.000000000"],
      [0, 1, "0.000000001"],
    ] as const
  ) {
    const said = await sniffFile({ seconds, nanoseconds, options: " -j" });
    assert.equal(JSON.parse(said).time, time);
  }
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
  "what is to be written over is as it was, if there is nothing to be read",
  async () => {
    const folder = mkdtempSync(join(tmpdir(), "raw-cli-"));
    const [input, output] = ["input.pcap", "output.pcap"].map((name) => join(folder, name));
    writeFileSync(output, "precious");
    await assert.rejects(here(sniffCommand, `-r ${input} -w ${output}`), { code: "ENOENT" });
    writeFileSync(input, captureWriter({ format: "pcap" }).end());
    const damaged = join(folder, "damaged.pcap");
    writeFileSync(damaged, "no capture, but long enough for the header of one");
    await assert.rejects(here(sniffCommand, `-r ${damaged} -w ${output}`), {
      name: "CaptureFileError",
    });
    assert.equal(readFileSync(output, "utf8"), "precious");
    assert.equal((await here(sniffCommand, `-r ${input} -w ${output}`)).status, 1);
    const { stdout } = await promisify(execFile)("tcpdump", ["-nr", output]);
    assert.equal(stdout, ""); // a file without packets is one, too
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
