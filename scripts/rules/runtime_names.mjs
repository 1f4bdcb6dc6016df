// The runtimes differ in the backends of sys and nowhere else. Its tests look at the difference,
// and the testing package starts a fresh runtime.
import ts from "typescript";
import { nodesOf, place, sources } from "./sources.mjs";

const names = ["Bun", "Deno", "koffi"];

export default function runtimeNames() {
  return sources.filter(mayNot).flatMap((source) =>
    [...nodesOf(source)].filter(namesRuntime)
      .map((node) => `${place(source, node)} names ${node.getText()}`)
  );
}

function mayNot({ name, file, isPublished }) {
  if (name === "sys") return isPublished && !/\/backend_\w+\.ts$/.test(file);
  return name !== "testing" && !file.endsWith("_bench.ts");
}

function namesRuntime(node) {
  if (ts.isIdentifier(node) || ts.isStringLiteral(node)) return names.includes(node.text);
  return ts.isPropertyAccessExpression(node) && node.getText() === "process.versions";
}
