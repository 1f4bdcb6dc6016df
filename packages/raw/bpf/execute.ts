import { ANCILLARY, LINK, NETWORK } from "./ancillary.ts";
import { besidePacket } from "./beside.ts";
import { isAbsolute, MEMORY_WORDS } from "./codes.ts";
import type { Program } from "./instruction.ts";
import type { RunOptions } from "./run.ts";

/** Our own code for a load of what is beside the packet. */
const LD_BESIDE = 0x100;

/** Four numbers for each instruction, in place of an object. */
export function stepsOf(program: Program): Int32Array {
  return Int32Array.from(program.flatMap(({ code, jt, jf, k }) => {
    const isBeside = isAbsolute(code) && k >= ANCILLARY;
    return isBeside ? [LD_BESIDE, 0, 0, k - ANCILLARY] : [code, 4 * jt, 4 * jf, k];
  }));
}

/** M[]; what a program reads it has written before. */
const memory = new Int32Array(MEMORY_WORDS);

/**
 * Runs a program that was found to be valid. The cases are numbers and not the constants of codes.ts,
 * since only of those V8 makes a table to jump by: five times as fast.
 */
export function execute(
  steps: Int32Array,
  packet: Uint8Array,
  start: number,
  options: RunOptions,
): number {
  let a = 0;
  let x = 0;
  let at = 0;
  for (let i = 0; i < steps.length; i += 4) {
    const k = steps[i + 3];
    switch (steps[i]) {
      case 0x20: // ld [k]
        at = place(k, 4, packet, start, options);
        if (at < 0) return 0;
        a = packet[at] << 24 | packet[at + 1] << 16 | packet[at + 2] << 8 | packet[at + 3];
        break;
      case 0x40: // ld [x + k]
        at = place(x + k | 0, 4, packet, start, options);
        if (at < 0) return 0;
        a = packet[at] << 24 | packet[at + 1] << 16 | packet[at + 2] << 8 | packet[at + 3];
        break;
      case 0x28: // ldh [k]
        at = place(k, 2, packet, start, options);
        if (at < 0) return 0;
        a = packet[at] << 8 | packet[at + 1];
        break;
      case 0x48: // ldh [x + k]
        at = place(x + k | 0, 2, packet, start, options);
        if (at < 0) return 0;
        a = packet[at] << 8 | packet[at + 1];
        break;
      case 0x30: // ldb [k]
        at = place(k, 1, packet, start, options);
        if (at < 0) return 0;
        a = packet[at];
        break;
      case 0x50: // ldb [x + k]
        at = place(x + k | 0, 1, packet, start, options);
        if (at < 0) return 0;
        a = packet[at];
        break;
      case 0xb1: // ldxb 4*([k]&0xf)
        at = place(k, 1, packet, start, options);
        if (at < 0) return 0;
        x = (packet[at] & 0xf) << 2;
        break;
      case 0x100: { // what is beside the packet
        const value = besidePacket(k, a, x, packet, start, options);
        if (value === undefined) return a >>> 0;
        a = value;
        break;
      }
      case 0x80: // ld len
        a = lengthOf(packet, start, options);
        break;
      case 0x81: // ldx len
        x = lengthOf(packet, start, options);
        break;
      case 0x00: // ld #k
        a = k;
        break;
      case 0x01: // ldx #k
        x = k;
        break;
      case 0x60: // ld M[k]
        a = memory[k];
        break;
      case 0x61: // ldx M[k]
        x = memory[k];
        break;
      case 0x02: // st M[k]
        memory[k] = a;
        break;
      case 0x03: // stx M[k]
        memory[k] = x;
        break;
      case 0x07: // tax
        x = a;
        break;
      case 0x87: // txa
        a = x;
        break;
      case 0x84: // neg
        a = -a | 0;
        break;
      case 0x04: // add #k
        a = a + k | 0;
        break;
      case 0x0c: // add x
        a = a + x | 0;
        break;
      case 0x14: // sub #k
        a = a - k | 0;
        break;
      case 0x1c: // sub x
        a = a - x | 0;
        break;
      case 0x24: // mul #k
        a = Math.imul(a, k);
        break;
      case 0x2c: // mul x
        a = Math.imul(a, x);
        break;
      case 0x34: // div #k
        a = (a >>> 0) / (k >>> 0) | 0;
        break;
      case 0x3c: // div x
        if (x === 0) return 0;
        a = (a >>> 0) / (x >>> 0) | 0;
        break;
      case 0x94: // mod #k
        a = (a >>> 0) % (k >>> 0) | 0;
        break;
      case 0x9c: // mod x
        if (x === 0) return 0;
        a = (a >>> 0) % (x >>> 0) | 0;
        break;
      case 0x54: // and #k
        a &= k;
        break;
      case 0x5c: // and x
        a &= x;
        break;
      case 0x44: // or #k
        a |= k;
        break;
      case 0x4c: // or x
        a |= x;
        break;
      case 0xa4: // xor #k
        a ^= k;
        break;
      case 0xac: // xor x
        a ^= x;
        break;
      case 0x64: // lsh #k
        a <<= k;
        break;
      case 0x6c: // lsh x
        a <<= x; // by its lowest five bits, as the processor does
        break;
      case 0x74: // rsh #k
        a = a >>> k | 0;
        break;
      case 0x7c: // rsh x
        a = a >>> x | 0;
        break;
      case 0x05: // ja
        i += 4 * k;
        break;
      case 0x15: // jeq #k
        i += a === k ? steps[i + 1] : steps[i + 2];
        break;
      case 0x1d: // jeq x
        i += a === x ? steps[i + 1] : steps[i + 2];
        break;
      case 0x25: // jgt #k
        i += a >>> 0 > k >>> 0 ? steps[i + 1] : steps[i + 2];
        break;
      case 0x2d: // jgt x
        i += a >>> 0 > x >>> 0 ? steps[i + 1] : steps[i + 2];
        break;
      case 0x35: // jge #k
        i += a >>> 0 >= k >>> 0 ? steps[i + 1] : steps[i + 2];
        break;
      case 0x3d: // jge x
        i += a >>> 0 >= x >>> 0 ? steps[i + 1] : steps[i + 2];
        break;
      case 0x45: // jset #k
        i += (a & k) !== 0 ? steps[i + 1] : steps[i + 2];
        break;
      case 0x4d: // jset x
        i += (a & x) !== 0 ? steps[i + 1] : steps[i + 2];
        break;
      case 0x06: // ret #k
        return k >>> 0;
      case 0x16: // ret a
        return a >>> 0;
    }
  }
  return 0; // never: the last step of a valid program returns
}

/** Where so many bytes lie, or less than 0 if the packet does not have them. */
function place(
  k: number,
  size: number,
  packet: Uint8Array,
  start: number,
  options: RunOptions,
): number {
  const at = k >= 0 ? start + k : placeInHeader(k, options);
  return at + size <= packet.length ? at : -1;
}

/** Addresses below 0 are relative to a header, and may lead to what is before the packet. */
function placeInHeader(k: number, { network = -1, link = -1 }: RunOptions): number {
  if (k >= NETWORK) return network < 0 ? -1 : network + k - NETWORK;
  return k < LINK || link < 0 ? -1 : link + k - LINK;
}

function lengthOf(packet: Uint8Array, start: number, { length }: RunOptions): number {
  return (length ?? packet.length - start) | 0;
}
