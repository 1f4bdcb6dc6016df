import assert from "node:assert/strict";
import {
  arp,
  ArpPacket,
  authentication,
  destinationOptions,
  dissect,
  dissectLax,
  ethernet,
  EthernetFrame,
  fragmentHeader,
  hopByHop,
  icmpEcho,
  IcmpMessage,
  icmpRedirect,
  icmpUnreachable,
  ipv4,
  Ipv4Packet,
  ipv6,
  Ipv6Packet,
  type Layer,
  packet,
  quotedPacket,
  routing,
  tcp,
  TcpSegment,
  udp,
  UdpDatagram,
  vlan,
  VlanTag,
} from "@posixly/raw/wire";
import { test } from "uvu";
import { bytesOf, vectorOf } from "./vectors_fixture.ts";

test("the fields of IPv4", () => {
  const ip = Ipv4Packet.parseLax(vectorOf("IPv4 and UDP, of which only the first header was kept"));
  assert.equal(ip.totalLength, 115);
  assert.equal(ip.missing, 95);
  assert.equal(ip.identification, 0);
  assert.ok(ip.dontFragment && !ip.moreFragments && !ip.isFragment);
  assert.equal(ip.ttl, 64);
  assert.equal(ip.protocol, 17);
  assert.equal(ip.checksum, 0xb861);
  assert.equal(ip.source, "192.168.0.1");
  assert.equal(ip.destination, "192.168.0.199");
  assert.equal(ip.sourceNumber, 0xc0a80001);
  assert.equal(ip.destinationNumber, 0xc0a800c7);
  assert.deepEqual([...ip.destinationBytes], [192, 168, 0, 199]);
});

test("the fields of TCP", () => {
  const segment = TcpSegment.parse(vectorOf("TCP with urgent data"), 20);
  assert.equal(segment.sourcePort, 48896);
  assert.equal(segment.destinationPort, 80);
  assert.equal(segment.sequence, 0x01234567);
  assert.equal(segment.acknowledgment, 0x89abcdef);
  assert.equal(segment.headerLength, 24);
  assert.deepEqual(segment.flags, { fin: true, rst: true, ack: true, urg: true });
  assert.ok(segment.fin && segment.rst && segment.ack && segment.urg);
  assert.ok(!segment.syn && !segment.psh);
  assert.equal(segment.window, 291);
  assert.equal(segment.checksum, 0x01b6);
  assert.equal(segment.urgentPointer, 0x201);
  assert.deepEqual(segment.options, [{ kind: "windowScale", shift: 12 }, { kind: "nop" }]);
  assert.deepEqual(segment.payload, bytesOf("aa0000ff"));
});

test("the fields of UDP", () => {
  const datagram = UdpDatagram.parse(vectorOf("UDP"), 20);
  const { sourcePort, destinationPort, length, checksum, payload } = datagram;
  assert.deepEqual([sourcePort, destinationPort, length, checksum], [48896, 53, 12, 0x124d]);
  assert.deepEqual(payload, bytesOf("aa0000ff"));
});

test("the fields of an echo request", () => {
  const { type, code, id, sequence, checksum } = IcmpMessage.parse(vectorOf("an echo request"), 20);
  assert.deepEqual([type, code, id, sequence, checksum], [8, 0, 0x1234, 0xabcd, 0x8efe]);
});

test("options may end before the header does", () => {
  const { ethernet: frame, ipv4: ip, tcp: segment, payload } = dissect(
    vectorOf("a SYN in an Ethernet frame"),
  );
  assert.equal(frame!.type, 0x0800);
  assert.equal(ip!.source, "192.168.0.1");
  assert.equal(segment!.sourcePort, 12345);
  assert.equal(segment!.destinationPort, 54321);
  assert.equal(segment!.sequence, 0xdeadbeef);
  assert.deepEqual(segment!.flags, { syn: true });
  assert.deepEqual(segment!.options, [
    { kind: "mss", size: 8192 },
    { kind: "end", padding: new Uint8Array(3) },
  ]);
  assert.equal(new TextDecoder().decode(payload), "Test");
});

