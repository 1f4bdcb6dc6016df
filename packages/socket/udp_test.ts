import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { poll } from "@posixly/mux";
import { runFresh, testWhere, withoutLeaks } from "@posixly/testing";
import { test } from "uvu";
import {
  bind,
  connect,
  connectionError,
  disconnect,
  encodeAddress,
  localAddress,
  queuedToRead,
  receive,
  receiveFrom,
  remoteAddress,
  send,
  sendTo,
  type Socket,
  socket,
} from "@posixly/socket";
import { errno } from "@posixly/sys";
import { libc } from "./libc.ts";

const encode = (text: string) => new TextEncoder().encode(text);

const families = { ipv4: "127.0.0.1:0", ipv6: "[::1]:0" } as const;
type Family = keyof typeof families;

function bound(family: Family): Socket {
  const udp = socket(family, "datagram");
  bind(udp, families[family]);
  return udp;
}

/** Waits for a message, or fails. */
function arrived(fd: Socket): void {
  assert.equal(poll([{ fd, readable: true }], { timeout: 10_000 }).length, 1);
}

for (const family of ["ipv4", "ipv6"] as const) {
  test(`${family}: messages come whole or cut, empty or not, with who sent them`, () =>
    withoutLeaks(() => {
      using server = bound(family);
      using client = bound(family);
      const to = localAddress(server);
      const from = localAddress(client);
      fc.assert(fc.property(fc.uint8Array({ maxLength: 40 }), fc.nat(40), (message, room) => {
        assert.equal(sendTo(client, message, to), message.length);
        arrived(server);
        assert.equal(queuedToRead(server), message.length);
        const buffer = new Uint8Array(50).fill(0xa5);
        const into = buffer.subarray(0, room);
        const length = Math.min(room, message.length);
        const truncated = room < message.length;
        const whole = { length: message.length, from, truncated };
        assert.deepEqual(receiveFrom(server, into, { peek: true, truncate: true }), whole);
        assert.deepEqual(receiveFrom(server, into), { length, from, truncated });
        assert.deepEqual(buffer.subarray(0, length), message.subarray(0, length));
        assert.ok(buffer.subarray(length).every((byte) => byte === 0xa5));
        assert.equal(receiveFrom(server, into), null);
      }));
    }));

  test(`${family}: a socket without a port is given one by the first message`, () =>
    withoutLeaks(() => {
      using server = bound(family);
      using client = socket(family, "datagram");
      assert.equal((localAddress(client) as { port: number }).port, 0);
      sendTo(client, encode("hello"), localAddress(server));
      const own = localAddress(client) as { port: number };
      assert.ok(own.port > 0);
      arrived(server);
      const { from } = receiveFrom(server, new Uint8Array(9))!;
      assert.equal((from as { port: number }).port, own.port);
    }));

  test(`${family}: one that is connected hears of its peer alone, until they part`, () =>
    withoutLeaks(() => {
      using server = bound(family);
      using stranger = bound(family);
      using client = bound(family);
      assert.equal(connect(client, localAddress(server)), true);
      assert.deepEqual(remoteAddress(client), localAddress(server));
      assert.equal(send(client, encode("hello")), 5);
      arrived(server);
      assert.equal(receive(server, new Uint8Array(9)), 5);

      sendTo(stranger, encode("unheard"), localAddress(client));
      sendTo(server, encode("heard"), localAddress(client));
      arrived(client);
      const buffer = new Uint8Array(9);
      assert.equal(receive(client, buffer), 5);
      assert.equal(receive(client, buffer), null);

      disconnect(client);
      assert.equal(remoteAddress(client), null);
      assert.throws(() => send(client, buffer), { code: "EDESTADDRREQ", syscall: "send" });
    }));

  test(`${family}: after parting there remains of an address what bind was told`, () =>
    withoutLeaks(() => {
      using client = bound(family);
      const own = localAddress(client);
      connect(client, own);
      disconnect(client);
      assert.deepEqual(localAddress(client), { ...own, port: 0 }); // the kernel had chosen it

      bind(client, own);
      connect(client, own);
      disconnect(client);
      assert.deepEqual(localAddress(client), own);
      using stranger = bound(family);
      sendTo(stranger, encode("heard"), own);
      arrived(client);
      assert.equal(receive(client, new Uint8Array(9)), 5);
    }));

  test(`${family}: a message that nobody takes is an error of the next call, once`, () =>
    withoutLeaks(() => {
      const nobody = bound(family);
      using client = socket(family, "datagram");
      connect(client, localAddress(nobody));
      nobody.close();
      const refused = { code: "ECONNREFUSED" };
      for (const call of [receive, send, receiveFrom]) {
        assert.equal(send(client, new Uint8Array(1)), 1);
        arrived(client); // of an error, which is readable too
        assert.throws(() => call(client, new Uint8Array(1)), refused);
        assert.equal(receive(client, new Uint8Array(1)), null);
      }
      send(client, new Uint8Array(1));
      arrived(client);
      assert.equal(connectionError(client)?.code, "ECONNREFUSED");
      assert.equal(connectionError(client), null);
      disconnect(client);
      assert.equal((localAddress(client) as { port: number }).port, 0); // which connect chose
    }));
}

