// The table of permissions in SECURITY.md, tried.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import process from "node:process";
import { test } from "uvu";
import { root } from "./files.mjs";
import { programs } from "./runtimes.mjs";

const { deno, node26 } = programs;
const node20 = process.versions.node.startsWith("20.") && process.execPath;
const none = { file: "no", child: "no", network: "no", name: "no", "file by the runtime": "no" };
const ours = { ...none, file: "yes", child: "yes", network: "yes" };
const read = `--allow-fs-read=${root}`;
const in20 = ["--no-warnings", "--experimental-permission", read];
const in26 = ["--no-warnings", "--permission", read];
const inDeno = ["run", "--quiet", "--no-prompt"];

/** What a program may do that was started so. */
function deeds([program, ...flags]) {
  const { stdout, stderr } = spawnSync(
    program,
    [...flags, join(root, "scripts/fixtures/permissions.mjs")],
    { cwd: root, encoding: "utf8" },
  );
  assert.match(stdout, /^\{/, stderr);
  return JSON.parse(stdout);
}

const table = [
  ["Node 20 without --allow-addons", node20 && [node20, ...in20], none],
  [
    "Node 20 with it: names, too, since it has no permission for networks",
    node20 && [
      node20,
      ...in20,
      "--allow-addons",
    ],
    { ...ours, name: "yes" },
  ],
  ["Node 26 without --allow-addons", node26 && [node26, ...in26], none],
  ["Node 26 with it", node26 && [node26, ...in26, "--allow-addons"], ours],
  ["Node 26 with --allow-net, too", node26 && [node26, ...in26, "--allow-addons", "--allow-net"], {
    ...ours,
    name: "yes",
  }],
  ["Deno without --allow-ffi", deno && [deno, ...inDeno, "--allow-net"], none],
  ["Deno with it", deno && [deno, ...inDeno, "--allow-ffi"], ours],
  [
    "Deno with it for one library alone",
    deno && [
      deno,
      ...inDeno,
      "--allow-ffi=/lib/libc.so.6",
    ],
    none,
  ],
  [
    "Deno with --allow-net for a name, too",
    deno && [
      deno,
      ...inDeno,
      "--allow-ffi",
      "--allow-net=localhost",
    ],
    { ...ours, name: "yes" },
  ],
];

for (const [what, command, expected] of table) {
  if (command) test(what, () => assert.deepEqual(deeds(command), expected));
}

test.run();
