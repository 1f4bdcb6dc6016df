// On what was measured: the machine, and the versions of all that took part.
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { arch, availableParallelism, cpus, loadavg, release, totalmem } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { packages, root } from "../files.mjs";
import { programs } from "../runtimes.mjs";

const VULNERABILITIES = "/sys/devices/system/cpu/vulnerabilities";

/** The machine, by what is said about it; the load is that of the end. */
export function machine() {
  return {
    processor: cpus()[0]?.model.trim() || "unknown",
    architecture: arch(),
    processors: availableParallelism(),
    memory: `${Math.round(totalmem() / 2 ** 30)} GiB`,
    kernel: release(),
    congestionControl: congestionControl(),
    mitigations: mitigations(),
    load: loadavg().map((load) => load.toFixed(1)).join(", "),
  };
}

/** What TCP sends by: the figures of one are not those of another. */
function congestionControl() {
  return readFileSync("/proc/sys/net/ipv4/tcp_congestion_control", "utf8").trim();
}

/** What the kernel does about each weakness that the processor has. */
function mitigations() {
  try {
    return Object.fromEntries(
      readdirSync(VULNERABILITIES).sort()
        .map((name) => [name, readFileSync(join(VULNERABILITIES, name), "utf8").trim()])
        .filter(([, state]) => state !== "Not affected"),
    );
  } catch {
    return {}; // a kernel without sysfs does not say
  }
}

/** The version of each runtime, program and library that is installed. */
export function versions() {
  const said = {
    Node: process.versions.node,
    "Node, types stripped": programs.node26 && sayingOf(programs.node26, "--version"),
    Deno: programs.deno && sayingOf(programs.deno, "--version"),
    Bun: programs.bun && sayingOf(programs.bun, "--version"),
    cc: sayingOf("cc", "--version"),
    "C library": sayingOf("ldd", "--version"),
    nginx: sayingOf("nginx", "-v"),
    ss: sayingOf("ss", "-V"),
    scapy: sayingOf("/usr/bin/python3", "-c", "import scapy; print(scapy.__version__)"),
    libpcap: sayingOf("pcap-config", "--version"),
    ...libraries(),
  };
  return Object.fromEntries(Object.entries(said).filter(([, version]) => version));
}

/** The last number with a dot on the first line that a program says. */
function sayingOf(program, ...args) {
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: "utf8" });
  if (status !== 0) return undefined;
  return (stdout || stderr).split("\n")[0].match(/\d+(\.\d+)+/g)?.at(-1);
}

/** What packages are compared with, or use, that npm has. */
function libraries() {
  const found = [];
  for (const name of packages) {
    const require = createRequire(join(root, "packages", name, "package.json"));
    const manifest = require("./package.json");
    for (const peer of Object.keys({ ...manifest.dependencies, ...manifest.devDependencies })) {
      if (/^@posixly\/|^@types\/|^(uvu|fast-check)$/.test(peer)) continue;
      const file = join(root, "packages", name, "node_modules", peer, "package.json");
      found.push([peer, JSON.parse(readFileSync(file, "utf8")).version]);
    }
  }
  return Object.fromEntries(found.sort());
}
