// How the tour looks: paragraphs, code and answers, in colours on a terminal only.
import process from "node:process";
import { styleText } from "node:util";

const NARROW = 100;

export function paint(style, line) {
  const plain = !process.stdout.isTTY || process.env.NO_COLOR !== undefined;
  return plain ? line : [style].flat().reduce((out, one) => styleText(one, out), line);
}

/** A paragraph, folded. */
export function prose(text) {
  const width = Math.min(process.stdout.columns ?? NARROW, NARROW);
  const lines = [""];
  for (const word of text.split(/\s+/)) {
    const line = lines.at(-1);
    if (line === "") lines[lines.length - 1] = word;
    else if (line.length + 1 + word.length <= width) lines[lines.length - 1] += ` ${word}`;
    else lines.push(word);
  }
  return lines.join("\n");
}

/** Lines of code. */
export function program(lines) {
  return lines.map((line) => `    ${paint("cyan", line)}`).join("\n");
}

/** What was answered, line by line, and by whom: once where all say the same. */
export function answers(runs) {
  const said = runs.flatMap(({ label, lines }) => lines.map((line, i) => ({ label, line, i })));
  const longest = Math.max(0, ...said.map(({ i }) => i + 1));
  const rows = Array.from({ length: longest }, (_, i) => {
    const here = said.filter((one) => one.i === i);
    const alike = here.length === runs.length && here.every(({ line }) => line === here[0].line);
    return alike && runs.length > 1 ? [{ label: "both", line: here[0].line }] : here;
  }).flat();
  const problems = runs.flatMap(({ label, problems }) =>
    problems.map((line) => ({ label, line, isProblem: true }))
  );
  return [...rows, ...problems].map(({ label, line, isProblem }, i, all) => {
    const name = all[i - 1]?.label === label ? "" : label;
    return `  ${paint("dim", name.padEnd(4))}  ${paint(isProblem ? "red" : "green", line)}`;
  }).join("\n");
}

/** Rows of words, each column as wide as it has to be. */
export function columns(rows) {
  const widths = rows[0].map((_, i) => Math.max(...rows.map((row) => row[i].length)));
  return rows.map((row) =>
    `  ${row.map((word, i) => word.padEnd(widths[i])).join("   ")}`.trimEnd()
  )
    .join("\n");
}
