// One side of a comparison: a process that is told a number, and answers with what it took.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { performance } from "node:perf_hooks";
import process from "node:process";
import { setTimeout } from "node:timers/promises";
import { createInterface } from "node:readline";

/** How many times as long as it should a round may take, where others use the processors too. */
const PATIENCE = 10;

/** How long is waited for what a side that ended has still to say. */
const LAST_WORDS_MS = 1000;

export class Side {
  #process;
  #answers;
  #times = 1;
  #complaint = "";

  constructor([command, ...args]) {
    this.#process = spawn(command, args, { stdio: "pipe" });
    this.#process.stderr.unref(); // what a side has started may hold it for longer
    this.#process.stderr.on("data", (data) => {
      process.stderr.write(data);
      this.#complaint += data;
    });
    this.#process.stdin.on("error", () => {}); // its end is noticed where its answer is missed
    this.#answers = createInterface({ input: this.#process.stdout })[Symbol.asyncIterator]();
  }

  /**
   * Finds how many times fill a round of so many milliseconds.
   *
   * @param clock Of which time; while a side waits, CPU time stands still
   */
  async calibrate(milliseconds, clock) {
    const round = milliseconds * 1e6;
    const spent = ({ cpu, wall }) => clock === "cpu" ? Math.max(cpu, wall / PATIENCE) : wall;
    await this.work(); // the first time loads what is loaded once, and takes long
    for (;;) {
      // Only a long round is believed, and only twice: anything may get in the way of a short one.
      const long = round / 2 / this.#times;
      const costs = [spent(await this.work())];
      if (costs[0] > long) costs.push(spent(await this.work()));
      if (costs.length === 2 && costs[1] > long) {
        this.#times = Math.max(1, Math.round(round / costs[1]));
        return;
      }
      this.#times *= 2;
    }
  }

  /**
   * Works for so many milliseconds, of which nothing counts: V8 compiles what is called often, and
   * then once more what turned out to be worth it, which the first rounds would be charged with.
   */
  async warmUp(milliseconds) {
    const until = performance.now() + milliseconds;
    while (performance.now() < until) await this.work();
  }

  /** What one time costs, in nanoseconds: of CPU, and of the clock on the wall. */
  async work() {
    this.#process.stdin.write(`${this.#times}\n`);
    const { value, done } = await this.#answers.next();
    if (done) throw new Error(await this.#whyItEnded());
    const [cpu, wall] = value.split(" ").map(Number);
    return { cpu: cpu / this.#times, wall: wall / this.#times };
  }

  end() {
    this.#process.stdin.end();
  }

  /** Ends it in the middle of its work, for which nobody waits any longer. */
  stop() {
    this.#process.kill();
  }

  /** Which error it had, as far as it said so, or else what it was. */
  async #whyItEnded() {
    if (!this.#process.stderr.closed) {
      await Promise.race([once(this.#process.stderr, "close"), setTimeout(LAST_WORDS_MS)]);
    }
    const errors = this.#complaint.match(/^.*([Ee]rror:|not permitted|\bE[A-Z]{3,}\b).*$/gm);
    const said = errors?.[0].trim();
    if (process.getuid() !== 0 && /EPERM|not permitted/.test(this.#complaint)) {
      return `takes root, for a network of its own: ${said}`;
    }
    return said ?? `ended too early: ${this.#process.spawnargs.join(" ")}`;
  }
}
