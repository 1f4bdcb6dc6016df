// Arrows only point down: which package may import which, and only what it declares.
import { readFileSync } from "node:fs";
import { isBuiltin } from "node:module";
import { join, relative } from "node:path";
import { packages, root } from "../files.mjs";
import { importsOf, sources } from "./sources.mjs";

/** What each package may import of ours; the upper ones are to come. */
const below = {
  testing: [],
  sys: [],
  fd: ["sys"],
  mux: ["sys", "fd"],
  pipe: ["sys", "fd", "mux"],
  socket: ["sys", "fd", "mux"],
  ports: ["sys", "fd", "mux", "socket"],
  raw: ["sys", "fd", "mux", "socket"],
  pool: ["socket", "mux"],
  zerocopy: ["sys", "fd", "mux", "pipe", "socket"],
};

const manifest = (folder) => JSON.parse(readFileSync(join(root, folder, "package.json"), "utf8"));
const sharedTools = Object.keys(manifest(".").devDependencies);

export default function layers() {
  return [
    ...sources.flatMap((source) => importsOf(source).flatMap((name) => complain(source, name))),
    ...packages.flatMap(needlessDependencies),
  ];
}

function complain(source, specifier) {
  const complaint = wrong(source, specifier);
  return complaint ? [`${source.file} imports ${specifier}, ${complaint}`] : [];
}

function wrong({ name, file, isPublished }, specifier) {
  if (specifier.startsWith(".")) {
    const target = relative(join("packages", name), join(file, "..", specifier));
    return target.startsWith("..") && "which is another package's: import it by name";
  }
  if (specifier.startsWith("#")) return name !== "sys" && "which is for sys alone";
  if (isBuiltin(specifier)) return !specifier.startsWith("node:") && "without node:";
  const imported = packageOf(specifier);
  const ours = imported.match(/^@posixly\/(.+)/)?.[1];
  if (ours === name) return isPublished && "which is itself";
  if (ours === "testing" && isPublished) return "which is for tests and benches";
  if (ours && ours !== "testing" && !below[name]?.includes(ours)) return "which is not below it";
  const { dependencies = {}, devDependencies = {} } = manifest(`packages/${name}`);
  if (imported in dependencies) return false;
  if (isPublished) return "which is not among its dependencies";
  const isTool = imported in devDependencies || (!ours && sharedTools.includes(imported));
  return !isTool && "which is not among its devDependencies";
}

/** `@scope/name/sub` and `name/sub` without what is below the package. */
function packageOf(specifier) {
  return specifier.split("/").slice(0, specifier.startsWith("@") ? 2 : 1).join("/");
}

function needlessDependencies(name) {
  const used = new Set(
    sources.filter((source) => source.name === name && source.isPublished)
      .flatMap(importsOf).map(packageOf),
  );
  // Native code is loaded at the first call, which no import shows.
  return Object.keys(manifest(`packages/${name}`).dependencies ?? {})
    .filter((dependency) => !used.has(dependency) && dependency !== "koffi")
    .map((dependency) => `packages/${name} depends on ${dependency} and does not import it`);
}
