import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { gunzipSync, gzipSync } from "node:zlib";
import fc from "fast-check";
import { sendFile, type SendFileOptions } from "@posixly/zerocopy/http";
import { test } from "uvu";
import { attachment } from "./attachment.ts";
import { ask, byName, folder, type Handler, serving } from "./site_fixture.ts";

test("a path is a name and not a URL", () =>
  serving(byName(), async ({ port }) => {
    const { status, body, headers } = await ask(port, `/${encodeURIComponent("100% ü.html")}`);
    assert.deepEqual([status, body.toString()], [200, "<p>"]);
    assert.match(headers["content-type"]!, /^text\/html; *charset=utf-8$/i);
  }));

test("nothing outside of the root, behind a dot, and no folder, is found", () => {
  mkdirSync(`${folder}/.git`);
  writeFileSync(`${folder}/.git/config`, "secret");
  mkdirSync(`${folder}/inner`);
  writeFileSync(`${folder}/inner/index.html`, "secret");
  return serving(byName(), async ({ port, sent }) => {
    for (
      const path of [
        "/../etc/passwd",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/..%2f..%2fetc%2fpasswd",
        "/link",
        "/.hidden",
        "/.git/config",
        "/inner",
        "/inner/",
        "/missing",
        "/small.txt/",
        "/small.txt%00.html",
        "/%ed%a0%80".replace("%ed%a0%80", "%EF%BF%BD"),
        "//etc/passwd",
      ]
    ) {
      const { status, body } = await ask(port, path);
      if (path.startsWith("/inner")) assert.equal(status, 404, path);
      assert.ok(status === 404 || status === 403 || status === 400, `${path}: ${status}`);
      assert.doesNotMatch(body.toString(), /root:|secret|hidden|small/);
    }
    assert.equal((await ask(port, "/missing", {}, "HEAD")).body.length, 0);
    assert.ok(sent.every(({ isComplete }) => isComplete));
  });
});

test("a path may have dots in it as long as it stays in the root", () => {
  const paths: Record<string, number> = {
    "./small.txt": 200,
    ".//./small.txt": 200,
    "inner/../small.txt": 200,
    "inner/../../small.txt": 400,
    "../small.txt": 400,
    ".": 400,
    "": 400,
  };
  return serving(
    (response, { headers: { path } }) => sendFile(response, String(path), { root: folder }),
    async ({ port }) => {
      for (const [path, status] of Object.entries(paths)) {
        assert.equal((await ask(port, "/", { path })).status, status, path);
      }
    },
  );
});

test("what is hidden is shown to whoever allows it, and so is where a link leads", () =>
  serving(byName({ dotfiles: "allow", symlinks: "follow" }), async ({ port }) => {
    assert.equal((await ask(port, "/.hidden")).body.toString(), "hidden");
    assert.match((await ask(port, "/link")).body.toString(), /^root:/);
  }));

test("what ends as a folder does is no file, with and without a root", () =>
  serving(
    (response, { headers: { path, root } }) =>
      sendFile(response, String(path), { root: root as string | undefined }),
    async ({ port }) => {
      for (const end of ["/", "//", "/.", "/./"]) {
        const rooted = { path: `small.txt${end}`, root: folder };
        assert.equal((await ask(port, "/", rooted)).status, 404, end);
        const free = { path: `${folder}/small.txt${end}` };
        assert.equal((await ask(port, "/", free)).status, 404, end);
      }
    },
  ));

test("a path of one's own may be anywhere, and relative", () =>
  serving((response) => sendFile(response, `${folder}/inner/../.hidden`), async ({ port }) => {
    assert.equal((await ask(port, "/")).body.toString(), "hidden");
  }));

test("a refusal can be thrown, and nothing was sent then", () =>
  serving(
    async (response) => {
      const missing = sendFile(response, "missing", { root: folder, refusal: "throw" });
      await assert.rejects(missing, { status: 404 });
      assert.ok(!response.headersSent);
      response.statusCode = 410;
      response.end("gone");
    },
    async ({ port }) => assert.equal((await ask(port, "/")).status, 410),
  ));

