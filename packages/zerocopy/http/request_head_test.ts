import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { createServer, type IncomingMessage } from "node:http";
import { connect } from "node:net";
import { once } from "node:events";
import fc from "fast-check";
import { test } from "uvu";
import { HttpError } from "./http_error.ts";
import { type HeadLimits, parseRequestHead, type RequestHead } from "./request_head.ts";
import { get, smuggled } from "./smuggled_fixture.ts";

function parse(text: string, limits?: HeadLimits): RequestHead | null {
  const bytes = Buffer.from(`before${text}`, "latin1");
  return parseRequestHead(bytes, 6, bytes.length, limits);
}

/** The status that a text is refused with; 0 if it is not. */
function refusalOf(text: string, limits?: HeadLimits): number {
  try {
    parse(text, limits);
    return 0;
  } catch (error) {
    assert.ok(error instanceof HttpError, String(error));
    return error.status;
  }
}

const token = fc.stringMatching(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,12}$/);
const value = fc.stringMatching(/^(?:[!-~\x80-\xff](?:[\t -~\x80-\xff]{0,20}[!-~\x80-\xff])?)?$/);
const target = fc.stringMatching(/^\/[!$-;=?-[\]^-~]{0,30}$/);
const special = ["host", "connection", "content-length", "transfer-encoding"];
const ordinary = token.filter((name) => !special.includes(name.toLowerCase()));
const blank = fc.constantFrom("", " ", "\t", " \t ");

/** A head that is as it should be, and what it says. */
const heads = fc.record({
  method: fc.oneof(fc.constantFrom("GET", "HEAD", "POST"), token),
  target,
  minor: fc.constantFrom(0, 1),
  headers: fc.array(fc.tuple(ordinary, value, blank, blank), { maxLength: 12 }),
  host: fc.constantFrom("a", "localhost:8080", "[::1]:80", ""),
  body: fc.oneof(fc.constant(null), fc.nat(1e9), fc.constant("chunked" as const)),
  connection: fc.constantFrom(null, "close", "Keep-Alive", "x , CLOSE", "closed", "keep-alive,te"),
  emptyLine: fc.constantFrom("", "\r\n"),
}).map(({ emptyLine, ...said }) => {
  const body = said.minor === 0 && said.body === "chunked" ? null : said.body;
  const lines = [`${said.method} ${said.target} HTTP/1.${said.minor}`, `hOst:${said.host}`];
  if (body === "chunked") lines.push("transfer-Encoding: Chunked");
  if (typeof body === "number") lines.push(`Content-Length: ${body}`);
  if (said.connection !== null) lines.push(`Connection:\t${said.connection}`);
  for (const [name, value, before, after] of said.headers) {
    lines.push(`${name}:${before}${value}${after}`);
  }
  return { ...said, body, text: `${emptyLine}${lines.join("\r\n")}\r\n\r\n` };
});

test("a head says what was written", () =>
  fc.assert(fc.property(heads, fc.string(), ({ text, ...said }, rest) => {
    const head = parse(text + rest)!;
    assert.deepEqual(
      [head.method, head.target, head.minor, head.length, head.body],
      [said.method, said.target, said.minor, text.length, said.body ?? 0],
    );
    const options = said.connection?.toLowerCase().split(",").map((option) => option.trim()) ?? [];
    const { keepAlive } = head;
    assert.equal(
      keepAlive,
      said.minor ? !options.includes("close") : options.includes("keep-alive"),
    );
    for (const [name] of said.headers) {
      const lower = name.toLowerCase();
      const all = said.headers.filter(([other]) => other.toLowerCase() === lower);
      assert.equal(head.header(lower), all.map(([, value]) => value).join(", "));
    }
    assert.equal(head.header("host"), said.host);
    assert.equal(head.header("not-there-at-all"), null);
  })));

test("a head that comes again says the same, and one that differs in a byte does not", () =>
  fc.assert(fc.property(heads, fc.nat(), fc.integer({ min: 1, max: 255 }), (head, place, bits) => {
    const understood = (text: string) => {
      try {
        const head = parse(text);
        if (head === null) return null;
        const { method, target, minor, length, keepAlive, body } = head;
        return [method, target, minor, length, keepAlive, body, head.header("host")];
      } catch (error) {
        return (error as HttpError).message;
      }
    };
    const { text } = head;
    const at = place % text.length;
    const other = String.fromCharCode(text.charCodeAt(at) ^ bits);
    const altered = text.slice(0, at) + other + text.slice(at + 1);
    const first = understood(text);
    const before = understood(altered);
    assert.deepEqual(understood(text), first);
    assert.deepEqual(understood(altered), before);
    const minor = text.includes(" HTTP/1.0\r\n") ? 1 : 0;
    const inOther = text.replace(/ HTTP\/1\.[01]\r\n/, ` HTTP/1.${minor}\r\n`);
    assert.notDeepEqual(understood(inOther), first); // the same headers in another version
    assert.deepEqual(understood(text), first);
  })));

test("a head that comes again is held to the limits of whom it comes to", () => {
  const text = get("A: b\r\nC: d\r\n");
  assert.equal(refusalOf(text), 0);
  assert.equal(refusalOf(text, { lines: 2 }), 431);
  assert.equal(refusalOf(text, { head: text.length - 1 }), 431);
  assert.equal(refusalOf(text, { head: text.length, lines: 3 }), 0);
});

