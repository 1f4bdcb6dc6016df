import assert from "node:assert/strict";
import fc from "fast-check";
import { test } from "uvu";
import {
  checksum,
  onesComplementSum,
  PacketMemory,
  pseudoHeader4,
  pseudoHeader6,
  updateChecksum,
} from "@posixly/raw/wire";

/** Pair by pair, carry by carry, as RFC 1071 says it. */
function naive(bytes: Uint8Array, start = 0, end = bytes.length): number {
  let sum = 0;
  for (let at = start; at < end; at += 2) {
    sum += bytes[at] * 256 + (at + 1 < end ? bytes[at + 1] : 0);
    if (sum > 0xffff) sum -= 0xffff;
  }
  return sum;
}

const noise = (length: number, seed = 1): Uint8Array<ArrayBuffer> => {
  let state = seed;
  return new Uint8Array(length).map(() => {
    state = Math.imul(state, 1664525) + 1013904223 | 0;
    return state >>> 24;
  });
};

const fromHex = (hex: string) => Uint8Array.from(hex.match(/../g)!, (pair) => parseInt(pair, 16));

/** Who sums: plain JavaScript, SIMD in place, and the same memory without WebAssembly. */
const ways: [string, (bytes: Uint8Array) => [typeof onesComplementSum, Uint8Array]][] = [
  ["JavaScript", (bytes) => [onesComplementSum, bytes]],
  ["SIMD", (bytes) => inMemory(bytes, true)],
  ["memory without SIMD", (bytes) => inMemory(bytes, false)],
];

function inMemory(bytes: Uint8Array, simd: boolean): [typeof onesComplementSum, Uint8Array] {
  const memory = new PacketMemory(Math.max(bytes.length, 1), { simd });
  assert.equal(memory.simd, simd);
  memory.bytes.set(bytes);
  const sum: typeof onesComplementSum = (...args) => memory.onesComplementSum(...args);
  return [sum, memory.bytes.subarray(0, bytes.length)];
}

test("the sums of RFC 1071, IPv4, UDP, TCP, ICMP and ICMPv6 are those of the vectors", () => {
  assert.equal(onesComplementSum(fromHex("0001f203f4f5f6f7")), 0xddf2);
  assert.equal(checksum(fromHex("0001f203f4f5f6f7")), 0x220d);
  assert.equal(checksum(fromHex("45000073000040004011b861c0a80001c0a800c7")), 0);
  const addresses = fromHex("c0a80101c0a80102");
  const udp = fromHex("bf000035000c124daa0000ff");
  assert.equal(checksum(udp, 0, 12, pseudoHeader4(addresses, 0, 4, 17, 12)), 0);
  const tcp = fromHex("bf0000500123456789abcdef6035012301b6020103030c01aa0000ff");
  assert.equal(checksum(tcp, 0, 28, pseudoHeader4(addresses, 0, 4, 6, 28)), 0);
  assert.equal(checksum(fromHex("08008efe1234abcdaa0000ff")), 0);
  const addresses6 = fromHex(`fe80${"0".repeat(27)}1fe80${"0".repeat(27)}2`);
  const echo = fromHex("800019b31234abcdaa0000ff");
  assert.equal(checksum(echo, 0, 12, pseudoHeader6(addresses6, 0, 16, 58, 12)), 0);
});

