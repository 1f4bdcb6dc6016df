// Whatever is sent, from wherever in however large a file, and whoever gives up: what arrives is what
// was told to have been sent, byte for byte.
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import fc from "fast-check";
import { memfd, pwrite, truncate } from "@posixly/fd";
import { readable } from "@posixly/mux";
import {
  type Connection,
  connectionPair,
  connectTcp,
  listenTcp,
  setOptions,
} from "@posixly/socket";
import { turns, withoutLeaks } from "@posixly/testing";
import { pump, sendFile } from "@posixly/zerocopy";
import { test } from "uvu";

/** Where there are bytes in a sparse file of 5 GiB: around what 32 and 31 bits can hold, and its ends. */
const SIZE = 5 * 2 ** 30;
const ISLAND = 200_000;
const islands = [0, 2 ** 31 - 100_000, 2 ** 32 - 100_000, SIZE - ISLAND];

const content = Uint8Array.from({ length: ISLAND }, (_, i) => 1 + (i * 7) % 251);

function sparseFile() {
  const file = memfd("sparse");
  truncate(file, SIZE);
  for (const island of islands) pwrite(file, content, island);
  return file;
}

/** What the file has somewhere. */
function expected(offset: number, length: number): Buffer {
  const bytes = Buffer.alloc(Math.max(0, Math.min(length, SIZE - offset)));
  for (const island of islands) {
    const from = Math.max(island, offset);
    const to = Math.min(island + ISLAND, offset + bytes.length);
    if (from < to) bytes.set(content.subarray(from - island, to - island), from - offset);
  }
  return bytes;
}

/** Reads to the end in pieces, and lets others go first now and then. */
async function readSlowly(connection: Connection, sizes: number[]): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for (let i = 0;; i++) {
    const buffer = Buffer.alloc(sizes[i % sizes.length]);
    const n = await connection.read(buffer);
    if (n === 0) return Buffer.concat(pieces);
    pieces.push(buffer.subarray(0, n));
    if (i % 7 === 0) await turns(1);
  }
}

const parts = fc.record({
  island: fc.constantFrom(...islands),
  shift: fc.integer({ min: -150_000, max: ISLAND + 10_000 }),
  length: fc.oneof(fc.nat(3), fc.nat(9000), fc.nat(400_000)),
  chunk: fc.integer({ min: 1000, max: 2 ** 20 }),
  sizes: fc.array(fc.integer({ min: 500, max: 100_000 }), { minLength: 1, maxLength: 5 }),
  isBig: fc.boolean(),
});

const tcp = async () => {
  using listener = listenTcp("127.0.0.1:0");
  const first = await connectTcp(listener.localAddress);
  return { first, second: await listener.accept() };
};
const unix = () => Promise.resolve(connectionPair());

for (const [kind, connected] of Object.entries({ tcp, unix })) {
  test(`any part of a file of 5 GiB arrives over ${kind}, at any offset, however it is read`, () =>
    withoutLeaks(async () => {
      using file = sparseFile();
      await fc.assert(
        fc.asyncProperty(parts, async ({ island, shift, length, chunk, sizes, isBig }) => {
          const offset = Math.max(0, island + shift);
          const wanted = expected(offset, length);
          const { first, second } = await connected();
          if (kind === "tcp") setOptions(second, { receiveBuffer: 10_000 });
          const receiving = readSlowly(second, sizes);
          const { bytes } = await sendFile(first, file, {
            offset: isBig ? BigInt(offset) : offset,
            length: isBig ? BigInt(wanted.length) : wanted.length,
            chunk,
          });
          await first.end();
          assert.equal(bytes, wanted.length);
          assert.ok((await receiving).equals(wanted));
          first.close();
          second.close();
        }),
        { numRuns: 20 },
      );
    }));

  test(`who gives up over ${kind} was told of exactly what has arrived`, () =>
    withoutLeaks(async () => {
      using file = sparseFile();
      const patience = fc.integer({ min: 0, max: 12 });
      await fc.assert(
        fc.asyncProperty(parts, patience, async ({ island, shift, chunk, sizes }, patience) => {
          const offset = Math.max(0, island + shift);
          const { first, second } = await connected();
          const controller = new AbortController();
          let told = 0;
          let times = 0;
          const sending = sendFile(first, file, {
            offset,
            length: 3_000_000,
            chunk,
            signal: controller.signal,
            onProgress(bytes) {
              told = bytes;
              if (times++ === patience) controller.abort();
            },
          });
          const receiving = readable(second).then(() => readSlowly(second, sizes));
          const outcome = await sending.then(() => "sent", ({ name }) => name);
          assert.ok(["sent", "AbortError", "FileTruncatedError"].includes(outcome), outcome);
          await first.end();
          assert.ok((await receiving).equals(expected(offset, told)));
          first.close();
          second.close();
        }),
        { numRuns: 20 },
      );
    }));

  for (const via of ["splice", "readwrite", undefined] as const) {
    test(`a pump over ${kind} that is given up told of exactly what has arrived (${via})`, () =>
      withoutLeaks(async () => {
        const runs = fc.record({
          length: fc.nat(1_000_000),
          size: fc.integer({ min: 1, max: 2 ** 20 }),
          patience: fc.nat(12),
          sizes: fc.array(fc.integer({ min: 500, max: 100_000 }), { minLength: 1, maxLength: 5 }),
        });
        await fc.assert(
          fc.asyncProperty(runs, async ({ length, size, patience, sizes }) => {
            const source = await connected();
            const sink = await connected();
            const wanted = Buffer.alloc(length);
            for (let i = 0; i < length; i += ISLAND) {
              wanted.set(content.subarray(0, Math.min(ISLAND, length - i)), i);
            }
            const writing = source.first.write(wanted).then(() => source.first.end());
            const controller = new AbortController();
            let told = 0;
            let times = 0;
            const receiving = readSlowly(sink.second, sizes);
            const outcome = await pump(source.second, sink.first, {
              size: Math.max(size, Math.ceil(length / 1000)),
              via,
              signal: controller.signal,
              onProgress(bytes) {
                told = bytes;
                if (times++ === patience) controller.abort();
              },
            }).then(({ bytes }) => bytes === length ? "moved" : "too few", ({ name }) => name);
            assert.ok(["moved", "AbortError"].includes(outcome), outcome);
            await sink.first.end();
            assert.ok((await receiving).equals(wanted.subarray(0, told)));
            if (outcome === "moved") assert.equal(told, length);
            for (const each of [source, sink]) {
              each.first.close();
              each.second.close();
            }
            await writing.catch(({ code, message }) => assert.match(code ?? message, /E|closed/));
          }),
          { numRuns: 15 },
        );
      }));
  }
}

test.run();
