import assert from "node:assert/strict";
import { getFlags } from "@posixly/fd";
import { poll } from "@posixly/mux";
import { withoutLeaks } from "@posixly/testing";
import { test } from "uvu";
import {
  accept,
  acceptSocket,
  type AddressLike,
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
  type Socket,
  socket,
  socketInfo,
} from "@posixly/socket";
import { libc, SO_LINGER, SOL_SOCKET } from "./libc.ts";

const encode = (text: string) => new TextEncoder().encode(text);

/** Waits for an event, or fails: the kernel at the other end is as quick as we are. */
function until(interest: "readable" | "writable" | "priority", fd: Socket): void {
  assert.equal(poll([{ fd, [interest]: true }], { timeout: 10_000 }).length, 1);
}

/** Takes a part of what the peer sent, once it is there. */
function text(fd: Socket, length = 100): string {
  until("readable", fd);
  const buffer = new Uint8Array(length);
  const n = receive(fd, buffer);
  assert.ok(n !== null);
  return new TextDecoder().decode(buffer.subarray(0, n));
}

interface Connected extends Disposable {
  client: Socket;
  server: Socket;
}

const families = { ipv4: "127.0.0.1:0", ipv6: "[::1]:0" } as const;
type Family = keyof typeof families;

function listening(family: Family, backlog?: number): Socket {
  const listener = socket(family, "stream");
  bind(listener, families[family]);
  listen(listener, backlog);
  return listener;
}

function connected(family: Family): Connected {
  using listener = listening(family);
  const client = socket(family, "stream");
  connect(client, localAddress(listener));
  until("readable", listener);
  const { socket: server } = accept(listener)!;
  until("writable", client);
  return {
    client,
    server,
    [Symbol.dispose]() {
      client.close();
      server.close();
    },
  };
}

/** An address of which nobody else is, and where nobody listens. */
function nowhere(family: Family): { holder: Socket; address: AddressLike } {
  const holder = socket(family, "stream");
  bind(holder, families[family]);
  return { holder, address: localAddress(holder) };
}

for (const family of ["ipv4", "ipv6"] as const) {
  test(`${family}: two get to know each other, talk, and part`, () =>
    withoutLeaks(() => {
      using listener = listening(family);
      assert.equal(accept(listener), null);
      assert.equal(socketInfo(listener).listening, true);

      using client = socket(family, "stream");
      assert.equal(remoteAddress(client), null);
      assert.equal(connect(client, localAddress(listener)), false);
      until("writable", client);
      assert.equal(connectionError(client), null);
      assert.deepEqual(remoteAddress(client), localAddress(listener));

      until("readable", listener);
      const accepted = accept(listener)!;
      using server = accepted.socket;
      assert.deepEqual(accepted.address, localAddress(client));
      assert.deepEqual(remoteAddress(server), localAddress(client));
      assert.deepEqual(localAddress(server), localAddress(listener));
      const { closeOnExec, nonBlocking } = getFlags(server);
      assert.deepEqual([closeOnExec, nonBlocking], [true, true]);
      assert.equal(accept(listener), null);

      assert.equal(receive(server, new Uint8Array(4)), null);
      assert.equal(send(client, encode("question")), 8);
      assert.equal(text(server), "question");
      assert.equal(send(server, encode("answer")), 6);
      shutdown(server, "write");
      assert.equal(text(client), "answer");
      assert.equal(text(client), ""); // the end
      assert.equal(send(client, encode("thanks")), 6); // the other way goes on
      assert.equal(text(server), "thanks");
    }));

  test(`${family}: nobody listens, which the socket tells once`, () =>
    withoutLeaks(() => {
      const { holder, address } = nowhere(family);
      using client = socket(family, "stream");
      assert.equal(connect(client, address), false);
      until("writable", client);
      const error = connectionError(client);
      assert.equal(error?.code, "ECONNREFUSED");
      assert.equal(error?.syscall, "connect");
      assert.equal(error?.fd, client.fd);
      assert.equal(connectionError(client), null);
      assert.equal(remoteAddress(client), null);
      holder.close();
    }));

  test(`${family}: nobody listens, which a blocking socket throws, with the address`, () =>
    withoutLeaks(() => {
      const { holder, address } = nowhere(family);
      using client = socket(family, "stream", "tcp", { nonBlocking: false });
      assert.throws(() => connect(client, address), { code: "ECONNREFUSED", syscall: "connect" });
      const { port } = localAddress(holder) as { port: number };
      const host = family === "ipv4" ? "127.0.0.1" : "[::1]";
      assert.throws(() => connect(client, address), { address: `${host}:${port}`, fd: client.fd });
      holder.close();
    }));

  test(`${family}: a byte goes ahead of the others, and leaves a mark`, () =>
    withoutLeaks(() => {
      using ends = connected(family);
      assert.equal(atMark(ends.server), false);
      assert.throws(() => receive(ends.server, new Uint8Array(1), { outOfBand: true }), {
        code: "EINVAL",
      });
      send(ends.client, encode("before"));
      send(ends.client, encode("!"), { outOfBand: true });
      send(ends.client, encode("after"));
      until("priority", ends.server);

      const urgent = new Uint8Array(4);
      assert.equal(receive(ends.server, urgent, { outOfBand: true }), 1);
      assert.equal(urgent[0], "!".charCodeAt(0));
      assert.equal(atMark(ends.server), false);
      assert.equal(text(ends.server), "before"); // no further than the mark
      assert.equal(atMark(ends.server), true);
      assert.equal(text(ends.server), "after");
      assert.equal(atMark(ends.server), false);
    }));
}

