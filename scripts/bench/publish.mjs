// Keeps what was measured, and the pages about it, in docs/benchmarks.
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { refuse } from "../arguments.mjs";
import { root } from "../files.mjs";
import { programs } from "../runtimes.mjs";
import { pages } from "./page.mjs";

const folder = join(root, "docs/benchmarks");
const kept = join(folder, "results.json");

export function readResults() {
  try {
    return JSON.parse(readFileSync(kept, "utf8"));
  } catch (error) {
    if (error.code !== "ENOENT") throw error;
    refuse("Nothing was measured yet: npm run bench -- --all --quick");
  }
}

export function writeResults(results) {
  mkdirSync(folder, { recursive: true });
  writeFileSync(kept, withShortLines(JSON.stringify(results, null, 2)));
  format();
}

/** What holds nothing but a few figures is on one line. */
function withShortLines(text) {
  return text.replace(/\{\n\s+("runtime"[^{}]*?)\n\s+\}/g, (_, figures) => {
    return `{ ${figures.replace(/\n\s+/g, " ")} }`;
  });
}

/** Writes all pages anew, so that none is left of what is no more. */
export function writePages(results) {
  for (const name of readdirSync(folder)) {
    if (join(folder, name) !== kept) rmSync(join(folder, name), { recursive: true });
  }
  mkdirSync(join(folder, "media"));
  for (const [name, text] of pages(results)) writeFileSync(join(folder, name), text);
  format();
}

function format() {
  if (!programs.deno) throw new Error("The pages are there, but Deno is not, which formats them");
  const { status, stderr } = spawnSync(programs.deno, ["fmt", "--quiet", "docs/benchmarks"], {
    cwd: root,
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(stderr);
}
