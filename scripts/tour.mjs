// The tour: one story through all chapters of the guide, told by programs that run in Deno and in
// Node while one looks.
//
//   npm start                       the story
//   npm start -- --list             the chapters
//   npm start -- pipes              every experiment of some of them
//   npm start --silent -- --json    for machines: CONTRIBUTING.md has the shape
import { spawn } from "node:child_process";
import process from "node:process";
import { text } from "node:stream/consumers";
import { readArguments, requireNames } from "./arguments.mjs";
import { machine } from "./bench/machine.mjs";
import { writeExamples, writeExperiment } from "./examples.mjs";
import { root } from "./files.mjs";
import { chapters, scenesOf, wholeOf } from "./tour/chapters.mjs";
import { guests, runEverywhere, takesCompiling, versionOf } from "./tour/guests.mjs";
import { answers, columns, paint, program, prose } from "./tour/screen.mjs";
import { beginning, ending, needsRoot } from "./tour/telling.mjs";

// Whoever has seen enough, as head has, closes the pipe.
process.stdout.on("error", ({ code }) => process.exit(code === "EPIPE" ? 0 : 1));

const { values, positionals } = readArguments({
  allowPositionals: true,
  options: {
    list: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
  },
});
requireNames(positionals, chapters.map(({ name }) => name), "chapter");
const isStory = positionals.length === 0;
const mayEnter = process.getuid() === 0; // a network of its own

if (values.list) console.log(columns(chapters.map(({ name, summary }) => [name, summary])));
else await tour();

async function tour() {
  const place = { machine: thisMachine(), runtimes: guests.map(versioned) };
  if (isStory) say(...beginning(place));
  const built = takesCompiling ? await build() : true;
  const begun = performance.now();
  const visited = [];
  for (const chapter of chapters) {
    if (isStory || positionals.includes(chapter.name)) visited.push(await visit(chapter));
  }
  const milliseconds = Math.round(performance.now() - begun);
  const ok = built && visited.every(({ ok }) => ok);
  const report = { ok, milliseconds, ...place, chapters: visited };
  if (values.json) console.log(JSON.stringify(report, null, 2));
  else say(...ending(report, { built, isStory }));
  process.exitCode = ok ? 0 : 1;
}

/** Shows a chapter; gives what there is to know of it. */
async function visit(chapter) {
  const { name, title, order, guide, source, stop } = chapter;
  say(paint("bold", isStory ? `${order + 1}. ${stop.title}` : title), "");
  const experiments = [];
  for (const scene of isStory ? scenesOf(chapter, mayEnter) : wholeOf(chapter)) {
    experiments.push(await perform(scene));
  }
  if (isStory && stop.next) say(prose(stop.next), "", "");
  return { name, title, guide, source, ok: experiments.every(({ ok }) => ok), experiments };
}

async function perform(scene) {
  const { title, text, shown, network } = scene;
  if (!isStory) say(paint("underline", title));
  say(prose(text), "");
  if (shown) say(program(shown), "");
  if (network && !mayEnter) {
    say(paint("dim", prose(needsRoot)), "");
    return { title, ok: true, leftOut: "needs root", runs: [] };
  }
  if (!takesCompiling) writeExperiment(scene);
  const runs = await runEverywhere(scene);
  say(answers(runs), "");
  return { title, ok: runs.every(({ ok }) => ok), runs: runs.map(withoutLabel) };
}

function withoutLabel({ label: _, ...run }) {
  return run;
}

function versioned(guest) {
  return { name: guest.name, version: versionOf(guest) };
}

function thisMachine() {
  const { processor, architecture, processors, memory, kernel } = machine();
  return { processor, architecture, processors, memory, kernel };
}

/** What Node 20 runs is compiled, and takes a while the first time. */
async function build() {
  writeExamples();
  const patience = setTimeout(() => console.error("Compiling what has changed ...\n"), 3000);
  const child = spawn("node_modules/.bin/tsc", ["-b", "packages"], { cwd: root });
  const closed = new Promise((resolve) => child.on("close", resolve));
  const output = await text(child.stdout);
  clearTimeout(patience);
  if (await closed === 0) return true;
  console.error(output);
  return false;
}

/** Tells people; a machine is told at the end. */
function say(...parts) {
  if (!values.json) console.log(parts.join("\n"));
}