test("padding is no payload", () => {
  const bytes = vectorOf("an ACK with the tag of a VLAN and padding");
  const { vlans, ipv4: ip, tcp: segment, payload, trailer } = dissect(bytes);
  assert.equal(vlans[0].id, 503);
  assert.equal(vlans[0].type, 0x0800);
  assert.equal(ip!.source, "172.27.202.142");
  assert.equal(ip!.destination, "69.22.148.226");
  assert.equal(segment!.sourcePort, 54282);
  assert.equal(segment!.payloadLength, 0);
  assert.equal(payload.length, 0);
  assert.equal(trailer.length, 6);
});

test("a fragment's checksum is not known", () => {
  const found = dissect(vectorOf("the first fragment of a UDP datagram"));
  const { ipv4: ip, udp: datagram } = found;
  assert.ok(found.isFragment && ip!.moreFragments);
  assert.equal(ip!.identification, 0xf2);
  assert.equal(ip!.fragmentOffset, 0);
  assert.equal(ip!.totalLength, 56);
  assert.equal(datagram!.sourcePort, 31915);
  assert.equal(datagram!.length, 36);
  assert.equal(found.checksumOf(datagram!), "none");
  assert.equal(found.checksumOf(ip!), "good");
  datagram!.checksum = 0x1234; // of all fragments
  assert.equal(found.checksumOf(datagram!), "unknown");

  ip!.moreFragments = false;
  ip!.fragmentOffset = 800;
  const later = dissect(found.bytes);
  assert.ok(later.isFragment);
  assert.equal(later.udp, undefined);
  assert.equal(later.payload.length, 36);
});

test("the fields of IPv6, and a datagram that is longer than its packet", () => {
  const bytes = vectorOf("UDP over IPv6");
  const { ipv6: ip, udp: datagram } = dissect(bytes, { link: "ip" });
  assert.equal(ip!.flowLabel, 0x67576);
  assert.equal(ip!.payloadLength, 64);
  assert.equal(ip!.hopLimit, 64);
  assert.equal(ip!.source, "2605:bc80:3010:104::8cd3:9ce");
  assert.equal(ip!.destination, "2600:3c00:e000:19::1");
  assert.equal(datagram!.sourcePort, 45678);
  assert.equal(datagram!.checksum, 0x5c44);
  datagram!.length = 0x41;
  assert.throws(() => dissect(bytes, { link: "ip" }), {
    name: "WireError",
    layer: "udp",
    reason: "truncated",
    offset: 40,
    needed: 65,
    available: 64,
  });
});

test("the fields of ARP", () => {
  const request = ArpPacket.parse(vectorOf("an ARP request"), 14);
  assert.deepEqual(request.values(), {
    layer: "arp",
    operation: 1,
    senderHardware: "11:12:13:14:15:16",
    senderProtocol: "33.34.35.36",
    targetHardware: "31:32:33:34:35:36",
    targetProtocol: "65.66.67.68",
    hardwareType: 1,
    protocolType: 0x0800,
    hardwareLength: 6,
    protocolLength: 4,
  });
});

test("a packet that is a byte longer than what is there", () => {
  const bytes = vectorOf("IPv4 that is a byte longer than what is there");
  assert.throws(() => dissect(bytes, { link: "ip" }), {
    layer: "ipv4",
    needed: 85,
    available: 84,
    message: "Cannot read ipv4 at byte 0: 85 bytes are needed, 84 are there",
  });
  const { ipv4: ip, udp: datagram, problem } = dissectLax(bytes, { link: "ip" });
  assert.equal(ip!.missing, 1);
  assert.ok(ip!.verifyChecksum());
  assert.equal(datagram!.destinationPort, 53);
  assert.equal(problem!.layer, "ipv4");
});

