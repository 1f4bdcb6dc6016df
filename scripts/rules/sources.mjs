// The TypeScript files of the packages, parsed.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { filesIn, packages, root } from "../files.mjs";

/** Every file of every package: whose it is, and whether it is published or only for us. */
export const sources = packages.flatMap((name) =>
  [...filesIn(`packages/${name}`)].filter((file) => file.endsWith(".ts")).map((file) => ({
    name,
    file,
    isPublished: name !== "testing" && !/_(test|bench|stress|fixture)\.ts$/.test(file),
    text: readFileSync(join(root, file), "utf8"),
  }))
);

/** What a file imports, statically or not, types included. */
export function importsOf({ text }) {
  return ts.preProcessFile(text, true, true).importedFiles.map(({ fileName }) => fileName);
}

/** Every node of a file's syntax tree; comments are none. */
export function* nodesOf({ file, text }) {
  const pending = [ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true)];
  while (pending.length > 0) {
    const node = pending.pop();
    yield node;
    ts.forEachChild(node, (child) => void pending.push(child));
  }
}

/** Where a node is, for a complaint. */
export function place({ file }, node) {
  const { line } = node.getSourceFile().getLineAndCharacterOfPosition(node.getStart());
  return `${file}:${line + 1}`;
}
