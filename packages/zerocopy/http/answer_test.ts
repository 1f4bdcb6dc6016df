import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import fc from "fast-check";
import { test } from "uvu";
import { type Answer, answerTo, type Question } from "./answer.ts";
import { toHttpDate } from "./http_date.ts";
import type { Representation } from "./representation.ts";

const file = Buffer.from(Uint8Array.from({ length: 100 }, (_, i) => i));
const modified = 1_000_000_000;

const page: Representation = {
  size: 100,
  modified,
  etag: '"page"',
  isSettled: true,
  type: "text/plain",
};
const unsettled: Representation = { ...page, etag: 'W/"page"', isSettled: false };

const asking = (headers: Record<string, string>, method = "GET"): Question => ({
  method,
  header: (name) => headers[name],
});

const ask = (headers: Record<string, string>, of = page, method = "GET"): Answer => {
  const answer = answerTo(asking(headers, method), of);
  assert.equal(answer.length, answer.parts.reduce((sum, { length }) => sum + length, 0));
  return answer;
};

const headersOf = ({ headers }: Answer): Record<string, string> => {
  assert.equal(new Set(headers.map(([name]) => name.toLowerCase())).size, headers.length);
  return Object.fromEntries(headers);
};

/** What the client gets to read. */
const bodyOf = ({ parts }: Answer): Buffer =>
  Buffer.concat(
    parts.map((part) =>
      part instanceof Uint8Array ? part : file.subarray(part.offset, part.offset + part.length)
    ),
  );

test("a plain request gets all of the file, and the same answer each time", () => {
  const answer = ask({});
  assert.equal(answer.status, 200);
  assert.deepEqual(bodyOf(answer), file);
  assert.deepEqual(headersOf(answer), {
    "Content-Type": "text/plain",
    "Content-Length": "100",
    "ETag": '"page"',
    "Last-Modified": "Sun, 09 Sep 2001 01:46:40 GMT",
    "Accept-Ranges": "bytes",
  });
  assert.equal(ask({}), answer);
});

test("HEAD has the headers of GET, and no body", () => {
  const head = ask({ range: "bytes=0-1" }, page, "HEAD");
  assert.deepEqual({ ...head, parts: 0, length: 0 }, { ...ask({}), parts: 0, length: 0 });
  assert.equal(head.length, 0);
  assert.equal(head.parts.length, 0);
});

test("an empty file has nothing to send", () => {
  const empty = { ...page, size: 0 };
  assert.deepEqual(ask({}, empty).parts, []);
  assert.equal(headersOf(ask({}, empty))["Content-Length"], "0");
  assert.equal(headersOf(ask({ range: "bytes=0-" }, empty))["Content-Range"], "bytes */0");
});

test("other methods get all of the file, whatever is asked", () => {
  const headers = { "range": "bytes=0-1", "if-none-match": "*", "if-match": '"other"' };
  const answer = ask(headers, page, "POST");
  assert.deepEqual([answer.status, answer.length], [200, 100]);
});

test("what a file is packed with and how long it is kept are told with each answer", () => {
  const packed = { ...page, encoding: "br", varies: true, cacheControl: "max-age=60" };
  for (const headers of [{}, { range: "bytes=0-1" }, { range: "bytes=0-1,3-4" }]) {
    const told = headersOf(ask(headers as Record<string, string>, packed));
    assert.equal(told["Content-Encoding"], "br");
    assert.equal(told["Vary"], "Accept-Encoding");
    assert.equal(told["Cache-Control"], "max-age=60");
  }
  const unchanged = headersOf(ask({ "if-none-match": "*" }, packed));
  assert.deepEqual([unchanged["Vary"], unchanged["Cache-Control"]], [
    "Accept-Encoding",
    "max-age=60",
  ]);
  assert.equal(unchanged["Content-Encoding"], undefined);
});

test("a part comes with its place", () => {
  const answer = ask({ range: "bytes=10-19" });
  assert.equal(answer.status, 206);
  assert.deepEqual(bodyOf(answer), file.subarray(10, 20));
  assert.equal(headersOf(answer)["Content-Range"], "bytes 10-19/100");
  assert.equal(headersOf(answer)["Content-Length"], "10");
  assert.equal(headersOf(answer)["Content-Type"], "text/plain");
});

test("parts that are not there are told with the size there is", () => {
  const answer = ask({ range: "bytes=100-" });
  assert.equal(answer.status, 416);
  assert.equal(headersOf(answer)["Content-Range"], "bytes */100");
  assert.equal(headersOf(answer)["Content-Length"], "0");
});

/** Reads a body of several parts as a client does. */
function partsOf(answer: Answer): { place: string; bytes: Buffer }[] {
  const boundary = /^multipart\/byteranges; boundary=(\S+)$/.exec(
    headersOf(answer)["Content-Type"],
  );
  const text = bodyOf(answer).toString("latin1");
  const pieces = `\r\n${text}`.split(`\r\n--${boundary![1]}`);
  assert.equal(pieces.shift(), "");
  assert.equal(pieces.pop(), "--\r\n");
  return pieces.map((piece) => {
    const found = /^\r\nContent-Type: text\/plain\r\nContent-Range: (.*)\r\n\r\n([^]*)$/.exec(
      piece,
    )!;
    return { place: found[1], bytes: Buffer.from(found[2], "latin1") };
  });
}

