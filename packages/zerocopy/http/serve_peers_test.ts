// Programs that ask, and one that answers the same: curl, nginx.
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import {
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import { open, pwrite } from "@posixly/fd";
import { type AddressLike, connectTcp, connectUnix } from "@posixly/socket";
import { testNeeding, turns } from "@posixly/testing";
import { test } from "uvu";
import { served } from "./serve_fixture.ts";
import { bytes, encode, folder } from "./site_fixture.ts";

// Of what has just changed we give a weak tag, which is good for less.
utimesSync(`${folder}/large.bin`, 1e9, 1e9);

const got = `${folder}/.got`;

/** Runs curl without its progress, and gives what it printed. */
async function curl(...args: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)("curl", ["-sS", "--max-time", "60", ...args]);
  return stdout;
}

testNeeding(
  "curl",
  "curl gets a file, parts of it, its head, and what is new",
  () =>
    served({}, async ({ server }) => {
      const url = `${server.url}large.bin`;
      const parts: [string[], Buffer][] = [
        [[], bytes],
        [["--http1.0"], bytes],
        [["--http2"], bytes], // which asks to upgrade
        [["--limit-rate", "20M"], bytes],
        [["--range", "0-0"], bytes.subarray(0, 1)],
        [["--range", "1000001-2000000"], bytes.subarray(1_000_001, 2_000_001)],
        [["--range", "2999999-"], bytes.subarray(-1)],
        [["--range", "-77"], bytes.subarray(-77)],
        [["--range", "-99999999"], bytes],
        [["-H", "Range: lines=1-2"], bytes],
      ];
      for (const [args, expected] of parts) {
        await curl("-o", got, ...args, url);
        assert.ok(readFileSync(got).equals(expected), args.join(" "));
      }
      writeFileSync(got, bytes.subarray(0, 1_234_567));
      await curl("-C", "-", "-o", got, url);
      assert.ok(readFileSync(got).equals(bytes));

      const status = async (...args: string[]) =>
        Number(await curl("-o", got, "-w", "%{http_code}", ...args));
      assert.equal(await status("--range", "0-0,5-9", url), 206);
      assert.match(readFileSync(got, "latin1"), /^\r?\n?--.*Content-Range: bytes 5-9\/3000000/s);
      assert.equal(await status("--range", "3000000-", url), 416);
      assert.match(await curl("-I", url), /^HTTP\/1.1 200 OK\r\n[^]*Content-Length: 3000000\r\n/);
      await curl("-o", got, "--etag-save", `${folder}/.etag`, url);
      assert.equal(await status("--etag-compare", `${folder}/.etag`, url), 304);
      assert.equal(await status("-z", `${folder}/large.bin`, url), 304);
      assert.equal(await status("-z", "1 Jan 1990", url), 200);
      assert.equal(await status("-z", "-1 Jan 1990", url), 412);
      assert.equal(await status("-T", `${folder}/large.bin`, url), 405);
      assert.equal(await status("--data-binary", `@${folder}/large.bin`, url), 405);
      for (const path of ["../etc/passwd", "%2e%2e/etc/passwd", "..%2fetc/passwd", "a/../../x"]) {
        assert.ok([400, 404].includes(await status("--path-as-is", server.url + path)), path);
      }
    }),
);

testNeeding(
  "curl",
  "curl takes what was packed before, and sees what it is",
  () =>
    served({ precompressed: true }, async ({ server }) => {
      const text = "Packed before, and once. ".repeat(10_000);
      writeFileSync(`${folder}/text.html`, text);
      writeFileSync(`${folder}/text.html.gz`, gzipSync(text));
      const url = `${server.url}text.html`;
      assert.equal(await curl("--compressed", url), text);
      assert.equal(await curl(url), text);
      assert.match(await curl("-I", "--compressed", url), /Content-Encoding: gzip\r\n/);
    }),
);

testNeeding(
  "curl",
  "many at once get what they asked for, and some of them leave",
  () =>
    served({}, async ({ server, finishedSoon }) => {
      const urls = Array.from(
        { length: 40 },
        (_, i) => server.url + ["large.bin", "small.txt"][i % 2],
      );
      const outputs = urls.flatMap((url, i) => [url, "-o", `${folder}/.many${i}`]);
      const leaving = Array.from(
        { length: 10 },
        () =>
          spawn("curl", ["-sS", "--limit-rate", "1M", `${server.url}large.bin`], {
            stdio: "ignore",
          }),
      );
      await curl("-Z", "--parallel-max", "20", ...outputs);
      for (const one of leaving) one.kill("SIGKILL");
      for (let i = 0; i < urls.length; i++) {
        const expected = urls[i].endsWith("large.bin") ? bytes : Buffer.from("small");
        assert.ok(readFileSync(`${folder}/.many${i}`).equals(expected), urls[i]);
      }
      await finishedSoon(40);
    }),
);

