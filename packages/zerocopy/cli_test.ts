import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdtempSync, openSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import process from "node:process";
import type { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { type Finished, runFresh, runtimeArguments } from "@posixly/testing";
import { test } from "uvu";
import { readArguments } from "./cli_arguments.ts";

const folder = mkdtempSync("/tmp/posixly-cli-");
test.after(() => rmSync(folder, { recursive: true }));
writeFileSync(`${folder}/a b.txt`, "hello");
writeFileSync(`${folder}/huge.bin`, "");
truncateSync(`${folder}/huge.bin`, 500_000_000);

// Compiled or not, it lies beside this file.
const cli = new URL(import.meta.url.replace("cli_test", "cli"));

function zerocopy(...args: string[]): Promise<Finished> {
  return runFresh(cli, { args, confined: true });
}

/** A command that runs, and what it has printed. */
interface Running {
  readonly child: ChildProcess;
  /**
   * How it ends: with what, or by which signal. Not every runtime tells truly of whom `child.kill`
   * was called for; `process.kill` has no say in it.
   */
  readonly end: Promise<unknown[]>;
  readonly url: string;
  readonly stdout: Promise<string>;
  /** Waits until it has printed something to standard error. */
  printed(pattern: RegExp): Promise<RegExpExecArray>;
}

/** Starts it, and waits until it serves. */
function start(...args: string[]): Promise<Running> {
  return startTo("pipe", ...args);
}

/** The same, with a standard output of one's own. */
async function startTo(output: "pipe" | number, ...args: string[]): Promise<Running> {
  const child = spawn(process.execPath, [
    ...runtimeArguments({ confined: true }),
    fileURLToPath(cli),
    "serve",
    folder,
    "--port",
    "0",
    ...args,
  ], { stdio: ["ignore", output, "pipe"], env: { ...process.env, NO_COLOR: "1" } });
  const end = once(child, "exit");
  const stdout = child.stdout === null ? Promise.resolve("") : text(child.stdout).catch(() => ""); // it may be read by nobody
  const printed = printedBy(child.stderr!);
  const [, url] = await printed(/^Serving .* at (http:\S+)\n/);
  return { child, end, url, stdout, printed };
}

function printedBy(from: Readable): Running["printed"] {
  let seen = "";
  from.setEncoding("utf8").on("data", (chunk) => seen += chunk);
  return async (pattern) => {
    for (;;) {
      const match = pattern.exec(seen);
      if (match) return match;
      await once(from, "data");
    }
  };
}

test("it serves a folder until it is told to stop, and prints each request", async () => {
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    const { child, end, url, stdout } = await start("--log");
    assert.equal(await (await fetch(`${url}a%20b.txt`)).text(), "hello");
    assert.equal((await fetch(`${url}none`)).status, 404);
    process.kill(child.pid!, signal);
    assert.deepEqual(await end, [0, null]);
    const time = String.raw`\d{4}-\d\d-\d\dT[\d:.]+Z 127\.0\.0\.1:\d+`;
    assert.match(
      await stdout,
      new RegExp(
        `^${time} "GET /a%20b.txt" 200 5 [\\d.]+ms done\n${time} "GET /none" 404 10 [\\d.]+ms done\n$`,
      ),
    );
  }
});

test("what is under way is sent when it is told to stop, and broken off when told twice", async () => {
  for (const times of [1, 2]) {
    const { child, end, url, stdout } = await start("--log");
    const response = await fetch(`${url}huge.bin`);
    const reader = response.body!.getReader();
    let read = (await reader.read()).value!.length;
    process.kill(child.pid!, "SIGTERM");
    await assert.rejects(async () => {
      for (;;) await (await fetch(url)).text(); // until nobody listens any more
    });
    if (times === 2) process.kill(child.pid!, "SIGTERM");
    const reading = (async () => {
      for (let next; !(next = await reader.read()).done;) read += next.value.length;
    })();
    if (times === 2) await assert.rejects(reading);
    else await reading;
    assert.deepEqual(await end, [0, null]);
    assert.equal(read === 500_000_000, times === 1);
    assert.match(
      await stdout,
      times === 1 ? / 500000000 .* done\n$/ : /\d+\/500000000 .* closed\n$/,
    );
  }
});

