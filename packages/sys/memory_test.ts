import assert from "node:assert/strict";
import { constants } from "node:buffer";
import { gc } from "@posixly/testing";
import fc from "fast-check";
import { test } from "uvu";
import {
  addressAfter,
  addressOf,
  bind,
  copyCString,
  copyMemory,
  memory,
  ok,
  struct,
  toAddress,
} from "@posixly/sys";

test("memory at the address of bytes is those bytes, not a copy", () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 200 }), fc.nat(), (bytes, start) => {
      const part = bytes.subarray(start % bytes.length);
      const seen = new Uint8Array(memory(addressOf(part), part.length));
      assert.deepEqual(seen, new Uint8Array(part));
      seen[0] ^= 0xff;
      assert.equal(part[0], seen[0]);
    }),
  );
});

test("an address stays right while the garbage collector moves things about", async () => {
  const small = Array.from({ length: 200 }, (_, i) => new Uint8Array([i, i, i, i]));
  const addresses = small.map(addressOf);
  await gc();
  small.forEach((bytes, i) => {
    assert.equal(addressOf(bytes), addresses[i]);
    assert.deepEqual([...new Uint8Array(memory(addresses[i], 4))], [i, i, i, i]);
  });
});

test("the kernel writes where an address says", () => {
  const libc = bind({
    close: ["i32", "i32"],
    eventfd: ["i32", "u32", "i32"],
    readv: ["i32", "i32", "buffer", "i32"],
  });
  const iovec = struct({ iov_base: "u64", iov_len: "u64" });
  const fd = ok(libc.eventfd(42, 0), "eventfd");
  const value = new BigUint64Array(2);
  const vector = iovec.encode({ iov_base: addressOf(value.subarray(1)), iov_len: 8 });
  assert.equal(libc.readv(fd, vector, 1), 8);
  libc.close(fd);
  assert.deepEqual([...value], [0n, 42n]);
});

test("addresses can be moved and made of numbers", () => {
  const start = addressOf(new Uint8Array(8));
  assert.equal(addressAfter(addressAfter(start, 5), -5), start);
  assert.equal(toAddress(BigInt(start)), start);
  assert.equal(toAddress(Number(start)), start);
});

test("bytes that have no lasting address are refused", () => {
  const detached = new Uint8Array(8);
  structuredClone(detached.buffer, { transfer: [detached.buffer] });
  assert.throws(() => addressOf(detached), TypeError);
  assert.throws(
    () => addressOf(new Uint8Array(new ArrayBuffer(8, { maxByteLength: 16 }))),
    TypeError,
  );
  assert.throws(() => addressOf([1] as never), TypeError);
});

test("an address that was learnt is forgotten with a detached buffer", () => {
  const bytes = new Uint8Array(64);
  addressOf(bytes);
  structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
  assert.throws(() => addressOf(bytes), { message: "bytes is detached" });
});

test("no memory is at NULL, or of a negative length", () => {
  const somewhere = addressOf(new Uint8Array(8));
  assert.throws(() => memory(toAddress(0), 1), RangeError);
  assert.throws(() => memory(toAddress(-9), 1), RangeError);
  assert.throws(() => copyMemory(toAddress(0), 1), RangeError);
  assert.throws(() => copyMemory(somewhere, -1), RangeError);
  assert.throws(() => copyCString(toAddress(0)), RangeError);
  assert.throws(() => memory(somewhere, -1), RangeError);
  assert.throws(() => memory(somewhere, 1.5), TypeError);
  assert.throws(() => memory("0x1000" as never, 1), TypeError);
});

test("a copy is what lay there, and nobody else's", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(300), (bytes, from) => {
    const start = Math.min(from, bytes.length);
    const source = Uint8Array.of(...bytes, 0xa5);
    const rest = copyMemory(addressAfter(addressOf(source), start), bytes.length - start);
    source.fill(0);
    assert.deepEqual(rest, bytes.slice(start));
  }));
});

test("the copy of a C string ends before its NUL", () => {
  fc.assert(fc.property(fc.uint8Array({ min: 1, maxLength: 100 }), (bytes) => {
    const text = Uint8Array.of(...bytes, 0, 0xa5);
    assert.deepEqual(copyCString(addressOf(text)), bytes);
  }));
});

test("what is no address, or more than a buffer may be, is refused and not a crash", () => {
  for (const bad of [NaN, 1.5, 2 ** 53, 2n ** 64n, -1n, "5", null, undefined, {}, Symbol()]) {
    assert.throws(() => toAddress(bad as number), /^(Type|Range)Error: value must be/);
    assert.throws(() => memory(bad as never, 1), /^(Type|Range)Error: address must be/);
    assert.throws(() => copyMemory(bad as never, 1), /^(Type|Range)Error: address must be/);
    assert.throws(() => copyCString(bad as never), /^(Type|Range)Error: address must be/);
  }
  if (!("Deno" in globalThis)) {
    const somewhere = addressOf(new Uint8Array(8));
    assert.throws(() => memory(somewhere, constants.MAX_LENGTH + 1), RangeError);
  }
});

test("an address keeps every bit, however high it is", () => {
  const libc = bind({ memcpy: ["address", "address", "address", "u64"] });
  for (const value of [4096n, 2n ** 53n - 1n, 2n ** 53n + 1n, 2n ** 63n + 7n, 2n ** 64n - 4097n]) {
    const address = toAddress(value);
    assert.equal(BigInt(address), value);
    assert.equal(BigInt(addressAfter(address, -3)), value - 3n);
    assert.equal(BigInt(libc.memcpy(address, address, 0)), value); // nothing is looked at
  }
});

test.run();
