import {
  type ArpFields,
  type AuthenticationFields,
  formatMac,
  type FragmentFields,
  type IcmpFields,
  ipv4,
  type Ipv4Fields,
  type Ipv4Option,
  type Ipv6Fields,
  type Ipv6Option,
  Ipv6Packet,
  type NeighborOption,
  type OptionsFields,
  packet,
  type RoutingFields,
  type TcpFields,
  type TcpOption,
  type UdpFields,
} from "@posixly/raw/wire";
import fc from "fast-check";

// Any values that the builders take, in the form that the views return them.

/** A record with the prototype that an object literal has, so that it equals one. */
export function record<T>(
  parts: { [Name in keyof T]: fc.Arbitrary<T[Name]> },
): fc.Arbitrary<T> {
  return fc.record(parts, { noNullPrototype: true }) as fc.Arbitrary<T>;
}

export const u8 = fc.integer({ min: 0, max: 0xff });
export const u16 = fc.integer({ min: 0, max: 0xffff });
export const u32 = fc.integer({ min: 0, max: 0xffff_ffff });
const bit = fc.boolean();

export function bytes(minLength: number, maxLength = minLength): fc.Arbitrary<Uint8Array> {
  return fc.uint8Array({ minLength, maxLength });
}

export const mac = bytes(6).map(formatMac);

export const v4 = bytes(4).map((address) => address.join("."));

/** As text, by way of a view, whose text has a test of its own. */
export const v6 = fc.oneof(
  bytes(16),
  bytes(16).map((it) => it.map((byte) => byte < 200 ? 0 : byte)),
)
  .map((address) => {
    const header = new Uint8Array(40);
    header[0] = 0x60;
    header.set(address, 8);
    return Ipv6Packet.parse(header).source;
  });

/** Options of at most so many bytes, ended as a view shows the end. */
function list<T>(
  option: fc.Arbitrary<{ option: T; size: number }>,
  most: number,
): fc.Arbitrary<(T | { kind: "end"; padding?: Uint8Array })[]> {
  return fc.array(option, { maxLength: 8 }).map((all) => {
    const options: (T | { kind: "end"; padding?: Uint8Array })[] = [];
    let taken = 0;
    for (const { option, size } of all) {
      if (taken + size > most) break;
      taken += size;
      options.push(option);
    }
    const zeros = -taken & 3;
    if (zeros === 1) options.push({ kind: "end" });
    if (zeros > 1) options.push({ kind: "end", padding: new Uint8Array(zeros - 1) });
    return options;
  });
}

function sized<T>(
  size: number,
  option: fc.Arbitrary<T>,
): fc.Arbitrary<{ option: T; size: number }> {
  return option.map((option) => ({ option, size }));
}

const unknownKind = fc.integer({ min: 200, max: 255 });
const unknown = record({ kind: unknownKind, bytes: bytes(0, 9) })
  .map((option) => ({ option, size: 2 + option.bytes.length }));

export const tcpOptions: fc.Arbitrary<TcpOption[]> = list<TcpOption>(
  fc.oneof(
    sized(1, fc.constant({ kind: "nop" } as const)),
    sized(4, record({ kind: fc.constant("mss" as const), size: u16 })),
    sized(3, record({ kind: fc.constant("windowScale" as const), shift: u8 })),
    sized(2, fc.constant({ kind: "sackPermitted" } as const)),
    fc.array(record({ from: u32, to: u32 }), { maxLength: 4 }).map((blocks) => ({
      option: { kind: "sack" as const, blocks },
      size: 2 + 8 * blocks.length,
    })),
    sized(10, record({ kind: fc.constant("timestamps" as const), value: u32, echo: u32 })),
    sized(
      4,
      record({
        kind: fc.constant("userTimeout" as const),
        unit: fc.constantFrom("seconds" as const, "minutes" as const),
        timeout: fc.integer({ min: 0, max: 0x7fff }),
      }),
    ),
    bytes(0, 16).map((cookie) => ({
      option: { kind: "fastOpen" as const, cookie },
      size: 2 + cookie.length,
    })),
    sized(18, record({ kind: fc.constant("md5" as const), digest: bytes(16) })),
    bytes(0, 20).map((it) => ({
      option: { kind: "mptcp" as const, bytes: it },
      size: 2 + it.length,
    })),
    unknown,
  ),
  40,
);

export const ipv4Options: fc.Arbitrary<Ipv4Option[]> = list<Ipv4Option>(
  fc.oneof(
    sized(1, fc.constant({ kind: "nop" } as const)),
    sized(4, record({ kind: fc.constant("routerAlert" as const), value: u16 })),
    record({
      kind: fc.constantFrom("recordRoute", "looseSourceRoute", "strictSourceRoute"),
      pointer: u8,
      addresses: fc.array(v4, { maxLength: 9 }),
    }).map((option) => ({
      option: option as Ipv4Option,
      size: 3 + 4 * option.addresses.length,
    })),
    record({
      kind: fc.constant("timestamp" as const),
      pointer: u8,
      overflow: fc.integer({ min: 0, max: 15 }),
      flag: fc.integer({ min: 0, max: 15 }),
      record: bytes(0, 36),
    }).map((option) => ({ option, size: 4 + option.record.length })),
    unknown,
  ),
  40,
);

