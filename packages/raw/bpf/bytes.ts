import { requireBytes } from "../arguments.ts";
import { FilterError } from "./filter_error.ts";
import { type Instruction, type Program, requireProgram } from "./instruction.ts";

/** The size of `struct sock_filter`. */
const SIZE = 8;

/** What the processors that we know have; the kernel reads its own order. */
const LITTLE_ENDIAN = true;

/**
 * A program as the kernel takes it: 8 bytes for each instruction, an array of `struct sock_filter`,
 * in the byte order of x86-64 and arm64.
 *
 * @param program The program; its numbers must fit, and nothing else is checked
 * @returns The bytes
 * @throws {FilterError} If a number does not fit
 * @throws {TypeError} If `program` is no array
 *
 * @example Usage
 * ```ts
 * import { assemble, encodeFilter } from "@posixly/raw/bpf";
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual([...encodeFilter(assemble("ret #258"))], [6, 0, 0, 0, 2, 1, 0, 0]);
 * ```
 */
export function encodeFilter(program: Program): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(requireProgram(program).length * SIZE);
  const data = new DataView(bytes.buffer);
  program.forEach(({ code, jt, jf, k }, i) => {
    data.setUint16(i * SIZE, code, LITTLE_ENDIAN);
    data.setUint8(i * SIZE + 2, jt);
    data.setUint8(i * SIZE + 3, jf);
    data.setUint32(i * SIZE + 4, k, LITTLE_ENDIAN);
  });
  return bytes;
}

/**
 * The program that such bytes are.
 *
 * @param bytes An array of `struct sock_filter`
 * @returns The instructions, whatever they are
 * @throws {FilterError} If the bytes do not end with an instruction
 * @throws {TypeError} If `bytes` is no `Uint8Array`
 *
 * @example Usage
 * ```ts
 * import { decodeFilter } from "@posixly/raw/bpf";
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual(decodeFilter(new Uint8Array([6, 0, 0, 0, 2, 1, 0, 0])), [
 *   { code: 6, jt: 0, jf: 0, k: 258 },
 * ]);
 * ```
 */
export function decodeFilter(bytes: Uint8Array): Instruction[] {
  const { length } = requireBytes(bytes, "bytes");
  if (length % SIZE !== 0) {
    throw new FilterError(`an instruction has ${SIZE} bytes, and ${length % SIZE} are left over`);
  }
  const data = new DataView(bytes.buffer, bytes.byteOffset, length);
  return Array.from({ length: length / SIZE }, (_, i) => ({
    code: data.getUint16(i * SIZE, LITTLE_ENDIAN),
    jt: data.getUint8(i * SIZE + 2),
    jf: data.getUint8(i * SIZE + 3),
    k: data.getUint32(i * SIZE + 4, LITTLE_ENDIAN),
  }));
}