test("to ask again for a connection tells how far it is", () =>
  withoutLeaks(() => {
    using listener = listening("ipv4", 0);
    using first = socket("ipv4", "stream");
    assert.equal(connect(first, localAddress(listener)), false);
    until("writable", first);
    assert.equal(connect(first, localAddress(listener)), true);
    assert.throws(() => connect(first, localAddress(listener)), { code: "EISCONN" });

    until("readable", listener); // and now full, so that it answers nobody else
    using second = socket("ipv4", "stream");
    assert.equal(connect(second, localAddress(listener)), false);
    assert.equal(connect(second, localAddress(listener)), false);
    assert.equal(connectionError(second), null); // it has not failed, at least
    assert.equal(remoteAddress(second), null);
  }));

test("what waits to be read and to be sent is counted, and looking leaves it there", () =>
  withoutLeaks(() => {
    using ends = connected("ipv4");
    assert.deepEqual([queuedToRead(ends.server), queuedToSend(ends.client)], [0, 0]);
    send(ends.client, encode("ten bytes!"));
    until("readable", ends.server);
    assert.equal(queuedToRead(ends.server), 10);

    const buffer = new Uint8Array(3);
    assert.equal(receive(ends.server, buffer, { peek: true }), 3);
    assert.equal(receive(ends.server, buffer, { peek: true }), 3);
    assert.equal(queuedToRead(ends.server), 10);
    assert.equal(receive(ends.server, buffer), 3);
    assert.equal(queuedToRead(ends.server), 7);

    const much = new Uint8Array(1 << 20);
    let sent = 0;
    for (let n: number | null; (n = send(ends.client, much)) !== null;) sent += n;
    assert.ok(queuedToSend(ends.client) > 0);
    assert.ok(queuedToSend(ends.client) < sent);
  }));

test("truncate throws the bytes of a stream away, and writes none", () =>
  withoutLeaks(() => {
    using ends = connected("ipv4");
    send(ends.client, encode("unwanted, wanted"));
    until("readable", ends.server);
    const buffer = new Uint8Array(10).fill(0xa5);
    assert.equal(receive(ends.server, buffer, { truncate: true }), 10);
    assert.ok(buffer.every((byte) => byte === 0xa5));
    assert.equal(text(ends.server), "wanted");
  }));

test("on a connection a message has no sender, and nothing of a stream is lost", () =>
  withoutLeaks(() => {
    using ends = connected("ipv6");
    send(ends.client, encode("abc"));
    until("readable", ends.server);
    const buffer = new Uint8Array(2);
    const expected = { length: 2, from: null, truncated: false };
    assert.deepEqual(receiveFrom(ends.server, buffer), expected);
    assert.deepEqual(receiveFrom(ends.server, buffer), { ...expected, length: 1 });
    assert.equal(receiveFrom(ends.server, buffer), null);
    ends.client.close();
    until("readable", ends.server);
    assert.deepEqual(receiveFrom(ends.server, buffer), { ...expected, length: 0 }); // the end
  }));