test("what is not given is filled in", () => {
  const ends = { source: "127.0.0.1", destination: "127.0.0.1" };
  const syn = { sourcePort: 20, destinationPort: 80, flags: { syn: true }, window: 8192 };
  assert.deepEqual(
    packet(ipv4({ ...ends, identification: 1 }), tcp(syn)),
    vectorOf("a SYN to itself"),
  );
  const ends6 = { source: "::1", destination: "::1" };
  assert.deepEqual(packet(ipv6(ends6), tcp(syn)), vectorOf("a SYN to itself over IPv6"));
  assert.deepEqual(
    packet(
      ipv6(ends6),
      udp({ sourcePort: 53, destinationPort: 53 }),
      new TextEncoder().encode("somedata"),
    ),
    vectorOf("UDP to itself over IPv6"),
  );
  assert.deepEqual(
    packet(
      ipv4({ source: "192.168.1.1", destination: "192.168.1.2" }),
      icmpEcho({ id: 0x1234, sequence: 0xabcd }),
      bytesOf("aa0000ff"),
    ),
    vectorOf("an echo request").fill(0, 4, 6),
  );
});

test("a UDP checksum that comes to 0 is sent as ffff", () => {
  const at = { source: "0.0.0.0", destination: "0.0.0.0" };
  const made = (payload: string) =>
    packet(ipv4(at), udp({ sourcePort: 0, destinationPort: 0 }), bytesOf(payload));
  const { udp: datagram } = dissect(made("0000"), { link: "ip" });
  const zero = datagram!.checksum.toString(16).padStart(4, "0");
  const found = dissect(made(zero), { link: "ip" });
  assert.equal(found.udp!.checksum, 0xffff);
  assert.equal(found.checksumOf(found.udp!), "good");
});

test("what would be filled in, but is not known or does not fit, is said", () => {
  const ends = { source: "10.0.0.1", destination: "10.0.0.2" };
  assert.throws(() => packet(ipv4(ends), new Uint8Array(1)), {
    name: "TypeError",
    message: "protocol must be given before bytes",
  });
  assert.throws(() => packet(ipv4({ ...ends, protocol: 17 }), new Uint8Array(65516)), {
    name: "RangeError",
    message: "totalLength would be 65536, more than 65535",
  });
  const macs = { source: "02:00:00:00:00:01", destination: "02:00:00:00:00:02" };
  assert.throws(() => packet(ethernet(macs), new Uint8Array(1501)), TypeError);
  assert.throws(
    () => packet(ethernet(macs), tcp({ sourcePort: 1, destinationPort: 2 })),
    TypeError,
  );
  assert.throws(() => ipv4({ ...ends, tttl: 3 } as never), {
    name: "TypeError",
    message: /there is no field tttl, only tos/,
  });
  assert.throws(() => ipv4({ ...ends, ttl: 256 }), {
    name: "RangeError",
    message: "ttl must be between 0 and 255, not 256",
  });
  assert.throws(() => ipv4({ ...ends, fragmentOffset: 12 }), RangeError);
  assert.throws(() => ipv4({ ...ends, source: "10.0.0.256" }), {
    message: 'source must be an IPv4 address, not "10.0.0.256"',
  });
  assert.throws(() => ipv6({ source: "::", destination: "1::2::3" }), TypeError);
  assert.throws(() => packet({ layer: "nonsense" } as never), TypeError);
  const options = [{ kind: "md5", digest: new Uint8Array(15) }] as const;
  assert.throws(() => tcp({ sourcePort: 1, destinationPort: 2, options }), RangeError);
  const long = [{ kind: 254, bytes: new Uint8Array(39) }] as const;
  assert.throws(() => tcp({ sourcePort: 1, destinationPort: 2, options: long }), RangeError);
});

