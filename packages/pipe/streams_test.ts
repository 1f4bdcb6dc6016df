import assert from "node:assert/strict";
import { test } from "uvu";
import { read, write } from "@posixly/fd";
import { turns, withoutLeaks } from "@posixly/testing";
import { capacity, pipe, queued } from "@posixly/pipe";

test("a stream of one end into a stream of another moves everything and closes all", () =>
  withoutLeaks(async () => {
    const [first, second] = [pipe(), pipe()];
    const moving = first.reader.readable().pipeTo(second.writer.writable());
    const bytes = Uint8Array.from({ length: 500_000 }, (_, i) => i % 253);
    first.writer.write(bytes).then(() => first.writer.close());
    assert.deepEqual(await second.reader.readAll(), bytes);
    await moving;
    assert.ok(first.reader.closed && second.writer.closed);
    second.reader.close();
  }));

test("a stream that nobody reads does not read ahead", async () => {
  using ends = pipe();
  write(ends.writer, new Uint8Array(100));
  const stream = ends.reader.readable();
  await turns();
  assert.equal(queued(ends.reader), 100);
  await stream.cancel();
});

test("a byte stream fills buffers that are brought along", async () => {
  using ends = pipe();
  write(ends.writer, new Uint8Array([1, 2, 3, 4, 5]));
  ends.writer.close();
  const reader = ends.reader.readable().getReader({ mode: "byob" });
  assert.deepEqual((await reader.read(new Uint8Array(3))).value, new Uint8Array([1, 2, 3]));
  assert.deepEqual((await reader.read(new Uint8Array(3))).value, new Uint8Array([4, 5]));
  const last = await reader.read(new Uint8Array(3));
  assert.equal(last.done, true);
  assert.ok(ends.reader.closed);
});

test("cancelling ends a pending read and closes the end", () =>
  withoutLeaks(async () => {
    using ends = pipe();
    const reader = ends.reader.readable().getReader();
    const reading = reader.read();
    await turns();
    await reader.cancel();
    assert.equal((await reading).done, true);
    assert.ok(ends.reader.closed);
    assert.throws(() => write(ends.writer, new Uint8Array(1)), { code: "EPIPE" });
  }));

test("a stream of a closed end errors", async () => {
  const ends = pipe();
  const [stream, sink] = [ends.reader.readable(), ends.writer.writable()];
  ends[Symbol.dispose]();
  await assert.rejects(stream.getReader().read(), /was closed/);
  await assert.rejects(sink.getWriter().write(new Uint8Array(1)), /was closed/);
});

test("a full pipe holds the stream up", async () => {
  using ends = pipe();
  const writer = ends.writer.writable().getWriter();
  await writer.write(new Uint8Array(capacity(ends.writer)));
  let written = false;
  const writing = writer.write(new Uint8Array([1])).then(() => written = true);
  await turns();
  assert.equal(written, false);
  assert.equal(writer.desiredSize, 0);
  read(ends.reader, new Uint8Array(65_536));
  await writing;
  await writer.close();
  assert.ok(ends.writer.closed);
});

test("aborting ends a pending write and closes the end", () =>
  withoutLeaks(async () => {
    using ends = pipe();
    const writer = ends.writer.writable().getWriter();
    const writing = writer.write(new Uint8Array(100_000));
    await turns();
    const reason = new Error("enough");
    await Promise.all([
      assert.rejects(writing, reason),
      assert.rejects(writer.closed, reason),
      writer.abort(reason),
    ]);
    assert.ok(ends.writer.closed);
  }));

test("a reader that leaves errors the stream with EPIPE and closes the end", async () => {
  using ends = pipe();
  ends.reader.close();
  const writer = ends.writer.writable().getWriter();
  await Promise.all([
    assert.rejects(writer.write(new Uint8Array(1)), { code: "EPIPE" }),
    assert.rejects(writer.closed, { code: "EPIPE" }),
  ]);
  assert.ok(ends.writer.closed);
});

test("text through the streams of the web", async () => {
  const ends = pipe();
  const text = "ein Käse, ein Brot 🧀";
  const sending = new Blob([text]).stream().pipeTo(ends.writer.writable());
  assert.equal(await new Response(ends.reader.readable()).text(), text);
  await sending;
});

test.run();
