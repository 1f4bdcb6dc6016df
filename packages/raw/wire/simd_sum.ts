import {
  type Code,
  get,
  i32,
  i32x4,
  i64,
  i64x2,
  moduleOf,
  set,
  type,
  v128,
  when,
  whilst,
} from "./wasm_code.ts";

/**
 * As many bytes as one call may sum: 2^16 words of 16 bits in each of the lanes of 32 bits, of
 * which none overflows then.
 */
export const SIMD_BYTES: number = 2 ** 16 * 16;

const [AT, END, ALL, HIGH, SUM] = [0, 1, 2, 3, 4];
const [A, B, C, D] = [5, 6, 7, 8];

const advance = (bytes: number) => set(AT, i32.add(get(AT), i32.const(bytes)));
const isLeft = (bytes: number) => i32.le_u(i32.add(get(AT), i32.const(bytes)), get(END));
const highHalves = (words: Code) => i32x4.shr_u(words, i32.const(16));
const addTo = (sum: number, words: Code) => set(sum, i32x4.add(get(sum), words));
const addToSum = (value: Code) => set(SUM, i64.add(get(SUM), value));
const together = (...parts: Code[]) => parts.reduce((a, b) => i32x4.add(a, b));
const wide = (words: Code) =>
  i64x2.add(i64x2.extend_low_i32x4_u(words), i64x2.extend_high_i32x4_u(words));
const foldOnce = set(
  SUM,
  i64.add(i64.and(get(SUM), i64.const(0xffff)), i64.shr_u(get(SUM), i64.const(16))),
);

/**
 * A module whose `sum(start, end)` gives the one's complement sum of up to {@linkcode SIMD_BYTES}
 * bytes of its memory, folded; the first byte of each pair is the low one.
 *
 * `ALL` adds up whole words of 32 bits, and loses what overflows; `HIGH` adds up their high
 * halves, which do not. The sum of the low halves is then what `ALL` has besides them: three
 * operations for 16 bytes, where taking both halves apart takes four.
 */
export function simdSumModule(): Uint8Array<ArrayBuffer> {
  return moduleOf({
    name: "sum",
    parameters: [type.i32, type.i32],
    result: type.i32,
    locals: [type.v128, type.v128, type.i64, type.v128, type.v128, type.v128, type.v128],
    body: [
      whilst(
        isLeft(64),
        ...[A, B, C, D].map((local, i) => set(local, v128.load(get(AT), i * 16))),
        addTo(ALL, together(get(A), get(B), get(C), get(D))),
        addTo(HIGH, together(...[A, B, C, D].map((local) => highHalves(get(local))))),
        advance(64),
      ),
      whilst(
        isLeft(16),
        set(A, v128.load(get(AT))),
        addTo(ALL, get(A)),
        addTo(HIGH, highHalves(get(A))),
        advance(16),
      ),
      set(ALL, i32x4.sub(get(ALL), i32x4.shl(get(HIGH), i32.const(16)))), // the low halves
      set(A, i64x2.add(wide(get(ALL)), wide(get(HIGH)))),
      addToSum(i64x2.extract_lane(get(A), 0)),
      addToSum(i64x2.extract_lane(get(A), 1)),
      whilst(isLeft(4), addToSum(i64.load32_u(get(AT))), advance(4)),
      when(isLeft(2), addToSum(i64.load16_u(get(AT))), advance(2)),
      when(isLeft(1), addToSum(i64.load8_u(get(AT)))),
      ...[foldOnce, foldOnce, foldOnce],
      i32.wrap_i64(get(SUM)),
    ],
  });
}
