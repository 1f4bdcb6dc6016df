import { ANCILLARY, ancillaryAddress, type AncillaryName, ancillaryName } from "./ancillary.ts";
import { codeOf, isAbsolute, isConditional, JA, meanings, type Mode } from "./codes.ts";
import { FilterError } from "./filter_error.ts";
import { type Instruction, type Program, requireProgram } from "./instruction.ts";

/**
 * Where a jump goes: a label, or the number of an instruction, counted from 0.
 *
 * @example Usage
 * ```ts
 * import { assemble, type Target } from "@posixly/raw/bpf";
 * import assert from "node:assert/strict";
 *
 * const end: Target = 1;
 * assert.equal(assemble([{ op: "ja", to: end }, { op: "ret", value: 0 }])[0].k, 0);
 * ```
 */
export type Target = string | number;

/**
 * An instruction as people read it. A and X are the two registers, M[0] to M[15] the memory:
 *
 * - `ld`, `ldh`, `ldb` load 4, 2 or 1 bytes of the packet into A: those `at` a place, or at X `xPlus`
 *   a number; or something `ancillary`
 * - `ld` and `ldx` load a `value`, a word of the `memory`, or the `length` of the packet; `ldxb`
 *   loads into X how long the IPv4 `header` is that begins at a place. `st` and `stx` store
 * - arithmetic on A: with a `value`, or with `x`. Division by an X of 0 ends the program with 0
 * - `tax` and `txa` copy A to X and back
 * - jumps compare A, without a sign: `then` if it holds, `else` if not, and the next instruction
 *   where one is left out. They go forward only, and 255 instructions at most; `ja` goes anywhere
 * - `ret` ends the program, with a `value` or with `a`
 *
 * @example IPv4 only
 * ```ts
 * import { assemble, disassemble, type Operation } from "@posixly/raw/bpf";
 * import assert from "node:assert/strict";
 *
 * const operations: Operation[] = [
 *   { op: "ldh", at: 12 },
 *   { op: "jeq", value: 0x0800, else: "drop" },
 *   { op: "ret", value: 65535 },
 *   { op: "ret", value: 0, label: "drop" },
 * ];
 * assert.equal(disassemble(assemble(operations)).split("\n")[0], "(000) ldh      [12]");
 * ```
 */
export type Operation =
  & {
    /** What jumps may call it. */
    readonly label?: string;
  }
  & (
    | { readonly op: "ld" | "ldh" | "ldb"; readonly at: number }
    | { readonly op: "ld" | "ldh" | "ldb"; readonly xPlus: number }
    | { readonly op: "ld" | "ldh" | "ldb"; readonly ancillary: AncillaryName }
    | { readonly op: "ld" | "ldx"; readonly value: number }
    | { readonly op: "ld" | "ldx" | "st" | "stx"; readonly memory: number }
    | { readonly op: "ld" | "ldx"; readonly length: true }
    | { readonly op: "ldxb"; readonly header: number }
    | { readonly op: Arithmetic; readonly value: number }
    | { readonly op: Arithmetic; readonly x: true }
    | { readonly op: "neg" | "tax" | "txa" }
    | { readonly op: "ja"; readonly to: Target }
    | ({ readonly op: Condition; readonly value: number } & Branches)
    | ({ readonly op: Condition; readonly x: true } & Branches)
    | { readonly op: "ret"; readonly value: number }
    | { readonly op: "ret"; readonly a: true }
  );

type Arithmetic = "add" | "sub" | "mul" | "div" | "mod" | "and" | "or" | "xor" | "lsh" | "rsh";

/** The last three are the first three the other way round. */
type Condition = "jeq" | "jgt" | "jge" | "jset" | "jne" | "jle" | "jlt";

interface Branches {
  /** Where to go if it holds. */
  readonly then?: Target;
  /** Where to go if it does not. */
  readonly else?: Target;
}

/** An operation whose types nobody has looked at yet. */
export type Unchecked = Readonly<Record<string, unknown>>;

/** Conditions that the kernel has only the opposite of. */
export const opposites: Readonly<Record<string, string>> = { jne: "jeq", jle: "jgt", jlt: "jge" };

const modes: readonly (Mode | "ancillary")[] = [
  "ancillary",
  "at",
  "xPlus",
  "value",
  "memory",
  "length",
  "header",
  "x",
  "a",
  "to",
];

/**
 * The instruction of an operation.
 *
 * @param skipTo How many instructions to skip to get to a target
 */
