// Writes docs/learning_path.md: each call and topic of "Sockets 101", and where it is here. What it
// says is true: the function is exported, the test and the chapter speak of it.
//
//   node scripts/learning_path.mjs            writes it
//   node scripts/learning_path.mjs --check    says what is wrong, or not up to date
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { readArguments } from "./arguments.mjs";
import { root } from "./files.mjs";
import { learningPath } from "./learning_path_topics.mjs";

const output = "docs/learning_path.md";
const front = `---
title: The learning path
---

# The learning path

Each call and topic of the guide, the function that it is here, and the tests that hold it to that.
\`node scripts/learning_path.mjs\` makes this page, and checks every row: that the function is
exported, and that the test, in packages, and the chapter speak of it. It checks, too, that each
function which a chapter has beside C has a row.`;

const { values } = readArguments({ options: { check: { type: "boolean", default: false } } });

const read = (file) => readFileSync(join(root, file), "utf8");
const complaints = [
  ...learningPath.flatMap(({ steps }) => steps.flatMap(complaintsAbout)),
  ...learningPath.flatMap(withoutRow),
];
const text = page();
if (complaints.length === 0 && !values.check) writeFileSync(join(root, output), text);
else if (!existsSync(join(root, output)) || read(output) !== text) {
  complaints.push(`${output} is not up to date: node scripts/learning_path.mjs`);
}
if (complaints.length > 0) console.error(complaints.join("\n"));
process.exitCode = complaints.length > 0 ? 1 : 0;

function complaintsAbout({ name, from, test, chapter }) {
  const complaints = [];
  if (!exportsOf(from).has(name)) complaints.push(`${from} does not export ${name}`);
  for (const file of [test, `docs/guide/${chapter}.md`]) {
    if (!existsSync(join(root, file))) complaints.push(`There is no ${file}`);
    else if (!mentions(read(file), name)) complaints.push(`${file} does not speak of ${name}`);
  }
  return complaints;
}

/** The functions that a chapter has beside those of C, and that have no row. */
function withoutRow({ chapter }) {
  const [table] = read(`docs/guide/${chapter}.md`).match(/^\| in C [^]*?\n\n/m);
  const ours = table.split("\n").map((row) => row.split(/(?<!\\)\|/)[2] ?? "").join();
  return [...ours.matchAll(/`(?:await |new )?(\w+)\(/g)]
    .filter(([, name]) =>
      !learningPath.some(({ steps }) => steps.some((step) => step.name === name))
    )
    .map(([, name]) => `${name}, of docs/guide/${chapter}.md, is missing`);
}

function mentions(text, name) {
  return new RegExp(`\\b${name}\\b`).test(text);
}

/** The names that a package, or a subpath of it, exports. */
function exportsOf(from) {
  const [, name, subpath] = from.match(/^@posixly\/(\w+)(\/.*)?$/);
  const { exports } = JSON.parse(read(`packages/${name}/package.json`));
  const source = read(join("packages", name, exports[`.${subpath ?? ""}`]["@posixly/source"]));
  const lists = [...source.matchAll(/^export (?:type )?\{([^}]*)\}/gm)].map(([, list]) => list);
  return new Set(
    lists.flatMap((list) => list.split(",")).map((word) => word.trim().replace(/^type /, "")),
  );
}

function page() {
  const parts = learningPath.map(({ topic, chapter, steps }) =>
    [
      `## ${topic}`,
      `The chapter: [${titleOf(chapter)}](guide/${chapter}.md).`,
      table(["the call, or the topic", "package", "here", "tested by"], steps.map(row)),
    ].join("\n\n")
  );
  return [front, ...parts].join("\n\n") + "\n";
}

function row({ call, from, name, test }) {
  return [call, ...[from, name, test.replace(/^packages\//, "")].map((word) => `\`${word}\``)];
}

/** A table as `deno fmt` likes it. */
function table(head, rows) {
  const widths = head.map((title, i) =>
    Math.max(title.length, ...rows.map((row) => row[i].length))
  );
  const line = (cells) => `| ${cells.map((cell, i) => cell.padEnd(widths[i])).join(" | ")} |`;
  return [head, widths.map((width) => "-".repeat(width)), ...rows].map(line).join("\n");
}

function titleOf(chapter) {
  return read(`docs/guide/${chapter}.md`).match(/^# (.*)$/m)[1];
}
