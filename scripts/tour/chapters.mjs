// The chapters of the guide, as the tour goes through them.
import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { experimentsIn } from "../examples.mjs";
import { root } from "../files.mjs";
import { story } from "./story.mjs";

/** All of them, in the order in which they are read. */
export const chapters = readdirSync(join(root, "docs/guide"))
  .filter((file) => file.endsWith(".md"))
  .map((file) => {
    const name = basename(file, ".md");
    const guide = `docs/guide/${file}`;
    const { title, summary, order } = frontMatterOf(guide);
    const stop = story.find(({ chapter }) => chapter === name);
    return { name, title, summary, order: Number(order), guide, stop, source: stop?.source };
  })
  .sort((a, b) => a.order - b.order);

function frontMatterOf(document) {
  const [, front] = readFileSync(join(root, document), "utf8").split(/^---$/m);
  return Object.fromEntries(
    [...front.matchAll(/^(\w+): (.*)$/gm)].map((
      [, key, value],
    ) => [key, value.replace(/^"(.*)"$/, "$1")]),
  );
}

/** Every experiment of a chapter, with what the guide says of it. */
export function wholeOf({ guide }) {
  return [...experimentsIn(guide)].map((experiment) => ({ ...experiment, text: experiment.lead }));
}

/**
 * The experiments of a chapter that the story shows.
 *
 * @param mayEnter Whether we may have a network of our own
 */
export function scenesOf({ guide, stop }, mayEnter) {
  const all = [...experimentsIn(guide)];
  return stop.scenes.map((scene) => {
    const find = ({ experiment }) => all.find(({ title }) => title === experiment);
    const { text, code, ...told } = find(scene).network && !mayEnter && scene.instead || scene;
    return { ...find(told), text, shown: code };
  });
}
