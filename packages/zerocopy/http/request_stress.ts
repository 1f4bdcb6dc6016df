/**
 * Proves that no request hurts the server: three million heads, each made of a good one or of one that
 * was meant to be smuggled in, by changing, cutting, repeating and mixing their bytes. Each is a head
 * within what came, or not whole yet, or refused with a status, and is the same if it comes again. No
 * target leads out of the folder, and no header throws.
 *
 * Run by `npm run stress`, in every runtime; arguments are a seed and how many requests.
 */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import process from "node:process";
import { mutantOf, randomFrom } from "@posixly/testing";
import { wish } from "./accept_encoding.ts";
import { parseHttpDate } from "./http_date.ts";
import { HttpError } from "./http_error.ts";
import { parseRanges } from "./ranges.ts";
import { HEAD_LIMITS, parseRequestHead, type RequestHead } from "./request_head.ts";
import { get, smuggled } from "./smuggled_fixture.ts";
import { parseTarget } from "./target.ts";

const [seed = 1, count = 3_000_000] = process.argv.slice(2).map(Number);
const SIZE = 10_000;

const good = [
  get(""),
  get('Range: bytes=0-99,-5, 20-\r\nIf-Range: "a"\r\n', "GET /a%20b/c.txt?d HTTP/1.1"),
  get("Content-Length: 12\r\nConnection: keep-alive, close\r\n", "POST /form HTTP/1.1"),
  get("Transfer-Encoding: chunked\r\nAccept-Encoding: br;q=0.5, gzip, *;q=0\r\n"),
  get('If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT\r\nIf-None-Match: W/"x", *\r\n'),
  get("If-Modified-Since: Sunday, 06-Nov-94 08:49:37 GMT\r\n", "HEAD http://a:8/%2e%2e/b HTTP/1.0"),
  get("A: ", "GET /../%2e/..%2f/\\ HTTP/1.1"),
];
/** Mostly good ones, since a single change makes most of them bad. */
const parents = [...Array(20).fill(good).flat(), ...smuggled.map(([, text]) => text)] as string[];
const pieces = [
  ..."\r\n\0 \t:,%/.-\x7f\xff",
  ..."\r\n|\r\n\r\n|HTTP/1.1|HTTP/1.0|Host: b\r\n|Content-Length: 5\r\n|Range: bytes=|chunked|gzip;q=1.001|"
    .split("|"),
  ..."%2e%2e/|%00|%c0%ae|/../|//|99999999999999999999|-1|bytes=5-4|31 Feb 1994".split("|"),
];
const statuses = [400, 404, 414, 431, 501, 505];

const random = randomFrom(seed);

/** What it gives, or the status that it is refused with. */
function answer<T>(run: () => T): T | number {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof HttpError)) throw error;
    assert.ok(statuses.includes(error.status), String(error));
    return error.status;
  }
}

const headers = ["host", "range", "if-modified-since", "accept-encoding", "content-length", "a"];

/** All that a head says, so that two may be compared. */
function said(head: RequestHead | null | number): unknown {
  if (head === null || typeof head === "number") return head;
  const { method, target, minor, length, keepAlive, body } = head;
  return [method, target, minor, length, keepAlive, body, ...headers.map((it) => head.header(it))];
}

const limits = [HEAD_LIMITS, { head: 100, target: 20, lines: 3 }];
const tally = { heads: 0, unfinished: 0, refused: 0, targets: 0 };

function check(text: string): void {
  const bytes = Buffer.from(text, "latin1");
  const limit = limits[random(8) && 1];
  const parse = () => answer(() => parseRequestHead(bytes, 0, bytes.length, limit));
  const head = parse();
  assert.deepEqual(said(parse()), said(head));
  if (head === null) tally.unfinished++;
  else if (typeof head === "number") tally.refused++;
  else look(head, bytes.length);
}

function look(head: RequestHead, length: number): void {
  tally.heads++;
  assert.ok(head.length > 0 && head.length <= length);
  const { body } = head;
  assert.ok(body === "chunked" || Number.isSafeInteger(body) && body >= 0, String(body));
  for (const range of parseRanges(head.header("range") ?? "", SIZE) ?? []) {
    const { offset, length } = range;
    assert.ok(offset >= 0 && length > 0 && offset + length <= SIZE, JSON.stringify(range));
  }
  const time = parseHttpDate(head.header("if-modified-since") ?? "");
  assert.ok(time === null || Number.isInteger(time), String(time));
  const weight = wish(head.header("accept-encoding") ?? "", "gzip");
  assert.ok(weight >= 0 && weight <= 1, String(weight));
  const target = answer(() => parseTarget(head.target));
  if (typeof target === "number") return;
  tally.targets++;
  for (const name of target.segments) {
    assert.ok(!["", ".", ".."].includes(name) && !/[/\0]/.test(name), JSON.stringify(target));
  }
}

let done = 0;
let text = "";
try {
  for (; done < count; done++) check(text = mutantOf(parents, pieces, random, random(4)));
} catch (error) {
  console.error(`request ${done} of seed ${seed}: ${JSON.stringify(text)}`);
  throw error;
}
console.log(`${done} requests: ${JSON.stringify(tally)}`);
