import assert from "node:assert/strict";
import fc from "fast-check";
import { test } from "uvu";
import {
  type CaptureInterface,
  type CapturePacket,
  captureStream,
  captureWriter,
  type PacketToWrite,
  parseCapture,
  readCapture,
} from "@posixly/raw/pcap";
import {
  blocksOf,
  chunks,
  concat,
  copiesOf,
  counting,
  packetOf,
  rewritten,
  said,
  samples,
  stream,
  time,
} from "./capture_fixture.ts";

const anyOptions = fc.record({
  format: fc.constantFrom("pcap" as const, "pcapng" as const),
  byteOrder: fc.constantFrom("little" as const, "big" as const),
  nanoseconds: fc.boolean(),
});

test("any packets, in any format, order and precision, cut anywhere, are read as they were", async () => {
  const input = anyOptions.chain((options) =>
    fc.record({
      options: fc.constant(options),
      packets: fc.array(
        packetOf(counting(options.nanoseconds ? 9 : 6), options.format === "pcapng"),
        { maxLength: 6 },
      ),
      cuts: fc.array(fc.nat(), { maxLength: 12 }),
    })
  );
  await fc.assert(
    fc.asyncProperty(input, async ({ options, packets, cuts }) => {
      const writer = captureWriter(options);
      const pieces = [...packets.map((packet) => writer.write(packet)), writer.end()];
      const file = concat(pieces);
      const precise = (nanoseconds: number) =>
        options.nanoseconds ? nanoseconds : nanoseconds - nanoseconds % 1000;
      const expected = packets.map(({ bytes, originalLength, timestamp, options }) => ({
        bytes: Uint8Array.from(bytes),
        originalLength,
        timestamp: { ...timestamp, nanoseconds: precise(timestamp.nanoseconds) },
        options,
      }));
      assert.deepEqual([...parseCapture(file)].map(said), expected);
      const read: CapturePacket[] = [];
      for await (const packet of readCapture(stream(chunks(file, cuts)))) read.push(packet);
      assert.deepEqual(read.map(said), expected);
      assert.deepEqual(rewritten(file, blocksOf(file)), file);
    }),
    { numRuns: 100 },
  );
});

test("a capture that comes byte by byte is read like one that comes whole", async () => {
  for (const [name, file] of samples) {
    const read: unknown[] = [];
    const single = Array.from(file, (byte) => Uint8Array.of(byte));
    for await (const block of readCapture(stream(single)).blocks()) read.push(block);
    assert.deepEqual(read, blocksOf(file), name);
  }
});

test("what is read and written again is the same, byte by byte", () => {
  for (const [name, file] of samples) {
    assert.deepEqual(rewritten(file, blocksOf(file)), file, name);
  }
});

test("what is read, copied and written again says the same, in its byte order", () => {
  for (const [name, file] of samples) {
    const blocks = blocksOf(file);
    const again = rewritten(file, copiesOf(blocks));
    assert.deepEqual(blocksOf(again), blocks, name);
  }
});

test("packets of one format are written in the other, and back", () => {
  fc.assert(
    fc.property(fc.array(packetOf(counting(9), false), { maxLength: 5 }), (packets) => {
      let last = packets.map((packet): PacketToWrite => packet);
      for (const format of ["pcap", "pcapng", "pcap"] as const) {
        for (const byteOrder of ["little", "big"] as const) {
          const writer = captureWriter({ format, byteOrder });
          const file = concat([...last.map((packet) => writer.write(packet)), writer.end()]);
          const read = [...parseCapture(file)];
          assert.deepEqual(
            read.map(said),
            packets.map((packet) => said({ kind: "packet", ...packet })),
          );
          last = read;
        }
      }
    }),
    { numRuns: 30 },
  );
});

