import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { once } from "node:events";
import { truncateSync, writeFileSync } from "node:fs";
import { createServer, type Server as HttpServer } from "node:http";
import process from "node:process";
import fc from "fast-check";
import { connectUnix } from "@posixly/socket";
import { turns, withoutLeaks } from "@posixly/testing";
import { sendFile, type SentFile } from "@posixly/zerocopy/http";
import { test } from "uvu";
import {
  answerOf,
  ask,
  bodyOf,
  byName,
  bytes,
  dial,
  encode,
  folder,
  HUGE,
  request,
  serving,
} from "./site_fixture.ts";

const large = `${folder}/large.bin`;

test("a file arrives whole, by sendfile, with what describes it", () =>
  serving(byName(), async ({ port, sent }) => {
    const { status, headers, body } = await ask(port, "/large.bin");
    assert.equal(status, 200);
    assert.ok(body.equals(bytes));
    assert.equal(headers["content-length"], String(bytes.length));
    assert.equal(headers["content-type"], "application/octet-stream");
    assert.equal(headers["accept-ranges"], "bytes");
    assert.match(headers.etag!, /^(W\/)?".+"$/);
    assert.equal((await ask(port, "/small.txt")).body.toString(), "small");
    assert.equal((await ask(port, "/empty.txt")).body.length, 0);
    const path = "sendfile";
    assert.deepEqual(sent, [
      { status: 200, bytes: bytes.length, path, isComplete: true },
      { status: 200, bytes: 5, path, isComplete: true },
      { status: 200, bytes: 0, path, isComplete: true },
    ]);
  }));

test("any range arrives as it is, and several of them in parts", () =>
  serving(byName({ chunk: 100_000 }), async ({ port }) => {
    await fc.assert(
      fc.asyncProperty(fc.nat(bytes.length - 1), fc.nat(1_000_000), async (first, length) => {
        const range = `bytes=${first}-${first + length}`;
        const { status, headers, body } = await ask(port, "/large.bin", { range });
        const last = Math.min(first + length, bytes.length - 1);
        assert.equal(status, 206);
        assert.equal(headers["content-range"], `bytes ${first}-${last}/${bytes.length}`);
        assert.ok(body.equals(bytes.subarray(first, last + 1)));
      }),
      { numRuns: 20 },
    );
    const range = "bytes=0-9,2000000-2000009,-5";
    const { status, headers, body } = await ask(port, "/large.bin", { range });
    assert.equal(status, 206);
    assert.match(headers["content-type"]!, /^multipart\/byteranges; *boundary=/);
    assert.equal(headers["content-length"], String(body.length));
    for (const part of [[0, 10], [2_000_000, 2_000_010], [bytes.length - 5]]) {
      assert.ok(body.includes(bytes.subarray(...part)));
    }
    assert.equal((await ask(port, "/large.bin", { range: "bytes=3000000-" })).status, 416);
  }));

test("HEAD and what has not changed are answered without a body, and the connection goes on", () =>
  serving(byName(), async ({ port, sent }) => {
    const head = await ask(port, "/large.bin", {}, "HEAD");
    assert.deepEqual([head.status, head.body.length], [200, 0]);
    assert.equal(head.headers["content-length"], String(bytes.length));
    const { etag, "last-modified": since } = head.headers;
    assert.equal((await ask(port, "/large.bin", { "if-none-match": etag })).status, 304);
    assert.equal((await ask(port, "/large.bin", { "if-modified-since": since })).status, 304);
    assert.equal((await ask(port, "/large.bin", { "if-match": '"other"' })).status, 412);
    assert.ok(sent.every(({ path }) => path === "sendfile"));

    using client = await dial(port);
    await client.write(encode("HEAD /large.bin HTTP/1.1\r\nHost: a\r\n\r\n"));
    await client.write(request("/small.txt"));
    assert.match((await answerOf(client, 0)).head, /^HTTP\/1.1 200 /);
    assert.equal((await answerOf(client, 5)).body.toString(), "small");
  }));

test("an answer to something else than GET is the file as it is", () =>
  serving(byName(), async ({ port }) => {
    const { status, body } = await ask(port, "/small.txt", { range: "bytes=0-1" }, "DELETE");
    assert.deepEqual([status, body.toString()], [200, "small"]);
  }));