test("it shows what is being sent, and goes on when nobody reads what it prints", async () => {
  const { child, end, url, printed } = await start("--progress", "--log");
  child.stdout!.destroy();
  const reader = (await fetch(`${url}huge.bin`)).body!.getReader();
  await reader.read();
  await printed(/1 connections, 0 requests, .*B, .*\/s; \/huge.bin \d+%/);
  assert.equal((await fetch(`${url}none`)).status, 404);
  assert.equal(await (await fetch(`${url}a%20b.txt`)).text(), "hello");
  await reader.cancel();
  process.kill(child.pid!, "SIGTERM");
  assert.deepEqual(await end, [0, null]);
});

test("a full disk is told of once, and a server goes on", async () => {
  const through = ["sh", "-c", 'exec "$@" > /dev/full', "sh"];
  const { status, stderr } = await runFresh(cli, { args: ["--help"], through });
  assert.equal(status, 2);
  assert.match(stderr, /^zerocopy: .*no space left.*\n$/i);

  const full = openSync("/dev/full", "w");
  const { child, end, url, printed } = await startTo(full, "--log");
  closeSync(full);
  for (let i = 0; i < 3; i++) assert.equal((await fetch(`${url}none`)).status, 404);
  await printed(/^zerocopy: .*no space left.*\n$/im);
  process.kill(child.pid!, "SIGTERM");
  assert.deepEqual(await end, [2, null]);
});

test("--help prints what there is", async () => {
  for (const help of ["--help", "-h"]) {
    const { status, stdout, stderr } = await zerocopy(help);
    assert.deepEqual([status, stderr], [0, ""]);
    for (const name of ["serve", "--port", "--host", "--log", "--progress"]) {
      assert.ok(stdout.includes(name));
    }
  }
});

test("what is wrong is told in one line, and it ends with 2", async () => {
  const forms: [string[], RegExp][] = [
    [[], /a command is missing: serve/],
    [["walk"], /no command "walk"/],
    [["serve", "--port", "eighty"], /--port must be a whole number.*"eighty"/],
    [["serve", "--colour"], /--colour/],
    [["serve", `${folder}/none`], /ENOENT/],
    [["serve", `${folder}/a b.txt`], /ENOTDIR/],
    [["serve", folder, "--host", "203.0.113.1"], /EADDRNOTAVAIL/],
    [["serve", folder, "--host", "example.org"], /example.org/],
  ];
  for (const [args, message] of forms) {
    const { status, stdout, stderr } = await zerocopy(...args);
    assert.deepEqual([status, stdout], [2, ""], args.join(" "));
    assert.match(stderr, /^zerocopy: [^\n]+\n$/);
    assert.match(stderr, message);
  }
});

test("arguments become options", () => {
  assert.equal(readArguments(["--help", "serve"]), null);
  const addresses: Record<string, string> = {
    "": "127.0.0.1:8080",
    "--port 80": "127.0.0.1:80",
    "-p 0 --host ::": "[::]:0",
    "--host [::1]": "[::1]:8080",
    "--host localhost": "127.0.0.1:8080",
    "--host unix:/run/x": "unix:/run/x",
  };
  for (const [args, address] of Object.entries(addresses)) {
    const { folder, options } = readArguments(["serve", ...args.split(" ").filter(Boolean)])!;
    assert.deepEqual([folder, options.address], [".", address]);
  }
  const all =
    "serve x --symlinks never --dotfiles --index a --index b --precompressed --cache 60 " +
    "--cors --max-connections 5 --log --progress";
  assert.deepEqual(readArguments(all.split(" ")), {
    folder: "x",
    options: {
      address: "127.0.0.1:8080",
      symlinks: "never",
      dotfiles: "allow",
      index: ["a", "b"],
      precompressed: true,
      cacheControl: "public, max-age=60",
      headers: { "Access-Control-Allow-Origin": "*" },
      maxConnections: 5,
    },
    log: true,
    progress: true,
  });
  for (const args of ["serve --host unix:x -p 1", "serve --symlinks maybe", "serve --cache -1"]) {
    assert.throws(() => readArguments(args.split(" ")), { name: "UsageError" });
  }
});

test.run();
