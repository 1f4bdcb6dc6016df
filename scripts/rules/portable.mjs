// Some entry points say that they run everywhere, in a browser, too: they, and what they import, use
// nothing of a runtime.
import { join } from "node:path";
import ts from "typescript";
import { importsOf, nodesOf, place, sources } from "./sources.mjs";

const entryPoints = [
  "packages/raw/bpf/mod.ts",
  "packages/raw/pcap/mod.ts",
  "packages/raw/wire/mod.ts",
  "packages/sys/struct.ts",
];

/** What Node, Deno or both have as globals, and browsers do not. */
const globals = ["Buffer", "Deno", "global", "process", "require", "setImmediate"];

const byFile = new Map(sources.map((source) => [source.file, source]));

export default function portable() {
  return [...reached()].flatMap((source) => [...foreignImports(source), ...foreignGlobals(source)]);
}

/** The entry points, and what they import, directly or not. */
function reached() {
  const found = new Set(entryPoints.map((file) => byFile.get(file)));
  for (const { file, ...source } of found) {
    for (const specifier of importsOf(source).filter(isRelative)) {
      found.add(byFile.get(join(file, "..", specifier)));
    }
  }
  return found;
}

function isRelative(specifier) {
  return specifier.startsWith(".");
}

function foreignImports(source) {
  return importsOf(source).filter((specifier) => !isRelative(specifier))
    .map((specifier) => `${source.file} imports ${specifier}, and has to run in a browser`);
}

function foreignGlobals(source) {
  return [...nodesOf(source)].filter(isForeign)
    .map((node) => `${place(source, node)} uses ${node.text}, which no browser has`);
}

/** Names of properties and the like mean something else. */
function isForeign(node) {
  if (!ts.isIdentifier(node) || !globals.includes(node.text)) return false;
  return ts.isExpressionStatement(node.parent) || ts.isCallExpression(node.parent) ||
    ts.isPropertyAccessExpression(node.parent) && node.parent.expression === node;
}
