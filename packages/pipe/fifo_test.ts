import assert from "node:assert/strict";
import { spawn as spawnPeer } from "node:child_process";
import { once } from "node:events";
import { lstatSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { text } from "node:stream/consumers";
import process from "node:process";
import { test } from "uvu";
import { open, read, write } from "@posixly/fd";
import { turns, withoutLeaks } from "@posixly/testing";
import { makeFifo, openFifoReader, openFifoWriter, pipe, spawn } from "@posixly/pipe";
import { libc, POLLERR, pollfd } from "./libc.ts";

const folder = mkdtempSync("/tmp/posixly-fifo-");
let made = 0;

function newFifo(): string {
  const path = `${folder}/${made++}`;
  makeFifo(path);
  return path;
}

const bytes = (text: string) => new TextEncoder().encode(text);

/** Waits until a writer has looked once more and nobody was there to read, or one is open. */
async function looksInVain(...openings: Promise<unknown>[]): Promise<void> {
  const { poll } = libc;
  const inVain = new Promise<void>((resolve) => {
    libc.poll = (entry, ...rest) => {
      const result = poll(entry, ...rest);
      if (pollfd.decode(entry as Uint8Array).revents & POLLERR) resolve();
      return result;
    };
  });
  try {
    await Promise.race([inVain, ...openings]);
    await turns();
  } finally {
    libc.poll = poll;
  }
}

test.after(() => rmSync(folder, { recursive: true }));

test("a FIFO is made with a mode, less the umask, and in a folder", () => {
  const umask = process.umask(0o022);
  try {
    makeFifo(`${folder}/plain`);
    makeFifo(`${folder}/secret`, { mode: 0o600 });
    using dir = open(folder, { directory: true });
    makeFifo("relative", { dir });
    makeFifo(bytes("bytes"), { dir: dir.fd });
  } finally {
    process.umask(umask);
  }
  const modes = ["plain", "secret", "relative", "bytes"].map((name) =>
    lstatSync(`${folder}/${name}`)
  );
  assert.ok(modes.every((stat) => stat.isFIFO()));
  assert.deepEqual(modes.map(({ mode }) => mode & 0o777), [0o644, 0o600, 0o644, 0o644]);
});

test("what the kernel refuses names the path", () => {
  const path = newFifo();
  assert.throws(() => makeFifo(path), { code: "EEXIST", syscall: "mkfifoat", path });
  assert.throws(() => makeFifo(`${folder}/no/where`), { code: "ENOENT" });
  assert.throws(() => openFifoReader(`${folder}/nothing`), { code: "ENOENT" });
});

test("a reader opens at once, and waits for the first writer instead of ending", async () => {
  const path = newFifo();
  using reader = openFifoReader(path);
  const buffer = new Uint8Array(8);
  assert.equal(read(reader, buffer), 0); // what the kernel says

  const reading = reader.read(buffer);
  await turns();
  const writer = await openFifoWriter(path);
  await turns(); // a writer who came and has not written yet is no end either
  write(writer, bytes("hi"));
  assert.equal(await reading, 2);
  writer.close();
  assert.equal(await reader.read(buffer), 0);
  assert.equal(await reader.read(buffer), 0);
});

test("a writer who comes and leaves without a word is the end", async () => {
  const path = newFifo();
  using reader = openFifoReader(path);
  const reading = reader.read(new Uint8Array(8));
  (await openFifoWriter(path)).close();
  assert.equal(await reading, 0);
});

test("what a writer wrote between our read and our look at who is there is not the end", async () => {
  const path = newFifo();
  using reader = openFifoReader(path);
  const { poll } = libc;
  libc.poll = (...args) => {
    libc.poll = poll;
    using writer = open(path, { write: true, nonBlocking: true });
    write(writer, bytes("hi"));
    writer.close();
    return poll(...args);
  };
  try {
    assert.equal(await reader.read(new Uint8Array(8)), 2);
  } finally {
    libc.poll = poll;
  }
  assert.equal(await reader.read(new Uint8Array(8)), 0);
});

test("a reader that keeps it open survives its writers", async () => {
  const path = newFifo();
  using reader = openFifoReader(path, { keepOpen: true });
  const buffer = new Uint8Array(8);
  for (const length of [1, 2, 3]) {
    const closed = once(spawnPeer("sh", ["-c", `head -c ${length} /dev/zero > ${path}`]), "close");
    assert.equal(await reader.read(buffer), length);
    await closed;
  }
  const controller = new AbortController();
  const reading = reader.read(buffer, { signal: controller.signal });
  await turns();
  controller.abort();
  await assert.rejects(reading, { name: "AbortError" });
});

test("and still does in a child", async () => {
  const path = newFifo();
  using reader = openFifoReader(path, { keepOpen: true });
  const child = spawn("head", ["-c", "2"], { stdin: reader, stdout: "pipe" });
  reader.close();
  for (const letter of "ab") {
    using writer = await openFifoWriter(path, { signal: AbortSignal.timeout(10_000) });
    await writer.write(bytes(letter));
  }
  assert.equal(new TextDecoder().decode((await child.communicate()).stdout), "ab");
});

test("a writer waits for a reader that comes later", () =>
  withoutLeaks(async () => {
    const path = newFifo();
    let opened = false;
    const opening = openFifoWriter(path).finally(() => opened = true);
    await turns();
    assert.equal(opened, false);
    using reader = openFifoReader(path);
    using writer = await opening;
    write(writer, bytes("hi"));
    assert.equal(read(reader, new Uint8Array(8)), 2);
  }));

test("a writer finds a reader that waits in open(2)", async () => {
  const path = newFifo();
  const cat = spawnPeer("cat", [path]);
  const output = text(cat.stdout);
  const writer = await openFifoWriter(path);
  await writer.write(bytes("hello"));
  writer.close();
  assert.equal(await output, "hello");
});

test("a reader that came and left again was none", async () => {
  const path = newFifo();
  let opened = false;
  const opening = openFifoWriter(path).finally(() => opened = true);
  await turns();
  openFifoReader(path).close();
  await looksInVain(opening);
  assert.equal(opened, false);
  using _reader = openFifoReader(path);
  (await opening).close();
});

test("another writer is no reader", async () => {
  const path = newFifo();
  const controller = new AbortController();
  const openings = [1, 2].map(() => openFifoWriter(path, { signal: controller.signal }));
  await looksInVain(...openings); // the first was told that the second has opened it
  controller.abort();
  for (const opening of openings) await assert.rejects(opening, { name: "AbortError" });
});

test("nor is one that another process becomes for an instant, to open it to write", async () => {
  const poll = libc.poll;
  for (const comesFirst of [true, false]) {
    const path = newFifo();
    const both = () => open(path, { read: true, write: true, nonBlocking: true });
    let other = comesFirst ? both() : undefined;
    libc.poll = (...args) => {
      const result = poll(...args);
      queueMicrotask(() => other?.close()); // gone soon after it was seen
      return result;
    };
    try {
      const controller = new AbortController();
      const opening = openFifoWriter(path, { signal: controller.signal });
      other ??= both();
      await looksInVain(opening);
      assert.ok(other.closed);
      controller.abort();
      await assert.rejects(opening, { name: "AbortError" });
    } finally {
      libc.poll = poll;
    }
  }
});

test("waiting for a reader can be given up, and leaves nothing behind", () =>
  withoutLeaks(async () => {
    const path = newFifo();
    const reason = new Error("enough");
    const controller = new AbortController();
    const opening = openFifoWriter(path, { signal: controller.signal });
    await turns();
    controller.abort(reason);
    await assert.rejects(opening, reason);
    await assert.rejects(openFifoWriter(path, { signal: AbortSignal.abort(reason) }), reason);
    using reader = openFifoReader(path);
    assert.equal(read(reader, new Uint8Array(1)), 0);
  }));

test("the FIFO that is waited for is the one that had the path then", async () => {
  const path = newFifo();
  symlinkSync(path, `${path}-link`);
  const opening = openFifoWriter(`${path}-link`);
  await turns();
  rmSync(`${path}-link`);
  using reader = openFifoReader(path);
  using writer = await opening;
  write(writer, bytes("x"));
  assert.equal(read(reader, new Uint8Array(1)), 1);
});

test("many FIFOs are waited for at once, beyond any pool of threads", async () => {
  const paths = Array.from({ length: 50 }, newFifo);
  const opening = paths.map((path) => openFifoWriter(path));
  await turns();
  const readers = paths.reverse().map((path) => openFifoReader(path));
  for (const end of [...await Promise.all(opening), ...readers]) end.close();
});

test("an inherited pipe is opened once more, to be waited for", async () => {
  using ends = pipe({ nonBlocking: false });
  using again = openFifoReader(`/proc/self/fd/${ends.reader.fd}`);
  const reading = again.read(new Uint8Array(8));
  write(ends.writer, bytes("hi"));
  assert.equal(await reading, 2);
});

test("what is no FIFO is refused and closed", () =>
  withoutLeaks(async () => {
    const file = `${folder}/file`;
    writeFileSync(file, "text");
    assert.throws(() => openFifoReader(file), /^TypeError: path must lead to a FIFO/);
    assert.throws(() => openFifoReader(folder), TypeError);
    await assert.rejects(openFifoWriter(file), TypeError);
    await assert.rejects(openFifoWriter(folder), { code: "EISDIR" });
  }));

test("bad input is refused before anything is opened", () =>
  withoutLeaks(async () => {
    for (const path of [null, undefined, 1, {}, "a\0b"]) {
      assert.throws(() => makeFifo(path as string), TypeError);
      assert.throws(() => openFifoReader(path as string), TypeError);
      await assert.rejects(openFifoWriter(path as string), TypeError);
    }
    for (const mode of [-1, 0o10000, 2 ** 40]) {
      assert.throws(() => makeFifo("x", { mode }), RangeError);
    }
    assert.throws(() => makeFifo("x", { mode: "0o600" as unknown as number }), TypeError);
    assert.throws(() => makeFifo("x", { dir: -1 }), RangeError);
    assert.throws(() => makeFifo("x", { mod: 1 } as object), TypeError);
    assert.throws(() => openFifoReader("x", { keepOpen: 1 as unknown as boolean }), TypeError);
    await assert.rejects(openFifoWriter("x", { sginal: 1 } as object), TypeError);
    await assert.rejects(openFifoWriter("x", { signal: 5 } as object), /signal must be/);
  }));

test.run();
