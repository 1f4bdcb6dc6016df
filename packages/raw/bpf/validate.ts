import { ANCILLARY, ancillaryName } from "./ancillary.ts";
import {
  DIV,
  isAbsolute,
  isConditional,
  JA,
  LD_MEM,
  LDX_MEM,
  LONGEST,
  LSH,
  meanings,
  MEMORY_WORDS,
  MOD,
  RET_A,
  RET_K,
  RSH,
  ST,
  STX,
} from "./codes.ts";
import { FilterError } from "./filter_error.ts";
import { type Instruction, type Program, requireProgram } from "./instruction.ts";

/**
 * Checks a program by the rules of the kernel for filters of sockets: 1 to 4096 instructions that
 * exist; jumps go forward and stay within; memory has 16 words, and none is read before it was
 * written, whichever way leads there; a constant to divide by is not 0, one to shift by less than
 * 32; what is loaded beside the packet exists; the last instruction is a `ret`.
 *
 * One thing the kernel alone knows: it translates a program before it runs it, and refuses, as very
 * few do, what has a jump that is too long then (`EINVAL`), or gets larger than
 * `net.core.optmem_max` allows (`ENOMEM`).
 *
 * @param program The program
 * @throws {FilterError} If the kernel would refuse it; it says which instruction and why
 * @throws {TypeError} If `program` is no array
 *
 * @example Usage
 * ```ts
 * import { assemble, validateFilter } from "@posixly/raw/bpf";
 * import assert from "node:assert/strict";
 *
 * validateFilter(assemble("ret #0"));
 * assert.throws(() => validateFilter(assemble("ld M[3]\nret a")), {
 *   message: "instruction 0: M[3] is read before it was written",
 * });
 * ```
 */
export function validateFilter(program: Program): void {
  const { length } = requireProgram(program);
  if (length === 0 || length > LONGEST) {
    throw new FilterError(`a program has 1 to ${LONGEST} instructions, not ${length}`);
  }
  program.forEach((instruction, i) => {
    const problem = problemOf(instruction, length - i - 1);
    if (problem !== undefined) throw new FilterError(problem, { instruction: i });
  });
  const { code } = program[length - 1];
  if (code !== RET_K && code !== RET_A) {
    throw new FilterError("the last one must be a ret", { instruction: length - 1 });
  }
  checkMemory(program);
}

/** What is wrong with an instruction that so many follow. */
function problemOf({ code, jt, jf, k }: Instruction, followers: number): string | undefined {
  if (!meanings.has(code)) return `there is no code 0x${code.toString(16)}`;
  if (isConditional(code)) {
    const furthest = Math.max(jt, jf);
    return furthest < followers ? undefined : `it jumps ${furthest - followers + 1} past the end`;
  }
  if (isAbsolute(code)) {
    if (k < ANCILLARY || ancillaryName(k) !== undefined) return undefined;
    return `there is nothing to load at ${k | 0}`;
  }
  switch (code) {
    case JA:
      if (k < followers) return undefined;
      return (k | 0) < 0 ? "it jumps back" : `it jumps ${k - followers + 1} past the end`;
    case DIV:
    case MOD:
      return k === 0 ? "it divides by 0" : undefined;
    case LSH:
    case RSH:
      return k >= 32 ? `it shifts by ${k}, and there are 32 bits` : undefined;
    case LD_MEM:
    case LDX_MEM:
    case ST:
    case STX:
      return k >= MEMORY_WORDS ? `there is no M[${k}]` : undefined;
  }
}

const ALL = 2 ** MEMORY_WORDS - 1;

/**
 * No word of memory is read that was not written on every way there. Like the kernel we believe
 * that what follows a `ret` is reached through it, which refuses some programs that are good.
 */
function checkMemory(program: Program): void {
  const onEveryWay = new Uint16Array(program.length).fill(ALL);
  let written = 0;
  program.forEach(({ code, jt, jf, k }, i) => {
    written &= onEveryWay[i];
    if (code === ST || code === STX) {
      written |= 1 << k;
    } else if (code === LD_MEM || code === LDX_MEM) {
      if ((written & 1 << k) !== 0) return;
      throw new FilterError(`M[${k}] is read before it was written`, { instruction: i });
    } else if (code === JA) {
      onEveryWay[i + 1 + k] &= written;
      written = ALL;
    } else if (isConditional(code)) {
      onEveryWay[i + 1 + jt] &= written;
      onEveryWay[i + 1 + jf] &= written;
      written = ALL;
    }
  });
}