test("the page of an error keeps its status, and is whole whatever was asked", () =>
  serving(
    (response, { url }) => {
      response.statusCode = Number(url!.slice(1));
      return sendFile(response, "small.txt", { root: folder });
    },
    async ({ port }) => {
      const asked = { range: "bytes=1-2", "if-none-match": "*", "if-match": '"other"' };
      for (const status of [400, 404, 503]) {
        const page = await ask(port, `/${status}`, asked);
        assert.deepEqual([page.status, page.body.toString()], [status, "small"]);
        const head = await ask(port, `/${status}`, asked, "HEAD");
        assert.deepEqual([head.status, head.headers["content-length"]], [status, "5"]);
      }
      assert.equal((await ask(port, "/204")).status, 200, "which has no body");
      assert.equal((await ask(port, "/200", { range: "bytes=1-2" })).status, 206);
    },
  ));

test("an answer has one length, also if it was to be in chunks", () =>
  serving(
    (response) => {
      response.setHeader("Transfer-Encoding", "chunked");
      return sendFile(response, "small.txt", { root: folder });
    },
    async ({ port, sent }) => {
      const { headers, body } = await ask(port, "/");
      assert.equal(body.toString(), "small");
      assert.deepEqual([headers["transfer-encoding"], headers["content-length"]], [undefined, "5"]);
      assert.equal(sent[0].path, "sendfile");
    },
  ));

test("headers are those of before, those of the options and those of the file", () =>
  serving(
    (response) => {
      response.setHeader("Content-Type", "text/x-own");
      response.setHeader("X-Before", "kept");
      return sendFile(response, "small.txt", {
        root: folder,
        headers: { "X-Own": 7, "Set-Cookie": ["a=1", "b=2"], "Content-Length": 99 },
        maxAge: 3600,
        immutable: true,
        attachment: true,
      });
    },
    async ({ port }) => {
      const { headers, body } = await ask(port, "/");
      assert.equal(body.toString(), "small");
      assert.equal(headers["content-type"], "text/x-own");
      assert.equal(headers["x-before"], "kept");
      assert.equal(headers["x-own"], "7");
      assert.deepEqual(headers["set-cookie"], ["a=1", "b=2"]);
      assert.equal(headers["content-length"], "5");
      assert.equal(headers["cache-control"], "public, max-age=3600, immutable");
      assert.equal(headers["content-disposition"], 'attachment; filename="small.txt"');
    },
  ));

const ofBody = {
  "Content-Encoding": "gzip",
  "Content-Range": "bytes 0-1/2",
  "Content-Length": 99,
  "ETag": '"own"',
  "Last-Modified": "Thu, 01 Jan 1970 00:00:00 GMT",
};

test("what describes the body is not up to the headers of the options", () =>
  serving(byName({ headers: { ...ofBody, "X-Own": 7 } }), async ({ port }) => {
    const { headers, body } = await ask(port, "/small.txt");
    assert.equal(body.toString(), "small");
    assert.equal(headers["x-own"], "7");
    assert.equal(headers["content-encoding"], undefined);
    assert.equal(headers["content-range"], undefined);
    const asked = { "if-none-match": headers.etag };
    const unchanged = await ask(port, "/small.txt", asked);
    assert.deepEqual([unchanged.status, unchanged.headers["content-length"]], [304, undefined]);
  }));

test("a refusal is told without what was to be told of a file", () =>
  serving(
    (response, request) => {
      const before = {
        ...ofBody,
        "Cache-Control": "max-age=99",
        "Content-Disposition": "attachment",
      };
      for (const [name, value] of Object.entries(before)) response.setHeader(name, value);
      response.setHeader("X-Before", "kept");
      return byName()(response, request);
    },
    async ({ port }) => {
      const { status, headers, body } = await ask(port, "/missing");
      assert.deepEqual([status, body.toString()], [404, "Not found\n"]);
      const { "content-type": _, "content-length": __, "x-before": kept, ...others } = headers;
      assert.equal(kept, "kept");
      for (const name of Object.keys(others)) assert.match(name, /^(date|connection|keep-alive)$/);
    },
  ));

