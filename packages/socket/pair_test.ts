import assert from "node:assert/strict";
import fc from "fast-check";
import { getFlags } from "@posixly/fd";
import { runFresh, withoutLeaks } from "@posixly/testing";
import { test } from "uvu";
import {
  queuedToRead,
  receive,
  receiveFrom,
  remoteAddress,
  send,
  shutdown,
  socketInfo,
  type SocketPair,
  socketPair,
} from "@posixly/socket";
import { libc } from "./libc.ts";

const side = fc.constantFrom("first", "second");
const steps = fc.array(
  fc.oneof(
    { weight: 8, arbitrary: fc.record({ by: side, send: fc.uint8Array({ maxLength: 64 }) }) },
    {
      weight: 8,
      arbitrary: fc.record({ by: side, receive: fc.nat(80), peek: fc.boolean() }),
    },
    { weight: 1, arbitrary: fc.record({ by: side, end: fc.constant(true) }) },
  ),
  { maxLength: 60 },
);

const otherOf = { first: "second", second: "first" } as const;

/** What was sent and is not received, and whether more can come. */
interface Half<T> {
  queue: T[];
  ended: boolean;
}

/** Receives, and checks that nothing beyond was written to. */
function take(pair: SocketPair, by: "first" | "second", length: number, peek: boolean) {
  const buffer = new Uint8Array(length).fill(0xa5);
  const n = receive(pair[by], buffer, peek ? { peek } : undefined);
  assert.ok(buffer.subarray(n ?? 0).every((byte) => byte === 0xa5));
  return n === null ? null : [...buffer.subarray(0, n)];
}

test("a pair of streams is two queues of bytes, each with an end", () =>
  withoutLeaks(() => {
    fc.assert(fc.property(steps, (steps) => {
      using pair = socketPair("stream");
      const model: Record<"first" | "second", Half<number>> = {
        first: { queue: [], ended: false }, // what the second one sends
        second: { queue: [], ended: false },
      };
      for (const step of steps) {
        const { queue, ended } = model[step.by];
        const outgoing = model[otherOf[step.by]];
        if ("end" in step) {
          shutdown(pair[step.by], "write");
          outgoing.ended = true;
        } else if ("send" in step) {
          if (outgoing.ended) {
            assert.throws(() => send(pair[step.by], step.send), { code: "EPIPE" });
          } else {
            assert.equal(send(pair[step.by], step.send), step.send.length);
            outgoing.queue.push(...step.send);
          }
        } else {
          const taken = take(pair, step.by, step.receive, step.peek);
          const wanted = queue.slice(0, step.receive);
          assert.deepEqual(taken, queue.length === 0 && !ended ? null : wanted);
          if (!step.peek) queue.splice(0, step.receive);
        }
        assert.equal(queuedToRead(pair[step.by]), queue.length);
      }
    }));
  }));

for (const type of ["datagram", "seqpacket"] as const) {
  test(`a pair of ${type} sockets is two queues of messages, some of them empty`, () =>
    withoutLeaks(() => {
      fc.assert(fc.property(steps, fc.boolean(), (steps, from) => {
        using pair = socketPair(type);
        const model: Record<"first" | "second", Half<Uint8Array>> = {
          first: { queue: [], ended: false },
          second: { queue: [], ended: false },
        };
        for (const step of steps) {
          const { queue, ended } = model[step.by];
          const outgoing = model[otherOf[step.by]];
          if ("end" in step) {
            shutdown(pair[step.by], "write");
            outgoing.ended = true;
          } else if ("send" in step) {
            if (outgoing.ended) {
              assert.throws(() => send(pair[step.by], step.send), { code: "EPIPE" });
            } else {
              assert.equal(send(pair[step.by], step.send), step.send.length);
              outgoing.queue.push(step.send);
            }
          } else if (queue.length > 0) {
            const message = queue[0];
            const kept = message.subarray(0, step.receive);
            if (from) {
              const buffer = new Uint8Array(step.receive);
              assert.deepEqual(receiveFrom(pair[step.by], buffer, { peek: step.peek }), {
                length: kept.length,
                from: null,
                truncated: kept.length < message.length,
              });
              assert.deepEqual(buffer.subarray(0, kept.length), kept);
            } else {
              assert.deepEqual(take(pair, step.by, step.receive, step.peek), [...kept]);
            }
            if (!step.peek) queue.shift();
          } else {
            const hasEnd = ended && type === "seqpacket"; // datagrams have none
            assert.deepEqual(take(pair, step.by, step.receive, step.peek), hasEnd ? [] : null);
          }
        }
      }));
    }));
}

test("a full stream takes nothing, an empty one gives nothing, and both are null", () => {
  using pair = socketPair();
  const buffer = new Uint8Array(1_000_000);
  assert.equal(receive(pair.first, buffer), null);
  let sent = 0;
  for (let n: number | null; (n = send(pair.first, buffer)) !== null;) sent += n;
  assert.ok(sent > 0);
  let received = 0;
  for (let n: number | null; (n = receive(pair.second, buffer)) !== null;) received += n;
  assert.equal(received, sent);
});

test("a peer that is gone ends a stream, and is EPIPE to whoever sends", () => {
  for (const type of ["stream", "seqpacket"] as const) {
    using pair = socketPair(type);
    send(pair.first, new Uint8Array(3));
    pair.first.close();
    const buffer = new Uint8Array(8);
    assert.equal(receive(pair.second, buffer), 3); // what is there is not lost
    assert.equal(receive(pair.second, buffer), 0);
    assert.throws(() => send(pair.second, buffer), { code: "EPIPE", fd: pair.second.fd });
  }
});

