import { formatAddress } from "@posixly/socket";
import { busiestDestinations } from "./destinations.ts";
import { explainPorts, type Explanation } from "./explain.ts";
import type { SocketOwner } from "./owners.ts";
import { portSettings } from "./port_settings.ts";
import { formatPorts } from "./reserved.ts";
import { sockets } from "./sockets.ts";
import { portUsage } from "./usage.ts";

/** What the command shows of the ephemeral ports; the shape of its JSON. */
export interface Overview {
  /** Such as `32768-60999`. */
  readonly range: string;
  /** Such as `8080,9000-9010`, empty for none. */
  readonly reserved: string;
  /** How many ports there are to choose from. */
  readonly ports: number;
  /** How many of them have an open socket of TCP, only connections in TIME_WAIT, or neither. */
  readonly tcp: { readonly open: number; readonly timeWait: number; readonly unused: number };
  /** How many of them have a socket of UDP, or none. */
  readonly udp: { readonly open: number; readonly unused: number };
  /** Where connections go, the busiest first. */
  readonly destinations: readonly {
    readonly to: string;
    readonly from: string;
    readonly connected: number;
    readonly timeWait: number;
  }[];
  readonly settings: readonly Explanation[];
}

/** Somebody who has a port; the shape of the command's JSON. */
export interface Holder {
  readonly port: number;
  readonly protocol: "tcp" | "udp";
  readonly state: string;
  readonly local: string;
  /** `null` if it has no peer. */
  readonly remote: string | null;
  readonly uid: number;
  /** Who has it open, as far as that is told. */
  readonly owners: readonly SocketOwner[];
}

/** Looks at the ephemeral ports. */
export function overview(): Overview {
  const settings = portSettings();
  const tcp = portUsage();
  const udp = portUsage({ protocol: "udp" });
  return {
    range: formatPorts([settings.range]),
    reserved: formatPorts(settings.reserved),
    ports: tcp.ports,
    tcp: { open: tcp.bound + tcp.connected, timeWait: tcp.timeWait, unused: tcp.free },
    udp: { open: udp.bound, unused: udp.free },
    destinations: busiestDestinations().map(({ to, from, connected, timeWait }) => ({
      to: formatAddress(to),
      from,
      connected,
      timeWait,
    })),
    settings: explainPorts(settings),
  };
}

/** Looks for all who have a port, those who listen first. */
export function holdersOf(port: number): Holder[] {
  const found = [...sockets({ filter: { localPort: port }, owners: true })];
  const isOpen = (state: string) => state === "listening" || state === "unconnected";
  return found.sort((a, b) => Number(isOpen(b.state)) - Number(isOpen(a.state))).map((one) => ({
    port,
    protocol: one.protocol,
    state: one.state,
    local: formatAddress(one.local),
    remote: one.remote && formatAddress(one.remote),
    uid: one.uid,
    owners: one.owners ?? [],
  }));
}
