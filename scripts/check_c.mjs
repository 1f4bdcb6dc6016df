// Asks a C compiler whether what the packages say about C is true, here and on the other
// processor: each constant, `sizeof`, `_Alignof` and `offsetof`, that each function exists, and
// that its arguments are as wide as we say.
//
// A package says all this in `libc.ts`: constants in capitals, structs that name their `c`, one
// table `libc` of functions, tables of other libraries, of which only the arguments are compared,
// and the `headers` to look into. `newer` lists names that may be newer than the headers here; those
// are compared only where the headers know them. A struct in that list may have grown: of it as many
// fields are compared as the headers know.
//
//   node scripts/check_c.mjs            every package
//   node scripts/check_c.mjs fd         some
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { readArguments, requireNames } from "./arguments.mjs";
import { absent, compileAndRun, cplusplus, preprocess, targets } from "./c_compiler.mjs";
import { compareSignatures, signatureProgram, signaturesOf } from "./c_signatures.mjs";
import { packages, root } from "./files.mjs";

const { positionals: named } = readArguments({ allowPositionals: true });
requireNames(named, packages, "package");
const toCheck = (named.length > 0 ? named : packages)
  .filter((name) => existsSync(join(root, "packages", name, "libc.ts")));

// What is asked is the compiled code. Whether all types are right is for another rule to say.
const projects = toCheck.map((name) => `packages/${name}`);
spawnSync("node_modules/.bin/tsc", ["-b", ...projects], { cwd: root });

let wrong = false;
for (const name of toCheck) {
  for (const target of targets) attempt(`${name} on ${target.arch}`, target, checkData, name);
  attempt(`signatures of ${name}`, cplusplus, checkSignatures, name);
}
process.exitCode = wrong ? 1 : 0;

/** Runs one check and says how it went; it is skipped where there is no compiler, but not in CI. */
function attempt(title, target, check, name) {
  const missing = absent(target);
  if (missing !== undefined) {
    wrong ||= Boolean(process.env.CI);
    return console.log(`${title}: skipped, ${missing} is not here`);
  }
  try {
    const { compared, complaints } = check(name, target);
    wrong ||= complaints.length > 0;
    console.log([`${title}: ${compared} compared`, ...complaints].join("\n  "));
  } catch (error) {
    wrong = true;
    console.log(`${title}: ${error.message}`);
  }
}

function checkData(name, target) {
  const said = whatIsSaid(name, target.arch);
  const text = preprocess(includes(said), target);
  const structs = said.structs.map((struct) => (
    said.newer.includes(struct.c) ? knownPart(struct, text) : struct
  ));
  const claims = new Map(claimsOf({ ...said, structs }));
  const answers = compileAndRun(dataProgram(said, [...claims.keys()]), target);
  const complaints = answers.flatMap((answer) => {
    const [, value, expression] = answer.match(/^(\S+) (.*)$/);
    const claim = claims.get(expression);
    return value === claim ? [] : [`${expression} is ${value}, not ${claim}`];
  });
  return { compared: answers.length, complaints };
}

function whatIsSaid(name, arch) {
  const script = join(root, "scripts/c_side.mjs");
  return JSON.parse(execFileSync(process.execPath, [script, name, arch], { encoding: "utf8" }));
}

/** A struct as it was before its first field that the headers do not know. */
function knownPart(struct, text) {
  const fields = Object.entries(struct.offsets);
  const known = new Set(text.match(/\b\w+\b/g));
  const end = fields.findIndex(([field]) => !field.startsWith("_") && !known.has(field));
  if (end === -1) return struct;
  const size = Math.ceil(fields[end][1] / struct.align) * struct.align;
  return { ...struct, size, offsets: Object.fromEntries(fields.slice(0, end)) };
}

/** Each claim is a C expression and the value we say it has. */
function* claimsOf({ constants, structs }) {
  yield* constants;
  for (const { name, c, size, align, offsets } of structs) {
    if (c === undefined) throw new Error(`struct ${name} does not name its c`);
    yield [`sizeof(${c})`, String(size)];
    yield [`_Alignof(${c})`, String(align)];
    for (const [field, offset] of Object.entries(offsets)) {
      // The others are padding, or unions that C leaves unnamed.
      if (!field.startsWith("_")) yield [`offsetof(${c}, ${field})`, String(offset)];
    }
  }
}

function includes({ headers }) {
  return `#define _GNU_SOURCE
#include <stddef.h>
#include <stdio.h>
${headers.map((header) => `#include <${header}>`).join("\n")}
`;
}

function dataProgram(said, expressions) {
  const { newer, functions } = said;
  const shown = expressions.map((expression) =>
    newer.includes(expression)
      ? `#ifdef ${expression}\nSHOW(${expression});\n#endif`
      : `SHOW(${expression});`
  );
  return `${includes(said)}
#define SHOW(x) printf("%s%llu %s\\n", (x) < 0 ? "-" : "", \\
  (x) < 0 ? -(unsigned long long)(x) : (unsigned long long)(x), #x)
void *functions[] = { ${functions.map((name) => `(void *)${name}, `).join("")}0 };
int main(void) {
${shown.join("\n")}
  return 0;
}
`;
}

function checkSignatures(name) {
  const signatures = signaturesOf(join(root, "packages", name, "libc.ts"));
  const { headers } = whatIsSaid(name, process.arch);
  const prototypes = compileAndRun(signatureProgram(headers, signatures), cplusplus);
  return { compared: prototypes.length, complaints: compareSignatures(signatures, prototypes) };
}
