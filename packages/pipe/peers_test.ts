import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { test } from "uvu";
import { testNeeding, withoutLeaks } from "@posixly/testing";
import { makeFifo, openFifoReader, openFifoWriter, pipe, PIPE_BUF, spawn } from "@posixly/pipe";

const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const folder = mkdtempSync("/tmp/posixly-peers-");
test.after(() => rmSync(folder, { recursive: true }));

await spawn("true").exited; // the first wait of a thread opens what it watches through

testNeeding("python3", "writes of PIPE_BUF bytes from several processes never mix", async () => {
  using ends = pipe({ capacity: 16_384 });
  const script = `
import os, sys
for _ in range(300):
    assert os.write(1, sys.argv[1].encode() * ${PIPE_BUF}) == ${PIPE_BUF}
`;
  const children = [..."abcd"].map((letter) =>
    spawn("python3", ["-c", script, letter], { stdout: ends.writer })
  );
  ends.writer.close();
  const all = await ends.reader.readAll();
  assert.equal(all.length, 4 * 300 * PIPE_BUF);
  const written = { a: 0, b: 0, c: 0, d: 0 };
  for (let at = 0; at < all.length; at += PIPE_BUF) {
    const block = decode(all.subarray(at, at + PIPE_BUF));
    assert.equal(block, block[0].repeat(PIPE_BUF));
    written[block[0] as "a"]++;
  }
  assert.deepEqual(written, { a: 300, b: 300, c: 300, d: 300 });
  for (const { exited } of children) assert.equal((await exited).code, 0);
});

test("a pipeline of programs ends from the back, by SIGPIPE", () =>
  withoutLeaks(async () => {
    using middle = pipe();
    const yes = spawn("yes", [], { stdout: middle.writer });
    const head = spawn("head", ["-n", "3"], { stdin: middle.reader, stdout: "pipe" });
    middle[Symbol.dispose]();
    const { stdout } = await head.communicate();
    assert.equal(decode(stdout), "y\ny\ny\n");
    assert.equal((await yes.exited).signal, "SIGPIPE");
  }));

test("a shell reads the script that is fed to it", async () => {
  const child = spawn("sh", ["-s", "argument"], { stdin: "pipe", stdout: "pipe" });
  const { stdout, status } = await child.communicate({ input: "echo $1; exit 9" });
  assert.deepEqual([decode(stdout), status.code], ["argument\n", 9]);
});

testNeeding("socat", "socat between a FIFO and a pipe, both ways", () =>
  withoutLeaks(async () => {
    const path = `${folder}/fifo`;
    makeFifo(path);
    const reading = spawn("socat", ["-u", `PIPE:${path},rdonly`, "STDOUT"], { stdout: "pipe" });
    const writer = await openFifoWriter(path);
    await writer.write(new TextEncoder().encode("to socat"));
    writer.close();
    const { stdout } = await reading.communicate();
    assert.equal(decode(stdout), "to socat");

    using reader = openFifoReader(path);
    const writing = spawn("socat", ["-u", "STDIN", `OPEN:${path},wronly`], { stdin: "pipe" });
    const [text] = await Promise.all([
      reader.readAll(),
      writing.communicate({ input: "from socat" }),
    ]);
    assert.equal(decode(text), "from socat");
  }));

testNeeding("python3", "a child that measures how full its input is", async () => {
  const script = `
import fcntl, struct, sys, termios
print(struct.unpack("i", fcntl.ioctl(0, termios.FIONREAD, b"0000"))[0], fcntl.fcntl(0, 1032))
`;
  using ends = pipe({ capacity: 131_072 });
  await ends.writer.write(new Uint8Array(100_000));
  const child = spawn("python3", ["-c", script], { stdin: ends.reader, stdout: "pipe" });
  assert.equal(decode((await child.communicate()).stdout), "100000 131072\n");
});

test.run();
