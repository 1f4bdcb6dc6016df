// How the tour begins and ends, and what is said where something has to be left out.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../files.mjs";
import { guests } from "./guests.mjs";
import { columns, paint, prose } from "./screen.mjs";
import { opening } from "./story.mjs";

export const needsRoot =
  "It sends packets of its own making, in a network of its own, which only " +
  "root may make. What it would print is in the guide.";

/** The first words, and where all of it takes place. */
export function beginning({ runtimes, machine }) {
  const versions = guests.map(({ label }, i) => `${label} ${runtimes[i].version}`).join(" and ");
  const [kernel] = machine.kernel.match(/^\d+\.\d+/);
  return [
    "",
    paint("bold", opening.title),
    "",
    prose(opening.text),
    "",
    paint("dim", `${versions}, on Linux ${kernel}`),
    "",
    "",
  ];
}

/** What was wrong, or what it came to. */
export function ending({ ok, chapters, milliseconds }, { built, isStory }) {
  if (!built) return [paint("red", "The packages do not compile: what was said of that is above.")];
  if (!ok) return [paint("red", "Something above did not answer as the guide says.")];
  const runs = chapters.flatMap(({ experiments }) => experiments.flatMap(({ runs }) => runs));
  const seconds = Math.ceil(milliseconds / 1000);
  const sum =
    `That was the kernel: ${runs.length} programs in ${seconds} s, and each has printed ` +
    "what the guide says.";
  return isStory ? ["", ...whereToReadOn(chapters, sum)] : [prose(sum)];
}

function whereToReadOn(chapters, sum) {
  const place = ({ name, guide, source }) => [name, guide, source, linesIn(source)];
  return [
    paint("bold", "Where to read on"),
    "",
    prose(`${sum} The chapters have more of them: npm start -- pipes runs all of one.`),
    "",
    columns(chapters.map(place)),
    "",
    prose("Guide and API as a site, with a search: npm run docs -- --serve"),
  ];
}

function linesIn(file) {
  return `${readFileSync(join(root, file), "utf8").trimEnd().split("\n").length} lines`;
}
