import assert from "node:assert/strict";
import { test } from "uvu";
import {
  type CaptureBlock,
  captureWriter,
  commentsOf,
  linkTypes,
  parseCapture,
} from "@posixly/raw/pcap";
import {
  block,
  blocksOf,
  concat,
  everything,
  pair,
  section,
  text,
  words,
} from "./capture_fixture.ts";
import { ticksOfTime, timeOfTicks } from "./time.ts";

/** The blocks of one kind. */
function only<K extends CaptureBlock["kind"]>(file: Uint8Array, kind: K, blocks = blocksOf(file)) {
  return blocks.filter((block): block is Extract<CaptureBlock, { kind: K }> => block.kind === kind);
}

for (const order of ["little", "big"] as const) {
  const file = section(order);

  test(`${order}: a section says its byte order, version, length and options`, () => {
    const [found] = only(file, "section");
    assert.deepEqual(found, {
      kind: "section",
      byteOrder: order,
      version: [1, 0],
      length: -1,
      options: [{ code: 1, value: "a section" }, { code: 4, value: "by hand" }],
    });
  });

  test(`${order}: interfaces say how they count time, and options have their types`, () => {
    const [eth0, tunnel] = only(file, "interface");
    assert.deepEqual(eth0, {
      kind: "interface",
      link: linkTypes.ethernet,
      snapLength: 96,
      resolution: 9,
      timeOffset: 1000,
      options: [{ code: 2, value: "eth0" }, { code: 8, value: 2n * 2n ** 32n + 540_065_792n }],
    });
    assert.deepEqual([tunnel.link, tunnel.snapLength, tunnel.resolution], [228, 0, 6]);
  });

  test(`${order}: packets of all three kinds are packets`, () => {
    const [first, second, simple, old] = parseCapture(file);
    const ticks = 0x18fae27an * 2n ** 32n + 0x6e5a0001n;
    assert.deepEqual(first.timestamp, {
      seconds: Number(ticks / 10n ** 9n) + 1000,
      nanoseconds: Number(ticks % 10n ** 9n),
    });
    assert.deepEqual(first.bytes, text("hello"));
    assert.equal(first.originalLength, 60);
    assert.deepEqual(commentsOf(first.options), ["first", "zwei…"]);
    assert.deepEqual(first.options.slice(2), [
      { code: 2, value: 0x42 },
      { code: 3, value: Uint8Array.of(2, 1, 2, 3, 4) },
    ]);
    assert.equal(second.interface.link, 228);
    assert.equal(second.bytes.length, 0);
    const micros = 0x00064c9an * 2n ** 32n + 0xdeadbeefn;
    assert.deepEqual(second.timestamp, {
      seconds: Number(micros / 1000000n),
      nanoseconds: Number(micros % 1000000n) * 1000,
    });
    assert.deepEqual(simple.bytes, text("simple"));
    assert.equal(simple.timestamp, undefined);
    assert.equal(simple.interface.link, 1);
    assert.deepEqual(old.bytes, text("old"));
    assert.equal(old.interface, second.interface);
  });

  test(`${order}: names, statistics, secrets, custom and unknown blocks are there`, () => {
    const [names] = only(file, "names");
    assert.deepEqual(names.records, [
      { type: 1, address: Uint8Array.of(127, 0, 0, 1), names: ["localhost", "here"] },
      {
        ...{ type: 2, names: ["ip6-localhost"] },
        address: Uint8Array.of(...new Uint8Array(15), 1),
      },
      { type: 77, address: text("unknown"), names: [] },
    ]);
    assert.deepEqual(names.options, [{ code: 2, value: "resolver" }]);
    const blocks = blocksOf(file);
    const [statistics] = only(file, "statistics", blocks);
    assert.deepEqual(statistics.options, [
      { code: 2, value: 0x18fae27a00000001n },
      { code: 4, value: 2n ** 32n + 2n },
    ]);
    assert.equal(statistics.interface, only(file, "interface", blocks)[0]);
    const [secrets] = only(file, "secrets");
    assert.deepEqual([secrets.type, secrets.bytes], [0x544c534b, text("secret")]);
    assert.deepEqual(only(file, "custom"), [
      { kind: "custom", copyable: true, enterprise: 32473, body: text("mine") },
      { kind: "custom", copyable: false, enterprise: 32473, body: text("mine alone\0\0") },
    ]);
    assert.deepEqual(only(file, "unknown"), [
      { kind: "unknown", type: 0x80000001, body: words(order, 1, 2, 3) },
    ]);
  });
}

