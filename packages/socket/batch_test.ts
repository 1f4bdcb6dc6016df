import assert from "node:assert/strict";
import fc from "fast-check";
import { eventfd, getFlags, memfd, type OwnedFd, stat } from "@posixly/fd";
import { poll } from "@posixly/mux";
import { gc, withoutLeaks } from "@posixly/testing";
import { test } from "uvu";
import {
  bind,
  connect,
  localAddress,
  type Message,
  MessageBatch,
  receive,
  receiveFrom,
  receiveMessage,
  receiveMessages,
  send,
  sendMessage,
  sendMessages,
  setOptions,
  shutdown,
  type Socket,
  socket,
  socketPair,
} from "@posixly/socket";
import { libc } from "./libc.ts";

const wait = (socket: Socket) => poll([{ fd: socket, readable: true }], { timeout: 10_000 });
const inode = (fd: OwnedFd) => Number(stat(fd).inode);
const bytesOf = (text: string) => new TextEncoder().encode(text);

/** Two UDP sockets that know each other. */
function udpPair(family: "ipv4" | "ipv6" = "ipv4"): { a: Socket; b: Socket } & Disposable {
  const [a, b] = [socket(family, "datagram"), socket(family, "datagram")];
  const at = family === "ipv4" ? "127.0.0.1:0" : "[::1]:0";
  bind(a, at);
  bind(b, at);
  connect(a, localAddress(b));
  connect(b, localAddress(a));
  return {
    a,
    b,
    [Symbol.dispose]() {
      using _a = a;
      b.close();
    },
  };
}

const message = fc.uint8Array({ maxLength: 24 });
const steps = fc.array(
  fc.oneof(
    fc.record({ send: fc.array(message, { maxLength: 9 }) }),
    fc.record({ list: fc.array(message, { maxLength: 9 }) }),
    fc.record({ receive: fc.boolean() }),
  ),
  { maxLength: 20 },
);

for (const type of ["datagram", "seqpacket"] as const) {
  test(`${type}: batches are a queue of messages, however they are filled and taken`, () => {
    const outgoing = new MessageBatch({ messages: 8, bytes: 24 });
    const incoming = new MessageBatch({ messages: 5, bytes: 16 });
    fc.assert(fc.property(steps, (steps) => {
      using pair = socketPair(type);
      setOptions(pair.first, { sendBuffer: 2 ** 20 });
      const queue: Uint8Array[] = [];
      const sent = (count: number | null, messages: readonly Uint8Array[]) =>
        queue.push(...messages.slice(0, count ?? 0));
      for (const step of steps) {
        if ("send" in step) {
          outgoing.clear();
          const taken = step.send.filter((bytes) => outgoing.add(bytes) !== null);
          assert.deepEqual(taken, step.send.slice(0, 8));
          sent(sendMessages(pair.first, outgoing), taken);
        } else if ("list" in step) {
          const messages = step.list.map((bytes) => ({ bytes }));
          sent(sendMessages(pair.first, messages), step.list);
        } else {
          const options = step.receive ? { truncate: true } : undefined;
          const count = receiveMessages(pair.second, incoming, options);
          assert.equal(count, queue.length === 0 ? null : Math.min(5, queue.length));
          assert.equal(incoming.count, count ?? 0);
          const taken = queue.splice(0, incoming.count);
          assert.deepEqual([...incoming].map(({ bytes }) => bytes), cut(taken, 16));
          assert.deepEqual(
            [...incoming].map(({ length, truncated }) => ({ length, truncated })),
            taken.map(({ length }) => ({
              length: step.receive ? length : Math.min(length, 16),
              truncated: length > 16,
            })),
          );
        }
      }
    }));
  });
}

function cut(messages: readonly Uint8Array[], length: number): Uint8Array[] {
  return messages.map((bytes) => bytes.subarray(0, length));
}

