/**
 * What a bench file is written with. Each side of a comparison runs in a process of its own, so
 * that none spoils the code of another, and is driven through the same few lines of text: it
 * reads a number, does its work that many times, and answers with the nanoseconds it took. A C
 * yardstick speaks them too, see `bench_main.c`. `scripts/bench.mjs` asks the sides in turn.
 *
 * @module
 */
import process from "node:process";
import { createInterface } from "node:readline";

/** Does the work `times` times, in a loop of its own. */
export type Work = (times: number) => void | Promise<void>;

/** Work that a peer does, in every runtime or in one alone; or C. */
export type Peer = Work | { in: "deno" | "bun"; work: Work } | string;

/** One comparison. */
export interface Comparison {
  /** How many bytes one operation moves; the unit is then seconds per gigabyte. */
  bytes?: number;
  /** The work done with our packages. */
  ours: Work;
  /** The same work done by others; C as the text of `void run(long times)` and its includes. */
  peers: { C?: string } & Record<string, Peer>;
  /**
   * The text of a C program that every side starts for itself, such as the client of a server; its
   * path is in the variable `BENCH_PARTNER`.
   */
  partner?: string;
  /** The CPU time that counts, in nanoseconds: by default that of this process. */
  cpu?: () => number;
  /** Which time the ratio is of: by default `cpu`; `wall` where waiting is what is compared. */
  clock?: "cpu" | "wall";
}

/**
 * Declares a comparison. Run with no argument, a bench file lists what it has; with the name of
 * a comparison and of a side, it becomes that side.
 */
export function bench(name: string, comparison: Comparison): void {
  const { bytes, ours, peers, partner, clock = "cpu", cpu = ownCpu } = comparison;
  const [wanted, side] = process.argv.slice(2);
  if (wanted === undefined) {
    const sides = Object.entries(peers).map(description);
    console.log(JSON.stringify({ name, bytes, clock, partner, peers: sides }));
  } else if (wanted === name) {
    const peer = side === "ours" ? ours : peers[side];
    const work = typeof peer === "object" ? peer.work : peer;
    if (typeof work !== "function") throw new Error(`${name} has no side called ${side} to run`);
    serve(work, cpu);
  }
}

function description([name, peer]: [string, Peer]) {
  if (typeof peer === "string") return { name, source: peer };
  return typeof peer === "object" ? { name, in: peer.in } : { name };
}

/** The CPU time of this process, all of its threads, in nanoseconds. */
export function ownCpu(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) * 1000;
}

async function serve(work: Work, cpu: () => number): Promise<void> {
  for await (const line of createInterface({ input: process.stdin })) {
    const times = Number(line);
    const before = { cpu: cpu(), wall: process.hrtime.bigint() };
    const done = work(times);
    if (done) await done;
    const wall = Number(process.hrtime.bigint() - before.wall);
    process.stdout.write(`${cpu() - before.cpu} ${wall}\n`);
  }
  process.exit(); // whatever the work has left running
}
