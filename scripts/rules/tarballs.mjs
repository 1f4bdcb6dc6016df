// What npm would publish: the code and what explains it, and nothing of ours.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { packages, root } from "../files.mjs";

const published = packages.filter((name) => {
  const manifest = JSON.parse(readFileSync(join(root, "packages", name, "package.json"), "utf8"));
  return !manifest.private;
});

export default function tarballs() {
  const folders = published.map((name) => `./packages/${name}`);
  const json = execFileSync("npm", ["pack", "--dry-run", "--json", ...folders], {
    cwd: root,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  });
  return JSON.parse(json).flatMap(({ name, files }) => {
    const paths = files.map(({ path }) => path);
    const stray = paths.filter((path) => !belongs(path));
    const missing = ["package.json", "README.md", "mod.ts", "dist/mod.js", "dist/mod.d.ts"]
      .filter((path) => !paths.includes(path));
    return [
      ...stray.map((path) => `${name} would publish ${path}`),
      ...missing.map((path) => `${name} would not publish ${path}`),
    ];
  });
}

function belongs(path) {
  if (/_(test|bench|stress|fixture)\./.test(path)) return false;
  return /^(package\.json|README\.md|CHANGELOG\.md|LICENSE)$/.test(path) ||
    /^(?!dist\/|\.)[\w/]+\.ts$/.test(path) || /^dist\/[\w/]+(\.d\.ts|\.js)(\.map)?$/.test(path);
}
