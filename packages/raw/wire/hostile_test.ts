import assert from "node:assert/strict";
import {
  arp,
  ArpPacket,
  checksum,
  dissect,
  dissectLax,
  ethernet,
  formatPacket,
  fragment,
  hopByHop,
  icmpv6Echo,
  ipv4,
  type Ipv4Fields,
  Ipv4Packet,
  ipv6,
  Ipv6Packet,
  type Layer,
  neighborSolicitation,
  onesComplementSum,
  packet,
  packetInto,
  PacketMemory,
  pseudoHeader4,
  Reassembler,
  tcp,
  type TcpOption,
  udp,
} from "@posixly/raw/wire";
import { test } from "uvu";

const ends = { source: "10.0.0.1", destination: "10.0.0.2" };
const ends6 = { source: "2001:db8::1", destination: "2001:db8::2" };
const ports = { sourcePort: 1, destinationPort: 2 };
const link = "ip";

/** Its length field says 0, and padding of a frame follows, as far as that may be. */
function withoutLength(fields: Partial<Ipv4Fields>, ...parts: (Layer | Uint8Array)[]): Uint8Array {
  return packet(ipv4({ ...ends, totalLength: 0, ...fields }), ...parts);
}

test("an IPv4 packet has a length, unless it may be one that the network card cuts up", () => {
  const uncut = withoutLength({}, tcp(ports), new Uint8Array(3000));
  assert.equal(dissect(uncut, { link }).payload.length, 3000);
  const wrong = {
    datagram: withoutLength({}, udp({ ...ports, length: 0 }), new Uint8Array(3000)),
    fragment: withoutLength({ moreFragments: true }, tcp(ports), new Uint8Array(3000)),
    "as short as the least frame": withoutLength({}, tcp(ports), new Uint8Array(6)),
  };
  for (const [name, bytes] of Object.entries(wrong)) {
    const error = { name: "WireError", layer: "ipv4", reason: "malformed" };
    assert.throws(() => Ipv4Packet.parse(bytes), error, name);
    assert.throws(() => dissect(bytes, { link }), error, name);
  }
});

test("an IPv6 packet with a length of 0 is empty, unless it may be one that is cut up", () => {
  const header = (nextHeader?: number) => ipv6({ ...ends6, payloadLength: 0, nextHeader });
  const uncut = packet(header(), tcp(ports), new Uint8Array(70_000));
  assert.ok(Ipv6Packet.parse(uncut).lengthUnknown);
  assert.equal(dissect(uncut, { link }).payload.length, 70_000);
  const padding = new Uint8Array(6);
  const padded = [
    packet(header(58), icmpv6Echo({ id: 1, sequence: 1 })),
    packet(header(17), udp({ ...ports, length: 0 }), new Uint8Array(3000)),
    packet(header(0), hopByHop({}), tcp(ports), new Uint8Array(3000)),
    packet(header(6), padding),
    packet(header(59), padding),
  ];
  for (const bytes of padded) {
    const view = Ipv6Packet.parse(bytes);
    assert.equal(view.payloadLength, 0);
    assert.ok(!view.lengthUnknown);
    assert.equal(dissectLax(bytes, { link }).trailer.length, bytes.length - 40);
  }
});

test("a first fragment has not all of the packet within it, which is no fault", () => {
  const [within4, within6] = [ipv4(ends), ipv6(ends6)].map((ip) =>
    packet(ip, udp(ports), new Uint8Array(2000))
  );
  const firsts = [
    fragment(packet(ipv4({ ...ends, protocol: 4 }), within4), 1500)[0],
    fragment(packet(ipv4({ ...ends, protocol: 41 }), within6), 1500)[0],
    fragment(packet(ipv6({ ...ends6, nextHeader: 41 }), within6), 1500)[0],
  ];
  for (const bytes of firsts) {
    const found = dissect(bytes, { link });
    assert.equal(found.udp!.destinationPort, 2);
    assert.equal(found.checksumOf(found.udp!), "unknown");
    const cut = dissectLax(bytes.subarray(0, 1400), { link });
    assert.equal(cut.problem?.offset, 0, "the capture lacks some of the fragment itself");
  }
});

test("the addresses of ARP stay where they were, whatever its lengths become", () => {
  const hardware = "02:00:00:00:00:01";
  const bytes = packet(
    arp({ senderHardware: hardware, senderProtocol: "10.0.0.1", targetProtocol: "10.0.0.2" }),
    new Uint8Array(600).fill(0xee),
  );
  const view = ArpPacket.parse(bytes);
  bytes[4] = bytes[5] = 255;
  assert.equal(view.hardwareLength, 6);
  assert.equal(view.protocolLength, 4);
  assert.equal(view.senderHardware, hardware);
  assert.equal(view.targetProtocol, "10.0.0.2");
  view.targetHardware = hardware;
  assert.equal(view.targetHardware, hardware);
  assert.ok(bytes.subarray(28).every((byte) => byte === 0xee));
});

