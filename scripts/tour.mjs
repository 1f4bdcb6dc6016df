// The tour: runs the guide's experiments on the real kernel, in Deno and Node side by side.
//
//   npm start                    every chapter
//   npm start -- --list          their names
//   npm start -- pipes           some of them
import { spawn, spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import process from "node:process";
import { text } from "node:stream/consumers";
import { stripVTControlCharacters, styleText } from "node:util";
import { readArguments, requireNames } from "./arguments.mjs";
import { experimentsIn, writeExamples } from "./examples.mjs";
import { root, runtimes } from "./runtimes.mjs";

// Whoever has seen enough, as head has, closes the pipe.
process.stdout.on("error", ({ code }) => process.exit(code === "EPIPE" ? 0 : 1));

const { values, positionals } = readArguments({
  allowPositionals: true,
  options: { list: { type: "boolean", default: false } },
});

const NEEDS_ROOT =
  "This one sends packets of its own making, in a network of its own, which only " +
  "root may make: it is left out. What it would print is in docs/guide.";

const chapters = readdirSync(join(root, "docs/guide"))
  .filter((file) => file.endsWith(".md"))
  .map((file) => ({ name: basename(file, ".md"), document: `docs/guide/${file}` }))
  .sort((a, b) => orderOf(a) - orderOf(b));

requireNames(positionals, chapters.map(({ name }) => name), "chapter");

if (values.list) {
  for (const { name, document } of chapters) {
    console.log(`${name.padEnd(14)}${summaryOf(document)}`);
  }
  process.exit(0);
}

build();
let failed = false;
for (const { name, document } of chapters) {
  if (positionals.length === 0 || positionals.includes(name)) await show(document);
}
console.log(
  failed
    ? paint("red", "Something above did not answer as it should.")
    : `That was the kernel. The code of each answer is in ${paint("cyan", "docs/guide")}.`,
);
process.exitCode = failed ? 1 : 0;

function build() {
  writeExamples();
  const built = spawnSync("node_modules/.bin/tsc", ["-b", "packages"], { cwd: root });
  if (built.status === 0) return;
  console.error(`${built.stdout}${built.stderr}`);
  process.exit(1);
}

/** The order in which the guide is read, which its front matter says. */
function orderOf({ document }) {
  return Number(frontMatterOf(document).order ?? 99);
}

function summaryOf(document) {
  return frontMatterOf(document).summary ?? "";
}

function frontMatterOf(document) {
  const [, front = ""] = readFileSync(join(root, document), "utf8").split(/^---$/m);
  return Object.fromEntries(
    [...front.matchAll(/^(\w+): (.*)$/gm)].map((
      [, key, value],
    ) => [key, value.replace(/^"(.*)"$/, "$1")]),
  );
}

async function show(document) {
  console.log(`\n${paint(["bold", "underline"], frontMatterOf(document).title)}\n`);
  for (const { title, lead, source, expected, network } of experimentsIn(document)) {
    console.log(paint("bold", title));
    console.log(wrap(lead, 2));
    if (network && process.getuid() !== 0) {
      console.log(paint("dim", wrap(NEEDS_ROOT, 2)) + "\n");
      continue;
    }
    const answers = await Promise.all(
      guides().map(async ({ name, command }) => (
        { name, ...await run(launched(command(join(root, source)), network)) }
      )),
    );
    console.log(sideBySide(answers));
    console.log();
    failed ||= answers.some(({ status, output }) => status !== 0 || !expected.test(output));
  }
}

/** What starts an experiment, in a network of its own if it needs one. */
function launched(command, network) {
  return network ? command.toSpliced(-1, 0, join(root, "scripts/in_own_network.mjs")) : command;
}

/** The two runtimes that the tour is given in. */
function guides() {
  return runtimes.filter(({ name, command }) => command && name !== "node26").reverse();
}

async function run([program, ...args]) {
  const child = spawn(program, args, {
    env: { ...process.env, NO_COLOR: "1" },
    stdio: ["ignore", "pipe", "pipe"],
    timeout: 10_000,
  });
  const closed = new Promise((resolve) => child.on("close", resolve));
  const [output, errors] = await Promise.all([text(child.stdout), text(child.stderr)]);
  const status = await closed;
  return {
    status,
    output: output.trimEnd(),
    lines: (output + (status === 0 ? "" : errors)).trimEnd().split("\n"),
  };
}

/** One column a runtime where there is room, one after the other where there is not. */
function sideBySide(answers) {
  const width = Math.max(...answers.flatMap(({ lines }) => lines.map((line) => line.length)));
  if (answers.length * (width + 3) > columns()) {
    return answers.map(({ name, lines }) => (
      [`  ${paint("dim", name)}`, ...lines.map((line) => `    ${paint("green", line)}`)].join("\n")
    )).join("\n");
  }
  const rows = Math.max(...answers.map(({ lines }) => lines.length));
  const cell = (line = "") => line.padEnd(width);
  const row = (cells, style) =>
    `  ${cells.map((line) => paint(style, cell(line))).join(paint("dim", " │ "))}`.trimEnd();
  return [
    row(answers.map(({ name }) => name), "dim"),
    ...Array.from({ length: rows }, (_, i) => row(answers.map(({ lines }) => lines[i]), "green")),
  ].join("\n");
}

function wrap(prose, indent) {
  const lines = [""];
  for (const word of prose.split(/\s+/)) {
    const line = lines.at(-1);
    if (line.length + word.length < Math.min(columns(), 100) - indent) {
      lines[lines.length - 1] += `${word} `;
    } else lines.push(`${word} `);
  }
  return lines.map((line) => " ".repeat(indent) + line.trimEnd()).join("\n");
}

function columns() {
  return process.stdout.columns ?? 100;
}

function paint(style, line) {
  const plain = !process.stdout.isTTY || process.env.NO_COLOR !== undefined;
  return plain
    ? stripVTControlCharacters(line)
    : [style].flat().reduce((out, one) => styleText(one, out), line);
}
