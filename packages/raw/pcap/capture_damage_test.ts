import assert from "node:assert/strict";
import { test } from "uvu";
import {
  CaptureDecoder,
  CaptureFileError,
  type CapturePacket,
  captureWriter,
  parseCapture,
  readCapture,
} from "@posixly/raw/pcap";
import { block, blocksOf, concat, pair, said, samples, stream, words } from "./capture_fixture.ts";

/** What can be had of a file, and how it ends. */
function readAll(file: Uint8Array): { packets: CapturePacket[]; error?: CaptureFileError } {
  const packets: CapturePacket[] = [];
  try {
    for (const packet of parseCapture(file)) packets.push(packet);
    return { packets };
  } catch (error) {
    assert.ok(error instanceof CaptureFileError, String(error));
    return { packets, error };
  }
}

test("every truncation gives the packets that were whole, then says how much is missing", () => {
  for (const [name, file] of samples) {
    const whole = readAll(file).packets.map(said);
    let last = 0;
    for (let length = 0; length < file.length; length++) {
      const { packets, error } = readAll(file.subarray(0, length));
      assert.deepEqual(packets.map(said), whole.slice(0, packets.length), name);
      assert.ok(packets.length >= last);
      last = packets.length;
      if (error === undefined) continue; // a cut between blocks cannot be seen
      assert.equal(error.reason, "truncated");
      assert.equal(error.offset + error.available, length);
      assert.ok(error.needed > error.available);
    }
    assert.equal(last, whole.length - (name.includes("by hand") ? 0 : 1));
  }
});

test("every flipped bit gives packets, then perhaps a CaptureFileError, and an end", () => {
  for (const [name, file] of samples) {
    for (let at = 0; at < file.length; at++) {
      for (const flip of [0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x40, 0x80, 0xff]) {
        const damaged = file.slice();
        damaged[at] ^= flip;
        const { packets, error } = readAll(damaged);
        assert.ok(packets.length <= 16, name);
        if (error === undefined) continue;
        assert.ok(error.offset < damaged.length); // a wrong length is noticed later
        assert.ok(["truncated", "malformed", "too long"].includes(error.reason));
      }
    }
  }
});

test("a lax reader ends where the damage is, and says what it was", async () => {
  for (const [name, file] of samples) {
    const cut = file.subarray(0, file.length - 1);
    const expected = readAll(cut);
    const capture = parseCapture(cut, { lax: true });
    assert.deepEqual([...capture].map(said), expected.packets.map(said), name);
    assert.deepEqual(capture.problem, expected.error);
    const reader = readCapture(stream([cut]), { lax: true });
    const packets: unknown[] = [];
    for await (const packet of reader) packets.push(said(packet));
    assert.deepEqual(packets, expected.packets.map(said));
    assert.deepEqual(reader.problem, expected.error);
  }
});

test("a strict reader says what is wrong, too, and says it again", async () => {
  const [, file] = samples[1];
  const capture = parseCapture(file.subarray(0, 30));
  assert.throws(() => [...capture], CaptureFileError);
  assert.equal(capture.problem?.reason, "truncated");
  const reader = readCapture(stream([file.subarray(0, 30)]));
  await assert.rejects(async () => {
    for await (const _ of reader);
  }, CaptureFileError);
  assert.deepEqual(reader.problem, capture.problem);

  const decoder = new CaptureDecoder();
  decoder.push(new Uint8Array(8));
  for (let i = 0; i < 2; i++) assert.throws(() => decoder.next(), CaptureFileError);
  decoder.push(file);
  assert.throws(() => decoder.next(), CaptureFileError);
  assert.throws(() => decoder.end(), CaptureFileError);
});

test("what is no capture is refused, and so is nothing at all", () => {
  const messages = new Map([
    ["", "Cannot read the capture at byte 0: it takes 4 bytes, and 0 are there"],
    ["GIF89a", "Cannot read the capture at byte 0: it begins like neither pcap nor pcapng"],
  ]);
  for (const [text, message] of messages) {
    const { error } = readAll(new TextEncoder().encode(text));
    assert.equal(error?.message, message);
  }
});

test("a length of 4 GiB is refused at once, and nothing is kept for it", () => {
  const header = captureWriter({ format: "pcap" }).end();
  const huge = [
    concat([header, words("little", 1, 1, 0xfffffffc, 60)]),
    concat([captureWriter().end(), words("little", 6, 0xfffffffc, 0)]),
  ];
  for (const file of huge) {
    const { error } = readAll(file);
    assert.equal(error?.reason, "too long");
    assert.equal(error?.needed, 0xfffffffc);
  }
});