test("a peer that is gone with bytes unread is ECONNRESET", () => {
  using pair = socketPair();
  send(pair.second, new Uint8Array(3));
  pair.first.close();
  assert.throws(() => receive(pair.second, new Uint8Array(8)), { code: "ECONNRESET" });
});

test("to send to nobody is an error and never a signal", async () => {
  const program = (sending: string) => `
    import { bind, toAddress } from "@posixly/sys";
    import { write } from "@posixly/fd";
    import { send, sendTo, socketPair } from "@posixly/socket";
    const SIGPIPE = 13;
    const pair = socketPair();
    pair.second.close();
    const bytes = new Uint8Array(1);
    bind({ signal: ["address", "i32", "address"] }).signal(SIGPIPE, toAddress(0)); // SIG_DFL
    try {
      ${sending};
    } catch (error) {
      console.log(error.code);
    }
    pair.first.close();
  `;
  const { status, signal, stdout } = await runFresh(program("send(pair.first, bytes)"));
  assert.deepEqual({ status, signal, stdout }, { status: 0, signal: null, stdout: "EPIPE\n" });
  const more = await runFresh(program("send(pair.first, bytes, { nonBlocking: true })"));
  assert.deepEqual([more.status, more.stdout], [0, "EPIPE\n"]);
  // And it is not that such a signal would do nothing here:
  assert.equal((await runFresh(program("write(pair.first, bytes)"))).signal, "SIGPIPE");
});

test("both sockets are close-on-exec from birth, and non-blocking unless asked not to be", () => {
  for (const nonBlocking of [true, false]) {
    using pair = socketPair("stream", { nonBlocking });
    for (const end of [pair.first, pair.second]) {
      const flags = getFlags(end);
      assert.deepEqual([flags.closeOnExec, flags.nonBlocking], [true, nonBlocking]);
    }
  }
});

test("a pair is of the type that was asked for, and its peers are unnamed", () => {
  for (const type of ["stream", "datagram", "seqpacket"] as const) {
    using pair = socketPair(type);
    const expected = { domain: "unix", type, protocol: 0, listening: false };
    assert.deepEqual(socketInfo(pair.first), expected);
    assert.deepEqual(socketInfo(pair.second), expected);
    assert.deepEqual(remoteAddress(pair.first), { family: "unix" });
  }
});

test("families without pairs say so, and nothing is left open", () =>
  withoutLeaks(() => {
    assert.throws(() => socketPair("stream", { domain: "ipv4" }), {
      code: "EOPNOTSUPP",
      syscall: "socketpair",
    });
    assert.throws(() => socketPair("stream", { protocol: 9 }), { code: "EPROTONOSUPPORT" });
  }));

test("a blocking pair gives null all the same, if the call says not to wait", () => {
  using pair = socketPair("stream", { nonBlocking: false });
  assert.equal(receive(pair.first, new Uint8Array(1), { nonBlocking: true }), null);
  assert.equal(receiveFrom(pair.first, new Uint8Array(1), { nonBlocking: true }), null);
  const buffer = new Uint8Array(65536);
  while (send(pair.first, buffer, { nonBlocking: true }) !== null);
});

test("a blocking call waits until the whole buffer is filled, if it is told to", () => {
  using pair = socketPair("stream", { nonBlocking: false });
  send(pair.first, new Uint8Array([1, 2]));
  send(pair.first, new Uint8Array([3, 4]));
  shutdown(pair.first, "write"); // or it would wait for ever
  const buffer = new Uint8Array(8);
  assert.equal(receive(pair.second, buffer, { waitAll: true }), 4);
  assert.deepEqual([...buffer.subarray(0, 4)], [1, 2, 3, 4]);
});

test("the real length of a message is told, and no more than the buffer written", () =>
  withoutLeaks(() => {
    fc.assert(fc.property(fc.nat(300), fc.nat(100), fc.nat(9), (length, room, beyond) => {
      using pair = socketPair("datagram");
      for (let i = 0; i < 2; i++) send(pair.first, new Uint8Array(length).fill(7));
      const memory = new Uint8Array(room + beyond).fill(0xa5);
      const into = memory.subarray(0, room);
      assert.equal(receive(pair.second, into, { truncate: true }), length);
      assert.equal(memory.findLastIndex((byte) => byte === 7) + 1, Math.min(length, room));
      assert.deepEqual(receiveFrom(pair.second, into, { truncate: true }), {
        length,
        from: null,
        truncated: length > room,
      });
      assert.ok(memory.subarray(room).every((byte) => byte === 0xa5));
    }));
  }));

test("what is no type and no option is refused before the call", () =>
  withoutLeaks(() => {
    const { socketpair } = libc;
    libc.socketpair = () => assert.fail("the kernel was asked");
    try {
      for (const type of ["packet", "", null, {}, "toString", 1.5, NaN, "1"]) {
        assert.throws(() => socketPair(type as "stream"), TypeError, String(type));
      }
      for (const type of [-1, 16, 0x801, Infinity]) {
        assert.throws(() => socketPair(type), RangeError);
      }
      assert.throws(() => socketPair("stream", { nonblocking: true } as object), TypeError);
      assert.throws(() => socketPair("stream", { nonBlocking: 1 as never }), TypeError);
      assert.throws(() => socketPair("stream", { domain: "inet" as never }), TypeError);
      assert.throws(() => socketPair("stream", { protocol: "tcp" }), TypeError);
      assert.throws(() => socketPair("stream", null as never), TypeError);
    } finally {
      libc.socketpair = socketpair;
    }
  }));

test("disposing of a pair closes both, once", () =>
  withoutLeaks(() => {
    const pair = socketPair();
    pair[Symbol.dispose]();
    assert.ok(pair.first.closed && pair.second.closed);
    pair[Symbol.dispose]();
  }));

test.run();
