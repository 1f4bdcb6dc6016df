import assert from "node:assert/strict";
import fc from "fast-check";
import { memfd, type OwnedFd, stat } from "@posixly/fd";
import { runFresh, withoutLeaks } from "@posixly/testing";
import { test } from "uvu";
import {
  connectTcp,
  listenTcp,
  receive,
  receiveDescriptors,
  send,
  sendDescriptors,
  sendMessage,
  sendMessages,
  setOptions,
  shutdown,
  socketPair,
  udp,
} from "@posixly/socket";
import { libc } from "./libc.ts";

const encode = (text: string) => new TextEncoder().encode(text);
const inode = (fd: OwnedFd) => Number(stat(fd).inode);

test("any number of descriptors goes over a stream, in order", () =>
  withoutLeaks(() => {
    const files = Array.from({ length: 7 }, (_, i) => memfd(`file ${i}`));
    const inodes = files.map(inode);
    const counts = fc.oneof(
      fc.integer({ min: 1, max: 20 }),
      fc.constantFrom(252, 253, 254, 506, 507),
    );
    fc.assert(
      fc.property(counts, fc.nat({ max: 10 }), (count, more) => {
        using pair = socketPair();
        const messages = Math.ceil(count / 253);
        const bytes = Uint8Array.from({ length: messages + more }, (_, i) => i);
        const list = Array.from({ length: count }, (_, i) => files[i % 7]);
        const sent = sendDescriptors(pair.first, list, bytes);
        assert.deepEqual(sent, { descriptors: count, bytes: bytes.length });

        const into = new Uint8Array(100).fill(0xa5);
        using received = receiveDescriptors(pair.second, count, into);
        assert.deepEqual(received!.descriptors.map(inode), list.map((_, i) => inodes[i % 7]));
        assert.equal(received!.length, bytes.length);
        assert.deepEqual(into.subarray(0, bytes.length), bytes);
        assert.deepEqual([received!.ended, received!.lost], [false, false]);
        assert.equal(receiveDescriptors(pair.second, 1), null);
      }),
      { numRuns: 40 },
    );
    for (const file of files) file.close();
  }));

test("without bytes a 0 goes along with each message, and that much is received", () =>
  withoutLeaks(() => {
    using file = memfd("bytes");
    using pair = socketPair();
    assert.deepEqual(sendDescriptors(pair.first, Array(600).fill(file)), {
      descriptors: 600,
      bytes: 3,
    });
    send(pair.first, Uint8Array.of(9)); // of somebody else
    using received = receiveDescriptors(pair.second, 600);
    assert.equal(received!.descriptors.length, 600);
    const rest = new Uint8Array(10);
    assert.equal(receive(pair.second, rest), 1);
    assert.equal(rest[0], 9);
  }));

test("messages take 253 descriptors in all, and need no bytes", () =>
  withoutLeaks(() => {
    using file = memfd("messages");
    for (const type of ["datagram", "seqpacket"] as const) {
      using pair = socketPair(type);
      assert.throws(() => sendDescriptors(pair.first, Array(254).fill(file)), {
        name: "RangeError",
        message: "a message takes 253 descriptors at most",
      });
      const sent = sendDescriptors(pair.first, Array(253).fill(file), new Uint8Array(0));
      assert.deepEqual(sent, { descriptors: 253, bytes: 0 });
      using received = receiveDescriptors(pair.second, 253);
      assert.equal(received!.descriptors.length, 253);
    }
  }));

test("what has come so far is given, and the end is told", () =>
  withoutLeaks(() => {
    using file = memfd("so far");
    using pair = socketPair();
    const into = new Uint8Array(8);
    assert.equal(receiveDescriptors(pair.second, 5, into), null);
    sendDescriptors(pair.first, [file, file]);
    {
      using some = receiveDescriptors(pair.second, 5, into);
      assert.deepEqual([some!.descriptors.length, some!.length, some!.ended], [2, 1, false]);
    }
    sendDescriptors(pair.first, [file]);
    shutdown(pair.first, "write");
    using last = receiveDescriptors(pair.second, 5, into);
    assert.deepEqual([last!.descriptors.length, last!.length, last!.ended], [1, 1, true]);
    using end = receiveDescriptors(pair.second, 5, into);
    assert.deepEqual([end!.descriptors.length, end!.length, end!.ended], [0, 0, true]);
  }));

