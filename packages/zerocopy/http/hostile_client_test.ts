import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { mkdirSync, writeFileSync } from "node:fs";
import fc from "fast-check";
import { test } from "uvu";
import { type Served, served } from "./serve_fixture.ts";
import { byName, dial, folder, serving } from "./site_fixture.ts";
import { smuggled } from "./smuggled_fixture.ts";

/** Says some words at once, and listens until the other side has had enough. */
async function say(dial: Served["dial"], ...words: string[]): Promise<string> {
  using connection = await dial();
  for (const word of words) await connection.write(Buffer.from(word, "latin1"));
  return Buffer.from(await connection.readAll()).toString("latin1");
}

/** The answers that a client reads one after the other; fails if there is anything between them. */
function answersIn(text: string): { status: number; head: string; body: string }[] {
  const answers = [];
  while (text !== "") {
    const head = /^HTTP\/1\.1 (\d{3}) [^\r\n]*\r\n(?:[!-9;-~]+: [\t -~\x80-\xff]*\r\n)*\r\n/.exec(
      text,
    );
    assert.ok(head, `what a client reads is no answer: ${JSON.stringify(text.slice(0, 200))}`);
    const length = Number(/\r\nContent-Length: (\d+)\r\n/.exec(head[0])?.[1] ?? 0);
    const end = head[0].length + length;
    answers.push({ status: Number(head[1]), head: head[0], body: text.slice(head[0].length, end) });
    assert.ok(text.length >= end, "the body is not whole");
    text = text.slice(end);
  }
  return answers;
}

const next = "GET /small.txt HTTP/1.1\r\nHost: a\r\n\r\n";

test("after a request with two meanings nothing is answered that may be a part of it", () =>
  served({}, async ({ dial }) => {
    for (const [what, text, status] of smuggled) {
      const answers = answersIn(await say(dial, `${text}${next}${next}`));
      assert.deepEqual(answers.map(({ status }) => status), [status], what);
      assert.match(answers[0].head, /\r\nConnection: close\r\n/);
    }
  }));

test("whatever is said in whatever pieces, what comes back are answers, and the next one is served", () =>
  served({}, async ({ dial, server }) => {
    const words = fc.array(
      fc.oneof(
        fc.constant(next),
        fc.constantFrom(...smuggled.map(([, text]) => text)),
        fc.constantFrom(
          "HEAD /",
          "GET /",
          "/small.txt",
          "%2e%2e/",
          "?",
          " HTTP/1.1\r\n",
          "Host: a\r\n",
        ),
        fc.constantFrom(
          "Range: bytes=0-1,3-4\r\n",
          "Content-Length: 5\r\n",
          "Hello",
          "\r\n",
          "\n",
          "\0",
        ),
        fc.string({ unit: "binary", maxLength: 5 }).map((text) =>
          Buffer.from(text).toString("latin1")
        ),
      ),
      { maxLength: 12 },
    );
    await fc.assert(
      fc.asyncProperty(words, async (words) => {
        using connection = await dial();
        for (const word of words) await connection.write(Buffer.from(word, "latin1"));
        await connection.end();
        // HEAD has a length and no body, which only who has asked can tell.
        if (words.some((word) => word.includes("HEAD"))) return void await connection.readAll();
        answersIn(Buffer.from(await connection.readAll()).toString("latin1"));
      }),
      { numRuns: 150 },
    );
    const last = await say(dial, next.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n"));
    assert.equal(answersIn(last)[0].body, "small");
    while (server.stats.connections > 0) await new Promise(setImmediate);
  }));

test("no name of a folder adds a header, or leads to another server", () =>
  served({}, async ({ dial }) => {
    for (
      const name of ["a\r\nSet-Cookie: b", "a\tb", 'a"b', "ü", "http:", "@host", "%0d%0a", "a?b#c"]
    ) {
      mkdirSync(`${folder}/${name}`, { recursive: true });
      for (const before of ["/", "//", "http://evil//"]) {
        const target = `${before}${encodeURIComponent(name)}`;
        const line = `GET ${target}?q HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`;
        const [{ status, head }] = answersIn(await say(dial, line));
        assert.equal(status, 301);
        assert.match(head, new RegExp(`\r\nLocation: /[\\w%.~!*'()-]+/\\?q\r\n`));
        assert.doesNotMatch(head, /\r\nSet-Cookie/);
      }
    }
  }));

test("no name of a file adds a header, though it is in one", () =>
  serving(
    (response, request) => byName({ attachment: true })(response, request),
    async ({ port }) => {
      for (const name of ["c\r\nSet-Cookie: b", 'a"; filename="b', "a\0b", "ü\u2028\u202e"]) {
        if (!name.includes("\0")) writeFileSync(`${folder}/${name}`, "x");
        const line = `GET /${
          encodeURIComponent(name)
        } HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`;
        const text = await say(() => dial(port), line);
        const [{ head }] = answersIn(text);
        assert.doesNotMatch(head, /\r\nSet-Cookie/i);
        const told = /\r\nContent-Disposition: (.*)\r\n/.exec(head)?.[1];
        if (name.includes("\0")) assert.equal(told, undefined);
        else assert.match(told!, /^attachment; filename="[^"\\]*"(; filename\*=UTF-8''[\w.%-]+)?$/);
      }
    },
  ));

test("a client that asks for as many parts as it can gets no more than the file", () =>
  served({}, async ({ dial }) => {
    for (const item of ["0-", "0-0,", "-1,", "0-0,1-1,", ","]) {
      const range = `bytes=${item.repeat(16_000 / item.length - 10)}`;
      const line =
        `GET /large.bin HTTP/1.1\r\nHost: a\r\nConnection: close\r\nRange: ${range}\r\n\r\n`;
      const [{ status, body }] = answersIn(await say(dial, line));
      assert.ok(status === 200 || status === 431, String(status));
      assert.ok(body.length <= 3_000_000);
    }
  }));

test("many that never end what they ask do not keep others from being served", () =>
  served({}, async ({ dial, server }) => {
    const slow = await Promise.all(Array.from({ length: 100 }, dial));
    for (const connection of slow) {
      await connection.write(Buffer.from("GET /small.txt HTTP/1.1\r\nA: "));
    }
    for (let i = 0; i < 100; i++) {
      for (const connection of slow.slice(0, 10)) await connection.write(Buffer.from("a"));
    }
    const last = await say(dial, next.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n"));
    assert.equal(answersIn(last)[0].body, "small");
    for (const connection of slow) connection.close();
    while (server.stats.connections > 0) await new Promise(setImmediate);
  }));

test.run();
