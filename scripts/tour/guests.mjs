// Runs a program of the guide in each runtime that the tour is given in, and judges what it printed.
import { spawn, spawnSync } from "node:child_process";
import { join } from "node:path";
import process from "node:process";
import { text } from "node:stream/consumers";
import { root, runtimes } from "../runtimes.mjs";

const SECONDS = 30;

/** Types are stripped once and not at each start, which takes as long as most of the programs. */
const NODE_COMPILE_CACHE = join(root, "node_modules/.cache/tour");

const [compiled, stripped, deno] = runtimes;

/** Whether there is no Node that strips types, and packages have to be compiled for the other. */
export const takesCompiling = stripped.command === undefined;

/** Node and Deno, by what the tour calls them; one that is not installed is left out. */
export const guests = [
  { label: "Node", ...(takesCompiling ? compiled : stripped) },
  { label: "Deno", ...deno },
].filter(({ command }) => command);

/** The version of a guest. */
export function versionOf({ command }) {
  const [program] = command("");
  const { stdout } = spawnSync(program, ["--version"], { encoding: "utf8" });
  return stdout.match(/\d+(\.\d+)+/)[0];
}

/**
 * Runs an experiment in every runtime at once.
 *
 * @returns A run for each: whether it went as the guide says, what it printed, the figures in that
 * which differ from machine to machine, and how long it took with the runtime's own start
 */
export function runEverywhere({ source, network, expected }) {
  return Promise.all(guests.map(async ({ name, label, command }) => {
    const program = command(join(root, source));
    if (network) program.splice(-1, 0, join(root, "scripts/in_own_network.mjs"));
    const { status, signal, output, errors, milliseconds } = await run(program);
    const match = output.match(expected);
    return {
      runtime: name,
      label,
      ok: status === 0 && match !== null,
      milliseconds,
      lines: output === "" ? [] : output.split("\n"),
      values: (match ?? []).slice(1).map(valueOf),
      problems: problemsOf({ status, signal, errors, match }),
    };
  }));
}

async function run([program, ...args]) {
  const begun = performance.now();
  const child = spawn(program, args, {
    cwd: root,
    env: { ...process.env, NO_COLOR: "1", NODE_COMPILE_CACHE },
    stdio: ["ignore", "pipe", "pipe"],
    timeout: SECONDS * 1000,
  });
  const closed = new Promise((resolve) =>
    child.on("close", (status, signal) => resolve({ status, signal }))
  );
  const [output, errors] = await Promise.all([text(child.stdout), text(child.stderr)]);
  const ended = await closed;
  const milliseconds = Math.round(performance.now() - begun);
  return { ...ended, output: output.trimEnd(), errors: errors.trimEnd(), milliseconds };
}

function problemsOf({ status, signal, errors, match }) {
  if (status !== 0) return [...errors.split("\n"), `ended with ${signal ?? status}`];
  return match === null ? ["this is not what the guide says"] : [];
}

/** A number, where it is one. */
function valueOf(text) {
  return text.trim() !== "" && Number.isFinite(Number(text)) ? Number(text) : text;
}
