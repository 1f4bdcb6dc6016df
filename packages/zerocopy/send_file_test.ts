import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import fc from "fast-check";
import {
  advise,
  fsync,
  memfd,
  open,
  pread,
  preadv,
  pwrite,
  read,
  truncate,
  write,
} from "@posixly/fd";
import { readable } from "@posixly/mux";
import { pipe, spawn } from "@posixly/pipe";
import { connectTcp, listenTcp, socketPair } from "@posixly/socket";
import { errno } from "@posixly/sys";
import { testNeeding, timerFires, turns, withoutLeaks } from "@posixly/testing";
import { type FileTruncatedError, sendFile } from "@posixly/zerocopy";
import { test } from "uvu";
import { onDisk, testOnDisk } from "./disk_fixture.ts";
import { libc } from "./libc.ts";

const bytes = Uint8Array.from({ length: 3_000_000 }, (_, i) => (i * 7) % 251);

function fileOf(content: Uint8Array) {
  const file = memfd("test");
  pwrite(file, content, 0);
  return file;
}

/** Replaces sendfile(2) for as long as something runs. */
async function withSendfile<T>(
  replacement: (call: typeof libc.sendfile) => typeof libc.sendfile,
  run: () => Promise<T>,
): Promise<T> {
  const { sendfile } = libc;
  libc.sendfile = replacement(sendfile);
  try {
    return await run();
  } finally {
    libc.sendfile = sendfile;
  }
}

/** A temporary file on a disk, which a memfd is not. */
async function tcpPair() {
  using listener = listenTcp("127.0.0.1:0");
  const client = await connectTcp(listener.localAddress);
  return { client, server: await listener.accept() };
}

test("any part of a file arrives, whatever the chunks and however slowly it is read", () =>
  withoutLeaks(async () => {
    using file = fileOf(bytes);
    const part = fc.record({
      offset: fc.nat(bytes.length),
      length: fc.nat(bytes.length),
      chunk: fc.integer({ min: 1000, max: 2 ** 20 }),
      size: fc.integer({ min: 1000, max: 200_000 }),
    });
    await fc.assert(
      fc.asyncProperty(part, async ({ offset, length, chunk, size }) => {
        using ends = pipe();
        const expected = bytes.subarray(offset, offset + length);
        const sending = sendFile(ends.writer, file, { offset, length: expected.length, chunk })
          .finally(() => ends.writer.close());
        const received = [];
        for await (const piece of ends.reader.chunks({ size })) received.push(piece);
        assert.deepEqual(await sending, { bytes: expected.length, path: "sendfile" });
        assert.ok(Buffer.concat(received).equals(expected));
      }),
      { numRuns: 30 },
    );
  }));

test("without a length it goes to the end, and progress is told up to there", () =>
  withoutLeaks(async () => {
    using file = fileOf(bytes);
    const { client, server } = await tcpPair();
    const told: number[] = [];
    const receiving = client.readAll();
    const { bytes: sent } = await sendFile(server, file, {
      offset: 1_000_000n,
      onProgress: (bytes) => told.push(bytes),
    });
    server.close();
    assert.equal(sent, 2_000_000);
    assert.equal(told.at(-1), 2_000_000);
    assert.deepEqual(told, [...new Set(told)].sort((a, b) => a - b)); // it grows
    assert.ok(Buffer.from(await receiving).equals(bytes.subarray(1_000_000)));
    client.close();
  }));

test("a part beyond 2 ** 32 of a file of 5 GiB arrives", async () => {
  using file = onDisk();
  truncate(file, 5 * 2 ** 30);
  const offset = 2 ** 32 + 12_345;
  pwrite(file, bytes.subarray(0, 200_000), offset);
  using ends = pipe();
  const receiving = ends.reader.readAll();
  await sendFile(ends.writer, file, { offset, length: 200_000 });
  ends.writer.close();
  assert.ok(Buffer.from(await receiving).equals(bytes.subarray(0, 200_000)));
});

test("nothing is sent of an empty file, of 0 bytes and beyond the end", async () => {
  using ends = pipe();
  using empty = memfd("empty");
  using file = fileOf(bytes);
  const nothing = { bytes: 0, path: "sendfile" };
  assert.deepEqual(await sendFile(ends.writer, empty), nothing);
  assert.deepEqual(await sendFile(ends.writer, file, { length: 0 }), nothing);
  assert.deepEqual(await sendFile(ends.writer, file, { offset: bytes.length }), nothing);
  assert.deepEqual(await sendFile(ends.writer, file, { offset: 2n ** 62n }), nothing);
});

test("a file that shrinks meanwhile is an error that says how far it came", async () => {
  for (const left of [0, 100_000]) {
    using file = fileOf(bytes);
    using ends = pipe();
    const sending = sendFile(ends.writer, file, { length: bytes.length });
    await turns();
    truncate(file, left); // the pipe is full with the first 64 KiB
    const receiving = ends.reader.readAll();
    await assert.rejects(sending, (error: FileTruncatedError) => {
      assert.equal(error.name, "FileTruncatedError");
      assert.equal(error.expected, bytes.length);
      assert.equal(error.sent, Math.max(left, 65_536));
      return true;
    });
    ends.writer.close();
    assert.equal((await receiving).length, Math.max(left, 65_536)); // nothing was made up
  }
});

