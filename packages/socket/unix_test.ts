import assert from "node:assert/strict";
import { existsSync, lstatSync, mkdtempSync, rmSync, unlinkSync } from "node:fs";
import fc from "fast-check";
import { poll } from "@posixly/mux";
import { withoutLeaks } from "@posixly/testing";
import { test } from "uvu";
import {
  accept,
  acceptSocket,
  atMark,
  bind,
  connect,
  connectionError,
  disconnect,
  listen,
  localAddress,
  queuedToRead,
  queuedToSend,
  receive,
  receiveFrom,
  remoteAddress,
  send,
  sendTo,
  shutdown,
  socket,
  socketPair,
  type UnixAddress,
} from "@posixly/socket";

const folder = mkdtempSync("/tmp/posixly-unix-");
test.after(() => rmSync(folder, { recursive: true }));

let names = 0;
/** A name that no other test has, and no other process. */
const fresh = () => `${folder}/${names++}`;

for (const type of ["stream", "seqpacket"] as const) {
  test(`${type}: two meet at a path, and the client has no name`, () =>
    withoutLeaks(() => {
      const path = fresh();
      const address = { family: "unix", path } as const;
      using listener = socket("unix", type);
      bind(listener, address);
      assert.ok(lstatSync(path).isSocket());
      assert.deepEqual(localAddress(listener), address);
      listen(listener);
      assert.equal(accept(listener), null);

      using client = socket("unix", type);
      assert.equal(connect(client, `unix:${path}`), true);
      assert.deepEqual(remoteAddress(client), address);
      const accepted = accept(listener)!;
      using server = accepted.socket;
      assert.deepEqual(accepted.address, { family: "unix" });
      assert.deepEqual(remoteAddress(server), { family: "unix" });
      assert.deepEqual(localAddress(server), address);

      send(client, new Uint8Array(3));
      send(client, new Uint8Array(4));
      const buffer = new Uint8Array(9);
      assert.equal(receive(server, buffer), type === "stream" ? 7 : 3);
    }));

  test(`${type}: a client that has a name is known by it`, () =>
    withoutLeaks(() => {
      using listener = socket("unix", type);
      bind(listener, { family: "unix" });
      listen(listener);
      using client = socket("unix", type);
      const name = { family: "unix", abstract: fresh() } as const;
      bind(client, name);
      connect(client, localAddress(listener));
      const { socket: server, address } = accept(listener)!;
      assert.deepEqual(address, name);
      server.close();
    }));
}

test("a path stays when its socket is closed: nobody listens there, and nobody may bind it", () =>
  withoutLeaks(() => {
    const path = fresh();
    const old = socket("unix", "stream");
    bind(old, `unix:${path}`);
    listen(old);
    old.close();
    using client = socket("unix", "stream");
    const refused = { code: "ECONNREFUSED", address: `unix:${path}` };
    assert.throws(() => connect(client, `unix:${path}`), refused);
    using next = socket("unix", "stream");
    assert.throws(() => bind(next, `unix:${path}`), { code: "EADDRINUSE" });
    unlinkSync(path);
    assert.throws(() => connect(client, `unix:${path}`), { code: "ENOENT" });
    bind(next, `unix:${path}`);
    listen(next);
    assert.equal(connect(client, `unix:${path}`), true);
  }));

test("a path of 108 bytes has no room for its NUL, and works", () =>
  withoutLeaks(() => {
    const path = `${fresh()}-`.padEnd(108, "x");
    using server = socket("unix", "datagram");
    bind(server, { family: "unix", path });
    assert.ok(existsSync(path));
    assert.deepEqual(localAddress(server), { family: "unix", path });
    using client = socket("unix", "datagram");
    assert.equal(sendTo(client, new Uint8Array(5), { family: "unix", path }), 5);
    assert.equal(receive(server, new Uint8Array(9)), 5);

    const named: UnixAddress = { family: "unix", path: `${fresh()}-`.padEnd(108, "y") };
    bind(client, named);
    connect(client, { family: "unix", path });
    assert.deepEqual(remoteAddress(client), { family: "unix", path });
    send(client, new Uint8Array(5));
    assert.deepEqual(receiveFrom(server, new Uint8Array(9))?.from, named);
  }));

