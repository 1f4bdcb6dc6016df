// What the kernel refuses while bytes are on their way: each call is made to fail in every way that
// its page in the manual has. What arrives is right as far as it goes, whoever waits is told, and
// nothing is left open.
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { memfd, pread, pwrite, readAll, stat } from "@posixly/fd";
import { type Pipe, pipe } from "@posixly/pipe";
import {
  type Connection,
  connectionPair,
  connectTcp,
  listenTcp,
  setOptions,
  udp,
} from "@posixly/socket";
import { errno, type ErrnoName } from "@posixly/sys";
import { testNeeding, withFaults, withoutLeaks } from "@posixly/testing";
import {
  copyFile,
  copyFileRange,
  map,
  pages,
  proxy,
  pump,
  sendFile,
  sendfile,
  sendZerocopy,
  sharedMemory,
  splice,
  tee,
  vmsplice,
  zerocopySender,
} from "@posixly/zerocopy";
import { test } from "uvu";
import { libc } from "./libc.ts";

const LENGTH = 700_000;
const bytes = pages(LENGTH);
for (let i = 0; i < LENGTH; i++) bytes[i] = (i * 7) % 251;

function fileOf(content: Uint8Array) {
  const file = memfd("source");
  pwrite(file, content, 0);
  return file;
}

/** What somebody who failed says. */
function codeOf(error: unknown): string {
  return (error as { code?: string }).code ?? String(error);
}

/** How it ended: the way that the bytes went, or why they did not. */
type Outcome = string;

/** Something that moves bytes, and checks what has arrived. */
type Transfer = () => Promise<Outcome>;

/** Checks that a transfer ends so, whichever calls fail. */
function fails(name: string, transfer: Transfer, cases: [faults: string, outcome: Outcome][]) {
  for (const [faults, outcome] of cases) {
    testNeeding("strace", `${name} with ${faults}: ${outcome}`, () =>
      withoutLeaks(async () => {
        assert.equal(await withFaults(faults.split(" "), transfer), outcome);
      }));
  }
}

/** All that arrives until the end, or until the connection breaks off. */
async function arrived(connection: Connection): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  try {
    for await (const piece of connection.chunks()) pieces.push(piece);
  } catch (error) {
    assert.equal(codeOf(error), "ECONNRESET");
  }
  return Buffer.concat(pieces);
}

/** Moves bytes to who reads all of them, and compares what has arrived with what was sent. */
async function arriving(
  reading: Connection,
  move: () => Promise<{ path: string; bytes: number }>,
  end: () => void,
): Promise<Outcome> {
  const receiving = arrived(reading);
  let outcome: Outcome;
  let whole = false;
  try {
    const { path, bytes } = await move();
    assert.equal(bytes, LENGTH);
    outcome = path;
    whole = true;
  } catch (error) {
    outcome = codeOf(error);
  } finally {
    end();
  }
  const received = await receiving;
  assert.ok(received.equals(bytes.subarray(0, received.length)), "wrong bytes have arrived");
  if (whole) assert.equal(received.length, LENGTH);
  return outcome;
}

async function sending(): Promise<Outcome> {
  using file = fileOf(bytes);
  using pair = connectionPair();
  return await arriving(
    pair.second,
    () => sendFile(pair.first, file, { chunk: 100_000 }),
    () => pair.first.close(),
  );
}

fails("sendFile", sending, [
  ["sendfile:error=EINTR:when=1+2", "sendfile"],
  ["sendfile:error=EAGAIN:when=1+2", "sendfile"],
  ["sendfile:error=EINVAL:when=1", "readwrite"],
  ["sendfile:error=ENOSYS:when=1", "readwrite"],
  ["sendfile:error=EINVAL:when=2", "EINVAL"],
  ["sendfile:error=EIO:when=2", "EIO"],
  ["sendfile:error=ENOMEM:when=3", "ENOMEM"],
  ["sendfile:error=EOVERFLOW:when=1", "EOVERFLOW"],
  ["sendfile:error=ECONNRESET:when=2", "ECONNRESET"],
  ["preadv2:error=EINTR:when=1+2", "sendfile"],
  ["preadv2:error=EAGAIN:when=1+2", "sendfile"],
  ["preadv2:error=EIO", "sendfile"],
  ["preadv2:error=EOPNOTSUPP", "sendfile"],
  ["preadv2:error=ENOSYS", "sendfile"],
  ["sendfile:error=EINVAL:when=1 pread64:error=EINTR:when=1+2", "readwrite"],
  ["sendfile:error=EINVAL:when=1 pread64:error=EIO:when=2", "EIO"],
  ["sendfile:error=EINVAL:when=1 pread64:error=ENOMEM:when=3", "ENOMEM"],
]);

