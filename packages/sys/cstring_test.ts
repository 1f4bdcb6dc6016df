import assert from "node:assert/strict";
import fc from "fast-check";
import { test } from "uvu";
import { cstring, fromCString } from "@posixly/sys";

test("text survives the way to C and back", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }).filter((s) => !s.includes("\0")), (text) => {
      const bytes = cstring(text);
      assert.equal(bytes.at(-1), 0);
      assert.equal(fromCString(bytes), text);
      assert.equal(fromCString(bytes.subarray(0, -1)), text);
    }),
  );
});

test("a byte order mark at the beginning is kept, since the name has it", () => {
  assert.equal(fromCString(cstring("\ufeffname")), "\ufeffname");
});

test("bytes are taken as they are", () => {
  assert.deepEqual(cstring(new Uint8Array([0xff, 0xfe])), new Uint8Array([0xff, 0xfe, 0]));
  assert.deepEqual(cstring(new Uint8Array()), new Uint8Array([0]));
});

test("a NUL inside is refused, at every place", () => {
  for (const text of ["\0", "a\0", "\0a", "a\0b"]) {
    assert.throws(() => cstring(text, "path"), /^TypeError: path must not contain a NUL/);
    assert.throws(() => cstring(new TextEncoder().encode(text)), TypeError);
  }
});

test("half of a surrogate pair is refused, since it would name another file", () => {
  assert.throws(() => cstring("\ud800x"), TypeError);
});

test("what is no text is refused", () => {
  for (const wrong of [1, null, undefined, {}, ["a"], new Uint16Array(2)]) {
    assert.throws(() => cstring(wrong as string, "path"), TypeError);
  }
});

test("text from memory that is shared, or without a NUL", () => {
  const shared = new Uint8Array(new SharedArrayBuffer(4));
  shared.set([0x68, 0x69]);
  assert.equal(fromCString(shared), "hi");
  assert.equal(fromCString(new Uint8Array([0x68])), "h");
  assert.equal(fromCString(new Uint8Array()), "");
});

test("what is no buffer holds no C string", () => {
  for (const bad of [null, undefined, 5, "text", {}, new ArrayBuffer(4)]) {
    assert.throws(() => fromCString(bad as never), { message: /^bytes must be a typed array/ });
  }
});

test.run();
