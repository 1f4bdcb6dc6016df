import { requireArray } from "../arguments.ts";
import { FilterError } from "./filter_error.ts";

/**
 * One step of a program in classic BPF, `struct sock_filter`.
 *
 * @example What keeps 96 bytes of every packet
 * ```ts
 * import { disassemble, type Instruction } from "@posixly/raw/bpf";
 * import assert from "node:assert/strict";
 *
 * const keep: Instruction = { code: 0x06, jt: 0, jf: 0, k: 96 };
 * assert.equal(disassemble([keep]), "(000) ret      #96");
 * ```
 */
export interface Instruction {
  /** What to do, 16 bits. */
  readonly code: number;
  /** How many instructions to skip if a condition holds, at most 255. */
  readonly jt: number;
  /** How many to skip if it does not. */
  readonly jf: number;
  /** The operand, 32 bits without a sign. */
  readonly k: number;
}

/**
 * A program in classic BPF: it looks at a packet and says how many bytes of it to keep.
 *
 * @example Usage
 * ```ts
 * import { assemble, type Program, runFilter } from "@posixly/raw/bpf";
 * import assert from "node:assert/strict";
 *
 * const evenFirst: Program = assemble(`
 *   ldb [0]
 *   jset #1, drop
 *   ret #-1
 *   drop: ret #0
 * `);
 * assert.equal(runFilter(evenFirst, new Uint8Array([2])), 0xffff_ffff);
 * assert.equal(runFilter(evenFirst, new Uint8Array([3])), 0);
 * ```
 */
export type Program = readonly Instruction[];

/** Throws unless it is a program whose numbers fit into `struct sock_filter`. */
export function requireProgram(program: Program): Program {
  requireArray(program, "program");
  for (let i = 0; i < program.length; i++) { // also what a sparse array lacks
    const problem = problemOf(program[i]);
    if (problem !== undefined) throw new FilterError(problem, { instruction: i });
  }
  return program;
}

function problemOf(instruction: Instruction): string | undefined {
  if (typeof instruction !== "object" || instruction === null) {
    return `an instruction is an object, not ${String(instruction)}`;
  }
  const { code, jt, jf, k } = instruction;
  return rangeProblem("code", code, 0xffff) ?? rangeProblem("jt", jt, 0xff) ??
    rangeProblem("jf", jf, 0xff) ?? rangeProblem("k", k, 0xffff_ffff);
}

function rangeProblem(name: string, value: number, max: number): string | undefined {
  if (Number.isInteger(value) && value >= 0 && value <= max) return undefined;
  return `${name} must be a whole number from 0 to ${max}, not ${String(value)}`;
}
