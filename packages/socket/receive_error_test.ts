import assert from "node:assert/strict";
import { poll } from "@posixly/mux";
import { memfd } from "@posixly/fd";
import { test } from "uvu";
import {
  accept,
  bind,
  connect,
  errorQueue,
  getOption,
  listen,
  localAddress,
  type QueuedError,
  receiveError,
  receiveMessage,
  send,
  sendTo,
  setOptions,
  type Socket,
  socket,
  type SocketAddress,
  socketPair,
} from "@posixly/socket";
import { libc } from "./libc.ts";

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

/** An address where nobody is any more. */
function nobody(at: string): SocketAddress {
  using gone = socket(at.startsWith("[") ? "ipv6" : "ipv4", "datagram");
  bind(gone, at);
  return localAddress(gone);
}

/** Waits until the error queue has something, which polling tells unasked. */
function received(socket: Socket): QueuedError {
  const [result] = poll([{ fd: socket }], { timeout: 10_000 });
  assert.equal(result?.error, true);
  return receiveError(socket)!;
}

const versions = [
  {
    family: "ipv4",
    at: "127.0.0.1:0",
    ask: { ipReceiveError: true },
    // Destination unreachable: port unreachable
    icmp: { origin: "icmp", type: 3, code: 3 },
    offender: { family: "ipv4", host: "127.0.0.1", port: 0 },
  },
  {
    family: "ipv6",
    at: "[::1]:0",
    ask: { ipv6ReceiveError: true },
    icmp: { origin: "icmp6", type: 1, code: 4 },
    offender: { family: "ipv6", host: "::1", port: 0 },
  },
] as const;

for (const { family, at, ask, icmp, offender } of versions) {
  test(`${family}: a datagram that found nobody comes back, with who says so`, () => {
    using udp = socket(family, "datagram");
    setOptions(udp, ask);
    const destination = nobody(at);
    sendTo(udp, new TextEncoder().encode("anybody?"), destination);
    const { error, bytes, control, ...others } = received(udp);
    const refused = { name: "ECONNREFUSED", errno: 111, info: 0, data: 0 };
    assert.deepEqual(error, { ...refused, ...icmp, offender });
    assert.equal(text(bytes), "anybody?");
    assert.deepEqual(others, { destination });
    assert.deepEqual(control, {});
    assert.equal(receiveError(udp), null);
  });

  test(`${family}: without being asked for, there is no error in the queue`, () => {
    using udp = socket(family, "datagram");
    sendTo(udp, new Uint8Array(1), nobody(at));
    assert.equal(receiveError(udp), null);
  });

  test(`${family}: errors come in the order of their messages, and messages still come`, () => {
    using udp = socket(family, "datagram");
    bind(udp, at);
    setOptions(udp, ask);
    const destinations = [nobody(at), nobody(at), nobody(at)];
    for (const [i, to] of destinations.entries()) {
      sendTo(udp, Uint8Array.of(i), to);
      // Each comes back before the next is sent; the pending error of the socket is cleared.
      assert.equal(poll([{ fd: udp }], { timeout: 10_000 }).length, 1);
      getOption(udp, "error");
    }
    using peer = socket(family, "datagram");
    sendTo(peer, Uint8Array.of(9), localAddress(udp));
    const all = [...errorQueue(udp)];
    assert.deepEqual(all.map(({ bytes }) => bytes[0]), [0, 1, 2]);
    assert.deepEqual(all.map(({ destination }) => destination), destinations);
    getOption(udp, "error");
    assert.equal(receiveMessage(udp, new Uint8Array(1))!.length, 1);
    assert.deepEqual([...errorQueue(udp)], []);
  });

  test(`${family}: when a datagram was sent`, () => {
    using server = socket(family, "datagram");
    bind(server, at);
    using udp = socket(family, "datagram");
    setOptions(udp, {
      timestamping: { sendSoftware: true, sendScheduled: true, software: true, id: true },
    });
    connect(udp, localAddress(server));
    send(udp, new TextEncoder().encode("first"));
    send(udp, new TextEncoder().encode("second"));
    const all = [...errorQueue(udp)];
    assert.ok(all.length >= 2);
    for (const { error, control } of all) {
      assert.deepEqual([error.name, error.origin], ["ENOMSG", "timestamping"]);
      const { seconds } = control.timestamps!.software!;
      assert.ok(Math.abs(Date.now() / 1000 - Number(seconds)) < 60);
    }
    const ids = new Set(all.map(({ error }) => error.data));
    assert.deepEqual([...ids].sort(), [0, 1]);
    assert.ok(all.some(({ bytes }) => text(bytes).endsWith("second")));
  });
}

test("a message that is too long is an error of our own, which says what would fit", () => {
  using udp = socket("ipv6", "datagram");
  setOptions(udp, { ipv6ReceiveError: true, ipv6MtuDiscover: "do", ipv6Mtu: 1280 });
  const destination = nobody("[::1]:0");
  assert.throws(() => sendTo(udp, new Uint8Array(2000), destination), { code: "EMSGSIZE" });
  const { error, ...others } = received(udp);
  const none = { type: 0, code: 0, data: 0, offender: null };
  assert.deepEqual(error, { name: "EMSGSIZE", errno: 90, origin: "local", info: 1280, ...none });
  assert.deepEqual(others.bytes.length, 0);
});

/** A send whose memory the kernel keeps until it says otherwise. */
function sendZeroCopy(socket: Socket, bytes: Uint8Array): void {
  const MSG_ZEROCOPY = 0x400_0000;
  assert.equal(libc.send(socket.fd, bytes, bytes.length, MSG_ZEROCOPY), bytes.length);
}

test("memory that was sent from is free again", () => {
  using server = socket("ipv4", "stream");
  bind(server, "127.0.0.1:0");
  listen(server);
  using client = socket("ipv4", "stream", 0, { nonBlocking: false });
  setOptions(client, { zeroCopy: true });
  connect(client, localAddress(server));
  using accepted = accept(server)!.socket;
  const bytes = new Uint8Array(10_000);
  sendZeroCopy(client, bytes);
  sendZeroCopy(client, bytes);
  assert.ok(receiveMessage(accepted, new Uint8Array(20_000))!.length > 0);
  const done: number[] = [];
  while (!done.includes(1)) {
    const { error, bytes } = received(client);
    assert.deepEqual([error.name, error.errno, error.origin], [null, 0, "zerocopy"]);
    assert.equal(error.code, 1); // the loopback copies
    assert.equal(bytes.length, 0);
    for (let call = error.info; call <= error.data; call++) done.push(call);
  }
  assert.deepEqual(done, [0, 1]);
});

test("what has no error queue is told so, and no message is lost", () => {
  using pair = socketPair("datagram");
  send(pair.first, Uint8Array.of(1));
  assert.throws(() => receiveError(pair.second), TypeError);
  assert.equal(receiveMessage(pair.second, new Uint8Array(1))!.length, 1);
  using file = memfd("no socket");
  assert.throws(() => receiveError(file), { code: "ENOTSOCK" });
  assert.throws(() => receiveError("3" as never), TypeError);
});

test.run();
