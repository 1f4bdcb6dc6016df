import assert from "node:assert/strict";
import fc from "fast-check";
import { test } from "uvu";
import { parseRanges } from "./ranges.ts";

const digits = fc.oneof(
  fc.nat(30).map(String),
  fc.constantFrom("007", "4294967296", "9007199254740991", `1${"0".repeat(30)}`),
);
const item = fc.oneof(
  fc.tuple(digits, digits).map(([a, b]) => `${a}-${b}`),
  digits.map((a) => `${a}-`),
  digits.map((b) => `-${b}`),
);

/** Byte by byte: which of a file are asked for by one item; `null` if that is none. */
function bytesOf(item: string, size: number): number[] | null {
  const [first, last] = item.split("-");
  if (first !== "" && last !== "" && BigInt(first) > BigInt(last)) return null;
  return Array.from({ length: size }, (_, i) => i).filter((i) =>
    first === ""
      ? BigInt(size - i) <= BigInt(last)
      : BigInt(i) >= BigInt(first) && (last === "" || BigInt(i) <= BigInt(last))
  );
}

test("the parts are the bytes that were asked for, in that order", () =>
  fc.assert(fc.property(
    fc.array(item, { minLength: 1, maxLength: 5 }),
    fc.integer({ min: 1, max: 25 }),
    fc.constantFrom("bytes", "Bytes"),
    fc.constantFrom(",", " , ", ",,\t"),
    (items, size, unit, comma) => {
      // Numbers as long as these look equal, and beyond the file it does not matter.
      fc.pre(!items.some((item) => /\d{20}-\d{20}/.test(item)));
      const expected = items.map((item) => bytesOf(item, size));
      const wanted = expected.flatMap((bytes) => bytes ?? []);
      const actual = parseRanges(`${unit}=${items.join(comma)}`, size);
      if (expected.includes(null) || wanted.length > size) return assert.equal(actual, null);
      assert.deepEqual(
        actual!.flatMap(({ offset, length }) => Array.from({ length }, (_, i) => offset + i)),
        wanted,
      );
      assert.ok(actual!.every(({ length }) => length > 0));
    },
  )));

test("whatever is written there, a part lies within the file", () =>
  fc.assert(fc.property(
    fc.array(fc.oneof(item, fc.string({ maxLength: 3 }), fc.constantFrom("-", ",", "bytes=", "="))),
    fc.nat(100),
    (items, size) => {
      for (const { offset, length } of parseRanges(`bytes=${items.join(",")}`, size) ?? []) {
        assert.ok(offset >= 0 && length > 0 && offset + length <= size);
      }
    },
  )));

for (
  const [header, size, expected] of [
    ["bytes=0-0", 10, [[0, 1]]],
    ["bytes=-1", 10, [[9, 1]]],
    ["bytes=-10", 10, [[0, 10]]],
    ["bytes=-11", 10, [[0, 10]]],
    ["bytes=9-", 10, [[9, 1]]],
    ["bytes=5-99999999999999999999", 10, [[5, 5]]],
    ["bytes=10-", 10, []],
    ["bytes=-0", 10, []],
    ["bytes=10-,-0", 10, []],
    ["bytes=10-,0-1", 10, [[0, 2]]],
    ["bytes=0-", 0, []],
    ["bytes=-5", 0, null],
    ["bytes=0-9,0-0", 10, null],
    ["bytes=0-4,5-9", 10, [[0, 5], [5, 5]]],
    ["bytes=5-9,0-4", 10, [[5, 5], [0, 5]]],
    ["bytes=2-1", 10, null],
    ["bytes=0-1,2-1", 10, null],
    ["bytes=", 10, null],
    ["bytes=,", 10, null],
    ["bytes=-", 10, null],
    ["bytes= \t0-1\t ", 10, [[0, 2]]],
    ["bytes=\xa00-1", 10, null],
    ["bytes=0-1,\xa0", 10, null],
    ["bytes=a-b", 10, null],
    ["bytes=0-1-2", 10, null],
    ["bytes=+1-2", 10, null],
    ["bytes=0 - 1", 10, null],
    ["bytes 0-1", 10, null],
    ["lines=0-1", 10, null],
    ["0-1", 10, null],
    [`bytes=${"0-0,".repeat(65)}`, 1000, null],
  ] as const
) {
  const shown = header.length > 40 ? "too many" : header;
  test(`${shown} of ${size} bytes`, () => {
    const ranges = parseRanges(header, size);
    assert.deepEqual(ranges && ranges.map(({ offset, length }) => [offset, length]), expected);
  });
}

test.run();
