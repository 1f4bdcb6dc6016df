import assert from "node:assert/strict";
import { memfd, truncate } from "@posixly/fd";
import { readable } from "@posixly/mux";
import { connectTcp, errorQueue, listenTcp, setOptions, socket, udp } from "@posixly/socket";
import { interrupted, turns, withoutLeaks } from "@posixly/testing";
import { map, pages, sendZerocopy } from "@posixly/zerocopy";
import { test } from "uvu";
import { libc } from "./libc.ts";

async function tcpPair() {
  using listener = listenTcp("127.0.0.1:0");
  const client = await connectTcp(listener.localAddress);
  return { client, server: await listener.accept() };
}

const memory = pages(100_000);

test("the kernel counts the calls that took something, and says when it is done", () =>
  withoutLeaks(async () => {
    using receiver = udp("127.0.0.1:0");
    using sender = udp("127.0.0.1:0");
    setOptions(sender, { zeroCopy: true });
    const to = receiver.localAddress;
    assert.equal(sendZerocopy(sender, memory.subarray(0, 1000), { to }), 1000);
    assert.throws(() => sendZerocopy(sender, memory, { to }), { code: "EMSGSIZE" }); // not counted
    assert.equal(sendZerocopy(sender, memory.subarray(0, 0), { to }), 0);
    assert.equal(sendZerocopy(sender, memory.subarray(5, 2005), { to }), 2000);
    const told = [...errorQueue(sender)].map(({ error }) => error);
    assert.ok(told.every(({ origin, code }) => origin === "zerocopy" && code === 1));
    assert.deepEqual([told[0].info, told.at(-1)!.data], [0, 2]);
    const lengths = [];
    for (let i = 0; i < 3; i++) lengths.push((await receiver.receive()).bytes.length);
    assert.deepEqual(lengths, [1000, 0, 2000]);
  }));

test("without the option the kernel copies and says nothing", () =>
  withoutLeaks(() => {
    using sender = udp("127.0.0.1:0");
    assert.equal(sendZerocopy(sender, memory.subarray(0, 10), { to: sender.localAddress }), 10);
    assert.deepEqual([...errorQueue(sender)], []);
  }));

test("of a stream, what has no bytes does not count", () =>
  withoutLeaks(async () => {
    const { client, server } = await tcpPair();
    setOptions(client, { zeroCopy: true });
    for (const length of [0, 1000, 0, 2000, 0]) {
      assert.equal(sendZerocopy(client, memory.subarray(0, length)), length);
    }
    for (let n = 0; n < 3000;) n += await server.read(new Uint8Array(9000));
    const told = [...errorQueue(client)].map(({ error }) => error);
    assert.deepEqual([told[0].info, told.at(-1)!.data], [0, 1]);
    client.close();
    server.close();
  }));

test("a stream takes what it has room for, then none, and never waits", () =>
  withoutLeaks(async () => {
    const { client, server } = await tcpPair();
    let taken = 0;
    for (let n; (n = sendZerocopy(client, memory)) !== null;) taken += n;
    assert.ok(taken > memory.length);
    client.close();
    assert.equal((await server.readAll()).length, taken);
    server.close();
  }));

test("memory of a mapping can be lent, and then be unmapped", () =>
  withoutLeaks(async () => {
    using file = memfd("lent");
    truncate(file, 20_000);
    const mapping = map(file, { offset: 1, protection: "readWrite" });
    mapping.bytes.fill(7);
    const { client, server } = await tcpPair();
    setOptions(client, { zeroCopy: true });
    assert.equal(sendZerocopy(client, mapping.bytes), 19_999);
    mapping.close();
    client.close();
    const received = await server.readAll();
    assert.ok(received.length === 19_999 && received.every((byte) => byte === 7));
    server.close();
  }));

test("a mapping of a file that was cut is an error, and no signal", () =>
  withoutLeaks(async () => {
    using file = memfd("cut");
    truncate(file, 20_000);
    using mapping = map(file);
    const { client, server } = await tcpPair();
    setOptions(client, { zeroCopy: true });
    truncate(file, 0);
    assert.throws(() => sendZerocopy(client, mapping.bytes), { code: "EFAULT", syscall: "sendto" });
    client.close();
    server.close();
  }));

test("a peer that is gone is an error, and no signal", () =>
  withoutLeaks(async () => {
    const { client, server } = await tcpPair();
    server.reset();
    await readable(client);
    assert.throws(() => sendZerocopy(client, memory), { code: "ECONNRESET" });
    assert.throws(() => sendZerocopy(client, memory), { code: "EPIPE" });
    client.close();
  }));

test("only memory that nobody else is given is taken, and what is no argument is refused", () =>
  withoutLeaks(async () => {
    using sender = udp("127.0.0.1:0");
    const to = sender.localAddress;
    const owned = /^TypeError: Only memory of pages\(\) or of a mapping/;
    assert.throws(() => sendZerocopy(sender, new Uint8Array(20_000), { to }), owned);
    assert.throws(() => sendZerocopy(sender, new Uint8Array(3), { to }), owned);
    const other = "text" as unknown as Uint8Array;
    assert.throws(() => sendZerocopy(sender, other, { to }), TypeError);
    assert.throws(() => sendZerocopy(sender, memory, { to: 3 as never }), TypeError);
    assert.throws(() => sendZerocopy(sender, memory, { more: 1 as never, to }), TypeError);
    assert.throws(() => sendZerocopy(sender, memory, { flags: 1 } as object), TypeError);
    assert.throws(() => sendZerocopy(-1, memory), RangeError);
    assert.throws(() => sendZerocopy(null as never, memory), TypeError);
    assert.throws(() => sendZerocopy(9999, memory), { code: "EBADF" });
    using file = memfd("no socket");
    assert.throws(() => sendZerocopy(file, memory), { code: "ENOTSOCK" });
    using lonely = socket("ipv4", "stream");
    assert.throws(() => sendZerocopy(lonely, memory), { code: "EPIPE" });
    await turns();
  }));

test("sendto begins again when a signal interrupts it, as often as that happens", () =>
  withoutLeaks(() =>
    interrupted(libc, "sendto", () => {
      using sender = udp("127.0.0.1:0");
      assert.equal(sendZerocopy(sender, memory.subarray(0, 9), { to: sender.localAddress }), 9);
    })
  ));

test.run();
