/**
 * Where in a program something is wrong: the one or the other, or neither if it is the whole.
 *
 * @example Usage
 * ```ts
 * import { FilterError, type FilterPlace } from "@posixly/raw/bpf";
 * import assert from "node:assert/strict";
 *
 * const place: FilterPlace = { instruction: 7 };
 * assert.equal(new FilterError("it is no jump", place).message, "instruction 7: it is no jump");
 * ```
 */
export interface FilterPlace {
  /** Which instruction, counted from 0. */
  readonly instruction?: number;
  /** Which line of a text, counted from 1. */
  readonly line?: number;
}

/**
 * A program that is none, or one that the kernel would refuse; the message says where and why. Test
 * `code`, as the class may have been loaded twice.
 *
 * @example Usage
 * ```ts
 * import { FilterError, validateFilter } from "@posixly/raw/bpf";
 * import assert from "node:assert/strict";
 *
 * assert.throws(
 *   () => validateFilter([{ code: 0x05, jt: 0, jf: 0, k: 3 }]),
 *   (error) => error instanceof FilterError && error.instruction === 0,
 * );
 * ```
 */
export class FilterError extends Error {
  /** Always `FilterError`. */
  override readonly name = "FilterError";
  /** Always `ERR_FILTER`. */
  readonly code = "ERR_FILTER";
  /** Which instruction is wrong, counted from 0, if it is one. */
  declare readonly instruction?: number;
  /** Which line of the text is wrong, counted from 1, if there was a text. */
  declare readonly line?: number;

  /**
   * @param reason What is wrong
   * @param place Where it is
   */
  constructor(reason: string, place: FilterPlace = {}) {
    const { instruction, line } = place;
    super(`${where(place)}${reason}`);
    if (instruction !== undefined) this.instruction = instruction;
    if (line !== undefined) this.line = line;
  }
}

function where({ instruction, line }: FilterPlace): string {
  if (line !== undefined) return `line ${line}: `;
  return instruction === undefined ? "" : `instruction ${instruction}: `;
}