test("packets of several interfaces keep them", () => {
  const ethernet: CaptureInterface = { ...counting(6), options: [{ code: 2, value: "eth0" }] };
  const tunnel: CaptureInterface = { ...counting(9), link: 228 };
  const writer = captureWriter();
  const timestamp = { seconds: 1_800_000_000, nanoseconds: 123_456_789 };
  const from = [ethernet, tunnel, ethernet, undefined, tunnel];
  const file = concat(
    from.map((from) => writer.write({ bytes: Uint8Array.of(1), timestamp, interface: from })),
  );
  const kinds = blocksOf(file).map(({ kind }) => kind).join(" ");
  assert.equal(
    kinds,
    "section interface packet interface packet packet interface packet packet",
  );
  const packets = [...parseCapture(file)];
  assert.deepEqual(packets.map((packet) => packet.interface.link), [1, 228, 1, 1, 228]);
  assert.equal(packets[0].interface, packets[2].interface);
  assert.deepEqual(packets[0].interface.options, ethernet.options);
  assert.deepEqual(packets.map(({ timestamp }) => timestamp!.nanoseconds % 1000), [
    ...[0, 789, 0, 789, 789],
  ]);
});

test("the snap length cuts what is written, and the original length stays", () => {
  for (const format of ["pcap", "pcapng"] as const) {
    const writer = captureWriter({ format, snapLength: 10 });
    const timestamp = { seconds: 1, nanoseconds: 2 };
    const file = writer.write({ bytes: new Uint8Array(60).fill(7), timestamp });
    const [packet] = parseCapture(file);
    assert.deepEqual(packet.bytes, new Uint8Array(10).fill(7));
    assert.equal(packet.originalLength, 60);
    assert.equal(packet.interface.snapLength, 10);
    const again = captureWriter({ format, snapLength: 4 }).write(packet);
    assert.equal([...parseCapture(again)][0].bytes.length, 4);
  }
});

test("a stream takes packets and gives a file, even without any", async () => {
  for (const format of ["pcap", "pcapng"] as const) {
    for (const count of [0, 3]) {
      const packets = new ReadableStream<PacketToWrite>({
        start(controller) {
          for (let i = 0; i < count; i++) {
            const timestamp = { seconds: i, nanoseconds: i };
            controller.enqueue({ bytes: new Uint8Array(i), timestamp });
          }
          controller.close();
        },
      });
      const read: number[] = [];
      const reader = readCapture(packets.pipeThrough(captureStream({ format })));
      for await (const { bytes } of reader) read.push(bytes.length);
      assert.deepEqual(read, [0, 1, 2].slice(0, count));
      assert.equal(reader.format, format);
      assert.equal(reader.problem, undefined);
    }
  }
});

test("leaving early cancels the stream, also one that cannot be iterated over", async () => {
  const [, file] = samples[0];
  for (const isIterable of [true, false]) {
    let cancelled = false;
    const source = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(file),
      cancel: () => {
        cancelled = true;
      },
    });
    if (!isIterable) Object.defineProperty(source, Symbol.asyncIterator, { value: undefined });
    for await (const packet of readCapture(source)) {
      assert.equal(packet.kind, "packet");
      break;
    }
    assert.ok(cancelled);
  }
});

test("packets within a chunk are views of it, and nothing is copied", () => {
  for (const [name, file] of samples) {
    for (const packet of parseCapture(file)) assert.equal(packet.bytes.buffer, file.buffer, name);
  }
});

test("a write that fails leaves the beginning of the file to the next one", () => {
  for (const format of ["pcap", "pcapng"] as const) {
    const writer = captureWriter({ format });
    const bytes = new Uint8Array(4);
    const wrong = { seconds: 1, nanoseconds: 1e9 };
    assert.throws(() => writer.write({ bytes, timestamp: wrong }), RangeError);
    const file = writer.write({ bytes, timestamp: { seconds: 1, nanoseconds: 1 } });
    assert.equal([...parseCapture(file)].length, 1);
  }
});

