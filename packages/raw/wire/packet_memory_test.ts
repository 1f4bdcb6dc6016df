import assert from "node:assert/strict";
import fc from "fast-check";
import { test } from "uvu";
import { checksum, PacketMemory } from "@posixly/raw/wire";

test("what is handed out lies apart, aligned, and is zero", () => {
  const memory = new PacketMemory(2 ** 20);
  const wanted = fc.record({ length: fc.nat(2000), align: fc.constantFrom(1, 2, 16, 4096) });
  let last = 0;
  fc.assert(
    fc.property(wanted, ({ length, align }) => {
      const part = memory.take(length, align);
      assert.equal(part.length, length);
      assert.equal(part.byteOffset % align, 0);
      assert.ok(part.byteOffset >= last);
      assert.ok(part.every((byte) => byte === 0));
      part.fill(0xa5);
      last = part.byteOffset + length;
    }),
  );
});

test("SIMD and JavaScript find the same checksums of the same packets", () => {
  const simd = new PacketMemory(65536);
  const plain = new PacketMemory(65536, { simd: false });
  const data = fc.uint8Array({ maxLength: 3000 });
  fc.assert(fc.property(data, fc.nat(100), fc.nat(0xffffffff), (data, at, initial) => {
    simd.bytes.set(data, at);
    plain.bytes.set(data, at);
    const end = at + data.length;
    const expected = checksum(data, 0, data.length, initial);
    assert.equal(simd.checksum(simd.bytes, at, end, initial), expected);
    assert.equal(plain.checksum(plain.bytes, at, end, initial), expected);
  }));
});

test("the last byte of the memory is summed like any other", () => {
  const memory = new PacketMemory(1);
  assert.equal(memory.bytes.length, 65536);
  memory.bytes[65535] = 7;
  for (let start = 65536 - 200; start < 65536; start++) {
    assert.equal(memory.checksum(memory.bytes, start), checksum(memory.bytes, start));
  }
});

test("without WebAssembly, or without its SIMD, JavaScript sums, and it is said", () => {
  const { WebAssembly: original } = globalThis as { WebAssembly?: object };
  const without = [undefined, { ...original, validate: () => false }];
  try {
    for (const replacement of without) {
      Object.assign(globalThis, { WebAssembly: replacement });
      const memory = new PacketMemory(4096);
      assert.equal(memory.simd, false);
      const packet = memory.take(1500).fill(0x5a);
      assert.equal(memory.checksum(packet, 3), checksum(packet, 3));
    }
  } finally {
    Object.assign(globalThis, { WebAssembly: original });
  }
  assert.equal(new PacketMemory(4096).simd, true);
});

test("the memory does not move or grow", () => {
  const memory = new PacketMemory(65536);
  const { buffer } = memory.bytes;
  memory.take(65536);
  assert.throws(() => memory.take(1), {
    name: "RangeError",
    message: "length must be at most the 0 bytes that are left, not 1",
  });
  assert.equal(memory.bytes.buffer, buffer);
});

test("bytes of another memory are refused, and so are lengths that are none", () => {
  const memory = new PacketMemory(65536);
  assert.throws(() => memory.checksum(new Uint8Array(20)), {
    name: "TypeError",
    message: "bytes must lie in this memory",
  });
  for (const length of [0, -1, 1.5, NaN, 2 ** 32 + 1]) {
    assert.throws(() => new PacketMemory(length), RangeError);
  }
  assert.throws(() => memory.take(-1), RangeError);
  assert.throws(() => memory.take(1, 3), RangeError);
});

test("a sum may end where the largest memory does", () => {
  const memory = new PacketMemory(2 ** 32);
  const last = memory.bytes.subarray(-5000).fill(7);
  assert.equal(memory.checksum(last), checksum(last));
});

test.run();
