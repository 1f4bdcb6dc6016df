import { FilterError, type FilterPlace } from "./filter_error.ts";
import type { Instruction } from "./instruction.ts";
import { instructionOf, type Operation, type Unchecked } from "./operation.ts";
import { parseAssembly, type Statement } from "./parse_assembly.ts";

/**
 * Makes a program of text, or of operations. The text is that of bpf_asm, or what `tcpdump -d`
 * prints: one instruction a line, with labels before it and comments behind `;`, `//` or in
 * `/* … *\/`. A jump goes to a label or to the number of an instruction.
 *
 * ```text
 *       ldh [12]               ; also: ld ldb ldx ldxb ldi ldxi st stx
 *       jne #0x800, drop       ; also: jeq jgt jge jlt jle jset, and ja or jmp
 *       ldxb 4*([14]&0xf)      ; the length of the IPv4 header at 14
 *       ldh [x + 16]
 *       jeq #53, keep, drop    ; tcpdump: jeq #0x35   jt 5   jf 6
 * keep: ret #-1                ; ret a, or ret alone, returns A
 * drop: ret #0
 * ```
 *
 * Nothing else is checked: {@linkcode validateFilter} does that.
 *
 * @param source The text, or the operations
 * @returns The program
 * @throws {FilterError} If it is none; it says in which line, or at which operation
 * @throws {TypeError} If `source` is neither
 *
 * @example Usage
 * ```ts
 * import { assemble } from "@posixly/raw/bpf";
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual(assemble("ldb [23]; the protocol"), [{ code: 0x30, jt: 0, jf: 0, k: 23 }]);
 * assert.deepEqual(assemble([{ op: "ret", value: 0 }]), [{ code: 6, jt: 0, jf: 0, k: 0 }]);
 * assert.throws(() => assemble("ldb 23"), { message: "line 1: ldb cannot be done with 23" });
 * ```
 */
export function assemble(source: string | readonly Operation[]): Instruction[] {
  if (typeof source === "string") return encode(parseAssembly(source));
  if (!Array.isArray(source)) {
    throw new TypeError(`source must be text or an array of operations, not ${typeof source}`);
  }
  return encode(Array.from(source, fromOperation)); // also what a sparse array lacks
}

function fromOperation(operation: Operation, i: number): Statement {
  if (typeof operation !== "object" || operation === null) {
    throw new FilterError(`an operation is an object, not ${operation}`, { instruction: i });
  }
  const { label } = operation;
  return {
    operation: operation as unknown as Unchecked,
    labels: label === undefined ? [] : [label],
    place: { instruction: i },
  };
}

function encode(statements: readonly Statement[]): Instruction[] {
  const labels = new Map<unknown, number>();
  for (const [i, statement] of statements.entries()) {
    for (const label of statement.labels) {
      if (labels.has(label)) {
        throw new FilterError(`label ${label} is there twice`, statement.place);
      }
      labels.set(label, i);
    }
  }
  return statements.map(({ operation, place }, i) =>
    placed(place, () => instructionOf(operation, (target) => skip(labels, i, target)))
  );
}

/** How many instructions are between a jump and its target; none if there is no target. */
function skip(labels: ReadonlyMap<unknown, number>, from: number, target: unknown): number {
  const to = target === undefined ? from + 1 : labels.get(target) ?? target;
  if (typeof to !== "number") throw new FilterError(`there is no label ${String(target)}`);
  const distance = to - from - 1;
  if (Number.isInteger(distance) && distance >= 0 && distance < 2 ** 32) return distance;
  throw new FilterError(`a jump goes forward, not to ${String(target)}`);
}

/** Adds to an error where it happened. */
function placed<T>(place: FilterPlace, run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (error instanceof FilterError) throw new FilterError(error.message, place);
    throw error;
  }
}
