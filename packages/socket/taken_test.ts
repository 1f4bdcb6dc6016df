import assert from "node:assert/strict";
import { withoutLeaks } from "@posixly/testing";
import fc from "fast-check";
import { test } from "uvu";
import {
  connectTcp,
  listenTcp,
  send,
  shutdown,
  socket,
  socketPair,
  takenToSend,
} from "@posixly/socket";

/** A connection, and its other end. */
async function pair() {
  using listener = listenTcp("127.0.0.1:0");
  const client = await connectTcp(listener.localAddress);
  return { client, server: await listener.accept() };
}

test("takenToSend() counts what each call has taken, and nothing else", () =>
  withoutLeaks(async () => {
    const calls = fc.array(fc.integer({ min: 0, max: 200_000 }), { maxLength: 20 });
    await fc.assert(
      fc.asyncProperty(calls, async (lengths) => {
        const { client, server } = await pair();
        using _client = client;
        using _server = server;
        let taken = 0;
        assert.equal(takenToSend(client), taken);
        for (const length of lengths) {
          taken += send(client, new Uint8Array(length)) ?? 0; // a full one takes a part, or none
          assert.equal(takenToSend(client), taken);
        }
      }),
      { numRuns: 30 },
    );
  }));

test("takenToSend() still knows when the connection is broken, with most of it on this side", () =>
  withoutLeaks(async () => {
    const { client, server } = await pair();
    using _client = client;
    let taken = 0;
    const piece = new Uint8Array(100_000);
    for (let n; (n = send(client, piece)) !== null;) taken += n;
    server.reset();
    await assert.rejects(client.read(new Uint8Array(1)), { code: "ECONNRESET" });
    assert.equal(takenToSend(client), taken);
    assert.throws(() => send(client, piece), { code: "EPIPE" });
    assert.equal(takenToSend(client), taken);
  }));

test("takenToSend() counts neither what came in nor the end", () =>
  withoutLeaks(async () => {
    const { client, server } = await pair();
    using _client = client;
    using _server = server;
    await server.write(new Uint8Array(1000));
    await client.read(new Uint8Array(1000));
    shutdown(client, "write");
    assert.equal(await server.read(new Uint8Array(1)), 0);
    assert.equal(takenToSend(client), 0);
  }));

test("takenToSend() is of TCP alone", () => {
  using unix = socketPair();
  assert.throws(() => takenToSend(unix.first), { syscall: "getsockopt" });
  using udp = socket("ipv4", "datagram");
  assert.throws(() => takenToSend(udp), { syscall: "getsockopt" });
  assert.throws(() => takenToSend(-1), RangeError);
  const closed = socket("ipv4", "stream");
  closed.close();
  assert.throws(() => takenToSend(closed), { message: /was closed/ });
});

test.run();
