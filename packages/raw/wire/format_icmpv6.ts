import { get16 } from "./bytes.ts";
import type { NeighborDiscovery } from "./discovery.ts";
import { type Icmpv6Message, icmpv6Type } from "./icmpv6.ts";
import { quotedPacket } from "./quote.ts";

/** What comes after the addresses; `length` is that of the message. */
export function icmpv6Text(icmpv6: Icmpv6Message, length: number): string {
  return `ICMP6, ${messageText(icmpv6)}, length ${length}`;
}

function messageText(icmpv6: Icmpv6Message): string {
  const { type, id, sequence, discovery } = icmpv6;
  if (discovery) return discoveryText(discovery);
  switch (type) {
    case icmpv6Type.unreachable:
      return `destination unreachable, ${unreachableText(icmpv6)}`;
    case icmpv6Type.packetTooBig:
      return `packet too big, mtu ${icmpv6.mtu}`;
    case icmpv6Type.timeExceeded:
      return `time exceeded ${exceededText(icmpv6)}`;
    case icmpv6Type.parameterProblem: {
      const what = problems[icmpv6.code] ?? `code-#${icmpv6.code}`;
      return `parameter problem, ${what} - octet ${icmpv6.pointer}`;
    }
    case icmpv6Type.echoRequest:
      return `echo request, id ${id}, seq ${sequence}`;
    case icmpv6Type.echoReply:
      return `echo reply, id ${id}, seq ${sequence}`;
    case icmpv6Type.listenerReport2:
      return `multicast listener report v2, ${sequence} group record(s)`;
  }
  const name = names[type];
  if (name === undefined) return `type-#${type}`;
  return type >= icmpv6Type.routerSolicitation ? `${name} [|icmp6]` : name;
}

const names: Readonly<Record<number, string>> = {
  [icmpv6Type.listenerQuery]: "multicast listener query",
  [icmpv6Type.listenerReport]: "multicast listener report",
  [icmpv6Type.listenerDone]: "multicast listener done",
  [icmpv6Type.routerSolicitation]: "router solicitation",
  [icmpv6Type.routerAdvertisement]: "router advertisement",
  [icmpv6Type.neighborSolicitation]: "neighbor solicitation",
  [icmpv6Type.neighborAdvertisement]: "neighbor advertisement",
  [icmpv6Type.redirect]: "redirect",
};

const problems = ["erroneous", "next header", "option", "incomplete header chain"];

function discoveryText(discovery: NeighborDiscovery): string {
  switch (discovery.kind) {
    case "neighborSolicitation":
      return `neighbor solicitation, who has ${discovery.target}`;
    case "neighborAdvertisement":
      return `neighbor advertisement, tgt is ${discovery.target}`;
    case "redirect":
      return `redirect, ${discovery.destination} to ${discovery.target}`;
    case "routerSolicitation":
      return "router solicitation";
    case "routerAdvertisement":
      return "router advertisement";
  }
}

function unreachableText(icmpv6: Icmpv6Message): string {
  const { code } = icmpv6;
  const quoted = quotedPacket(icmpv6)!;
  const { ipv6: ip, bytes } = quoted;
  if (ip === undefined) return `code-#${code} [|icmp6]`;
  const { destination, source } = ip;
  switch (code) {
    case 0:
      return `unreachable route ${destination}`;
    case 1:
      return `unreachable prohibited ${destination}`;
    case 2:
      return `beyond scope ${destination}, source address ${source}`;
    case 3:
      return `unreachable address ${destination}`;
    case 4: {
      const last = quoted.layers.at(-1)!;
      if (last.layer === "udp" || last.layer === "tcp") {
        const port = get16(bytes, last.start + 2);
        return `unreachable port, ${destination} ${last.layer} port ${port}`;
      }
      const { unread } = quoted;
      if (unread?.layer === "tcp" && unread.available >= 4) {
        return `unreachable port, ${destination} tcp port ${get16(bytes, unread.offset + 2)}`;
      }
      return `unreachable port, ${destination}`;
    }
  }
  return `unknown unreach code (${code})`;
}

function exceededText(icmpv6: Icmpv6Message): string {
  const { code } = icmpv6;
  if (code === 1) return "in-transit (reassembly)";
  if (code !== 0) return `in-transit, unknown code (${code})`;
  return `in-transit for ${quotedPacket(icmpv6)!.ipv6?.destination ?? "[|icmp6]"}`;
}