test("more than were asked for are closed, and that is told", () =>
  withoutLeaks(() => {
    using file = memfd("surplus");
    using pair = socketPair();
    sendDescriptors(pair.first, [file, file, file]);
    using received = receiveDescriptors(pair.second, 2);
    assert.deepEqual([received!.descriptors.length, received!.lost], [2, true]);
  }));

test("a socket that is full takes nothing, or some, and the rest goes later", () =>
  withoutLeaks(() => {
    using file = memfd("full");
    using pair = socketPair();
    setOptions(pair.first, { sendBuffer: 1 }); // the least there is
    const { syscall$sendmsg } = libc;
    let calls = 0;
    const EAGAIN = 11;
    libc.syscall$sendmsg = (...args) => ++calls === 2 ? -EAGAIN : syscall$sendmsg(...args);
    try {
      const list = Array(300).fill(file);
      assert.deepEqual(sendDescriptors(pair.first, list), { descriptors: 253, bytes: 1 });
      calls = 1;
      assert.equal(sendDescriptors(pair.first, list), null);
    } finally {
      libc.syscall$sendmsg = syscall$sendmsg;
    }
    while (send(pair.first, new Uint8Array(1000)) !== null);
    assert.equal(sendDescriptors(pair.first, [file]), null);
  }));

test("what came before an error is closed, and what went before one is told", () =>
  withoutLeaks(() => {
    using file = memfd("error");
    using pair = socketPair();
    const { recvmsg, syscall$sendmsg } = libc;
    const EIO = 5;
    let calls = 0;
    try {
      libc.syscall$sendmsg = (...args) => ++calls === 2 ? -EIO : syscall$sendmsg(...args);
      const list = Array(300).fill(file);
      assert.deepEqual(sendDescriptors(pair.first, list), { descriptors: 253, bytes: 1 });
      calls = 1;
      assert.throws(() => sendDescriptors(pair.first, list), { code: "EIO" });
      calls = 0;
      libc.recvmsg = (...args) => ++calls === 2 ? -EIO : recvmsg(...args);
      const into = new Uint8Array(8);
      assert.throws(() => receiveDescriptors(pair.second, 300, into), { code: "EIO" });
    } finally {
      Object.assign(libc, { recvmsg, syscall$sendmsg });
    }
  }));

test("what is not as described is refused before anything is sent", () =>
  withoutLeaks(() => {
    using pair = socketPair();
    const wrong: [() => unknown, string][] = [
      [() => sendDescriptors(pair.first, []), "RangeError"],
      [() => sendDescriptors(pair.first, [-1]), "RangeError"],
      [() => sendDescriptors(pair.first, 1 as never), "TypeError"],
      [() => sendDescriptors(pair.first, [1], "text" as never), "TypeError"],
      [() => sendDescriptors(pair.first, [1], new Uint8Array(0)), "RangeError"],
      [() => sendDescriptors(pair.first, Array(300).fill(1), new Uint8Array(1)), "RangeError"],
      [() => receiveDescriptors(pair.second, 0), "RangeError"],
      [() => receiveDescriptors(pair.second, 1.5), "TypeError"],
      [() => receiveDescriptors(pair.second, 1, new Uint8Array(0)), "RangeError"],
    ];
    for (const [call, name] of wrong) assert.throws(call, { name }, String(call));
    assert.equal(receive(pair.second, new Uint8Array(1)), null);
  }));

