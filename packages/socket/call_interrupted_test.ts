import assert from "node:assert/strict";
import { interrupted, withoutLeaks } from "@posixly/testing";
import { test } from "uvu";
import {
  accept,
  acceptSocket,
  bind,
  connect,
  listen,
  localAddress,
  receive,
  receiveFrom,
  send,
  sendTo,
  socket,
  socketPair,
} from "@posixly/socket";
import { libc } from "./libc.ts";

function acceptingBy(acceptOne: typeof accept | typeof acceptSocket) {
  return () => {
    using listener = socket("unix", "stream");
    bind(listener, { family: "unix" });
    listen(listener);
    using client = socket("unix", "stream");
    assert.equal(connect(client, localAddress(listener)), true);
    const accepted = acceptOne(listener)!;
    ("socket" in accepted ? accepted.socket : accepted).close();
  };
}

/** What uses the function that the C side calls so. */
const steps: [keyof typeof libc, string, () => void][] = [
  ["accept4", "accept", acceptingBy(accept)],
  ["accept4", "acceptSocket", acceptingBy(acceptSocket)],
  ["connect", "connect", acceptingBy(accept)],
  ["send", "send", () => {
    using pair = socketPair();
    assert.equal(send(pair.first, new Uint8Array(3)), 3);
  }],
  ["sendto", "sendTo", () => {
    using server = socket("unix", "datagram");
    bind(server, { family: "unix" });
    using client = socket("unix", "datagram");
    assert.equal(sendTo(client, new Uint8Array(3), localAddress(server)), 3);
  }],
  ["recv", "receive", () => {
    using pair = socketPair();
    send(pair.first, new Uint8Array(3));
    assert.equal(receive(pair.second, new Uint8Array(9)), 3);
  }],
  ["recvmsg", "receiveFrom", () => {
    using pair = socketPair("datagram");
    send(pair.first, new Uint8Array(3));
    assert.equal(receiveFrom(pair.second, new Uint8Array(2))?.truncated, true);
  }],
];

for (const [name, caller, step] of steps) {
  test(`${caller} begins again when a signal interrupts it, as often as that happens`, () =>
    withoutLeaks(() => interrupted(libc, name, step)));
}

test.run();
