import type {
  CanAddress,
  NetlinkAddress,
  OtherAddress,
  PacketAddress,
  PacketType,
  SocketAddress,
  UnixAddress,
  VsockAddress,
} from "./address.ts";
import { unescapeName } from "./escape.ts";
import { interfaceIndex } from "./interfaces.ts";

const ipv4 = /^([^:[\]]*):(0|[1-9]\d*)$/;
const ipv6 = /^\[([^\]%]*)(?:%([^\]]*))?\]:(0|[1-9]\d*)(?:\?flow=(.*))?$/;

/** Takes the text of an address apart; whether its parts are as they should be is asked later. */
export function fromText(text: string): SocketAddress {
  const [kind] = text.split(":", 1);
  const read = kinds.get(kind);
  if (read !== undefined && text !== kind) return read(text.slice(kind.length + 1), text);

  const four = text.match(ipv4);
  if (four !== null) return { family: "ipv4", host: four[1], port: Number(four[2]) };
  const six = text.match(ipv6);
  if (six === null) throw unclear(text);
  const [, host, scope = "0", port, flow = "0"] = six;
  return {
    family: "ipv6",
    host,
    port: Number(port),
    scope: interfaceFrom(scope),
    flow: numberFrom(flow, "flow"),
  };
}

type Read = (rest: string, text: string) => SocketAddress;

const kinds = new Map<string, Read>([
  ["unix", unixFrom],
  ["vsock", vsockFrom],
  ["netlink", netlinkFrom],
  ["packet", packetFrom],
  ["can", canFrom],
  ["family", otherFrom],
]);

function unixFrom(rest: string): UnixAddress {
  if (rest === "") return { family: "unix" };
  if (rest.startsWith("@")) return { family: "unix", abstract: unescapeName(rest.slice(1)) };
  return { family: "unix", path: unescapeName(rest) };
}

function vsockFrom(rest: string, text: string): VsockAddress {
  const [cid, port, flags = "0"] = split(rest, 2, 3, text);
  return {
    family: "vsock",
    cid: numberFrom(cid, "cid"),
    port: numberFrom(port, "port"),
    flags: numberFrom(flags, "flags"),
  };
}

function netlinkFrom(rest: string, text: string): NetlinkAddress {
  const [pid, groups] = split(rest, 2, 2, text);
  return { family: "netlink", pid: numberFrom(pid, "pid"), groups: numberFrom(groups, "groups") };
}

function packetFrom(rest: string, text: string): PacketAddress {
  const [name, protocol, hardware = "0", type = "host", ...bytes] = split(rest, 2, Infinity, text);
  return {
    family: "packet",
    protocol: numberFrom(protocol, "protocol"),
    interface: interfaceFrom(name),
    hardwareType: numberFrom(hardware, "hardwareType"),
    packetType: /^\d/.test(type) ? numberFrom(type, "packetType") : type as PacketType,
    hardwareAddress: bytesFrom(bytes),
  };
}

function canFrom(rest: string, text: string): CanAddress {
  const [name, detail = ""] = split(rest, 1, 2, text);
  return { family: "can", interface: interfaceFrom(name), detail: bytesFrom(pairsOf(detail)) };
}

function otherFrom(rest: string, text: string): OtherAddress {
  const [family, bytes] = split(rest, 2, 2, text);
  return { family: numberFrom(family, "family"), bytes: bytesFrom(pairsOf(bytes)) };
}

function split(rest: string, least: number, most: number, text: string): string[] {
  const parts = rest.split(":");
  if (parts.length < least || parts.length > most) throw unclear(text);
  return parts;
}

function numberFrom(text: string, name: string): number {
  if (/^(0|[1-9]\d*|0x[\da-f]+)$/i.test(text)) return Number(text);
  throw new TypeError(`${name} must be a whole number, not ${JSON.stringify(text)}`);
}

/** Digits are an index, even if an interface should be called that. */
function interfaceFrom(text: string): number {
  return /^\d+$/.test(text) ? numberFrom(text, "interface") : interfaceIndex(text);
}

function bytesFrom(pairs: string[]): Uint8Array {
  return Uint8Array.from(pairs, (pair) => {
    if (/^[\da-f]{2}$/i.test(pair)) return parseInt(pair, 16);
    throw new TypeError(`bytes must be pairs of hexadecimal digits, not ${JSON.stringify(pair)}`);
  });
}

function pairsOf(digits: string): string[] {
  return digits.match(/[^]{1,2}/g) ?? [];
}

function unclear(text: string): TypeError {
  const examples = "127.0.0.1:80, [::1]:80, unix:/run/x.sock";
  return new TypeError(`Cannot parse address ${JSON.stringify(text)}: it must be like ${examples}`);
}