test("a peer that resets is ECONNRESET once, then the end; and EPIPE to whoever sends", () =>
  withoutLeaks(() => {
    using ends = connected("ipv4");
    const linger = new Int32Array([1, 0]); // on, for 0 seconds
    assert.equal(libc.setsockopt(ends.client.fd, SOL_SOCKET, SO_LINGER, linger, 8), 0);
    ends.client.close();
    until("readable", ends.server);
    assert.throws(() => receive(ends.server, new Uint8Array(1)), {
      code: "ECONNRESET",
      syscall: "recv",
    });
    assert.equal(receive(ends.server, new Uint8Array(1)), 0);
    assert.throws(() => send(ends.server, new Uint8Array(1)), { code: "EPIPE", syscall: "send" });
    assert.equal(remoteAddress(ends.server), null);
  }));

test("a connection that was reset before it was accepted is told when it is used", () =>
  withoutLeaks(() => {
    using listener = listening("ipv4");
    const client = socket("ipv4", "stream", "tcp", { nonBlocking: false });
    connect(client, localAddress(listener));
    const linger = new Int32Array([1, 0]);
    assert.equal(libc.setsockopt(client.fd, SOL_SOCKET, SO_LINGER, linger, 8), 0);
    client.close();
    until("readable", listener);
    using server = acceptSocket(listener)!;
    assert.throws(() => receive(server, new Uint8Array(1)), { code: "ECONNRESET" });
  }));

test("shutdown ends a connection for all who have it, and only what is connected", () =>
  withoutLeaks(() => {
    using ends = connected("ipv4");
    shutdown(ends.client, "read");
    assert.equal(receive(ends.client, new Uint8Array(1)), 0);
    assert.equal(send(ends.server, encode("unheard")), 7); // TCP takes no notice
    shutdown(ends.client, "both");
    assert.throws(() => send(ends.client, encode("x")), { code: "EPIPE" });
    assert.equal(text(ends.server), "");

    using fresh = socket("ipv4", "stream");
    assert.throws(() => shutdown(fresh, "write"), { code: "ENOTCONN", syscall: "shutdown" });
    assert.throws(() => send(fresh, encode("x")), { code: "EPIPE" });
    assert.throws(() => receive(fresh, new Uint8Array(1)), { code: "ENOTCONN" });
    assert.throws(() => sendTo(fresh, encode("x"), "127.0.0.1:9"), { code: "EPIPE" });
  }));

test("a connection that is given up is a reset to the peer, and the socket as new", () =>
  withoutLeaks(() => {
    using listener = listening("ipv4");
    using ends = connected("ipv4");
    disconnect(ends.client);
    until("readable", ends.server);
    assert.throws(() => receive(ends.server, new Uint8Array(1)), { code: "ECONNRESET" });
    assert.equal(remoteAddress(ends.client), null);
    assert.equal(connect(ends.client, localAddress(listener)), false);
    until("readable", listener);
    accept(listener)!.socket.close();
  }));

test("an address belongs to one, and has to be one of ours", () =>
  withoutLeaks(() => {
    using listener = listening("ipv4");
    using other = socket("ipv4", "stream");
    const { port } = localAddress(listener) as { port: number };
    assert.throws(() => bind(other, localAddress(listener)), {
      code: "EADDRINUSE",
      syscall: "bind",
      fd: other.fd,
      address: `127.0.0.1:${port}`,
    });
    assert.throws(() => bind(other, "192.0.2.1:0"), {
      code: "EADDRNOTAVAIL",
      address: "192.0.2.1:0",
    });
    assert.throws(() => bind(other, "[::1]:0"), { code: "EAFNOSUPPORT" });
    bind(other, "127.0.0.1:0");
    assert.throws(() => bind(other, "127.0.0.1:0"), { code: "EINVAL" });
  }));

test("to listen without an address is to get a port; to listen again is to change the backlog", () =>
  withoutLeaks(() => {
    using listener = socket("ipv6", "stream");
    listen(listener);
    const own = localAddress(listener);
    assert.ok(own.family === "ipv6" && own.host === "::" && own.port > 0);
    listen(listener, 3);
    assert.deepEqual(localAddress(listener), own);
  }));

test("a socket that listens holds no bytes", () => {
  using listener = listening("ipv4");
  assert.throws(() => queuedToRead(listener), { code: "EINVAL", syscall: "ioctl" });
  assert.throws(() => queuedToSend(listener), { code: "EINVAL" });
  assert.throws(() => connect(listener, localAddress(listener)), { code: "EISCONN" });
});

test.run();
