import { get16 } from "./bytes.ts";
import type { Packet } from "./dissected.ts";
import { type IcmpMessage, icmpType } from "./icmp.ts";
import { ipProtocol } from "./numbers.ts";
import { quotedPacket } from "./quote.ts";

/** What comes after the addresses; `length` is that of the message. */
export function icmpText(icmp: IcmpMessage, length: number): string {
  return `ICMP ${messageText(icmp)}, length ${length}`;
}

function messageText(icmp: IcmpMessage): string {
  const { type, code, id, sequence } = icmp;
  switch (type) {
    case icmpType.echoReply:
      return `echo reply, id ${id}, seq ${sequence}`;
    case icmpType.echoRequest:
      return `echo request, id ${id}, seq ${sequence}`;
    case icmpType.sourceQuench:
      return "source quench";
    case icmpType.routerAdvertisement:
      return "router advertisement";
    case icmpType.routerSolicitation:
      return "router solicitation";
    case icmpType.timestampRequest:
      return `time stamp query id ${id} seq ${sequence}`;
    case icmpType.timestampReply:
      return `time stamp reply id ${id} seq ${sequence}${timesText(icmp)}`;
    case icmpType.unreachable:
      return unreachableText(icmp);
    case icmpType.redirect:
      return redirectText(icmp);
    case icmpType.timeExceeded:
      if (code === 0) return "time exceeded in-transit";
      return code === 1 ? "ip reassembly time exceeded" : `time exceeded-#${code}`;
    case icmpType.parameterProblem:
      return `parameter problem - ${code === 0 ? `octet ${icmp.pointer}` : `code ${code}`}`;
  }
  return `type-#${type}`;
}

/** With `@` for the destination of the packet that is quoted. */
const unreachable: Readonly<Record<number, string>> = {
  0: "net @ unreachable",
  1: "host @ unreachable",
  5: "@ unreachable - source route failed",
  6: "net @ unreachable - unknown",
  7: "host @ unreachable - unknown",
  8: "@ unreachable - source host isolated",
  9: "net @ unreachable - admin prohibited",
  10: "host @ unreachable - admin prohibited",
  11: "net @ unreachable - tos prohibited",
  12: "host @ unreachable - tos prohibited",
  13: "host @ unreachable - admin prohibited filter",
  14: "host @ unreachable - host precedence violation",
  15: "host @ unreachable - precedence cutoff",
};

function unreachableText(icmp: IcmpMessage): string {
  const { code, nextHopMtu } = icmp;
  const quoted = quotedPacket(icmp)!;
  const ip = quoted.ipv4;
  if (ip === undefined) return `unreachable-#${code} [|icmp]`;
  const { destination } = ip;
  switch (code) {
    case 2:
      return `${destination} protocol ${ip.protocol} unreachable`;
    case 3:
      return `${destination} ${portText(quoted)} unreachable`;
    case 4: {
      const mtu = nextHopMtu > 0 ? ` (mtu ${nextHopMtu})` : "";
      return `${destination} unreachable - need to frag${mtu}`;
    }
  }
  return (unreachable[code] ?? `@ unreachable - #${code}`).replace("@", destination);
}

const portProtocols: Readonly<Record<number, string>> = {
  [ipProtocol.tcp]: "tcp",
  [ipProtocol.udp]: "udp",
};

/** The port that a quoted packet was for; it is there even if not all of the header is. */
function portText({ ipv4, bytes }: Packet): string {
  const { protocol, payloadStart, payloadLength } = ipv4!;
  if (payloadLength < 4) return "port [|icmp]";
  const name = portProtocols[protocol] ?? `protocol ${protocol}`;
  return `${name} port ${get16(bytes, payloadStart + 2)}`;
}

const redirects: Readonly<Record<number, readonly [what: string, to: string]>> = {
  0: ["redirect", "to net"],
  1: ["redirect", "to host"],
  2: ["redirect-tos", "to net"],
  3: ["redirect-tos", "to host"],
};

function redirectText(icmp: IcmpMessage): string {
  const [what, to] = redirects[icmp.code] ?? [`redirect-#${icmp.code}`, "to"];
  const destination = quotedPacket(icmp)!.ipv4?.destination ?? "[|icmp]";
  return `${what} ${destination} ${to} ${icmp.gateway}`;
}

function timesText({ times }: IcmpMessage): string {
  if (times === undefined) return " [|icmp]";
  const [org, recv, xmit] = [times.originate, times.receive, times.transmit].map(clockText);
  return `: org ${org}, recv ${recv}, xmit ${xmit}`;
}

/** The time of day; the highest bit says that it is some other time. */
function clockText(milliseconds: number): string {
  const [hours, minutes, seconds] = [3_600_000, 60_000, 1000].map((unit, i) => {
    const count = Math.floor(milliseconds / unit);
    return `${i === 0 ? count : count % 60}`.padStart(2, "0");
  });
  return `${hours}:${minutes}:${seconds}.${`${milliseconds % 1000}`.padStart(3, "0")}`;
}
