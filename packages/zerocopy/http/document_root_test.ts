import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import * as fs from "node:fs";
import { createServer } from "node:net";
import process from "node:process";
import fc from "fast-check";
import { withoutLeaks } from "@posixly/testing";
import { test } from "uvu";
import { DocumentRoot, type DocumentRootOptions, type FoundFile } from "./document_root.ts";
import { find, inside, outside, text } from "./root_fixture.ts";
import { withSpareDescriptors } from "../spare_descriptors_fixture.ts";

function finding(target: string, options?: DocumentRootOptions): Promise<string> {
  return withoutLeaks(() => {
    using root = new DocumentRoot(inside, options);
    const result = find(target, root);
    assert.equal(find(target, root), result, "and so it is the second time");
    return result;
  });
}

for (
  const [target, result, options] of [
    ["/a.txt", "a"],
    ["/a.txt?query", "a"],
    ["/%61%2etxt", "a"],
    ["//a.txt", "a"],
    ["http://host/a.txt", "a"],
    ["/", "index"],
    ["/?query", "index"],
    ["//", "index"],
    ["/folder/", "index of folder"],
    ["/folder/b%20c%25.txt", "b"],
    ["/folder/line%0Afeed", "line feed"],
    ["/folder", "-> /folder/"],
    ["/folder?a=b&c", "-> /folder/?a=b&c"],
    ["//folder", "-> /folder/"],
    ["/folder/empty", "-> /folder/empty/"],
    ["/folder/empty/", "404"],
    ["/folder/", "404", { index: [] }],
    ["/folder/", "b", { index: ["none.html", "empty", "b c%.txt", "index.html"] }],
    ["/a.txt/", "404"],
    ["/a.txt/b", "404"],
    ["/none", "404"],
    ["/none/", "404"],
    [`/${"a".repeat(256)}`, "404"],
    [`/${"a/".repeat(4000)}`, "404"],
    ["/../outside/secret.txt", "400"],
    ["/%2e%2e/outside/secret.txt", "400"],
    ["/folder/..%2fa.txt", "404"],
    ["/a.txt%00", "400"],
    ["/%ff", "400"],
    ["/fifo", "404"],
    ["/fifo/", "404"],
    [".hidden", "400"],
    ["/.hidden", "404"],
    ["/%2ehidden", "404"],
    ["/.git/config", "404"],
    ["/.git", "404"],
    ["/.well-known/a.txt", "known"],
    ["/folder/.well-known/a.txt", "404"],
    ["/.hidden", "hidden", { dotfiles: "allow" }],
    ["/link", "a"],
    ["/roundabout", "a"],
    ["/up", "404"],
    ["/absolute", "404"],
    ["/way-out/secret.txt", "404"],
    ["/way-out", "404"],
    ["/out-and-in", "404"],
    ["/loop", "404"],
    ["/zero", "404"],
    ["/magic/etc/passwd", "404"],
    ["/link", "404", { symlinks: "never" }],
    ["/way-out/secret.txt", "404", { symlinks: "never" }],
    ["/a.txt", "a", { symlinks: "never" }],
    ["/up", "secret", { symlinks: "follow" }],
    ["/absolute", "secret", { symlinks: "follow" }],
    ["/way-out/folder", "-> /way-out/folder/", { symlinks: "follow" }],
    ["/zero", "404", { symlinks: "follow" }],
    ["/loop", "404", { symlinks: "follow" }],
    ["/magic/etc/passwd", "404", { symlinks: "follow" }],
    ["/../outside/secret.txt", "400", { symlinks: "follow" }],
  ] as [string, string, DocumentRootOptions?][]
) {
  const shown = `${target.slice(0, 40)}${options ? ` with ${JSON.stringify(options)}` : ""}`;
  test(`${shown}: ${result}`, async () => assert.equal(await finding(target, options), result));
}

