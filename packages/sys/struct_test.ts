import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { testNeeding } from "@posixly/testing";
import fc from "fast-check";
import { test } from "uvu";
import { array, bytes, type Field, type Scalar, struct, union } from "@posixly/sys/struct";

const integers = {
  u8: [0n, 0xffn],
  i8: [-0x80n, 0x7fn],
  u16: [0n, 0xffffn],
  i16: [-0x8000n, 0x7fffn],
  u32: [0n, 0xffff_ffffn],
  i32: [-0x8000_0000n, 0x7fff_ffffn],
  u64: [0n, 2n ** 64n - 1n],
  i64: [-(2n ** 63n), 2n ** 63n - 1n],
  u16be: [0n, 0xffffn],
  u32be: [0n, 0xffff_ffffn],
} satisfies Partial<Record<Scalar, [bigint, bigint]>>;
type IntegerName = keyof typeof integers;
const integerNames = Object.keys(integers) as IntegerName[];

/** A value of an integer field as reading gives it back. */
const exact = (value: bigint) => {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
};

test("every integer that fits is read back as it was written", () => {
  const field = fc.constantFrom(...integerNames).chain((name) => {
    const [min, max] = integers[name];
    return fc.tuple(fc.constant(name), fc.bigInt({ min, max }));
  });
  fc.assert(fc.property(fc.array(field, { maxLength: 12 }), fc.boolean(), (fields, packed) => {
    const layout = struct(
      Object.fromEntries(fields.map(([name], i) => [`f${i}`, name])) as Record<string, IntegerName>,
      { packed },
    );
    const values = Object.fromEntries(fields.map(([, value], i) => [`f${i}`, exact(value)]));
    const encoded = layout.encode(values as Record<string, number>);
    assert.deepEqual(layout.decode(encoded), values);

    const filled = new Uint8Array(layout.size + 5).fill(0xa5);
    const view = layout.view(filled, 3);
    for (const [name, value] of Object.entries(values)) view[name] = value as number;
    assert.deepEqual(layout.decode(filled, 3), values);
    assert.deepEqual(
      [...filled.subarray(0, 3), ...filled.subarray(layout.size + 3)],
      Array(5).fill(0xa5),
    );
  }));
});

test("an integer that does not fit is refused, and nothing is written", () => {
  fc.assert(fc.property(
    fc.constantFrom(...integerNames),
    fc.bigInt({ min: 1n, max: 1000n }),
    fc.boolean(),
    (name, beyond, above) => {
      const [min, max] = integers[name];
      const value = exact(above ? max + beyond : min - beyond);
      const layout = struct({ field: name });
      const memory = new Uint8Array(layout.size).fill(0xa5);
      const view = layout.view(memory);
      assert.throws(() => view.field = value as number, (error: Error) => (
        error instanceof RangeError || error instanceof TypeError
      ));
      assert.ok(memory.every((byte) => byte === 0xa5));
    },
  ));
  for (const wrong of [1.5, NaN, Infinity, "1", null, undefined, {}, true]) {
    for (const name of integerNames) {
      const view = struct({ field: name }).view(new Uint8Array(8));
      assert.throws(() => view.field = wrong as number, TypeError, `${name} ${wrong}`);
    }
  }
  for (const rounded of [2 ** 53, 2 ** 63, -(2 ** 53)]) {
    assert.throws(() => struct({ field: "i64" }).encode({ field: rounded }), TypeError);
  }
});

test("64 bits are a number where that is exact, and a bigint beyond", () => {
  const both = union({ signed: "i64", unsigned: "u64", big: "bigu64", bigSigned: "bigi64" });
  for (
    const [written, signed, unsigned] of [
      [2n ** 53n - 1n, 2 ** 53 - 1, 2 ** 53 - 1],
      [2n ** 53n, 2n ** 53n, 2n ** 53n],
      [2n ** 64n - 1n, -1, 2n ** 64n - 1n],
      [2n ** 63n, -(2n ** 63n), 2n ** 63n],
      [2n ** 64n - 2n ** 53n, -(2n ** 53n), 2n ** 64n - 2n ** 53n],
      [2n ** 64n - 2n ** 53n + 1n, -(2 ** 53 - 1), 2n ** 64n - 2n ** 53n + 1n],
    ]
  ) {
    const decoded = both.decode(both.encode({ big: written as bigint }));
    assert.equal(decoded.signed, signed);
    assert.equal(decoded.unsigned, unsigned);
    assert.equal(decoded.big, written);
    assert.equal(decoded.bigSigned, BigInt.asIntN(64, written as bigint));
  }
});

