import assert from "node:assert/strict";
import { execFile, execFileSync } from "node:child_process";
import { EventEmitter, once } from "node:events";
import { Buffer } from "node:buffer";
import { readFileSync, truncateSync, writeFileSync } from "node:fs";
import { type IncomingMessage, ServerResponse } from "node:http";
import {
  type ClientHttp2Stream,
  connect,
  constants,
  createServer as createHttp2Server,
} from "node:http2";
import { createServer as createHttpsServer } from "node:https";
import type { AddressInfo, Server, Socket } from "node:net";
import { Writable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { promisify } from "node:util";
import { createGzip } from "node:zlib";
import express from "express";
import { testNeeding, turns, withoutLeaks } from "@posixly/testing";
import { sendFile, type SendFileOptions, type SentFile } from "@posixly/zerocopy/http";
import { test } from "uvu";
import { ask, byName, bytes, folder, HUGE, serving } from "./site_fixture.ts";

const large = `${folder}/large.bin`;
const got = `${folder}/got`;

/** Runs curl without its progress, and gives what it printed. */
async function curl(...args: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)("curl", ["-sS", "--max-time", "60", ...args]);
  return stdout;
}

/** Starts a server of any kind, and ends it when something has run. */
async function listening(server: Server, run: (port: number) => Promise<void>): Promise<void> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  try {
    await run((server.address() as AddressInfo).port);
  } finally {
    server.close();
    await once(server, "close");
  }
}

testNeeding(
  "curl",
  "curl gets the file, parts of it, its head, and what is new",
  () =>
    serving(byName(), async ({ port, sent }) => {
      const url = `http://127.0.0.1:${port}/large.bin`;
      await curl("-o", got, url);
      assert.ok(readFileSync(got).equals(bytes));
      await curl("-o", got, "--range", "1000001-2000000", url);
      assert.ok(readFileSync(got).equals(bytes.subarray(1_000_001, 2_000_001)));
      await curl("-o", got, "--range", "-77", url);
      assert.ok(readFileSync(got).equals(bytes.subarray(-77)));
      assert.match(await curl("-I", url), /^HTTP\/1.1 200 OK\r\n[^]*Content-Length: 3000000\r\n/i);
      await curl("-o", got, "--etag-save", `${folder}/etag`, url);
      const again = ["-w", "%{http_code}", "-o", got, "--etag-compare", `${folder}/etag`];
      assert.equal(await curl(...again, url), "304");
      assert.ok(sent.every(({ path, isComplete }) => path === "sendfile" && isComplete));
    }),
);

testNeeding(
  "curl",
  "curl continues what was broken off, and reads slowly",
  () =>
    serving(byName({ chunk: 50_000 }), async ({ port }) => {
      const url = `http://127.0.0.1:${port}/large.bin`;
      writeFileSync(got, bytes.subarray(0, 1_234_567));
      await curl("-C", "-", "-o", got, url);
      assert.ok(readFileSync(got).equals(bytes));
      await curl("--limit-rate", "6M", "-o", got, url);
      assert.ok(readFileSync(got).equals(bytes));
    }),
);

testNeeding(
  "curl",
  "curl gets several files over one connection",
  () =>
    serving(byName(), async ({ server, port }) => {
      let connections = 0;
      server.on("connection", () => connections++);
      const urls = ["large.bin", "small.txt", "missing", "large.bin", "empty.txt", "large.bin"];
      const out = await curl(
        ...["-o", got, "-w", "%{http_code} %{size_download}\n"],
        ...urls.flatMap((name) => ["-o", got, `http://127.0.0.1:${port}/${name}`]),
      );
      const codes = out.trim().split("\n").map((line) => line.split(" ")[0]);
      assert.deepEqual(codes, ["200", "200", "404", "200", "200", "200"]);
      assert.ok(readFileSync(got).equals(bytes));
      assert.equal(connections, 1);
    }),
);

testNeeding(
  "curl",
  "curl that gives up leaves nothing behind",
  () =>
    serving(byName(), async ({ port, sent }) => {
      const url = `http://127.0.0.1:${port}/huge.bin`;
      await assert.rejects(curl("--max-filesize", "1000", "-o", got, url));
      while (sent.length < 1) await turns(1);
      assert.ok(sent[0].bytes < HUGE);
    }),
);