for (const family of ["ipv4", "ipv6"] as const) {
  test(`${family}: an echo to many clients, whose addresses nobody has to look at`, () => {
    using server = socket(family, "datagram");
    bind(server, family === "ipv4" ? "127.0.0.1:0" : "[::1]:0");
    const clients = Array.from({ length: 20 }, () => socket(family, "datagram"));
    for (const [i, client] of clients.entries()) {
      connect(client, localAddress(server));
      send(client, Uint8Array.of(i));
    }
    const batch = new MessageBatch({ messages: 32, bytes: 8 });
    for (let seen = 0; seen < 20; seen += batch.count) {
      wait(server);
      assert.ok(receiveMessages(server, batch)! > 0);
      const those = clients.slice(seen, seen + batch.count);
      assert.deepEqual([...batch].map(({ bytes }) => bytes[0]), those.map((_, i) => seen + i));
      assert.deepEqual([...batch].map(({ address }) => address), those.map(localAddress));
      assert.equal(sendMessages(server, batch), those.length);
      assert.deepEqual([...batch].map(({ sent }) => sent), those.map(() => 1));
    }
    for (const [i, client] of clients.entries()) {
      wait(client);
      const into = new Uint8Array(4);
      assert.equal(receive(client, into), 1);
      assert.equal(into[0], i);
      client.close();
    }
  });
}

test("messages go to the addresses they were added with, in place or not", () => {
  using client = socket("ipv4", "datagram");
  bind(client, "127.0.0.1:0");
  const servers = [1, 2, 3].map(() => socket("ipv4", "datagram"));
  for (const server of servers) bind(server, "127.0.0.1:0");
  const batch = new MessageBatch({ messages: 3, bytes: 16 });
  batch.add(bytesOf("first"), localAddress(servers[0]));
  const second = batch.add()!;
  second.buffer.set(bytesOf("second"));
  second.length = 6;
  second.address = localAddress(servers[1]);
  batch.add(new DataView(bytesOf("  third").buffer, 2), localAddress(servers[2]));
  assert.equal(batch.add(), null);
  assert.deepEqual(second.address, localAddress(servers[1]));
  assert.equal(sendMessages(client, batch), 3);

  const list = servers.map((server, i): Message => ({
    bytes: [bytesOf("list "), bytesOf(String(i))],
    to: localAddress(server),
  }));
  assert.equal(sendMessages(client, list), 3);
  const texts = servers.map((server) => {
    const into = new Uint8Array(16);
    return [1, 2].map(() => {
      wait(server);
      const { length, from } = receiveFrom(server, into)!;
      assert.deepEqual(from, localAddress(client));
      return new TextDecoder().decode(into.subarray(0, length));
    });
  });
  assert.deepEqual(texts, [["first", "list 0"], ["second", "list 1"], ["third", "list 2"]]);
  for (const server of servers) server.close();
});

test("what was sent before an error counts, and the rest meets it", () => {
  using pair = udpPair();
  const tooLong = new Uint8Array(65_536); // by 29 bytes
  for (const kind of ["batch", "list"] as const) {
    const contents = [bytesOf("a"), bytesOf("b"), tooLong, bytesOf("c")];
    const batch = new MessageBatch({ messages: 4, bytes: 65_536 });
    for (const bytes of contents) batch.add(bytes);
    const messages = kind === "batch" ? batch : contents.map((bytes) => ({ bytes }));
    assert.equal(sendMessages(pair.a, messages), 2);
    assert.throws(() => sendMessages(pair.a, messages, { first: 2 }), {
      code: "EMSGSIZE",
      syscall: "sendmmsg",
      fd: pair.a.fd,
    });
    assert.equal(sendMessages(pair.a, messages, { first: 3 }), 1);
    assert.equal(sendMessages(pair.a, messages, { first: 4 }), 0);
    if (kind === "batch") assert.deepEqual([...batch].map(({ sent }) => sent), [1, 1, 0, 1]);
    const texts = ["a", "b", "c"].map(() => {
      wait(pair.b);
      const into = new Uint8Array(4);
      return new TextDecoder().decode(into.subarray(0, receive(pair.b, into)!));
    });
    assert.deepEqual(texts, ["a", "b", "c"]);
  }
});

