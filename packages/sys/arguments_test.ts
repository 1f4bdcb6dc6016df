import assert from "node:assert/strict";
import fc from "fast-check";
import { test } from "uvu";
import { byteCount, requireBytes, requireInteger, requireInteger64, show } from "@posixly/sys";

test("a whole number within its range is let through", () => {
  fc.assert(fc.property(fc.integer({ min: 0 }), (n) => assert.equal(requireInteger(n, "n"), n)));
  assert.equal(requireInteger(-5, "n", -5, 5), -5);
});

test("anything else is refused by name", () => {
  for (const wrong of [1.5, NaN, "1", null, undefined, {}, [], true, 1n, () => 1]) {
    assert.throws(() => requireInteger(wrong as number, "length"), /^TypeError: length must be/);
  }
  for (const wrong of [-1, 2 ** 31, 2 ** 32 + 5, Infinity, -Infinity, 2 ** 60]) {
    assert.throws(() => requireInteger(wrong, "length"), /^RangeError: length must be between/);
  }
});

test("64-bit numbers are exact or refused", () => {
  fc.assert(fc.property(fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }), (n) => {
    assert.equal(requireInteger64(n, "offset"), n);
  }));
  fc.assert(fc.property(fc.maxSafeNat(), (n) => assert.equal(requireInteger64(n, "offset"), n)));
  for (const wrong of [-1, -1n, 2n ** 63n, 2 ** 53, 2 ** 63, Infinity]) {
    assert.throws(() => requireInteger64(wrong, "offset"), RangeError);
  }
  for (const wrong of [1.5, NaN, "1", null, undefined, {}]) {
    assert.throws(() => requireInteger64(wrong as number, "offset"), TypeError);
  }
});

test("buffers are views of fixed, attached memory", () => {
  const shared = new Uint8Array(new SharedArrayBuffer(2));
  for (
    const good of [new Uint8Array(3), new DataView(new ArrayBuffer(2)), new Float64Array(1), shared]
  ) {
    assert.equal(requireBytes(good, "buffer"), good);
  }
  for (const empty of [new Uint8Array(), new Uint8Array(new ArrayBuffer(0))]) {
    assert.equal(requireBytes(empty, "buffer"), empty);
  }
  for (const wrong of [new ArrayBuffer(2), [1], "text", 5, null, undefined, { length: 3 }]) {
    assert.throws(
      () => requireBytes(wrong as Uint8Array, "buffer"),
      /^TypeError: buffer must be a typed/,
    );
  }
});

test("detached and resizable buffers are refused", () => {
  const detached = new Uint8Array(8);
  structuredClone(detached.buffer, { transfer: [detached.buffer] });
  assert.throws(() => requireBytes(detached, "buffer"), { message: "buffer is detached" });

  const resizable = new Uint8Array(new ArrayBuffer(8, { maxByteLength: 16 }));
  assert.throws(() => requireBytes(resizable, "buffer"), TypeError);
  const growable = new Uint8Array(new SharedArrayBuffer(8, { maxByteLength: 16 }));
  assert.throws(() => requireBytes(growable, "buffer"), TypeError);
});

test("bytes are counted, however often one asks", () => {
  const bytes = new Uint32Array(3);
  for (let i = 0; i < 3; i++) assert.equal(byteCount(bytes, "bytes"), 12);
  assert.equal(byteCount(new DataView(bytes.buffer, 4), "bytes"), 8);
  assert.equal(byteCount(new Uint8Array(), "bytes"), 0);
  assert.equal(byteCount(bytes, "bytes"), 12);
  structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
  for (let i = 0; i < 3; i++) {
    assert.throws(() => byteCount(bytes, "bytes"), { message: "bytes is detached" });
  }
});

test("what is no buffer is refused by name, whatever was counted before", () => {
  for (
    const before of [new Uint8Array(1), new Uint8Array(100_000), new DataView(new ArrayBuffer(1))]
  ) {
    byteCount(before, "bytes");
    for (const wrong of [undefined, null, 5, "text", { length: 3 }, []]) {
      assert.throws(
        () => byteCount(wrong as never, "into"),
        /^TypeError: into must be a typed array or DataView, not /,
      );
    }
  }
});

test("whatever a value is, it can be shown", () => {
  const nameless = new (class {})();
  const cases: [unknown, string][] = [
    [undefined, "undefined"],
    [null, "null"],
    [-0, "0"],
    [5n, "5"],
    ["a\0", '"a\\u0000"'],
    [Symbol("s"), "Symbol(s)"],
    [() => 1, "a function"],
    [{}, "Object"],
    [[1], "Array"],
    [Object.create(null), "an object"],
    [Object.assign(Object.create(null), { constructor: undefined }), "an object"],
    [nameless, "an object"],
  ];
  for (const [value, text] of cases) assert.equal(show(value), text);
});

test.run();
