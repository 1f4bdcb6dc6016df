import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import fc from "fast-check";
import { memfd, open, pread, pwrite, read, seek, stat, write } from "@posixly/fd";
import { run } from "@posixly/mux";
import { pipe } from "@posixly/pipe";
import { type Connection, connectionPair, connectTcp, listenTcp } from "@posixly/socket";
import { errno } from "@posixly/sys";
import { turns, withoutLeaks } from "@posixly/testing";
import { pump, type PumpOptions } from "@posixly/zerocopy";
import { test } from "uvu";
import { libc } from "./libc.ts";

const bytes = Uint8Array.from({ length: 3_000_000 }, (_, i) => (i * 7) % 251);

async function tcpPair(): Promise<[Connection, Connection]> {
  using listener = listenTcp("127.0.0.1:0");
  const client = await connectTcp(listener.localAddress);
  return [client, await listener.accept()];
}

/** Replaces splice(2) for as long as something runs. */
async function withSplice<T>(
  replacement: (call: typeof libc.splice) => typeof libc.splice,
  run: () => Promise<T>,
): Promise<T> {
  const { splice } = libc;
  libc.splice = replacement(splice);
  try {
    return await run();
  } finally {
    libc.splice = splice;
  }
}

/** What arrives at the other side of a pump of all bytes, in pieces of such sizes. */
async function pumped(options: PumpOptions, writeSize: number, readSize: number) {
  const [source, from] = await tcpPair();
  const [to, sink] = await tcpPair();
  const writing = (async () => {
    for (let at = 0; at < bytes.length; at += writeSize) {
      await source.write(bytes.subarray(at, at + writeSize));
    }
    await source.end();
  })();
  const pumping = pump(from, to, { end: true, ...options });
  const received = [];
  for await (const piece of sink.chunks({ size: readSize })) received.push(piece);
  await writing;
  const result = await pumping;
  for (const socket of [source, from, to, sink]) socket.close();
  assert.ok(Buffer.concat(received).equals(bytes));
  assert.equal(result.bytes, bytes.length);
  return result.path;
}

const size = fc.integer({ min: 5000, max: 300_000 });

test("all bytes arrive in order, either way, however they come and go", () =>
  withoutLeaks(() =>
    fc.assert(
      fc.asyncProperty(size, size, size, async (writeSize, readSize, size) => {
        assert.equal(await pumped({ via: "splice", size }, writeSize, readSize), "splice");
        assert.equal(await pumped({ via: "readwrite", size }, writeSize, readSize), "readwrite");
        await pumped({}, writeSize, readSize);
      }),
      { numRuns: 8 },
    )
  ));

test("small pieces are read and written, large ones spliced, unless told otherwise", () =>
  withoutLeaks(async () => {
    const step = async (options: PumpOptions, size: number) => {
      using source = pipe({ capacity: 2 ** 20 });
      using sink = pipe({ capacity: 2 ** 20 });
      const pumping = pump(source.reader, sink.writer, options);
      for (let i = 0; i < 5; i++) {
        await source.writer.write(bytes.subarray(0, size));
        for (let n = 0; n < size;) n += await sink.reader.read(new Uint8Array(size));
      }
      source.writer.close();
      return (await pumping).path;
    };
    assert.equal(await step({}, 1000), "readwrite");
    assert.equal(await step({}, 60_000), "both");
    assert.equal(await step({ via: "splice" }, 1000), "splice");
    assert.equal(await step({ via: "readwrite" }, 60_000), "readwrite");
  }));

test("faults of any kind do not lose or repeat a byte", () =>
  withoutLeaks(async () => {
    let calls = 0;
    const path = await withSplice(
      (call) => (from, fromAt, to, toAt, count, flags) => {
        calls++;
        if (calls % 3 === 0) return -errno.EINTR;
        if (calls % 7 === 0) return -errno.EAGAIN;
        return call(from, fromAt, to, toAt, Math.min(count, 100 * calls), flags);
      },
      () => pumped({ via: "splice" }, 100_000, 100_000),
    );
    assert.equal(path, "splice");
    assert.ok(calls > 30);
  }));

test("what cannot be spliced to gets what is in the pipe in between, and the rest", () =>
  withoutLeaks(async () => {
    using log = open("/tmp", { read: true, append: true, temporary: true });
    using source = pipe();
    const writing = source.writer.write(bytes).then(() => source.writer.close());
    const result = await pump(source.reader, log, { via: "splice" });
    await writing;
    assert.deepEqual(result, { bytes: bytes.length, path: "readwrite" });
    const copy = new Uint8Array(bytes.length);
    assert.equal(pread(log, copy, 0), bytes.length);
    assert.ok(Buffer.from(copy).equals(bytes));
  }));

