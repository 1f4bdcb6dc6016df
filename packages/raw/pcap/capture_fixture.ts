import fc from "fast-check";
import {
  type CaptureBlock,
  type CaptureInterface,
  type CapturePacket,
  captureWriter,
  parseCapture,
} from "@posixly/raw/pcap";

/** Numbers of 32 bits as bytes, in the given order; bytes are padded to whole ones. */
export function words(order: "little" | "big", ...values: (number | Uint8Array)[]): Uint8Array {
  return concat(values.map((value) => {
    const bytes = new Uint8Array(typeof value === "number" ? 4 : Math.ceil(value.length / 4) * 4);
    if (typeof value !== "number") bytes.set(value);
    else new DataView(bytes.buffer).setUint32(0, value, order === "little");
    return bytes;
  }));
}

/** Two numbers of 16 bits as one of 32, so that the first comes first in this order. */
export const pair = (order: "little" | "big", first: number, second: number): number =>
  (order === "little" ? second << 16 | first : first << 16 | second) >>> 0;

/** A block of pcapng, by hand. */
export function block(
  order: "little" | "big",
  type: number,
  ...values: (number | Uint8Array)[]
): Uint8Array {
  const body = words(order, ...values);
  return words(order, type, body.length + 12, body, body.length + 12);
}

export const text = (value: string): Uint8Array => new TextEncoder().encode(value);

export function concat(pieces: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}

/** A section with one of each kind of block, made by hand from the specification. */
export function section(order: "little" | "big"): Uint8Array {
  const option = (code: number, value: Uint8Array) =>
    words(order, pair(order, code, value.length), value);
  const u64 = (high: number, low: number) =>
    order === "little" ? words(order, low, high) : words(order, high, low);
  return concat([
    block(order, 0x0a0d0d0a, 0x1a2b3c4d, pair(order, 1, 0), 0xffffffff, 0xffffffff, ...[
      option(1, text("a section")),
      option(4, text("by hand")),
      0,
    ]),
    block(order, 1, pair(order, 1, 0), 96, ...[
      option(2, text("eth0")),
      option(9, Uint8Array.of(9)),
      option(14, u64(0, 1000)),
      option(8, u64(2, 540_065_792 >>> 0)), // 10^10 bit/s, nearly
      0,
    ]),
    block(order, 1, pair(order, 228, 0), 0), // microseconds
    block(order, 6, 0, 0x18fae27a, 0x6e5a0001, 5, 60, ...[
      text("hello"),
      option(1, text("first")),
      option(1, text("zwei…")),
      option(2, words(order, 0x42)),
      option(3, Uint8Array.of(2, 1, 2, 3, 4)),
      0,
    ]),
    block(order, 6, 1, 0x00064c9a, 0xdeadbeef, 0, 0),
    block(order, 3, 6, text("simple")),
    block(order, 2, pair(order, 1, 7), 0x00064c9a, 0xdeadbef0, 3, 3, text("old")),
    block(order, 4, ...[
      option(1, Uint8Array.of(127, 0, 0, 1, ...text("localhost\0here\0"))),
      option(2, Uint8Array.of(...new Uint8Array(15), 1, ...text("ip6-localhost\0"))),
      option(77, text("unknown")),
      0,
      option(2, text("resolver")),
      0,
    ]),
    block(order, 5, 0, 0x18fae27a, 0x6e5a0002, ...[
      option(2, words(order, 0x18fae27a, 1)),
      option(4, u64(1, 2)),
      0,
    ]),
    block(order, 10, 0x544c534b, 6, text("secret")),
    block(order, 0x00000bad, 32473, text("mine")),
    block(order, 0x40000bad, 32473, text("mine alone")),
    block(order, 0x80000001, 1, 2, 3),
  ]);
}

/** A file of pcapng with a section of either byte order. */
export const everything: Uint8Array = concat([section("little"), section("big")]);

