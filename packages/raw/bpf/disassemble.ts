import { ancillaryName } from "./ancillary.ts";
import { isAbsolute, isConditional, meanings } from "./codes.ts";
import { type Instruction, type Program, requireProgram } from "./instruction.ts";

/**
 * A program as text, exactly as `tcpdump -d` prints it: one line for each instruction, and none
 * ends the last. {@linkcode assemble} takes it back, without the numbers of instructions that have no
 * use for one, as libpcap leaves them. An instruction that does not exist is `unimp`.
 *
 * @param program The program
 * @returns The lines
 * @throws {FilterError} If an instruction has numbers that do not fit
 * @throws {TypeError} If `program` is no array
 *
 * @example Usage
 * ```ts
 * import { assemble, disassemble } from "@posixly/raw/bpf";
 * import assert from "node:assert/strict";
 *
 * const program = assemble("ld len\njgt #100, 2, 3\nret #100\nret a");
 * assert.equal(disassemble(program), [
 *   "(000) ld       #pktlen",
 *   "(001) jgt      #0x64            jt 2\tjf 3",
 *   "(002) ret      #100",
 *   "(003) ret      ",
 * ].join("\n"));
 * ```
 */
export function disassemble(program: Program): string {
  return requireProgram(program).map(line).join("\n");
}

function line(instruction: Instruction, i: number): string {
  const { code, jt, jf } = instruction;
  const op = meanings.get(code)?.op ?? "unimp";
  const operand = operandText(instruction, i);
  const start = `(${String(i).padStart(3, "0")}) ${op.padEnd(8)} `;
  if (!isConditional(code)) return start + operand;
  return `${start}${operand.padEnd(16)} jt ${i + 1 + jt}\tjf ${i + 1 + jf}`;
}

/** Numbers to count with, which are printed with a sign; all others are patterns of bits. */
const counts = new Set(["add", "sub", "mul", "div", "mod", "lsh", "rsh", "ret"]);

function operandText({ code, k }: Instruction, i: number): string {
  const meaning = meanings.get(code);
  const bits = (value: number) => `0x${value.toString(16)}`;
  if (meaning === undefined) return bits(code);
  switch (meaning.mode) {
    case "at":
      return `[${isAbsolute(code) && ancillaryName(k) || k | 0}]`;
    case "xPlus":
      return `[x + ${k | 0}]`;
    case "value":
      return `#${counts.has(meaning.op) ? k | 0 : bits(k)}`;
    case "memory":
      return `M[${k | 0}]`;
    case "length":
      return "#pktlen";
    case "header":
      return `4*([${k | 0}]&0xf)`;
    case "to":
      return String(i + 1 + k | 0);
    case "x":
      return "x";
    case "a":
    case "none":
      return "";
  }
}
