// What a script is told on its command line. Whoever mistypes something gets a line that says so,
// and exit code 2.
import process from "node:process";
import { parseArgs } from "node:util";

/**
 * Reads the command line, as `parseArgs` of `node:util` does.
 *
 * @param config What `parseArgs` takes; by default there are neither options nor words
 * @returns Its `values` and `positionals`
 */
export function readArguments(config = {}) {
  try {
    return parseArgs(config);
  } catch ({ message }) {
    refuse(message.split(/\.\s/)[0]); // what follows is advice for other programs
  }
}

/**
 * Checks that words are names which there are.
 *
 * @param words What was said
 * @param names What there is
 * @param kind What that is, in one word
 */
export function requireNames(words, names, kind) {
  const unknown = words.filter((word) => !names.includes(word));
  if (unknown.length === 0) return;
  refuse(`There is no ${kind} called ${unknown.join(", ")}, only ${names.join(", ")}`);
}

/** Ends the program with a line about what was said. */
export function refuse(line) {
  console.error(line);
  process.exit(2);
}
