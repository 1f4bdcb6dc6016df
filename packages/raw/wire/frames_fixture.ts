import {
  arp,
  authentication,
  destinationOptions,
  ethernet,
  fragmentHeader,
  hopByHop,
  icmp,
  icmpEcho,
  icmpParameterProblem,
  icmpRedirect,
  icmpTimeExceeded,
  icmpTimestamp,
  icmpUnreachable,
  icmpv6,
  icmpv6Echo,
  icmpv6Redirect,
  ipv4,
  ipv6,
  type Layer,
  neighborAdvertisement,
  neighborSolicitation,
  packet,
  routerAdvertisement,
  routerSolicitation,
  routing,
  tcp,
  udp,
} from "@posixly/raw/wire";

// Frames of all kinds, which are printed and mutated.

const macs = { source: "02:00:00:00:00:01", destination: "02:00:00:00:00:02" };
const ends = { source: "10.0.0.1", destination: "10.0.0.2" };
const ends6 = { source: "fe80::1", destination: "fe80::2" };
const link = ethernet(macs);
const v4 = ipv4(ends);
const v6 = ipv6(ends6);
const ports = { sourcePort: 9999, destinationPort: 7777 };

type Part = Layer | Uint8Array;
const over4 = (...parts: Part[]) => packet(link, v4, ...parts);
const over6 = (...parts: Part[]) => packet(link, v6, ...parts);
const codes = (count: number) => Array.from({ length: count }, (_, code) => code);

const refused = packet(v4, udp({ sourcePort: 1234, destinationPort: 33434 }), new Uint8Array(20));
const refusedTcp = packet(v4, tcp({ sourcePort: 1234, destinationPort: 80 }));
const refused6 = packet(v6, udp({ sourcePort: 1234, destinationPort: 33434 }), new Uint8Array(20));

/** What we print as tcpdump does. */
export const frames: readonly Uint8Array<ArrayBuffer>[] = [
  over4(
    tcp({
      sourcePort: 1234,
      destinationPort: 9999,
      sequence: 1,
      window: 64240,
      flags: { syn: true },
      options: [
        { kind: "mss", size: 1460 },
        { kind: "sackPermitted" },
        { kind: "timestamps", value: 1, echo: 0 },
        { kind: "nop" },
        { kind: "windowScale", shift: 7 },
      ],
    }),
  ),
  over4(
    tcp({
      ...ports,
      sequence: 0xffff_fffe,
      acknowledgment: 5,
      flags: { ack: true, psh: true, ece: true, cwr: true },
      options: [
        { kind: "nop" },
        { kind: "nop" },
        { kind: "sack", blocks: [{ from: 5, to: 10 }, { from: 20, to: 30 }] },
      ],
    }),
    new Uint8Array(10),
  ),
  over4(tcp({ ...ports, flags: { fin: true, rst: true, urg: true }, urgentPointer: 3 })),
  over4(tcp({ ...ports })),
  over6(tcp({ ...ports, flags: { ack: true } })),
  over4(udp(ports), new Uint8Array(5)),
  over4(udp({ ...ports, length: 40 })),
  over4(icmpEcho({ id: 1, sequence: 2 }), new Uint8Array(56)),
  over4(icmpEcho({ id: 1, sequence: 2, reply: true }), new Uint8Array(56)),
  ...codes(17).map((code) => over4(icmpUnreachable({ code }), refused)),
  over4(icmpUnreachable({ code: 4, nextHopMtu: 1400 }), refused),
  over4(icmpUnreachable({ code: 3 }), refusedTcp),
  ...codes(3).map((code) => over4(icmpTimeExceeded({ code }), refused)),
  ...codes(5).map((code) => over4(icmpRedirect({ gateway: "10.0.0.254", code }), refused)),
  ...codes(2).map((code) => over4(icmpParameterProblem({ pointer: 20, code }), refused)),
  over4(icmpTimestamp({ id: 1, sequence: 2 })),
  over4(icmpTimestamp({ id: 1, sequence: 2, reply: true, originate: 1000, transmit: 3723004 })),
  over4(icmp({ type: 4 }), refused),
  over4(icmp({ type: 10 })),
  over4(icmp({ type: 99 })),
  packet(link, arp({ senderProtocol: "10.0.0.1", targetProtocol: "10.0.0.2" })),
  packet(link, arp({ targetHardware: macs.source, targetProtocol: "10.0.0.2" })),
  ...[2, 3, 4, 8].map((operation) => packet(link, arp({ operation }))),
  over6(icmpv6Echo({ id: 1, sequence: 2 }), new Uint8Array(56)),
  over6(icmpv6Echo({ id: 1, sequence: 2, reply: true }), new Uint8Array(56)),
  over6(routerSolicitation({ options: [{ kind: "sourceLinkLayer", address: macs.source }] })),
  over6(routerAdvertisement({ lifetime: 1800, hopLimit: 64 })),
  over6(neighborSolicitation({ target: "fe80::2" })),
  over6(neighborAdvertisement({ target: "fe80::2", solicited: true })),
  over6(icmpv6Redirect({ target: "fe80::2", destination: "2001:db8::1" })),
  ...codes(5).map((code) => over6(icmpv6({ type: 1, code }), refused6)),
  over6(icmpv6({ type: 2, rest: 1280 }), refused6),
  ...codes(3).map((code) => over6(icmpv6({ type: 3, code }), refused6)),
  ...codes(4).map((code) => over6(icmpv6({ type: 4, code, rest: 40 }), refused6)),
  over6(
    hopByHop({ options: [{ kind: "routerAlert", value: 0 }] }),
    icmpv6({ type: 143, rest: 1 }),
    new Uint8Array(20),
  ),
  over6(destinationOptions({}), udp(ports)),
  ...[0, 2].map((routingType) =>
    over6(routing({ routingType, segmentsLeft: 1, addresses: ["fe80::9"] }), udp(ports))
  ),
  over6(fragmentHeader({ identification: 1, moreFragments: true }), udp(ports), new Uint8Array(8)),
  over6(
    fragmentHeader({ identification: 1, fragmentOffset: 1232, nextHeader: 17 }),
    new Uint8Array(8),
  ),
  ...[v4, v6].map((ip) =>
    packet(link, ip, authentication({ spi: 256, sequence: 2, icv: new Uint8Array(12) }), udp(ports))
  ),
  packet(link, ipv4({ ...ends, protocol: 99 }), new Uint8Array(24)),
  packet(link, ipv6({ ...ends6, nextHeader: 99 }), new Uint8Array(24)),
  over6(),
  over4(v6, udp(ports)),
  over4(v4, udp(ports)),
  over6(v4, udp(ports)),
];
