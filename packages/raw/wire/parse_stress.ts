/**
 * Proves at length what the tests show in short: ten million packets, each made of a good one by
 * changing, cutting, repeating and mixing its bytes, are taken apart, printed and put together.
 * Nothing is thrown but a WireError, and nothing hangs.
 *
 * Run by `npm run stress`, in every runtime; numbers as arguments are the seed, and how many.
 */
import process from "node:process";
import {
  dissectLax,
  formatPacket,
  fragment,
  ipv4,
  ipv6,
  type Packet,
  packet,
  Reassembler,
  udp,
} from "@posixly/raw/wire";
import { randomFrom } from "@posixly/testing";
import { frames } from "./frames_fixture.ts";
import { bytesOf, vectors } from "./vectors_fixture.ts";

const [seed = 1, count = 10_000_000] = process.argv.slice(2).map(Number);
const SLOWEST_MS = 500;

const memory = new Uint8Array(4096);
const links = ["ethernet", "ip", "ipv4", "ipv6"] as const;
const good = [...frames, ...vectors.map(({ hex }) => bytesOf(hex))];
/** The same without their Ethernet header, so that more of the rest is reached. */
const packets = good.map((each) => each.length > 14 && each[0] >> 4 < 4 ? each.subarray(14) : each);
const large = udp({ sourcePort: 1, destinationPort: 2 });
packets.push(
  ...fragment(packet(ipv4({ source: "10.0.0.1", destination: "10.0.0.2" }), large, memory), 1000),
  ...fragment(packet(ipv6({ source: "fe80::1", destination: "fe80::2" }), large, memory), 1000, {
    identification: 1,
  }),
);

const random = randomFrom(seed);

/** Writes a mutant of a good packet, and returns it. */
function mutant(from: readonly Uint8Array[]): Uint8Array {
  const parent = from[random(from.length)];
  memory.set(parent);
  let { length } = parent;
  for (let changes = random(5); changes > 0 && length > 0; changes--) {
    const at = random(length);
    switch (random(7)) {
      case 0:
        memory[at] ^= 1 << random(8);
        break;
      case 1:
        memory[at] = random(256);
        break;
      case 2: // what parsers stumble over
        memory[at] = [0, 1, 0x7f, 0x80, 0xff][random(5)];
        break;
      case 3:
        length = at;
        break;
      case 4: { // a piece of another
        const other = from[random(from.length)];
        const start = random(other.length);
        const piece = other.subarray(start, Math.min(other.length, start + random(40)));
        memory.set(piece, at);
        length = Math.max(length, at + piece.length);
        break;
      }
      case 5: { // the same again
        const end = Math.min(length, at + random(60));
        if (length + end - at > memory.length) break;
        memory.copyWithin(end + end - at, end, length);
        memory.copyWithin(end, at, end);
        length += end - at;
        break;
      }
      case 6:
        memory.fill(random(256), length, Math.min(memory.length, length + random(64)));
        length = Math.min(memory.length, length + random(64));
    }
  }
  return memory.subarray(0, length);
}

/** All getters of a type, found once. */
const getters = new Map<object, string[]>();

function gettersOf(view: object): string[] {
  const type = Object.getPrototypeOf(view);
  let names = getters.get(type);
  if (names === undefined) {
    names = [];
    for (let each = type; each !== Object.prototype; each = Object.getPrototypeOf(each)) {
      for (const [name, { get }] of Object.entries(Object.getOwnPropertyDescriptors(each))) {
        if (get) names.push(name);
      }
    }
    getters.set(type, names);
  }
  return names;
}

function look(found: Packet): void {
  for (const view of found.layers) {
    for (const name of gettersOf(view)) Reflect.get(view, name);
    found.checksumOf(view);
  }
}

function sameAgain(found: Packet): void {
  const again = packet(...found.parts());
  if (again.length !== found.bytes.length) throw new Error("made again of other length");
  for (let i = 0; i < again.length; i++) {
    if (again[i] !== found.bytes[i]) throw new Error(`made again with another byte ${i}`);
  }
}

/** In milliseconds: others may have the processor meanwhile. */
function cpuTime(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

const reassembler = new Reassembler({ maxBytes: 2 ** 20, overlap: "last" });
const tally = { good: 0, problems: 0, refused: 0 };
let done = 0;
let slowest = 0;
let line = "";

function run(): void {
  for (; done < count; done++) {
    const link = done % 2 === 0 ? "ethernet" : links[1 + random(3)];
    const bytes = mutant(link === "ethernet" ? good : packets);
    const before = done % 16 === 0 ? cpuTime() : undefined;
    const found = dissectLax(bytes, { link });
    if (found.problem) tally.problems++;
    else tally.good++;
    look(found);
    if (done % 4 === 0) line = formatPacket(found);
    if (done % 8 === 0) sameAgain(found);
    if (link !== "ethernet" && done % 3 === 0) {
      try {
        reassembler.add(bytes, done);
      } catch (error) {
        if ((error as { code?: string }).code !== "ERR_WIRE") throw error;
        tally.refused++;
      }
      if (done % 1000 === 999) reassembler.expire(done);
    }
    if (before !== undefined) slowest = Math.max(slowest, cpuTime() - before);
  }
}

try {
  run();
  if (slowest > SLOWEST_MS) throw new Error(`one took ${slowest} ms`);
} catch (error) {
  const hex = Array.from(memory.subarray(0, 200), (byte) => byte.toString(16).padStart(2, "0"));
  console.error(`packet ${done} of seed ${seed}: ${hex.join("")}`);
  throw error;
}
console.log(
  `${done} packets: ${tally.good} good, ${tally.problems} with a problem, ` +
    `${tally.refused} refused; the slowest took ${slowest.toFixed(1)} ms; the last: ${line}`,
);
console.log(JSON.stringify(reassembler.counts));
