// Takes the examples out of the docs and makes test files of them, in `.examples`.
//
// Every block of `ts` or `js` in a doc comment, a README or the guide is a program of its own
// and runs as a test. What follows `ts` may say otherwise:
//
//   ts no-run     is shown only
//   ts alone      runs in a process of its own, since it changes the one that it runs in (in Node
//                 20, a glance at a FIFO makes later imports go wrong)
//   ts network    runs in a network of its own, since it sends packets of its own making
//   text output   is what the block before it prints; `…` stands for anything
//
// In CONTRIBUTING.md, which mostly shows fragments, only blocks marked `ts run` are run.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, join, relative } from "node:path";
import { pathToFileURL } from "node:url";
import { pattern } from "./expected.mjs";
import { filesIn, packages, root } from "./files.mjs";

const examples = ".examples";
const require = createRequire(import.meta.url);
const runner = pathToFileURL(join(root, "scripts/run_examples.mjs")).href;

/** Writes all examples, as they are and compiled; returns the test files: of packages and chapters. */
export function writeExamples() {
  const groups = [
    ...packages.map((name) => group(`packages/${name}`, [...documentsOf(name)])),
    ...[...guide()].map((document) => group("docs", [document], `${slug("docs", document)}_`)),
  ];
  write(new Map(groups.flatMap(({ files }) => files)));
  return groups.flatMap(({ testFile }) => testFile ?? []);
}

/** Makes `.examples` hold just these. What is there already is let be: others may be running it. */
function write(files) {
  mkdirSync(join(root, examples), { recursive: true });
  for (const file of readdirSync(join(root, examples), { recursive: true, withFileTypes: true })) {
    const path = join(file.parentPath ?? file.path, file.name);
    if (file.isFile() && !files.has(relative(root, path))) rmSync(path);
  }
  for (const [path, text] of files) writeFile(path, text);
}

function writeFile(path, text) {
  const file = join(root, path);
  mkdirSync(dirname(file), { recursive: true });
  if (!existsSync(file) || readFileSync(file, "utf8") !== text) writeFileSync(file, text);
}

function* documentsOf(name) {
  for (const file of filesIn(`packages/${name}`)) {
    const isSource = /\.ts$/.test(file) && !/_(test|bench|stress)\.ts$/.test(file);
    if (isSource || basename(file) === "README.md") yield file;
  }
}

function* guide() {
  yield* ["README.md", "CONTRIBUTING.md"].filter((file) => existsSync(join(root, file)));
  for (const file of filesIn("docs")) if (file.endsWith(".md")) yield file;
}

/** The files for one package, or for a document of the guide. */
function group(folder, documents, prefix = "") {
  const found = documents.flatMap((document) => [...examplesIn(document)]);
  if (found.length === 0) return { files: [] };
  const base = join(examples, folder);
  const files = found.flatMap(({ document, line, code }) => {
    const module = moduleName(folder, document, line);
    const source = placed(line, code);
    return [
      [join(base, `${module}.ts`), source],
      [join(base, "dist", `${module}.js`), compile(source)],
    ];
  });
  const program = (extension) => {
    const tests = found.map(({ document, line, alone, network, output }) => {
      const module = `./${moduleName(folder, document, line)}.${extension}`;
      return { name: `${document}:${line}`, module, alone, network, output };
    });
    return `import { runExamples } from "${runner}";\n` +
      `runExamples(import.meta.url, ${JSON.stringify(tests, null, 2)});\n`;
  };
  const test = `${prefix}docs_test`;
  const testFile = join(base, `${test}.ts`);
  files.push([testFile, program("ts")], [join(base, "dist", `${test}.js`), program("js")]);
  return { testFile, files };
}

/** As many lines down as in the document, so that errors name the right one. */
function placed(line, code) {
  return "\n".repeat(line) + code;
}

function moduleName(folder, document, line) {
  return `${slug(folder, document)}_${line}`;
}

function slug(folder, document) {
  return relative(folder, document).replace(/\.\w+$/, "").replace(/^\W+/, "").replaceAll(
    /\W/g,
    "_",
  );
}

/** What is run of one document. */
export function* examplesIn(document) {
  const blocks = [...blocksIn(document)];
  for (const [i, { line, language, words, code }] of blocks.entries()) {
    const isExample = /^(ts|js)$/.test(language) && !words.includes("no-run") &&
      (document !== "CONTRIBUTING.md" || words.includes("run"));
    if (!isExample) continue;
    const next = blocks[i + 1];
    const output = next?.words.includes("output") ? next.code : undefined;
    const [alone, network] = ["alone", "network"].map((word) => words.includes(word));
    yield { document, line, code, output, alone, network };
  }
}

/** The fenced blocks of a document, with the line that each opens on. */
function* blocksIn(document) {
  let block;
  for (const [i, line] of proseOf(document).entries()) {
    const fence = line.match(/^( *)```(\w*)(.*)$/);
    if (block === undefined && fence) {
      const [, indent, language, rest] = fence;
      block = { line: i + 1, language, words: rest.trim().split(/\s+/), indent, code: "" };
    } else if (fence) {
      yield block;
      block = undefined;
    } else if (block !== undefined) {
      block.code += line.slice(block.indent.length) + "\n";
    }
  }
}

/** The lines of a document; of code, what its doc comments say. */
function proseOf(document) {
  const lines = readFileSync(join(root, document), "utf8").split("\n");
  if (!document.endsWith(".ts")) return lines;
  return lines.map((line) => line.match(/^ *\* ?(?!\/)(.*)$/)?.[1] ?? "");
}

/** For Node 20, which knows neither types nor `using`. */
function compile(source) {
  const ts = require("typescript"); // which takes its time, so only whoever needs it loads it
  return ts.transpileModule(source, {
    compilerOptions: {
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.ESNext,
      verbatimModuleSyntax: true,
      inlineSourceMap: true,
    },
  }).outputText;
}

/** The experiments of a chapter: each has a title, a word about it, and what it should print. */
export function* experimentsIn(document) {
  const lines = proseOf(document);
  for (const { line, code, output, network } of examplesIn(document)) {
    const heading = lines.findLastIndex((text, i) => i < line && text.startsWith("## "));
    const prose = lines.slice(heading + 1, line - 1).join("\n").trim();
    yield {
      title: lines[heading].slice(3),
      lead: prose.split("\n\n")[0].replaceAll(/[`*]/g, ""),
      code,
      source: join(examples, "docs", `${moduleName("docs", document, line)}.ts`),
      line,
      expected: pattern(output ?? "…"),
      network,
    };
  }
}

/** Writes an experiment, to be run where types are stripped. */
export function writeExperiment({ source, line, code }) {
  writeFile(source, placed(line, code));
}