test("express: a route, its errors and its headers", async () => {
  const app = express();
  const sent: SentFile[] = [];
  app.use("/files", async (request, response) => {
    sent.push(await sendFile(response, decodeURIComponent(request.path), { root: folder }));
  });
  app.get("/videos/*name", async (request, response) => {
    const { name } = request.params as unknown as { name: string[] };
    await sendFile(response, name.join("/"), { root: folder, maxAge: 3600 });
  });
  app.get("/thrown", (_, response) => sendFile(response, "/missing", { refusal: "throw" }));
  app.set("env", "test"); // which keeps it from printing the error
  const server = await new Promise<Server>((resolve) => {
    const listening: Server = app.listen(0, "127.0.0.1", () => resolve(listening));
  });
  const { port } = server.address() as AddressInfo;
  const whole = await ask(port, "/files/large.bin");
  assert.ok(whole.body.equals(bytes));
  assert.equal(whole.headers["x-powered-by"], "Express");
  assert.equal((await ask(port, "/files/large.bin", { range: "bytes=1-2" })).body.length, 2);
  assert.equal((await ask(port, "/files/missing")).status, 404);
  assert.equal((await ask(port, "/thrown")).status, 404);
  const video = await ask(port, "/videos/large.bin");
  assert.ok(video.body.equals(bytes));
  assert.equal(video.headers["cache-control"], "public, max-age=3600");
  assert.equal((await ask(port, "/videos/..%2fetc/passwd")).status, 400);
  assert.deepEqual(sent.map(({ status, path }) => `${status} ${path}`), [
    "200 sendfile",
    "206 sendfile",
    "404 sendfile",
  ]);
  server.close();
  await once(server, "close");
});

/** Packs what is written to a response, as middleware does. */
function compress(response: ServerResponse): void {
  const gzip = createGzip();
  const { writeHead } = response;
  const write = response.write.bind(response);
  const end = response.end.bind(response);
  response.writeHead = ((status: number) => {
    response.removeHeader("Content-Length");
    response.setHeader("Content-Encoding", "gzip");
    gzip.on("data", (chunk) => write(chunk)).on("end", () => end());
    return writeHead.call(response, status);
  }) as ServerResponse["writeHead"];
  response.write = ((chunk: Uint8Array) => gzip.write(chunk)) as ServerResponse["write"];
  response.end = (() => (gzip.end(), response)) as ServerResponse["end"];
  gzip.on("drain", () => response.emit("drain"));
}

testNeeding("curl", "whoever replaces `write` sees every byte", () =>
  serving(
    (response, request) => (compress(response), byName()(response, request)),
    async ({ port, sent }) => {
      await curl("--compressed", "-o", got, `http://127.0.0.1:${port}/large.bin`);
      assert.ok(readFileSync(got).equals(bytes));
      while (sent.length < 1) await turns(1);
      assert.deepEqual(sent[0], {
        status: 200,
        bytes: bytes.length,
        path: "stream",
        isComplete: true,
      });
    },
  ));

test("a replaced `write` is one also if it is inherited", async () => {
  const { prototype } = ServerResponse;
  const { write } = prototype;
  let seen = 0;
  function counting(this: ServerResponse, ...args: Parameters<typeof write>): boolean {
    seen += args[0].length;
    return write.apply(this, args);
  }
  const inherited = Object.create(prototype, { write: { value: counting } });
  try {
    await serving(
      (response, { url }) => {
        if (url === "/patched") prototype.write = counting as typeof write;
        else {Object.setPrototypeOf(
            response,
            url === "/plain" ? Object.create(prototype) : inherited,
          );}
        return sendFile(response, large);
      },
      async ({ port, sent }) => {
        for (const url of ["/plain", "/inherited", "/patched"]) await ask(port, url);
        assert.deepEqual(sent.map(({ path }) => path), ["sendfile", "stream", "stream"]);
        assert.equal(seen, 2 * bytes.length);
      },
    );
  } finally {
    prototype.write = write;
  }
});

/** A response without a connection, finished as soon as it is ended: that of fastify's `inject`. */
class Injected extends ServerResponse {
  readonly chunks: Uint8Array[] = [];

  override write(chunk: Uint8Array): boolean {
    this.chunks.push(chunk);
    return true;
  }

  override end(): this {
    this.emit("finish");
    return this;
  }
}

test("a response that is finished as soon as it is ended has the file", async () => {
  const request = Object.assign(new EventEmitter(), {
    method: "GET",
    headers: {},
    httpVersionMajor: 1,
    socket: new EventEmitter(),
  });
  const response = new Injected(request as unknown as IncomingMessage);
  response.assignSocket(new Writable() as Socket);
  const sent = await sendFile(response, large);
  assert.deepEqual([sent.path, sent.isComplete], ["stream", true]);
  assert.ok(Buffer.concat(response.chunks).equals(bytes));
});

