import assert from "node:assert/strict";
import fc from "fast-check";
import { test } from "uvu";
import { Recent } from "./recent.ts";

const pieces = fc.uint8Array({ maxLength: 12, max: 3 }); // few different bytes, so that some meet

test("what was made of some bytes is found by those very bytes, wherever they are", () =>
  fc.assert(fc.property(fc.array(pieces), pieces, (all, before) => {
    const recent = new Recent<string>(4, 8);
    const last = new Map<string, string>();
    all.forEach((piece, i) => {
      const bytes = new Uint8Array([...before, ...piece, 7]);
      const [start, end] = [before.length, before.length + piece.length];
      const found = recent.get(bytes, start, end);
      // It may be gone, as another has its place; what is found is what was put there.
      if (found !== undefined) assert.equal(found, last.get(piece.join()));
      recent.set(bytes, start, end, `${i}`);
      last.set(piece.join(), `${i}`);
      assert.equal(recent.get(bytes, start, end), piece.length > 8 ? undefined : `${i}`);
    });
  })));

test("a piece that is too long replaces nothing", () => {
  const recent = new Recent<string>(1, 2);
  recent.set(new Uint8Array([1, 2]), 0, 2, "short");
  recent.set(new Uint8Array([1, 2, 3]), 0, 3, "long");
  assert.equal(recent.get(new Uint8Array([1, 2]), 0, 2), "short");
  assert.equal(recent.get(new Uint8Array([1, 2, 3]), 0, 3), undefined);
});

test.run();
