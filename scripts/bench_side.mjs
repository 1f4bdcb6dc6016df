// One side of a comparison: a process that is told a number, and answers with what it took.
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { createInterface } from "node:readline";
import { root } from "./runtimes.mjs";

/** Where compiled yardsticks are kept, each under the hash of its text. */
const cache = join(root, "node_modules/.cache/bench");
const main = join(root, "packages/testing/bench_main.c");

/** Compiles a yardstick, or returns undefined where there is no C compiler. */
export function compile(source) {
  const program = join(cache, createHash("sha256").update(source).digest("hex").slice(0, 16));
  if (existsSync(program)) return program;
  mkdirSync(cache, { recursive: true });
  writeFileSync(`${program}.c`, source);
  const cc = spawnSync("cc", ["-O2", "-o", program, `${program}.c`, main], { stdio: "inherit" });
  if (cc.error?.code === "ENOENT") return undefined;
  if (cc.status !== 0) throw new Error(`cc could not compile ${program}.c`);
  return program;
}

export class Side {
  #process;
  #answers;

  constructor(name, [command, ...args]) {
    this.name = name;
    this.#process = spawn(command, args, { stdio: ["pipe", "pipe", "inherit"] });
    this.#answers = createInterface({ input: this.#process.stdout })[Symbol.asyncIterator]();
  }

  /** Works `times` times; what one time cost, in nanoseconds of CPU and of the clock on the wall. */
  async work(times) {
    this.#process.stdin.write(`${times}\n`);
    const { value, done } = await this.#answers.next();
    if (done) throw new Error(`${this.name} ended: ${this.#process.spawnargs.join(" ")}`);
    const [cpu, wall] = value.split(" ").map(Number);
    return { cpu: cpu / times, wall: wall / times };
  }

  /** Finds how many times fill a round of so many milliseconds, and so warms the code up. */
  async calibrate(milliseconds) {
    const round = milliseconds * 1e6;
    let times = 1;
    for (;;) {
      const { wall } = await this.work(times);
      // One slow round says little: only a round that is long enough is believed.
      if (wall * times > round / 2) {
        this.times = Math.max(1, Math.round(round / wall));
        return;
      }
      times *= 2;
    }
  }

  end() {
    this.#process.stdin.end();
  }
}
