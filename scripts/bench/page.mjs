// The pages about benchmarks, made of what was measured: an index, and a page for each package.
import { basename } from "node:path";
import { chart } from "./chart.mjs";
import { numberText, ratioText } from "./numbers.mjs";

/** How a column of words is aligned. */
const WORDS = "---";

/**
 * The pages and charts, by name.
 *
 * @param results What `bench.mjs` keeps in results.json
 */
export function pages(results) {
  const made = new Map();
  const names = [...new Set(results.results.map((result) => result.package))];
  made.set("README.md", index(results, names));
  for (const name of names) {
    const topics = topicsOf(results.results.filter((result) => result.package === name));
    made.set(`${name}.md`, page(name, topics, results.runtimes));
    for (const topic of topics.filter(({ hasRatios }) => hasRatios)) {
      made.set(topic.chart, chart(topic.title, topic.results, results.runtimes));
    }
  }
  return made;
}

/** Each bench file is a topic. */
function topicsOf(results) {
  const files = [...new Set(results.map(({ file }) => file))];
  return files.map((file) => {
    const ofFile = results.filter((result) => result.file === file);
    const topic = basename(file, "_bench.ts");
    return {
      file,
      title: topic.replaceAll("_", " "),
      results: ofFile,
      chart: `media/${ofFile[0].package}_${topic}.svg`,
      hasRatios: ofFile.some(({ ratios }) => ratios.length > 0),
    };
  });
}

function page(name, topics, runtimes) {
  return `---
title: Benchmarks of ${name}
---

# Benchmarks of ${name}

What \`@posixly/${name}\` costs, by what others cost who do the same: less than 1 is less. In
brackets, between what half of the rounds lay. [On what, and how](README.md) it was measured.

${topics.map((topic) => sectionOf(topic, runtimes)).join("\n\n")}
`;
}

function sectionOf(topic, runtimes) {
  const picture = topic.hasRatios ? `![${inText(describe(topic))}](${topic.chart})\n\n` : "";
  return `## ${inText(topic.title)}

${picture}Measured by [${inText(basename(topic.file))}](../../${topic.file}).

${topic.results.map((result) => comparison(result, runtimes)).join("\n\n")}`;
}

/** What there is to see on a chart. */
function describe({ title, results }) {
  const all = results.flatMap(({ ratios }) => ratios).sort((a, b) => a.ratio - b.ratio);
  const [least, most] = [all[0], all.at(-1)]
    .map(({ ratio, peer, runtime }) => `${ratioText(ratio)} of ${peer} in ${runtime}`);
  return `Bars of the ratios of ${title}, for each peer and runtime: from ${least} to ${most}.`;
}

function comparison(result, runtimes) {
  const parts = [`### ${inText(result.name)}`, `\`\`\`sh\n${commandOf(result)}\n\`\`\``];
  if (result.failed) parts.push(`Not measured: ${inText(result.failed)}.`);
  else parts.push(table(result, runtimes));
  const notes = [
    ...result.absent.map(({ peer, reason }) => `Without ${inText(peer)}, since ${inText(reason)}.`),
    `${result.date} UTC, at a load of ${result.load}.`,
  ];
  return [...parts, notes.join(" ")].join("\n\n");
}

/** What measures this again, and nothing else. */
export function commandOf({ name, quick, ...result }) {
  const word = /["$`\\!]/.test(name) ? `'${name.replaceAll("'", "'\\''")}'` : `"${name}"`;
  return `npm run bench -- ${result.package} --only ${word}${quick ? " --quick" : ""}`;
}

function table({ peers, ratios, ours, unit }, runtimes) {
  const rows = peers.filter((peer) => ratios.some((ratio) => ratio.peer === peer)).map((peer) => [
    `by ${inText(peer)}`,
    ...runtimes.map((runtime) =>
      ratioCell(ratios.find((ratio) => ratio.peer === peer && ratio.runtime === runtime))
    ),
  ]);
  const costs = runtimes.map((runtime) => {
    const found = ours.find((our) => our.runtime === runtime);
    return found ? numberText(found.cost) : "–";
  });
  return rowsOf(["", ...runtimes], [...rows, [`ours, ${unit}`, ...costs]]);
}

function ratioCell(found) {
  if (!found) return "–";
  const { ratio, low, high } = found;
  return `**${ratioText(ratio)}** (${ratioText(low)} to ${ratioText(high)})`;
}

/** A table; of numbers, unless `of` says that it is of words. */
function rowsOf(head, rows, of = "---:") {
  const line = (cells) => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map((_, i) => i ? of : "---")), ...rows.map(line)].join("\n");
}

function index({ minutes, quick, machine, versions, results }, names) {
  const command = `npm run bench -- --all${quick ? " --quick" : ""}`;
  const rows = names.map((name) => {
    const ofPackage = results.filter((result) => result.package === name);
    const failed = ofPackage.filter(({ failed }) => failed).length;
    return [`[${name}](${name}.md)`, ofPackage.length, failed];
  });
  return `---
title: Benchmarks
---

# Benchmarks

Every package beside C and what else does the same. A figure is what we cost by what they cost: less
than 1 is less. What counts is the CPU time of the process that is measured, its threads and the
kernel's part, unless a table says "wall". Each side is a process of its own, which first works for a
while so that its code is compiled by then, and all take turns, so that what disturbs the machine
disturbs all alike. A ratio is a median of some rounds, and its spread that of the ratios of single
ones.

${rowsOf(["package", "comparisons", "not measured"], rows)}

## Once more

\`\`\`sh
${command}
\`\`\`

measures all of it and writes these pages, in about ${minutes} minutes${
    quick ? "; without `--quick` more exactly, in hours" : ""
  }. The command above each table does so for that one.
\`npm run bench -- --page\` makes the pages again from [what was measured](results.json). Some
comparisons need root, for a network of their own.

## The machine

${rowsOf(["", ""], machineRows(machine), WORDS)}

If the congestion control is BBR, TCP sends by a timer, which is dear in a virtual machine, and at a
rate that is measured, which on the loopback interface differs from one connection to the next. This
leaves both out, as root:

\`\`\`sh
unshare --net sh -c 'ip link set lo up
  echo reno > /proc/sys/net/ipv4/tcp_congestion_control
  npm run bench -- zerocopy'
\`\`\`

Where the processor is weak, the kernel does this about it, which makes system calls dearer:

${rowsOf(["weakness", "state"], cells(machine.mitigations), WORDS)}

## Versions

${rowsOf(["", "version"], cells(versions), WORDS)}
`;
}

function machineRows(machine) {
  const { processor, architecture, processors, memory, kernel, congestionControl, load } = machine;
  return cells({
    processor: `${processor}, ${architecture}`,
    processors,
    memory,
    kernel: `Linux ${kernel}`,
    "congestion control of TCP": congestionControl,
    "load at the end": `${load} over 1, 5 and 15 minutes`,
  });
}

function cells(record) {
  return Object.entries(record).map(([name, value]) => [inText(name), inText(`${value}`)]);
}

/** What a name holds is text, and no markup. */
function inText(text) {
  return text.replace(/[\\`*<[\]|]|\b_|_\b/g, "\\$&");
}
