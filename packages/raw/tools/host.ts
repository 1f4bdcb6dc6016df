import { lookup } from "node:dns/promises";
import { unlessAborted } from "@posixly/mux";
import { type Ipv4Address, type Ipv6Address, parseIpv4, parseIpv6 } from "@posixly/socket";
import { rawAddress } from "../raw_address.ts";

/** Where packets go, with port 0. */
export type HostAddress = Ipv4Address | Ipv6Address;

/** Which version of IP, where it matters. */
export type IpFamily = "ipv4" | "ipv6";

/**
 * The address of a host: as it is written, with an interface after a `%` if need be, or by its name,
 * as the system looks it up.
 *
 * @throws {Error} As node:dns has them, if the name is not known
 * @throws {TypeError} If it is an address of the other family
 */
export async function addressOfHost(
  host: string,
  family: IpFamily | undefined,
  signal?: AbortSignal,
): Promise<HostAddress> {
  if (typeof host !== "string" || host === "") {
    throw new TypeError(`a target must be the name or the address of a host, not ${String(host)}`);
  }
  const written = versionOf(host);
  if (written !== undefined) {
    if (family === undefined || family === written) {
      return rawAddress(host, written) as HostAddress;
    }
    throw new TypeError(`${host} is no address of ${family}`);
  }
  const version = family === undefined ? 0 : family === "ipv4" ? 4 : 6;
  const { address } = await unlessAborted(lookup(host, { family: version }), signal);
  return rawAddress(address, versionOf(address)!) as HostAddress;
}

function versionOf(host: string): IpFamily | undefined {
  if (parseIpv4(host) !== null) return "ipv4";
  return parseIpv6(host.split("%", 1)[0]) === null ? undefined : "ipv6";
}

/** How a host is called by everybody: with its interface, where the address alone is not enough. */
export function keyOf({ host, ...rest }: HostAddress): string {
  const scope = (rest as Ipv6Address).scope;
  return scope === undefined || scope === 0 ? host : `${host}%${scope}`;
}
