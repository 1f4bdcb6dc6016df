import assert from "node:assert/strict";
import fc from "fast-check";
import { getFlags, memfd, type OwnedFd, read, readAll, seek, stat, write } from "@posixly/fd";
import { withoutLeaks } from "@posixly/testing";
import { test } from "uvu";
import {
  bind,
  localAddress,
  type ReceivedMessage,
  receiveMessage,
  send,
  sendMessage,
  setOptions,
  shutdown,
  socket,
  socketPair,
} from "@posixly/socket";
import { libc, msghdr } from "./libc.ts";

/** Which file a descriptor is of. */
function identity(fd: OwnedFd): string {
  const { device, inode } = stat(fd);
  return `${device.major}:${device.minor}:${inode}`;
}

function fill(bytes: Uint8Array, count: number, from: number): void {
  for (let i = 0; i < count; i++) bytes[i] = from + i;
}

/** Cuts a buffer into parts, some of them empty. */
function scatter(bytes: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const ends = [...cuts, bytes.length].map((at) => Math.min(at, bytes.length)).sort((a, b) =>
    a - b
  );
  return ends.map((end, i) => bytes.subarray(i === 0 ? 0 : ends[i - 1], end));
}

const cuts = fc.array(fc.nat({ max: 40 }), { maxLength: 4 });
const sends = fc.record({
  send: fc.integer({ min: 1, max: 40 }),
  files: fc.array(fc.nat({ max: 4 }), { maxLength: 6 }),
  cuts,
});
const receives = fc.record({
  receive: fc.integer({ min: 1, max: 60 }),
  most: fc.nat({ max: 6 }),
  cuts,
});
const steps = fc.array(fc.oneof(sends, receives), { maxLength: 30 });

/** What was sent and not yet received: bytes, and which files go with the first of them. */
interface Queued {
  bytes: number[];
  files: number[];
}

/** What a receiver of `size` bytes gets: of a stream up to the end of what brings files. */
function take(queue: Queued[], size: number, isStream: boolean): Queued & { lost: boolean } {
  if (!isStream) {
    const { bytes, files } = queue.shift()!;
    return { bytes: bytes.slice(0, size), files, lost: bytes.length > size };
  }
  const taken: Queued = { bytes: [], files: [] };
  while (queue.length > 0 && taken.bytes.length < size && taken.files.length === 0) {
    const [first] = queue;
    taken.bytes.push(...first.bytes.splice(0, size - taken.bytes.length));
    taken.files.push(...first.files.splice(0));
    if (first.bytes.length === 0) queue.shift();
  }
  return { ...taken, lost: false };
}

for (const type of ["stream", "datagram", "seqpacket"] as const) {
  test(`${type}: bytes and files come as they went, however they are sent and received`, () =>
    withoutLeaks(() => {
      const files = Array.from({ length: 5 }, (_, i) => memfd(`file ${i}`));
      const identities = files.map(identity);
      fc.assert(fc.property(steps, (steps) => {
        using pair = socketPair(type);
        const queue: Queued[] = [];
        let next = 0;
        for (const step of steps) {
          if ("send" in step) {
            const bytes = new Uint8Array(step.send);
            fill(bytes, step.send, next);
            next += step.send;
            const sent = sendMessage(pair.first, {
              bytes: scatter(bytes, step.cuts),
              descriptors: step.files.map((i) => files[i]),
            });
            if (sent === null) continue; // full of small messages
            assert.equal(sent, step.send);
            queue.push({ bytes: [...bytes], files: [...step.files] });
          } else {
            const into = new Uint8Array(step.receive).fill(0xa5);
            const parts = scatter(into, step.cuts);
            using message = receiveMessage(pair.second, parts, { descriptors: step.most });
            if (queue.length === 0) {
              assert.equal(message, null);
              continue;
            }
            const { bytes, files, lost } = take(queue, step.receive, type === "stream");
            assert.equal(message!.length, bytes.length);
            assert.deepEqual([...into.subarray(0, bytes.length)], bytes);
            assert.ok(into.subarray(bytes.length).every((byte) => byte === 0xa5)); // untouched
            assert.deepEqual(
              message!.descriptors.map(identity),
              files.slice(0, step.most).map((i) => identities[i]),
            );
            assert.ok(message!.descriptors.every((fd) => getFlags(fd).closeOnExec));
            assert.equal(message!.surplus, Math.max(0, files.length - step.most));
            assert.deepEqual([message!.truncated, message!.controlTruncated], [lost, false]);
          }
        }
      }));
      for (const file of files) file.close();
    }));
}