test("pipelined answers come in order and whole, some of them of others", () =>
  serving(
    (response, request) => {
      if (request.url !== "/other") return byName()(response, request);
      response.end("other");
    },
    async ({ port }) => {
      using client = await dial(port);
      const order = ["/large.bin", "/other", "/small.txt", "/empty.txt", "/large.bin", "/other"];
      const all = order.map((path) => Buffer.from(request(path)));
      await client.write(Buffer.concat(all));
      const expected = order.map((path) =>
        ({
          "/large.bin": bytes,
          "/small.txt": Buffer.from("small"),
          "/other": Buffer.from("other"),
        })[
          path
        ] ?? Buffer.alloc(0)
      );
      for (const body of expected) {
        const answer = await answerOf(client, body.length);
        assert.match(
          answer.head,
          new RegExp(`^HTTP/1.1 200 [^]*Content-Length: ${body.length}\r`, "i"),
        );
        assert.ok(answer.body.equals(body));
      }
    },
  ));

test("over HTTP/1.0, and where the client says so, the connection ends after the body", () =>
  serving(byName(), async ({ port }) => {
    for (
      const words of [
        "GET /large.bin HTTP/1.0\r\n\r\n",
        request("/large.bin", "Connection: close\r\n"),
      ]
    ) {
      using client = await dial(port);
      await client.write(typeof words === "string" ? encode(words) : words);
      assert.ok(bodyOf(await client.readAll()).equals(bytes));
    }
  }));

test("a client that has nothing more to say gets its file where node:http lets it", () =>
  serving(byName(), async ({ server, port }) => {
    Object.assign(server, { httpAllowHalfOpen: true });
    using client = await dial(port);
    await client.write(request("/large.bin"));
    await client.end();
    assert.ok(bodyOf(await client.readAll()).equals(bytes));
  }));

test("who expects 100 gets that first", () =>
  serving(byName(), async ({ port }) => {
    using client = await dial(port);
    await client.write(request("/small.txt", "Expect: 100-continue\r\nContent-Length: 2\r\n"));
    assert.match((await answerOf(client, 0)).head, /^HTTP\/1.1 100 /);
    await client.write(encode("ab"));
    assert.equal((await answerOf(client, 5)).body.toString(), "small");
  }));

test("over a unix socket it goes by sendfile too", () =>
  withoutLeaks(async () => {
    const sent: Promise<SentFile>[] = [];
    const server = createServer((_, response) => void sent.push(sendFile(response, large)));
    server.listen(`${folder}/socket`);
    await once(server, "listening");
    using client = await connectUnix(`${folder}/socket`);
    await client.write(request("/", "Connection: close\r\n"));
    assert.ok(bodyOf(await client.readAll()).equals(bytes));
    assert.equal((await sent[0]).path, "sendfile");
    server.close();
    await once(server, "close");
  }));

test("a client that leaves is no error, at whatever point", () =>
  serving(byName(), async ({ port, sent }) => {
    for (let round = 0; round < 20; round++) {
      const client = await dial(port);
      await client.write(Buffer.concat([request("/huge.bin"), request("/huge.bin")]));
      if (round % 3) await client.read(new Uint8Array(round * 1000));
      await turns(round % 5);
      if (round % 2) client.reset();
      else client.close();
      while (sent.length < 2 * (round + 1)) await turns(1);
    }
    for (const { status, bytes, isComplete } of sent) {
      assert.equal(status, 200);
      assert.ok(bytes < HUGE && !isComplete);
    }
  }));

test("a client that has left before it begins is no error either", () =>
  serving(
    async (response, request) => {
      await new Promise((resolve) => request.socket.once("close", resolve));
      return await byName()(response, request);
    },
    async ({ server, port, sent }) => {
      let asked = 0;
      server.on("request", () => asked++);
      const questions = ["/large.bin", "/small.txt", "/missing", "/large.bin"].map((path, i) =>
        request(path, i === 3 ? "Range: bytes=0-1,9-10\r\n" : "")
      );
      for (const together of [...questions.map((one) => [one]), questions]) {
        const client = await dial(port);
        const all = asked + together.length;
        await client.write(Buffer.concat(together));
        while (asked < all) await turns(1);
        client.reset();
      }
      while (sent.length < 8) await turns(1);
      assert.ok(sent.every(({ bytes, isComplete }) => bytes === 0 && !isComplete));
    },
  ));

for (const way of ["sendfile", "stream"]) {
  test(`a file that becomes shorter ends the connection, and nothing is made up: ${way}`, () =>
    serving(
      async (response) => {
        if (way === "stream") response.write = Object.getPrototypeOf(response).write;
        const sending = sendFile(response, `${folder}/shrinks`);
        await assert.rejects(sending, { name: "FileTruncatedError" });
      },
      async ({ port }) => {
        for (const left of [0, 20_000_000]) {
          writeFileSync(`${folder}/shrinks`, Buffer.alloc(HUGE, 7));
          using client = await dial(port);
          await client.write(request("/"));
          assert.match((await answerOf(client, 1)).head, /^HTTP\/1.1 200 /);
          truncateSync(`${folder}/shrinks`, left);
          const rest = await client.readAll();
          assert.ok(rest.length < HUGE - 1);
          assert.ok(rest.every((byte) => byte === 7));
        }
      },
    ));
}

