// Compiles small C and C++ programs and runs them, for this processor or another.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";

/** How to compile for each processor, and what runs the result where it is not this one. */
export const targets = [
  { arch: "x64", gnu: "x86_64-linux-gnu", emulator: "qemu-x86_64-static" },
  { arch: "arm64", gnu: "aarch64-linux-gnu", emulator: "qemu-aarch64-static" },
].map(({ arch, gnu, emulator }) => ({
  arch,
  compiler: arch === process.arch ? ["cc"] : [`${gnu}-gcc`, "-static"],
  emulator: arch === process.arch ? [] : [emulator],
}));

/** For what only C++ can ask. */
export const cplusplus = { arch: process.arch, compiler: ["c++", "-std=c++17"], emulator: [] };

/** The program a target needs and this machine does not have, if there is one. */
export function absent({ compiler, emulator }) {
  return [compiler[0], ...emulator].find((program) => spawnSync(program, ["--version"]).error);
}

/**
 * Compiles a program for a target and runs it.
 *
 * @returns The lines it printed
 * @throws {Error} With what the compiler had to say
 */
export function compileAndRun(source, { compiler, emulator }) {
  return withFile(source, compiler, (file) => {
    const program = `${file}.out`;
    output([...compiler, "-w", file, "-o", program]);
    return output([...emulator, program]).trim().split("\n");
  });
}

/** A program with its headers in it, as a target has them. */
export function preprocess(source, { compiler }) {
  return withFile(source, compiler, (file) => output([...compiler, "-E", "-P", file]));
}

function withFile(source, [compiler], use) {
  const folder = mkdtempSync(join(tmpdir(), "posixly-c-"));
  try {
    const file = join(folder, compiler === "c++" ? "main.cc" : "main.c");
    writeFileSync(file, source);
    return use(file);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function output([program, ...args]) {
  const options = { encoding: "utf8", env: { ...process.env, LC_ALL: "C" } };
  const { status, stdout, stderr } = spawnSync(program, args, options);
  if (status !== 0) throw new Error(inShort(stderr) || `${program} failed`);
  return stdout;
}

/** Compilers repeat themselves. */
function inShort(message) {
  const unknown = message.matchAll(/'(\w+)' (?:undeclared|was not declared)/g);
  const fields = message.matchAll(/'([^']+)' has no member named '(\w+)'/g);
  const names = new Set([
    ...[...unknown].map(([, name]) => name),
    ...[...fields].map(([, struct, field]) => `${field} in ${struct}`),
  ]);
  return names.size > 0 ? `the headers do not have ${[...names].join(", ")}` : message.trim();
}
