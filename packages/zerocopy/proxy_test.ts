import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { connectionPair, connectTcp, listenTcp, send } from "@posixly/socket";
import { run } from "@posixly/mux";
import { spawn } from "@posixly/pipe";
import { testNeeding, turns, withoutLeaks } from "@posixly/testing";
import { proxy } from "@posixly/zerocopy";
import { test } from "uvu";

const bytes = Uint8Array.from({ length: 2_000_000 }, (_, i) => (i * 7) % 251);

test("both sides talk at once, and each end is told on", () =>
  withoutLeaks(async () => {
    for (const via of ["splice", "readwrite", undefined] as const) {
      using left = connectionPair();
      using right = connectionPair();
      const joined = proxy(left.second, right.first, { via });
      const talk = async (side: typeof left.first) => {
        const reading = side.readAll();
        await side.write(bytes);
        await side.end();
        assert.ok(Buffer.from(await reading).equals(bytes));
      };
      await Promise.all([talk(left.first), talk(right.second)]);
      const { forth, back } = await joined;
      assert.deepEqual([forth.bytes, back.bytes], [bytes.length, bytes.length]);
    }
  }));

test("one side may end long before the other answers", async () => {
  using left = connectionPair();
  using right = connectionPair();
  const joined = proxy(left.second, right.first);
  await left.first.end();
  assert.equal(await right.second.read(new Uint8Array(1)), 0);
  await right.second.write(new Uint8Array([1, 2, 3]));
  await right.second.end();
  assert.equal((await left.first.readAll()).length, 3);
  assert.equal((await joined).back.bytes, 3);
});

test("if one way fails the other is given up, with the error of the first", () =>
  withoutLeaks(async () => {
    using left = connectionPair();
    using right = connectionPair();
    const joined = proxy(left.second, right.first);
    await turns();
    right.second.close();
    left.first.write(new Uint8Array(100)).catch(() => {});
    await assert.rejects(joined, (error: { code: string }) => /EPIPE|ECONNRESET/.test(error.code));
  }));

test("so it is within run", () =>
  withoutLeaks(async () => {
    using left = connectionPair();
    using right = connectionPair();
    const joined = proxy(left.second, right.first);
    right.second.close();
    send(left.first, new Uint8Array(100)); // one that is awaited may begin only after `run`
    run(); // returns, since nobody waits any more
    await assert.rejects(joined, (error: { code: string }) => /EPIPE|ECONNRESET/.test(error.code));
  }));

test("a socket is not joined with itself", () =>
  withoutLeaks(async () => {
    using pair = connectionPair();
    await assert.rejects(proxy(pair.first, pair.first), /^TypeError: first and second must not/);
    await assert.rejects(proxy(pair.first, null as never), TypeError);
  }));

test("it can be given up", () =>
  withoutLeaks(async () => {
    using left = connectionPair();
    using right = connectionPair();
    await assert.rejects(proxy(left.second, right.first, { timeout: 5 }), { name: "TimeoutError" });
    const giveUp = new AbortController();
    const joined = proxy(left.second, right.first, { signal: giveUp.signal });
    await turns();
    giveUp.abort(new Error("enough"));
    await assert.rejects(joined, /enough/);
    await assert.rejects(proxy(left.second, right.first, { signal: giveUp.signal }), /enough/);
    await assert.rejects(proxy(left.second, right.first, { end: true } as never), /no option/);
  }));

testNeeding(
  ["curl", "python3"],
  "curl fetches from python through it",
  () =>
    withoutLeaks(async () => {
      const server = spawn("python3", [
        "-c",
        `
import http.server, sys
class Answer(http.server.BaseHTTPRequestHandler):
  def do_POST(self):
    body = self.rfile.read(int(self.headers["Content-Length"]))
    self.send_response(200)
    self.send_header("Content-Length", str(len(body)))
    self.end_headers()
    self.wfile.write(body)
  def log_message(self, *_): pass
server = http.server.HTTPServer(("127.0.0.1", 0), Answer)
print(server.server_port, flush=True)
server.handle_request()
`,
      ], { stdout: "pipe" });
      const line = new Uint8Array(16);
      const length = await server.stdout!.read(line);
      const port = Number(new TextDecoder().decode(line.subarray(0, length)));

      using front = listenTcp("127.0.0.1:0");
      const { port: ours } = front.localAddress as { port: number };
      const curl = spawn(
        "curl",
        [
          "--silent",
          "--http1.1",
          "--header",
          "Expect:",
          "--data-binary",
          "@-",
          `http://127.0.0.1:${ours}/`,
        ],
        { stdin: "pipe", stdout: "pipe" },
      );
      const output = curl.communicate({ input: bytes });
      using outside = await front.accept();
      using inside = await connectTcp(`127.0.0.1:${port}`);
      const { forth, back } = await proxy(outside, inside);
      const { stdout, status } = await output;
      const hash = (of: Uint8Array) => createHash("sha256").update(of).digest("hex");
      assert.equal(status.code, 0);
      assert.equal(hash(stdout!), hash(bytes));
      assert.ok(forth.bytes > bytes.length && back.bytes > bytes.length);
      await server.exited;
      server.stdout!.close();
    }),
);

test.run();
