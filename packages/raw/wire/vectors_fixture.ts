/** A packet, and what it begins with. */
export interface Vector {
  readonly name: string;
  readonly hex: string;
  readonly link: "ethernet" | "ip";
  /** Whether not all of it is there. */
  readonly cut?: boolean;
}

/** Packets whose fields and checksums are known. */
export const vectors: readonly Vector[] = [
  {
    name: "IPv4 and UDP, of which only the first header was kept",
    hex: "45000073000040004011b861c0a80001c0a800c7",
    link: "ip",
    cut: true,
  },
  {
    name: "TCP with urgent data",
    hex: "45000030000000004006f774c0a80101c0a80102" +
      "bf0000500123456789abcdef6035012301b6020103030c01aa0000ff",
    link: "ip",
  },
  {
    name: "UDP",
    hex: "45000020000000004011f779c0a80101c0a80102bf000035000c124daa0000ff",
    link: "ip",
  },
  {
    name: "UDP without a checksum",
    hex: "45000020000000004011f779c0a80101c0a80102bf000035000c0000aa0000ff",
    link: "ip",
  },
  {
    name: "an echo request",
    hex: "45000020000000004001f789c0a80101c0a8010208008efe1234abcdaa0000ff",
    link: "ip",
  },
  {
    name: "an echo request over IPv6",
    hex: "60000000000c3a40fe800000000000000000000000000001fe800000000000000000000000000002" +
      "800019b31234abcdaa0000ff",
    link: "ip",
  },
  {
    name: "a SYN in an Ethernet frame",
    hex: "000000000001000000000001080045000034000000008006b970c0a80001c0a80002" +
      "3039d431deadbeef0000000070020000829c0000020420000000000054657374",
    link: "ethernet",
  },
  {
    name: "an ACK with the tag of a VLAN and padding",
    hex: "0010dbff100000152c9dcc00810001f7080045000028298d40007d0683a0ac1bca8e451694e2" +
      "d40a0050dfab9cc6cd1ee5d1501001005a740000000000000000",
    link: "ethernet",
  },
  {
    name: "the first fragment of a UDP datagram",
    hex: "000039cfd9cd004033d97cfd08004500003800f220004011af370a010101816f1e1b" +
      "7cab4ee500240000" + "00".repeat(28),
    link: "ethernet",
  },
  {
    name: "UDP over IPv6",
    hex: "60067576004011402605bc8030100104000000008cd309ce26003c00e00000190000000000000001" +
      "b26e003500405c44850501200001000000000001037777770774637064756d70036f726700" +
      "0001000100002904d000000000000c000a0008c5bfce52e942cc0c",
    link: "ip",
  },
  {
    name: "an ARP request",
    hex: "ffffffffffff1112131415160806" +
      "00010800060400011112131415162122232431323334353641424344",
    link: "ethernet",
  },
  {
    name: "IPv4 that is a byte longer than what is there",
    hex: "45000055f1a60000401145938cd309ce2d217f9c" + "cb9300350040bdd4" + "00".repeat(56),
    link: "ip",
    cut: true,
  },
  {
    name: "a SYN to itself",
    hex: "450000280001000040067ccd7f0000017f00000100140050000000000000000050022000917c0000",
    link: "ip",
  },
  {
    name: "a SYN to itself over IPv6",
    hex: "60000000001406400000000000000000000000000000000100000000000000000000000000000001" +
      "001400500000000000000000500220008f7d0000",
    link: "ip",
  },
  {
    name: "UDP to itself over IPv6",
    hex: "60000000001011400000000000000000000000000000000100000000000000000000000000000001" +
      "00350035001045cb736f6d6564617461",
    link: "ip",
  },
];

/** The bytes of hexadecimal digits. */
export function bytesOf(hex: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

/** The bytes of the packet of this name. */
export function vectorOf(name: string): Uint8Array<ArrayBuffer> {
  return bytesOf(vectors.find((each) => each.name === name)!.hex);
}
