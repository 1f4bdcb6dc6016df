import { spawn as spawnInNode } from "node:child_process";
import { once } from "node:events";
import process from "node:process";
import { readFileSync } from "node:fs";
const base = "/work/main/packages/";
const D = globalThis.Deno;
const { write } = await import(base + (D ? "fd/mod.ts" : "fd/dist/mod.js"));
const { spawn, setCapacity } = await import(base + (D ? "pipe/mod.ts" : "pipe/dist/mod.js"));
const cpu = () => { const { user, system } = process.cpuUsage(); return (user + system) * 1000; };
const kid = (pid) => Number(readFileSync(`/proc/${pid}/schedstat`, "utf8").split(" ")[0]);
for (const size of [1024, 4096, 16384, 65536, 262144, 1048576]) {
  const chunk = new Uint8Array(size).fill(97);
  const child = spawn("cat", [], { stdin: "pipe", stdout: "null" }); setCapacity(child.stdin, 2 ** 20);
  const child2 = spawn("cat", [], { stdin: "pipe", stdout: "null" }); setCapacity(child2.stdin, 2 ** 20);
  const nc = spawnInNode("cat", { stdio: ["pipe", "ignore", "inherit"] });
  const nc2 = spawnInNode("cat", { stdio: ["pipe", "ignore", "inherit"] });
  let nulls = 0;
  const whole = async (fd) => { for (let at = 0; at < size;) { const n = write(fd, at ? chunk.subarray(at) : chunk); if (n === null) { nulls++; await child2.stdin.write(chunk.subarray(at)); return; } at += n; } };
  const f = {
    write: [child2.pid, async (n) => { for (let i = 0; i < n; i++) { if (write(child2.stdin, chunk) !== size) await whole(child2.stdin); } }],
    stdinWrite: [child.pid, async (n) => { for (let i = 0; i < n; i++) await child.stdin.write(chunk); }],
    node: [nc.pid, async (n) => { for (let i = 0; i < n; i++) if (!nc.stdin.write(chunk)) await once(nc.stdin, "drain"); }],
    nodecb: [nc2.pid, async (n) => { for (let i = 0; i < n; i++) await new Promise((r) => nc2.stdin.write(chunk, r)); }],
  };
  const n = Math.ceil(2e8 / size); const res = {};
  for (let r = 0; r < 5; r++) for (const [k, [pid, g]] of Object.entries(f)) { const a = cpu(), b = kid(pid); await g(n); (res[k] ??= []).push([(cpu() - a) / n / size, (cpu() - a + kid(pid) - b) / n / size]); }
  const med = (a) => a.toSorted((x, y) => x - y)[a.length >> 1];
  console.log(size, Object.entries(res).map(([k, v]) => `${k} ${med(v.map((x) => x[0])).toFixed(3)} (+kid ${med(v.map((x) => x[1])).toFixed(3)})`).join("  "), "nulls", nulls);
  child.stdin.close(); child2.stdin.close(); nc.stdin.end(); nc2.stdin.end();
}
process.exit();