test("descriptors on their way are closed with the socket that nobody receives from", () =>
  withoutLeaks(() => {
    using file = memfd("lost");
    using pair = socketPair();
    sendMessage(pair.first, { bytes: new Uint8Array(1), descriptors: [file, file] });
  }));

test("a descriptor that was passed is the same open file, with its position", () =>
  withoutLeaks(() => {
    using pair = socketPair();
    using file = memfd("shared");
    write(file, new TextEncoder().encode("position"));
    seek(file, 3);
    sendMessage(pair.first, { bytes: new Uint8Array(1), descriptors: [file] });
    using message = receiveMessage(pair.second, new Uint8Array(1), { descriptors: 1 });
    const [same] = message!.descriptors;
    assert.notEqual(same.fd, file.fd);
    assert.equal(new TextDecoder().decode(readAll(same)), "ition");
    assert.equal(read(file, new Uint8Array(1)), 0);
  }));

test("plain bytes may come before those that bring a file, and never after", () =>
  withoutLeaks(() => {
    using pair = socketPair();
    using file = memfd("boundary");
    send(pair.first, new Uint8Array(3));
    sendMessage(pair.first, { bytes: new Uint8Array(4), descriptors: [file] });
    send(pair.first, new Uint8Array(5));
    sendMessage(pair.first, { bytes: new Uint8Array(6), descriptors: [file] });

    const take = () => receiveMessage(pair.second, new Uint8Array(100), { descriptors: 5 })!;
    const lengths = [take(), take()].map((message) => {
      using it = message;
      return [it.length, it.descriptors.length];
    });
    assert.deepEqual(lengths, [[7, 1], [11, 1]]);
  }));

test("files come with the first of their bytes, and the rest comes without", () =>
  withoutLeaks(() => {
    using pair = socketPair();
    using file = memfd("first");
    sendMessage(pair.first, { bytes: new Uint8Array(9), descriptors: [file] });
    const counts = [2, 100].map((size) => {
      using message = receiveMessage(pair.second, new Uint8Array(size), { descriptors: 1 });
      return [message!.length, message!.descriptors.length];
    });
    assert.deepEqual(counts, [[2, 1], [7, 0]]);
  }));

test("peeking gives new descriptors every time", () =>
  withoutLeaks(() => {
    using pair = socketPair("datagram");
    using file = memfd("peek");
    sendMessage(pair.first, { bytes: new Uint8Array(2), descriptors: [file] });
    const into = new Uint8Array(2);
    using first = receiveMessage(pair.second, into, { descriptors: 1, peek: true });
    using second = receiveMessage(pair.second, into, { descriptors: 1, peek: true });
    using last = receiveMessage(pair.second, into, { descriptors: 1 });
    const all = [first, second, last].map((message) => message!.descriptors[0]);
    assert.equal(new Set(all.map(({ fd }) => fd)).size, 3);
    assert.deepEqual(all.map(identity), all.map(() => identity(file)));
    assert.equal(receiveMessage(pair.second, into), null);
  }));

test("room for one descriptor is room for two: the second is closed, and the third was", () =>
  withoutLeaks(() => {
    using pair = socketPair("datagram");
    using file = memfd("three");
    const message = { bytes: new Uint8Array(1), descriptors: [file, file, file] };
    const get = (descriptors: number, control: number): ReceivedMessage => {
      sendMessage(pair.first, message);
      return receiveMessage(pair.second, new Uint8Array(1), { descriptors, control })!;
    };
    const counts = ([[1, 0], [0, 0], [0, 16], [0, 20], [0, 23], [0, 28], [2, 0], [3, 0]] as const)
      .map(([descriptors, control]) => {
        using it = get(descriptors, control);
        return [it.descriptors.length, it.surplus, it.controlTruncated];
      });
    assert.deepEqual(counts, [
      [1, 1, true],
      [0, 0, true],
      [0, 0, true],
      [0, 1, true],
      [0, 1, true],
      [0, 3, false],
      [2, 0, true],
      [3, 0, false],
    ]);
  }));

