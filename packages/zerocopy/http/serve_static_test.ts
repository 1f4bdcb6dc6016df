import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { chmodSync, existsSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import fc from "fast-check";
import { bind, type Connection, connectUnix, socket, tcpInfo } from "@posixly/socket";
import { bind as bindC } from "@posixly/sys";
import { turns, withoutLeaks } from "@posixly/testing";
import { serveStatic } from "@posixly/zerocopy/http";
import { test } from "uvu";
import { served } from "./serve_fixture.ts";
import { answerOf, bodyOf, bytes, encode, folder, HUGE, request } from "./site_fixture.ts";

const last = "Connection: close\r\n";

/** Says something, and hears all that comes until the other side ends. */
async function talk(connection: Connection, ...words: (string | Uint8Array)[]): Promise<Buffer> {
  using _ = connection;
  for (const word of words) await connection.write(typeof word === "string" ? encode(word) : word);
  return Buffer.from(await connection.readAll());
}

const statusOf = (answer: Uint8Array) =>
  Number(Buffer.from(answer).toString("latin1").slice(9, 12));

test("a file arrives whole, of whatever length, and its length is told", () =>
  served({}, async ({ dial, finishedSoon }) => {
    const lengths = [
      0,
      1,
      4095,
      4096,
      32_767,
      32_768,
      32_769,
      65_536,
      131_072,
      1_048_576,
      2_999_999,
    ];
    for (const [i, length] of lengths.entries()) {
      writeFileSync(`${folder}/part.bin`, bytes.subarray(0, length));
      const answer = await talk(await dial(), request("/part.bin", last));
      assert.match(
        answer.toString("latin1"),
        new RegExp(`^HTTP/1.1 200 OK\r\n.*: ${length}\r\n`, "s"),
      );
      assert.ok(bodyOf(answer).equals(bytes.subarray(0, length)), `${length}`);
      const { end, bytes: sent } = (await finishedSoon(i + 1))[i];
      assert.deepEqual({ end, sent }, { end: "done", sent: length });
    }
  }));

test("any range arrives, on one connection, however slowly it is read", () =>
  served({ chunk: 100_000 }, async ({ dial }) => {
    using connection = await dial();
    const range = fc.record({
      offset: fc.nat(bytes.length - 1),
      length: fc.integer({ min: 1, max: bytes.length }),
      size: fc.integer({ min: 1000, max: 300_000 }),
    });
    await fc.assert(
      fc.asyncProperty(range, async ({ offset, length, size }) => {
        const end = Math.min(offset + length, bytes.length);
        const range = `Range: bytes=${offset}-${end - 1}\r\n`;
        await connection.write(request("/large.bin", range));
        const { head } = await answerOf(connection, 0);
        assert.match(head, /^HTTP\/1.1 206 /);
        assert.match(head, new RegExp(`Content-Range: bytes ${offset}-${end - 1}/${bytes.length}`));
        const expected = bytes.subarray(offset, end);
        const buffer = Buffer.alloc(expected.length);
        for (let at = 0; at < buffer.length;) {
          at += await connection.read(buffer.subarray(at, at + size));
          await turns(1);
        }
        assert.ok(buffer.equals(expected));
      }),
      { numRuns: 40 },
    );
  }));

test("several ranges are parts of one answer, told apart by a line that is in none of them", () =>
  served({}, async ({ dial }) => {
    const ranges = "Range: bytes=0-9,100000-299999,-5\r\n";
    const answer = await talk(await dial(), request("/large.bin", ranges + last));
    const text = answer.toString("latin1");
    const [, boundary] = /Content-Type: multipart\/byteranges; boundary=(\S+)\r\n/.exec(text)!;
    const parts = bodyOf(answer).toString("latin1").split(`--${boundary}`).slice(1, -1);
    assert.deepEqual(
      parts.map((part) => Buffer.from(part.slice(part.indexOf("\r\n\r\n") + 4, -2), "latin1")),
      [[0, 10], [100_000, 300_000], [bytes.length - 5]].map(([from, to]) =>
        bytes.subarray(from, to)
      ),
    );
    assert.match(text, new RegExp(`Content-Length: ${bodyOf(answer).length}\r\n`));
  }));

test("many requests that come together are answered in their order", () =>
  served({}, async ({ dial, finishedSoon }) => {
    const paths = Array.from({ length: 200 }, (_, i) => {
      if (i % 50 === 7) return "/large.bin";
      return ["/small.txt", "/empty.txt", "/nothing.txt"][i % 3];
    });
    const together = Buffer.concat(paths.map((path) => request(path)));
    using connection = await dial();
    const writing = connection.write(Buffer.concat([together, request("/small.txt", last)]));
    const answers = Buffer.from(await connection.readAll());
    await writing;
    let at = 0;
    for (const path of [...paths, "/small.txt"]) {
      const head = answers.subarray(at, answers.indexOf("\r\n\r\n", at) + 4);
      const length = Number(/Content-Length: (\d+)/.exec(head.toString())![1]);
      assert.equal(statusOf(head), path === "/nothing.txt" ? 404 : 200);
      at += head.length;
      if (path === "/large.bin") assert.ok(answers.subarray(at, at + length).equals(bytes));
      at += length;
    }
    assert.equal(at, answers.length);
    const finished = await finishedSoon(201);
    assert.deepEqual(finished.map(({ target }) => target), [...paths, "/small.txt"]);
  }));

test("a request may come byte by byte, and the next one with its end", () =>
  served({}, async ({ dial, finishedSoon }) => {
    using connection = await dial();
    const both = Buffer.concat([request("/small.txt"), request("/empty.txt")]);
    const split = request("/small.txt").length - 1;
    for (let i = 0; i < split; i++) {
      await connection.write(both.subarray(i, i + 1));
      await turns(2);
    }
    await connection.write(both.subarray(split));
    const first = await answerOf(connection, 5);
    assert.equal(first.body.toString(), "small");
    assert.match((await answerOf(connection, 0)).head, /Content-Length: 0\r\n/);
    assert.equal((await finishedSoon(2)).length, 2);
  }));

test("the head and the first bytes leave in one segment, and an answer that fits in no more", () =>
  served({}, async ({ dial }) => {
    for (const [path, length] of [["/small.txt", 5], ["/large.bin", bytes.length]] as const) {
      using connection = await dial();
      await connection.write(request(path));
      const room = Buffer.alloc(1000);
      const n = await connection.read(room);
      const head = room.indexOf("\r\n\r\n") + 4;
      assert.ok(head >= 4 && n > head, "the head came alone");
      if (length < room.length) assert.equal(tcpInfo(connection).dataSegmentsReceived, 1);
    }
  }));

test("HEAD is answered as GET, without the file", () =>
  served({}, async ({ dial, finishedSoon }) => {
    const ask = async (method: string) => {
      const words = `${method} /large.bin HTTP/1.1\r\nHost: a\r\n${last}\r\n`;
      return (await talk(await dial(), words)).toString("latin1");
    };
    const [got, told] = [await ask("GET"), await ask("HEAD")];
    const timeless = (text: string) => text.replace(/Date: .*\r\n/, "");
    assert.equal(timeless(told), timeless(got.slice(0, got.indexOf("\r\n\r\n") + 4)));
    assert.deepEqual((await finishedSoon(2)).map(({ bytes }) => bytes), [bytes.length, 0]);
  }));

test("a connection goes on or ends as the client wishes, by its version", () =>
  served({}, async ({ dial }) => {
    const forms: [string, string, RegExp][] = [
      ["1.1", "", /^(?!.*Connection:)/s],
      ["1.1", "Connection: close\r\n", /Connection: close\r\n/],
      ["1.0", "", /Connection: close\r\n/],
      ["1.0", "Connection: keep-alive\r\n", /Connection: keep-alive\r\n/],
    ];
    for (const [version, more, option] of forms) {
      using connection = await dial();
      const words = encode(`GET /small.txt HTTP/${version}\r\nHost: a\r\n${more}\r\n`);
      await connection.write(words);
      const { head, body } = await answerOf(connection, 5);
      assert.match(head, option);
      assert.equal(body.toString(), "small");
      if (head.includes("close")) {
        assert.equal((await connection.readAll()).length, 0);
      } else {
        await connection.write(words);
        assert.equal((await answerOf(connection, 5)).body.toString(), "small");
      }
    }
  }));

test("a client that has ended its half gets its answer", () =>
  served({}, async ({ dial }) => {
    using connection = await dial();
    await connection.write(request("/large.bin"));
    await connection.end();
    assert.ok(bodyOf(await connection.readAll()).equals(bytes));
  }));

test("a short body is passed over, and what follows it is the next request", () =>
  served({}, async ({ dial }) => {
    using connection = await dial();
    const post = "POST /small.txt HTTP/1.1\r\nHost: a\r\nContent-Length: 300\r\n\r\n";
    const body = "GET /large.bin HTTP/1.1\r\nHost: a\r\n\r\n".padEnd(300);
    for (const split of [0, 1, 150, 300]) {
      await connection.write(encode(post + body.slice(0, split)));
      await turns();
      await connection.write(encode(body.slice(split)));
      const { head } = await answerOf(connection, 19);
      assert.match(head, /^HTTP\/1.1 405 .*Allow: GET, HEAD\r\n/s);
      await connection.write(request("/small.txt"));
      assert.equal((await answerOf(connection, 5)).body.toString(), "small");
    }
  }));

test("a body that is long, of unknown length or withheld is not waited for, and ends it", () =>
  served({}, async ({ dial }) => {
    const bodies = [
      ["Content-Length: 100000000", "x".repeat(3_000_000)],
      ["Transfer-Encoding: chunked", "5\r\nhello\r\n".repeat(100_000)],
      ["Content-Length: 5\r\nExpect: 100-continue", ""],
    ];
    for (const method of ["POST", "GET"]) {
      for (const [header, body] of bodies) {
        using connection = await dial();
        const head = `${method} /small.txt HTTP/1.1\r\nHost: a\r\n${header}\r\n\r\n`;
        const writing = connection.write(encode(head + body)).catch(({ code }) => code);
        const answer = Buffer.from(await connection.readAll()).toString();
        assert.match(answer, method === "GET" ? /^HTTP\/1.1 200 / : /^HTTP\/1.1 405 /);
        assert.match(answer, /Connection: close\r\n/);
        assert.doesNotMatch(answer, /100 Continue/);
        connection.close();
        await writing;
      }
    }
  }));

test("what is no request is refused, and ends the connection whatever follows", () =>
  served({}, async ({ dial, finishedSoon }) => {
    const long = "a".repeat(40_000);
    const forms: [string, number][] = [
      ["hello\r\n\r\n", 400],
      ["GET /small.txt HTTP/1.1\r\n\r\n", 400],
      ["GET /small.txt HTTP/2.0\r\nHost: a\r\n\r\n", 505],
      [`GET /${long} HTTP/1.1\r\nHost: a\r\n\r\n`, 414],
      [`GET / HTTP/1.1\r\nHost: a\r\nX: ${long}\r\n\r\n`, 431],
      ["GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n", 501],
      ["GET / HTTP/1.1\r\nHost: a\r\nExpect: a miracle\r\nConnection: close\r\n\r\n", 417],
      ["GET /../etc/passwd HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", 400],
      ["GET /.hidden HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", 404],
      ["GET /link HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", 404],
    ];
    for (const [words, status] of forms) {
      const answer = await talk(await dial(), words, request("/small.txt"));
      assert.equal(statusOf(answer), status, words.slice(0, 50));
      assert.match(answer.toString(), /Connection: close\r\n/);
      assert.equal(answer.toString().match(/HTTP\/1.1 \d/g)?.length, 1, "it answered what follows");
    }
    assert.deepEqual((await finishedSoon(10)).map(({ status }) => status), forms.map(([, s]) => s));
  }));

test("a file that is cut while it is sent ends its connection, and nothing is made up", () =>
  served({}, async ({ dial, finishedSoon }) => {
    const path = `${folder}/cut.bin`;
    truncateSync(`${folder}/huge.bin`, HUGE);
    writeFileSync(path, "");
    truncateSync(path, HUGE);
    using connection = await dial();
    await connection.write(Buffer.concat([request("/cut.bin"), request("/small.txt")]));
    const { head } = await answerOf(connection, 1000);
    assert.match(head, new RegExp(`Content-Length: ${HUGE}\r\n`));
    truncateSync(path, 0);
    const rest = Buffer.from(await connection.readAll());
    assert.ok(rest.length < HUGE - 1000);
    assert.ok(rest.every((byte) => byte === 0));
    const [{ end, bytes, error }] = await finishedSoon(1);
    assert.equal(end, "truncated");
    assert.equal(bytes, rest.length + 1000);
    assert.equal((error as Error).name, "FileTruncatedError");
  }));

test("a client that leaves in the middle is noticed, and no other is harmed", () =>
  served({}, async ({ dial, finishedSoon, server }) => {
    using other = await dial();
    await other.write(request("/huge.bin"));
    await other.read(new Uint8Array(1));
    for (let i = 0; i < 5; i++) {
      const connection = await dial();
      await connection.write(request("/huge.bin"));
      await connection.read(new Uint8Array(1000));
      if (i % 2) connection.reset();
      else connection.close();
    }
    const finished = await finishedSoon(5);
    assert.deepEqual(finished.map(({ end }) => end), Array(5).fill("aborted"));
    assert.equal(server.stats.connections, 1);
    assert.deepEqual([...server.transfers()].map(({ target, length }) => [target, length]), [
      ["/huge.bin", HUGE],
    ]);
  }));

test("it listens at a path, too, and says what it is told to say", () =>
  withoutLeaks(async () => {
    const headers = { "X-Content-Type-Options": "nosniff" };
    await using server = serveStatic(folder, { address: `unix:${folder}/socket`, headers });
    assert.equal(server.url, undefined);
    const answer = await talk(await connectUnix(server.address), request("/small.txt", last));
    assert.match(answer.toString(), /\r\nX-Content-Type-Options: nosniff\r\n/);
    assert.equal(bodyOf(answer).toString(), "small");
  }));

test("what every answer is told to say is said once, instead of what the server would say", () =>
  withoutLeaks(async () => {
    const headers = { "cache-control": "no-store" };
    await using server = serveStatic(folder, { headers, cacheControl: "max-age=1" });
    const answer = await fetch(server.url + "small.txt");
    assert.equal(answer.headers.get("cache-control"), "no-store");
    assert.equal(await answer.text(), "small");
  }));

test("what describes an answer is not for all of them, and no header is said twice", () =>
  withoutLeaks(() => {
    const reserved = [
      "Accept-Ranges",
      "Allow",
      "Content-Encoding",
      "Content-Range",
      "Content-Type",
      "ETag",
      "Last-Modified",
      "Location",
      "Vary",
    ];
    for (const name of reserved) {
      assert.throws(() => serveStatic(folder, { headers: { [name]: "a" } }), {
        name: "TypeError",
        message: `headers must not have "${name}"`,
      });
    }
    assert.throws(() => serveStatic(folder, { headers: { "X-Own": "a", "x-own": "b" } }), {
      name: "TypeError",
      message: 'headers must not have "x-own" twice',
    });
  }));

test("at a path it leaves no file behind, and takes the place of one who could not clean up", () =>
  withoutLeaks(async () => {
    const path = `${folder}/again`;
    const killed = socket("unix", "stream");
    bind(killed, { family: "unix", path });
    killed.close(); // and the file stays
    for (let i = 0; i < 2; i++) {
      await using server = serveStatic(folder, { address: `unix:${path}` });
      assert.throws(() => serveStatic(folder, { address: server.address }), { code: "EADDRINUSE" });
      const answer = await talk(await connectUnix(server.address), request("/small.txt", last));
      assert.equal(bodyOf(answer).toString(), "small");
    }
    assert.ok(!existsSync(path));
  }));

test("a folder that we must not look into is refused at once", () =>
  withoutLeaks(() => {
    const secret = mkdtempSync("/var/tmp/posixly-secret-");
    chmodSync(secret, 0);
    const { setfsuid } = bindC({ setfsuid: ["i32", "u32"] }); // of this thread, for files only
    const before = setfsuid(65534); // since root may
    try {
      assert.throws(() => serveStatic(secret), { code: "EACCES" });
      setfsuid(before);
      chmodSync(secret, 0o711);
      setfsuid(65534);
      serveStatic(secret)[Symbol.dispose](); // the names in it need not be seen
    } finally {
      setfsuid(before);
      rmSync(secret, { recursive: true });
    }
  }));

test("options are checked before anything is opened", () =>
  withoutLeaks(() => {
    const wrong: [object, RegExp][] = [
      [{ adress: "127.0.0.1:0" }, /adress/],
      [{ chunk: 0 }, /chunk/],
      [{ idleTimeout: -1 }, /idleTimeout/],
      [{ headTimeout: "1 s" }, /headTimeout/],
      [{ maxConnections: 0 }, /maxConnections/],
      [{ limits: { head: 1e9 } }, /limits.head/],
      [{ limits: { heads: 1 } }, /heads/],
      [{ onFinish: true }, /onFinish/],
      [{ headers: { "a b": "c" } }, /"a b"/],
      [{ headers: { a: "b\r\nc" } }, /headers.a/],
      [{ headers: { "Content-Length": "1" } }, /Content-Length/],
      [{ symlinks: "maybe" }, /symlinks/],
    ];
    for (const [options, message] of wrong) {
      assert.throws(() => serveStatic(folder, options), message);
    }
    assert.throws(() => serveStatic(`${folder}/none`), { code: "ENOENT" });
    assert.throws(() => serveStatic(`${folder}/small.txt`), { code: "ENOTDIR" });
    const signal = AbortSignal.abort(new Error("too late"));
    assert.throws(() => serveStatic(folder, { signal }), /too late/);
    using first = serveStatic(folder);
    assert.throws(() => serveStatic(folder, { address: first.address }), { code: "EADDRINUSE" });
  }));

test.run();
