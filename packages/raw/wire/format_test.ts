import assert from "node:assert/strict";
import {
  dissect,
  ethernet,
  formatPacket,
  ipv4,
  packet,
  tcp,
  type TcpOption,
  udp,
  vlan,
} from "@posixly/raw/wire";
import { testNeeding } from "@posixly/testing";
import { test } from "uvu";
import { tcpdump } from "./capture_fixture.ts";
import { frames } from "./frames_fixture.ts";
import { vectorOf } from "./vectors_fixture.ts";

const macs = { source: "02:00:00:00:00:01", destination: "02:00:00:00:00:02" };
const ends = { source: "10.0.0.1", destination: "10.0.0.2" };
const ports = { sourcePort: 1234, destinationPort: 9999 };

/** It has two spaces in some places. */
function oneSpace(line: string): string {
  return line.replace(/ +/g, " ").trim();
}

testNeeding("tcpdump", "a packet is printed as tcpdump prints it", () => {
  const captured = frames.map((bytes) => ({ bytes, length: bytes.length }));
  const theirs = tcpdump(captured).map(oneSpace);
  assert.deepEqual(frames.map((bytes) => formatPacket(bytes)), theirs);
  const withLink = tcpdump(captured, "-e").map(oneSpace);
  assert.deepEqual(frames.map((bytes) => formatPacket(bytes, { ethernet: true })), withLink);
});

testNeeding("tcpdump", "a packet that was cut short is printed as tcpdump prints it", () => {
  const options = [{ kind: "mss", size: 1460 }] as const;
  const segment = packet(
    ethernet(macs),
    ipv4(ends),
    tcp({ ...ports, flags: { syn: true }, options }),
    new Uint8Array(30),
  );
  const datagram = packet(ethernet(macs), ipv4(ends), udp(ports), new Uint8Array(30));
  const cuts = [
    ...[10, 14, 34, 36, 40, 53, 58, 60].map((end) => [segment, end] as const),
    ...[34, 36, 41, 42, 50].map((end) => [datagram, end] as const),
  ];
  const captured = cuts.map(([bytes, end]) => ({
    bytes: bytes.subarray(0, end),
    length: bytes.length,
  }));
  assert.deepEqual(
    captured.map(({ bytes, length }) => formatPacket(bytes, { length })),
    tcpdump(captured).map(oneSpace),
  );
});

test("tags of VLANs are told", () => {
  assert.equal(
    formatPacket(vectorOf("an ACK with the tag of a VLAN and padding")),
    "vlan 503, p 0, IP 172.27.202.142.54282 > 69.22.148.226.80: " +
      "Flags [.], ack 3441354193, win 256, length 0",
  );
  const tags = [vlan({ id: 5, priority: 3, dropEligible: true }), vlan({ id: 6 })];
  assert.equal(
    formatPacket(packet(ethernet(macs), ...tags, ipv4(ends), udp(ports)), { ethernet: true }),
    "02:00:00:00:00:01 > 02:00:00:00:00:02, ethertype 802.1Q-QinQ (0x88a8), length 50: " +
      "vlan 5, p 3, DEI, ethertype 802.1Q (0x8100), vlan 6, p 0, ethertype IPv4 (0x0800), " +
      "10.0.0.1.1234 > 10.0.0.2.9999: UDP, length 0",
  );
});

test("fragments are told", () => {
  const bytes = vectorOf("the first fragment of a UDP datagram");
  assert.equal(
    formatPacket(bytes),
    "IP 10.1.1.1.31915 > 129.111.30.27.20197: frag (0|36) UDP, length 28",
  );
  const { ipv4: ip } = dissect(bytes);
  ip!.fragmentOffset = 1480;
  assert.equal(formatPacket(bytes), "IP 10.1.1.1 > 129.111.30.27: frag (1480|36) ip-proto-17");
});

test("options that tcpdump looks into are told as they are", () => {
  const text = (...options: TcpOption[]) =>
    /\[([^[\]]*(\[bad opt\])?)\], length/.exec(
      formatPacket(packet(ipv4(ends), tcp({ ...ports, options })), { link: "ip" }),
    )![1];
  assert.equal(text({ kind: "userTimeout", unit: "minutes", timeout: 7 }), "uto 7 minutes");
  assert.equal(text({ kind: "fastOpen", cookie: Uint8Array.of(1, 0xab) }), "tfo cookie 01ab");
  assert.equal(text({ kind: "fastOpen", cookie: new Uint8Array() }), "tfo cookiereq,eol");
  assert.equal(text({ kind: 254, bytes: Uint8Array.of(1, 2) }), "unknown-254 0x0102");
  assert.equal(text({ kind: "mptcp", bytes: Uint8Array.of(1, 2) }), "mptcp 0102");
  assert.equal(text({ kind: "md5", digest: new Uint8Array(16) }), `md5 ${"00".repeat(16)},eol`);
  assert.equal(text({ kind: "malformed", bytes: Uint8Array.of(2, 9, 0, 0) }), "[bad opt]");
});

test("what is wrong with a packet is told", () => {
  const format = (length: number) =>
    formatPacket(packet(ipv4(ends), udp({ ...ports, length })), { link: "ip" });
  assert.equal(
    format(4),
    "IP 10.0.0.1 > 10.0.0.2: [bad udp: its length 4 is less than that of its header, 8]",
  );
  assert.equal(format(40), "IP 10.0.0.1.1234 > 10.0.0.2.9999: UDP, bad length 32 > 0");
  assert.equal(
    formatPacket(vectorOf("IPv4 that is a byte longer than what is there"), { link: "ip" }),
    "IP truncated-ip - 1 bytes missing! 140.211.9.206.52115 > 45.33.127.156.53: UDP, length 56",
  );
  assert.equal(formatPacket(new Uint8Array(3)), "[|ether]");
});

test("a frame that nothing is known of is told by its type", () => {
  const frame = packet(ethernet({ ...macs, type: 0x1234 }), new Uint8Array(20));
  const text = "02:00:00:00:00:01 > 02:00:00:00:00:02, ethertype Unknown (0x1234), length 34";
  assert.equal(formatPacket(frame), text);
  assert.equal(formatPacket(dissect(frame), { ethernet: true }), text);
  assert.throws(() => formatPacket(frame, { verbose: true } as never), TypeError);
});

test.run();