test("so it is where the length was that of the file", async () => {
  for (const left of [0, 100_000]) {
    using file = fileOf(bytes);
    using ends = pipe();
    const sending = sendFile(ends.writer, file);
    await turns();
    truncate(file, left);
    const receiving = ends.reader.readAll();
    await assert.rejects(sending, { name: "FileTruncatedError", expected: bytes.length });
    ends.writer.close();
    await receiving;
  }
});

test("a file that grows meanwhile is sent as long as it was", async () => {
  using file = fileOf(bytes);
  using ends = pipe();
  const sending = sendFile(ends.writer, file);
  pwrite(file, new Uint8Array(1000), bytes.length);
  const receiving = ends.reader.readAll();
  assert.equal((await sending).bytes, bytes.length);
  ends.writer.close();
  assert.equal((await receiving).length, bytes.length);
});

test("what says that it is of 0 bytes, or of more than it has, is sent to its end", async () => {
  for (
    const path of [
      "/proc/self/status",
      "/proc/version",
      "/sys/kernel/mm/transparent_hugepage/enabled",
    ]
  ) {
    using file = open(path);
    using ends = pipe();
    const receiving = ends.reader.readAll();
    const { bytes } = await sendFile(ends.writer, file);
    ends.writer.close();
    const received = await receiving;
    assert.equal(bytes, received.length, path);
    assert.ok(bytes > 10 && bytes < 4096, path);
  }
});

test("what sendfile refuses is read and written, from the same place", () =>
  withoutLeaks(async () => {
    using log = open("/tmp", { read: true, append: true, temporary: true });
    using file = fileOf(bytes);
    const options = { offset: 1000, length: 200_000 };
    assert.deepEqual(await sendFile(log, file, options), { bytes: 200_000, path: "readwrite" });
    const copied = new Uint8Array(200_000);
    assert.equal(pread(log, copied, 0), 200_000);
    assert.ok(Buffer.from(copied).equals(bytes.subarray(1000, 201_000)));

    using source = pipe();
    using pair = socketPair();
    const writing = source.writer.write(bytes).then(() => source.writer.close());
    const sending = sendFile(pair.first, source.reader).finally(() => pair.first.close());
    const received: Uint8Array[] = [];
    const buffer = new Uint8Array(100_000);
    for (let n; (n = read(pair.second, buffer)) !== 0;) {
      if (n === null) await readable(pair.second);
      else received.push(buffer.slice(0, n));
    }
    await writing;
    assert.deepEqual(await sending, { bytes: bytes.length, path: "readwrite" });
    assert.ok(Buffer.concat(received).equals(bytes));
  }));

test("a pipe that ends before the length that was asked for is an error, too", async () => {
  using source = pipe();
  using sink = pipe();
  write(source.writer, new Uint8Array(10));
  source.writer.close();
  await assert.rejects(sendFile(sink.writer, source.reader, { length: 11 }), {
    name: "FileTruncatedError",
    sent: 10,
  });
});

test("only sendfile's refusal of the first call leads there; a failing disk does not", async () => {
  using file = fileOf(bytes);
  for (const code of ["EIO", "EINVAL"] as const) {
    using ends = pipe({ capacity: 2 ** 20 });
    let calls = 0;
    await withSendfile(
      (call) => (...args) => calls++ === 0 ? call(...args) : -errno[code],
      () => assert.rejects(sendFile(ends.writer, file, { chunk: 1000 }), { code }),
    );
    assert.equal(calls, 2);
  }
});

test("interruptions, no room and few bytes at a time do not lose a byte", () =>
  withoutLeaks(async () => {
    using file = fileOf(bytes);
    using ends = pipe();
    const receiving = ends.reader.readAll();
    let calls = 0;
    await withSendfile(
      (call) => (to, from, offset, count) => {
        calls++;
        if (calls % 3 === 0) return -errno.EINTR;
        if (calls % 5 === 0) return -errno.EAGAIN;
        return call(to, from, offset, Math.min(count, 777 * calls));
      },
      () => sendFile(ends.writer, file),
    );
    ends.writer.close();
    assert.ok(Buffer.from(await receiving).equals(bytes));
  }));

test("who gives up is told so, at once, and progress tells how far it came", () =>
  withoutLeaks(async () => {
    using file = fileOf(bytes);
    using ends = pipe();
    let sent = 0;
    const onProgress = (bytes: number) => sent = bytes;
    const giveUp = new AbortController();
    const sending = sendFile(ends.writer, file, { signal: giveUp.signal, onProgress });
    await turns();
    giveUp.abort(new Error("enough"));
    await assert.rejects(sending, /enough/);
    assert.equal(sent, 65_536);
    await assert.rejects(sendFile(ends.writer, file, { timeout: 5 }), { name: "TimeoutError" });
    await assert.rejects(sendFile(ends.writer, file, { signal: AbortSignal.abort() }), {
      name: "AbortError",
    });
  }));

