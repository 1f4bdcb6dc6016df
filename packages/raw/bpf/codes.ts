// The instructions that the kernel knows, linux/filter.h: what each is called in text, and how its
// operand is written.

/** What an instruction works on, by the name that an operation has for it. */
export type Mode =
  | "at" // [k], of the packet
  | "xPlus" // [x + k]
  | "value" // #k
  | "memory" // M[k]
  | "length" // of the packet
  | "header" // 4*([k]&0xf)
  | "x"
  | "a"
  | "to" // elsewhere
  | "none";

/** What an instruction is called, and what it works on. */
export interface Meaning {
  readonly op: string;
  readonly mode: Mode;
}

export const LD_MEM = 0x60;
export const LDX_MEM = 0x61;
export const ST = 0x02;
export const STX = 0x03;
export const DIV = 0x34;
export const LSH = 0x64;
export const RSH = 0x74;
export const MOD = 0x94;
export const JA = 0x05;
export const RET_K = 0x06;
export const RET_A = 0x16;

/** How many words of memory there are, `BPF_MEMWORDS`. */
export const MEMORY_WORDS = 16;

/** How long a program may be, `BPF_MAXINSNS`. */
export const LONGEST = 4096;

/** In place of a constant the operand is X, `BPF_X`. */
const X = 0x08;

const conditions = { jeq: 0x15, jgt: 0x25, jge: 0x35, jset: 0x45 };

const withValueOrX = {
  add: 0x04,
  sub: 0x14,
  mul: 0x24,
  div: DIV,
  mod: MOD,
  and: 0x54,
  or: 0x44,
  xor: 0xa4,
  lsh: LSH,
  rsh: RSH,
  ...conditions,
};

/** The meaning of every code that the kernel accepts. */
export const meanings: ReadonlyMap<number, Meaning> = new Map<number, Meaning>([
  [0x20, { op: "ld", mode: "at" }],
  [0x28, { op: "ldh", mode: "at" }],
  [0x30, { op: "ldb", mode: "at" }],
  [0x40, { op: "ld", mode: "xPlus" }],
  [0x48, { op: "ldh", mode: "xPlus" }],
  [0x50, { op: "ldb", mode: "xPlus" }],
  [0x00, { op: "ld", mode: "value" }],
  [LD_MEM, { op: "ld", mode: "memory" }],
  [0x80, { op: "ld", mode: "length" }],
  [0x01, { op: "ldx", mode: "value" }],
  [LDX_MEM, { op: "ldx", mode: "memory" }],
  [0x81, { op: "ldx", mode: "length" }],
  [0xb1, { op: "ldxb", mode: "header" }],
  [ST, { op: "st", mode: "memory" }],
  [STX, { op: "stx", mode: "memory" }],
  [0x84, { op: "neg", mode: "none" }],
  [0x07, { op: "tax", mode: "none" }],
  [0x87, { op: "txa", mode: "none" }],
  [JA, { op: "ja", mode: "to" }],
  [RET_K, { op: "ret", mode: "value" }],
  [RET_A, { op: "ret", mode: "a" }],
  ...Object.entries(withValueOrX).flatMap(([op, code]): [number, Meaning][] => [
    [code, { op, mode: "value" }],
    [code | X, { op, mode: "x" }],
  ]),
]);

const codes: ReadonlyMap<string, number> = new Map(
  [...meanings].map(([code, { op, mode }]) => [`${op} ${mode}`, code]),
);

/** The code of an instruction, if there is such a one. */
export function codeOf(op: string, mode: Mode): number | undefined {
  return codes.get(`${op} ${mode}`);
}

/** Whether it is a jump that depends on something. */
export function isConditional(code: number): boolean {
  return Object.hasOwn(conditions, meanings.get(code)?.op ?? "");
}

/** Whether it reads the packet at a place that is known beforehand, where the kernel has more. */
export function isAbsolute(code: number): boolean {
  return meanings.get(code)?.mode === "at";
}
