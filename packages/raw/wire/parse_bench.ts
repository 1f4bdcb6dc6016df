// Ethernet, IPv4 and TCP headers: views are made, and eight fields read.
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import process from "node:process";
import { createInterface } from "node:readline";
import {
  dissect,
  ethernet,
  EthernetFrame,
  ipv4,
  Ipv4Packet,
  packet,
  tcp,
  TcpSegment,
} from "@posixly/raw/wire";
import { bench, cpuOf, type PeerWork } from "@posixly/testing/bench";

const PACKETS = 64;
const packets = Array.from({ length: PACKETS }, (_, i) =>
  packet(
    ethernet({ source: "02:00:00:00:00:01", destination: "02:00:00:00:00:02" }),
    ipv4({ source: `10.0.0.${i}`, destination: "10.0.1.1" }),
    tcp({ sourcePort: 1000 + i, destinationPort: 80, sequence: i, flags: { ack: true } }),
    new Uint8Array(i),
  ));

/** What was found is used, so that nothing is left out. */
let found = 0;

function readOne(bytes: Uint8Array): void {
  const frame = EthernetFrame.parse(bytes);
  if (frame.type !== 0x0800) return;
  const ip = Ipv4Packet.parse(bytes, frame.payloadStart, frame.payloadEnd);
  if (ip.protocol !== 6) return;
  const segment = TcpSegment.parse(bytes, ip.payloadStart, ip.payloadEnd);
  found += ip.sourceNumber + ip.destinationNumber + segment.sourcePort + segment.destinationPort +
    segment.sequence + segment.flagBits + segment.payloadLength;
}

/** The fields have the same names and values there; a Python program that speaks our lines. */
const scapySource = `
import sys, time
from scapy.layers.l2 import Ether
from scapy.layers.inet import IP, TCP
packets = [bytes.fromhex(line) for line in sys.argv[1].split(",")]
found = 0
for line in iter(sys.stdin.readline, ""):
    for _ in range(int(line)):
        for data in packets:
            frame = Ether(data)
            if frame.type != 0x800: continue
            ip = frame[IP]
            if ip.proto != 6: continue
            tcp = ip[TCP]
            found += len(ip.src) + len(ip.dst) + tcp.sport + tcp.dport + tcp.seq
            found += int(tcp.flags) + len(tcp.payload)
    print("done", flush=True)
`;

function scapy(): PeerWork {
  let child: ChildProcessWithoutNullStreams | undefined;
  let answers: AsyncIterator<string>;
  const begin = () => {
    const all = packets.map((bytes) =>
      Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")
    ).join();
    // That of the system has scapy, as Debian installs it.
    const started = spawn("/usr/bin/python3", ["-c", scapySource, all]);
    started.stderr.pipe(process.stderr);
    answers = createInterface({ input: started.stdout })[Symbol.asyncIterator]();
    return started;
  };
  return {
    program: "scapy",
    async work(times) {
      child ??= begin();
      child.stdin.write(`${times}\n`);
      if ((await answers.next()).done) throw new Error("scapy is gone");
    },
    cpu: () => child === undefined ? 0 : cpuOf(child.pid!),
  };
}

const c = `
  #include <arpa/inet.h>
  #include <net/ethernet.h>
  #include <netinet/ip.h>
  #include <netinet/tcp.h>
  #include <stdint.h>
  #include <string.h>
  static uint8_t packets[${PACKETS}][128];
  static size_t lengths[${PACKETS}];
  static volatile double found;
  __attribute__((noinline)) static double read_one(const uint8_t *bytes, size_t length) {
    struct ether_header frame;
    struct iphdr ip;
    struct tcphdr tcp;
    if (length < sizeof frame + sizeof ip + sizeof tcp) return 0;
    memcpy(&frame, bytes, sizeof frame);
    if (frame.ether_type != htons(ETHERTYPE_IP)) return 0;
    memcpy(&ip, bytes + 14, sizeof ip);
    size_t total = ntohs(ip.tot_len), header = ip.ihl * 4u;
    if (ip.version != 4 || header < 20 || total < header || 14 + total > length) return 0;
    if (ip.protocol != 6 || total < header + sizeof tcp) return 0;
    memcpy(&tcp, bytes + 14 + header, sizeof tcp);
    if (tcp.doff < 5 || header + tcp.doff * 4u > total) return 0;
    return (double)ntohl(ip.saddr) + ntohl(ip.daddr) + ntohs(tcp.source) + ntohs(tcp.dest) +
      ntohl(tcp.seq) + bytes[14 + header + 13] + (total - header - tcp.doff * 4u);
  }
  void run(long times) {
    static const uint8_t head[54] = {
      2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0, 0x45, 0, 0, 0, 0, 0, 0, 0, 64, 6, 0, 0,
      10, 0, 0, 0, 10, 0, 1, 1, 3, 0xe8, 0, 80, 0, 0, 0, 0, 0, 0, 0, 0, 0x50, 0x10,
    };
    for (int i = 0; i < ${PACKETS}; i++) {
      memcpy(packets[i], head, sizeof head);
      packets[i][17] = 40 + i;
      lengths[i] = 54 + i;
    }
    double sum = 0;
    while (times--) for (int i = 0; i < ${PACKETS}; i++) sum += read_one(packets[i], lengths[i]);
    found = sum;
  }
`;

bench(`views of Ethernet, IPv4 and TCP, and eight fields read, ${PACKETS} packets`, {
  ours(times) {
    while (times--) for (let i = 0; i < PACKETS; i++) readOne(packets[i]);
  },
  peers: { C: c, scapy: scapy() },
});

bench(`dissect Ethernet, IPv4 and TCP, and five fields read, ${PACKETS} packets`, {
  ours(times) {
    while (times--) {
      for (let i = 0; i < PACKETS; i++) {
        const { ipv4: ip, tcp: segment } = dissect(packets[i]);
        found += ip!.sourceNumber + ip!.destinationNumber + segment!.sourcePort +
          segment!.destinationPort + segment!.sequence;
      }
    }
  },
  peers: { scapy: scapy() },
});

bench(`build Ethernet, IPv4 and TCP with checksums, ${PACKETS} packets`, {
  ours(times) {
    while (times--) {
      for (let i = 0; i < PACKETS; i++) {
        found += packet(
          ethernet({ source: "02:00:00:00:00:01", destination: "02:00:00:00:00:02" }),
          ipv4({ source: "10.0.0.1", destination: "10.0.1.1" }),
          tcp({ sourcePort: 1000 + i, destinationPort: 80, flags: { syn: true } }),
        ).length;
      }
    }
  },
  peers: {},
});
