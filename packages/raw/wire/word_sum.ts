/** The 16 bits of a sum below 2^53: what goes beyond them is added again. */
export function fold(sum: number): number {
  const few = sum < 2 ** 32 ? sum : fold((sum >>> 0) + Math.floor(sum / 2 ** 32));
  const bits = (few & 0xffff) + (few >>> 16);
  return (bits & 0xffff) + (bits >>> 16);
}

/** The two bytes of a sum, each in the other's place: that of the same bytes, one place further. */
export function swap(sum: number): number {
  return (sum & 0xff) << 8 | sum >>> 8;
}

/** Which byte of a 16-bit word in memory is the low one. */
const isLittleEndian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/** Whether a sum of words in memory, from this address on, has the bytes of its pairs swapped. */
export function isSwapped(address: number): boolean {
  return (address & 1) === (isLittleEndian ? 0 : 1);
}

/** Fewer bytes than this are summed as such: looking at them as words would cost more. */
const FEW = 128;

/** As many words as a sum of doubles takes without losing a bit. */
const WORDS = 2 ** 20;

/** The sum of some bytes, two at a time, below 2^32. */
export function sumOf(bytes: Uint8Array, start: number, end: number): number {
  if (end - start < FEW) return sumOfFew(bytes, start, end);
  const address = bytes.byteOffset + start;
  const first = start + (-address & 3);
  const count = (end - first) >>> 2;
  const words = new Uint32Array(bytes.buffer, bytes.byteOffset + first, count);
  let sum = edge(bytes, start, first) + edge(bytes, first + count * 4, end);
  for (let from = 0; from < count; from += WORDS) {
    sum += fold(sumOfWords(words, from, Math.min(from + WORDS, count)));
  }
  const bits = fold(sum);
  return isSwapped(address) ? swap(bits) : bits;
}

function sumOfFew(bytes: Uint8Array, start: number, end: number): number {
  let sum = 0;
  let at = start;
  for (; at + 1 < end; at += 2) sum = sum + (bytes[at] << 8 | bytes[at + 1]) | 0;
  return at < end ? sum + (bytes[at] << 8) : sum;
}

/** What the bytes before the first whole word, or after the last, add to the sum of the words. */
function edge(bytes: Uint8Array, start: number, end: number): number {
  let sum = 0;
  for (let at = start; at < end; at++) {
    const isLow = ((bytes.byteOffset + at) & 1) === 0 === isLittleEndian;
    sum += isLow ? bytes[at] : bytes[at] << 8;
  }
  return sum;
}

/**
 * Four sums, so that none waits for the addition before; doubles, since they hold 53 bits. They
 * begin with -0, which V8 does not take for an integer that may grow: twice as fast.
 */
function sumOfWords(words: Uint32Array, start: number, end: number): number {
  let a = -0;
  let b = -0;
  let c = -0;
  let d = -0;
  let at = start;
  for (; at + 3 < end; at += 4) {
    a += words[at];
    b += words[at + 1];
    c += words[at + 2];
    d += words[at + 3];
  }
  for (; at < end; at++) a += words[at];
  return a + b + c + d;
}