test("an abstract name may be of any bytes, and is gone with its socket", () =>
  withoutLeaks(() => {
    const bytes = fc.uint8Array({ minLength: 20, maxLength: 107 - folder.length });
    fc.assert(fc.property(bytes, (bytes) => {
      const abstract = new Uint8Array([...new TextEncoder().encode(folder), ...bytes]);
      using server = socket("unix", "datagram");
      bind(server, { family: "unix", abstract });
      using client = socket("unix", "datagram");
      assert.equal(connect(client, { family: "unix", abstract }), true);
      assert.equal(send(client, bytes), bytes.length);
      const buffer = new Uint8Array(200);
      assert.equal(receive(server, buffer), bytes.length);
      assert.deepEqual(buffer.subarray(0, bytes.length), bytes);
      server.close();
      assert.throws(() => send(client, bytes), { code: "ECONNREFUSED" });
      disconnect(client);
      assert.throws(() => connect(client, { family: "unix", abstract }), { code: "ECONNREFUSED" });
    }));
  }));

test("an unnamed address lets the kernel choose one", () =>
  withoutLeaks(() => {
    using one = socket("unix", "datagram");
    using other = socket("unix", "datagram");
    assert.deepEqual(localAddress(one), { family: "unix" });
    bind(one, { family: "unix" });
    bind(other, { family: "unix" });
    const own = localAddress(one) as UnixAddress;
    assert.match(String(own.abstract), /^[0-9a-f]{5}$/);
    assert.notDeepEqual(localAddress(other), own);
    sendTo(other, new Uint8Array(2), own);
    assert.deepEqual(receiveFrom(one, new Uint8Array(9)), {
      length: 2,
      from: localAddress(other),
      truncated: false,
    });
  }));

test("who has no name sends without one", () =>
  withoutLeaks(() => {
    using server = socket("unix", "datagram");
    bind(server, { family: "unix" });
    using client = socket("unix", "datagram");
    sendTo(client, new Uint8Array(0), localAddress(server));
    const nobody = { length: 0, from: null, truncated: false };
    assert.deepEqual(receiveFrom(server, new Uint8Array(9)), nobody);
    assert.equal(receiveFrom(server, new Uint8Array(9)), null);
  }));

test("a server with no room is null to whoever connects, until it accepts", () =>
  withoutLeaks(() => {
    for (const backlog of [0, 3]) {
      using listener = socket("unix", "stream");
      bind(listener, { family: "unix" });
      listen(listener, backlog);
      const address = localAddress(listener);
      const clients = Array.from({ length: backlog + 1 }, () => socket("unix", "stream"));
      for (const client of clients) assert.equal(connect(client, address), true);
      using late = socket("unix", "stream");
      assert.equal(connect(late, address), null);
      assert.equal(connect(late, address), null);
      assert.equal(connectionError(late), null);
      assert.equal(remoteAddress(late), null);

      acceptSocket(listener)!.close();
      assert.equal(connect(late, address), true);
      acceptSocket(listener)!.close();
      assert.throws(() => connect(late, address), { code: "EISCONN" });
      listener.close(); // with all who wait
      assert.throws(() => send(late, new Uint8Array(1)), { code: "EPIPE" });
      for (const client of clients) client.close();
    }
  }));

test("connections are accepted in the order they came", () =>
  withoutLeaks(() => {
    using listener = socket("unix", "stream");
    bind(listener, { family: "unix" });
    listen(listener);
    const clients = Array.from({ length: 20 }, () => socket("unix", "stream"));
    clients.forEach((client, i) => {
      connect(client, localAddress(listener));
      send(client, new Uint8Array([i]));
    });
    const buffer = new Uint8Array(1);
    for (let i = 0; i < clients.length; i++) {
      using server = i % 2 === 0 ? acceptSocket(listener)! : accept(listener)!.socket;
      assert.equal(receive(server, buffer), 1);
      assert.equal(buffer[0], i);
    }
    assert.equal(acceptSocket(listener), null);
    for (const client of clients) client.close();
  }));

test("to meet one of another type, or where there is none, is an error", () =>
  withoutLeaks(() => {
    using server = socket("unix", "datagram");
    bind(server, `unix:${fresh()}`);
    using client = socket("unix", "stream");
    assert.throws(() => connect(client, localAddress(server)), { code: "EPROTOTYPE" });
    assert.throws(() => connect(client, `unix:${folder}`), { code: "ECONNREFUSED" });
    assert.throws(() => connect(client, `unix:${fresh()}/no/such`), { code: "ENOENT" });
    assert.throws(() => bind(client, `unix:${fresh()}/no/such`), {
      code: "ENOENT",
      syscall: "bind",
    });
    assert.throws(() => connect(client, "127.0.0.1:9"), { code: "EINVAL" });
    assert.throws(() => listen(client), { code: "EINVAL", syscall: "listen" });
    assert.throws(() => listen(server), { code: "EOPNOTSUPP" });
    assert.throws(() => disconnect(client), { code: "EINVAL", syscall: "connect" });
    assert.throws(() => atMark(server), { code: "EOPNOTSUPP", syscall: "sockatmark" });
  }));