test("who has asked for it can end it", () => {
  const controller = new AbortController();
  const { signal } = controller;
  return serving(
    async (response) => {
      const path = `${folder}/huge.bin`;
      await assert.rejects(sendFile(response, path, { signal }), { message: "enough" });
      await assert.rejects(sendFile(response, path, { signal }), { message: "enough" });
    },
    async ({ port }) => {
      using client = await dial(port);
      await client.write(request("/"));
      await answerOf(client, 1);
      controller.abort(new Error("enough"));
      assert.ok((await client.readAll()).length < HUGE);
    },
  );
});

test("who has asked for it can end it also when told of the head", () =>
  serving(
    async (response) => {
      const controller = new AbortController();
      const { writeHead } = response;
      response.writeHead = (status: number) => {
        controller.abort(new Error("enough"));
        return writeHead.call(response, status);
      };
      const { signal } = controller;
      await assert.rejects(sendFile(response, large, { signal }), { message: "enough" });
    },
    async ({ port }) => {
      using client = await dial(port);
      await client.write(request("/"));
      assert.equal((await client.readAll()).length, 0);
    },
  ));

test("who has asked for it can end it also while the head is stuck", () =>
  serving(
    async (response) => {
      const controller = new AbortController();
      const { signal } = controller;
      const headers = { "X-Long": "x".repeat(HUGE) };
      const sending = sendFile(response, large, { headers, signal });
      await turns(3);
      controller.abort(new Error("enough"));
      await assert.rejects(sending, { message: "enough" });
      response.emit("told");
    },
    async ({ server, port }) => {
      const asked = once(server, "request");
      using client = await dial(port);
      await client.write(request("/"));
      const [, response] = await asked;
      await once(response, "told");
    },
  ));

test("what was corked goes out, since nobody is left to let it go", () =>
  serving(
    (response, { url }) => {
      if (url === "/stream") response.write = Object.getPrototypeOf(response).write;
      response.cork();
      response.cork();
      return sendFile(response, large);
    },
    async ({ port, sent }) => {
      for (const path of ["sendfile", "stream"]) {
        using client = await dial(port);
        await client.write(Buffer.concat([request(`/${path}`), request(`/${path}`)]));
        for (let i = 0; i < 2; i++) {
          assert.ok((await answerOf(client, bytes.length)).body.equals(bytes));
        }
      }
      const paths = sent.map(({ path }) => path);
      assert.deepEqual(paths, ["sendfile", "sendfile", "stream", "stream"]);
    },
  ));

test("many answers that wait for one connection warn of nothing", () =>
  serving(byName(), async ({ port }) => {
    const warnings: string[] = [];
    const note = ({ name }: Error) => warnings.push(name);
    process.on("warning", note);
    using client = await dial(port);
    await client.write(Buffer.concat(Array(20).fill(request("/small.txt"))));
    for (let i = 0; i < 20; i++) assert.equal((await answerOf(client, 5)).body.toString(), "small");
    process.off("warning", note);
    assert.deepEqual(warnings, []);
  }));

test("a server that closes its connections ends what is being sent", () =>
  serving(byName(), async ({ server, port, sent }) => {
    using client = await dial(port);
    await client.write(request("/huge.bin"));
    await answerOf(client, 1);
    (server as HttpServer).closeAllConnections();
    assert.ok((await client.readAll()).length < HUGE);
    while (sent.length < 1) await turns(1);
    assert.equal(sent[0].isComplete, false);
  }));

test("what was begun cannot be answered with a file", () =>
  serving(
    async (response) => {
      response.write("begun");
      await assert.rejects(sendFile(response, large), { message: /headers were sent before$/ });
      response.end();
    },
    async ({ port }) => assert.equal((await ask(port, "/")).body.toString(), "begun"),
  ));

test("the response is finished as any other: it says so, and may be strict", () =>
  serving(
    async (response) => {
      const finished = once(response, "finish");
      response.strictContentLength = true;
      const result = await sendFile(response, large);
      await finished;
      assert.ok(response.writableFinished);
      return result;
    },
    async ({ port }) => assert.ok((await ask(port, "/")).body.equals(bytes)),
  ));

test("a connection that moves is not idle", () =>
  serving(
    (response, { socket }) => {
      let idle = 0;
      socket.setTimeout(60_000);
      const { setTimeout } = socket;
      socket.setTimeout = (...args) => (idle++, setTimeout.apply(socket, args));
      return sendFile(response, large, { chunk: 500_000 }).finally(() => assert.ok(idle >= 6));
    },
    async ({ port }) => assert.ok((await ask(port, "/")).body.equals(bytes)),
  ));

test.run();