test("descriptors without a byte: a message takes them, a stream is not given them", () =>
  withoutLeaks(() => {
    using file = memfd("no byte");
    for (const type of ["datagram", "seqpacket"] as const) {
      using pair = socketPair(type);
      assert.equal(sendMessage(pair.first, { bytes: [], descriptors: [file] }), 0);
      using message = receiveMessage(pair.second, new Uint8Array(1), { descriptors: 1 });
      assert.deepEqual([message!.length, message!.descriptors.length], [0, 1]);
    }
    using pair = socketPair();
    const empty = [new Uint8Array(0), new Uint8Array(0)];
    assert.throws(() => sendMessage(pair.first, { bytes: empty, descriptors: [file] }), {
      name: "RangeError",
      message: "descriptors go over a stream with one byte at least",
    });
    assert.equal(sendMessage(pair.first, { bytes: empty }), 0);
    assert.equal(receiveMessage(pair.second, new Uint8Array(1)), null);
  }));

test("a message takes 253 descriptors and not one more", () =>
  withoutLeaks(() => {
    using pair = socketPair("seqpacket");
    using file = memfd("many");
    const bytes = new Uint8Array(1);
    assert.equal(sendMessage(pair.first, { bytes, descriptors: Array(253).fill(file) }), 1);
    using message = receiveMessage(pair.second, bytes, { descriptors: 253 });
    assert.equal(message!.descriptors.length, 253);
    assert.equal(message!.controlTruncated, false);
    assert.throws(() => sendMessage(pair.first, { bytes, descriptors: Array(254).fill(file) }), {
      name: "RangeError",
      message: "a message takes 253 descriptors at most, not 254",
    });
    assert.throws(() => receiveMessage(pair.second, bytes, { descriptors: 254 }), RangeError);
  }));

test("what is in no buffer is lost, and the real length is told if asked for", () => {
  using pair = socketPair("datagram");
  const into = [new Uint8Array(2), new Uint8Array(3)];
  send(pair.first, Uint8Array.of(1, 2, 3, 4, 5, 6, 7));
  send(pair.first, Uint8Array.of(1, 2, 3, 4, 5, 6, 7));
  const { length, truncated } = receiveMessage(pair.second, into)!;
  assert.deepEqual([length, truncated], [5, true]);
  assert.deepEqual(into.map((part) => [...part]), [[1, 2], [3, 4, 5]]);
  assert.equal(receiveMessage(pair.second, into, { truncate: true })!.length, 7);
  send(pair.first, new Uint8Array(5));
  assert.equal(receiveMessage(pair.second, into)!.truncated, false);
});

test("1024 buffers are one message, empty ones apart, and more are refused", () => {
  using pair = socketPair("datagram");
  const buffers = Array.from({ length: 1024 }, (_, i) => Uint8Array.of(i));
  const empty = Array.from({ length: 100 }, () => new Uint8Array(0));
  assert.equal(sendMessage(pair.first, { bytes: [...empty, ...buffers, ...empty] }), 1024);
  const into = buffers.map(() => new Uint8Array(1));
  assert.equal(receiveMessage(pair.second, [...empty, ...into])!.length, 1024);
  assert.deepEqual(into, buffers);

  const tooMany = [...buffers, new Uint8Array(1)];
  const error = {
    name: "RangeError",
    message: "bytes must be 1024 buffers at most, not 1025: a message cannot be split",
  };
  assert.throws(() => sendMessage(pair.first, { bytes: tooMany }), error);
  assert.throws(() => receiveMessage(pair.second, tooMany), { name: "RangeError" });
});

test("0 is the end of a stream, an empty message of the others; nothing is null", () => {
  using stream = socketPair();
  const into = new Uint8Array(4);
  assert.equal(receiveMessage(stream.second, into), null);
  shutdown(stream.first, "write");
  assert.equal(receiveMessage(stream.second, into)!.length, 0);

  using messages = socketPair("datagram");
  assert.equal(sendMessage(messages.first, { bytes: new Uint8Array(0) }), 0);
  assert.equal(receiveMessage(messages.second, into)!.length, 0);
  assert.equal(receiveMessage(messages.second, into), null);
});

