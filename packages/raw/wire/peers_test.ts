import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { testNeeding } from "@posixly/testing";
import { test } from "uvu";
import {
  arp,
  destinationOptions,
  dissect,
  ethernet,
  hopByHop,
  icmpEcho,
  icmpUnreachable,
  icmpv6Echo,
  ipv4,
  ipv6,
  type Layer,
  packet,
  tcp,
  type TcpOption,
  udp,
  vlan,
} from "@posixly/raw/wire";

const ends4 = { source: "192.0.2.1", destination: "198.51.100.2" };
const ends6 = { source: "2001:db8::1", destination: "2001:db8:0:1::2" };
const hardware = { source: "02:00:00:00:00:01", destination: "02:00:00:00:00:02" };

const u16 = fc.nat(0xffff);
const u32 = fc.nat(0xffff_ffff);
const payload = fc.uint8Array({ maxLength: 100 });
const bit = fc.boolean();

/** Such options as every peer knows, in whole words. */
const options: fc.Arbitrary<readonly TcpOption[]> = fc.constantFrom(
  [],
  [{ kind: "mss", size: 1460 }],
  [{ kind: "nop" }, { kind: "nop" }, { kind: "timestamps", value: 77, echo: 4_000_000_000 }],
  [{ kind: "sackPermitted" }, { kind: "nop" }, { kind: "windowScale", shift: 7 }, { kind: "nop" }, {
    kind: "nop",
  }],
  [{ kind: "nop" }, { kind: "nop" }, { kind: "sack", blocks: [{ from: 5, to: 9 }] }],
);

const segment = fc.record({
  sourcePort: u16,
  destinationPort: u16,
  sequence: u32,
  acknowledgment: u32,
  window: u16,
  flags: fc.record({ syn: bit, ack: bit, fin: bit, rst: bit, psh: bit, ece: bit, cwr: bit }),
  options,
}).map(tcp);
const datagram = fc.record({ sourcePort: u16, destinationPort: u16 }).map(udp);
const echo = fc.record({ id: u16, sequence: u16, reply: bit });

const packet4 = fc.record({
  identification: u16,
  ttl: fc.integer({ min: 1, max: 255 }),
  tos: fc.nat(255),
  dontFragment: bit,
}).map((fields) => ipv4({ ...ends4, ...fields }));
const packet6 = fc.record({
  hopLimit: fc.integer({ min: 1, max: 255 }),
  trafficClass: fc.nat(255),
  flowLabel: fc.nat(0xf_ffff),
}).map((fields) => ipv6({ ...ends6, ...fields }));

/** Frames that are whole and right, of many kinds. */
const frames: fc.Arbitrary<Uint8Array<ArrayBuffer>> = fc.tuple(
  fc.constantFrom<readonly Layer[]>([], [vlan({ id: 503, priority: 3 })]),
  fc.oneof(
    fc.tuple(packet4, fc.oneof(segment, datagram, echo.map(icmpEcho))),
    fc.tuple(packet6, fc.oneof(segment, datagram, echo.map(icmpv6Echo))),
    fc.tuple(packet6, fc.constant(hopByHop({})), fc.constant(destinationOptions({})), datagram),
  ),
  payload,
).map(([tags, layers, bytes]) => packet(ethernet(hardware), ...tags, ...layers, bytes));

const named = [
  packet(ethernet(hardware), arp({ senderProtocol: "192.0.2.1", targetProtocol: "192.0.2.2" })),
  packet(
    ethernet(hardware),
    ipv4(ends4),
    icmpUnreachable({ code: 3 }),
    packet(ipv4(ends4), udp({ sourcePort: 53, destinationPort: 53 })),
  ),
];

function sampled(count: number): Uint8Array<ArrayBuffer>[] {
  return [...named, ...fc.sample(frames, count)];
}

