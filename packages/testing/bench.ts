/**
 * What a bench file is written with. Each side of a comparison runs in a process of its own, so
 * that none spoils the code of another, and is driven through the same few lines of text: it
 * reads a number, does its work that many times, and answers with the nanoseconds it took. A C
 * yardstick speaks them too, see `bench_main.c`. `scripts/bench.mjs` asks the sides in turn.
 *
 * @module
 */
import { readdirSync, readFileSync } from "node:fs";
import process from "node:process";
import { createInterface } from "node:readline";

/** Does the work `times` times, in a loop of its own. */
export type Work = (times: number) => void | Promise<void>;

/** Work that a peer does, in every runtime; or C; or what is said about it. */
export type Peer = Work | PeerWork | string;

/** Work that a peer does elsewhere. */
export interface PeerWork {
  /** The only runtime that it is done in. */
  in?: "deno" | "bun";
  /** The program that does it, started by `work`: such as a server, which is there but once. */
  program?: string;
  work: Work;
  /** The CPU time that counts, in nanoseconds, if it is not that of the comparison. */
  cpu?: () => number;
}

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
    if (typeof peer === "function") serve(peer, cpu);
    else if (typeof peer === "object") serve(peer.work, peer.cpu ?? cpu);
    else throw new Error(`${name} has no side called ${side} to run`);
  }
}

function description([name, peer]: [string, Peer]) {
  if (typeof peer === "string") return { name, source: peer };
  return typeof peer === "object" ? { name, in: peer.in, program: peer.program } : { name };
}

/** The CPU time of this process, all of its threads, in nanoseconds. */
export function ownCpu(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) * 1000;
}

/**
 * The CPU time of another process, all threads that it still has, in nanoseconds; exact while it
 * rests.
 */
export function cpuOf(pid: number): number {
  let spent = 0;
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    const statistics = readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "utf8");
    spent += Number(statistics.split(" ")[0]); // proc(5) has the other two
  }
  return spent;
}

/**
 * The text of a C function `pin_both` for a partner: it puts the side that started it on the first
 * processor, with all its threads, and itself on the second, so that they do not move about.
 * Includes needed: `dirent.h`, `sched.h`, `stdio.h`, `stdlib.h`, `unistd.h`, with `_GNU_SOURCE`.
 */
export const pinBoth = `
  static void pin(int task, int processor) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(processor, &set);
    sched_setaffinity(task, sizeof set, &set);
  }

  static void pin_both(void) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/task", getppid());
    DIR *tasks = opendir(path);
    for (struct dirent *task; tasks && (task = readdir(tasks));)
      if (atoi(task->d_name)) pin(atoi(task->d_name), 0);
    pin(0, 1);
  }
`;

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