test("a section begins anew: its byte order and its interfaces are its own", () => {
  const blocks = blocksOf(everything);
  const interfaces = only(everything, "interface", blocks);
  assert.equal(interfaces.length, 4);
  const packets = only(everything, "packet", blocks);
  assert.equal(packets.length, 8);
  assert.equal(packets[0].interface, interfaces[0]);
  assert.equal(packets[4].interface, interfaces[2]);
});

test("padding that is not zero, and options that are not ended, are written as they were", () => {
  const unusual = concat([
    block("big", 0x0a0d0d0a, 0x1a2b3c4d, pair("big", 1, 2), 0, 48),
    block("big", 1, pair("big", 1, 0xffff), 0, pair("big", 2, 1), Uint8Array.of(120, 1, 2, 3)),
    block("big", 6, 0, 0, 0, 1, 1, Uint8Array.of(1, 255, 255, 255), pair("big", 1, 0)),
    block("big", 6, 0, 0, 0, 1, 1, Uint8Array.of(1), 0, 0, 0xdeadbeef),
  ]);
  const writer = captureWriter();
  assert.deepEqual(concat(blocksOf(unusual).map((block) => writer.write(block))), unusual);
});

test("packets of a file that was read go to another file as they were, if that says the same", () => {
  const packets = [...parseCapture(section("little"))];
  const writer = captureWriter();
  const again = concat(packets.map((packet) => writer.write(packet)));
  assert.equal(blocksOf(again).length, 7);
  const [first] = parseCapture(again);
  assert.deepEqual(first, packets[0]);
  const big = captureWriter({ byteOrder: "big" });
  const [other] = parseCapture(big.write(packets[0]));
  assert.deepEqual(other, packets[0]);
});

test("64 bits of time are enough for either end of it", () => {
  const ends = [
    [6, 0xffffffff, 0xffffffff, { seconds: 18446744073709, nanoseconds: 551615000 }],
    [9, 0xffffffff, 0xffffffff, { seconds: 18446744073, nanoseconds: 709551615 }],
    [0, 0xffffffff, 0xffffffff, { seconds: 2n ** 64n - 1n, nanoseconds: 0 }],
    [0x80 | 32, 0xffffffff, 0x80000000, { seconds: 2 ** 32 - 1, nanoseconds: 500_000_000 }],
    [0x80 | 63, 0x80000000, 0, { seconds: 1, nanoseconds: 0 }],
    [12, 0, 1_000_000_000, { seconds: 0, nanoseconds: 1_000_000 }],
    [127, 0xffffffff, 0xffffffff, { seconds: 0, nanoseconds: 0 }],
    [9, 0, 0, { seconds: 0, nanoseconds: 0 }],
  ] as const;
  for (const [resolution, high, low, time] of ends) {
    const file = concat([
      block("little", 0x0a0d0d0a, 0x1a2b3c4d, 1, 0xffffffff, 0xffffffff),
      block("little", 1, 1, 0, pair("little", 9, 1), Uint8Array.of(resolution), 0),
      block("little", 6, 0, high, low, 0, 0),
    ]);
    const [packet] = parseCapture(file);
    assert.deepEqual(packet.timestamp, time);
    const copied = captureWriter().write({ ...packet });
    assert.deepEqual([...parseCapture(copied)][0].timestamp, time);
  }
});

test("the same interface described twice is two", () => {
  const eth0 = only(section("little"), "interface")[0];
  const writer = captureWriter();
  const timestamp = { seconds: 1_800_000_000, nanoseconds: 0 };
  const file = concat([
    writer.write(eth0),
    writer.write(eth0),
    writer.write({ bytes: new Uint8Array(1), timestamp }),
  ]);
  assert.equal(only(file, "interface").length, 3);
});

test("seconds beyond what numbers hold are counted to the second", () => {
  const offset = 2n ** 60n;
  for (const timeOffset of [offset, -offset]) {
    const time = { seconds: timeOffset + 5n, nanoseconds: 7 };
    const ticks = ticksOfTime(time, { resolution: 9, timeOffset });
    assert.deepEqual(ticks, [Math.floor(5_000_000_007 / 2 ** 32), 5_000_000_007 % 2 ** 32]);
    assert.deepEqual(timeOfTicks(...ticks, { resolution: 9, timeOffset }), time);
  }
});

test.run();