test("a peer that leaves, and a sink that is closed, end it", async () => {
  using file = fileOf(bytes);
  const ends = pipe();
  const sending = sendFile(ends.writer, file);
  await turns();
  ends.reader.close();
  await assert.rejects(sending, { code: "EPIPE" });
  ends.writer.close();

  using others = pipe();
  const second = sendFile(others.writer, file);
  await turns();
  others.writer.close();
  await assert.rejects(second, /was closed/);
});

test("a large file leaves turns to others, even where there is always room", async () => {
  using file = memfd("large");
  truncate(file, 64 * 2 ** 20);
  using sink = open("/dev/null", { write: true, nonBlocking: true });
  let around = 0;
  let isOver = false;
  (async () => {
    for (; !isOver; around++) await turns(1);
  })();
  await sendFile(sink, file);
  isOver = true;
  assert.ok(around >= 30, `${around} times`);
});

testOnDisk(
  "only what is in memory is asked for: a disk never stops the thread",
  () =>
    withoutLeaks(async () => {
      using file = onDisk();
      pwrite(file, bytes, 0);
      fsync(file);
      advise(file, "dontNeed");
      const sample = [new Uint8Array(1)];
      const isThere = (at: number) => preadv(file, sample, at, { nonBlocking: true }) !== null;
      assert.ok(!isThere(0) && !isThere(2_000_000), "the file is not in memory");

      using ends = pipe();
      const receiving = ends.reader.readAll();
      let calls = 0;
      let hadTurns = false;
      timerFires().then(() => hadTurns = true); // it is due before any look again
      await withSendfile(
        (call) => (to, from, offset, count) => {
          if (calls++ === 0) assert.ok(hadTurns, "others had turns while the disk was waited for");
          const at = Number(new BigInt64Array(offset!.buffer as ArrayBuffer)[0]);
          for (let i = at; i < Math.min(at + count, bytes.length); i += 65_536) {
            assert.ok(isThere(i), `page at ${i}`);
          }
          return call(to, from, offset, count);
        },
        () => sendFile(ends.writer, file),
      );
      ends.writer.close();
      assert.ok(calls > 3);
      assert.ok(Buffer.from(await receiving).equals(bytes));
    }),
);

test("a file that is closed while there is no room ends it when there is some", async () => {
  const file = fileOf(bytes);
  using ends = pipe();
  const sending = sendFile(ends.writer, file);
  await turns();
  file.close();
  const received = new Uint8Array(100_000);
  assert.equal(read(ends.reader, received), 65_536);
  await assert.rejects(sending, /was closed/);
  assert.equal(read(ends.reader, received), null); // nothing went after it
});

test("arguments are checked", async () => {
  using file = fileOf(bytes);
  using ends = pipe();
  const wrong = (options: unknown) => sendFile(ends.writer, file, options as never);
  await assert.rejects(wrong({ offset: -1 }), RangeError);
  await assert.rejects(wrong({ length: 1.5 }), TypeError);
  await assert.rejects(wrong({ chunk: 0 }), RangeError);
  await assert.rejects(wrong({ onProgress: 1 }), TypeError);
  await assert.rejects(wrong({ timeout: "1" }), TypeError);
  await assert.rejects(wrong({ size: 1 }), /no option size/);
  using blocking = pipe({ nonBlocking: false });
  await assert.rejects(sendFile(blocking.writer, file), /to must not block/);
  await assert.rejects(sendFile(ends.writer, blocking.reader), /file must not block/);
  using source = pipe();
  await assert.rejects(sendFile(ends.writer, source.reader, { offset: 1 }), /no positions/);
});

testNeeding("curl", "curl gets a file at its own pace, whole", () =>
  withoutLeaks(async () => {
    const folder = mkdtempSync("/tmp/posixly-");
    const path = `${folder}/page`;
    writeFileSync(path, bytes);
    using listener = listenTcp("127.0.0.1:0");
    const { port } = listener.localAddress as { port: number };
    const curl = spawn(
      "curl",
      ["--silent", "--limit-rate", "3M", "--output", "-", `http://127.0.0.1:${port}/`],
      { stdout: "pipe" },
    );
    const output = curl.communicate();
    using connection = await listener.accept();
    await connection.read(new Uint8Array(4096));
    const head = `HTTP/1.1 200 OK\r\nContent-Length: ${bytes.length}\r\nConnection: close\r\n\r\n`;
    await connection.write(new TextEncoder().encode(head));
    using file = open(path);
    const { path: way } = await sendFile(connection, file);
    await connection.end();
    const { stdout, status } = await output;
    assert.equal(way, "sendfile");
    assert.equal(status.code, 0);
    assert.ok(Buffer.from(stdout!).equals(bytes));
    rmSync(folder, { recursive: true });
  }));

test.run();