test("how long a packet may be is up to the caller", () => {
  for (const format of ["pcap", "pcapng"] as const) {
    const bytes = new Uint8Array(1000);
    const file = captureWriter({ format }).write({
      ...{ bytes, timestamp: { seconds: 1, nanoseconds: 0 } },
    });
    assert.equal([...parseCapture(file)].length, 1);
    assert.throws(() => [...parseCapture(file, { longest: 999 })], {
      name: "CaptureFileError",
      reason: "too long",
    });
  }
  for (const longest of [0, -1, NaN, 1.5]) {
    const name = Number.isInteger(longest) ? "RangeError" : "TypeError";
    assert.throws(() => parseCapture(new Uint8Array(0), { longest }), { name });
  }
});

test("blocks that contradict themselves are malformed, each in its way", () => {
  const section = block("little", 0x0a0d0d0a, 0x1a2b3c4d, 1, 0xffffffff, 0xffffffff);
  const eth0 = block("little", 1, 1, 0);
  const wrong: [string, Uint8Array, RegExp][] = [
    ["length below a frame", words("little", 9, 8, 8), /cannot have 8 bytes/],
    ["odd length", words("little", 9, 13, 13, 13), /cannot have 13 bytes/],
    ["lengths differ", words("little", 9, 12, 16), /12 bytes ends with the length 16/],
    ["no such interface", block("little", 6, 1, 0, 0, 0, 0), /no interface 1 among 1/],
    ["short packet", block("little", 6, 0, 0, 0), /12 bytes for what takes 20/],
    ["packet longer than its block", block("little", 6, 0, 0, 0, 5, 5, 0), /takes 28/],
    ["option longer than its block", block("little", 6, 0, 0, 0, 0, 0, 0x50001), /option/],
    ["half an option", block("little", 5, 0, 0, 0, 0x40001), /option/],
    ["simple packet without its length", block("little", 3), /takes 4/],
    ["names that do not fit", block("little", 4, 0x90001, 0), /takes 16/],
    ["secrets that do not fit", block("little", 10, 0, 9, 0), /takes 20/],
    ["custom block of nobody", block("little", 0xbad), /takes 4/],
    ["short section", block("little", 0x0a0d0d0a, 0x1a2b3c4d), /takes 16/],
    ["no byte order", block("little", 0x0a0d0d0a, 0, 1, 0, 0), /byte order/],
    ["another version", block("little", 0x0a0d0d0a, 0x1a2b3c4d, 2, 0, 0), /version 2.0/],
  ];
  for (const [name, bytes, message] of wrong) {
    const { error } = readAll(concat([section, eth0, bytes]));
    assert.equal(error?.reason, "malformed", name);
    assert.match(error!.message, message);
    assert.equal(error?.offset, section.length + eth0.length);
  }
  const old = words("little", 0xa1b2c3d4, pair("little", 1, 0), 0, 0, 0, 1);
  assert.match(readAll(old).error!.message, /version 1.0 of pcap is not known/);
});

test("options that are not what they should be are kept as bytes", () => {
  const section = block("little", 0x0a0d0d0a, 0x1a2b3c4d, 1, 0xffffffff, 0xffffffff);
  const bad = [
    [1, Uint8Array.of(0xff, 0xfe)], // no UTF-8
    [9, Uint8Array.of(6, 0)], // a resolution of two bytes
    [14, Uint8Array.of(1)],
  ] as const;
  for (const [code, value] of bad) {
    const from = block("little", 1, 1, 0, pair("little", code, value.length), value, 0);
    const [, described] = blocksOf(concat([section, from]));
    assert.equal(described.kind, "interface");
    if (described.kind !== "interface") continue;
    assert.equal(described.resolution, 6);
    assert.equal(described.timeOffset, 0);
    assert.deepEqual(described.options, [{ code, value }]);
  }
});

test("what is no capture at all is refused, in words", () => {
  for (const wrong of ["file.pcap", null, undefined, 7, [new Uint8Array(4)], new Uint8Array(4)]) {
    assert.throws(() => readCapture(wrong as never), {
      name: "TypeError",
      message: /^source must be a ReadableStream or AsyncIterable, not /,
    });
  }
  assert.throws(() => parseCapture(new Uint8Array(4), { lax: "no" as never }), {
    name: "TypeError",
    message: 'lax must be true or false, not "no"',
  });
  assert.throws(() => parseCapture("file.pcap" as never), {
    name: "TypeError",
    message: 'bytes must be a Uint8Array, not "file.pcap"',
  });
});

test.run();
