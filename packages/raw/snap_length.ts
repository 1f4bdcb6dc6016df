/** ret k: lets so many bytes of a packet through, bpf(4). */
const RETURN_CONSTANT = 6;
const INSTRUCTION = 8;

/**
 * A program of classic BPF that keeps so many bytes at most of what another one lets through, or of
 * everything. One that returns what it has computed stays as it is there.
 */
export function cutTo(length: number, filter?: Uint8Array): Uint8Array {
  const program = filter === undefined ? everything() : new Uint8Array(filter); // a copy
  const words = new DataView(program.buffer, program.byteOffset, program.byteLength);
  for (let at = 0; at + INSTRUCTION <= program.length; at += INSTRUCTION) {
    if (words.getUint16(at, true) !== RETURN_CONSTANT) continue;
    words.setUint32(at + 4, Math.min(words.getUint32(at + 4, true), length), true);
  }
  return program;
}

function everything(): Uint8Array {
  return new Uint8Array([RETURN_CONSTANT, 0, 0, 0, 0xff, 0xff, 0xff, 0xff]);
}
