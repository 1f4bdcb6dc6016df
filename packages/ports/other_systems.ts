import type { PortRange } from "@posixly/socket";

/**
 * How a system chooses ephemeral ports if nobody has set anything, see {@linkcode portDefaults}.
 *
 * @example Usage
 * ```ts
 * import { type PortDefaults, portDefaults } from "@posixly/ports";
 *
 * const size = ({ range }: PortDefaults) => range.last - range.first + 1;
 * console.log(portDefaults.macos && size(portDefaults.macos));
 * ```
 */
export interface PortDefaults {
  /** The ports it chooses from, both ends among them. */
  readonly range: PortRange;
  /** How many seconds TIME_WAIT lasts; `undefined` where no source of the vendor tells. */
  readonly timeWait: number | undefined;
  /** What to set to change the range. */
  readonly setting: string;
  /** Where this is from. */
  readonly source: string;
}

/**
 * What other systems do if nobody has set anything: to plan for clients and servers there, for a
 * firewall, for a test that is to pass on all of them. Nothing here is read from this machine, see
 * {@linkcode portSettings} for that.
 *
 * @example Ports that no system gives away by itself
 * ```ts
 * import { portDefaults } from "@posixly/ports";
 * import assert from "node:assert/strict";
 *
 * const lowest = Math.min(...Object.values(portDefaults).map(({ range }) => range.first));
 * assert.equal(lowest, 1024);
 * const { openbsd, ...others } = portDefaults;
 * assert.equal(Math.min(...Object.values(others).map(({ range }) => range.first)), 10_000);
 * ```
 */
export const portDefaults: Readonly<
  Record<"linux" | "freebsd" | "openbsd" | "netbsd" | "macos" | "windows" | "iana", PortDefaults>
> = {
  linux: {
    range: { first: 32768, last: 60999 },
    timeWait: 60,
    setting: "net.ipv4.ip_local_port_range",
    source: "Linux, Documentation/networking/ip-sysctl.rst; TCP_TIMEWAIT_LEN in include/net/tcp.h",
  },
  freebsd: {
    range: { first: 10000, last: 65535 },
    timeWait: 60,
    setting: "net.inet.ip.portrange.first, net.inet.ip.portrange.last",
    source: "FreeBSD, IPPORT_EPHEMERALFIRST in sys/netinet/in.h; TCPTV_MSL in tcp_timer.h",
  },
  openbsd: {
    range: { first: 1024, last: 49151 },
    timeWait: 60,
    setting: "net.inet.ip.portfirst, net.inet.ip.portlast",
    source: "OpenBSD, IPPORT_USERRESERVED in sys/netinet/in.h; TCPTV_MSL in tcp_timer.h",
  },
  netbsd: {
    range: { first: 49152, last: 65535 },
    timeWait: 60,
    setting: "net.inet.ip.anonportmin, net.inet.ip.anonportmax",
    source: "NetBSD, IPPORT_ANONMIN in sys/netinet/in.h; TCPTV_MSL in tcp_timer.h",
  },
  macos: {
    range: { first: 49152, last: 65535 },
    timeWait: 30,
    setting: "net.inet.ip.portrange.first, net.inet.ip.portrange.last",
    source: "XNU, IPPORT_HIFIRSTAUTO in bsd/netinet/in.h; TCPTV_MSL in bsd/netinet/tcp_timer.h",
  },
  windows: {
    range: { first: 49152, last: 65535 },
    timeWait: undefined,
    setting: "netsh int ipv4 set dynamicport tcp",
    source: "Microsoft, The default dynamic port range for TCP/IP has changed since Windows Vista",
  },
  iana: {
    range: { first: 49152, last: 65535 },
    timeWait: undefined,
    setting: "none: it is what the others may follow",
    source: "RFC 6335, section 6: dynamic ports",
  },
};
