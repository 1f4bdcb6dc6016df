import assert from "node:assert/strict";
import { test } from "uvu";
import { chart } from "./chart.mjs";

const runtimes = ["node20", "deno"];
const drawn = (...ratios) =>
  chart("echo", [{ name: "a", peers: ["C", "absent"], ratios }], runtimes);
const ratio = (ratio, runtime = "deno") => ({
  runtime,
  peer: "C",
  ratio,
  low: ratio * 0.9,
  high: ratio * 1.1,
});

/** The bars: where each begins, and how wide it is. */
function bars(svg) {
  const found = svg.matchAll(/<rect class="r(\d)" x="([\d.]+)" y="[\d.]+" width="([\d.]+)" h/g);
  return [...found].slice(runtimes.length) // those of the legend come first
    .map(([, runtime, x, width]) => ({ runtime: +runtime, x: +x, width: +width }));
}

const one = (svg) => Number(svg.match(/<line class="one" x1="([\d.]+)"/)[1]);

test("bars begin at 1: less goes to the left, more to the right, twice as far as half", () => {
  const svg = drawn(ratio(0.5, "node20"), ratio(2));
  const [less, more] = bars(svg);
  assert.deepEqual([less.runtime, more.runtime], [0, 1]);
  assert.equal(more.x, one(svg));
  assert.ok(Math.abs(less.x + less.width - one(svg)) < 0.2);
  assert.ok(Math.abs(less.width - more.width) < 0.2);
});

test("a ratio of 1 can be seen", () => {
  assert.equal(bars(drawn(ratio(1)))[0].width, 1);
});

test("a peer without ratios has no bar and no name", () => {
  assert.doesNotMatch(drawn(ratio(1)), /absent/);
});

test("everything is inside, however far apart the ratios are", () => {
  for (const [least, most] of [[1, 1], [0.001, 0.002], [30, 5000], [0.0004, 900]]) {
    const svg = drawn(ratio(least, "node20"), ratio(most));
    for (const [, x] of svg.matchAll(/ x[12]?="(-?[\d.]+)"/g)) {
      assert.ok(x >= 16 && x <= 744, `${x} with ${least} and ${most}`);
    }
    const ticks = svg.match(/ ×</g).length / 2;
    assert.ok(ticks >= 3 && ticks < 14, `${ticks} ticks with ${least} and ${most}`);
  }
});

test("it follows the theme, has words for those who do not see it, and no script", () => {
  const svg = chart('<"&>', [{ name: "a", peers: ["C"], ratios: [ratio(1)] }], runtimes);
  assert.match(svg, /@media \(prefers-color-scheme: dark\)/);
  assert.match(svg, /role="img"\s+aria-labelledby="title desc"/);
  assert.match(svg, /<title id="title">&lt;&quot;&amp;&gt;: /);
  assert.doesNotMatch(svg, /<script|href|http(?!:\/\/www\.w3\.org\/2000\/svg)/);
});

test.run();
