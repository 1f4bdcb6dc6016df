import assert from "node:assert/strict";
import { memfd, pread, truncate } from "@posixly/fd";
import { gc, runFresh, withoutLeaks } from "@posixly/testing";
import { map, type Mapping } from "@posixly/zerocopy";
import { test } from "uvu";
import { libc } from "./libc.ts";

const page = libc.getpagesize();

/** What is read and written through views that have outlived a mapping. */
function touch(mapping: Mapping, end: () => void): void {
  const { bytes } = mapping;
  const part = bytes.subarray(1, 9);
  const words = new Int32Array(bytes.buffer, 0, 4);
  const view = new DataView(bytes.buffer, 8, 8);
  bytes.fill(0xee);
  end();
  const arrays = [bytes, part, words];
  for (const array of arrays) assert.ok(array[0] === 0 || array.length === 0);
  for (const array of arrays) array[0] = 2;
  // What is detached says so here.
  for (const write of [() => bytes.fill(1), () => view.setUint8(0, 3)]) {
    try {
      write();
    } catch (error) {
      assert.equal((error as Error).name, "TypeError");
    }
  }
}

test("what still looks at a closed mapping sees nothing or zeros, and writes nowhere", () =>
  withoutLeaks(() => {
    using file = memfd();
    truncate(file, 3 * page);
    for (const offset of [0, 4, page + 8]) {
      const mapping = map(file, { offset, protection: "readWrite" });
      touch(mapping, () => mapping.close());
      const inFile = new Uint8Array(3 * page);
      pread(file, inFile, 0);
      assert.ok(inFile.every((byte, at) => byte === (at < offset ? inFile[0] : 0xee)));
      truncate(file, 0);
      truncate(file, 3 * page);
    }
  }));

test("what still looks at memory as it was before a resize does no harm either", () =>
  withoutLeaks(() => {
    using file = memfd();
    truncate(file, 5 * page);
    for (const length of [3 * page, page, 2 * page - 1]) {
      using shared = map(file, { length: 2 * page, protection: "readWrite" });
      using memory = map(null, { length: 2 * page });
      for (const mapping of [shared, memory]) {
        touch(mapping, () => mapping.resize(length));
        const kept = mapping.bytes.subarray(0, Math.min(length, 2 * page));
        assert.ok(kept.every((byte) => byte === 0xee));
      }
    }
  }));

/** Tells how often addresses were given back while `run` ran. */
async function givenBack(run: () => Promise<void>): Promise<number> {
  const { munmap } = libc;
  let calls = 0;
  libc.munmap = (...args) => (calls++, munmap(...args));
  try {
    await run();
  } finally {
    libc.munmap = munmap;
  }
  return calls;
}

test("addresses are given back once nobody has the bytes, and not before", async () => {
  await gc(); // of what was mapped before
  const held: Uint8Array[] = [];
  (() => {
    const mapping = map(null, { length: page });
    held.push(mapping.bytes.subarray(5));
    mapping.close();
  })();
  assert.equal(await givenBack(gc), 0);
  assert.ok(held.every((bytes) => !bytes[0]));
  held.length = 0;
  assert.equal(await givenBack(gc), 1);
});

test("the bytes keep what is mapped, even if the mapping is forgotten", async () => {
  const { status, stdout, stderr } = await runFresh(`
    import { gc } from "@posixly/testing";
    import { map } from "@posixly/zerocopy";
    let bytes = (() => map(null, { length: 4096 }).bytes)();
    bytes.fill(7);
    await gc();
    console.log(bytes.every((byte) => byte === 7));
    bytes = undefined;
    await gc();
  `);
  assert.deepEqual({ status, stdout }, { status: 0, stdout: "true\n" });
  assert.match(stderr, /A mapping of 4096 bytes was never closed; the garbage collector did it/);
});

test("what was forgotten is mapped no more", async () => {
  const { status, stdout } = await runFresh(`
    import { readFileSync } from "node:fs";
    import { memfd, truncate } from "@posixly/fd";
    import { gc } from "@posixly/testing";
    import { map } from "@posixly/zerocopy";
    const isMapped = () => readFileSync("/proc/self/maps", "utf8").includes("memfd:forgotten");
    (() => {
      const file = memfd("forgotten");
      truncate(file, 4096);
      map(file);
      file.close();
      console.log(isMapped());
    })();
    await gc();
    console.log(isMapped());
  `);
  assert.deepEqual({ status, stdout }, { status: 0, stdout: "true\nfalse\n" });
});

/** Moves the memory of a buffer to another, where the runtime can. */
function transferred(buffer: ArrayBuffer & { transfer?(): ArrayBuffer }): ArrayBuffer {
  return buffer.transfer ? buffer.transfer() : buffer;
}

test("a buffer that somebody transferred, though nobody should, is zeros for ever", async () => {
  await gc();
  let moved: ArrayBuffer;
  const run = async () => {
    (() => {
      const mapping = map(null, { length: 2 * page });
      mapping.bytes.fill(7);
      moved = transferred(mapping.bytes.buffer);
      mapping.close();
    })();
    await gc();
  };
  assert.equal(await givenBack(run), 0);
  assert.deepEqual(new Uint8Array(moved!), new Uint8Array(2 * page));
});

test("so it is if the mapping was forgotten", async () => {
  const { status, stdout } = await runFresh(`
    import { gc } from "@posixly/testing";
    import { map } from "@posixly/zerocopy";
    const moved = (() => {
      const { buffer } = map(null, { length: 4096 }).bytes;
      return buffer.transfer ? buffer.transfer() : buffer;
    })();
    await gc();
    console.log(new Uint8Array(moved).every((byte) => byte === 0));
  `);
  assert.deepEqual({ status, stdout }, { status: 0, stdout: "true\n" });
});

test("to touch what a file has no more ends the process, which can be known before", async () => {
  const { signal, stdout } = await runFresh(`
    import { memfd, truncate } from "@posixly/fd";
    import { map } from "@posixly/zerocopy";
    const file = memfd();
    truncate(file, 4096);
    const mapping = map(file);
    truncate(file, 0);
    console.log(mapping.isWhole(), mapping.read(new Uint8Array(1)));
    mapping.bytes[0];
    console.log("still here");
  `);
  assert.deepEqual({ signal, stdout }, { signal: "SIGBUS", stdout: "false 0\n" });
});

test("what another thread is still at work on when it is closed harms nobody", async () => {
  const { status, stdout } = await runFresh(`
    import { deflate } from "node:zlib";
    import { gc } from "@posixly/testing";
    import { map } from "@posixly/zerocopy";
    const ended = Array.from({ length: 20 }, (_, i) => {
      const mapping = map(null, { length: 4_000_000 });
      mapping.bytes.fill(i + 1);
      const done = new Promise((resolve) => deflate(mapping.bytes, resolve));
      mapping.close();
      return done;
    });
    await gc();
    await Promise.all(ended);
    console.log("still here");
  `);
  assert.deepEqual({ status, stdout }, { status: 0, stdout: "still here\n" });
});

test("a touch does no harm if the mapping was closed in time", async () => {
  const { status, stdout } = await runFresh(`
    import { memfd, truncate } from "@posixly/fd";
    import { map } from "@posixly/zerocopy";
    const file = memfd();
    truncate(file, 4096);
    const mapping = map(file, { protection: "readWrite" });
    const { bytes } = mapping;
    truncate(file, 0);
    mapping.close();
    bytes[0] = 1;
    console.log(!bytes[1]);
  `);
  assert.deepEqual({ status, stdout }, { status: 0, stdout: "true\n" });
});

test.run();