test("what was received before an error counts, and the next call meets it", () => {
  using pair = udpPair();
  const batch = new MessageBatch();
  const { recvmmsg } = libc;
  send(pair.a, bytesOf("x"));
  wait(pair.b);
  assert.equal(receiveMessages(pair.b, batch), 1);
  pair.a.close();
  send(pair.b, bytesOf("to nobody"));
  poll([{ fd: pair.b }], { timeout: 10_000 });
  assert.throws(() => receiveMessages(pair.b, batch), { code: "ECONNREFUSED" });
  assert.equal(batch.count, 0);
  const EINTR = 4;
  let interrupts = 2;
  libc.recvmmsg = (...args) => interrupts-- > 0 ? -EINTR : recvmmsg(...args);
  try {
    assert.equal(receiveMessages(pair.b, batch), null);
    assert.equal(interrupts, -1);
  } finally {
    libc.recvmmsg = recvmmsg;
  }
});

test("a socket that is full takes some, then nothing, which is null", () => {
  using pair = socketPair("datagram");
  const batch = new MessageBatch({ messages: 1024, bytes: 1 });
  while (batch.add(new Uint8Array(1)) !== null);
  const some = sendMessages(pair.first, batch)!;
  assert.ok(some > 0 && some < 1024);
  assert.equal(sendMessages(pair.first, batch, { first: some }), null);
  assert.equal(sendMessages(pair.first, [{ bytes: new Uint8Array(1) }]), null);
  let taken = 0;
  for (let n; (n = receiveMessages(pair.second, batch)) !== null;) taken += n;
  assert.equal(taken, some);
});

test("a blocking socket waits for one message, and not for a batch of them", () => {
  using pair = socketPair("datagram", { nonBlocking: false });
  send(pair.first, bytesOf("only"));
  const batch = new MessageBatch();
  assert.equal(receiveMessages(pair.second, batch), 1);
  assert.equal(receiveMessages(pair.second, batch, { nonBlocking: true }), null);
});

test("a stream takes a part of a batch, and says where it stopped", () => {
  using pair = socketPair();
  const batch = new MessageBatch({ messages: 64, bytes: 65_536 });
  while (batch.add(new Uint8Array(65_536)) !== null);
  const count = sendMessages(pair.first, batch)!;
  const sent = [...batch].reduce((sum, { sent }) => sum + sent, 0);
  assert.ok(count < 64);
  let received = 0;
  const into = new Uint8Array(2 ** 20);
  for (let n; (n = receive(pair.second, into)) !== null;) received += n;
  assert.equal(received, sent);
  assert.throws(() => sendMessages(pair.first, [{ bytes: into }]), {
    name: "TypeError",
    message: "a stream may take a part of a message, which only a batch can tell",
  });
});

test("at the end of a stream all messages are of 0 bytes", () => {
  using pair = socketPair();
  send(pair.first, bytesOf("last"));
  shutdown(pair.first, "write");
  const batch = new MessageBatch({ messages: 4 });
  assert.equal(receiveMessages(pair.second, batch), 4);
  assert.deepEqual([...batch].map(({ length }) => length), [4, 0, 0, 0]);
});

test("descriptors come with the messages they went with, as many as were asked for", () =>
  withoutLeaks(() => {
    const files = [1, 2, 3].map((i) => memfd(`file ${i}`));
    using pair = socketPair("datagram");
    const counts = [0, 1, 2, 3, 0, 3];
    const messages = counts.map((count): Message => ({
      bytes: Uint8Array.of(count),
      descriptors: files.slice(0, count),
    }));
    for (const most of [0, 1, 2, 3, 253]) {
      const batch = new MessageBatch({ descriptors: most, bytes: 4, messages: 8 });
      assert.equal(sendMessages(pair.first, messages), counts.length);
      assert.equal(receiveMessages(pair.second, batch), counts.length);
      for (const [i, { descriptors, surplus, controlTruncated }] of [...batch].entries()) {
        const wanted = files.slice(0, Math.min(counts[i], most));
        assert.deepEqual(descriptors.map(inode), wanted.map(inode));
        assert.ok(descriptors.every((fd) => getFlags(fd).closeOnExec));
        assert.equal(surplus, counts[i] - wanted.length);
        assert.equal(controlTruncated, false);
        for (const fd of descriptors) fd.close();
      }
    }
    const without = new MessageBatch({ control: 0 });
    sendMessages(pair.first, messages);
    receiveMessages(pair.second, without);
    const lost = [...without].map(({ surplus, controlTruncated }) => [surplus, controlTruncated]);
    assert.deepEqual(lost, counts.map((count) => [0, count > 0]));
    for (const file of files) file.close();
  }));