test("what a format has no place for is refused", () => {
  const bytes = new Uint8Array(4);
  const timestamp = { seconds: 1, nanoseconds: 0 };
  const refused = (options: object, block: object, error: ErrorConstructor | RegExp) =>
    assert.throws(() => captureWriter(options).write(block as PacketToWrite), error);
  refused({ format: "pcap" }, { bytes }, /timestamp must be given in pcap/);
  refused({}, { bytes, originalLength: 5 }, /timestamp must be given, unless/);
  refused({ format: "pcap" }, { kind: "section" }, /no place for kind section/);
  refused({}, { kind: "header" }, /no place for kind header/);
  refused({}, { kind: "zebra" }, /There is no kind "zebra" of blocks/);
  refused({}, { kind: "secrets", type: 1, bytes: "key", options: [] }, TypeError);
  refused({ format: "pcap" }, { bytes, timestamp: { ...timestamp, seconds: 2 ** 32 } }, RangeError);
  refused({ format: "pcap" }, { bytes, timestamp: { ...timestamp, seconds: -1 } }, RangeError);
  refused({}, { bytes, timestamp: { seconds: 2n ** 64n, nanoseconds: 0 } }, RangeError);
  refused({}, { bytes: [1], timestamp }, TypeError);
  refused({}, { bytes, timestamp, originalLength: -1 }, RangeError);
  const timed = { bytes, timestamp };
  refused({}, { ...timed, interface: { ...counting(9), link: 65536 } }, RangeError);
  refused({}, { ...timed, interface: { ...counting(256) } }, RangeError);
  refused({}, { ...timed, interface: { ...counting(9), snapLength: -1 } }, RangeError);
  refused(
    { format: "pcap" },
    { ...timed, interface: { ...counting(9), link: 2 ** 26 } },
    RangeError,
  );
  refused({}, { kind: "custom", copyable: true, enterprise: -1, body: bytes }, RangeError);
  refused({}, { bytes, timestamp, options: [{ code: 0, value: "end" }] }, RangeError);
  refused({}, { bytes, timestamp, options: [{ code: 99, value: 5 }] }, TypeError);
  refused({}, { bytes, timestamp, options: [{ code: 2, value: 2 ** 32 }] }, RangeError);
  const two = captureWriter({ format: "pcap", link: "ipv4" });
  assert.throws(
    () => two.write({ bytes, timestamp, interface: counting(9) }),
    /one link type, here 228, and the packet has 1/,
  );
  const misspelt = [{ format: "cap" }, { byteOrder: "middle" }, { link: "token ring" }];
  for (const wrong of [...misspelt, { nanoseconds: "no" }, { nanosecond: true }]) {
    assert.throws(() => captureWriter(wrong as object), TypeError);
  }
  assert.throws(() => captureWriter({ link: 65536 }), RangeError);
  assert.throws(() => parseCapture(bytes, { lacks: true } as object), {
    name: "TypeError",
    message: "there is no option lacks, only lax, longest",
  });
});

test("a packet without a time is a simple one, if that says all there is", () => {
  const file = captureWriter({ link: "raw" }).write({ bytes: Uint8Array.of(1, 2, 3) });
  const [packet] = parseCapture(file);
  assert.equal(packet.timestamp, undefined);
  assert.deepEqual(packet.bytes, Uint8Array.of(1, 2, 3));
  const cut = { ...counting(6), snapLength: 2 };
  const bytes = Uint8Array.of(1, 2);
  const short = captureWriter().write({ bytes, originalLength: 9, interface: cut });
  assert.deepEqual([...parseCapture(short)].map(said), [
    { bytes, originalLength: 9, timestamp: undefined, options: [] },
  ]);
});

test("a time is what it was, for every way to count", () => {
  const resolution = fc.oneof(fc.nat(20), fc.nat(64).map((power) => power | 0x80));
  const offset = fc.oneof(fc.constant(0), fc.integer(), fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n));
  fc.assert(
    fc.property(resolution, offset, time, (resolution, timeOffset, timestamp) => {
      const from = counting(resolution, timeOffset);
      const perSecond = resolution & 0x80
        ? 2n ** BigInt(resolution & 0x7f)
        : 10n ** BigInt(resolution);
      const ticks = (BigInt(timestamp.seconds) - BigInt(timeOffset)) * perSecond +
        BigInt(timestamp.nanoseconds) * perSecond / 10n ** 9n;
      const packet = { bytes: new Uint8Array(0), timestamp, interface: from };
      if (ticks < 0n || ticks >= 2n ** 64n) {
        assert.throws(() => captureWriter().write(packet), RangeError);
        return;
      }
      const [read] = parseCapture(captureWriter().write(packet));
      const { seconds, nanoseconds } = read.timestamp!;
      assert.equal(BigInt(seconds), BigInt(timestamp.seconds));
      assert.equal(
        BigInt(nanoseconds),
        ticks % perSecond * 10n ** 9n / perSecond,
      );
    }),
    { numRuns: 1000 },
  );
});

test.run();
