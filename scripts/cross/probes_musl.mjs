// Runs on musl, and prints what its C library lacks, or does otherwise, as JSON.
import { spawnSync } from "node:child_process";
import { existsSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { packages, root } from "../files.mjs";
import { lackingLibraries } from "./probes_libraries.mjs";

const built = (name, file) => join(root, "packages", name, "dist", file);
const { bind, cstring } = await import(built("sys", "mod.js"));

const RTLD_DEFAULT = 0;
const { dlsym } = bind({ dlsym: ["address", "u64", "buffer"] });
const lacking = {};
for (const file of packages.map((name) => built(name, "libc.js")).filter(existsSync)) {
  const { libc } = await import(file);
  if (libc === undefined) continue;
  for (const bound of Object.getOwnPropertyNames(Object.getPrototypeOf(libc))) {
    const [name] = bound.split("$");
    if (Number(dlsym(RTLD_DEFAULT, cstring(name))) === 0) lacking[name] = "no such function";
  }
}

// Another program may be what starts this one.
const program = readlinkSync("/proc/self/exe");
if (!program.includes("node")) lacking["program by its name"] = program;

// The names of system calls are those that strace(1) is told in tests. Node itself waits by another.
const calls = `
  import { openSync } from "node:fs";
  const { bind } = await import(process.argv[1]);
  bind({ epoll_wait: ["i32", "i32", "buffer", "i32", "i32"] }).epoll_wait(-1, new Uint8Array(12), 1, 0);
  openSync("/dev/null");
`;
const command = [process.execPath, "--input-type=module", "-e", calls, built("sys", "mod.js")];
const { status, stderr } = spawnSync("strace", ["-fe", "epoll_wait,openat", ...command], {
  encoding: "utf8",
});
if (status === 0) {
  const sees = (call) =>
    stderr.includes(call) ? {} : { [`${call.match(/\w+/)} by its name`]: "another call" };
  Object.assign(lacking, sees("epoll_wait(-1"), sees('openat(AT_FDCWD, "/dev/null"'));
}
console.log(JSON.stringify({ ...lacking, ...lackingLibraries() }));
