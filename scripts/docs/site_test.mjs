// The site as its readers have it: from our own server, in a browser, on a desk and on a phone, by
// day and by night, with a mouse and without.
// Limit: 600 s, since where nothing is made yet it is made first: a minute and a half at rest.
import { found, testNeeding } from "@posixly/testing";
import { serveStatic } from "@posixly/zerocopy/http";
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { test } from "uvu";
import { filesIn, root } from "../files.mjs";
import { chromium } from "./chromium.mjs";
import { brokenNames, faintTexts, hiddenFocus, stickingOut } from "./legibility.mjs";
import { brokenLinks } from "./links.mjs";
import { ensureSite, site } from "./site.mjs";

let browser, server;

test.before(() => {
  assert.equal(ensureSite(), undefined);
  server = serveStatic(site);
  if (found("chromium")) browser = chromium();
});

test.after(async () => {
  await browser?.close();
  await server?.close({ timeout: 0 });
});

/** The pages of the guide, in its order. */
const chapters = [...filesIn("docs/guide")]
  .filter((file) => file.endsWith(".md"))
  .map((file) => {
    const [, front] = readFileSync(join(root, file), "utf8").split(/^---$/m);
    const [, title] = front.match(/^title: (.*)$/m);
    const [, order] = front.match(/^order: (\d+)$/m) ?? assert.fail(`${file} has no order`);
    return { title, order: Number(order), page: `documents/${title.replaceAll(" ", "_")}.html` };
  })
  .sort((a, b) => a.order - b.order);

const read = (page) => readFileSync(join(site, page), "utf8");

test("every link leads somewhere, and nothing is loaded from elsewhere", () => {
  assert.deepEqual(brokenLinks(site), []);
});

test("a chapter leads to the one before and to the next", () => {
  const neighbour = (page, rel) =>
    page && read(page).match(new RegExp(`<a href="([^"]*)" rel="${rel}"`))?.[1].replace("../", "");
  chapters.forEach(({ page }, i) => {
    const at = (i) => chapters[i]?.page.replace("documents/", "");
    assert.equal(neighbour(page, "prev")?.replace("documents/", ""), at(i - 1));
    assert.equal(neighbour(page, "next")?.replace("documents/", ""), at(i + 1));
  });
});