test("when too many are open here, what fits is given, and the rest is lost, told and closed", async () => {
  const { status, stdout, stderr } = await runFresh(`
    import { memfd, setLimit, table } from "@posixly/fd";
    import { receiveDescriptors, receiveMessage, sendMessage, socketPair } from "@posixly/socket";

    const pair = socketPair("datagram");
    const file = memfd("scarce");
    const bytes = new Uint8Array(1);
    const message = { bytes, descriptors: Array(20).fill(file) };
    for (let i = 0; i < 3; i++) sendMessage(pair.first, message);
    receiveMessage(pair.second, bytes); // whatever a first call opens is open
    const before = table().length;
    const used = new Set(table().map(({ fd }) => fd));
    let [free, limit] = [0, 0];
    while (free < 5) if (!used.has(limit++)) free++;
    setLimit("openFiles", { soft: limit });

    const some = receiveMessage(pair.second, bytes, { descriptors: 20 });
    console.log(some.descriptors.length, some.controlTruncated, some.surplus);
    const none = receiveMessage(pair.second, bytes, { descriptors: 20 });
    console.log(none.descriptors.length, none.controlTruncated, none.length);
    some[Symbol.dispose]();
    sendMessage(pair.first, message);
    const again = receiveDescriptors(pair.second, 20);
    console.log(again.descriptors.length, again.lost);
    again[Symbol.dispose]();
    setLimit("openFiles", { soft: 1024 });
    console.log(table().length - before);
    file.close();
    pair[Symbol.dispose]();
  `);
  assert.deepEqual({ status, stdout, stderr }, {
    status: 0,
    stdout: "5 true 0\n0 true 1\n5 true\n0\n",
    stderr: "",
  });
});

test("an empty message is not the end, where the two can be told apart", () =>
  withoutLeaks(() => {
    const file = memfd("after nothing");
    for (const type of ["datagram", "seqpacket"] as const) {
      using pair = socketPair(type);
      const into = new Uint8Array(8);
      send(pair.first, new Uint8Array(0));
      using empty = receiveDescriptors(pair.second, 5, into);
      assert.deepEqual([empty!.descriptors.length, empty!.length, empty!.ended], [0, 0, false]);
      sendDescriptors(pair.first, [file]);
      pair.first.close();
      using last = receiveDescriptors(pair.second, 5, into);
      assert.deepEqual([last!.descriptors.length, last!.length, last!.ended], [1, 1, false]);
      if (type === "seqpacket") assert.equal(receiveDescriptors(pair.second, 5)!.ended, true);
    }
    file.close();
  }));

test("messages are not mixed, nor is one cut for what another took", () =>
  withoutLeaks(() => {
    for (const type of ["datagram", "seqpacket"] as const) {
      using pair = socketPair(type);
      for (const text of ["hello", "world"]) sendDescriptors(pair.first, [0], encode(text));
      for (const text of ["hello", "world"]) {
        const into = new Uint8Array(8);
        using received = receiveDescriptors(pair.second, 2, into);
        assert.deepEqual([received!.descriptors.length, received!.truncated], [1, false]);
        assert.deepEqual(into.subarray(0, received!.length), encode(text));
      }
    }
  }));

test("bytes of a message that were cut are told", () =>
  withoutLeaks(() => {
    for (const type of ["datagram", "seqpacket"] as const) {
      using pair = socketPair(type);
      for (const [room, isCut] of [[5, false], [3, true]] as const) {
        sendDescriptors(pair.first, [0], encode("hello"));
        using received = receiveDescriptors(pair.second, 1, new Uint8Array(room));
        assert.deepEqual([received!.length, received!.truncated], [room, isCut]);
      }
    }
    using pair = socketPair();
    sendDescriptors(pair.first, [0], encode("hello"));
    using part = receiveDescriptors(pair.second, 1, new Uint8Array(3));
    assert.deepEqual([part!.length, part!.truncated], [3, false]); // the rest comes later
  }));

test("who only looks sees one message once", () =>
  withoutLeaks(() => {
    using pair = socketPair();
    sendDescriptors(pair.first, [0], encode("hello"));
    for (const peek of [true, false]) {
      const into = new Uint8Array(64);
      using received = receiveDescriptors(pair.second, 3, into, { peek });
      assert.equal(received!.descriptors.length, 1);
      assert.deepEqual(into.subarray(0, received!.length), encode("hello"));
    }
  }));

test("over anything but unix no descriptor goes, and that is told before", async () => {
  using listener = listenTcp("127.0.0.1:0");
  using client = await connectTcp(listener.localAddress);
  using receiver = udp("127.0.0.1:0");
  const only = { name: "TypeError", message: "descriptors go over unix sockets only" };
  assert.throws(() => sendDescriptors(client, [0]), only);
  await assert.rejects(client.sendDescriptors([0]), only);
  const message = { bytes: Uint8Array.of(1), descriptors: [0], to: receiver.localAddress };
  assert.throws(() => sendMessage(receiver, message), only);
  assert.throws(() => sendMessages(receiver, [message]), only);
});

test.run();
