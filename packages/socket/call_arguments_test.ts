import assert from "node:assert/strict";
import { type AsFd, eventfd } from "@posixly/fd";
import { withoutLeaks } from "@posixly/testing";
import { test } from "uvu";
import * as socket from "@posixly/socket";

const bytes = new Uint8Array(8);
const address = "unix:@posixly-nobody";

/** Every function that takes a socket, with arguments that are right. */
const calls: Record<string, (fd: AsFd) => unknown> = {
  accept: (fd) => socket.accept(fd),
  acceptSocket: (fd) => socket.acceptSocket(fd),
  atMark: (fd) => socket.atMark(fd),
  bind: (fd) => socket.bind(fd, address),
  connect: (fd) => socket.connect(fd, address),
  connectionError: (fd) => socket.connectionError(fd),
  disconnect: (fd) => socket.disconnect(fd),
  listen: (fd) => socket.listen(fd),
  localAddress: (fd) => socket.localAddress(fd),
  queuedToRead: (fd) => socket.queuedToRead(fd),
  queuedToSend: (fd) => socket.queuedToSend(fd),
  receive: (fd) => socket.receive(fd, bytes),
  receiveFrom: (fd) => socket.receiveFrom(fd, bytes),
  remoteAddress: (fd) => socket.remoteAddress(fd),
  send: (fd) => socket.send(fd, bytes),
  sendTo: (fd) => socket.sendTo(fd, bytes, address),
  shutdown: (fd) => socket.shutdown(fd, "both"),
  socketInfo: (fd) => socket.socketInfo(fd),
};

/** The call was refused before the kernel heard of it. */
function assertRefused(call: () => unknown, names: readonly string[], what: string): void {
  assert.throws(call, (error: Error) => names.includes(error.name) && error.message !== "", what);
}
const BAD = ["TypeError", "RangeError"];

// deno-fmt-ignore -- a list reads best as a list
const noDescriptors: unknown[] = [
  -1, 1.5, NaN, Infinity, 2 ** 31, 2 ** 32, 0n, true, "0", null, undefined, {}, { fd: -1 }, { fd: "0" }, [0],
];

test("what is no descriptor is refused by every function", () =>
  withoutLeaks(() => {
    for (const [name, call] of Object.entries(calls)) {
      for (const bad of noDescriptors) {
        assertRefused(() => call(bad as number), BAD, `${name} of ${String(bad)}`);
      }
    }
  }));

test("a closed socket is an error of its own, in every function", () =>
  withoutLeaks(() => {
    const pair = socket.socketPair();
    pair[Symbol.dispose]();
    for (const [name, call] of Object.entries(calls)) {
      const message = "Cannot use a descriptor that was closed";
      assert.throws(() => call(pair.first), { name: "Error", message }, name);
    }
  }));

test("a number that is not open is EBADF in every function, and the error says which", () =>
  withoutLeaks(() => {
    for (const [name, call] of Object.entries(calls)) {
      const expected = { name: "SyscallError", code: "EBADF", fd: 1_000_000 };
      assert.throws(() => call(1_000_000), expected, name);
      assert.throws(() => call({ fd: 1_000_000 }), expected, name);
    }
  }));

test("what is no socket is ENOTSOCK, but to ioctl", () =>
  withoutLeaks(() => {
    using counter = eventfd();
    const byIoctl = ["atMark", "queuedToRead", "queuedToSend"];
    for (const [name, call] of Object.entries(calls)) {
      const code = byIoctl.includes(name) ? "ENOTTY" : "ENOTSOCK";
      assert.throws(() => call(counter), { code, fd: counter.fd }, name);
    }
  }));

const detached = () => {
  const view = new Uint8Array(8);
  structuredClone(view.buffer, { transfer: [view.buffer] });
  return view;
};
const Resizable = ArrayBuffer as unknown as new (n: number, o: object) => ArrayBuffer;
// deno-fmt-ignore -- a list reads best as a list
const noBuffers: unknown[] = [
  null, undefined, "text", 5, [1], {}, new ArrayBuffer(8), detached(),
  new Uint8Array(new Resizable(8, { maxByteLength: 16 })),
];

