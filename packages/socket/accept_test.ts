import assert from "node:assert/strict";
import { getFlags } from "@posixly/fd";
import { errno } from "@posixly/sys";
import { withoutLeaks } from "@posixly/testing";
import { test } from "uvu";
import {
  accept,
  acceptSocket,
  bind,
  connect,
  listen,
  localAddress,
  receive,
  send,
  type Socket,
  socket,
} from "@posixly/socket";
import { libc } from "./libc.ts";

/** One that listens, and somebody who has connected. */
function called(): { listener: Socket; client: Socket } {
  const listener = socket("unix", "stream");
  bind(listener, { family: "unix" });
  listen(listener);
  const client = socket("unix", "stream");
  connect(client, localAddress(listener));
  return { listener, client };
}

/** Has the kernel answer so before it does its work. */
function answering(answers: number[], run: () => void): void {
  const { accept4 } = libc;
  libc.accept4 = (...args) => answers.shift() ?? accept4(...args);
  try {
    run();
  } finally {
    libc.accept4 = accept4;
  }
  assert.deepEqual(answers, []); // each was given
}

test("connections that were lost meanwhile are passed over, and the next one is accepted", () =>
  withoutLeaks(() => {
    for (const acceptOne of [acceptSocket, (fd: Socket) => accept(fd)?.socket ?? null]) {
      const { listener, client } = called();
      send(client, new Uint8Array([7]));
      const lost = [
        errno.ECONNABORTED,
        errno.ENETDOWN,
        errno.EPROTO,
        errno.ENOPROTOOPT,
        errno.EHOSTDOWN,
        errno.ENONET,
        errno.EHOSTUNREACH,
        errno.ENETUNREACH,
        errno.EINTR,
      ];
      answering(lost.map((number) => -number), () => {
        using server = acceptOne(listener)!;
        assert.equal(receive(server, new Uint8Array(9)), 1);
      });
      answering([-errno.ECONNABORTED], () => assert.equal(acceptOne(listener), null));
      client.close();
      listener.close();
    }
  }));

test("what is wrong with the one that listens is not passed over", () =>
  withoutLeaks(() => {
    const { listener, client } = called();
    const errors = [
      "EOPNOTSUPP",
      "EMFILE",
      "ENFILE",
      "ENOBUFS",
      "ENOMEM",
      "EPERM",
      "EINVAL",
    ] as const;
    for (const code of errors) {
      answering([-errno[code]], () => {
        const expected = { code, syscall: "accept4", fd: listener.fd };
        assert.throws(() => accept(listener), expected);
      });
    }
    using datagrams = socket("ipv4", "datagram");
    assert.throws(() => accept(datagrams), { code: "EOPNOTSUPP" });
    using fresh = socket("ipv4", "stream");
    assert.throws(() => accept(fresh), { code: "EINVAL" });
    acceptSocket(listener)!.close(); // which all the while was there
    client.close();
    listener.close();
  }));

test("what is accepted does not block, unless it is told to, whatever the listener does", () =>
  withoutLeaks(() => {
    using listener = socket("unix", "stream", 0, { nonBlocking: false });
    bind(listener, { family: "unix" });
    listen(listener);
    for (const nonBlocking of [true, false, undefined]) {
      for (const acceptOne of [accept, acceptSocket]) {
        using client = socket("unix", "stream");
        connect(client, localAddress(listener));
        const options = nonBlocking === undefined ? undefined : { nonBlocking };
        const accepted = acceptOne(listener, options)!;
        using server = "socket" in accepted ? accepted.socket : accepted;
        const flags = getFlags(server);
        assert.deepEqual([flags.nonBlocking, flags.closeOnExec], [nonBlocking ?? true, true]);
      }
    }
  }));

test("a backlog is a whole number from -1, which is as many as may be", () =>
  withoutLeaks(() => {
    using server = socket("unix", "stream");
    bind(server, { family: "unix" });
    for (const backlog of [-1, 0, -0, 1, 2 ** 31 - 1, undefined]) listen(server, backlog);
    for (const backlog of [-2, 2 ** 31, 2 ** 32, Infinity]) {
      assert.throws(() => listen(server, backlog), RangeError);
    }
    for (const backlog of [0.5, NaN, "1", null, {}]) {
      assert.throws(() => listen(server, backlog as number), TypeError);
    }
  }));

test("by default as many may wait as the system allows", () =>
  withoutLeaks(() => {
    using listener = socket("unix", "stream");
    bind(listener, { family: "unix" });
    listen(listener);
    const clients = Array.from({ length: 300 }, () => socket("unix", "stream"));
    for (const client of clients) assert.equal(connect(client, localAddress(listener)), true);
    for (const client of clients) client.close();
  }));

test.run();