test("nothing that a client can write leads out of the folder", () =>
  withoutLeaks(() => {
    using root = new DocumentRoot(inside);
    const word = fc.constantFrom("/", "..", ".", "%2e", "%2f", "outside", "inside", "folder", "up");
    const more = fc.constantFrom(
      "way-out",
      "secret.txt",
      "%00",
      "\\",
      "%5c",
      "magic",
      "proc",
      "absolute",
    );
    fc.assert(fc.property(fc.array(fc.oneof(word, more)), (words) => {
      assert.doesNotMatch(find(`/${words.join("")}`, root), /secret/);
    }));
  }));

test("a socket is not found", async () => {
  const server = createServer().listen(`${inside}/socket`);
  await once(server, "listening");
  assert.equal(await finding("/socket"), "404");
  server.close();
});

test("a file is the one that was opened, whatever is on its path by then", () =>
  withoutLeaks(() => {
    fs.writeFileSync(`${inside}/replaced.txt`, "before");
    using root = new DocumentRoot(inside);
    using found = root.find("/replaced.txt") as FoundFile;
    fs.writeFileSync(`${inside}/new.txt`, "it is longer after");
    fs.renameSync(`${inside}/new.txt`, `${inside}/replaced.txt`);
    assert.equal(text(found), "before");
    assert.equal(find("/replaced.txt", root), "it is longer after");
  }));

test("whoever renames a way in and out of the folder meanwhile does not get out", async () => {
  fs.mkdirSync(`${inside}/inner`);
  fs.writeFileSync(`${inside}/inner/secret.txt`, "public");
  const script = `cd ${inside}; while :; do
    ln -sfn ${outside} new; mv -T new turning; ln -sfn inner new; mv -T new turning
  done`;
  const child = spawn("sh", ["-c", script], { stdio: "ignore", detached: true });
  const seen = new Set<string>();
  try {
    while (!fs.existsSync(`${inside}/turning`)) await new Promise(setImmediate);
    await withoutLeaks(() => {
      using root = new DocumentRoot(inside);
      for (let i = 0; i < 5000; i++) seen.add(find("/turning/secret.txt", root));
      for (let i = 0; i < 1e6 && seen.size < 2; i++) seen.add(find("/turning/secret.txt", root));
    });
  } finally {
    process.kill(-child.pid!, "SIGKILL");
    await once(child, "exit");
  }
  for (const result of seen) assert.ok(["public", "404", "503"].includes(result), result);
  assert.ok(seen.has("public"));
});

test("without a descriptor left the client is to try again, and nothing is lost", () =>
  withoutLeaks(() => {
    using root = new DocumentRoot(inside);
    assert.equal(withSpareDescriptors(0, () => find("/a.txt", root)), "503");
    assert.equal(find("/a.txt", root), "a");
  }));

test("what may not be read is forbidden, unless one is root", async () => {
  fs.chmodSync(`${inside}/forbidden.txt`, 0);
  assert.equal(await finding("/forbidden.txt"), process.getuid!() === 0 ? "forbidden" : "403");
});