test("a socket that is full takes nothing, which is null; a peer that is gone is EPIPE", () => {
  using pair = socketPair();
  const bytes = new Uint8Array(100_000);
  while (sendMessage(pair.first, { bytes }) !== null);
  assert.equal(sendMessage(pair.first, { bytes }, { nonBlocking: true }), null);
  pair.second.close();
  assert.throws(() => sendMessage(pair.first, { bytes }), { code: "EPIPE", syscall: "sendmsg" });
});

test("a blocking socket does not hold us up where we do not want to wait", () => {
  using pair = socketPair("datagram", { nonBlocking: false });
  assert.equal(receiveMessage(pair.second, new Uint8Array(1), { nonBlocking: true }), null);
});

test("an address is given to send, and told when received; there is none on a connection", () => {
  using server = socket("unix", "datagram");
  bind(server, { family: "unix" });
  using named = socket("unix", "datagram");
  bind(named, { family: "unix" });
  using unnamed = socket("unix", "datagram");
  const into = new Uint8Array(1);
  for (const client of [named, unnamed]) {
    sendMessage(client, { bytes: into, to: localAddress(server) });
  }
  assert.deepEqual(receiveMessage(server, into)!.from, localAddress(named));
  assert.equal(receiveMessage(server, into)!.from, null);

  const nobody = { family: "unix", abstract: "nobody is here" } as const;
  assert.throws(() => sendMessage(named, { bytes: into, to: nobody }), {
    code: "ECONNREFUSED",
    syscall: "sendmsg",
    address: "unix:@nobody is here",
  });
});

test("each message says anew who it is for and what goes along", () => {
  using server = socket("ipv4", "datagram");
  bind(server, "127.0.0.1:0");
  setOptions(server, { ipReceiveTtl: true });
  using client = socket("ipv4", "datagram");
  const to = localAddress(server);
  const into = new Uint8Array(4);
  const ttl = () => receiveMessage(server, into)!.control.ttl;
  sendMessage(client, { bytes: into, to, control: { ttl: 9 } });
  assert.equal(ttl(), 9);
  sendMessage(client, { bytes: into, to });
  assert.equal(ttl(), 64);
  assert.throws(() => sendMessage(client, { bytes: into }), { code: "EDESTADDRREQ" });
});

test("what the kernel says of a message is told flag by flag", () => {
  const flags = { outOfBand: 1, controlTruncated: 8, truncated: 0x20, endOfRecord: 0x80 };
  using pair = socketPair("datagram");
  const { recvmsg } = libc;
  const into = new Uint8Array(1);
  for (const [flag, bit] of Object.entries(flags)) {
    send(pair.first, into);
    libc.recvmsg = (fd, header, bits) => {
      const n = recvmsg(fd, header, bits);
      msghdr.view(header!).msg_flags = bit;
      return n;
    };
    try {
      const message = receiveMessage(pair.second, into)!;
      for (const name of Object.keys(flags) as (keyof typeof flags)[]) {
        assert.equal(message[name], name === flag);
      }
    } finally {
      libc.recvmsg = recvmsg;
    }
  }
});

test("bytes out of band come by a call of their own", () => {
  using pair = socketPair();
  send(pair.first, Uint8Array.of(1, 2));
  sendMessage(pair.first, { bytes: Uint8Array.of(9) }, { outOfBand: true });
  const into = new Uint8Array(4);
  const { length, outOfBand } = receiveMessage(pair.second, into, { outOfBand: true })!;
  assert.deepEqual([length, into[0], outOfBand], [1, 9, true]);
});

test("what does not go over a socket is an error of the kernel, and nothing is kept", () =>
  withoutLeaks(() => {
    using pair = socketPair("datagram");
    using file = memfd("refused");
    const bytes = new Uint8Array(1);
    assert.throws(() => sendMessage(pair.first, { bytes, descriptors: [1_000_000] }), {
      code: "EBADF",
    });
    const control = { ttl: 3 };
    assert.doesNotThrow(() => sendMessage(pair.first, { bytes, control })); // not its level
    const mark = { others: [{ level: 1, type: 9999, bytes: new Uint8Array(4) }] };
    assert.throws(() => sendMessage(pair.first, { bytes, control: mark }), { code: "EINVAL" });
    assert.throws(() => sendMessage(file, { bytes }), { code: "ENOTSOCK", fd: file.fd });
    assert.throws(() => receiveMessage(file, bytes), { code: "ENOTSOCK", syscall: "recvmsg" });
    assert.equal(receiveMessage(pair.second, bytes)!.length, 1);
    assert.equal(receiveMessage(pair.second, bytes), null);
  }));

