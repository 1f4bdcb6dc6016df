import type { QueuedError, SocketAddress } from "@posixly/socket";
import type { IpFamily } from "./host.ts";

/**
 * What the network, or this machine, says of a packet that did not arrive.
 *
 * @example Usage
 * ```ts
 * import { type Refusal } from "@posixly/raw";
 * import assert from "node:assert/strict";
 *
 * const show = ({ from, reason }: Refusal) => `${from ?? "this machine"}: ${reason}`;
 * const refusal: Refusal = {
 *   from: "192.0.2.1",
 *   error: "EHOSTUNREACH",
 *   type: 11,
 *   code: 0,
 *   reason: "time exceeded in transit",
 *   mtu: undefined,
 * };
 * assert.equal(show(refusal), "192.0.2.1: time exceeded in transit");
 * ```
 */
export interface Refusal {
  /** Who says so; `null` is this machine. */
  readonly from: string | null;
  /** What the kernel makes of it, such as `EHOSTUNREACH`. */
  readonly error: string;
  /** The type of the message, of ICMP or ICMPv6; `undefined` if there was no message. */
  readonly type: number | undefined;
  /** Its code; `undefined` if there was no message. */
  readonly code: number | undefined;
  /** The same in words. */
  readonly reason: string;
  /** How long a packet may be there, in bytes, if that is what it is about. */
  readonly mtu: number | undefined;
}

/** The refusal that an error queue tells of. */
export function refusalIn({ error }: QueuedError): Refusal {
  const { origin, name, type, code, info, offender } = error;
  const family = origin === "icmp" ? "ipv4" : origin === "icmp6" ? "ipv6" : undefined;
  const message = name ?? "EPROTO";
  return {
    from: hostOf(offender),
    error: message,
    type: family && type,
    code: family && code,
    reason: family === undefined ? localReason(message) : reasonOf(family, type, code),
    mtu: name === "EMSGSIZE" && info > 0 ? info : undefined,
  };
}

/** A refusal by this machine, which could not send. */
export function localRefusal(error: string): Refusal {
  const reason = localReason(error);
  return { from: null, error, type: undefined, code: undefined, reason, mtu: undefined };
}

function hostOf(address: SocketAddress | null): string | null {
  return address !== null && "host" in address ? address.host as string : null;
}

function localReason(error: string): string {
  return local[error] ?? `this machine cannot send it: ${error}`;
}

const local: Readonly<Record<string, string>> = {
  ENETUNREACH: "no route leads there",
  EHOSTUNREACH: "no route leads there",
  EMSGSIZE: "too long to be sent in one piece",
  EPERM: "a firewall of this machine refuses it",
  EACCES: "a broadcast address, which takes the option broadcast; or a route forbids it",
  EADDRNOTAVAIL: "this machine has no address to send it from",
  ENETDOWN: "the interface is down",
  EINVAL: "an address that cannot be sent to, or not without an interface; or a route discards it",
};

/** What a message of ICMP says, in words. */
export function reasonOf(family: IpFamily, type: number, code: number): string {
  const [name, codes] = reasons[family].get(type) ?? [`message of type ${type}`, []];
  return codes[code] ?? (code === 0 ? name : `${name}, code ${code}`);
}

type Reasons = ReadonlyMap<number, readonly [string, readonly string[]]>;

/** RFC 792 and RFC 1812; RFC 4443. */
const reasons: Readonly<Record<IpFamily, Reasons>> = {
  ipv4: new Map([
    [3, ["destination unreachable", [
      "network unreachable",
      "host unreachable",
      "protocol unreachable",
      "port unreachable",
      "too long, and must not be fragmented",
      "source route failed",
      "network unknown",
      "host unknown",
      "source host isolated",
      "network administratively prohibited",
      "host administratively prohibited",
      "network unreachable for this type of service",
      "host unreachable for this type of service",
      "administratively filtered",
      "host precedence violation",
      "precedence cutoff",
    ]]],
    [11, ["time exceeded", ["time exceeded in transit", "fragment reassembly time exceeded"]]],
    [12, ["parameter problem", []]],
  ]),
  ipv6: new Map([
    [1, ["destination unreachable", [
      "no route to destination",
      "administratively prohibited",
      "beyond scope of source address",
      "address unreachable",
      "port unreachable",
      "source address failed policy",
      "route to destination rejected",
    ]]],
    [2, ["packet too big", []]],
    [3, ["time exceeded", ["hop limit exceeded in transit", "fragment reassembly time exceeded"]]],
    [4, ["parameter problem", [
      "erroneous header field",
      "unrecognized next header",
      "unrecognized IPv6 option",
    ]]],
  ]),
};
