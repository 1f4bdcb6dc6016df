// Releases what changed, from a scratch copy of the last commit; the working tree stays as it is:
//
//   npm run release -- --dry-run     does all of it but upload, and says what would be published
//   npm run release                  in CI alone, once the versions are committed
//
// The tarballs that publint and attw looked at are those that are tried, and those that are uploaded.
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { readArguments, refuse } from "./arguments.mjs";
import { root } from "./files.mjs";
import { programs } from "./runtimes.mjs";

const { values: { "dry-run": isRehearsal } } = readArguments({
  options: { "dry-run": { type: "boolean" } },
});
const { env } = process;
if (!isRehearsal && !(env.CI && env.ACTIONS_ID_TOKEN_REQUEST_URL && env.NODE_AUTH_TOKEN)) {
  refuse(
    "Only CI releases: it lacks CI, ACTIONS_ID_TOKEN_REQUEST_URL or NODE_AUTH_TOKEN. " +
      "--dry-run does all of it but upload",
  );
}

const pending = readdirSync(join(root, ".changeset")).filter((file) => file.endsWith(".md"));
if (!isRehearsal && pending.length > 0) {
  refuse('Changesets are pending: commit what "npm run release:version" makes of them first');
}

const toJsr = ["publish", "--allow-dirty", "--quiet"];
process.on("SIGINT", () => {}); // the step that runs ends, and so what is below
const folder = mkdtempSync(join(tmpdir(), "posixly-release-"));
const copy = join(folder, "posixly");
try {
  release();
} catch ({ message }) {
  console.error(message);
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function release() {
  const git = spawnSync("git", ["status", "--porcelain"], { cwd: root, encoding: "utf8" });
  const changed = git.stdout.split("\n").length - 1;
  if (changed > 0) console.log(`What is not committed is not in it: ${changed} files or folders`);
  step("a copy of the last commit", "git", ["clone", "--quiet", root, copy], root);
  step("what the lockfile names", "node", ["scripts/bootstrap.mjs"]);
  const before = packages();
  if (pending.length > 0) step("versions and changelogs", "npm", ["run", "release:version"]);
  const isNew = ({ name, version }) =>
    !before.some((it) => it.name === name && it.version === version);
  const released = pending.length > 0 ? packages().filter(isNew) : before;
  if (!isRehearsal) released.forEach(nameRepository);
  const tarballs = join(folder, "tarballs");
  step("tarballs, seen by publint and attw", "node", ["scripts/pack.mjs", tarballs]);
  step("what JSR would say", programs.deno, [...toJsr, "--dry-run"]);
  step("each tarball alone, in every runtime", "node", ["scripts/try_tarballs.mjs", tarballs]);
  released.forEach(tell);
  if (isRehearsal) console.log("\nNothing was uploaded.");
  else publish(released, tarballs);
}

/** Uploads what is not there yet, so that a release that was interrupted can be done again. */
function publish(released, tarballs) {
  // npm puts in what the variable holds.
  writeFileSync(join(copy, ".npmrc"), "//registry.npmjs.org/:_authToken=${NODE_AUTH_TOKEN}\n");
  for (const { name, version } of released) {
    if (isAtNpm(name, version)) continue;
    const file = `${name.slice(1).replace("/", "-")}-${version}.tgz`;
    step(`${name} ${version} to npm`, "npm", ["publish", join(tarballs, file)]);
  }
  step("all that is new to JSR", programs.deno, toJsr);
}

/** The public packages of the copy, those before that others need. */
function packages() {
  const found = readdirSync(join(copy, "packages"))
    .map((name) => join(copy, "packages", name, "package.json"))
    .filter(existsSync)
    .map((path) => ({ path, ...JSON.parse(readFileSync(path, "utf8")) }))
    .filter((manifest) => !manifest.private);
  const sorted = new Set();
  const add = (manifest) => {
    for (const other of found) if (other.name in manifest.dependencies) add(other);
    sorted.add(manifest);
  };
  found.forEach(add);
  return [...sorted];
}

/** npm compares it with where the package was built. */
function nameRepository({ path }) {
  const manifest = JSON.parse(readFileSync(path, "utf8"));
  const url = `git+${env.GITHUB_SERVER_URL}/${env.GITHUB_REPOSITORY}.git`;
  const directory = path.slice(copy.length + 1).replace("/package.json", "");
  const repository = { type: "git", url, directory };
  writeFileSync(path, `${JSON.stringify({ ...manifest, repository }, null, 2)}\n`);
}

/** The version, and the sentences of its changelog. */
function tell({ name, version, path }) {
  const file = join(path, "../CHANGELOG.md");
  const changelog = existsSync(file) ? readFileSync(file, "utf8") : "";
  const [, newest = ""] = changelog.split(/^(?=## )/m);
  const lines = newest.startsWith(`## ${version}\n`) ? newest.split("\n").slice(1) : [];
  const isSentence = (line) => line.trim() && !/^#|^- Updated dependencies|^ +- @/.test(line);
  console.log(`\n${name} ${version}\n${lines.filter(isSentence).join("\n")}`);
}

function isAtNpm(name, version) {
  return spawnSync("npm", ["view", `${name}@${version}`, "version"], { encoding: "utf8" })
    .stdout.trim() === version;
}

/** Runs a program in the copy, and ends the release if it fails. */
function step(title, program, args, cwd = copy) {
  console.log(`\n# ${title}`);
  const { status, error } = spawnSync(program, args, { cwd, stdio: "inherit" });
  if (error) throw error;
  if (status !== 0) throw new Error(`Cannot release: "${program} ${args.join(" ")}" failed`);
}
