// Runs the long proofs, `packages/*/*_stress.ts`, in every runtime:
//
//   npm run stress
//   npm run stress -- errno --runtime deno
//
// and those among them that make hostile inputs for a parser, with as many as there is time for:
//
//   npm run fuzz
//   npm run fuzz -- --inputs 1000000 --seed 7
import { spawnSync } from "node:child_process";
import process from "node:process";
import { readArguments, refuse, requireNames } from "./arguments.mjs";
import { filesIn, root } from "./files.mjs";
import { runtimes } from "./runtimes.mjs";

const { positionals: names, values } = readArguments({
  allowPositionals: true,
  options: {
    runtime: { type: "string", multiple: true, default: [] },
    seed: { type: "string" },
    inputs: { type: "string" },
  },
});
requireNames(values.runtime, runtimes.map(({ name }) => name), "runtime");
for (const name of ["seed", "inputs"]) {
  if (!/^[1-9]\d*$/.test(values[name] ?? "1")) refuse(`--${name} must be a whole number from 1 on`);
}
/** What a proof is told beyond what it knows by itself: a seed, and how many inputs. */
const numbers = values.inputs ? [values.seed ?? "1", values.inputs] : [values.seed ?? []].flat();

const proofs = [...filesIn("packages")].filter((file) =>
  file.endsWith("_stress.ts") && (names.length === 0 || names.some((name) => file.includes(name)))
);
if (proofs.length === 0) refuse(`There is no proof called ${names.join(", ")}`);

if (run("node_modules/.bin/tsc", "-b", "packages")) {
  for (const proof of proofs) for (const runtime of runtimes) prove(proof, runtime);
}

function prove(proof, { name, command }) {
  if (values.runtime.length > 0 && !values.runtime.includes(name)) return;
  if (command === undefined) return console.log(`${name} is not installed`);
  console.log(`${name}: ${proof}`);
  run(...command(proof), ...numbers);
}

/** Whether it succeeds; if it does not, neither do we. */
function run(program, ...args) {
  const { status } = spawnSync(program, args, { cwd: root, stdio: "inherit" });
  if (status !== 0) process.exitCode = 1;
  return status === 0;
}