test("floats keep their bits", () => {
  const layout = struct({ single: "f32", double: "f64" });
  fc.assert(fc.property(fc.float({ noNaN: true }), fc.double({ noNaN: true }), (single, double) => {
    assert.deepEqual(layout.decode(layout.encode({ single, double })), { single, double });
  }));
});

test("network byte order is the other way round", () => {
  const layout = struct({ port: "u16be", address: "u32be" });
  assert.deepEqual(
    layout.encode({ port: 0x1234, address: 0x7f000001 }),
    new Uint8Array([0x12, 0x34, 0, 0, 0x7f, 0, 0, 1]),
  );
});

test("a view shares the memory it looks at, at every depth", () => {
  const layout = struct({
    flag: "u8",
    inner: struct({ a: "u16", list: array("u32", 2) }),
    name: bytes(4),
    pairs: array(struct({ x: "i8", y: "i8" }), 2),
  });
  const memory = new Uint8Array(layout.size);
  const view = layout.view(memory);
  view.inner.a = 7;
  view.inner.list.set(1, 9);
  view.name[0] = 0x41;
  view.pairs.get(1).y = -1;
  assert.deepEqual(layout.decode(memory), {
    flag: 0,
    inner: { a: 7, list: [0, 9] },
    name: new Uint8Array([0x41, 0, 0, 0]),
    pairs: [{ x: 0, y: 0 }, { x: 0, y: -1 }],
  });
  assert.deepEqual([...view.inner.list], [0, 9]);
  assert.throws(() => view.inner.list.get(2), RangeError);
  assert.throws(() => view.inner.list.set(-1, 0), RangeError);
  assert.throws(() => view.name = new Uint8Array(5), TypeError);
});

test("a decoded struct shares nothing", () => {
  const layout = struct({ name: bytes(2) });
  const memory = new Uint8Array(2);
  const { name } = layout.decode(memory);
  memory[0] = 1;
  assert.equal(name[0], 0);
});

test("a struct that does not fit its memory is refused at once", () => {
  const layout = struct({ a: "u32" }, { c: "struct four" });
  for (let length = 0; length < 4; length++) {
    assert.throws(() => layout.view(new Uint8Array(length)), RangeError);
  }
  for (const at of [-1, 1, 2 ** 40, NaN, 0.5]) {
    assert.throws(() => layout.view(new Uint8Array(4), at), RangeError);
  }
  assert.throws(() => layout.decode([] as unknown as Uint8Array), TypeError);
  assert.throws(() => layout.view(new Uint8Array(3)), {
    message: "struct four takes 4 bytes at 0, but there are 3 in all",
  });
});

test("layouts of nonsense are refused", () => {
  assert.throws(() => struct({ a: "u24" as Scalar }), TypeError);
  assert.throws(() => struct({ a: {} as Field }), TypeError);
  assert.throws(() => struct({ 1: "u8" }), TypeError);
  assert.throws(() => array("u8", -1), RangeError);
  assert.throws(() => bytes(1.5), RangeError);
  const layout = struct({ a: "u8" });
  assert.throws(() => layout.encode({ b: 1 } as never), { message: "struct has no field b" });
});

const cTypes: Partial<Record<Scalar, string>> = {
  u8: "uint8_t",
  i16: "int16_t",
  u32: "uint32_t",
  i64: "int64_t",
  u64: "uint64_t",
  f32: "float",
  f64: "double",
};

/** A random layout beside its declaration in C. */
interface Twin {
  field: Field;
  declare(name: string): string;
}

const { twin } = fc.letrec<{ twin: Twin; scalar: Twin; array: Twin; record: Twin }>((tie) => ({
  twin: fc.oneof({ maxDepth: 3 }, tie("scalar"), tie("array"), tie("record")),
  scalar: fc.constantFrom(...Object.keys(cTypes) as Scalar[]).map((name) => ({
    field: name,
    declare: (as) => `${cTypes[name]} ${as}`,
  })),
  array: fc.tuple(tie("twin"), fc.integer({ min: 1, max: 5 })).map(([element, length]) => ({
    field: array(element.field, length),
    declare: (as) => element.declare(`${as}[${length}]`),
  })),
  record: fc.tuple(
    fc.array(tie("twin"), { minLength: 1, maxLength: 5 }),
    fc.boolean(),
    fc.boolean(),
  ).map(([members, packed, isUnion]) => {
    const fields = Object.fromEntries(members.map(({ field }, i) => [`f${i}`, field]));
    const body = members.map(({ declare }, i) => `${declare(`f${i}`)};`).join(" ");
    const attribute = packed ? "__attribute__((packed))" : "";
    return {
      field: isUnion ? union(fields, { packed }) : struct(fields, { packed }),
      declare: (as) => `${isUnion ? "union" : "struct"} { ${body} } ${attribute} ${as}`,
    };
  }),
}));

