// Installs each package alone, from its tarball, in an empty folder, and runs the first example of its
// README there in Node 20, Node 26, Deno and Bun: what a user does first.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import ts from "typescript";
import { readArguments } from "./arguments.mjs";
import { examplesIn } from "./examples.mjs";
import { pattern } from "./expected.mjs";
import { root } from "./files.mjs";
import { pack } from "./pack.mjs";
import { programs } from "./runtimes.mjs";

/** How each runtime runs a program that lies beside node_modules; Deno with the one permission it needs. */
const runtimes = {
  node20: [process.execPath],
  node26: programs.node26 && [programs.node26],
  deno: programs.deno && [programs.deno, "run", "--quiet", "--no-prompt", "--allow-ffi"],
  bun: programs.bun && [programs.bun, "run"],
};

readArguments();
const folder = mkdtempSync(join(tmpdir(), "posixly-tarballs-"));
let failed = false;
try {
  const tarballs = Object.fromEntries(
    pack(join(folder, "tarballs")).map((file) => {
      const [, name] = file.match(/posixly-(\w+)-[^/]*\.tgz$/);
      return [name, file];
    }),
  );
  for (const name of Object.keys(tarballs)) {
    const place = install(name, tarballs);
    const { code, output } = firstExample(name);
    writeFileSync(join(place, "example.mjs"), compile(code));
    for (const [runtime, command] of Object.entries(runtimes)) {
      const verdict = command ? attempt(command, place, output) : "not installed here";
      console.log(`${name.padEnd(10)}${runtime.padEnd(8)}${verdict}`);
      failed ||= verdict !== "ok";
    }
  }
} finally {
  rmSync(folder, { recursive: true });
}
process.exitCode = failed ? 1 : 0;

/** An empty folder with a package in it, and with those of ours that it depends on. */
function install(name, tarballs) {
  const place = mkdtempSync(join(folder, `${name}-`));
  const ours = [name, ...dependenciesOf(name)];
  const dependencies = Object.fromEntries(
    ours.map((one) => [`@posixly/${one}`, `file:${tarballs[one]}`]),
  );
  writeFileSync(
    join(place, "package.json"),
    JSON.stringify({ private: true, type: "module", dependencies }),
  );
  const npm = spawnSync("npm", ["install", "--ignore-scripts", "--no-audit", "--no-fund"], {
    cwd: place,
    encoding: "utf8",
  });
  if (npm.status !== 0) throw new Error(`Cannot install ${name}\n${npm.stdout}${npm.stderr}`);
  const installed = readdirSync(join(place, "node_modules/@posixly")).sort();
  if (String(installed) !== String(ours.sort())) {
    throw new Error(`${name} brought along ${installed}`);
  }
  return place;
}

/** Those of ours that a package needs, and what these need: none of them is at the registry yet. */
function dependenciesOf(name) {
  const manifest = JSON.parse(readFileSync(join(root, "packages", name, "package.json"), "utf8"));
  const direct = Object.keys(manifest.dependencies).filter((one) => one.startsWith("@posixly/"))
    .map((one) => one.slice("@posixly/".length));
  return [...new Set(direct.flatMap((one) => [one, ...dependenciesOf(one)]))];
}

function firstExample(name) {
  const [first] = examplesIn(join("packages", name, "README.md"));
  return first;
}

/** For Node 20, which knows neither types nor `using`. */
function compile(source) {
  return ts.transpileModule(source, {
    compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext },
  }).outputText;
}

function attempt([program, ...args], place, output) {
  const { status, signal, stdout, stderr } = spawnSync(program, [...args, "example.mjs"], {
    cwd: place,
    encoding: "utf8",
    timeout: 20_000,
  });
  if (status !== 0) return `failed (${signal ?? status})\n${stdout}${stderr}`;
  if (output !== undefined && !pattern(output).test(stdout.trimEnd())) return `printed\n${stdout}`;
  return "ok";
}