test("a connected datagram socket takes nothing of others", () =>
  withoutLeaks(() => {
    using server = socket("unix", "datagram");
    using client = socket("unix", "datagram");
    using stranger = socket("unix", "datagram");
    for (const each of [server, client]) bind(each, { family: "unix" });
    connect(server, localAddress(client));
    assert.throws(() => sendTo(stranger, new Uint8Array(1), localAddress(server)), {
      code: "EPERM",
      syscall: "sendto",
    });
    assert.equal(sendTo(client, new Uint8Array(1), localAddress(server)), 1);
    disconnect(server);
    assert.equal(sendTo(stranger, new Uint8Array(1), localAddress(server)), 1);
  }));

test("a receiver with no room is null, and an event says when there is, if it is the peer", () =>
  withoutLeaks(() => {
    using server = socket("unix", "datagram");
    bind(server, { family: "unix" });
    using client = socket("unix", "datagram");
    while (sendTo(client, new Uint8Array(1), localAddress(server)) !== null);
    assert.equal(poll([{ fd: client, writable: true }]).length, 1); // others have room
    connect(client, localAddress(server));
    assert.deepEqual(poll([{ fd: client, writable: true }]), []);
    assert.equal(send(client, new Uint8Array(1)), null);
    receive(server, new Uint8Array(1));
    assert.equal(poll([{ fd: client, writable: true }]).length, 1);
    assert.equal(send(client, new Uint8Array(1)), 1);
  }));

test("a byte goes ahead of the others in a stream, and leaves a mark", () =>
  withoutLeaks(() => {
    using pair = socketPair();
    send(pair.first, new Uint8Array([1, 2, 3]));
    send(pair.first, new Uint8Array([4, 99]), { outOfBand: true }); // the last of them
    send(pair.first, new Uint8Array([5]));
    const buffer = new Uint8Array(9);
    assert.equal(receive(pair.second, buffer, { outOfBand: true }), 1);
    assert.equal(buffer[0], 99);
    assert.equal(atMark(pair.second), false);
    assert.equal(receive(pair.second, buffer), 4);
    assert.deepEqual([...buffer.subarray(0, 4)], [1, 2, 3, 4]);
    assert.equal(atMark(pair.second), true);
    assert.equal(receive(pair.second, buffer), 1);
    assert.equal(atMark(pair.second), false);
  }));

test("of messages the next one is counted, of streams and seqpackets all bytes", () =>
  withoutLeaks(() => {
    const counts = { stream: 30, seqpacket: 30, datagram: 10 };
    for (const type of ["stream", "seqpacket", "datagram"] as const) {
      using pair = socketPair(type);
      assert.deepEqual([queuedToRead(pair.second), queuedToSend(pair.first)], [0, 0]);
      send(pair.first, new Uint8Array(10));
      send(pair.first, new Uint8Array(20));
      assert.equal(queuedToRead(pair.second), counts[type]);
      assert.ok(queuedToSend(pair.first) >= 30);
      while (receive(pair.second, new Uint8Array(99)) !== null);
      assert.deepEqual([queuedToRead(pair.second), queuedToSend(pair.first)], [0, 0]);
    }
  }));

test("a half that is ended for reading is EPIPE to the peer that sends", () =>
  withoutLeaks(() => {
    using pair = socketPair();
    send(pair.first, new Uint8Array(3));
    shutdown(pair.second, "read");
    assert.throws(() => send(pair.first, new Uint8Array(1)), { code: "EPIPE" });
    assert.equal(receive(pair.second, new Uint8Array(9)), 3); // what is there is not lost
    assert.equal(receive(pair.second, new Uint8Array(9)), 0);
    assert.equal(send(pair.second, new Uint8Array(4)), 4);
    shutdown(pair.second, "both");
    assert.throws(() => send(pair.second, new Uint8Array(1)), { code: "EPIPE" });
  }));

test.run();