export function instructionOf(
  operation: Unchecked,
  skipTo: (target: unknown) => number,
): Instruction {
  const name = String(operation.op);
  const isOpposite = Object.hasOwn(opposites, name);
  const mode = modes.find((mode) => operation[mode] !== undefined) ?? "none";
  const code = codeOf(isOpposite ? opposites[name] : name, mode === "ancillary" ? "at" : mode);
  if (code === undefined || !hasOnly(operation, mode, isConditional(code))) {
    const parts = Object.keys(operation).filter((key) => key !== "op" && key !== "label");
    throw new FilterError(`there is no instruction ${name} with ${parts.join(", ") || "nothing"}`);
  }
  if (code === JA) return { code, jt: 0, jf: 0, k: skipTo(operation.to) };
  const k = operandOf(operation, mode);
  if (!isConditional(code)) return { code, jt: 0, jf: 0, k };
  const holds = isOpposite ? operation.else : operation.then;
  const fails = isOpposite ? operation.then : operation.else;
  return { code, jt: short(skipTo(holds)), jf: short(skipTo(fails)), k };
}

/** Whether nothing else is said, which would be misspelt or have no effect. */
function hasOnly(operation: Unchecked, mode: string, isConditional: boolean): boolean {
  const known = ["op", "label", mode, ...isConditional ? ["then", "else"] : []];
  return Object.keys(operation).every((key) => known.includes(key) || operation[key] === undefined);
}

function operandOf(operation: Unchecked, mode: Mode | "ancillary"): number {
  const given = operation[mode];
  switch (mode) {
    case "ancillary": {
      const address = ancillaryAddress(String(given));
      if (address !== undefined) return address;
      throw new FilterError(`there is no ancillary ${String(given)}`);
    }
    case "at":
    case "xPlus":
    case "value":
    case "memory":
    case "header":
      return word(given, mode);
    case "length":
    case "x":
    case "a":
      if (given !== true) throw new FilterError(`${mode} must be true, not ${String(given)}`);
      return 0;
    default:
      return 0;
  }
}

/** 32 bits, with a sign or without. */
function word(value: unknown, name: string): number {
  if (Number.isInteger(value) && value as number >= -(2 ** 31) && value as number < 2 ** 32) {
    return value as number >>> 0;
  }
  throw new FilterError(`${name} must be a whole number of 32 bits, not ${String(value)}`);
}

function short(skip: number): number {
  if (skip <= 255) return skip;
  throw new FilterError(`a jump that compares skips 255 instructions at most, not ${skip}`);
}

/**
 * The instructions of a program as people read them. {@linkcode assemble} takes them back.
 *
 * @param program The program
 * @returns An operation for each instruction; jumps go to numbers of instructions
 * @throws {FilterError} If there is no such instruction
 * @throws {TypeError} If `program` is no array
 *
 * @example Usage
 * ```ts
 * import { operationsOf } from "@posixly/raw/bpf";
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual(operationsOf([{ code: 0x15, jt: 0, jf: 1, k: 0x800 }]), [
 *   { op: "jeq", value: 0x800, then: 1, else: 2 },
 * ]);
 * ```
 */
export function operationsOf(program: Program): Operation[] {
  return requireProgram(program).map((instruction, i) => operationOf(instruction, i));
}

function operationOf({ code, jt, jf, k }: Instruction, i: number): Operation {
  const meaning = meanings.get(code);
  if (meaning === undefined) {
    throw new FilterError(`there is no code 0x${Number(code).toString(16)}`, { instruction: i });
  }
  const { op, mode } = meaning;
  if (isConditional(code)) {
    const operand = mode === "x" ? { x: true } : { value: k };
    return { op, ...operand, then: i + 1 + jt, else: i + 1 + jf } as Operation;
  }
  return { op, ...operandIn(code, mode, k, i) } as Operation;
}

function operandIn(code: number, mode: Mode, k: number, i: number): Unchecked {
  if (isAbsolute(code) && k >= ANCILLARY) {
    const ancillary = ancillaryName(k);
    if (ancillary !== undefined) return { ancillary };
    throw new FilterError(`there is nothing to load at ${k | 0}`, { instruction: i });
  }
  switch (mode) {
    case "none":
      return {};
    case "to":
      return { to: i + 1 + k };
    case "length":
    case "x":
    case "a":
      return { [mode]: true };
    default:
      return { [mode]: k };
  }
}
