import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { readFileSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Connection } from "@posixly/socket";
import { test } from "uvu";
import { testOnDisk } from "../disk_fixture.ts";
import { libc } from "../libc.ts";
import { served } from "./serve_fixture.ts";
import { folder } from "./site_fixture.ts";

const path = join(folder, "parcel.txt");

/** Writes the file, as if that had been at some time in the past. */
function write(content: string, seconds: number): void {
  writeFileSync(path, content);
  utimesSync(path, seconds, seconds);
}

/** What is answered, head and all. */
async function ask(connection: Connection, target = "/parcel.txt"): Promise<string> {
  const request = `GET ${target} HTTP/1.1\r\nHost: here\r\n\r\n`;
  await connection.write(new TextEncoder().encode(request));
  const buffer = Buffer.alloc(2 ** 22);
  for (let length = 0;;) {
    const n = await connection.read(buffer.subarray(length));
    assert.ok(n > 0);
    const text = buffer.toString("latin1", 0, length += n);
    const head = text.indexOf("\r\n\r\n") + 4;
    const told = Number(/Content-Length: (\d+)/.exec(text)?.[1]);
    if (head > 3 && length === head + told) return text;
  }
}

const bodyOf = (answer: string) => answer.slice(answer.indexOf("\r\n\r\n") + 4);

/** How often files are read while something runs. */
async function readsIn(run: () => Promise<void>): Promise<number> {
  const { syscall$preadv2 } = libc;
  let reads = 0;
  libc.syscall$preadv2 = (...args) => {
    reads++;
    return syscall$preadv2(...args);
  };
  try {
    await run();
  } finally {
    libc.syscall$preadv2 = syscall$preadv2;
  }
  return reads;
}

test("a short file that is asked for again and again is read once a second", () =>
  served({ symlinks: "follow" }, async ({ dial }) => {
    using connection = await dial();
    const dates = new Set<string>();
    const reads = await readsIn(async () => {
      for (let i = 0; i < 50; i++) {
        const answer = await ask(connection, "/link"); // to /etc/passwd, which nobody changes
        assert.match(bodyOf(answer), /^root:/);
        dates.add(/Date: (.*)\r/.exec(answer)![1]);
      }
    });
    assert.ok(reads <= dates.size + 1, `${reads} times in ${dates.size} seconds`);
  }));

test("a long file arrives behind a head that was kept", () =>
  served({ symlinks: "follow" }, async ({ dial }) => {
    symlinkSync("/bin/ls", join(folder, "ls"));
    using connection = await dial();
    for (let i = 0; i < 5; i++) {
      const body = bodyOf(await ask(connection, "/ls"));
      assert.ok(body === readFileSync("/bin/ls", "latin1"));
    }
  }));

test("a change is seen at once, even by who makes it look older", () =>
  served({}, async ({ dial }) => {
    using connection = await dial();
    for (let i = 100; i < 150; i++) {
      write(`As it was at ${i}`, 1e9);
      assert.equal(bodyOf(await ask(connection)), `As it was at ${i}`);
      assert.equal(bodyOf(await ask(connection)), `As it was at ${i}`);
    }
  }));

testOnDisk(
  "what has just been touched is read each time: it may change again unseen",
  () =>
    served({}, async ({ dial }) => {
      for (const seconds of [1e9, Date.now() / 1000]) {
        write("As it is", seconds);
        using connection = await dial();
        const reads = await readsIn(async () => {
          for (let i = 0; i < 5; i++) assert.equal(bodyOf(await ask(connection)), "As it is");
        });
        assert.equal(reads, 5);
      }
    }),
);

test.run();
