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

export const LD_W_ABS = 0x20;
export const LD_H_ABS = 0x28;
export const LD_B_ABS = 0x30;
export const LD_W_IND = 0x40;
export const LD_H_IND = 0x48;
export const LD_B_IND = 0x50;
export const LD_IMM = 0x00;
export const LD_MEM = 0x60;
export const LD_LEN = 0x80;
export const LDX_IMM = 0x01;
export const LDX_MEM = 0x61;
export const LDX_LEN = 0x81;
export const LDX_MSH = 0xb1;
export const ST = 0x02;
export const STX = 0x03;
export const NEG = 0x84;
export const JA = 0x05;
export const RET_K = 0x06;
export const RET_A = 0x16;
export const TAX = 0x07;
export const TXA = 0x87;

/** Arithmetic, each also with X in place of a constant. */
export const ADD = 0x04;
export const SUB = 0x14;
export const MUL = 0x24;
export const DIV = 0x34;
export const OR = 0x44;
export const AND = 0x54;
export const LSH = 0x64;
export const RSH = 0x74;
export const MOD = 0x94;
export const XOR = 0xa4;

/** Conditional jumps, each also with X in place of a constant. */
export const JEQ = 0x15;
export const JGT = 0x25;
export const JGE = 0x35;
export const JSET = 0x45;

/** `BPF_X`: the operand is X. */
export const X = 0x08;

/** How many words of memory there are, `BPF_MEMWORDS`. */
export const MEMORY_WORDS = 16;

/** How long a program may be, `BPF_MAXINSNS`. */
export const LONGEST = 4096;

const arithmetic = {
  add: ADD,
  sub: SUB,
  mul: MUL,
  div: DIV,
  mod: MOD,
  and: AND,
  or: OR,
  xor: XOR,
  lsh: LSH,
  rsh: RSH,
};

const conditions = { jeq: JEQ, jgt: JGT, jge: JGE, jset: JSET };

/** The meaning of every code that the kernel accepts. */
export const meanings: ReadonlyMap<number, Meaning> = new Map([
  [LD_W_ABS, { op: "ld", mode: "at" }],
  [LD_H_ABS, { op: "ldh", mode: "at" }],
  [LD_B_ABS, { op: "ldb", mode: "at" }],
  [LD_W_IND, { op: "ld", mode: "xPlus" }],
  [LD_H_IND, { op: "ldh", mode: "xPlus" }],
  [LD_B_IND, { op: "ldb", mode: "xPlus" }],
  [LD_IMM, { op: "ld", mode: "value" }],
  [LD_MEM, { op: "ld", mode: "memory" }],
  [LD_LEN, { op: "ld", mode: "length" }],
  [LDX_IMM, { op: "ldx", mode: "value" }],
  [LDX_MEM, { op: "ldx", mode: "memory" }],
  [LDX_LEN, { op: "ldx", mode: "length" }],
  [LDX_MSH, { op: "ldxb", mode: "header" }],
  [ST, { op: "st", mode: "memory" }],
  [STX, { op: "stx", mode: "memory" }],
  [NEG, { op: "neg", mode: "none" }],
  [JA, { op: "ja", mode: "to" }],
  [RET_K, { op: "ret", mode: "value" }],
  [RET_A, { op: "ret", mode: "a" }],
  [TAX, { op: "tax", mode: "none" }],
  [TXA, { op: "txa", mode: "none" }],
  ...Object.entries({ ...arithmetic, ...conditions }).flatMap(([op, code]) => [
    [code, { op, mode: "value" }],
    [code | X, { op, mode: "x" }],
  ]),
] as [number, Meaning][]);

const codes: ReadonlyMap<string, number> = new Map(
  [...meanings].map(([code, { op, mode }]) => [`${op} ${mode}`, code]),
);

/** The code of an instruction, if there is such a one. */
export function codeOf(op: string, mode: Mode): number | undefined {
  return codes.get(`${op} ${mode}`);
}

/** Whether it is a jump that depends on something. */
export function isConditional(code: number): boolean {
  const jump = code & ~X;
  return jump === JEQ || jump === JGT || jump === JGE || jump === JSET;
}

/** Whether it reads the packet at a place that is known beforehand, where the kernel has more. */
export function isAbsolute(code: number): boolean {
  return code === LD_W_ABS || code === LD_H_ABS || code === LD_B_ABS;
}