/** Files of every format, order and precision, small enough to be damaged at every byte. */
export const samples: readonly (readonly [name: string, file: Uint8Array])[] = [
  ["pcapng, by hand", everything],
  ...(["pcap", "pcapng"] as const).flatMap((format) =>
    (["little", "big"] as const).flatMap((byteOrder) =>
      [true, false].map((nanoseconds): [string, Uint8Array] => {
        const writer = captureWriter({ format, byteOrder, nanoseconds, link: "ipv4" });
        const pieces = [0, 3, 20].map((length, i) =>
          writer.write({
            bytes: new Uint8Array(length).fill(0x45),
            originalLength: 40,
            timestamp: { seconds: 1_800_000_000 + i, nanoseconds: 123_456_000 },
          })
        );
        return [`${format} ${byteOrder} ${nanoseconds ? "ns" : "us"}`, concat(pieces)];
      })
    )
  ),
];

/** What a packet says, so that packets of different files can be compared. */
export function said({ bytes, originalLength, timestamp, options }: CapturePacket) {
  return { bytes: Uint8Array.from(bytes), originalLength, timestamp, options };
}

/** All blocks of a file that is whole. */
export const blocksOf = (file: Uint8Array): CaptureBlock[] => [...parseCapture(file).blocks()];

/** Writes what was read. */
export function rewritten(file: Uint8Array, blocks: Iterable<CaptureBlock>): Uint8Array {
  const format = parseCapture(file);
  const [first] = format.blocks();
  const writer = captureWriter({ format: first.kind === "header" ? "pcap" : "pcapng" });
  return concat(Array.from(blocks, (block) => writer.write(block)));
}

/** A file in chunks, cut anywhere. */
export function chunks(file: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const places = [...new Set(cuts.map((cut) => cut % (file.length + 1)))].sort((a, b) => a - b);
  return [0, ...places].map((start, i) => file.slice(start, places[i] ?? file.length));
}

export async function* stream(pieces: Iterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for (const piece of pieces) yield await Promise.resolve(piece);
}

const plain = { noNullPrototype: true } as const;
const u32 = fc.integer({ min: 0, max: 2 ** 32 - 1 });

export const time: fc.Arbitrary<{ seconds: number; nanoseconds: number }> = fc.record({
  seconds: fc.oneof(u32, fc.constantFrom(0, 2 ** 31, 2 ** 32 - 1)),
  nanoseconds: fc.oneof(fc.nat(999_999_999), fc.constantFrom(0, 999_999_999)),
}, plain);

const bytes = fc.oneof(
  { weight: 20, arbitrary: fc.uint8Array({ maxLength: 80 }) },
  { weight: 1, arbitrary: fc.constant(new Uint8Array(262144).fill(0x5a)) },
);

const option = fc.oneof(
  fc.record({ code: fc.constant(1), value: fc.string({ unit: "grapheme" }) }, plain),
  fc.record({ code: fc.constant(2), value: u32 }, plain),
  fc.record({ code: fc.constant(4), value: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }) }, plain),
  fc.record({
    code: fc.integer({ min: 100, max: 65535 }),
    value: fc.uint8Array({ maxLength: 9 }).map((value) => Uint8Array.from(value)),
  }, plain),
);

/** Any packet, of this interface. */
export const packetOf = (from: CaptureInterface, hasOptions: boolean) =>
  fc.record({
    bytes,
    originalLength: u32,
    timestamp: time,
    interface: fc.constant(from),
    options: hasOptions ? fc.array(option, { maxLength: 3 }) : fc.constant([]),
  }, plain);

/** An interface that counts so. */
export const counting = (
  resolution: number,
  timeOffset: number | bigint = 0,
): CaptureInterface => ({
  kind: "interface",
  link: 1,
  snapLength: 0,
  resolution,
  timeOffset,
  options: [],
});

/** Copies of blocks, which are made anew when they are written; what belonged together still does. */
export function copiesOf(blocks: readonly CaptureBlock[]): CaptureBlock[] {
  const interfaces = new Map<CaptureInterface, CaptureInterface>();
  return blocks.map((block): CaptureBlock => {
    if (block.kind === "packet" || block.kind === "statistics") {
      return { ...block, interface: interfaces.get(block.interface) ?? block.interface };
    }
    if (block.kind !== "interface") return { ...block };
    const copy = { ...block };
    interfaces.set(block, copy);
    return copy;
  });
}
