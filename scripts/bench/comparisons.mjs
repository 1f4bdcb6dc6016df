// What there is to compare: the comparisons of all bench files, each with its sides here.
import { spawnSync } from "node:child_process";
import { join, sep } from "node:path";
import { filesIn, root } from "../files.mjs";
import { compiled, programs, runtimes } from "../runtimes.mjs";
import { compile } from "./yardstick.mjs";

/** The runtimes that are installed. */
export const present = runtimes.filter(({ command }) => command);

/**
 * Every comparison of some packages, in the order of packages and files: what it says of itself,
 * its package and its file.
 *
 * @param names Those packages; none are all
 */
export function comparisons(names) {
  const packageOf = (file) => file.split(sep)[1];
  return [...filesIn("packages")]
    .filter((file) => file.endsWith("_bench.ts"))
    .filter((file) => names.length === 0 || names.includes(packageOf(file)))
    .sort()
    .flatMap((file) =>
      declared(present[0].command(join(root, file)))
        .map((comparison) => ({ ...comparison, package: packageOf(file), file }))
    );
}

/** The comparisons that a bench file lists. */
function declared([program, ...args]) {
  const list = spawnSync(program, args, { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
  if (list.status !== 0) throw new Error(`Cannot list what is in ${args.at(-1)}`);
  return list.stdout.trim().split("\n").map((line) => JSON.parse(line));
}

/**
 * The `sides` of a comparison, with what to spawn for each, and the `absent` peers with the reason:
 * C, programs and Bun once, and in each runtime we and the peers that run there.
 */
export function sidesOf({ name, peers, ...comparison }) {
  const file = join(root, comparison.file);
  const [sides, absent] = [[], []];
  for (const { name: peer, source } of peers.filter(({ source }) => source !== undefined)) {
    const program = compile(source);
    if (program) sides.push({ peer, command: [program] });
    else absent.push({ peer, reason: "there is no C compiler called cc" });
  }
  for (const { name: peer, program } of peers.filter(({ program }) => program !== undefined)) {
    if (isThere(program)) sides.push({ peer, command: [...present[0].command(file), name, peer] });
    else absent.push({ peer, reason: `${program} is not installed` });
  }
  for (const { name: peer } of peers.filter((peer) => peer.in === "bun")) {
    if (programs.bun) sides.push({ peer, command: [programs.bun, compiled(file), name, peer] });
    else absent.push({ peer, reason: "Bun is not installed" });
  }
  for (const { name: runtime, command } of present) {
    const here = peers.filter((peer) =>
      !peer.source && !peer.program && (peer.in ?? runtime) === runtime
    );
    for (const peer of ["ours", ...here.map(({ name }) => name)]) {
      sides.push({ peer, runtime, command: [...command(file), name, peer] });
    }
  }
  return { sides, absent };
}

function isThere(program) {
  return spawnSync("sh", ["-c", 'command -v "$0"', program], { stdio: "ignore" }).status === 0;
}
