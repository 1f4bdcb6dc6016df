import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { close, eventfd, getFlags, memfd, open, pty, read, seek, write } from "@posixly/fd";
import { readable, readableStream, writableStream } from "@posixly/mux";
import { runFresh, timerFires, turns, withoutLeaks } from "@posixly/testing";
import fc from "fast-check";
import { test } from "uvu";
import { blockingPipe, blockingSocketpair, type Ends, pipe, socketpair } from "./ends_fixture.ts";

/** Pipes and socket pairs, that block and that do not. */
const kinds: Record<string, () => Ends> = {
  "a pipe": pipe,
  "a pipe that blocks": blockingPipe,
  "a socket pair": socketpair,
  "a socket pair that blocks": blockingSocketpair,
};

async function collect(stream: ReadableStream<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

async function writeAll(stream: WritableStream<Uint8Array>, chunks: Uint8Array[]): Promise<void> {
  const writer = stream.getWriter();
  for (const chunk of chunks) await writer.write(chunk);
  await writer.close();
}

/** Up to more than a pipe holds. */
const chunks = fc.array(
  fc.oneof(
    fc.uint8Array({ maxLength: 300 }),
    fc.tuple(fc.integer({ min: 1, max: 150_000 }), fc.nat({ max: 255 })).map(([length, from]) =>
      Uint8Array.from({ length }, (_, i) => from + i * 7)
    ),
  ),
  { maxLength: 8 },
);

for (const [kind, create] of Object.entries(kinds)) {
  test(`through ${kind} all bytes come in order, and then the end`, () =>
    withoutLeaks(() =>
      fc.assert(
        fc.asyncProperty(chunks, async (chunks) => {
          const [reader, writer] = create();
          const [bytes] = await Promise.all([
            collect(readableStream(reader)),
            writeAll(writableStream(writer), chunks),
          ]);
          assert.ok(bytes.equals(Buffer.concat(chunks)));
          assert.deepEqual([reader.closed, writer.closed], [true, true]);
        }),
        { numRuns: 20 },
      )
    ));

  test(`through ${kind} bytes come into buffers of the reader's own`, () =>
    withoutLeaks(() =>
      fc.assert(
        fc.asyncProperty(
          chunks,
          fc.array(fc.integer({ min: 1, max: 90_000 }), { minLength: 1, maxLength: 5 }),
          async (chunks, sizes) => {
            const [reader, writer] = create();
            const written = writeAll(writableStream(writer), chunks);
            const stream = readableStream(reader).getReader({ mode: "byob" });
            const parts: Uint8Array[] = [];
            for (let i = 0;; i++) {
              const size = sizes[i % sizes.length];
              // From within a larger buffer, whose other bytes are left alone.
              const { value, done } = await stream.read(
                new Uint8Array(new ArrayBuffer(size + 8), 4, size),
              );
              if (done) break;
              assert.ok(value.length > 0 && value.byteOffset === 4);
              const around = new Uint8Array(value.buffer);
              assert.ok(around.subarray(0, 4).every((byte) => byte === 0));
              assert.ok(around.subarray(4 + size).every((byte) => byte === 0));
              parts.push(value);
            }
            await written;
            assert.ok(Buffer.concat(parts).equals(Buffer.concat(chunks)));
            assert.ok(reader.closed);
          },
        ),
        { numRuns: 10 },
      )
    ));

  test(`of ${kind} cancelling closes the reader, even while it waits`, () =>
    withoutLeaks(async () => {
      for (const isWaiting of [false, true]) {
        const [reader, writer] = create();
        const stream = readableStream(reader).getReader();
        const wait = isWaiting ? stream.read() : undefined;
        await turns();
        await stream.cancel("enough");
        assert.ok(reader.closed);
        assert.deepEqual(await wait, isWaiting ? { value: undefined, done: true } : undefined);
        assert.throws(() => write(writer, Uint8Array.of(1)), { code: "EPIPE" });
        writer.close();
      }
    }));

  test(`of ${kind} aborting closes the writer, even while it waits for room`, () =>
    withoutLeaks(async () => {
      for (const isWaiting of [false, true]) {
        const [reader, writer] = create();
        const stream = writableStream(writer).getWriter();
        const wait = isWaiting ? stream.write(new Uint8Array(1_000_000)) : undefined;
        const rejected = wait && assert.rejects(wait);
        stream.closed.catch(() => {});
        await turns();
        await stream.abort(new Error("enough"));
        await rejected;
        assert.ok(writer.closed);
        reader.close();
      }
    }));
}

test("nobody reads ahead: what was not asked for stays where it is", () =>
  withoutLeaks(async () => {
    const [reader, writer] = pipe();
    write(writer, Uint8Array.of(1, 2, 3));
    const stream = readableStream(reader);
    await turns();
    const into = new Uint8Array(8);
    assert.equal(read(reader, into), 3);
    await stream.cancel();
    writer.close();
  }));

test("a number stays open, at the end and after cancelling, closing and aborting", () =>
  withoutLeaks(async () => {
    const [reader, writer] = pipe();
    await writeAll(writableStream(writer.fd), [Uint8Array.of(1, 2)]);
    await writableStream(writer.fd).abort();
    const stream = readableStream(reader.fd).getReader();
    assert.deepEqual((await stream.read()).value, Uint8Array.of(1, 2));
    await stream.cancel();
    assert.equal(write(writer, Uint8Array.of(3)), 1);
    writer.close();
    assert.deepEqual([...await collect(readableStream(reader.fd))], [3]);
    assert.equal(read(reader, new Uint8Array(1)), 0);
    reader.close();
  }));

test("a stream of a number that is cancelled while it waits takes nothing from who reads next", () =>
  withoutLeaks(async () => {
    for (const create of Object.values(kinds)) {
      const [reader, writer] = create();
      const stream = readableStream(reader.fd).getReader();
      const wait = stream.read();
      await turns();
      await stream.cancel();
      assert.equal((await wait).done, true);
      write(writer, Uint8Array.of(7));
      await readable(reader);
      await turns();
      assert.equal(read(reader, new Uint8Array(8)), 1);
      reader.close();
      writer.close();
    }
  }));

test("a cancelled stream of a number keeps no program alive", async () => {
  const { status, stderr } = await runFresh(`
    import { eventfd } from "@posixly/fd";
    import { readableStream } from "@posixly/mux";
    const counter = eventfd();
    const stream = readableStream(counter.fd).getReader();
    stream.read();
    await stream.cancel();
  `);
  assert.equal(status, 0, stderr);
});

test("an error of the descriptor is that of the stream, and closes it", () =>
  withoutLeaks(async () => {
    const [reader, writer] = pipe();
    reader.close();
    const stream = writableStream(writer).getWriter();
    const closed = assert.rejects(stream.closed, { code: "EPIPE" });
    await assert.rejects(stream.write(Uint8Array.of(1)), { code: "EPIPE" });
    await closed;
    assert.ok(writer.closed);
    const folder = open("/", { directory: true });
    await assert.rejects(collect(readableStream(folder)), { code: "EISDIR" });
    assert.ok(folder.closed);
    const number = memfd().release();
    close(number);
    assert.throws(() => readableStream(number), { code: "EBADF" });
    assert.throws(() => writableStream(number), { code: "EBADF" });
  }));

test("closing the descriptor is an error to the streams that wait for it", () =>
  withoutLeaks(async () => {
    const [reader, other] = pipe();
    const reading = assert.rejects(readableStream(reader).getReader().read(), /was closed/);
    const [another, writer] = pipe();
    const stream = writableStream(writer).getWriter();
    stream.closed.catch(() => {});
    const writing = assert.rejects(stream.write(new Uint8Array(100_000)), /was closed/);
    await turns();
    for (const end of [reader, other, another, writer]) end.close();
    await Promise.all([reading, writing]);
  }));

test("what is no bytes is refused, of what blocks and what does not", async () => {
  for (const create of Object.values(kinds)) {
    for (const bad of ["text", 5, null, new ArrayBuffer(3), [1]]) {
      const [reader, writer] = create();
      const stream = writableStream(writer).getWriter();
      stream.closed.catch(() => {});
      await assert.rejects(stream.write(bad as never), TypeError);
      assert.equal(writer.closed, true);
      reader.close();
    }
  }
});

test("files stream, which are always ready", () =>
  withoutLeaks(async () => {
    const bytes = Uint8Array.from({ length: 200_000 }, (_, i) => i * 3);
    const file = memfd();
    await writeAll(writableStream(file.fd), [bytes]);
    seek(file, 0);
    assert.ok((await collect(readableStream(file))).equals(bytes));
    await writeAll(writableStream(open("/dev/null", { write: true })), [bytes]);
    assert.equal((await collect(readableStream(open("/dev/null")))).length, 0);
  }));

test("a stream of what always has something lets timers fire", async () => {
  for (const nonBlocking of [true, false]) {
    const stream = readableStream(open("/dev/zero", { nonBlocking })).getReader();
    let isOver = false;
    timerFires().then(() => isOver = true);
    while (!isOver) assert.equal((await stream.read()).done, false);
    await stream.cancel();
  }
});

test("what blocks never holds up the thread, even if others are quicker", () =>
  withoutLeaks(async () => {
    const [reader, writer] = blockingPipe();
    assert.equal(getFlags(reader).nonBlocking, false);
    const streams = [0, 1, 2].map(() => readableStream(reader.fd).getReader());
    const reads = streams.map((stream) => stream.read());
    let done = 0;
    for (const wait of reads) wait.then(() => done++);
    for (let times = 1; times <= 3; times++) {
      write(writer, Uint8Array.of(times));
      while (done < times) await turns(1);
      await turns();
      assert.equal(done, times);
    }
    for (const stream of streams) await stream.cancel();
    reader.close();
    writer.close();
  }));

test("standard input and output stream, whatever they are", async () => {
  const program = `
    import { readableStream, writableStream } from "@posixly/mux";
    await readableStream(0).pipeTo(writableStream(1));
  `;
  const input = "hello\n".repeat(20_000);
  const { status, stdout, stderr } = await runFresh(program, { stdin: input });
  assert.deepEqual([status, stdout.length, stderr], [0, input.length, ""]);
  assert.equal(stdout, input);
  assert.equal((await runFresh(program)).status, 0);
});

test("the streams of a child process that knows nothing of us", async () => {
  const [reader, writer] = pipe();
  const [childReader, childWriter] = blockingPipe();
  const child = spawn("cat", { stdio: [childReader.fd, writer.fd, "inherit"] });
  const ended = once(child, "close");
  writer.close();
  childReader.close();
  const bytes = Uint8Array.from({ length: 300_000 }, (_, i) => i * 5);
  const [back] = await Promise.all([
    collect(readableStream(reader)),
    writeAll(writableStream(childWriter), [bytes]),
  ]);
  await ended;
  assert.ok(back.equals(bytes));
});

test("a terminal that blocks streams line by line, until its end is typed", () =>
  withoutLeaks(async () => {
    using ends = pty();
    const type = (text: string) => write(ends.controller, new TextEncoder().encode(text));
    const stream = readableStream(ends.terminal).getReader();
    let isOver = false;
    const line = stream.read().then(({ value }) => {
      isOver = true;
      return Buffer.from(value!).toString();
    });
    type("helo");
    await turns();
    assert.equal(isOver, false);
    type("\x7flo\n");
    assert.equal(await line, "hello\n");
    type("\x04");
    assert.equal((await stream.read()).done, true);
    assert.ok(ends.terminal.closed);
  }));

test("an eventfd streams too: 8 bytes a count", async () => {
  const counter = eventfd(5);
  const stream = readableStream(counter).getReader();
  const { value } = await stream.read();
  assert.equal(new DataView(value!.buffer).getBigUint64(0, true), 5n);
  await stream.cancel();
});

test.run();