function hex(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

/** What scapy answers, which is of the system's own Python. */
function scapy(program: string, lines: readonly string[]): string[] {
  const all = `import sys
from scapy.all import *
conf.verb = 0
${program}`;
  const printed = execFileSync("/usr/bin/python3", ["-c", all], {
    encoding: "utf8",
    input: lines.join("\n"),
    stdio: ["pipe", "pipe", "ignore"],
  });
  return printed.trim().split("\n");
}

testNeeding("scapy", "scapy reads what we build, and builds the same bytes of it", () => {
  const ours = sampled(150);
  const rebuilt = scapy(
    `
for line in sys.stdin:
    p = Ether(bytes.fromhex(line.strip()))
    layer = p
    while layer:
        for name in ('chksum', 'len', 'plen', 'ihl', 'dataofs'):
            if name in layer.fields and not isinstance(layer, (IPerror, UDPerror, ARP)): delattr(layer, name)
        layer = layer.payload if not isinstance(layer.payload, (NoPayload, IPerror)) else None
    print(bytes(p).hex())
`,
    ours.map(hex),
  );
  assert.deepEqual(rebuilt, ours.map(hex));
});

testNeeding("scapy", "we read what scapy builds, and build the same bytes of it", () => {
  const theirs = scapy(
    `
random.seed(int(sys.stdin.read()))
for i in range(200):
    n = lambda bits: random.getrandbits(bits)
    ip = random.choice([
        IP(src='192.0.2.1', dst='198.51.100.2', id=n(16), ttl=n(8), tos=n(8), flags=random.choice([0, 'DF'])),
        IP(src='192.0.2.1', dst='198.51.100.2', options=[IPOption_RR(routers=['0.0.0.0'] * 3)]),
        IPv6(src='2001:db8::1', dst='2001:db8::2', hlim=n(8), fl=n(20)),
        IPv6(src='2001:db8::1', dst='2001:db8::2') / IPv6ExtHdrHopByHop() / IPv6ExtHdrDestOpt(),
    ])
    echo = ICMP(type=random.choice([0, 8]), id=n(16), seq=n(16)) if IP in ip else ICMPv6EchoRequest(id=n(16), seq=n(16))
    above = random.choice([
        TCP(sport=n(16), dport=n(16), seq=n(32), ack=n(32), flags=n(8), window=n(16),
            options=[('MSS', n(16)), ('NOP', None), ('WScale', 7), ('Timestamp', (n(32), n(32))), ('SAckOK', b'')]),
        UDP(sport=n(16), dport=n(16)), echo,
    ])
    tag = random.choice([0, Dot1Q(vlan=n(12), prio=n(3))])
    base = Ether(src='02:00:00:00:00:01', dst='02:00:00:00:00:02')
    p = base / tag / ip / above if tag else base / ip / above
    print(bytes(p / Raw(bytes(n(8) for _ in range(n(6))))).hex())
`,
    ["20261129"],
  );
  assert.equal(theirs.length, 200);
  for (const line of theirs) {
    const found = dissect(bytesOf(line));
    const above = found.tcp ?? found.udp ?? found.icmp ?? found.icmpv6;
    assert.ok(above, line);
    assert.ok(found.ipv4?.verifyChecksum() ?? true, line);
    assert.ok(above.verifyChecksum(found.ip as never), line);
    const parts = found.parts();
    assert.equal(hex(packet(...parts)), line);
    assert.equal(hex(packet(...parts.map(computed))), line);
  }
});

/** A layer without what `packet` fills in. */
function computed(part: Layer | Uint8Array): Layer | Uint8Array {
  if (part instanceof Uint8Array) return part;
  const { checksum: _c, totalLength: _t, payloadLength: _p, length: _l, ...rest } = part as
    & Layer
    & Record<string, unknown>;
  return rest as unknown as Layer;
}

/** Writes a file of frames as tcpdump does, and has a program read it. */
function read(frames: readonly Uint8Array[], program: string, ...args: string[]): string[] {
  const folder = mkdtempSync(join(tmpdir(), "posixly-wire-"));
  try {
    const file = join(folder, "frames.pcap");
    const header = [0xa1b2_c3d4, 0x0002_0004, 0, 0, 65_535, 1];
    const records = frames.flatMap((frame) => [words(0, 0, frame.length, frame.length), frame]);
    writeFileSync(file, Uint8Array.from([words(...header), ...records].flatMap((it) => [...it])));
    return execFileSync(program, [...args, "-r", file], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    }).trimEnd().split("\n");
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function words(...values: number[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(values.length * 4));
  values.forEach((value, i) => view.setUint32(i * 4, value));
  return new Uint8Array(view.buffer);
}

testNeeding("tshark", "tshark finds every checksum right, and nothing malformed", () => {
  const protocols = ["ip", "tcp", "udp"];
  const sums = [...protocols, "icmp", "icmpv6"].map((name) => `${name}.checksum.status`);
  const fields = ["frame.number", "_ws.malformed", ...sums];
  const ours = sampled(200);
  const rows = read(
    ours,
    "tshark",
    "-T",
    "fields",
    ...protocols.flatMap((name) => ["-o", `${name}.check_checksum:TRUE`]),
    ...fields.flatMap((name) => ["-e", name]),
  );
  assert.equal(rows.length, ours.length);
  let checked = 0;
  for (const [i, row] of rows.entries()) {
    const [, malformed, ...statuses] = row.split("\t");
    // A random port may be that of something else, which our payload is not.
    assert.doesNotMatch(malformed, /: (ETH|VLAN|ARP|IP|IPv4|IPv6|TCP|UDP|ICMP)/, hex(ours[i]));
    // The header that an error of ICMP quotes has its status after the first, and may be cut.
    for (const status of statuses.flatMap((cell) => cell.split(",").slice(0, 1)).filter(Boolean)) {
      checked++;
      assert.equal(status, "1", `${row}: ${hex(ours[i])}`); // good
    }
  }
  assert.ok(checked > 200);
});

testNeeding("tcpdump", "tcpdump complains of no checksum", () => {
  const lines = read(sampled(200), "tcpdump", "-nvv");
  assert.ok(lines.some((line) => line.includes("(correct)")));
  const complaints = lines.filter((line) =>
    /(bad|wrong) ((udp|icmp6?) )?cksum|cksum \S+ \(incorrect/.test(line)
  );
  assert.deepEqual(complaints, []);
});

test.run();