test("what cannot be spliced from is read", async () => {
  await withoutLeaks(async () => {
    using sink = pipe();
    let calls = 0;
    await withSplice(() => () => (calls++, -errno.EINVAL), async () => {
      using source = pipe();
      write(source.writer, bytes.subarray(0, 1000));
      source.writer.close();
      const result = await pump(source.reader, sink.writer, { via: "splice" });
      assert.deepEqual(result, { bytes: 1000, path: "readwrite" });
    });
    assert.equal(calls, 1);
  });
});

test("files give and take where their position is", async () => {
  using from = memfd("from");
  using to = memfd("to");
  write(from, bytes);
  for (const via of ["splice", "readwrite"] as const) {
    seek(from, 1000);
    seek(to, 5);
    assert.equal((await pump(from, to, { via })).bytes, bytes.length - 1000);
    const copy = new Uint8Array(bytes.length - 1000);
    pread(to, copy, 5);
    assert.ok(Buffer.from(copy).equals(bytes.subarray(1000)));
  }
});

test("when the sink fails, progress tells what it got, and no later pump gets the rest", () =>
  withoutLeaks(async () => {
    for (const via of ["splice", "readwrite"] as const) {
      using pair = connectionPair();
      using source = pipe({ capacity: 2 ** 20 });
      write(source.writer, bytes.subarray(0, 900_000));
      let told = 0;
      const onProgress = (bytes: number) => told = bytes;
      const pumping = pump(source.reader, pair.first, { via, onProgress });
      await turns();
      const received = new Uint8Array(2 ** 20);
      const got = read(pair.second, received)!;
      await turns();
      assert.ok(told >= got && told < 900_000);
      pair.second.close();
      await assert.rejects(
        pumping,
        (error: { code: string }) => /EPIPE|ECONNRESET/.test(error.code),
      );
      assert.ok(Buffer.from(received.subarray(0, got)).equals(bytes.subarray(0, got)));

      using next = pipe();
      using sink = pipe();
      write(next.writer, new Uint8Array([1, 2, 3]));
      next.writer.close();
      await pump(next.reader, sink.writer, { via: "splice" });
      assert.equal(read(sink.reader, received), 3);
      assert.deepEqual([...received.subarray(0, 3)], [1, 2, 3]);
    }
  }));

test("an error half-way through the pipe is the caller's, and closes it", () =>
  withoutLeaks(async () => {
    using source = pipe();
    using sink = pipe();
    write(source.writer, bytes.subarray(0, 10_000));
    let calls = 0;
    await withSplice(
      (call) => (from, fromAt, to, toAt, count, flags) => {
        if (++calls === 3) return -errno.EIO;
        return call(from, fromAt, to, toAt, calls === 2 ? 4096 : count, flags);
      },
      async () => {
        let told = 0;
        const onProgress = (bytes: number) => told = bytes;
        await assert.rejects(pump(source.reader, sink.writer, { via: "splice", onProgress }), {
          code: "EIO",
        });
        assert.equal(told, 4096);
      },
    );
    const buffer = new Uint8Array(10_000);
    assert.equal(read(sink.reader, buffer), 4096);
  }));

test("who waits for a source or a sink can give up, and what was not taken stays there", () =>
  withoutLeaks(async () => {
    using source = pipe();
    using sink = pipe();
    const soon = { timeout: 5, via: "splice" } as const;
    await assert.rejects(pump(source.reader, sink.writer, soon), { name: "TimeoutError" });
    write(source.writer, new Uint8Array(10));
    await assert.rejects(pump(source.reader, sink.writer, soon), { name: "TimeoutError" });
    assert.equal(read(sink.reader, new Uint8Array(20)), 10);
    const signal = AbortSignal.abort(new Error("enough"));
    write(source.writer, new Uint8Array(10));
    await assert.rejects(pump(source.reader, sink.writer, { signal }), /enough/);
    assert.equal(read(source.reader, new Uint8Array(20)), 10);
  }));

test("who waits for a source holds neither pipe nor memory; a busy pump lets others have turns", () =>
  withoutLeaks(async () => {
    const sources = Array.from({ length: 50 }, () => pipe());
    using sink = pipe();
    let opened = 0;
    await withSplice((call) => (...args) => {
      opened = Math.max(opened, args[2]);
      return call(...args);
    }, async () => {
      const pumping = sources.map(({ reader }) => pump(reader, sink.writer, { via: "splice" }));
      await turns();
      assert.ok(opened <= Math.max(sink.writer.fd, ...sources.map(({ writer }) => writer.fd)) + 20);
      for (const { writer } of sources) writer.close();
      await Promise.all(pumping);
    });
    for (const source of sources) source[Symbol.dispose]();

    using zeros = open("/dev/zero", { nonBlocking: true });
    using nowhere = open("/dev/null", { write: true, nonBlocking: true });
    const enough = new AbortController();
    const endless = pump(zeros, nowhere, { signal: enough.signal, via: "readwrite" });
    await turns();
    enough.abort();
    await assert.rejects(endless, { name: "AbortError" });
  }));

