/**
 * Proves that no mapping can harm who outlives it, and that nothing is kept for ever: a hundred
 * thousand mappings are made, resized and closed while views of theirs are still read and written,
 * some are forgotten while open, and the garbage collector is kept busy. In the end the files
 * have only what was written in time, and memory and address space are back where they were.
 *
 * Run by `npm run stress`, in every runtime.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import process from "node:process";
import { memfd, pread, truncate } from "@posixly/fd";
import { gc, randomFrom, turns } from "@posixly/testing";
import { map, type Mapping } from "@posixly/zerocopy";

const MAPPINGS = 100_000;
const FILE = 1 << 20;
const HELD = 500;
/** One in so many is forgotten while it is open. */
const FORGOTTEN = 1000;
/** What a runtime's own heap may have grown by; much less than all that is mapped. */
const SLACK = 256 << 20;

const choose = randomFrom(Number(process.argv[2] ?? 1));

/** What this process has, in bytes, and how many pieces of address space. */
function usage(): { resident: number; reserved: number; pieces: number; ofFile: number } {
  const status = readFileSync("/proc/self/status", "utf8");
  const kilobytes = (name: string) => Number(status.match(`${name}:\\s+(\\d+) kB`)![1]);
  const maps = readFileSync("/proc/self/maps", "utf8").trimEnd().split("\n");
  return {
    resident: kilobytes("VmRSS") * 1024,
    reserved: kilobytes("VmSize") * 1024,
    pieces: maps.length,
    ofFile: maps.filter((line) => line.includes("/memfd:stress")).length,
  };
}

/** How many bytes the forgotten ones had, whose addresses are not used again. */
let lost = 0;
let warnings = 0;
process.on("warning", ({ message }) => {
  if (!message.includes("was never closed")) return;
  warnings++;
  lost += Number(message.match(/of (\d+) bytes/)![1]);
});

/** How many bytes were mapped in all. */
let mapped = 0;

const file = memfd("stress");
truncate(file, FILE);

/** Views of mappings that are closed, which are still touched. */
const stale: Uint8Array[] = Array.from({ length: HELD }, () => new Uint8Array(1));
const FORBIDDEN = 0xbd;

function touch(view: Uint8Array): void {
  for (let i = 0; i < 4; i++) {
    const at = choose(view.length || 1);
    const found = view[at];
    assert.ok(found === undefined || found === 0 || found === FORBIDDEN, `${found} at ${at}`);
    view[at] = FORBIDDEN;
  }
}

/** Maps something at random, writes into it, and does what else can be done. */
function use(): Mapping {
  const offset = choose(FILE - 1);
  const length = 1 + choose(Math.min(FILE - offset, 1 << choose(21)));
  const mapping = choose(4) === 0
    ? map(null, { length })
    : map(file, { offset, length, protection: "readWrite", shared: choose(2) === 0 });
  mapped += length;
  mapping.bytes[choose(length)] = 1;
  mapping.bytes[length - 1] = 2;
  if (choose(8) === 0) {
    const { bytes } = mapping;
    const [first] = bytes;
    mapping.resize(1 + choose(length));
    assert.equal(mapping.bytes[0], first);
    if (mapping.bytes !== bytes) stale[choose(HELD)] = bytes;
  }
  return mapping;
}

async function round(mappings: number): Promise<void> {
  let garbage: object[] = [];
  for (let i = 1; i <= mappings; i++) {
    const mapping = use();
    if (i % FORGOTTEN !== 0) {
      stale[choose(HELD)] = mapping.bytes;
      mapping.close();
    }
    touch(stale[choose(HELD)]);
    garbage.push({ i, bytes: new Uint8Array(choose(2000)) });
    if (garbage.length === 1024) garbage = [];
    if (i % 100 === 0) await turns(1); // finalizers have their turn
  }
  stale.fill(new Uint8Array(1));
  await gc();
  await gc();
}

await round(MAPPINGS / 10); // so that the runtime has grown to its size
const before = usage();
const lostBefore = lost;
await round(MAPPINGS);
const after = usage();

const bytes = new Uint8Array(FILE);
pread(file, bytes, 0);
assert.ok(bytes.every((byte) => byte <= 2), "a stale view wrote to the file");
assert.equal(after.ofFile, 0, "the file is still mapped");
assert.ok(warnings >= MAPPINGS / FORGOTTEN, `only ${warnings} of the forgotten were found`);
const grown = after.reserved - before.reserved - (lost - lostBefore);
const mega = (bytes: number) => `${(bytes / 2 ** 20).toFixed(1)} MiB`;
console.log(
  `${MAPPINGS} mappings, ${mega(mapped)} in all: ${
    mega(after.resident - before.resident)
  } more resident, ` +
    `${mega(grown)} more address space, ${after.pieces - before.pieces} more pieces; ` +
    `${warnings} were forgotten`,
);
assert.ok(mapped > 10 * SLACK);
assert.ok(after.resident - before.resident < SLACK, "memory was kept");
assert.ok(grown < SLACK, "addresses were kept");
file.close();