testNeeding(
  "curl",
  "parts of 5 GiB arrive, beyond 2 ** 32 as well",
  () =>
    served({}, async ({ server }) => {
      const path = `${folder}/giant.bin`;
      writeFileSync(path, "");
      truncateSync(path, 5 * 2 ** 30);
      {
        using file = open(path, { read: true, write: true });
        for (const at of [1, 2 ** 31 - 3, 2 ** 32 + 12_345, 5 * 2 ** 30 - bytes.length]) {
          pwrite(file, bytes, at);
        }
      }
      const url = `${server.url}giant.bin`;
      for (const at of [2 ** 31 - 3, 2 ** 32 + 12_345, 5 * 2 ** 30 - bytes.length]) {
        await curl("-o", got, "--range", `${at}-${at + bytes.length - 1}`, url);
        assert.ok(readFileSync(got).equals(bytes), `${at}`);
      }
    }),
);

/** Starts nginx for the folder at a path, for as long as something runs. */
async function withNginx(run: (address: AddressLike) => Promise<void>): Promise<void> {
  const home = `${folder}/.nginx`;
  mkdirSync(`${home}/logs`, { recursive: true });
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
    .map((name) => `${name}_temp_path ${home}/${name};`).join("\n");
  writeFileSync(
    `${home}/nginx.conf`,
    `daemon off; master_process off; pid ${home}/pid; error_log ${home}/errors;
     events {}
     http {
       ${temporary}
       access_log off; sendfile on;
       types { text/plain txt; text/html html; } default_type application/octet-stream;
       server { listen unix:${home}/socket; root ${folder}; }
     }`,
  );
  const nginx = spawn("/usr/sbin/nginx", ["-p", home, "-c", `${home}/nginx.conf`], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  try {
    while (!existsSync(`${home}/pid`)) await turns(1); // it listens by then
    await run(`unix:${home}/socket`);
  } finally {
    nginx.kill();
    await once(nginx, "exit");
    rmSync(home, { recursive: true });
  }
}

/** What was answered. */
interface Told {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly body: Buffer;
}

async function ask(address: AddressLike, words: string): Promise<Told> {
  const isUnix = typeof address === "string";
  using connection = await (isUnix ? connectUnix(address) : connectTcp(address));
  await connection.write(encode(words));
  const answer = Buffer.from(await connection.readAll());
  const end = answer.indexOf("\r\n\r\n");
  const [first, ...lines] = answer.subarray(0, end).toString("latin1").split("\r\n");
  const headers = Object.fromEntries(lines.map((line) => {
    const [, name, value] = /^([^:]+): (.*)$/.exec(line)!;
    return [name.toLowerCase(), value];
  }));
  return { status: Number(first.split(" ")[1]), headers, body: answer.subarray(end + 4) };
}

/** The parts of a multipart answer, each with what it says of itself. */
function partsOf({ headers, body }: Told): string[] {
  const [, boundary] = /^multipart\/byteranges; boundary=(\S+)$/.exec(headers["content-type"])!;
  const text = `\r\n${body.toString("latin1").trimStart()}`; // some begin with an empty line
  return text.split(`\r\n--${boundary}`).map((part) =>
    part.split("\r\n").filter((line) => line !== "").sort().join("\n")
  );
}

type Form = (of: Told) => string;

const ranges: Form[] = [
  ...[
    "0-0",
    "1-",
    "-1",
    "-0",
    "-9999999",
    "2999999-",
    "3000000-",
    "10-5",
    "5-10,20-30",
    "20-30,5-10",
    "-5,0-0",
    "0-0,9999999-",
    "9999999-,8888888-",
    "0-2999999,0-2999999",
    "a-b",
    "1-2-3",
    "",
    " 5 - 10 ",
  ].map((range) => () => `Range: bytes=${range}\r\n`),
  () => "Range: items=0-5\r\n",
  ({ headers }) => `If-Range: ${headers.etag}\r\nRange: bytes=5-10\r\n`,
  () => 'If-Range: "x"\r\nRange: bytes=5-10\r\n',
  () => "If-Range: Thu, 01 Jan 1970 00:00:00 GMT\r\nRange: bytes=5-10\r\n",
  ({ headers }) => `If-None-Match: ${headers.etag}\r\nRange: bytes=5-10\r\n`,
];

const conditions: Form[] = [
  ({ headers }) => `If-None-Match: ${headers.etag}\r\n`,
  ({ headers }) => `If-None-Match: "x", W/${headers.etag}\r\n`,
  () => 'If-None-Match: "x"\r\n',
  () => "If-None-Match: *\r\n",
  ({ headers }) => `If-Match: ${headers.etag}\r\n`,
  () => 'If-Match: "x"\r\n',
  () => "If-Match: *\r\n",
  ({ headers }) => `If-Modified-Since: ${headers["last-modified"]}\r\n`,
  () => "If-Modified-Since: Thu, 01 Jan 1970 00:00:00 GMT\r\n",
  () => "If-Modified-Since: yesterday\r\n",
  ({ headers }) => `If-Unmodified-Since: ${headers["last-modified"]}\r\n`,
  () => "If-Unmodified-Since: Thu, 01 Jan 1970 00:00:00 GMT\r\n",
  ({ headers }) => `If-None-Match: "x"\r\nIf-Modified-Since: ${headers["last-modified"]}\r\n`,
];

const forms = [...ranges, ...conditions];

/** What both must say alike. */
const alike = ["content-length", "content-range", "last-modified", "connection", "location"];

/** Where both differ, by intent: what we answer, and what nginx does. */
const differences: Record<string, [number, number]> = {
  // RFC 9110: what is no range is as if it were not there.
  "GET Range: bytes=10-5": [200, 416],
  "GET Range: bytes=a-b": [200, 416],
  "GET Range: bytes=1-2-3": [200, 416],
  "GET Range: bytes= 5 - 10": [200, 206],
  // That there is a folder is not told.
  "GET /sub/empty/": [404, 403],
  "HEAD /sub/empty/": [404, 403],
};

testNeeding(
  "nginx",
  "nginx answers the same, but where it is known to differ",
  () =>
    withNginx(async (theirs) => {
      mkdirSync(`${folder}/sub/empty`, { recursive: true });
      writeFileSync(`${folder}/sub/index.html`, "<p>of a folder");
      const paths = [
        "/large.bin",
        "/small.txt",
        "/empty.txt",
        "/none",
        "/sub",
        "/sub/",
        "/sub/empty/",
        "/small.txt?a=b",
        "/%6carge.bin",
        "//small.txt",
        "/small.txt/",
        "/a%00b",
        "/%zz",
      ];
      await served({}, async ({ server }) => {
        const both = [server.address, theirs];
        const compare = async (method: string, version: string, path: string, form: Form) => {
          const request = (more: string) =>
            `${method} ${path} HTTP/${version}\r\nHost: a\r\nConnection: close\r\n${more}\r\n`;
          const [us, them] = await Promise.all(both.map(async (address) => {
            const plain = await ask(address, request(""));
            return await ask(address, request(form(plain)));
          }));
          const name = `${method} ${form(us).trim() || path}`;
          const expected = differences[name];
          if (expected) assert.deepEqual([us.status, them.status], expected, name);
          else assertAlike(us, them, `${name} ${version}`);
        };
        for (const method of ["GET", "HEAD", "POST"]) {
          for (const version of ["1.1", "1.0"]) {
            // What is not shown cannot be changed either, which we need not look up.
            const shown = method === "POST" ? paths.slice(0, 3) : paths;
            for (const path of shown) await compare(method, version, path, () => "");
            // Of HEAD it asks for all: RFC 9110 knows ranges of GET only, and nginx of both.
            const asked = { GET: forms, HEAD: conditions, POST: [] }[method]!;
            for (const form of asked) await compare(method, version, "/large.bin", form);
          }
        }
      });
    }),
);

function assertAlike(us: Told, them: Told, name: string): void {
  const said = ({ status, headers }: Told) => ({
    status,
    ...Object.fromEntries(alike.map((header) => [header, headers[header]])),
  });
  if (us.status === 206 && us.headers["content-range"] === undefined) {
    assert.deepEqual(partsOf(us), partsOf(them), name);
  } else if (us.status >= 300) {
    assert.deepEqual([us.status, us.headers["content-range"]], [
      them.status,
      them.headers["content-range"],
    ], name);
  } else {
    assert.deepEqual(said(us), said(them), name);
    assert.ok(us.body.equals(them.body), name);
  }
}

test.run();