test("options that are none are refused, in words", () => {
  const refused = (options: unknown, error: { name: string; message: RegExp }) => {
    assert.throws(() => tcp({ ...ports, options: options as TcpOption[] }), error);
    assert.throws(() => ipv4({ ...ends, options: options as TcpOption[] as never }), error);
  };
  refused([{ kind: "malformed", bytes: "abc" }], {
    name: "TypeError",
    message: /^bytes must be a Uint8Array, not "abc"$/,
  });
  refused([{ kind: "end", padding: [1] }], {
    name: "TypeError",
    message: /^padding must be a Uint8Array, not Array$/,
  });
  refused([null], { name: "TypeError", message: /^An option must be an object, not null$/ });
  refused([{ kind: 99, bytes: new Uint8Array(1e6) }], {
    name: "RangeError",
    message: /^options must be 40 bytes at most, not 1000002$/,
  });
  assert.throws(() => tcp({ ...ports, options: [{ kind: "sack" } as TcpOption] }), {
    name: "TypeError",
    message: "blocks must be an array, not undefined",
  });
  for (const make of [hopByHop, () => neighborSolicitation({ target: "::1", options: none })]) {
    assert.throws(() => make({ options: none }), {
      name: "TypeError",
      message: "An option must be an object, not null",
    });
  }
});

const none = [null] as never;

test("a flag is set or not, and nothing between", () => {
  assert.throws(() => tcp({ ...ports, flags: { syn: "no" } as never }), {
    name: "TypeError",
    message: 'syn must be true or false, not "no"',
  });
});

test("a fragment that came before is one, whatever is done about overlap", () => {
  const parts = fragment(packet(ipv4(ends), udp(ports), new Uint8Array(3000)), 1500);
  for (const overlap of ["drop", "first", "last"] as const) {
    const reassembler = new Reassembler({ overlap });
    for (const part of [parts[0], parts[0], parts[1], parts[1]]) reassembler.add(part, 0);
    assert.equal(reassembler.counts.duplicate, 2, overlap);
    assert.ok(reassembler.add(parts[2], 0));
    assert.equal(reassembler.counts.whole, 1);
  }
});

test("a jumbogram is longer than any other packet", () => {
  const jumbo = (length: number) =>
    packet(
      ipv6({ ...ends6, payloadLength: 0 }),
      hopByHop({ options: [{ kind: "jumboPayload", length }] }),
      udp({ ...ports, length: 0 }),
      new Uint8Array(70_000 - 16),
    );
  const error = { name: "WireError", layer: "ipv6", reason: "malformed" };
  for (const length of [1, 100, 65_535]) {
    assert.throws(() => Ipv6Packet.parse(jumbo(length)), error);
    assert.equal(dissectLax(jumbo(length), { link }).layers.length, 0);
  }
  for (const length of [65_536, 70_000]) {
    assert.equal(Ipv6Packet.parse(jumbo(length)).payloadLength, length);
  }
});

test("a sum that is no number is refused, whoever sums", () => {
  const bytes = new Uint8Array(4);
  for (const initial of [NaN, Infinity, 0.5, -1, pseudoHeader4(bytes, 0, 9, 6, 20)]) {
    for (const sum of [checksum, onesComplementSum]) {
      assert.throws(() => sum(bytes, 0, 4, initial), { message: /^initial must be / });
    }
    const memory = new PacketMemory(4);
    assert.throws(() => memory.checksum(memory.bytes, 0, 4, initial), {
      message: /^initial must be /,
    });
  }
});

test("what is no packet is not cut", () => {
  for (const wrong of [null, undefined, "E", {}]) {
    assert.throws(() => fragment(wrong as never, 100), {
      name: "TypeError",
      message: /^packet must be a Uint8Array, not /,
    });
  }
});

test("the time that fragments are waited for is a number above 0", () => {
  for (const timeout of [0, -1, NaN]) {
    assert.throws(() => new Reassembler({ timeout }), { name: "RangeError" });
  }
  assert.throws(() => new Reassembler({ timeout: "5" as never }), { name: "TypeError" });
  assert.equal(new Reassembler({ timeout: Infinity }).size, 0);
});

test("a payload that lies where its headers are to go is moved first", () => {
  const memory = Uint8Array.from({ length: 60 }, (_, i) => i);
  const payload = memory.slice(0, 20);
  const headers = [ipv4(ends), udp(ports)];
  assert.equal(packetInto(memory, 4, ...headers, memory.subarray(0, 20)), 48);
  assert.deepEqual(memory.subarray(4, 52), packet(...headers, payload));
});

test("three tags, hardware that is not Ethernet, and 802.3 are printed", () => {
  const frame = ethernet({ source: "02:00:00:00:00:01", destination: "02:00:00:00:00:02" });
  const long = Array(20).fill("0a").join(":");
  const infiniband = arp({ hardwareType: 32, hardwareLength: 20, senderHardware: long });
  assert.match(formatPacket(packet(frame, infiniband)), /who-has 0\.0\.0\.0 tell 0\.0\.0\.0/);
  const llc = packet(frame, Uint8Array.of(0x42, 0x42, 3), new Uint8Array(43));
  assert.match(formatPacket(llc), /802\.3, length 46$/);
});

test.run();
