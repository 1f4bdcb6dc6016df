// What a user installs: few packages, none of which runs anything while it is installed.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { packages, root } from "../files.mjs";

/** What is published may depend on these and on ours. They bring nothing but binaries of koffi. */
const allowed = { sys: ["koffi"], zerocopy: ["mime"] };

/** What npm runs when a package is installed, `binding.gyp` aside, which tarballs have none of. */
const hooks = ["preinstall", "install", "postinstall", "prepare", "prepublish"];

export default function dependencies() {
  return [...packages.flatMap(complaintsOf), ...allowedBuilds()];
}

function complaintsOf(name) {
  const manifest = JSON.parse(readFileSync(join(root, "packages", name, "package.json"), "utf8"));
  const scripts = Object.keys(manifest.scripts ?? {}).filter((script) => hooks.includes(script));
  const complaints = scripts.map((script) => `packages/${name} has a script ${script}`);
  if (manifest.private) return complaints;
  for (const kind of ["dependencies", "optionalDependencies", "peerDependencies"]) {
    for (const dependency of Object.keys(manifest[kind] ?? {})) {
      if (dependency.startsWith("@posixly/") || allowed[name]?.includes(dependency)) continue;
      complaints.push(`packages/${name} has ${dependency} among its ${kind}`);
    }
  }
  return complaints;
}

/** pnpm runs the scripts of those packages alone that are `true` there. */
function allowedBuilds() {
  const lines = readFileSync(join(root, "pnpm-workspace.yaml"), "utf8").split("\n");
  const start = lines.indexOf("allowBuilds:");
  if (start === -1) return ["pnpm-workspace.yaml has no allowBuilds"];
  const end = lines.findIndex((line, i) => i > start && !line.startsWith(" "));
  return lines.slice(start + 1, end).filter((line) => !line.endsWith(": false"))
    .map((line) => `pnpm-workspace.yaml allows a build: ${line.trim()}`);
}