async function pumping(): Promise<Outcome> {
  using source = connectionPair();
  using sink = connectionPair();
  const writing = source.first.write(bytes).then(() => source.first.end()).catch(codeOf);
  const outcome = await arriving(
    sink.second,
    () => pump(source.second, sink.first, { via: "splice", size: 100_000 }),
    () => (sink.first.close(), source.second.close()),
  );
  await writing;
  return outcome;
}

fails("pump", pumping, [
  ["pipe2:error=EMFILE:when=1", "EMFILE"],
  ["pipe2:error=ENFILE:when=1", "ENFILE"],
  ["splice:error=EINTR:when=1+2", "splice"],
  ["splice:error=EAGAIN:when=1+2", "splice"],
  ["splice:error=EAGAIN:when=2+3", "splice"],
  ["splice:error=EINVAL:when=1", "readwrite"],
  ["splice:error=EINVAL:when=2", "readwrite"],
  ["splice:error=EINVAL:when=4", "both"],
  ["splice:error=ENOMEM:when=1", "ENOMEM"],
  ["splice:error=ENOMEM:when=2", "ENOMEM"],
  ["splice:error=ENOMEM:when=5", "ENOMEM"],
  ["splice:error=EPIPE:when=4", "EPIPE"],
]);

async function proxying(): Promise<Outcome> {
  using left = connectionPair();
  using right = connectionPair();
  const asking = left.first.write(bytes).then(() => left.first.end()).catch(codeOf);
  const answering = right.second.write(bytes).then(() => right.second.end()).catch(codeOf);
  const answer = arrived(left.first);
  const outcome = await arriving(
    right.second,
    async () => {
      const { forth, back } = await proxy(left.second, right.first, {
        via: "splice",
        size: 70_000,
      });
      assert.equal(back.bytes, LENGTH);
      return forth;
    },
    () => (left.second.close(), right.first.close()),
  );
  await Promise.all([asking, answering]);
  const received = await answer;
  assert.ok(received.equals(bytes.subarray(0, received.length)));
  return outcome;
}

fails("proxy", proxying, [
  ["splice:error=EINTR:when=1+2", "splice"],
  ["splice:error=EAGAIN:when=1+2", "splice"],
  ["splice:error=ENOMEM:when=6", "ENOMEM"],
  ["pipe2:error=EMFILE:when=1", "EMFILE"],
]);

function copying(options: object = {}): Transfer {
  return async () => {
    using from = fileOf(bytes);
    using to = memfd("copy");
    pwrite(to, new Uint8Array(2 * LENGTH).fill(1), 0);
    try {
      const { path } = await copyFile(from, to, options);
      assert.ok(Buffer.from(readAll(to)).equals(bytes));
      return path;
    } catch (error) {
      return codeOf(error);
    }
  };
}

fails("copyFile", copying(), [
  ["ioctl:error=EIO:when=1", "EIO"],
  ["ioctl:error=EINTR:when=1", "copy_file_range"],
  ["ioctl:error=EPERM:when=1", "copy_file_range"],
  ["ftruncate:error=EIO:when=1", "EIO"],
  ["ftruncate:error=EINTR:when=1", "copy_file_range"],
  ["copy_file_range:error=EINTR:when=1", "copy_file_range"],
  ["copy_file_range:error=EIO:when=1", "EIO"],
  ["copy_file_range:error=ENOMEM:when=1", "ENOMEM"],
  ["copy_file_range:error=ENOSPC:when=1", "ENOSPC"],
  ["copy_file_range:error=EFBIG:when=1", "EFBIG"],
  ["copy_file_range:error=EXDEV:when=1", "sendfile"],
  ["copy_file_range:error=EOPNOTSUPP:when=1", "sendfile"],
  ["copy_file_range:error=ENOSYS:when=1 sendfile:error=EINTR:when=1+2", "sendfile"],
  ["copy_file_range:error=EPERM:when=1 sendfile:error=EIO:when=1", "EIO"],
  ["copy_file_range:error=EINVAL:when=1 sendfile:error=EINVAL:when=1", "readwrite"],
]);

fails("copyFile by read and write", copying({ via: "readwrite" }), [
  ["pread64:error=EINTR:when=1+2 pwrite64:error=EINTR:when=2+2", "readwrite"],
  ["pread64:error=EIO:when=3", "EIO"],
  ["pwrite64:error=ENOSPC:when=3", "ENOSPC"], // the first two make the files
  ["pwrite64:error=EDQUOT:when=5", "EDQUOT"],
]);