test("what is packed goes to whoever takes it, and what varied before still varies", () => {
  writeFileSync(`${folder}/packed.js`, "let a = 1;");
  writeFileSync(`${folder}/packed.js.gz`, gzipSync("let a = 1;"));
  return serving(
    (response) => {
      response.setHeader("Vary", "Origin");
      return sendFile(response, "packed.js", { root: folder, precompressed: true });
    },
    async ({ port }) => {
      const packed = await ask(port, "/", { "accept-encoding": "gzip" });
      assert.equal(packed.headers["content-encoding"], "gzip");
      assert.equal(packed.headers.vary, "Origin, Accept-Encoding");
      assert.equal(gunzipSync(packed.body).toString(), "let a = 1;");
      assert.equal((await ask(port, "/")).body.toString(), "let a = 1;");
    },
  );
});

test("a type of one's choice is that of the file", () =>
  serving(byName({ contentType: "text/plain" }), async ({ port }) => {
    assert.equal((await ask(port, "/large.bin")).headers["content-type"], "text/plain");
  }));

test("the name of an attachment is told to everybody, and ends nothing", () => {
  assert.equal(attachment("plans.html"), 'attachment; filename="plans.html"');
  assert.equal(
    attachment("€ rates.html"),
    "attachment; filename=\"_ rates.html\"; filename*=UTF-8''%E2%82%AC%20rates.html",
  );
  const named = (name: string) => `attachment; filename="${name}"`;
  assert.deepEqual([".", "..", "..."].map(attachment), ["_", "_.", "..."].map(named));
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (name) => {
      const value = attachment(name);
      const [, plain, extended] =
        /^attachment; filename="([\x20-\x7e]*)"(?:; filename\*=UTF-8''([\w!#$&+.^`|~%-]*))?$/.exec(
          value,
        )!;
      assert.doesNotMatch(plain, /["\\/]/);
      const meant = extended === undefined ? plain : decodeURIComponent(extended);
      // deno-lint-ignore no-control-regex
      assert.doesNotMatch(meant, /[\x00-\x1f\x7f/\\]/);
      assert.equal(meant.length, name.length);
    }),
    { numRuns: 1000 },
  );
});

test("a type that ends its line is refused, also where it would stand in a part only", () => {
  const handler: Handler = async (response) => {
    const wrong = { root: folder, contentType: "text/plain\r\nX: y" };
    await assert.rejects(sendFile(response, "large.bin", wrong), TypeError);
    return sendFile(response, "large.bin", { root: folder });
  };
  return serving(handler, async ({ port }) => {
    for (const range of ["bytes=0-1,4-5", "bytes=99999999-", "bytes=0-1"]) {
      await ask(port, "/", { range });
    }
  });
});

test("options that cannot be are refused before anything is sent", () => {
  const wrong: [unknown, unknown?][] = [
    [7],
    ["small.txt", { rot: folder }],
    ["small.txt", { maxAge: -1 }],
    ["small.txt", { maxAge: "1h" }],
    ["small.txt", { chunk: 0 }],
    ["small.txt", { immutable: 1 }],
    ["small.txt", { attachment: 1 }],
    ["small.txt", { attachment: "" }],
    ["small.txt", { refusal: "never" }],
    ["small.txt", { root: folder, headers: { "X-Bad": "a\r\nb" } }],
    ["small.txt", { root: folder, contentType: "a\r\nb" }],
    ["small.txt", { root: folder, contentType: "" }],
    ["small.txt", { root: folder, contentType: 5 }],
    ["small.txt", { root: 5 }],
  ];
  const handler: Handler = async (response) => {
    for (const [path, options] of wrong) {
      await assert.rejects(
        sendFile(response, path as string, options as SendFileOptions),
        (error) => error instanceof TypeError || error instanceof RangeError,
        JSON.stringify(options),
      );
    }
    assert.ok(!response.headersSent);
    return sendFile(response, `${folder}/small.txt`);
  };
  return serving(handler, async ({ port }) => {
    assert.equal((await ask(port, "/")).body.toString(), "small");
  });
});

test.run();
