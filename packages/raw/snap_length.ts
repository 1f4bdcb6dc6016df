import { assemble } from "./bpf/assemble.ts";
import { decodeFilter, encodeFilter } from "./bpf/bytes.ts";
import { JA, RET_A, RET_K } from "./bpf/codes.ts";

/**
 * A program of classic BPF that keeps so many bytes at most of what another one lets through, or of
 * everything. What it would return of its own computing is compared behind its end, so that no jump
 * has to change.
 */
export function cutTo(length: number, filter?: Uint8Array): Uint8Array {
  if (filter === undefined) return encodeFilter(assemble(`ret #${length}`));
  const program = decodeFilter(filter);
  const cut = program.map((instruction, i) => {
    const { code, k } = instruction;
    if (code === RET_K) return { ...instruction, k: Math.min(k, length) };
    return code === RET_A ? { code: JA, jt: 0, jf: 0, k: program.length - i - 1 } : instruction;
  });
  if (program.every(({ code }) => code !== RET_A)) return encodeFilter(cut);
  const least = assemble(`jgt #${length}, most, all\nmost: ret #${length}\nall: ret a`);
  return encodeFilter([...cut, ...least]);
}
