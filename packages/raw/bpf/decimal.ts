import { FilterError } from "./filter_error.ts";
import { type Instruction, type Program, requireProgram } from "./instruction.ts";

/**
 * A program as numbers in text, exactly as `tcpdump -ddd` prints it: how many instructions there
 * are, then a line for each. With a comma in place of each newline it is what tc(8) and iptables
 * take.
 *
 * @param program The program
 * @returns The lines; none ends the last
 * @throws {FilterError} If an instruction has numbers that do not fit
 * @throws {TypeError} If `program` is no array
 *
 * @example Usage
 * ```ts
 * import { assemble, formatDecimal } from "@posixly/raw/bpf";
 * import assert from "node:assert/strict";
 *
 * assert.equal(formatDecimal(assemble("ldb [0]\nret a")), "2\n48 0 0 0\n22 0 0 0");
 * ```
 */
export function formatDecimal(program: Program): string {
  const lines = requireProgram(program).map(({ code, jt, jf, k }) => `${code} ${jt} ${jf} ${k}`);
  return [lines.length, ...lines].join("\n");
}

/**
 * Reads what {@linkcode formatDecimal} and `tcpdump -ddd` write, or `nfbpf_compile`, which puts
 * commas in place of the newlines.
 *
 * @param text The text
 * @returns The program
 * @throws {FilterError} If it is none
 * @throws {TypeError} If `text` is no text
 *
 * @example Usage
 * ```ts
 * import { parseDecimal } from "@posixly/raw/bpf";
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual(parseDecimal("1,6 0 0 65535,"), [{ code: 6, jt: 0, jf: 0, k: 65535 }]);
 * ```
 */
export function parseDecimal(text: string): Instruction[] {
  if (typeof text !== "string") throw new TypeError(`text must be a string, not ${typeof text}`);
  const [count, ...lines] = text.trim().replace(/,$/, "").split(/[\n,]/).map((line) => line.trim());
  if (!/^\d+$/.test(count) || Number(count) !== lines.length) {
    throw new FilterError(`it says that ${count || "no"} instructions follow, not ${lines.length}`);
  }
  return lines.map(instruction);
}

const limits = [0xffff, 0xff, 0xff, 0xffff_ffff];

function instruction(text: string, i: number): Instruction {
  const numbers = /^\d+ \d+ \d+ \d+$/.test(text) ? text.split(" ").map(Number) : [];
  if (numbers.length === 0 || numbers.some((number, i) => number > limits[i])) {
    throw new FilterError(`${JSON.stringify(text)} are not its four numbers`, { instruction: i });
  }
  const [code, jt, jf, k] = numbers;
  return { code, jt, jf, k };
}