testNeeding(["curl", "openssl"], "through TLS it goes as a stream", async () => {
  const [key, certificate] = [`${folder}/key.pem`, `${folder}/certificate.pem`];
  const args = "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -keyout".split(" ");
  execFileSync("openssl", [...args, key, "-out", certificate], { stdio: "ignore" });
  const sent: SentFile[] = [];
  const server = createHttpsServer(
    { key: readFileSync(key), cert: readFileSync(certificate) },
    async (_, response) => void sent.push(await sendFile(response, large)),
  );
  await listening(server, async (port) => {
    await curl("--insecure", "-o", got, `https://127.0.0.1:${port}/`);
    assert.ok(readFileSync(got).equals(bytes));
    await curl("--insecure", "-o", got, "--range", "5-9", `https://127.0.0.1:${port}/`);
    assert.ok(readFileSync(got).equals(bytes.subarray(5, 10)));
  });
  assert.deepEqual(sent.map(({ status, path }) => `${status} ${path}`), [
    "200 stream",
    "206 stream",
  ]);
});

testNeeding("curl", "over HTTP/2 it goes as a stream", async () => {
  const sent: SentFile[] = [];
  const server = createHttp2Server(async (_, response) => {
    sent.push(await sendFile(response, large));
  });
  await listening(server, async (port) => {
    await curl("--http2-prior-knowledge", "-o", got, `http://127.0.0.1:${port}/`);
    assert.ok(readFileSync(got).equals(bytes));
  });
  assert.equal(sent[0].path, "stream");
});

/** Sends one file over HTTP/2, while a client does with its stream what it will. */
async function overHttp2(
  name: string,
  act: (stream: ClientHttp2Stream) => Promise<unknown>,
  options?: SendFileOptions,
): Promise<PromiseSettledResult<SentFile>> {
  let sending: Promise<PromiseSettledResult<SentFile>[]>;
  await withoutLeaks(async () => {
    const server = createHttp2Server((_, response) => {
      sending = Promise.allSettled([sendFile(response, `${folder}/${name}`, options)]);
    });
    await listening(server, async (port) => {
      const client = connect(`http://127.0.0.1:${port}`);
      const stream = client.request({ ":path": "/" });
      await once(stream, "response");
      await act(stream);
      await sending;
      client.destroy();
    });
  });
  return (await sending!)[0];
}

test("over HTTP/2 what has arrived is complete", async () => {
  const sent = await overHttp2("large.bin", async (stream) => {
    assert.ok((await buffer(stream)).equals(bytes));
  });
  const all = { status: 200, bytes: bytes.length, path: "stream", isComplete: true };
  assert.deepEqual(sent, { status: "fulfilled", value: all });
});

test("over HTTP/2 a client that leaves is no error, whether by the stream or all of it", async () => {
  const ways: ((stream: ClientHttp2Stream) => void)[] = [
    (stream) => stream.close(constants.NGHTTP2_CANCEL),
    (stream) => stream.session!.destroy(),
  ];
  for (const leave of ways) {
    const sent = await overHttp2("huge.bin", async (stream) => {
      stream.on("error", () => {});
      leave(stream);
      await once(stream, "close");
    });
    assert.equal(sent.status, "fulfilled");
    assert.equal(sent.value.isComplete, false);
  }
});

test("over HTTP/2 who has asked for it can end it, though the client reads nothing", async () => {
  const controller = new AbortController();
  const { signal } = controller;
  const sent = await overHttp2("huge.bin", async (stream) => {
    controller.abort(new Error("enough"));
    await assert.rejects(buffer(stream));
  }, { signal });
  assert.deepEqual(sent, { status: "rejected", reason: signal.reason });
});

test("over HTTP/2 a file that becomes shorter is an error, also to the client", async () => {
  writeFileSync(`${folder}/shrinks`, Buffer.alloc(HUGE, 7));
  const sent = await overHttp2("shrinks", async (stream) => {
    truncateSync(`${folder}/shrinks`, 100_000);
    await assert.rejects(buffer(stream));
  });
  assert.equal(sent.status, "rejected");
  assert.equal(sent.reason.name, "FileTruncatedError");
});

test("what a connection has not taken of a stream is not counted", () =>
  serving(
    (response) => {
      response.write = () => (response.req.socket.destroy(), false);
      return sendFile(response, large);
    },
    async ({ port, sent }) => {
      await assert.rejects(ask(port, "/"));
      while (sent.length < 1) await turns(1);
      assert.deepEqual([sent[0].bytes, sent[0].isComplete], [0, false]);
    },
  ));

test("a client that leaves a stream is no error either", () =>
  serving(
    async (response, request: IncomingMessage) => {
      response.write = Object.getPrototypeOf(response).write;
      return await byName()(response, request);
    },
    async ({ port, sent }) => {
      const controller = new AbortController();
      const { signal } = controller;
      const answer = await fetch(`http://127.0.0.1:${port}/huge.bin`, { signal });
      await answer.body!.getReader().read();
      controller.abort();
      while (sent.length < 1) await turns(1);
      assert.equal(sent[0].path, "stream");
      assert.equal(sent[0].isComplete, false);
    },
  ));

test.run();