test("fields change in place, and a checksum is made right", () => {
  const bytes = packet(
    ethernet({ source: "02:00:00:00:00:01", destination: "02:00:00:00:00:02" }),
    vlan({ id: 1 }),
    ipv4({ source: "10.0.0.1", destination: "10.0.0.2" }),
    tcp({ sourcePort: 1, destinationPort: 2 }),
  );
  const { ethernet: frame, vlans: [tag], ipv4: ip, tcp: segment } = dissect(bytes);
  frame!.destination = "ff:ff:ff:ff:ff:ff";
  tag.id = 4095;
  tag.priority = 7;
  ip!.source = "10.9.8.7";
  ip!.ttl = 3;
  ip!.dontFragment = true;
  ip!.tos = 0xb8;
  segment!.flags = { syn: true, ae: true };
  segment!.reserved = 5;
  segment!.sequence = 0xffff_ffff;
  assert.ok(!ip!.verifyChecksum() && !segment!.verifyChecksum(ip!));
  ip!.updateChecksum();
  segment!.updateChecksum(ip!);
  const again = dissect(bytes);
  assert.equal(again.ethernet!.destination, "ff:ff:ff:ff:ff:ff");
  assert.deepEqual([again.vlans[0].id, again.vlans[0].priority], [4095, 7]);
  assert.deepEqual([again.ipv4!.dscp, again.ipv4!.ecn], [46, 0]);
  assert.deepEqual(segment!.flags, { syn: true, ae: true });
  assert.deepEqual(again.layers.slice(2).map((it) => again.checksumOf(it)), ["good", "good"]);
  assert.throws(() => ip!.ttl = 256, RangeError);
  assert.throws(() => ip!.source = "nowhere", TypeError);
});

test("a VLAN within another, of either kind", () => {
  const macs = { source: "02:00:00:00:00:01", destination: "02:00:00:00:00:02" };
  const layers = [vlan({ id: 100 }), vlan({ id: 42 }), arp({})];
  for (const type of [0x8100, 0x88a8, 0x9100]) {
    const { vlans, arp: found } = dissect(packet(ethernet({ ...macs, type }), ...layers));
    assert.deepEqual(vlans.map(({ id }) => id), [100, 42]);
    assert.equal(found!.operation, 1);
  }
  assert.equal(VlanTag.parse(packet(layers[0], layers[1])).type, 0x8100);
});

test("a frame with a length is padded beyond it", () => {
  const macs = { source: "02:00:00:00:00:01", destination: "01:80:c2:00:00:00" };
  const bytes = packet(ethernet(macs), bytesOf("424203"), new Uint8Array());
  const frame = EthernetFrame.parse(new Uint8Array([...bytes, ...new Uint8Array(43)]));
  assert.ok(frame.isLength);
  assert.deepEqual(frame.payload, bytesOf("424203"));
  assert.throws(() => EthernetFrame.parse(bytes.subarray(0, 16)), { needed: 17, available: 16 });
  assert.equal(EthernetFrame.parseLax(bytes.subarray(0, 16)).missing, 1);
});

test("extension headers are gone through, in their own units", () => {
  const bytes = packet(
    ipv6({ source: "2001:db8::1", destination: "2001:db8::2" }),
    hopByHop({ options: [{ kind: "routerAlert", value: 0 }] }),
    destinationOptions({}),
    routing({ routingType: 0, segmentsLeft: 1, addresses: ["2001:db8::3", "2001:db8::4"] }),
    fragmentHeader({ identification: 7 }),
    authentication({ spi: 1, sequence: 2, icv: new Uint8Array(12) }),
    udp({ sourcePort: 1, destinationPort: 2 }),
    bytesOf("0102"),
  );
  const found = dissect(bytes, { link: "ip" });
  assert.deepEqual(found.layers.map(({ layer }) => layer), [
    ...["ipv6", "hopByHop", "destinationOptions", "routing", "fragment", "authentication", "udp"],
  ]);
  assert.deepEqual(found.layers.map(({ header }) => header.length), [40, 8, 8, 40, 8, 24, 8]);
  assert.ok(!found.isFragment, "atomic");
  assert.equal(found.checksumOf(found.udp!), "good");
  // The pseudo header has the last destination, not the next.
  const direct = packet(
    ipv6({ source: "2001:db8::1", destination: "2001:db8::4" }),
    udp({ sourcePort: 1, destinationPort: 2 }),
    bytesOf("0102"),
  );
  assert.equal(dissect(direct, { link: "ip" }).udp!.checksum, found.udp!.checksum);
});

