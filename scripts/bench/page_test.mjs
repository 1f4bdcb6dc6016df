// The pages, made of a few results.
import assert from "node:assert/strict";
import { test } from "uvu";
import { commandOf, pages } from "./page.mjs";

const result = (values) => ({
  package: "mux",
  file: "packages/mux/echo_bench.ts",
  unit: "CPU ns/op",
  date: "2026-11-30 00:00",
  load: 1.5,
  quick: true,
  peers: ["C", "Deno.listen"],
  absent: [],
  ours: [{ runtime: "node20", cost: 12345 }, { runtime: "deno", cost: 0.25 }],
  ratios: [
    { runtime: "node20", peer: "C", ratio: 2, low: 1.9, high: 2.1 },
    { runtime: "deno", peer: "C", ratio: 0.5, low: 0.4, high: 0.6 },
    { runtime: "deno", peer: "Deno.listen", ratio: 12.3, low: 12, high: 123 },
  ],
  ...values,
});
const made = (...results) =>
  pages({
    minutes: 9,
    quick: true,
    machine: {
      processor: "A | B",
      architecture: "x64",
      processors: 2,
      memory: "8 GiB",
      kernel: "6.18",
      congestionControl: "reno",
      mitigations: { spectre_v2: "Mitigation: a; b" },
      load: "3.0, 2.0, 1.0",
    },
    versions: { Deno: "2.9.5" },
    runtimes: ["node20", "deno"],
    results,
  });

test("there is an index, a page for each package, and a chart for each bench file", () => {
  const other = {
    package: "zerocopy",
    file: "packages/zerocopy/http/send_file_bench.ts",
    name: "b",
  };
  const names = [...made(result({ name: "a" }), result(other)).keys()];
  assert.deepEqual(names, [
    "README.md",
    "mux.md",
    "media/mux_echo.svg",
    "zerocopy.md",
    "media/zerocopy_send_file.svg",
  ]);
});

test("each comparison has its command, its ratios with their spread, and what we cost", () => {
  const page = made(result({ name: "echo, run()" })).get("mux.md");
  assert.match(page, /\n### echo, run\(\)\n/);
  assert.match(page, /\nnpm run bench -- mux --only "echo, run\(\)" --quick\n/);
  const rows = page.split("\n").filter((line) => line.startsWith("|"));
  assert.deepEqual(rows, [
    "|  | node20 | deno |",
    "| --- | ---: | ---: |",
    "| by C | **2.00** (1.90 to 2.10) | **0.50** (0.40 to 0.60) |",
    "| by Deno.listen | – | **12.3** (12.0 to 123) |",
    "| ours, CPU ns/op | 12,300 | 0.25 |",
  ]);
});

test("a picture says in words what is on it", () => {
  const page = made(result({ name: "a" })).get("mux.md");
  assert.match(page, /!\[Bars .* from 0\.50 of C in deno to 12\.3 of Deno\.listen in deno\.\]/);
});

test("peers that are absent are told, and why", () => {
  const absent = [{ peer: "nginx", reason: "nginx is not installed" }];
  const page = made(result({ name: "a", absent })).get("mux.md");
  assert.match(
    page,
    /\nWithout nginx, since nginx is not installed\. 2026-11-30 00:00 UTC, at a load of 1\.5/,
  );
});

test("a comparison that failed says why, is counted, and loses no other", () => {
  const failed = result({ name: "b", failed: "unshare: EPERM", ours: [], ratios: [] });
  const all = made(result({ name: "a" }), failed);
  assert.match(all.get("mux.md"), /### b\n\n```sh\n.*\n```\n\nNot measured: unshare: EPERM\.\n/);
  assert.match(all.get("mux.md"), /by C/);
  assert.match(all.get("README.md"), /\| \[mux\]\(mux\.md\) \| 2 \| 1 \|/);
  assert.doesNotMatch(all.get("media/mux_echo.svg"), />b</);
  assert.equal(made(failed).has("media/mux_echo.svg"), false); // without a ratio, no chart
});

test("what is text is no markup", () => {
  const peers = ["<b> & *c* | d"];
  const ratios = [{ runtime: "deno", peer: peers[0], ratio: 1, low: 1, high: 1 }];
  const all = made(result({ name: "open_file_cache", peers, ratios }));
  assert.match(all.get("mux.md"), /\| by \\<b> & \\\*c\\\* \\\| d \| – \| \*\*1\.00\*\*/);
  assert.match(all.get("mux.md"), /\n### open_file_cache\n/);
  assert.match(all.get("media/mux_echo.svg"), />&lt;b&gt; &amp; \*c\* \| d</);
  assert.match(all.get("README.md"), /A \\\| B, x64/);
});

test("a command is quoted for the shell", () => {
  assert.match(commandOf(result({ name: "a, b()" })), /--only "a, b\(\)" --quick$/);
  assert.match(commandOf(result({ name: "$a's", quick: false })), /--only '\$a'\\''s'$/);
});

test("the index says on what, when and how it was measured", () => {
  const index = made(result({ name: "a" })).get("README.md");
  assert.match(index, /npm run bench -- --all --quick\n/);
  for (const fact of ["Linux 6.18", "| reno ", "Mitigation: a; b", "3.0, 2.0, 1.0"]) {
    assert.ok(index.includes(fact), fact);
  }
  assert.match(index, /\| Deno \| 2\.9\.5 \|/);
});

test.run();