test("a connected socket may be connected to another, without parting", () =>
  withoutLeaks(() => {
    using one = bound("ipv4");
    using other = bound("ipv4");
    using client = socket("ipv4", "datagram");
    for (const server of [one, other]) {
      connect(client, localAddress(server));
      send(client, new Uint8Array(3));
      arrived(server);
      assert.equal(receive(server, new Uint8Array(9)), 3);
    }
    assert.equal(receive(one, new Uint8Array(9)), null);
  }));

test("what is sent with more is one message with what follows", () =>
  withoutLeaks(() => {
    using server = bound("ipv4");
    using client = socket("ipv4", "datagram");
    connect(client, localAddress(server));
    send(client, encode("one "), { more: true });
    send(client, encode("message"));
    arrived(server);
    assert.equal(receive(server, new Uint8Array(99)), 11);
    assert.equal(receive(server, new Uint8Array(99)), null);
  }));

test("a message that is too long, or forbidden, or goes nowhere is an error with the address", () =>
  withoutLeaks(() => {
    using client = socket("ipv4", "datagram");
    const sending = (length: number, address: string) => () =>
      sendTo(client, new Uint8Array(length), address);
    assert.throws(sending(65_508, "127.0.0.1:9"), { code: "EMSGSIZE", address: "127.0.0.1:9" });
    assert.equal(sending(65_507, "127.0.0.1:9")(), 65_507);
    assert.throws(
      sending(1, "255.255.255.255:9"),
      (error: { code: string; syscall: string }) =>
        ["EACCES", "ENETUNREACH"].includes(error.code) && error.syscall === "sendto",
    );
    assert.throws(sending(1, "127.0.0.1:0"), { code: "EINVAL" });
    assert.throws(sending(1, "[::1]:9"), { code: "EAFNOSUPPORT" });
  }));

