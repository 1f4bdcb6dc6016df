import assert from "node:assert/strict";
import fc from "fast-check";
import { test } from "uvu";
import { HttpError } from "./http_error.ts";
import { parseTarget } from "./target.ts";

function statusOf(target: string): number {
  try {
    parseTarget(target);
    return 0;
  } catch (error) {
    assert.ok(error instanceof HttpError, String(error));
    return error.status;
  }
}

const name = fc.string({ unit: "grapheme", minLength: 1, maxLength: 8 })
  .filter((name) => !/[/\0]/.test(name) && !/^\.\.?$/.test(name) && name.isWellFormed());

/** The name with some of its bytes written by their numbers, needed or not. */
const written = (name: string, all: boolean) =>
  all
    ? [...new TextEncoder().encode(name)].map((b) => `%${b.toString(16).padStart(2, "0")}`).join("")
    : encodeURIComponent(name);

test("the names of a path are what was encoded, however that was written", () =>
  fc.assert(fc.property(
    fc.array(fc.tuple(name, fc.boolean())),
    fc.constantFrom("/", "//", "///"),
    fc.boolean(),
    fc.constantFrom("", "?", "?a=/../b%00", "?a?b"),
    fc.constantFrom("", "http://host", "HTTPS://[::1]:80"),
    (names, slash, isFolder, query, origin) => {
      const way = names.map(([name, all]) => `${slash}${written(name, all)}`).join("") || "/";
      const path = isFolder && names.length > 0 ? `${way}/` : way;
      assert.deepEqual(parseTarget(`${origin}${path}${query}`), {
        segments: names.map(([name]) => name),
        isFolder: isFolder || names.length === 0,
        query,
      });
    },
  )));

test("whatever the target, there is no name that leads elsewhere", () =>
  fc.assert(fc.property(
    fc.array(
      fc.constantFrom("/", ".", "..", "%2e", "%2E.", "%2f", "%00", "%c0%ae", "\\", "%5c", "a"),
    ),
    (parts) => {
      const target = `/${parts.join("")}`;
      if (statusOf(target) !== 0) return;
      for (const segment of parseTarget(target).segments) {
        assert.ok(!["", ".", ".."].includes(segment) && !/[/\0]/.test(segment));
      }
    },
  )));

for (
  const [target, status] of [
    ["/../etc/passwd", 400],
    ["/a/..", 400],
    ["/./a", 400],
    ["/%2e%2e/a", 400],
    ["/%2E./a", 400],
    ["/a%2fb", 404],
    ["/..%2f..%2fetc", 404],
    ["/a%00.txt", 400],
    ["/%", 400],
    ["/%4", 400],
    ["/%zz", 400],
    ["/%ff", 400],
    ["/%c0%af", 400],
    ["/%ed%a0%80", 400],
    ["*", 400],
    ["", 400],
    ["a", 400],
    ["host:80", 400],
    ["ftp://host/a", 400],
    ["http:///a", 400],
    ["http://:80/a", 400],
    ["http://[[,!/a", 400],
    ["http://me@host/a", 400],
  ] as const
) {
  test(`${target || "nothing"} is refused with ${status}`, () => {
    assert.equal(statusOf(target), status);
  });
}

test("a backslash and a line feed are letters like others, if they are encoded", () => {
  assert.deepEqual(parseTarget("/a%5c..%5cb%0a").segments, ["a\\..\\b\n"]);
});

test("a host without a path is asked for its root", () => {
  assert.deepEqual(parseTarget("http://host?a"), { segments: [], isFolder: true, query: "?a" });
});

test.run();
