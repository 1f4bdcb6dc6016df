import fc from "fast-check";
import type { Instruction } from "@posixly/raw/bpf";

const plain = [0x00, 0x01, 0x80, 0x81, 0x07, 0x87, 0x84];
const loads = [0x20, 0x28, 0x30, 0x40, 0x48, 0x50, 0xb1];
const memory = [0x60, 0x61, 0x02, 0x03];
const arithmetic = [0x04, 0x14, 0x24, 0x34, 0x44, 0x54, 0x64, 0x74, 0x94, 0xa4];
const conditions = [0x15, 0x25, 0x35, 0x45];

const SKF_AD_OFF = 0xffff_f000;
const SKF_NET_OFF = 0xfff0_0000;
const SKF_LL_OFF = 0xffe0_0000;

const word = fc.oneof(
  fc.nat(80),
  fc.nat({ max: 0xffff_ffff }),
  fc.constantFrom(0, 1, 31, 32, 255, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1),
);

const place = fc.oneof(
  { weight: 12, arbitrary: fc.nat(40) },
  { weight: 1, arbitrary: word },
  { weight: 1, arbitrary: fc.nat(40).map((k) => SKF_NET_OFF + k) },
  { weight: 1, arbitrary: fc.nat(40).map((k) => SKF_LL_OFF + k) },
);

/** What is beside the packet, but for the processor and chance. */
const beside = fc.nat(15).filter((i) => i !== 9 && i !== 14).map((i) => SKF_AD_OFF + 4 * i);

const step = (code: readonly number[], k: fc.Arbitrary<number>): fc.Arbitrary<Instruction> =>
  fc.record({ code: fc.constantFrom(...code), k }).map(({ code, k }) => ({
    code,
    jt: 0,
    jf: 0,
    k,
  }));

const returns = step([0x06, 0x16], fc.oneof(fc.nat(60), word));

/** Instructions as they come in valid programs, but for where jumps go. */
const anyStep: fc.Arbitrary<Instruction> = fc.oneof(
  { weight: 3, arbitrary: step(plain, word) },
  { weight: 6, arbitrary: step(loads, place.filter((k) => k < SKF_AD_OFF)) },
  { weight: 1, arbitrary: step([0x20, 0x28, 0x30], beside) },
  { weight: 2, arbitrary: step(memory, fc.nat(15)) },
  { weight: 4, arbitrary: step(arithmetic.map((code) => code | 8), word) },
  {
    weight: 4,
    arbitrary: step(arithmetic, word).map((it) => (
      { ...it, k: it.code === 0x64 || it.code === 0x74 ? it.k % 32 : it.k || 1 }
    )),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      code: fc.constantFrom(...conditions, ...conditions.map((code) => code | 8)),
      jt: fc.nat(255),
      jf: fc.nat(255),
      k: word,
    }).map((it) => ({ ...it })),
  },
  { weight: 1, arbitrary: step([0x05], fc.nat(30)) },
  { weight: 1, arbitrary: returns },
);

/** Lets out what is in A where only lengths up to 60 can be seen. */
const modulo = [{ code: 0x94, jt: 0, jf: 0, k: 61 }, { code: 0x16, jt: 0, jf: 0, k: 0 }];
const end = fc.oneof(fc.constant(modulo), returns.map((last) => [last]));

/** Programs that are valid: every word of memory is written first, and jumps stay within. */
export const validProgram: fc.Arbitrary<Instruction[]> = fc
  .tuple(fc.array(anyStep, { maxLength: 40 }), end)
  .map(([steps, last]) => {
    const program = [...steps, ...last];
    const stores = Array.from({ length: 16 }, (_, k) => ({ code: 0x02, jt: 0, jf: 0, k }));
    const usesMemory = steps.some(({ code }) => code === 0x60 || code === 0x61);
    return [...usesMemory ? stores : [], ...program.map(within)];
  });

function within(step: Instruction, i: number, { length }: readonly Instruction[]): Instruction {
  const room = length - i - 1;
  if ((step.code & 7) !== 5) return step;
  return step.code === 0x05
    ? { ...step, k: step.k % room }
    : { ...step, jt: step.jt % room, jf: step.jf % room };
}

/** Programs that may have anything in them, most of it nearly right. */
export const anyProgram: fc.Arbitrary<Instruction[]> = fc.oneof(
  validProgram,
  fc.array(anyStep, { maxLength: 12 }),
  fc.tuple(fc.array(anyStep, { maxLength: 8 }), returns).map(([steps, last]) => [...steps, last]),
  fc.tuple(validProgram, fc.nat(), mutationOf()).map(([program, at, change]) => (
    program.map((step, i) => i === at % program.length ? { ...step, ...change } : step)
  )),
);

function mutationOf(): fc.Arbitrary<Partial<Instruction>> {
  return fc.record({
    code: fc.oneof(fc.nat(0xff), fc.nat(0xffff)),
    jt: fc.nat(0xff),
    jf: fc.nat(0xff),
    k: fc.oneof(word, fc.nat(0xff).map((k) => SKF_AD_OFF + k)),
  }, { requiredKeys: [] });
}

/** Instructions without an operand may have a number all the same, which text has no room for. */
const withoutOperand = [
  ...plain.slice(2),
  0x16,
  ...[...arithmetic, ...conditions].map((code) => code | 8),
];

/** A program without what means nothing. */
export function meant(program: readonly Instruction[]): Instruction[] {
  return program.map((step) => withoutOperand.includes(step.code) ? { ...step, k: 0 } : step);
}
