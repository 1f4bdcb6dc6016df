import { oneOf, requireBytes, requireInteger, requireKnown } from "@posixly/sys";
import type { PacketAddress, PacketType } from "./address.ts";
import {
  AF_PACKET,
  PACKET_BROADCAST,
  PACKET_HOST,
  PACKET_KERNEL,
  PACKET_LOOPBACK,
  PACKET_MULTICAST,
  PACKET_OTHERHOST,
  PACKET_OUTGOING,
  PACKET_USER,
  sockaddrLl,
} from "./libc.ts";
import { nameIn } from "./name_in.ts";

const types: Record<PacketType, number> = {
  host: PACKET_HOST,
  broadcast: PACKET_BROADCAST,
  multicast: PACKET_MULTICAST,
  otherHost: PACKET_OTHERHOST,
  outgoing: PACKET_OUTGOING,
  loopback: PACKET_LOOPBACK,
  user: PACKET_USER,
  kernel: PACKET_KERNEL,
};

/** Where the address of the hardware begins; the longest goes beyond what C declares. */
const { sll_addr: START } = sockaddrLl.offsets;
const ADDRESS_MAX = 32;

export function writeLl(address: PacketAddress, into: Uint8Array): number {
  requireKnown(address, [
    "family",
    "protocol",
    "interface",
    "hardwareType",
    "packetType",
    "hardwareAddress",
  ]);
  const { packetType = PACKET_HOST, hardwareAddress = new Uint8Array() } = address;
  const length = lengthOf(hardwareAddress);
  into.set(sockaddrLl.encode({
    sll_family: AF_PACKET,
    sll_protocol: requireInteger(address.protocol, "protocol", 0, 0xffff),
    sll_ifindex: requireInteger(address.interface, "interface"),
    sll_hatype: requireInteger(address.hardwareType ?? 0, "hardwareType", 0, 0xffff),
    sll_pkttype: typeof packetType === "number"
      ? requireInteger(packetType, "packetType", 0, 0xff)
      : oneOf(types, packetType, "packetType"),
    sll_halen: length,
  }));
  into.set(hardwareAddress, START);
  return Math.max(sockaddrLl.size, START + length);
}

function lengthOf(address: Uint8Array): number {
  if (!(address instanceof Uint8Array)) throw new TypeError("hardwareAddress must be a Uint8Array");
  const { length } = requireBytes(address, "hardwareAddress");
  if (length <= ADDRESS_MAX) return length;
  throw new RangeError(`hardwareAddress must be ${ADDRESS_MAX} bytes at most, not ${length}`);
}

/** The kernel's length ends with the address of the hardware, before or after the struct does. */
export function readLl(bytes: Uint8Array, length: number): PacketAddress | undefined {
  if (length < START) return undefined;
  const whole = new Uint8Array(sockaddrLl.size);
  whole.set(bytes.subarray(0, Math.min(length, whole.length)));
  const found = sockaddrLl.view(whole);
  const { sll_ifindex, sll_halen } = found;
  if (sll_ifindex < 0 || sll_halen > Math.min(ADDRESS_MAX, length - START)) return undefined;
  return {
    family: "packet",
    protocol: found.sll_protocol,
    interface: sll_ifindex,
    hardwareType: found.sll_hatype,
    packetType: nameIn(types, found.sll_pkttype),
    hardwareAddress: new Uint8Array(bytes.subarray(START, START + sll_halen)),
  };
}
