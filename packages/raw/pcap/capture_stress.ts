/**
 * Proves that no file hurts who reads it: four million captures are made of good ones by flipping,
 * inserting, removing and repeating bytes, by numbers at the ends of their ranges where lengths are,
 * and by putting the beginning of one before the end of another. Each is read in chunks of any size.
 * It gives packets that lie within it and then ends, or throws a `CaptureFileError`, and nothing else;
 * what is left of its blocks is written again and read as the same.
 *
 * Run by `npm run stress`, in every runtime; arguments are a seed and how many files.
 */
import assert from "node:assert/strict";
import process from "node:process";
import { type CaptureBlock, CaptureDecoder, captureWriter } from "@posixly/raw/pcap";
import { randomFrom } from "@posixly/testing";
import { blocksOf, concat, copiesOf, samples } from "./capture_fixture.ts";

const SEED = Number(process.argv[2] ?? 1);
const FILES = Number(process.argv[3] ?? 4_000_000);
/** How often what was read is written again, which costs more than reading it. */
const WRITTEN = 16;
const EXTREMES = [
  0,
  1,
  3,
  4,
  11,
  12,
  13,
  0x7fff,
  0xffff,
  0x10000,
  0x7fffffff,
  0x80000000,
  2 ** 32 - 1,
];

const choose = randomFrom(SEED);

const files = samples.map(([, file]) => file);

function mutated(): Uint8Array {
  let file = files[choose(files.length)].slice();
  for (let i = choose(4); i >= 0; i--) file = mutate(file);
  return file;
}

function mutate(file: Uint8Array): Uint8Array<ArrayBuffer> {
  const at = choose(file.length);
  const copy = Uint8Array.from(file);
  switch (choose(7)) {
    case 0:
      copy[at] ^= 1 << choose(8);
      return copy;
    case 1:
      copy[at] = choose(256);
      return copy;
    case 2:
      return copy.slice(0, at);
    case 3:
      return concat([copy.subarray(0, at), copy.subarray(at + choose(9))]);
    case 4:
      return concat([copy.subarray(0, at), copy.subarray(choose(copy.length))]);
    case 5: {
      const other = files[choose(files.length)];
      return concat([copy.subarray(0, at), other.subarray(choose(other.length))]);
    }
    default: {
      const aligned = at & ~3;
      if (aligned + 4 > copy.length) return copy;
      const value = EXTREMES[choose(EXTREMES.length)];
      new DataView(copy.buffer).setUint32(aligned, value, choose(2) === 0);
      return copy;
    }
  }
}

let problems = 0;
let packets = 0;

/** What a file gives, read in chunks; it is counted whether it was whole. */
function read(file: Uint8Array): CaptureBlock[] {
  const decoder = new CaptureDecoder();
  const blocks: CaptureBlock[] = [];
  try {
    for (let at = 0; at < file.length;) {
      const end = at + 1 + choose(file.length);
      decoder.push(file.subarray(at, end));
      at = end;
      for (let block; (block = decoder.next()) !== undefined;) blocks.push(block);
    }
    decoder.end();
  } catch (error) {
    if ((error as Error).name !== "CaptureFileError") throw error;
    problems++;
  }
  return blocks;
}

function check(file: Uint8Array, blocks: readonly CaptureBlock[]): void {
  let total = 0;
  for (const block of blocks) {
    if (block.kind !== "packet") continue;
    packets++;
    total += block.bytes.length;
  }
  assert.ok(total <= file.length, "packets have more bytes than there are");
}

/** What was read is written as it was, and its copies say the same. */
function checkWritten(file: Uint8Array, blocks: readonly CaptureBlock[]): void {
  if (blocks.length === 0) return;
  const format = blocks[0].kind === "header" ? "pcap" : "pcapng";
  const same = captureWriter({ format });
  const written = concat(blocks.map((block) => same.write(block)));
  assert.deepEqual(written, file.slice(0, written.length));
  const anew = captureWriter({ format });
  let copies: Uint8Array;
  try {
    copies = concat(copiesOf(blocks).map((block) => anew.write(block)));
  } catch (error) {
    // Times that are out of range, since what was added to them is; a file may say so.
    if (error instanceof RangeError) return;
    throw error;
  }
  assert.equal(blocksOf(copies).length, blocks.length);
}

const started = Date.now();
for (let i = 0; i < FILES; i++) {
  const file = mutated();
  try {
    const blocks = read(file);
    check(file, blocks);
    if (i % WRITTEN === 0) checkWritten(file, blocks);
  } catch (error) {
    console.error(`file ${i} of seed ${SEED}:`, file.toString());
    throw error;
  }
}
const seconds = ((Date.now() - started) / 1000).toFixed(1);
console.log(`${FILES} files, ${problems} of them damaged, gave ${packets} packets in ${seconds} s`);
