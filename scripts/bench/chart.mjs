// A chart of ratios: for each comparison and peer a bar for each runtime, from 1 to the ratio, on a
// scale where twice and half are as far from 1.
import { ratioText } from "./numbers.mjs";

const WIDTH = 760;
const LEFT = 226; // names of peers end here
const PLOT = { from: 262, to: 716 }; // and figures have room on both sides
const BAR = { pitch: 14, height: 9 };
const GAP = 10;
const HEADING = 30;
const TOP = 92;
const BOTTOM = 30;

const STYLE = `
svg {
  --ink: #1f2328;
  --soft: #59636e;
  --edge: #d1d9e0;
  --one: #8c959f;
  --page: #ffffff;
  --r0: #0969da;
  --r1: #1a7f37;
  --r2: #bc4c00;
  color-scheme: light dark;
}
@media (prefers-color-scheme: dark) {
  svg {
    --ink: #e6edf3;
    --soft: #9198a1;
    --edge: #3d444d;
    --one: #9198a1;
    --page: #0d1117;
    --r0: #58a6ff;
    --r1: #3fb950;
    --r2: #f0883e;
  }
}
text {
  font: 13px system-ui, sans-serif;
  fill: var(--ink);
}
.page {
  fill: var(--page);
}
.soft, .figure {
  font-size: 11.5px;
  fill: var(--soft);
}
.name {
  font-weight: 600;
}
.end {
  text-anchor: end;
}
.middle {
  text-anchor: middle;
}
line {
  stroke: var(--edge);
}
.one {
  stroke: var(--one);
  stroke-width: 1.5;
}
.spread {
  stroke: var(--ink);
}
.r0 {
  fill: var(--r0);
}
.r1 {
  fill: var(--r1);
}
.r2 {
  fill: var(--r2);
}`;

/**
 * The chart, as the text of an SVG that follows the theme.
 *
 * @param title What was compared
 * @param results The comparisons, of which some may have no ratios
 * @param runtimes The names of runtimes, in order
 */
export function chart(title, results, runtimes) {
  const groups = results.filter(({ ratios }) => ratios.length > 0);
  const scale = scaleFor(groups.flatMap(({ ratios }) => ratios));
  const body = [];
  let y = TOP;
  for (const { name, peers, ratios } of groups) {
    y += HEADING;
    body.push(`<text class="name" x="16" y="${y - 9}">${escape(name)}</text>`);
    for (const peer of peers) {
      const bars = runtimes
        .map((runtime) => ratios.find((one) => one.peer === peer && one.runtime === runtime))
        .filter((found) => found);
      if (bars.length === 0) continue;
      const middle = y + bars.length * BAR.pitch / 2;
      body.push(`<text class="end" x="${LEFT}" y="${middle + 3}">${escape(peer)}</text>`);
      for (const found of bars) {
        body.push(...bar(found, runtimes.indexOf(found.runtime), y, scale));
        y += BAR.pitch;
      }
      y += GAP;
    }
  }
  const height = y + BOTTOM;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-labelledby="title desc">
<title id="title">${escape(title)}: what we cost by what they cost</title>
<desc id="desc">Bars to the left of 1 where we cost less, to the right where we cost more. The tables of the page have all figures.</desc>
<style>${STYLE}
</style>
<rect class="page" width="${WIDTH}" height="${height}" rx="6" />
${legend(title, runtimes).join("\n")}
${axis(scale, y).join("\n")}
${body.join("\n")}
</svg>
`;
}

function legend(title, runtimes) {
  const lines = [
    `<text class="name" x="16" y="26">${escape(title)}: what we cost by what they cost</text>`,
  ];
  let x = 16;
  for (const [i, runtime] of runtimes.entries()) {
    lines.push(`<rect class="r${i}" x="${x}" y="42" width="12" height="12" />`);
    lines.push(`<text class="soft" x="${x + 17}" y="52">${escape(runtime)}</text>`);
    x += 34 + 7 * runtime.length;
  }
  return lines;
}

function axis({ at, ticks }, bottom) {
  const one = at(1);
  const lines = [
    `<text class="soft end" x="${one - 10}" y="52">← less</text>`,
    `<text class="soft" x="${one + 10}" y="52">more →</text>`,
  ];
  for (const tick of ticks) {
    const x = at(tick);
    const kind = tick === 1 ? ` class="one"` : "";
    lines.push(`<line${kind} x1="${x}" x2="${x}" y1="${TOP - 10}" y2="${bottom}" />`);
    for (const y of [TOP - 16, bottom + 16]) {
      lines.push(`<text class="soft middle" x="${x}" y="${y}">${tick} ×</text>`);
    }
  }
  return lines;
}

function bar({ ratio, low, high }, runtime, y, { at }) {
  const [one, end] = [at(1), at(ratio)];
  const isLess = ratio < 1;
  const middle = y + BAR.pitch / 2;
  // The figure stands beyond bar and spread.
  const text = isLess ? Math.min(end, at(low), one) - 5 : Math.max(end, at(high), one) + 5;
  const width = round(Math.max(Math.abs(end - one), 1));
  return [
    `<rect class="r${runtime}" x="${Math.min(one, end)}" y="${
      middle - BAR.height / 2
    }" width="${width}" height="${BAR.height}" />`,
    `<line class="spread" x1="${at(low)}" x2="${at(high)}" y1="${middle}" y2="${middle}" />`,
    `<text class="figure${isLess ? " end" : ""}" x="${round(text)}" y="${middle + 4}">${
      ratioText(ratio)
    }</text>`,
  ];
}

/** Where a ratio is, and which are marked: 1, 2, 5, 10 and so on, and their inverses. */
function scaleFor(ratios) {
  const least = Math.min(0.5, ...ratios.map(({ ratio, low }) => Math.min(ratio, low)));
  const most = Math.max(2, ...ratios.map(({ ratio, high }) => Math.max(ratio, high)));
  const [from, to] = [Math.log(least), Math.log(most)];
  const at = (ratio) =>
    round(PLOT.from + (Math.log(ratio) - from) / (to - from) * (PLOT.to - PLOT.from));
  const steps = most / least > 200 ? [1] : [1, 2, 5];
  const ticks = [];
  for (let power = -6; power <= 6; power++) {
    for (const step of steps) {
      const tick = Number((step * 10 ** power).toPrecision(1));
      if (tick >= least * 0.999 && tick <= most * 1.001) ticks.push(tick);
    }
  }
  return { at, ticks };
}

function round(number) {
  return Math.round(number * 10) / 10;
}

function escape(text) {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}
