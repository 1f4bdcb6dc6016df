import type { Ipv6Address, PacketAddress, SocketAddress, UnixAddress } from "./address.ts";
import { escapeByte, escapeName } from "./escape.ts";

/** The text of an address that is as the kernel would tell it. */
export function toText(address: SocketAddress): string {
  switch (address.family) {
    case "ipv4":
      return `${address.host}:${address.port}`;
    case "ipv6":
      return ipv6Text(address);
    case "unix":
      return `unix:${nameText(address)}`;
    case "vsock":
      return ["vsock", address.cid, address.port, ...(address.flags ? [address.flags] : [])].join(
        ":",
      );
    case "netlink":
      return `netlink:${address.pid}:${address.groups}`;
    case "packet":
      return packetText(address);
    case "can":
      return `can:${address.interface}${address.detail ? `:${hex(address.detail)}` : ""}`;
    default:
      return `family:${address.family}:${hex(address.bytes)}`;
  }
}

function ipv6Text({ host, port, scope, flow }: Ipv6Address): string {
  const zone = scope === undefined ? "" : `%${scope}`;
  const label = flow === undefined ? "" : `?flow=0x${flow.toString(16)}`;
  return `[${host}${zone}]:${port}${label}`;
}

function nameText({ path, abstract }: UnixAddress): string {
  if (abstract !== undefined) return `@${escapeName(abstract)}`;
  // A path that begins as abstract names do is told from them.
  return escapeName(path ?? "").replace(/^@/, escapeByte(0x40));
}

function packetText(address: PacketAddress): string {
  const { hardwareType, packetType, hardwareAddress } = address;
  const protocol = address.protocol.toString(16).padStart(4, "0");
  const text = `packet:${address.interface}:0x${protocol}`;
  const bytes = hex(hardwareAddress!, ":");
  if (bytes === "" && hardwareType === 0 && packetType === "host") return text;
  return [text, hardwareType, packetType, ...(bytes === "" ? [] : [bytes])].join(":");
}

function hex(bytes: Uint8Array, separator = ""): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(separator);
}