for (const [name, prepare] of ways) {
  test(`${name}: every length and every beginning agrees with the definition`, () => {
    const [sum, bytes] = prepare(noise(400));
    for (let start = 0; start < 16; start++) {
      for (let end = start; end <= start + 260; end++) {
        assert.equal(sum(bytes, start, end), naive(bytes, start, end), `${start} to ${end}`);
      }
    }
  });

  test(`${name}: bytes that are all 255 overflow nothing, however many`, () => {
    const [sum, bytes] = prepare(new Uint8Array(9 * 2 ** 20 + 3).fill(255));
    assert.equal(sum(bytes), 0xff00);
    assert.equal(sum(bytes, 1), 0xffff);
    bytes[2 ** 22] = 0;
    assert.equal(sum(bytes), naive(bytes));
    assert.equal(sum(bytes, 1), naive(bytes, 1));
  });

  test(`${name}: zeros have the sum 0, and nothing else has`, () => {
    const [sum, bytes] = prepare(new Uint8Array(300));
    assert.equal(sum(bytes), 0);
    bytes.fill(255, 100, 102);
    assert.equal(sum(bytes), 0xffff);
  });

  test(`${name}: pieces are chained at any even place`, () => {
    const all = fc.uint8Array({ minLength: 1, maxLength: 600 });
    fc.assert(fc.property(all, fc.nat(), fc.nat(0xffff), (data, seed, initial) => {
      const [sum, bytes] = prepare(data);
      const middle = seed % (bytes.length + 1) & ~1;
      const first = sum(bytes, 0, middle, initial);
      assert.equal(sum(bytes, middle, bytes.length, first), sum(bytes, 0, bytes.length, initial));
    }));
  });

  test(`${name}: what is no part of the bytes is refused`, () => {
    const [sum, bytes] = prepare(new Uint8Array(8));
    const wrong: [number, number][] = [[-1, 4], [0, 9], [5, 4], [0.5, 4], [0, 4.5], [NaN, 4]];
    for (const [start, end] of wrong) {
      assert.throws(() => sum(bytes, start, end), RangeError);
    }
    assert.throws(() => sum(bytes, 2, 9), {
      message: "start and end must be whole numbers from 0 to 8, in this order, not 2 and 9",
    });
  });
}

test("bytes anywhere in a buffer of any length are summed", () => {
  const buffer = noise(1003).buffer;
  for (let offset = 0; offset < 8; offset++) {
    const bytes = new Uint8Array(buffer, offset, 990);
    assert.equal(onesComplementSum(bytes), naive(bytes));
  }
});

test("a checksum that is put in its place makes the sum come out right", () => {
  fc.assert(fc.property(fc.uint8Array({ minLength: 2, maxLength: 300 }), (bytes) => {
    bytes.fill(0, 0, 2);
    const value = checksum(bytes);
    bytes.set([value >>> 8, value & 0xff]);
    assert.equal(checksum(bytes), 0);
  }));
});

test("a pseudo header is the sum of what it is made of, wherever its addresses are", () => {
  const place = fc.nat(24);
  const length = fc.integer({ min: 0, max: 2 ** 32 - 1 });
  const check = (size: number, sum: typeof pseudoHeader4, longest: number) =>
    fc.property(place, place, fc.nat(255), length, (source, destination, protocol, any) => {
      const bytes = noise(40);
      const length = any % (longest + 1);
      const pieces = [
        ...[...bytes.subarray(source, source + size)],
        ...[...bytes.subarray(destination, destination + size)],
        ...[length >>> 24, length >>> 16 & 255, length >>> 8 & 255, length & 255, 0, protocol],
      ];
      const found = onesComplementSum(
        new Uint8Array(0),
        0,
        0,
        sum(bytes, source, destination, protocol, length),
      );
      assert.equal(found, naive(Uint8Array.from(pieces)));
    });
  fc.assert(check(4, pseudoHeader4, 0xffff));
  fc.assert(check(16, pseudoHeader6, 2 ** 32 - 1));
});

test("a checksum is updated for a changed field of 16 or 32 bits as if all were summed again", () => {
  assert.equal(updateChecksum(0xdd2f, 0x5555, 0x3285), 0); // the example of RFC 1624
  const field = fc.constantFrom(2, 4);
  const value = fc.integer({ min: 0, max: 2 ** 32 - 1 });
  const bytes = fc.uint8Array({ minLength: 8, maxLength: 64 });
  fc.assert(fc.property(bytes, field, fc.nat(), value, (bytes, width, seed, value) => {
    bytes[0] = 0x45; // no packet is all zero
    const at = 2 + 2 * (seed % ((bytes.length - width) >>> 1));
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    const old = checksum(bytes);
    const from = width === 2 ? view.getUint16(at) : view.getUint32(at);
    const to = width === 2 ? value & 0xffff : value;
    if (width === 2) view.setUint16(at, to);
    else view.setUint32(at, to);
    assert.equal(updateChecksum(old, from, to), checksum(bytes));
  }));
});

test.run();
