import { ANCILLARY, LINK, NETWORK } from "./ancillary.ts";
import { besidePacket } from "./beside.ts";
import * as code from "./codes.ts";
import type { Program } from "./instruction.ts";
import type { RunOptions } from "./run.ts";

/** Our own code for a load of what is beside the packet. */
const LD_BESIDE = 0x100;

/** Four numbers for each instruction, in place of an object. */
export function stepsOf(program: Program): Int32Array {
  return Int32Array.from(program.flatMap(({ code: given, jt, jf, k }) => {
    const isBeside = code.isAbsolute(given) && k >= ANCILLARY;
    return isBeside ? [LD_BESIDE, 0, 0, k - ANCILLARY] : [given, 4 * jt, 4 * jf, k];
  }));
}

/** M[]; what a program reads it has written before. */
const memory = new Int32Array(code.MEMORY_WORDS);

/** Runs a program that was found to be valid. */
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
      case code.LD_W_ABS:
        at = place(k, 4, packet, start, options);
        if (at < 0) return 0;
        a = packet[at] << 24 | packet[at + 1] << 16 | packet[at + 2] << 8 | packet[at + 3];
        break;
      case code.LD_W_IND:
        at = place(x + k | 0, 4, packet, start, options);
        if (at < 0) return 0;
        a = packet[at] << 24 | packet[at + 1] << 16 | packet[at + 2] << 8 | packet[at + 3];
        break;
      case code.LD_H_ABS:
        at = place(k, 2, packet, start, options);
        if (at < 0) return 0;
        a = packet[at] << 8 | packet[at + 1];
        break;
      case code.LD_H_IND:
        at = place(x + k | 0, 2, packet, start, options);
        if (at < 0) return 0;
        a = packet[at] << 8 | packet[at + 1];
        break;
      case code.LD_B_ABS:
        at = place(k, 1, packet, start, options);
        if (at < 0) return 0;
        a = packet[at];
        break;
      case code.LD_B_IND:
        at = place(x + k | 0, 1, packet, start, options);
        if (at < 0) return 0;
        a = packet[at];
        break;
      case code.LDX_MSH:
        at = place(k, 1, packet, start, options);
        if (at < 0) return 0;
        x = (packet[at] & 0xf) << 2;
        break;
      case LD_BESIDE: {
        const value = besidePacket(k, a, x, packet, start, options);
        if (value === undefined) return a >>> 0;
        a = value;
        break;
      }
      case code.LD_LEN:
        a = lengthOf(packet, start, options);
        break;
      case code.LDX_LEN:
        x = lengthOf(packet, start, options);
        break;
      case code.LD_IMM:
        a = k;
        break;
      case code.LDX_IMM:
        x = k;
        break;
      case code.LD_MEM:
        a = memory[k];
        break;
      case code.LDX_MEM:
        x = memory[k];
        break;
      case code.ST:
        memory[k] = a;
        break;
      case code.STX:
        memory[k] = x;
        break;
      case code.TAX:
        x = a;
        break;
      case code.TXA:
        a = x;
        break;
      case code.NEG:
        a = -a | 0;
        break;
      case code.ADD:
        a = a + k | 0;
        break;
      case code.ADD | code.X:
        a = a + x | 0;
        break;
      case code.SUB:
        a = a - k | 0;
        break;
      case code.SUB | code.X:
        a = a - x | 0;
        break;
      case code.MUL:
        a = Math.imul(a, k);
        break;
      case code.MUL | code.X:
        a = Math.imul(a, x);
        break;
      case code.DIV:
        a = (a >>> 0) / (k >>> 0) | 0;
        break;
      case code.DIV | code.X:
        if (x === 0) return 0;
        a = (a >>> 0) / (x >>> 0) | 0;
        break;
      case code.MOD:
        a = (a >>> 0) % (k >>> 0) | 0;
        break;
      case code.MOD | code.X:
        if (x === 0) return 0;
        a = (a >>> 0) % (x >>> 0) | 0;
        break;
      case code.AND:
        a &= k;
        break;
      case code.AND | code.X:
        a &= x;
        break;
      case code.OR:
        a |= k;
        break;
      case code.OR | code.X:
        a |= x;
        break;
      case code.XOR:
        a ^= k;
        break;
      case code.XOR | code.X:
        a ^= x;
        break;
      case code.LSH:
        a <<= k;
        break;
      case code.LSH | code.X:
        a <<= x; // by its lowest five bits, as the processor does
        break;
      case code.RSH:
        a = a >>> k | 0;
        break;
      case code.RSH | code.X:
        a = a >>> x | 0;
        break;
      case code.JA:
        i += 4 * k;
        break;
      case code.JEQ:
        i += a === k ? steps[i + 1] : steps[i + 2];
        break;
      case code.JEQ | code.X:
        i += a === x ? steps[i + 1] : steps[i + 2];
        break;
      case code.JGT:
        i += a >>> 0 > k >>> 0 ? steps[i + 1] : steps[i + 2];
        break;
      case code.JGT | code.X:
        i += a >>> 0 > x >>> 0 ? steps[i + 1] : steps[i + 2];
        break;
      case code.JGE:
        i += a >>> 0 >= k >>> 0 ? steps[i + 1] : steps[i + 2];
        break;
      case code.JGE | code.X:
        i += a >>> 0 >= x >>> 0 ? steps[i + 1] : steps[i + 2];
        break;
      case code.JSET:
        i += (a & k) !== 0 ? steps[i + 1] : steps[i + 2];
        break;
      case code.JSET | code.X:
        i += (a & x) !== 0 ? steps[i + 1] : steps[i + 2];
        break;
      case code.RET_K:
        return k >>> 0;
      case code.RET_A:
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