test("what is not as described is refused before the call", () => {
  using pair = socketPair("datagram");
  const bytes = new Uint8Array(1);
  const wrong: [object, { name: string; message?: RegExp }][] = [
    [{}, { name: "TypeError", message: /bytes must be a typed array/ }],
    [{ bytes: "text" }, { name: "TypeError" }],
    [{ bytes: [bytes, "text"] }, { name: "TypeError" }],
    [{ bytes, too: 1 }, { name: "TypeError", message: /there is no option too/ }],
    [{ bytes, to: "nowhere" }, { name: "TypeError" }],
    [{ bytes, descriptors: 1 }, { name: "TypeError", message: /descriptors must be an array/ }],
    [{ bytes, descriptors: ["1"] }, { name: "TypeError", message: /descriptors\[0\]/ }],
    [{ bytes, descriptors: [-1] }, { name: "RangeError" }],
    [{ bytes, credentials: { pid: 1 } }, { name: "TypeError" }],
    [{ bytes, control: { timestamp: 1 } }, { name: "TypeError", message: /no option timestamp/ }],
    [{ bytes, control: { descriptors: [1] } }, { name: "TypeError" }],
    [{ bytes, control: null }, { name: "TypeError" }],
    [null as never, { name: "TypeError" }],
  ];
  for (const [message, error] of wrong) {
    assert.throws(() => sendMessage(pair.first, message as never), error, String(message));
  }
  const options: [object, string][] = [
    [{ descriptors: -1 }, "RangeError"],
    [{ descriptors: true }, "TypeError"],
    [{ control: -1 }, "RangeError"],
    [{ control: 2 ** 30 }, "RangeError"],
    [{ peak: true }, "TypeError"],
    [{ peek: 1 }, "TypeError"],
  ];
  for (const [wrong, name] of options) {
    assert.throws(() => receiveMessage(pair.second, bytes, wrong), { name }, String(wrong));
  }
  assert.throws(() => receiveMessage(pair.second, "into" as never), { name: "TypeError" });
  assert.equal(receiveMessage(pair.second, bytes), null); // nothing was sent
});

test("an interrupted call is made again", () => {
  using pair = socketPair();
  const { recvmsg, syscall$sendmsg } = libc;
  const EINTR = 4;
  let interrupts = 3;
  const interrupted = <A extends unknown[]>(call: (...args: A) => number) => (...args: A) =>
    interrupts-- > 0 ? -EINTR : call(...args);
  try {
    libc.syscall$sendmsg = interrupted(syscall$sendmsg);
    assert.equal(sendMessage(pair.first, { bytes: Uint8Array.of(5) }), 1);
    interrupts = 3;
    libc.recvmsg = interrupted(recvmsg);
    assert.equal(receiveMessage(pair.second, new Uint8Array(1))!.length, 1);
  } finally {
    Object.assign(libc, { recvmsg, syscall$sendmsg });
  }
});

test("descriptors are closed when something fails after they came", () =>
  withoutLeaks(() => {
    using pair = socketPair("datagram");
    using file = memfd("rescued");
    sendMessage(pair.first, { bytes: new Uint8Array(1), descriptors: [file, file] });
    // The address of the sender is decoded after the descriptors were taken over.
    const { recvmsg } = libc;
    libc.recvmsg = (fd, header, flags) => {
      const n = recvmsg(fd, header, flags);
      msghdr.view(header!).msg_namelen = 0x8000_0000; // no length at all
      return n;
    };
    try {
      assert.throws(() => receiveMessage(pair.second, new Uint8Array(1), { descriptors: 2 }), {
        name: "RangeError",
      });
    } finally {
      libc.recvmsg = recvmsg;
    }
  }));

test.run();