test("Host is a name or an address, and a port if there is one", () => {
  const asking = (host: string) => refusalOf(`GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
  const hosts = "a A.example a_b-c~d!$&'()*+,;= 127.0.0.1 %c3%bc.example [::1] [::ffff:1.2.3.4]";
  for (const host of hosts.split(" ")) {
    assert.deepEqual([asking(host), asking(`${host}:80`), asking(`${host}:`)], [0, 0, 0], host);
  }
  assert.equal(asking(""), 0);
  const wrong =
    '[::1 ::1 ::1] [] [1] [::1]a [a] [::1%25eth0] [[,! a:b:c x:port :80 : %zz % %c a:8%30 "';
  for (const host of wrong.split(" ")) {
    assert.equal(asking(host), 400, host);
  }
});

test("a higher minor version of HTTP/1 is understood as HTTP/1.1, RFC 9110 section 2.5", () => {
  for (const minor of [2, 9]) {
    const head = parse(get("", `GET / HTTP/1.${minor}`))!;
    assert.deepEqual([head.minor, head.keepAlive], [1, true]);
  }
  assert.equal(refusalOf("GET / HTTP/1.2\r\n\r\n"), 400); // no Host, as in HTTP/1.1
});

test("a head that is cut off anywhere is not whole yet", () =>
  fc.assert(
    fc.property(heads, ({ text }) => {
      for (let end = 0; end < text.length; end++) assert.equal(parse(text.slice(0, end)), null);
    }),
    { numRuns: 30 },
  ));

test("a head with any byte replaced is another, not whole, or refused, and nothing else", () =>
  fc.assert(fc.property(heads, fc.nat(), fc.nat(255), ({ text }, place, byte) => {
    const at = place % text.length;
    const flipped = text.slice(0, at) + String.fromCharCode(byte) + text.slice(at + 1);
    if (refusalOf(flipped) !== 0) return;
    const head = parse(flipped);
    if (head !== null) assert.ok(head.length <= flipped.length);
  })));

test("whatever bytes come, the answer is a head, that more is needed, or a status", () =>
  fc.assert(fc.property(
    fc.array(fc.oneof(
      fc.constantFrom("GET ", "/ ", "HTTP/1.1", "\r\n", "\r", "\n", "Host:", "a", " ", ":", "\0"),
      fc.string({ unit: "binary", maxLength: 3 }),
    )),
    (parts) => {
      assert.ok([0, 400, 414, 431, 501, 505].includes(refusalOf(parts.join(""))));
    },
  )));

for (const [what, text, status] of smuggled) {
  test(`${what} is refused with ${status}`, () => assert.equal(refusalOf(text), status));
}

test("too much is refused as soon as it is too much, and not before", () => {
  const limits = { head: 100, target: 20, lines: 3 };
  assert.equal(refusalOf(`GET /${"a".repeat(19)}`, limits), 0);
  assert.equal(refusalOf(`GET /${"a".repeat(20)}`, limits), 414);
  assert.equal(refusalOf(`${get("A: b\r\nC: d\r\n")}`, limits), 0);
  assert.equal(refusalOf(`${get("A: b\r\nC: d\r\nE: f\r\n")}`, limits), 431);
  const padded = (length: number) => {
    const empty = get("A: \r\n");
    return empty.replace("A: ", `A: ${"a".repeat(length - empty.length)}`);
  };
  assert.equal(parse(padded(100), limits)?.length, 100);
  assert.equal(parse(padded(100) + "more", limits)?.length, 100);
  assert.equal(parse(padded(101).slice(0, 99), limits), null);
  assert.equal(refusalOf(padded(101).slice(0, 100), limits), 431);
  assert.equal(refusalOf(padded(101), limits), 431);
});

test("the bytes may be a Uint8Array anywhere in its buffer", () => {
  const bytes = new Uint8Array(Buffer.from(`..${get("")}`, "latin1")).subarray(1);
  assert.equal(parseRequestHead(bytes, 1, bytes.length)?.method, "GET");
});

test("what node:http takes too, it understands the same way", async () => {
  const server = createServer({ keepAlive: true }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  let agreed = 0;
  const theirs = (text: string): Promise<IncomingMessage | null> =>
    new Promise((resolve) => {
      const socket = connect(port, "127.0.0.1");
      const done = (request: IncomingMessage | null) => {
        server.off("request", done).off("clientError", refused);
        socket.on("close", () => resolve(request)).destroy();
      };
      const refused = () => done(null);
      server.on("request", done).on("clientError", refused);
      socket.on("error", () => {}).end(text, "latin1");
    });
  try {
    const mutated = fc.tuple(heads, fc.nat(), fc.constantFrom("", ..." \t\r\n:,\0aA/1"));
    await fc.assert(
      fc.asyncProperty(mutated, async ([{ text }, place, byte]) => {
        const at = place % text.length;
        const sent = text.slice(0, at) + byte + text.slice(at + (place % 2));
        if (refusalOf(sent) !== 0) return;
        const ours = parse(sent);
        if (ours === null) return;
        const request = await theirs(sent);
        if (request === null) return; // it does not know each method, for one
        agreed++;
        assert.equal(request.method, ours.method);
        assert.equal(request.url, ours.target);
        assert.equal(request.httpVersionMinor, ours.minor);
        const length = request.headers["content-length"];
        const body = request.headers["transfer-encoding"] ? "chunked" : Number(length ?? 0);
        assert.equal(ours.body, body);
        for (let i = 0; i < request.rawHeaders.length; i += 2) {
          const name = request.rawHeaders[i].toLowerCase();
          assert.ok(
            ours.header(name)?.split(", ").includes(request.rawHeaders[i + 1].split(", ")[0]),
          );
        }
      }),
      { numRuns: 150 },
    );
  } finally {
    server.closeAllConnections();
    server.close();
  }
  assert.ok(agreed > 10);
});

test.run();