test("a packed file goes to whom takes it, unless it is older", () =>
  withoutLeaks(() => {
    fs.writeFileSync(`${inside}/app.js`, "let plain = 'the longest of them';");
    fs.writeFileSync(`${inside}/app.js.gz`, "gzip, it is longer");
    fs.writeFileSync(`${inside}/app.js.br`, "brotli");
    fs.writeFileSync(`${inside}/app.js.zst`, "zstd is old");
    fs.utimesSync(`${inside}/app.js.zst`, 1, 1);
    using root = new DocumentRoot(inside, { precompressed: true });
    assert.equal(find("/app.js", root, "gzip, br, zstd"), "brotli");
    assert.equal(find("/app.js", root, "gzip;q=1, br;q=0.5"), "gzip, it is longer");
    assert.match(find("/app.js", root, "zstd"), /plain/);
    assert.match(find("/app.js", root, "br;q=0"), /plain/);
    assert.match(find("/app.js", root, "identity;q=1, *;q=0.2"), /plain/);
    assert.match(find("/app.js", root, "br;q=0.4, gzip;q=0.4, *;q=0.5"), /plain/);
    assert.equal(find("/app.js", root, "identity;q=0.5, *;q=0.2, gzip"), "gzip, it is longer");
    assert.equal(find("/app.js", root, "identity, br"), "brotli");
    assert.equal(find("/app.js", root, "*"), "brotli");
    assert.match(find("/app.js", root), /plain/);
    assert.equal(find("/app.js.gz", root, "br"), "gzip, it is longer");

    using packed = root.find("/app.js", "br") as FoundFile;
    using plain = root.find("/app.js") as FoundFile;
    assert.equal(packed.representation.encoding, "br");
    assert.equal(packed.representation.type, "text/javascript; charset=utf-8");
    assert.ok(packed.representation.varies && plain.representation.varies);
    assert.notEqual(packed.representation.etag, plain.representation.etag);

    fs.rmSync(`${inside}/app.js.br`);
    assert.equal(find("/app.js", root, "gzip, br, zstd"), "gzip, it is longer");
    using unpacked = new DocumentRoot(inside);
    assert.match(find("/app.js", unpacked, "gzip"), /plain/);
  }));

test("a packed file is older also by a part of a second, and in the future", () =>
  withoutLeaks(() => {
    const week = Date.now() / 1000 + 604_800;
    for (const [plain, packed] of [[1e9 + 0.9, 1e9 + 0.1], [week + 9.5, week]]) {
      fs.writeFileSync(`${inside}/young.js`, "new");
      fs.writeFileSync(`${inside}/young.js.gz`, "old");
      fs.utimesSync(`${inside}/young.js`, plain, plain);
      fs.utimesSync(`${inside}/young.js.gz`, packed, packed);
      using root = new DocumentRoot(inside, { precompressed: true });
      assert.equal(find("/young.js", root, "gzip"), "new");
      fs.utimesSync(`${inside}/young.js.gz`, plain, plain);
      using again = new DocumentRoot(inside, { precompressed: true });
      assert.equal(find("/young.js", again, "gzip"), "old");
    }
  }));

test("a file is settled when it has been left alone, and never changed in the future", () => {
  using root = new DocumentRoot(inside, { hold: 0 });
  const told = (seconds: number) => {
    const time = new Date(seconds * 1000);
    fs.utimesSync(`${inside}/a.txt`, time, time);
    using found = root.find("/a.txt") as FoundFile;
    return found.representation;
  };
  const now = Math.floor(Date.now() / 1000);
  assert.ok(told(now - 10).isSettled);
  assert.doesNotMatch(told(now - 10).etag, /^W/);
  assert.equal(told(now - 10).modified, now - 10);
  assert.ok(!told(now + 1000).isSettled);
  assert.match(told(now + 1000).etag, /^W\/"/);
  assert.ok(told(now + 1000).modified <= Date.now() / 1000);
  assert.equal(told(-1000).modified, 0);
  assert.notEqual(told(now - 10).etag, told(now - 11).etag);
});

test("a folder that is not there, or an option that means nothing, is an error at once", () =>
  withoutLeaks(() => {
    assert.throws(() => new DocumentRoot(`${inside}/none`), { code: "ENOENT" });
    assert.throws(() => new DocumentRoot(`${inside}/a.txt`), { code: "ENOTDIR" });
    for (
      const options of [
        { symlinks: "always" },
        { dotfiles: true },
        { index: ["../outside/secret.txt"] },
        { index: [".."] },
        { index: [""] },
        { index: "index.html" },
        { index: null },
        { precompressed: "yes" },
        { cacheControl: "a\r\nSet-Cookie: b" },
        { cacheControl: 60 },
        { hold: -1 },
        { indices: [] },
      ]
    ) {
      assert.throws(() => new DocumentRoot(inside, options as unknown as DocumentRootOptions), {
        name: /TypeError|RangeError/,
        message: new RegExp(Object.keys(options)[0]),
      });
    }
  }));

test.run();
