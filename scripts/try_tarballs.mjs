// Installs each package alone, from its tarball, in an empty folder, and there imports all it has and
// runs the first example of its README in Node 20, Node 26, Deno and Bun: what a user does first. Its
// commands are asked for their help.
//
//   npm run release:try                   of what is there now
//   npm run release:try -- FOLDER         of tarballs that release:pack has put there
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import process from "node:process";
import ts from "typescript";
import { readArguments } from "./arguments.mjs";
import { examplesIn } from "./examples.mjs";
import { pattern } from "./expected.mjs";
import { root } from "./files.mjs";
import { pack, tarballsIn } from "./pack.mjs";
import { programs } from "./runtimes.mjs";

/** How each runtime runs a program that lies beside node_modules; Deno with the one permission it needs. */
const runtimes = {
  node20: [process.execPath],
  node26: programs.node26 && [programs.node26],
  deno: programs.deno && [programs.deno, "run", "--quiet", "--no-prompt", "--allow-ffi"],
  bun: programs.bun && [programs.bun, "run"],
};

const { positionals: [packed] } = readArguments({ allowPositionals: true });
const folder = mkdtempSync(join(tmpdir(), "posixly-tarballs-"));
let failed = false;
try {
  const tarballs = Object.fromEntries(
    (packed ? tarballsIn(resolve(packed)) : pack(join(folder, "tarballs"))).map((file) => {
      const [, name] = file.match(/posixly-(\w+)-[^/]*\.tgz$/);
      return [name, file];
    }),
  );
  for (const name of Object.keys(tarballs)) {
    const place = install(name, tarballs);
    const { code, output, network } = firstExample(name);
    writeFileSync(join(place, "example.mjs"), `${importsOf(name)}${compile(code)}`);
    for (const [runtime, command] of Object.entries(runtimes)) {
      const run = () => attempt([...command, "example.mjs"], place, output);
      say(name, runtime, judge(command, network, run));
    }
    for (const bin of Object.keys(manifestOf(name).bin ?? {})) {
      say(name, bin, attempt([join(place, "node_modules/.bin", bin), "--help"], place, "Usage: …"));
    }
  }
} finally {
  rmSync(folder, { recursive: true });
}
process.exitCode = failed ? 1 : 0;

function say(name, what, verdict) {
  console.log(`${name.padEnd(10)}${what.padEnd(10)}${verdict}`);
  failed ||= verdict !== "ok";
}

/** Packets of one's own making go over loopback here, and take a right. */
function judge(command, network, run) {
  if (command === undefined) return "not installed here";
  return network && process.getuid() !== 0 ? "takes root" : run();
}

/** An import of each subpath, but for commands. */
function importsOf(name) {
  const paths = Object.keys(manifestOf(name).exports).filter((path) => path !== "./cli");
  return paths.map((path) => `import ${JSON.stringify(join("@posixly", name, path))};\n`).join("");
}

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
  const direct = Object.keys(manifestOf(name).dependencies)
    .filter((one) => one.startsWith("@posixly/")).map((one) => one.slice("@posixly/".length));
  return [...new Set(direct.flatMap((one) => [one, ...dependenciesOf(one)]))];
}

function manifestOf(name) {
  return JSON.parse(readFileSync(join(root, "packages", name, "package.json"), "utf8"));
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
  const { status, signal, stdout, stderr } = spawnSync(program, args, {
    cwd: place,
    encoding: "utf8",
    timeout: 20_000,
  });
  if (status !== 0) return `failed (${signal ?? status})\n${stdout}${stderr}`;
  if (output !== undefined && !pattern(output).test(stdout.trimEnd())) return `printed\n${stdout}`;
  return "ok";
}