test("what is no buffer is refused by every function that takes one", () =>
  withoutLeaks(() => {
    using pair = socket.socketPair("datagram");
    for (const bad of noBuffers as Uint8Array[]) {
      const taking = [
        () => socket.receive(pair.first, bad),
        () => socket.receiveFrom(pair.first, bad),
        () => socket.send(pair.first, bad),
        () => socket.sendTo(pair.first, bad, address),
      ];
      for (const take of taking) assertRefused(take, ["TypeError"], `${take}`);
    }
    assert.equal(socket.receive(pair.second, bytes), null); // nothing was sent
  }));

test("what is no address is refused by every function that takes one", () =>
  withoutLeaks(() => {
    using udp = socket.socket("ipv4", "datagram");
    // deno-fmt-ignore -- a list reads best as a list
    const noAddresses: unknown[] = [
      null, undefined, 5, "", "localhost:80", "127.0.0.1", {}, [], { family: "inet" },
      { family: "ipv4", host: "localhost", port: 1 }, { family: "ipv4", host: "127.0.0.1", port: 65536 },
      { family: "ipv6", host: "127.0.0.1", port: 1 }, { family: "unix", path: "" },
      { family: "unix", path: "a\0b" }, { family: "unix", path: "x".repeat(109) },
    ];
    for (const bad of noAddresses as string[]) {
      const taking = [
        () => socket.bind(udp, bad),
        () => socket.connect(udp, bad),
        () => socket.sendTo(udp, bytes, bad),
      ];
      for (const take of taking) {
        assertRefused(take, [...BAD, "SyntaxError"], `${take} ${String(bad)}`);
      }
    }
    const unbound = { family: "ipv4", host: "0.0.0.0", port: 0 };
    assert.deepEqual(socket.localAddress(udp), unbound);
  }));

test("an option or a half that there is not is refused, so that a slip does not go unnoticed", () =>
  withoutLeaks(() => {
    using pair = socket.socketPair("datagram");
    const { first } = pair;
    for (const bad of [{ peak: true }, { peek: 1 }, { MSG_PEEK: true }, null, 2, "peek", true]) {
      const options = bad as object;
      const slips = [
        () => socket.accept(first, options),
        () => socket.acceptSocket(first, options),
        () => socket.receive(first, bytes, options),
        () => socket.receiveFrom(first, bytes, options),
        () => socket.send(first, bytes, options),
        () => socket.sendTo(first, bytes, address, options),
      ];
      for (const slip of slips) assertRefused(slip, ["TypeError"], `${slip} ${String(bad)}`);
    }
    for (const half of ["readWrite", "", null, undefined, 2, "toString"]) {
      assertRefused(() => socket.shutdown(first, half as "both"), ["TypeError"], String(half));
    }
    assert.equal(socket.send(first, bytes), 8); // nothing was shut
  }));

test("who misspells an option is told all that there are", () =>
  withoutLeaks(async () => {
    using pair = socket.socketPair("datagram");
    const slip = { misspelt: 1 } as object;
    const all: [call: () => unknown, names: string][] = [
      [() => socket.sendMessages(pair.first, [{ bytes }], slip), "first"],
      [() => socket.receiveMessage(pair.first, bytes, slip), "descriptors, control"],
      [() => socket.encodeControl(slip), "others"],
      [() => socket.connectTcp({ host: "::1", port: 1, ...slip }), "host, port"],
    ];
    for (const [call, names] of all) {
      const message = new RegExp(`^there is no option misspelt, only .*${names}$`);
      // One of them is a promise.
      await assert.rejects(Promise.resolve().then(call), { name: "TypeError", message });
    }
  }));

test("a DataView and wider numbers are bytes too", () =>
  withoutLeaks(() => {
    using pair = socket.socketPair("datagram");
    const memory = new Uint8Array([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    socket.send(pair.first, new DataView(memory.buffer, 2, 3));
    socket.send(pair.first, new Uint16Array(memory.buffer, 4, 2));
    const into = new Uint8Array(20).fill(0xa5);
    assert.equal(socket.receive(pair.second, new DataView(into.buffer, 10)), 3);
    assert.equal(socket.receiveFrom(pair.second, new Int32Array(into.buffer, 0, 2))?.length, 4);
    assert.deepEqual([...into.subarray(10, 14)], [2, 3, 4, 0xa5]);
    assert.deepEqual([...into.subarray(0, 5)], [4, 5, 6, 7, 0xa5]);
  }));

test.run();