testNeeding("cc", "random structs lie as the C compiler lays them", () => {
  const members = fc.array(twin, { minLength: 1, maxLength: 6 });
  const samples = fc.sample(members, 150).map((twins) => ({
    declaration: twins.map(({ declare }, i) => `${declare(`f${i}`)};`).join(" "),
    layout: struct(Object.fromEntries(twins.map(({ field }, i) => [`f${i}`, field]))),
  }));
  const ours = samples.map((
    { layout },
  ) => [layout.size, layout.align, ...Object.values(layout.offsets)]);
  const theirs = compileAndRun(`
    #include <stddef.h>
    #include <stdint.h>
    #include <stdio.h>
    ${samples.map(({ declaration }, i) => `struct s${i} { ${declaration} };`).join("\n")}
    int main(void) {
      ${
    samples.map(({ layout }, i) => `
        printf("%zu %zu", sizeof(struct s${i}), _Alignof(struct s${i}));
        ${
      Object.keys(layout.offsets).map((name) => `printf(" %zu", offsetof(struct s${i}, ${name}));`)
        .join("\n")
    }
        puts("");`).join("\n")
  }
      return 0;
    }`).trim().split("\n").map((line) => line.split(" ").map(Number));
  samples.forEach(({ declaration }, i) => assert.deepEqual(ours[i], theirs[i], declaration));
});

function compileAndRun(source: string): string {
  const folder = mkdtempSync(join(tmpdir(), "posixly-struct-"));
  try {
    writeFileSync(join(folder, "layout.c"), source);
    const compiled = spawnSync("cc", ["-w", "-o", "layout", "layout.c"], { cwd: folder });
    assert.equal(compiled.status, 0, String(compiled.stderr));
    return String(spawnSync(join(folder, "layout")).stdout);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test("a view can be written from another: structs, unions and arrays", () => {
  const inner = struct({ a: "u8", b: "u32" });
  const outer = struct({ inner, list: array(inner, 2), word: union({ n: "u32", b: bytes(4) }) });
  const value = { inner: { a: 1, b: 2 }, list: [{ a: 3, b: 4 }, { a: 5, b: 6 }], word: { n: 7 } };
  const from = outer.view(outer.encode(value));
  const copy = new Uint8Array(outer.size);
  const to = outer.view(copy);
  to.inner = from.inner;
  to.list = from.list;
  to.word = from.word;
  assert.deepEqual(copy, outer.encode(value));
  assert.deepEqual(outer.encode(from as never), copy);
});

test("a float takes numbers alone", () => {
  const floats = struct({ f: "f32", d: "f64" });
  for (const bad of ["1", null, true, 1n, {}, []]) {
    assert.throws(() => floats.encode({ f: bad as never }), { message: /^f32 must be a number/ });
    assert.throws(() => floats.encode({ d: bad as never }), { message: /^f64 must be a number/ });
  }
});

test("an alignment is a power of 2", () => {
  for (const bad of [0, -4, 3, 1.5, 0.5, NaN, Infinity, "4", null]) {
    assert.throws(() => struct({ a: "u8" }, { align: bad as number }), RangeError);
    assert.throws(() => union({ a: "u8" }, { align: bad as number }), RangeError);
  }
});

test("an array takes no room before it is read, however long it is", () => {
  assert.equal(array("u8", 2 ** 40).size, 2 ** 40);
});

test("an array that is moved by an element within its own memory is moved as it was", () => {
  const point = struct({ x: "u32", y: "u32" });
  const three = struct({ a: array(point, 3) });
  const bytes = new Uint8Array(4 * point.size);
  const [one, two] = [0, point.size].map((at) => three.view(bytes.subarray(at, at + three.size)));
  bytes.set(three.encode({ a: [{ x: 1, y: 10 }, { x: 2, y: 20 }, { x: 3, y: 30 }] }));
  two.a = one.a;
  assert.deepEqual([...two.a].map(({ x }) => x), [1, 2, 3]);
  assert.deepEqual([...two.a].map(({ y }) => y), [10, 20, 30]);
});

test("an option that there is not is refused, so that no layout is wrong without a word", () => {
  for (const lay of [struct, union]) {
    assert.throws(() => lay({ a: "u8", b: "u32" }, { pack: true } as object), {
      name: "TypeError",
      message: "there is no option pack, only packed, align, c",
    });
    assert.throws(() => lay({ a: "u8" }, { packed: 1 as never }), TypeError);
    assert.throws(() => lay({ a: "u8" }, null as never), TypeError);
  }
});

test.run();