test("each option of sending and receiving is one flag, and no signal is sent in any case", () => {
  const { send: sendC, sendto, recv, recvmsg } = libc;
  using udp = bound("ipv4");
  const given: number[] = [];
  const note = (flags: number) => given.push(flags) * 0;
  libc.send = (_fd, _bytes, _length, flags) => note(flags);
  libc.sendto = (_fd, _bytes, _length, flags) => note(flags);
  libc.recv = (_fd, _bytes, _length, flags) => note(flags);
  libc.recvmsg = (_fd, _header, flags) => note(flags);
  const bytes = new Uint8Array(1);
  const noSignal = 0x4000;
  const sending = {
    more: 0x8000,
    outOfBand: 1,
    nonBlocking: 0x40,
    dontRoute: 4,
    confirm: 0x800,
    endOfRecord: 0x80,
  };
  const receiving = { peek: 2, waitAll: 0x100, outOfBand: 1, truncate: 0x20, nonBlocking: 0x40 };
  try {
    send(udp, bytes);
    sendTo(udp, bytes, "127.0.0.1:9");
    receive(udp, bytes);
    receiveFrom(udp, bytes);
    assert.deepEqual(given.splice(0), [noSignal, noSignal, 0, 0]);
    for (const [name, flag] of Object.entries(sending)) {
      send(udp, bytes, { [name]: true });
      sendTo(udp, bytes, "127.0.0.1:9", { [name]: true });
      send(udp, bytes, { [name]: false });
      assert.deepEqual(given.splice(0), [flag | noSignal, flag | noSignal, noSignal]);
    }
    for (const [name, flag] of Object.entries(receiving)) {
      receive(udp, bytes, { [name]: true });
      receiveFrom(udp, bytes, { [name]: true });
      receive(udp, bytes, { [name]: undefined });
      assert.deepEqual(given.splice(0), [flag, flag, 0]);
    }
    receive(udp, bytes, { peek: true, truncate: true });
    send(udp, bytes, { more: true, confirm: true });
    assert.deepEqual(given.splice(0), [0x22, 0xc800]);
  } finally {
    Object.assign(libc, { send: sendC, sendto, recv, recvmsg });
  }
});

test("a full socket is null, but one for which there is no port left an error", () =>
  withoutLeaks(() => {
    using full = bound("ipv4");
    using fresh = socket("ipv4", "datagram");
    using local = socket("unix", "datagram");
    const { sendto, connect: connectC } = libc;
    libc.sendto = () => -errno.EAGAIN;
    libc.connect = () => -errno.EAGAIN;
    const bytes = new Uint8Array(1);
    try {
      assert.equal(sendTo(full, bytes, "127.0.0.1:9"), null);
      assert.equal(sendTo(local, bytes, "unix:@nobody"), null);
      assert.throws(() => sendTo(fresh, bytes, "127.0.0.1:9"), {
        code: "EAGAIN",
        syscall: "sendto",
        address: "127.0.0.1:9",
      });
      assert.throws(() => connect(fresh, "127.0.0.1:9"), { code: "EAGAIN", syscall: "connect" });
      assert.equal(connect(local, "unix:@nobody"), null);
    } finally {
      Object.assign(libc, { sendto, connect: connectC });
    }
  }));

/** Whether this process may have a network of its own, as root may. */
const mayUnshare = /^CapEff:\t[0-9a-f]*[2367abef][0-9a-f]{5}$/m.test(
  readFileSync("/proc/self/status", "utf8"),
);

testWhere(
  mayUnshare,
  "CAP_SYS_ADMIN",
  "when all ports are taken, sending is an error",
  async () => {
    const { stdout, stderr } = await runFresh(`
    import { bind as bindC, ok } from "@posixly/sys";
    import { writeFileSync } from "node:fs";
    import { connect, sendTo, socket } from "@posixly/socket";
    const CLONE_NEWNET = 0x40000000;
    ok(bindC({ unshare: ["i32", "i32"] }).unshare(CLONE_NEWNET), "unshare");
    writeFileSync("/proc/sys/net/ipv4/ip_local_port_range", "50000 50001");
    const sockets = Array.from({ length: 3 }, () => socket("ipv4", "datagram"));
    for (const udp of sockets) {
      try {
        sendTo(udp, new Uint8Array(1), "127.0.0.1:9");
      } catch (error) {
        console.log(error.code);
      }
    }
    for (const udp of sockets) udp.close();
  `);
    // The network of its own is down, which the first two find out once they have a port.
    assert.deepEqual([stderr, stdout], ["", "ENETUNREACH\nENETUNREACH\nEAGAIN\n"]);
  },
);

test("what has the address as bytes is an address", () =>
  withoutLeaks(() => {
    using server = bound("ipv4");
    using client = socket("ipv4", "datagram");
    const bytes = encodeAddress(localAddress(server));
    sendTo(client, new Uint8Array(2), { family: 2, bytes: bytes.subarray(2) });
    arrived(server);
    assert.equal(receive(server, new Uint8Array(9)), 2);
  }));

test.run();
