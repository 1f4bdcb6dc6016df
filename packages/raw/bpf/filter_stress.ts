/**
 * Proves that no filter hurts who runs it: a million programs, each made of a good one by changing,
 * cutting, repeating and mixing its bytes or its text, are decoded, validated, printed and run. Nothing
 * is thrown but a FilterError, and nothing hangs. What is valid goes through text and gives the same
 * result, and reads nothing beyond the packet.
 *
 * Run by `npm run stress`, in every runtime; arguments are a seed and how many programs.
 */
import assert from "node:assert/strict";
import process from "node:process";
import fc from "fast-check";
import {
  assemble,
  decodeFilter,
  disassemble,
  encodeFilter,
  FilterError,
  filterFunction,
  formatDecimal,
  operationsOf,
  parseDecimal,
  type Program,
  validateFilter,
} from "@posixly/raw/bpf";
import { mutantOf, randomFrom } from "@posixly/testing";
import { validProgram } from "./program_fixture.ts";

const [seed = 1, count = 1_000_000] = process.argv.slice(2).map(Number);
const SLOWEST_MS = 500;

const good = fc.sample(validProgram, { seed, numRuns: 500 });
const bytesOfGood = good.map(encodeFilter);
const textOfGood = [
  ...good.map(disassemble),
  "ld #pktlen\njgt #100, keep, drop ; far\nkeep: ret #-1\ndrop: ret #0",
  "ldxb 4*([14]&0xf)\nldh [x + 16]\njeq #53, 3, 4 // both\nret a\nret #0",
  "/* all */ a: b: ldi 07\nst M[3]\nldxi #0xff\nja end\nend: txa\nret",
  "ldb [vlanp]\njset #1, 2, 3\nldh proto\nret %a",
];
/** What the parser of text knows, and what it stumbles over. */
const tokens = [
  ..."#[]():,;*&+-x0\n\t \0",
  ..."M[ 4*( -1 0x 08 1e9 4294967296 99999999999999999999 /* */ // ret ld ldx ja jeq jset x".split(
    " ",
  ),
  "\u2028",
  "ſ",
];

const random = randomFrom(seed);

const memory = new Uint8Array(1024);

/** Writes a mutant of a good program, and returns it. */
function mutantOfBytes(): Uint8Array {
  const parent = bytesOfGood[random(bytesOfGood.length)];
  memory.set(parent);
  let { length } = parent;
  for (let changes = random(5); changes > 0 && length > 0; changes--) {
    const at = random(length);
    switch (random(5)) {
      case 0:
        memory[at] ^= 1 << random(8);
        break;
      case 1: // what parsers stumble over
        memory[at] = [0, 1, 0x7f, 0x80, 0xff][random(5)];
        break;
      case 2: // seldom, since what is cut has no end
        length = random(4) === 0 ? at : at & ~7;
        break;
      case 3: { // a piece of another, most often from the border of an instruction
        const other = bytesOfGood[random(bytesOfGood.length)];
        const start = random(other.length) & ~7;
        const to = random(8) === 0 ? at : at & ~7;
        const piece = other.subarray(start, start + 8 * random(6));
        memory.set(piece, to);
        length = Math.max(length, to + piece.length);
        break;
      }
      case 4: // a code that may exist
        memory[at & ~7] = random(256);
        memory[(at & ~7) + 1] = 0;
    }
  }
  return memory.subarray(0, length);
}

/** What it gives, or `undefined` if it says that this is no program. */
function given<T>(run: () => T): T | undefined {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof FilterError)) throw error;
  }
}

const room = Uint8Array.from({ length: 128 }, (_, i) => i * 7);
const ancillary = { random: 5, cpu: 1, vlanTag: 9, interface: 2, hardwareType: 1 };
const tally = { programs: 0, valid: 0 };

/** Everything there is to do with a program, valid or not. */
function check(program: Program): void {
  tally.programs++;
  const filter = given(() => filterFunction(program));
  const isValid = given(() => (validateFilter(program), true)) ?? false;
  assert.equal(filter !== undefined, isValid);
  given(() => operationsOf(program));
  given(() => assemble(disassemble(program)));
  if (done % 16 === 0) assert.deepEqual(parseDecimal(formatDecimal(program)), program);
  if (filter === undefined) return;
  tally.valid++;
  const length = random(room.length);
  const options = { ancillary, network: Math.min(14, length), link: 0 };
  const result = filter(room.subarray(0, length), options);
  assert.ok(Number.isInteger(result) && result >= 0 && result < 2 ** 32, String(result));
  if (done % 4 !== 0) return;
  // A copy has nothing behind it: a filter that reads on gives something else.
  assert.equal(filter(room.slice(0, length), options), result);
  const again = assemble(disassemble(program)); // without what means nothing
  assert.equal(filterFunction(again)(room.subarray(0, length), options), result);
}

/** In milliseconds: others may have the processor meanwhile. */
function cpuTime(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

let done = 0;
let slowest = 0;
let input: Uint8Array | string = "";

try {
  for (; done < count; done++) {
    const before = done % 16 === 0 ? cpuTime() : undefined;
    if (done % 3 === 0) {
      const text = input = mutantOf(textOfGood, tokens, random, 1 + random(4));
      const program = given(() => assemble(text));
      given(() => parseDecimal(text));
      if (program !== undefined) check(program);
    } else {
      const bytes = input = mutantOfBytes();
      const program = given(() => decodeFilter(bytes));
      if (program !== undefined) {
        assert.deepEqual(encodeFilter(program), bytes.slice());
        check(program);
      }
    }
    if (before !== undefined) slowest = Math.max(slowest, cpuTime() - before);
  }
  if (slowest > SLOWEST_MS) throw new Error(`one took ${slowest} ms`);
} catch (error) {
  console.error(`program ${done} of seed ${seed}: ${JSON.stringify(String(input))}`);
  throw error;
}
console.log(
  `${done} inputs gave ${tally.programs} programs, ${tally.valid} of them valid; ` +
    `the slowest took ${slowest.toFixed(1)} ms`,
);
