import { requireInteger, requireKnown } from "@posixly/sys";
import type { Ipv4Address, Ipv6Address } from "./address.ts";
import { get16be, get32, get32be, put16be, put32, put32be } from "./byte_order.ts";
import { readIpv4, writeIpv4 } from "./ipv4.ts";
import { readIpv6, writeIpv6 } from "./ipv6.ts";
import { AF_INET, AF_INET6, sockaddrIn, sockaddrIn6 } from "./libc.ts";

const { sin_port, sin_addr } = sockaddrIn.offsets;
const { sin6_port, sin6_flowinfo, sin6_addr, sin6_scope_id } = sockaddrIn6.offsets;

/** A flow label has 20 bits, and the traffic class above it 8; the rest is the kernel's. */
const FLOW_MAX = 0x0fff_ffff;

export function writeIn({ host, port }: Ipv4Address, into: Uint8Array): number {
  into[0] = AF_INET;
  put16be(into, sin_port, requireInteger(port, "port", 0, 0xffff));
  if (typeof host !== "string" || !writeIpv4(host, into, sin_addr)) throw noHost("IPv4", host);
  return sockaddrIn.size;
}

export function readIn(bytes: Uint8Array, length: number): Ipv4Address | undefined {
  if (length < sockaddrIn.size) return undefined;
  return { family: "ipv4", host: readIpv4(bytes, sin_addr), port: get16be(bytes, sin_port) };
}

export function writeIn6(address: Ipv6Address, into: Uint8Array): number {
  requireKnown(address, ["family", "host", "port", "scope", "flow"]);
  const { host, port, scope = 0, flow = 0 } = address;
  into[0] = AF_INET6;
  put16be(into, sin6_port, requireInteger(port, "port", 0, 0xffff));
  put32be(into, sin6_flowinfo, requireInteger(flow, "flow", 0, FLOW_MAX));
  put32(into, sin6_scope_id, requireInteger(scope, "scope", 0, 0xffff_ffff));
  if (typeof host !== "string" || !writeIpv6(host, into, sin6_addr)) throw noHost("IPv6", host);
  return sockaddrIn6.size;
}

export function readIn6(bytes: Uint8Array, length: number): Ipv6Address | undefined {
  if (length < sockaddrIn6.size) return undefined;
  const scope = get32(bytes, sin6_scope_id);
  const flow = get32be(bytes, sin6_flowinfo) & FLOW_MAX;
  return {
    family: "ipv6",
    host: readIpv6(bytes, sin6_addr),
    port: get16be(bytes, sin6_port),
    ...(scope !== 0 && { scope }),
    ...(flow !== 0 && { flow }),
  };
}

function noHost(version: string, host: unknown): TypeError {
  const message = `host must be an ${version} address, not ${JSON.stringify(host)}`;
  if (typeof host === "string" && host.includes("%")) {
    return new TypeError(`${message}; the interface after the % goes into scope, as its index`);
  }
  return new TypeError(`${message}; a name is resolved with node:dns first`);
}