test("what was received is not there any more when the next messages have come", () => {
  using pair = socketPair("datagram");
  setOptions(pair.second, { passCredentials: true });
  const batch = new MessageBatch({ messages: 2 });
  send(pair.first, bytesOf("first"));
  receiveMessages(pair.second, batch);
  const slot = batch.at(0);
  assert.ok(slot.credentials !== undefined);
  assert.equal(slot.bytes, slot.bytes); // made once
  setOptions(pair.second, { passCredentials: false });
  send(pair.first, bytesOf("next"));
  receiveMessages(pair.second, batch);
  assert.equal(batch.at(0), slot);
  assert.deepEqual([slot.length, slot.credentials, slot.control], [4, undefined, {}]);
});

test("descriptors of before are not those of the message that is there now", () =>
  withoutLeaks(() => {
    using pair = socketPair("datagram");
    using file = memfd("before");
    const batch = new MessageBatch({ messages: 1, descriptors: 1 });
    sendMessage(pair.first, { bytes: bytesOf("with"), descriptors: [file, file] });
    receiveMessages(pair.second, batch);
    using _ = batch.at(0).descriptors[0];
    send(pair.first, bytesOf("without"));
    receiveMessages(pair.second, batch);
    assert.deepEqual([batch.at(0).descriptors, batch.at(0).surplus], [[], 0]);
  }));

test("room that one message did not need is there for the next", () => {
  using server = socket("unix", "datagram");
  bind(server, { family: "unix" });
  using named = socket("unix", "datagram");
  bind(named, { family: "unix", abstract: "posixly batch " + "x".repeat(80) });
  using unnamed = socket("unix", "datagram");
  const batch = new MessageBatch({ messages: 1 });
  for (const from of [unnamed, named, unnamed, named]) {
    setOptions(server, { passCredentials: from === named });
    sendMessage(from, { bytes: bytesOf("room"), to: localAddress(server) });
    receiveMessages(server, batch);
    const { address, credentials, controlTruncated } = batch.at(0);
    assert.deepEqual(address, from === named ? localAddress(named) : null);
    assert.equal(credentials !== undefined, from === named);
    assert.equal(controlTruncated, false);
  }
});

test("what was told of a message that came is not told when it is sent back", () => {
  using server = socket("ipv4", "datagram");
  bind(server, "127.0.0.1:0");
  setOptions(server, { timestampNs: true, ipReceiveTtl: true });
  using client = socket("ipv4", "datagram");
  connect(client, localAddress(server));
  setOptions(client, { ipReceiveTtl: true });
  sendMessage(client, { bytes: bytesOf("ttl"), control: { ttl: 5 } });
  const batch = new MessageBatch();
  wait(server);
  receiveMessages(server, batch);
  assert.equal(batch.at(0).control.ttl, 5);
  assert.equal(sendMessages(server, batch), 1);
  wait(client);
  assert.equal(receiveMessage(client, new Uint8Array(8))!.control.ttl, 64);

  batch.at(0).control = { ttl: 6 };
  assert.deepEqual(batch.at(0).control, { ttl: 6 });
  assert.equal(sendMessages(server, batch), 1);
  wait(client);
  assert.equal(receiveMessage(client, new Uint8Array(8))!.control.ttl, 6);
});