/** Padding is written out, since the header has it. */
export const ipv6Options: fc.Arbitrary<Ipv6Option[]> = fc.array(
  fc.oneof<fc.Arbitrary<{ option: Ipv6Option; size: number }>[]>(
    sized(1, fc.constant({ kind: "pad1" as const })),
    bytes(0, 5).map((it) => ({
      option: { kind: "padN" as const, bytes: it },
      size: 2 + it.length,
    })),
    sized(4, record({ kind: fc.constant("routerAlert" as const), value: u16 })),
    sized(6, record({ kind: fc.constant("jumboPayload" as const), length: u32 })),
    sized(18, record({ kind: fc.constant("homeAddress" as const), address: v6 })),
    record({ kind: fc.constantFrom(2, 3, 30, 255), bytes: bytes(0, 255) })
      .map((option) => ({ option, size: 2 + option.bytes.length })),
  ),
  { maxLength: 6 },
).map((all) => {
  const options = all.map(({ option }) => option);
  const padding = -(2 + all.reduce((sum, { size }) => sum + size, 0)) & 7;
  if (padding === 1) options.push({ kind: "pad1" });
  else if (padding > 1) options.push({ kind: "padN", bytes: new Uint8Array(padding - 2) });
  return options;
});

export const neighborOptions: fc.Arbitrary<NeighborOption[]> = fc.array(
  fc.oneof(
    record({
      kind: fc.constantFrom("sourceLinkLayer" as const, "targetLinkLayer" as const),
      address: mac,
    }),
    record({
      kind: fc.constant("prefixInformation" as const),
      prefix: v6,
      prefixLength: fc.integer({ min: 0, max: 128 }),
      onLink: bit,
      autonomous: bit,
      validLifetime: u32,
      preferredLifetime: u32,
    }),
    fc.integer({ min: 0, max: 9 }).chain((count) =>
      record({ kind: fc.constant("redirectedHeader" as const), bytes: bytes(8 * count) })
    ),
    record({ kind: fc.constant("mtu" as const), mtu: u32 }),
    fc.integer({ min: 1, max: 9 }).chain((count) =>
      record({ kind: fc.constantFrom(14, 24, 25, 31, 253), bytes: bytes(8 * count - 2) })
    ),
  ),
  { maxLength: 4 },
);

export const ipv4Fields: fc.Arbitrary<Required<Ipv4Fields>> = record({
  source: v4,
  destination: v4,
  tos: u8,
  identification: u16,
  reservedFlag: bit,
  dontFragment: bit,
  moreFragments: bit,
  fragmentOffset: fc.integer({ min: 0, max: 0x1fff }).map((units) => units * 8),
  ttl: u8,
  protocol: u8,
  options: ipv4Options,
  totalLength: fc.constant(0),
  checksum: u16,
}).map((fields) => ({ ...fields, totalLength: packet(ipv4(fields)).length }));

export const ipv6Fields: fc.Arbitrary<Required<Ipv6Fields>> = record({
  source: v6,
  destination: v6,
  trafficClass: u8,
  flowLabel: fc.integer({ min: 0, max: 0xf_ffff }),
  payloadLength: fc.constant(0),
  nextHeader: u8,
  hopLimit: u8,
});

export const tcpFields: fc.Arbitrary<Required<TcpFields>> = record({
  sourcePort: u16,
  destinationPort: u16,
  sequence: u32,
  acknowledgment: u32,
  flags: fc.subarray(["fin", "syn", "rst", "psh", "ack", "urg", "ece", "cwr", "ae"])
    .map((names) => Object.fromEntries(names.map((name) => [name, true]))),
  reserved: fc.integer({ min: 0, max: 7 }),
  window: u16,
  checksum: u16,
  urgentPointer: u16,
  options: tcpOptions,
});

export const udpFields: fc.Arbitrary<Required<UdpFields>> = record({
  sourcePort: u16,
  destinationPort: u16,
  length: fc.constant(0),
  checksum: u16,
});

export const icmpFields: fc.Arbitrary<Required<Omit<IcmpFields, "body">>> = record({
  type: u8,
  code: u8,
  rest: u32,
  checksum: u16,
});

export const arpFields: fc.Arbitrary<Required<ArpFields>> = record({
  operation: u16,
  senderHardware: mac,
  senderProtocol: v4,
  targetHardware: mac,
  targetProtocol: v4,
  hardwareType: u16,
  protocolType: u16,
  hardwareLength: fc.constant(6),
  protocolLength: fc.constant(4),
});

export const optionsFields: fc.Arbitrary<Required<OptionsFields>> = record({
  nextHeader: u8,
  options: ipv6Options,
});

export const routingFields: fc.Arbitrary<RoutingFields> = fc.oneof(
  record({
    nextHeader: u8,
    routingType: fc.constantFrom(0, 2),
    segmentsLeft: u8,
    addresses: fc.array(v6, { maxLength: 5 }),
    reserved: u32,
  }),
  record({
    nextHeader: u8,
    routingType: fc.integer({ min: 3, max: 255 }),
    segmentsLeft: u8,
    data: fc.integer({ min: 0, max: 5 }).chain((count) => bytes(4 + 8 * count)),
  }),
);

export const fragmentFields: fc.Arbitrary<Required<FragmentFields>> = record({
  nextHeader: u8,
  fragmentOffset: fc.integer({ min: 0, max: 0x1fff }).map((units) => units * 8),
  moreFragments: bit,
  identification: u32,
  reserved: u8,
  reservedBits: fc.integer({ min: 0, max: 3 }),
});

export const authenticationFields: fc.Arbitrary<Required<AuthenticationFields>> = record({
  nextHeader: u8,
  reserved: u16,
  spi: u32,
  sequence: u32,
  icv: fc.integer({ min: 0, max: 16 }).chain((words) => bytes(4 * words)),
});