test("several parts come one after the other, each with its place", () =>
  fc.assert(fc.property(
    fc.array(fc.tuple(fc.nat(99), fc.nat(20)), { minLength: 1, maxLength: 5 }),
    (asked) => {
      const ranges = asked.map(([first, more]) => [first, Math.min(first + more, 99)]);
      const sum = ranges.reduce((sum, [first, last]) => sum + last - first + 1, 0);
      const answer = ask({ range: `bytes=${ranges.map((range) => range.join("-")).join()}` });
      assert.equal(headersOf(answer)["Content-Length"], String(bodyOf(answer).length));
      if (sum > 100) return assert.equal(answer.status, 200);
      assert.equal(answer.status, 206);
      if (ranges.length === 1) return assert.equal(answer.length, sum);
      assert.deepEqual(
        partsOf(answer),
        ranges.map(([first, last]) => ({
          place: `bytes ${first}-${last}/100`,
          bytes: file.subarray(first, last + 1),
        })),
      );
    },
  )));

test("of several parts only one of which is there, it comes alone", () => {
  const answer = ask({ range: "bytes=500-,0-3" });
  assert.equal(headersOf(answer)["Content-Range"], "bytes 0-3/100");
  assert.equal(answer.length, 4);
});

const before = toHttpDate(modified - 1);
const then = toHttpDate(modified);
const after = toHttpDate(modified + 1);

for (
  const [status, headers] of [
    [304, { "if-none-match": '"page"' }],
    [304, { "if-none-match": 'W/"page"' }],
    [304, { "if-none-match": '"other", "page"' }],
    [304, { "if-none-match": "*" }],
    [200, { "if-none-match": '"other"' }],
    [200, { "if-none-match": "" }],
    [304, { "if-modified-since": then }],
    [304, { "if-modified-since": after }],
    [200, { "if-modified-since": before }],
    [200, { "if-modified-since": "yesterday" }],
    [200, { "if-none-match": '"other"', "if-modified-since": after }],
    [304, { "if-none-match": '"page"', "if-modified-since": before }],
    [200, { "if-match": '"page"' }],
    [200, { "if-match": "*" }],
    [412, { "if-match": '"other"' }],
    [412, { "if-match": 'W/"page"' }],
    [412, { "if-match": "" }],
    [200, { "if-unmodified-since": then }],
    [412, { "if-unmodified-since": before }],
    [200, { "if-unmodified-since": "yesterday" }],
    [200, { "if-match": '"page"', "if-unmodified-since": before }],
    [304, { "if-match": '"page"', "if-none-match": '"page"' }],
    [412, { "if-match": '"other"', "if-none-match": '"page"' }],
    [304, { "if-none-match": '"page"', "range": "bytes=0-1" }],
    [412, { "if-match": '"other"', "range": "bytes=500-" }],
    [206, { "if-match": '"page"', "range": "bytes=0-1" }],
    [206, { "if-range": '"page"', "range": "bytes=0-1" }],
    [206, { "if-range": then, "range": "bytes=0-1" }],
    [200, { "if-range": '"other"', "range": "bytes=0-1" }],
    [200, { "if-range": 'W/"page"', "range": "bytes=0-1" }],
    [200, { "if-range": '"page", "other"', "range": "bytes=0-1" }],
    [200, { "if-range": '"other", "page"', "range": "bytes=0-1" }],
    [200, { "if-range": before, "range": "bytes=0-1" }],
    [200, { "if-range": after, "range": "bytes=0-1" }],
    [200, { "if-range": "", "range": "bytes=0-1" }],
    [200, { "if-range": "*", "range": "bytes=0-1" }],
    [200, { "if-range": '"other"', "range": "bytes=500-" }],
    [200, { "if-range": '"page"' }],
  ] as [number, Record<string, string>][]
) {
  const asked = Object.entries(headers).map(([name, value]) => `${name}: ${value}`).join(", ");
  test(`${asked} is answered with ${status}`, () => {
    const answer = ask(headers);
    assert.equal(answer.status, status);
    if (status === 200) assert.equal(answer.length, 100);
    if (status === 304 || status === 412) assert.equal(answer.parts.length, 0);
    if (status === 304) assert.equal(headersOf(answer)["Content-Length"], undefined);
    if (status === 412) assert.equal(headersOf(answer)["Content-Length"], "0");
    if (status === 304 || status === 200) assert.equal(headersOf(answer)["ETag"], '"page"');
    assert.equal(ask(headers, page, "HEAD").status, status === 206 ? 200 : status);
  });
}

test("of a file that has just changed no parts are joined", () => {
  for (const ifRange of ['"page"', 'W/"page"', then]) {
    assert.equal(ask({ "if-range": ifRange, "range": "bytes=0-1" }, unsettled).status, 200);
  }
  assert.equal(ask({ "range": "bytes=0-1" }, unsettled).status, 206);
  assert.equal(ask({ "if-none-match": '"page"' }, unsettled).status, 304);
});

test("no header of a request makes an answer that ends a header early", () =>
  fc.assert(fc.property(
    fc.dictionary(
      fc.constantFrom("range", "if-range", "if-match", "if-none-match", "if-modified-since"),
      fc.oneof(fc.string({ unit: "binary" }), fc.constantFrom("bytes=0-1", "*", '"page"', then)),
    ),
    fc.constantFrom("GET", "HEAD", "PUT"),
    (headers, method) => {
      const answer = ask(headers, page, method);
      assert.ok([200, 206, 304, 412, 416].includes(answer.status));
      for (const [name, value] of answer.headers) assert.doesNotMatch(name + value, /[\r\n\0]/);
    },
  )));

test.run();
