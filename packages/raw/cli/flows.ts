import type { SniffedPacket } from "../tools/sniffed_packet.ts";

/** How many flows are remembered: those that were heard of last. */
const REMEMBERED = 10_000;

/** What two have said to each other. */
export interface Flow {
  readonly protocol: string;
  /** The one who was heard first. */
  readonly first: string;
  readonly second: string;
  /** Packets and bytes, from the first and from the second. */
  readonly sent: { packets: number; bytes: number };
  readonly received: { packets: number; bytes: number };
}

/** Who talks to whom, and how much. */
export class Flows {
  /** Who was heard of last comes last. */
  readonly #flows = new Map<string, Flow>();
  packets = 0;
  bytes = 0;

  add(packet: SniffedPacket): void {
    const length = packet.originalLength;
    this.packets++;
    this.bytes += length;
    const [protocol, from, to] = endsOf(packet);
    const [first, second] = from <= to ? [from, to] : [to, from];
    const key = `${protocol} ${first} ${second}`;
    const known = this.#flows.get(key);
    const flow = known ?? {
      ...{ protocol, first: from, second: to },
      sent: { packets: 0, bytes: 0 },
      received: { packets: 0, bytes: 0 },
    };
    const side = flow.first === from ? flow.sent : flow.received;
    side.packets++;
    side.bytes += length;
    this.#flows.delete(key);
    this.#flows.set(key, flow);
    if (this.#flows.size <= REMEMBERED) return;
    for (const oldest of this.#flows.keys()) {
      this.#flows.delete(oldest);
      return;
    }
  }

  /** Those with the most bytes first. */
  get all(): Flow[] {
    const bytes = ({ sent, received }: Flow) => sent.bytes + received.bytes;
    return [...this.#flows.values()].sort((a, b) => bytes(b) - bytes(a));
  }
}

/** The protocol, and the two ends. */
function endsOf({ packet }: SniffedPacket): [protocol: string, from: string, to: string] {
  const { ip, tcp, udp, icmp, icmpv6, arp, ethernet } = packet;
  if (ip !== undefined) {
    const [from, to] = [ip.source, ip.destination];
    const ports = tcp ?? udp;
    if (ports === undefined) {
      const number = "protocol" in ip ? ip.protocol : ip.nextHeader;
      return [icmp || icmpv6 ? "ICMP" : `IP ${number}`, from, to];
    }
    const protocol = tcp === undefined ? "UDP" : "TCP";
    return [protocol, end(from, ports.sourcePort), end(to, ports.destinationPort)];
  }
  if (arp !== undefined) return ["ARP", arp.senderProtocol, arp.targetProtocol];
  if (ethernet === undefined) return ["?", "?", "?"];
  return [`0x${ethernet.type.toString(16)}`, ethernet.source, ethernet.destination];
}

function end(host: string, port: number): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

/** The flows as a table of so many lines. */
export function showFlows(flows: Flows, lines = Infinity): string {
  const rows = flows.all.slice(0, Math.max(lines - 3, 1));
  const cells = [
    ["protocol", "one", "other", "packets", "back", "bytes", "back"],
    ...rows.map(({ protocol, first, second, sent, received }) => [
      protocol,
      first,
      second,
      `${sent.packets}`,
      `${received.packets}`,
      size(sent.bytes),
      size(received.bytes),
    ]),
  ];
  const widths = cells[0].map((_, column) => Math.max(...cells.map((row) => row[column].length)));
  const text = cells.map((row) =>
    row.map((cell, column) =>
      column < 3 ? cell.padEnd(widths[column]) : cell.padStart(widths[column])
    ).join("  ").trimEnd()
  );
  return `${flows.packets} packets, ${size(flows.bytes)}\n${text.join("\n")}\n`;
}

/** Bytes as people read them. */
export function size(bytes: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  const power = Math.min(Math.floor(Math.log10(Math.max(bytes, 1)) / 3), units.length - 1);
  return `${(bytes / 1000 ** power).toFixed(power === 0 ? 0 : 1)} ${units[power]}`;
}