test("a chapter has a drawing and pitfalls, and every function beside C's leads into the API", () => {
  for (const { title, page } of chapters) {
    const html = read(page);
    assert.match(html, /<img src="[^"]*\.svg" alt="[^"]{40}/, `${title} has no drawing`);
    assert.match(html, /<h2[^>]*>Pitfalls/, `${title} has no pitfalls`);
    const [table] = html.match(/<table>[^]*?<\/table>/) ?? assert.fail(`${title} has no table`);
    const ours = [...table.matchAll(/<tr>\s*<td>[^]*?<\/td>\s*<td>([^]*?)<\/td>/g)];
    assert.ok(ours.length >= 5, `${title} has but ${ours.length} rows`);
    for (const [, cell] of ours) {
      const unlinked = cell.match(/(?<!">)<code>(?:await |new )?\w+\([^<]*<\/code>/);
      assert.equal(unlinked, null, `${title}: ${unlinked} leads nowhere`);
    }
  }
});

test("headings follow each other without a level left out", () => {
  for (const page of [...filesIn("docs/api")].filter((file) => file.endsWith(".html"))) {
    const html = readFileSync(join(root, page), "utf8");
    let before = 0;
    for (const [heading, tag, level] of html.matchAll(/<h([1-6])(?: aria-level="(\d)")?[ >]/g)) {
      const depth = Number(level ?? tag);
      assert.ok(depth <= before + 1, `${page}: ${heading} comes after level ${before}`);
      before = depth;
    }
    assert.ok(before > 0, `${page} has no heading`);
  }
});

test("the page of a package tells what it is once, by its README", () => {
  assert.doesNotMatch(read("modules/_posixly_pipe.html"), /tsd-panel tsd-comment/);
  assert.match(read("modules/_posixly_raw.wire.html"), /tsd-panel tsd-comment/); // no README there
});

const docs = join(root, "scripts/docs.mjs");

test("npm run docs -- --serve prints its address, and serves the site there until Ctrl-C", async () => {
  const child = spawn(process.execPath, [docs, "--serve"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [line] = await once(child.stdout.setEncoding("utf8"), "data");
  const [url] = line.match(/http:\/\/127\.0\.0\.1:\d+\//) ?? assert.fail(line);
  const answer = await fetch(url, { headers: { Connection: "close" } });
  assert.equal(answer.status, 200);
  assert.match(await answer.text(), /<title>Posixly<\/title>/);
  child.kill("SIGINT");
  const [status, signal] = await once(child, "exit");
  assert.deepEqual([status, signal], [0, null]);
});

test("a port that is none is refused", () => {
  for (const port of ["http", "65536", "-1"]) {
    const { status, stderr } = spawnSync(process.execPath, [docs, "--serve", `--port=${port}`], {
      encoding: "utf8",
    });
    assert.equal(status, 2);
    assert.equal(stderr, `port must be a number up to 65535, not ${port}\n`);
  }
});

/** Pages of each kind, and all of the guide. */
const pages = [
  "index.html",
  "modules.html",
  ...chapters.map(({ page }) => page),
  ...["The_learning_path", "Architecture", "Benchmarks", "Contributing", "Security"].map((name) =>
    `documents/${name}.html`
  ),
  "documents/Benchmarks.Benchmarks_of_zerocopy.html",
  "modules/_posixly_pipe.html",
  "modules/_posixly_pool.html",
  "modules/_posixly_ports.cli.html",
  "functions/_posixly_zerocopy.sendfile.html",
  "classes/_posixly_socket.Connection.html",
  "interfaces/_posixly_pipe.SpawnOptions.html",
  "types/_posixly_socket.AddressLike.html",
];

const screens = {
  "a desk, by day": {},
  "a desk, by night": { dark: true },
  "a phone, by day": { width: 360, height: 800 },
  "a phone, by night": { width: 360, height: 800, dark: true },
};

for (const [name, screen] of Object.entries(screens)) {
  testNeeding("chromium", `pages can be read on ${name}`, async () => {
    const page = await browser.page(screen);
    for (const path of pages) {
      await show(page, path);
      const faint = await page.evaluate(`(${faintTexts})()`);
      assert.deepEqual(faint, [], `${path} has faint texts`);
      assert.deepEqual(await page.evaluate(`(${stickingOut})()`), [], `${path} is too wide`);
      assert.deepEqual(await page.evaluate(`(${brokenNames})()`), [], `${path} breaks names`);
      const images = "[...document.images].filter(({ naturalWidth }) => naturalWidth === 0).length";
      assert.equal(await page.evaluate(images), 0, `${path} misses an image`);
    }
    assert.deepEqual(page.problems, []);
    const elsewhere = page.requests.filter((url) =>
      !/^(data:|about:)/.test(url) && !url.startsWith(server.url)
    );
    assert.deepEqual(elsewhere, []);
    await page.close();
  });
}

testNeeding("chromium", "a theme that was chosen stays, for diagrams too", async () => {
  const page = await browser.page();
  await show(page, chapters[0].page);
  await page.evaluate(`{
    const theme = document.querySelector("#tsd-theme");
    theme.value = "dark";
    theme.dispatchEvent(new Event("change"));
  }`);
  await show(page, chapters[1].page);
  const dark = "matchMedia('(prefers-color-scheme: dark)').matches";
  assert.equal(await page.evaluate(dark), false);
  assert.deepEqual(await page.evaluate(`(${faintTexts})()`), []);
  assert.equal(await page.evaluate("getComputedStyle(document.images[0]).colorScheme"), "dark");
  const [ink] = await page.evaluate("getComputedStyle(document.body).color.match(/\\d+/)");
  assert.ok(Number(ink) > 200, "the page is not dark");
  await page.evaluate("localStorage.clear()");
  await page.close();
});

testNeeding(
  "chromium",
  "the search finds calls by their name, in C too, and chapters",
  async () => {
    const page = await browser.page();
    const finds = {
      sendfile: "functions/_posixly_zerocopy.sendfile.html",
      sendmmsg: "functions/_posixly_socket.sendMessages.html",
      EADDRNOTAVAIL: "documents/Ephemeral_ports.html",
    };
    for (const [word, path] of Object.entries(finds)) {
      await show(page, "index.html");
      await reach(page, "#tsd-search-trigger");
      await page.press("Enter");
      await page.until("document.activeElement.id === 'tsd-search-input'");
      await page.type(word);
      await page.until(`document.querySelector("#tsd-search-results a[href$='${path}']")`);
      await page.press("Escape");
      await page.until("!document.querySelector('dialog[open]')");
    }
    await page.close();
  },
);

testNeeding("chromium", "one sees where the focus is, wherever Tab leads", async () => {
  for (const screen of [{}, { width: 360, height: 800, dark: true }]) {
    const page = await browser.page(screen);
    for (const path of [chapters[1].page, "functions/_posixly_zerocopy.sendfile.html"]) {
      await show(page, path);
      for (let i = 0; i < 40; i++) {
        await page.press("Tab");
        if (await page.evaluate("document.activeElement === document.body")) break; // the end
        assert.equal(await page.evaluate(`(${hiddenFocus})()`), null, `${path}, Tab ${i + 1}`);
      }
    }
    await page.close();
  }
});

testNeeding(
  "chromium",
  "the navigation is reached by the keyboard, and leads where it says",
  async () => {
    const page = await browser.page();
    await show(page, "index.html");
    const links = await page.evaluate(
      "[...document.querySelectorAll('.site-menu nav a')].map(({ href }) => href)",
    );
    assert.ok(links.length > 400, `only ${links.length} links`);
    const files = new Set(
      links.map((link) => decodeURIComponent(link.slice(server.url.length)).split("#")[0]),
    );
    for (const file of files) assert.ok(read(file).length > 0);
    const entries = await page.evaluate(`
      [...document.querySelectorAll("#tsd-nav-container > li")]
        .map((li) => li.querySelector("a, span").textContent)
    `);
    assert.deepEqual(entries.slice(0, chapters.length + 8), [
      ...["Guide", ...chapters.map(({ title }) => title)],
      ...["Project", "The learning path", "Architecture", "Benchmarks", "Contributing", "Security"],
      "API",
    ]);
    const benchmarks = await page.evaluate(`
      [...document.querySelectorAll("#tsd-nav-container a[href*='Benchmarks.Benchmarks_of']")]
        .map(({ textContent }) => textContent)
    `);
    const measured = [...filesIn("docs/benchmarks")]
      .map((file) => file.match(/(\w+)\.md$/)?.[1])
      .filter((name) => name && name !== "README");
    assert.deepEqual(benchmarks.sort(), measured.sort());

    await reach(page, ".site-menu nav a[href$='Pipes.html']");
    assert.notEqual(
      await page.evaluate("getComputedStyle(document.activeElement).outlineStyle"),
      "none",
    );
    const arrived = page.loading();
    await page.press("Enter");
    await arrived;
    assert.equal(await page.evaluate("document.querySelector('h1').textContent"), "Pipes");
    await page.close();
  },
);

testNeeding("chromium", "on a phone, the menu opens", async () => {
  const page = await browser.page({ width: 360, height: 800 });
  await show(page, "index.html");
  const menu = "document.querySelector('.site-menu').getBoundingClientRect()";
  await reach(page, "#tsd-toolbar-menu-trigger");
  await page.press("Enter");
  await page.until(`${menu}.width > 0 && ${menu}.left >= 0 && ${menu}.right <= 360`);
  assert.deepEqual(await page.evaluate(`(${stickingOut})()`), []);
  await page.close();
});

async function show(page, path) {
  await page.open(server.url + path);
  await page.until(
    "!document.body.style.display && !document.querySelector('#tsd-nav-container')?.textContent.includes('Loading')",
  );
}

/** Goes to an element by Tab. */
async function reach(page, selector) {
  for (let i = 0; i < 60; i++) {
    await page.press("Tab");
    if (await page.evaluate(`document.activeElement.matches(${JSON.stringify(selector)})`)) return;
  }
  assert.fail(`Tab does not reach ${selector}`);
}

test.run();