/** A mapping, and what is done with it; what was written is in the file in the end. */
function mapping(use: (mapping: ReturnType<typeof map>) => void): Transfer {
  return async () => {
    using file = fileOf(bytes);
    let outcome = "done";
    {
      using mapping = map(file, { protection: "readWrite" });
      mapping.bytes[5] = 99;
      const { length } = mapping;
      try {
        use(mapping);
      } catch (error) {
        outcome = codeOf(error);
        assert.equal(mapping.length, length);
      }
      assert.deepEqual([mapping.bytes[5], mapping.bytes[70_000]], [99, bytes[70_000]]);
    }
    const found = new Uint8Array(1);
    pread(file, found, 5);
    assert.equal(found[0], 99);
    return await Promise.resolve(outcome);
  };
}

fails("flush of a mapping", mapping((mapping) => mapping.flush()), [
  ["msync:error=EINTR:when=1", "done"],
  ["msync:error=EIO:when=1", "EIO"],
  ["msync:error=ENOMEM:when=1", "ENOMEM"],
  ["msync:error=EBUSY:when=1", "EBUSY"],
]);
fails("lock of a mapping", mapping((mapping) => (mapping.lock(), mapping.unlock())), [
  ["mlock:error=EINTR:when=1", "done"],
  ["mlock:error=ENOMEM:when=1", "ENOMEM"],
  ["mlock:error=EPERM:when=1", "EPERM"],
  ["mlock:error=EAGAIN:when=1", "EAGAIN"],
  ["munlock:error=ENOMEM:when=1", "ENOMEM"],
]);
fails("resize of a mapping", mapping((mapping) => mapping.resize(100_000)), [
  ["mremap:error=ENOMEM:when=1", "ENOMEM"],
  ["mremap:error=ENOMEM:when=2", "ENOMEM"],
  ["mremap:error=EAGAIN:when=1", "EAGAIN"],
  ["mremap:error=EINVAL:when=1", "EINVAL"],
]);
fails("resident of a mapping", mapping((mapping) => void mapping.resident()), [
  ["mincore:error=EAGAIN:when=1", "EAGAIN"],
  ["mincore:error=ENOMEM:when=1", "ENOMEM"],
]);
fails("read of a mapping", mapping((mapping) => void mapping.read(new Uint8Array(10), 0)), [
  ["process_vm_readv:error=ENOMEM", "ENOMEM"],
  ["process_vm_readv:error=EPERM", "EPERM"],
]);

fails("map", async () => {
  using file = fileOf(bytes);
  try {
    using mapping = map(file, { locked: true });
    return mapping.bytes[9] === bytes[9] ? "mapped" : "wrong";
  } catch (error) {
    return await Promise.resolve(codeOf(error));
  }
}, [
  ["fstatfs:error=EINTR:when=1", "mapped"],
  ["fstatfs:error=EIO:when=1", "EIO"],
  ["mlock2:error=ENOMEM:when=1", "ENOMEM"],
  ["mlock2:error=EPERM:when=1", "EPERM"],
]);

fails("sharedMemory", async () => {
  try {
    using memory = sharedMemory("shared", 1000);
    memory.resize(20_000);
    return stat(memory).size === 20_000 ? "shared" : "wrong";
  } catch (error) {
    return await Promise.resolve(codeOf(error));
  }
}, [
  ["memfd_create:error=EMFILE:when=1", "EMFILE"],
  ["memfd_create:error=ENFILE:when=1", "ENFILE"],
  ["memfd_create:error=ENOMEM:when=1", "ENOMEM"],
  ["ftruncate:error=EINTR:when=1+2", "shared"],
  ["ftruncate:error=EIO:when=1", "EIO"],
  ["ftruncate:error=EFBIG:when=2", "EFBIG"],
  ["mremap:error=ENOMEM:when=1", "ENOMEM"],
]);

// What the runtime calls all the time, as well, is made to fail by replacing the function.
const inMemory: [name: "mmap" | "madvise", codes: ErrnoName[], use: () => void][] = [
  ["mmap", ["ENOMEM", "EAGAIN", "EMFILE", "ENFILE", "EACCES", "EPERM"], () => {
    using file = fileOf(bytes);
    map(file)[Symbol.dispose]();
  }],
  ["mmap", ["ENOMEM", "EAGAIN"], () => sharedMemory("shared", 100)[Symbol.dispose]()],
  ["madvise", ["EAGAIN", "EINVAL", "EIO", "ENOMEM"], () => {
    using memory = map(null, { length: 5000 });
    memory.advise("willNeed");
  }],
];

