// Runs the long proofs, `packages/*/*_stress.ts`, in every runtime:
//
//   npm run stress
//   npm run stress -- errno
import { spawnSync } from "node:child_process";
import process from "node:process";
import { readArguments, refuse } from "./arguments.mjs";
import { filesIn, root } from "./files.mjs";
import { runtimes } from "./runtimes.mjs";

const { positionals: names } = readArguments({ allowPositionals: true });
const proofs = [...filesIn("packages")].filter((file) =>
  file.endsWith("_stress.ts") && (names.length === 0 || names.some((name) => file.includes(name)))
);
if (proofs.length === 0) refuse(`There is no proof called ${names.join(", ")}`);

let failed = false;
if (
  spawnSync("node_modules/.bin/tsc", ["-b", "packages"], { cwd: root, stdio: "inherit" }).status !==
    0
) {
  process.exit(1);
}
for (const proof of proofs) {
  for (const { name, command } of runtimes) {
    if (command === undefined) {
      console.log(`${name} is not installed`);
      continue;
    }
    console.log(`${name}: ${proof}`);
    const [program, ...args] = command(proof);
    failed ||= spawnSync(program, args, { cwd: root, stdio: "inherit" }).status !== 0;
  }
}
process.exitCode = failed ? 1 : 0;