test("a list takes 1024 messages at once, and goes on from there", () => {
  using pair = udpPair();
  setOptions(pair.b, { receiveBuffer: 2 ** 22 });
  const messages = Array.from({ length: 1500 }, (_, i) => ({ bytes: Uint16Array.of(i) }));
  assert.equal(sendMessages(pair.a, messages), 1024);
  assert.equal(sendMessages(pair.a, messages, { first: 1024 }), 476);
  assert.equal(sendMessages(pair.a, []), 0);
});

test("the memory stays in its place while garbage is collected", async () => {
  using pair = socketPair("datagram");
  const outgoing = new MessageBatch({ messages: 8, bytes: 64, control: 64 });
  const incoming = new MessageBatch({ messages: 8, bytes: 64 });
  for (let round = 0; round < 5; round++) {
    outgoing.clear();
    for (let i = 0; i < 8; i++) outgoing.add(new Uint8Array(64).fill(8 * round + i));
    Array.from({ length: 1000 }, () => new Uint8Array(1000));
    await gc();
    assert.equal(sendMessages(pair.first, outgoing), 8);
    await gc();
    assert.equal(receiveMessages(pair.second, incoming), 8);
    for (const [i, { bytes }] of [...incoming].entries()) {
      assert.ok(bytes.every((byte) => byte === 8 * round + i));
    }
  }
});

test("what does not fit, or is none, is refused before the call", () => {
  const wrong: [object, string][] = [
    [{ messages: 0 }, "RangeError"],
    [{ messages: 1025 }, "RangeError"],
    [{ bytes: 0 }, "RangeError"],
    [{ bytes: 65_537 }, "RangeError"],
    [{ control: -1 }, "RangeError"],
    [{ descriptors: 254 }, "RangeError"],
    [{ descriptors: "1" }, "TypeError"],
    [{ size: 1 }, "TypeError"],
    [null as never, "TypeError"],
  ];
  for (const [options, name] of wrong) {
    assert.throws(() => new MessageBatch(options), { name }, JSON.stringify(options));
  }
  const batch = new MessageBatch({ messages: 2, bytes: 8, control: 30 });
  assert.throws(() => batch.add(new Uint8Array(9)), { name: "RangeError", message: /8 bytes a/ });
  assert.throws(() => batch.add("text" as never), TypeError);
  assert.throws(() => batch.add(undefined, "nowhere"), TypeError);
  assert.equal(batch.count, 0);
  assert.throws(() => batch.at(0), RangeError);
  const message = batch.add()!;
  assert.throws(() => message.length = 9, RangeError);
  assert.throws(() => message.length = 0.5, TypeError);
  assert.throws(() => message.control = { ttl: 1, tos: 1 }, {
    name: "RangeError",
    message: "the batch has room for 32 bytes of control, not 48",
  });
  assert.throws(() => message.control = { timestamp: 1 } as object, TypeError);
  assert.throws(() => message.address = "nowhere" as never, TypeError);
  message.address = null;
  assert.equal(message.address, null);
  assert.throws(() => batch.at(1), RangeError);

  using pair = udpPair();
  using counter = eventfd();
  assert.throws(() => receiveMessages(pair.a, {} as never), { message: /must be a MessageBatch/ });
  assert.throws(() => sendMessages(pair.a, {} as never), { message: /must be a MessageBatch/ });
  assert.throws(() => sendMessages(pair.a, batch, { first: 2 }), RangeError);
  assert.throws(() => sendMessages(pair.a, [], { first: 1 }), RangeError);
  assert.throws(() => sendMessages(pair.a, [{} as never]), TypeError);
  assert.throws(() => sendMessages(pair.a, batch, { form: 1 } as object), TypeError);
  assert.throws(() => receiveMessages(pair.a, batch, { peak: true } as object), TypeError);
  assert.throws(() => receiveMessages(counter, batch), { code: "ENOTSOCK", fd: counter.fd });
  assert.throws(() => sendMessages(counter, [message]), { code: "ENOTSOCK" });
});

test.run();
