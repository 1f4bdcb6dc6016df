import assert from "node:assert/strict";
import fc from "fast-check";
import { test } from "uvu";
import { holdsTag } from "./entity_tag.ts";

const opaque = fc.stringMatching(/^"[\x21\x23-\x7e\x80-\xff]{0,6}"$/);
const tag = fc.tuple(fc.constantFrom("", "W/"), opaque).map((parts) => parts.join(""));
const comma = fc.constantFrom(",", ", ", " ,\t", ",,");

test("a list holds what is in it, compared strongly or weakly", () =>
  fc.assert(fc.property(fc.array(tag, { minLength: 1 }), tag, comma, (tags, one, comma) => {
    for (const wanted of [one, ...tags]) {
      const bare = (text: string) => text.replace(/^W\//, "");
      const list = tags.join(comma);
      assert.equal(holdsTag(list, wanted, "weak"), tags.some((tag) => bare(tag) === bare(wanted)));
      const isStrong = !wanted.startsWith("W/") && tags.includes(wanted);
      assert.equal(holdsTag(list, wanted, "strong"), isStrong);
    }
  })));

for (
  const [list, weak, strong] of [
    ["*", true, true],
    [" * ", true, true],
    ["\t*\t", true, true],
    ["*\xa0", false, false],
    ["\f*", false, false],
    ['"a"', true, true],
    ['W/"a"', true, false],
    ['"b", "a"', true, true],
    ['"b,\\"a"', false, false],
    ['"a', false, false],
    ["a", false, false],
    ['w/"a"', false, false],
    ['x, "a"', false, false],
    ['"a" "b"', false, false],
    ["", false, false],
    ['*, "b"', false, false],
  ] as const
) {
  test(`whether ${list || "nothing"} holds a tag`, () => {
    assert.equal(holdsTag(list, '"a"', "weak"), weak);
    assert.equal(holdsTag(list, '"a"', "strong"), strong);
  });
}

test("a list of 16 KiB that is none is read as fast as any", () => {
  for (const text of ["\t".repeat(16_000), ",".repeat(16_000), `${'"a"'.repeat(5000)}`]) {
    assert.equal(holdsTag(text, '"b"', "weak"), false);
  }
});

test.run();