test("a source route of IPv4 has the last destination", () => {
  const route = (pointer: number) =>
    packet(
      ipv4({
        source: "10.0.0.1",
        destination: "10.0.0.2",
        options: [{ kind: "nop" }, {
          kind: "looseSourceRoute",
          pointer,
          addresses: ["10.0.0.3", "10.0.0.4"],
        }],
      }),
      udp({ sourcePort: 1, destinationPort: 2 }),
    );
  const checksums = [4, 12].map((pointer) => dissect(route(pointer), { link: "ip" }).udp!.checksum);
  assert.equal(checksums[1] - checksums[0], 2); // .4 until it has been gone to its end, then .2
});

test("a chain of headers has a limit", () => {
  const ip = ipv6({ source: "::1", destination: "::1" });
  const many = packet(ip, ...Array.from({ length: 40 }, () => destinationOptions({})));
  const limit = { name: "WireError", reason: "limit" };
  assert.throws(() => dissect(many, { link: "ip" }), limit);
  assert.equal(dissectLax(many, { link: "ip" }).layers.length, 32);
  assert.equal(dissect(many, { link: "ip", maxLayers: 41 }).layers.length, 41);
  const long = packet(ip, hopByHop({ options: [{ kind: 30, bytes: new Uint8Array(250) }] }));
  assert.throws(() => dissect(long, { link: "ip", maxExtensionBytes: 255 }), limit);
});

test("a packet of one's own that is not complete yet is no bad one", () => {
  const bytes = packet(
    ipv4({ source: "10.0.0.1", destination: "10.0.0.2", totalLength: 0 }),
    tcp({ sourcePort: 1, destinationPort: 2 }),
    new Uint8Array(70000),
  );
  const large = dissect(bytes, { link: "ip" });
  assert.ok(large.ipv4!.lengthUnknown);
  assert.equal(large.payload.length, 70000);
  large.tcp!.checksum = 0x1234;
  assert.equal(large.checksumOf(large.tcp!), "unknown");

  const offloaded = dissect(vectorOf("UDP"), { link: "ip" });
  const { ipv4: ip, udp: datagram } = offloaded;
  assert.equal(offloaded.checksumOf(datagram!), "good");
  const sum = ip!.pseudoHeader(17, 12);
  datagram!.checksum = (sum & 0xffff) + (sum >>> 16);
  assert.equal(offloaded.checksumOf(datagram!), "unknown");
  datagram!.checksum = 1;
  assert.equal(offloaded.checksumOf(datagram!), "bad");
  datagram!.checksum = 0;
  assert.equal(offloaded.checksumOf(datagram!), "none");
});

test("a jumbogram tells its length in an option", () => {
  const payload = new Uint8Array(70000);
  const jumbo = (length: number) =>
    packet(
      ipv6({ source: "::1", destination: "::1", payloadLength: 0 }),
      hopByHop({ options: [{ kind: "jumboPayload", length }] }),
      udp({ sourcePort: 1, destinationPort: 2, length: 0 }),
      payload,
      new Uint8Array(9), // of the frame
    );
  const found = dissect(jumbo(8 + 8 + payload.length), { link: "ip" });
  assert.ok(!found.ipv6!.lengthUnknown);
  assert.equal(found.payload.length, payload.length);
  assert.equal(found.trailer.length, 9);
  assert.throws(() => dissect(jumbo(80000), { link: "ip" }), { layer: "ipv6", needed: 80040 });
});

test("the home address of a mobile node is the source that its checksums have", () => {
  const bytes = bytesOf(
    "6000000000223c40fe800000000000000000000000000001fe800000000000000000000000000002" +
      "3a0201020000c91020010db8000000000000000000000009" +
      "8000d8fb000000007a7a", // as tshark agrees
  );
  const found = dissect(bytes, { link: "ip" });
  assert.equal(found.checksumOf(found.icmpv6!), "good");
  const [ip, options, { checksum: _, ...message }, payload] = found.parts() as [
    Layer,
    Layer,
    Layer & { checksum: number },
    Uint8Array,
  ];
  assert.deepEqual(packet(ip, options, message as Layer, payload), bytes);
});

