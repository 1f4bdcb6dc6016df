// A link that leads nowhere, and whatever would be loaded from elsewhere, is found.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import { brokenLinks } from "./links.mjs";

/** What is said of a page, next to which there is `other.html` with a place called `here&now`. */
function complaintsAbout(page, style = "") {
  const folder = mkdtempSync(join(tmpdir(), "posixly-links-"));
  try {
    writeFileSync(join(folder, "other.html"), '<h2 id="here&amp;now"></h2>');
    writeFileSync(join(folder, "page.html"), page);
    writeFileSync(join(folder, "style.css"), style);
    return brokenLinks(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test("links to what is there are all right, and so are those to elsewhere", () => {
  const page = `<a href="other.html"></a> <a href="./other.html#here%26now"></a> <b id="top"></b>
    <a href="#top"></a> <a href="#"></a> <a href="https://example.org/"></a> <img src="data:,">`;
  assert.deepEqual(complaintsAbout(page, "a { background: url(data:,) }"), []);
});

test("a link to no file, or to no place in it", () => {
  const page = '<a href="none.html"></a> <a class="x" href="other.html#there"></a> <a href="#top">';
  assert.deepEqual(complaintsAbout(page), [
    "page.html: none.html leads to no file",
    "page.html: other.html#there leads to no such place",
    "page.html: #top leads to no such place",
  ]);
});

test("what is loaded from elsewhere", () => {
  const page =
    '<script async src="https://a.example/x.js"></script><img alt="" src="//b.example/y">';
  const style = '@import "https://c.example/z.css"; p { background: url(http://d.example/w) }';
  assert.deepEqual(complaintsAbout(page, style), [
    "page.html loads https://a.example/x.js",
    "page.html loads //b.example/y",
    "style.css loads https://c.example/z.css",
    "style.css loads http://d.example/w",
  ]);
});

test.run();
