/**
 * As much of WebAssembly as a function over memory needs, written as nested expressions, operands
 * before the operation: each is a list of bytes. Names are those of the specification.
 */
export type Code = readonly number[];

/** A number in groups of seven bits, the lowest first; `signed` ones end with their sign. */
function leb(value: number, signed = false): Code {
  const bytes: number[] = [];
  for (let rest = value;;) {
    const low = rest & 0x7f;
    rest = signed ? rest >> 7 : rest >>> 7;
    const isLast = signed ? rest === (low & 0x40 ? -1 : 0) : rest === 0;
    bytes.push(isLast ? low : low | 0x80);
    if (isLast) return bytes;
  }
}

/** A list with its length before it. */
const counted = (items: readonly Code[]): Code => [...leb(items.length), ...items.flat()];
const sized = (bytes: Code): Code => [...leb(bytes.length), ...bytes];

/** An operation on what its operands leave behind. */
const plain = (opcode: number) => (...operands: Code[]): Code => [...operands.flat(), opcode];
const simd = (opcode: number) => (...operands: Code[]): Code => [
  ...operands.flat(),
  0xfd,
  ...leb(opcode),
];
/** A load, from an address and so many bytes further; any alignment is allowed. */
const load = (...opcode: number[]) => (address: Code, offset = 0): Code => [
  ...address,
  ...opcode,
  0,
  ...leb(offset),
];

export const get = (local: number): Code => [0x20, ...leb(local)];
export const set = (local: number, value: Code): Code => [...value, 0x21, ...leb(local)];

/** Does the body while the condition holds, which is asked first. */
export const whilst = (condition: Code, ...body: Code[]): Code => [
  ...[0x02, 0x40, 0x03, 0x40], // block loop
  ...[...condition, 0x45, 0x0d, 1], // i32.eqz br_if the block
  ...body.flat(),
  ...[0x0c, 0, 0x0b, 0x0b], // br the loop, end end
];

/** Does the body if the condition is not 0. */
export const when = (condition: Code, ...body: Code[]): Code => [
  ...condition,
  ...[0x04, 0x40],
  ...body.flat(),
  0x0b,
];

export const i32 = {
  const: (value: number): Code => [0x41, ...leb(value, true)],
  le_u: plain(0x4d),
  add: plain(0x6a),
  sub: plain(0x6b),
  and: plain(0x71),
  wrap_i64: plain(0xa7),
};

export const i64 = {
  const: (value: number): Code => [0x42, ...leb(value, true)],
  load: load(0x29),
  load8_u: load(0x31),
  load16_u: load(0x33),
  load32_u: load(0x35),
  add: plain(0x7c),
  and: plain(0x83),
  shr_u: plain(0x88),
};

export const v128 = { load: load(0xfd, 0x00) };

export const i32x4 = { shl: simd(0xab), shr_u: simd(0xad), add: simd(0xae), sub: simd(0xb1) };

export const i64x2 = {
  extract_lane: (value: Code, lane: number): Code => [...value, 0xfd, 0x1d, lane],
  extend_low_i32x4_u: simd(0xc9),
  extend_high_i32x4_u: simd(0xca),
  add: simd(0xce),
};

/** The types of values, as the binary format has them. */
export const type = { i32: 0x7f, i64: 0x7e, v128: 0x7b } as const;

/** A function, as {@linkcode moduleOf} takes it. */
export interface WasmFunction {
  readonly name: string;
  readonly parameters: readonly number[];
  readonly result: number;
  /** What it has beside its parameters, numbered after them; they begin with 0. */
  readonly locals: readonly number[];
  readonly body: readonly Code[];
}

const text = (value: string): Code => sized([...new TextEncoder().encode(value)]);
const section = (id: number, ...items: Code[]): Code => [id, ...sized(counted(items))];

/** A module with one function, over the memory that is imported as `host.memory`. */
export function moduleOf(code: WasmFunction): Uint8Array<ArrayBuffer> {
  const { name, parameters, result, locals, body } = code;
  const types = (list: readonly number[]) => counted(list.map((item) => [item]));
  const declared = counted(locals.map((local) => [1, local]));
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0], // "\0asm", version 1
    ...section(1, [0x60, ...types(parameters), ...types([result])]),
    ...section(2, [...text("host"), ...text("memory"), 0x02, 0x00, 0]),
    ...section(3, leb(0)),
    ...section(7, [...text(name), 0x00, 0]),
    ...section(10, sized([...declared, ...body.flat(), 0x0b])),
  ]);
}