test("who gives up when told of progress is told no more", () =>
  withoutLeaks(async () => {
    using zeros = open("/dev/zero", { nonBlocking: true });
    using nowhere = open("/dev/null", { write: true, nonBlocking: true });
    for (const via of ["splice", "readwrite"] as const) {
      const enough = new AbortController();
      let told = 0;
      const onProgress = () => {
        told++;
        enough.abort();
      };
      const pumping = pump(zeros, nowhere, { signal: enough.signal, via, size: 1000, onProgress });
      await assert.rejects(pumping, { name: "AbortError" });
      assert.equal(told, 1);
    }
  }));

test("closing one of both ends it at once, whichever of them it waits for", () =>
  withoutLeaks(async () => {
    const full = new Uint8Array(65_536);
    for (const which of ["source", "sink"] as const) {
      for (const waitsForRoom of [false, true]) {
        for (const via of ["splice", "readwrite"] as const) {
          using source = pipe();
          using sink = pipe();
          if (waitsForRoom) {
            write(sink.writer, full);
            write(source.writer, new Uint8Array(9));
          }
          const pumping = pump(source.reader, sink.writer, { via, timeout: 1000 });
          await turns();
          (which === "source" ? source.reader : sink.writer).close();
          await assert.rejects(
            pumping,
            /^Error: Cannot pump any longer: the descriptor was closed/,
          );
        }
      }
    }
    using source = pipe();
    const file = memfd("sink");
    const pumping = pump(source.reader, file, { timeout: 1000 });
    await turns();
    file.close();
    await assert.rejects(pumping, /was closed/);
  }));

test("whoever is told of progress may close one of both", () =>
  withoutLeaks(async () => {
    for (const which of ["source", "sink"] as const) {
      for (const via of ["splice", "readwrite"] as const) {
        using source = pipe();
        using sink = pipe();
        write(source.writer, new Uint8Array(65_536));
        const onProgress = () => (which === "source" ? source.reader : sink.writer).close();
        await assert.rejects(
          pump(source.reader, sink.writer, { via, size: 1000, onProgress, timeout: 1000 }),
          /was closed/,
        );
        assert.equal(read(sink.reader, new Uint8Array(2000)), 1000);
      }
    }
  }));

test("bytes go on within run, where promises stand still", () =>
  withoutLeaks(async () => {
    for (const via of ["splice", "readwrite"] as const) {
      using source = pipe();
      using sink = pipe();
      const onProgress = (bytes: number) => {
        if (bytes === 3000) source.writer.close();
        else write(source.writer, new Uint8Array(1000));
      };
      const pumping = pump(source.reader, sink.writer, { via, onProgress });
      write(source.writer, new Uint8Array(1000));
      run(); // until nobody waits any more
      assert.equal(read(sink.reader, new Uint8Array(4000)), 3000);
      assert.equal((await pumping).bytes, 3000);
    }
  }));

test("end ends a socket; there is no such thing for a pipe", async () => {
  using pair = connectionPair();
  using source = pipe();
  source.writer.close();
  assert.deepEqual(await pump(source.reader, pair.first, { end: true }), {
    bytes: 0,
    path: "readwrite",
  });
  assert.equal(await pair.second.read(new Uint8Array(1)), 0);
  using sink = pipe();
  await assert.rejects(pump(source.reader, sink.writer, { end: true }), { code: "ENOTSOCK" });
});

test("a file is not pumped into itself, which would never end", async () => {
  using file = memfd("file");
  pwrite(file, new Uint8Array(10), 0);
  using end = open(`/proc/self/fd/${file.fd}`, { append: true });
  await assert.rejects(pump(file, end), /^TypeError: from and to must not be the same file/);
  assert.equal(stat(file).size, 10);
});

test("arguments are checked", async () => {
  using source = pipe();
  using sink = pipe();
  const wrong = (options: unknown) => pump(source.reader, sink.writer, options as never);
  await assert.rejects(wrong({ size: 0 }), RangeError);
  await assert.rejects(wrong({ via: "sendfile" }), /via must be splice or readwrite/);
  await assert.rejects(wrong({ end: 1 }), TypeError);
  await assert.rejects(wrong({ onProgress: 1 }), TypeError);
  await assert.rejects(wrong({ signal: 1 }), TypeError);
  await assert.rejects(wrong({ chunk: 1 }), /no option chunk/);
  using blocking = pipe({ nonBlocking: false });
  await assert.rejects(pump(blocking.reader, sink.writer), /from must not block/);
  await assert.rejects(pump(source.reader, blocking.writer), /to must not block/);
});

test.run();