test("a datagram has a length, unless it is too long for one", () => {
  const bytes = vectorOf("UDP");
  const { udp: datagram } = dissect(bytes, { link: "ip" });
  datagram!.length = 0;
  assert.throws(() => dissect(bytes, { link: "ip" }), { layer: "udp", reason: "malformed" });
  const found = dissectLax(bytes, { link: "ip" });
  assert.equal(found.udp!.payloadLength, 4);
});

test("a packet within a packet", () => {
  const bytes = packet(
    ipv4({ source: "10.0.0.1", destination: "10.0.0.2" }),
    ipv6({ source: "fe80::1", destination: "fe80::2" }),
    udp({ sourcePort: 1, destinationPort: 2 }),
  );
  const found = dissect(bytes, { link: "ip" });
  assert.deepEqual(found.layers.map(({ layer }) => layer), ["ipv4", "ipv6", "udp"]);
  assert.equal(found.ip, found.ipv6);
  assert.equal(found.checksumOf(found.udp!), "good");
});

test("an error quotes the packet it is about", () => {
  const refused = vectorOf("UDP").subarray(0, 28);
  const ends = { source: "192.168.1.2", destination: "192.168.1.1" };
  const error = icmpUnreachable({ code: 4, nextHopMtu: 1400 });
  const { icmp } = dissect(packet(ipv4(ends), error, refused), { link: "ip" });
  assert.equal(icmp!.nextHopMtu, 1400);
  const quoted = quotedPacket(icmp!)!;
  assert.equal(quoted.udp!.destinationPort, 53);
  assert.equal(quoted.problem!.needed, 32);
  assert.equal(
    quotedPacket(IcmpMessage.parse(packet(icmpEcho({ id: 1, sequence: 2 })))),
    undefined,
  );
  const redirect = IcmpMessage.parse(packet(icmpRedirect({ gateway: "10.0.0.254" })));
  assert.equal(redirect.gateway, "10.0.0.254");
});

test("options that cannot be end the list, and nothing hangs", () => {
  const parsed = (hex: string) =>
    TcpSegment.parse(bytesOf(
      `${"00".repeat(12)}${(5 + hex.length / 8).toString(16)}0`
        .padEnd(40, "0") + hex,
    )).options;
  assert.deepEqual(parsed("01000000"), [
    { kind: "nop" },
    { kind: "end", padding: new Uint8Array(2) },
  ]);
  assert.deepEqual(parsed("fe00ffff"), [{ kind: "malformed", bytes: bytesOf("fe00ffff") }]);
  assert.deepEqual(parsed("fe01ffff"), [{ kind: "malformed", bytes: bytesOf("fe01ffff") }]);
  assert.deepEqual(parsed("010108ff"), [
    { kind: "nop" },
    { kind: "nop" },
    { kind: "malformed", bytes: bytesOf("08ff") },
  ]);
  assert.deepEqual(parsed("010101fe").at(-1), { kind: "malformed", bytes: bytesOf("fe") });
  assert.deepEqual(parsed("020305fe")[0], { kind: 2, bytes: bytesOf("05") }, "of another length");
});

test("an IPv6 address is written the short way, and read any way", () => {
  const texts = {
    "::": "0:0:0:0:0:0:0:0",
    "::1": "0000:0000:0000:0000:0000:0000:0000:0001",
    "2001:db8:0:1:1:1:1:1": "2001:0DB8:0:1:1:1:1:1",
    "2001:db8::1:0:0:1": "2001:db8:0:0:1::1",
    "::ffff:1.2.3.4": "::FFFF:102:304",
    "1::": "1:0:0::",
    "64:ff9b::102:304": "64:ff9b::1.2.3.4",
  };
  for (const [short, other] of Object.entries(texts)) {
    const ip = Ipv6Packet.parse(packet(ipv6({ source: other, destination: short })));
    assert.equal(ip.source, short);
    assert.equal(ip.destination, short);
  }
  const wrong = ["", ":", ":::", "1::2::3", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "12345::", "g::"];
  for (const text of [...wrong, "1:2:3:4:5:6:7::8", "::1.2.3", "1.2.3.4::", "fe80::1%lo", ":1::"]) {
    assert.throws(() => ipv6({ source: text, destination: "::" }), TypeError, text);
  }
});

test.run();