for (const [name, codes, use] of inMemory) {
  for (const code of codes) {
    test(`what needs ${name} is told of ${code}, and leaves nothing behind`, () =>
      withoutLeaks(() => {
        const working = { ...libc };
        libc[name] = () => -errno[code] as never;
        try {
          assert.throws(use, { code, syscall: name });
        } finally {
          Object.assign(libc, working);
        }
        use();
      }));
  }
}

test("a mapping that the kernel has no memory to close stays open, and can be closed later", () => {
  using memory = map(null, { length: 5000 });
  const { mmap } = libc;
  libc.mmap = () => -errno.ENOMEM as never;
  try {
    assert.throws(() => memory.close(), { code: "ENOMEM" });
  } finally {
    libc.mmap = mmap;
  }
  memory.bytes[0] = 1;
  assert.ok(!memory.closed);
  memory.close();
  assert.ok(memory.closed);
});

async function lending(): Promise<Outcome> {
  using listener = listenTcp("127.0.0.1:0");
  using client = await connectTcp(listener.localAddress);
  using server = await listener.accept();
  return await arriving(server, async () => {
    using sender = zerocopySender(client);
    const first = await sender.send(bytes.subarray(0, 300_000));
    const second = await sender.send(bytes.subarray(300_000));
    await sender.released();
    return { path: "sent", bytes: first.bytes + second.bytes };
  }, () => client.close());
}

fails("zerocopySender", lending, [
  ["setsockopt:error=EOPNOTSUPP:when=2", "EOPNOTSUPP"], // the first is that of the listener
  ["setsockopt:error=ENOPROTOOPT:when=2", "ENOPROTOOPT"],
  ["sendto:error=EINTR:when=1+2", "sent"],
  ["sendto:error=EAGAIN:when=1+2", "sent"],
  ["sendto:error=ENOBUFS:when=1", "sent"],
  ["sendto:error=ENOBUFS:when=1+2", "sent"],
  ["sendto:error=ENOMEM:when=1", "ENOMEM"],
  ["sendto:error=ECONNRESET:when=1", "ECONNRESET"],
  ["sendto:error=EPIPE:when=2", "EPIPE"],
  ["recvmsg:error=EINTR:when=1+2", "sent"],
  ["recvmsg:error=EAGAIN:when=1+2", "sent"],
  ["recvmsg:error=ENOMEM:when=1", "sent"],
  ["recvmsg:error=ENOMEM", "ENOMEM"],
]);

/** A single call: `null` if it would block, how many bytes, or the error. */
function single(call: (ends: Pipe, file: ReturnType<typeof memfd>) => number | null): Transfer {
  return async () => {
    using file = fileOf(bytes.subarray(0, 100));
    using ends = pipe();
    try {
      return await Promise.resolve(String(call(ends, file)));
    } catch (error) {
      return codeOf(error);
    }
  };
}

const singles: [name: string, call: Transfer, refusals: string[]][] = [
  ["sendfile", single((ends, file) => sendfile(ends.writer, file, 100, { offset: 0 })), [
    "EIO",
    "ENOMEM",
  ]],
  ["splice", single((ends, file) => splice(file, ends.writer, 100, { fromOffset: 0 })), [
    "EINVAL",
    "ENOMEM",
  ]],
  [
    "tee",
    single((ends) => {
      using copy = pipe();
      vmsplice(ends.writer, [bytes.subarray(0, 100)]);
      return tee(ends.reader, copy.writer, 100);
    }),
    ["EINVAL", "ENOMEM"],
  ],
  ["vmsplice", single((ends) => vmsplice(ends.writer, [bytes.subarray(0, 100)])), [
    "EBADF",
    "ENOMEM",
  ]],
  [
    "copy_file_range",
    single((_, file) => {
      using copy = memfd("copy");
      return copyFileRange(file, copy, 100, { fromOffset: 0 });
    }),
    ["EIO", "ENOSPC", "ENOMEM", "EDQUOT"],
  ],
  [
    "sendto",
    single(() => {
      using socket = udp("127.0.0.1:0");
      setOptions(socket, { zeroCopy: true });
      return sendZerocopy(socket, bytes.subarray(0, 100), { to: socket.localAddress });
    }),
    ["ENOBUFS", "ENOMEM", "EACCES"],
  ],
];

for (const [name, call, refusals] of singles) {
  fails("a call", call, [
    [`${name}:error=EINTR:when=1`, "100"],
    [`${name}:error=EAGAIN:when=1`, "null"],
    ...refusals.map((code): [string, string] => [`${name}:error=${code}:when=1`, code]),
  ]);
}

test.run();
