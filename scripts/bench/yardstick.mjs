// The C side of a comparison.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../files.mjs";

/** Programs are kept, each under the hash of its text. */
const cache = join(root, "node_modules/.cache/bench");
const main = join(root, "packages/testing/bench_main.c");

/**
 * Compiles a yardstick, or returns undefined where there is no C compiler.
 *
 * @param source The text of `run`, or of a whole program that has a `main` of its own
 */
export function compile(source, { isWhole = false } = {}) {
  const program = join(cache, createHash("sha256").update(source).digest("hex").slice(0, 16));
  if (existsSync(program)) return program;
  mkdirSync(cache, { recursive: true });
  writeFileSync(`${program}.c`, source);
  const cc = spawnSync("cc", ["-O2", "-o", program, `${program}.c`, ...isWhole ? [] : [main]], {
    stdio: "inherit",
  });
  if (cc.error?.code === "ENOENT") return undefined;
  if (cc.status !== 0) throw new Error(`cc could not compile ${program}.c`);
  return program;
}
