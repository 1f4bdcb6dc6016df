import assert from "node:assert/strict";
import { test } from "uvu";
import { contentType } from "./content_type.ts";

for (
  const [name, type] of [
    ["index.html", "text/html; charset=utf-8"],
    ["INDEX.HTML", "text/html; charset=utf-8"],
    ["app.js", "text/javascript; charset=utf-8"],
    ["app.mjs", "text/javascript; charset=utf-8"],
    ["style.css", "text/css; charset=utf-8"],
    ["data.json", "application/json"],
    ["a.wasm", "application/wasm"],
    ["a.mp4", "video/mp4"],
    ["a.svg", "image/svg+xml"],
    ["a.tar.gz", "application/gzip"],
    ["html", "application/octet-stream"],
    [".html", "application/octet-stream"],
    ["a.", "application/octet-stream"],
    ["a.unheardof", "application/octet-stream"],
    ["a.__proto__", "application/octet-stream"],
    ["a\n.html", "text/html; charset=utf-8"],
    ["a\\b.html", "text/html; charset=utf-8"],
  ] as const
) {
  test(`${JSON.stringify(name)} is ${type}`, () => assert.equal(contentType(name), type));
}

test.run();
