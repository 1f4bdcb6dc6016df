// What the kernel refuses while bytes are on their way: each call is made to fail in every way that
// its page in the manual has. What arrives is right as far as it goes, whoever waits is told, and
// nothing is left open.
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { memfd, type OwnedFd, pwrite, readAll, stat, truncate } from "@posixly/fd";
import { type Pipe, pipe } from "@posixly/pipe";
import {
  type Connection,
  connectionPair,
  connectTcp,
  listenTcp,
  setOptions,
  udp,
} from "@posixly/socket";
import { testNeeding, withFaults, withoutLeaks } from "@posixly/testing";
import {
  copyFile,
  copyFileRange,
  proxy,
  pump,
  sendFile,
  sendfile,
  sendZerocopy,
  splice,
  tee,
  vmsplice,
  zerocopySender,
} from "@posixly/zerocopy";
import { test } from "uvu";
import { onDisk } from "./disk_fixture.ts";
import {
  bytes,
  codeOf,
  fails,
  fileOf,
  LENGTH,
  type Outcome,
  type Transfer,
} from "./fault_fixture.ts";

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

/** On a disk that makes room before it is written to, nothing is kept that is not needed. */
async function copyingOnDisk(): Promise<Outcome> {
  using from = onDisk();
  using to = onDisk();
  const content = Buffer.alloc(10 * 2 ** 20 + 10, bytes);
  pwrite(from, content, 0);
  let outcome: Outcome;
  try {
    outcome = (await copyFile(from, to)).path;
    assert.ok(content.equals(readAll(to)));
  } catch (error) {
    outcome = codeOf(error);
  }
  const { size, blocks } = stat(to);
  assert.ok(Number(blocks) * 512 < Number(size) + 65_536, `${blocks} blocks for ${size} bytes`);
  return outcome;
}

fails("copyFile on a disk", copyingOnDisk, [
  ["fallocate:error=EINTR:when=1", "copy_file_range"],
  ["fallocate:error=ENOSPC:when=1", "copy_file_range"],
  ["fallocate:error=EOPNOTSUPP:when=2", "copy_file_range"],
  ["copy_file_range:error=EIO:when=1", "EIO"],
  ["copy_file_range:error=ENOSPC:when=2", "ENOSPC"],
  ["copy_file_range:error=EXDEV:when=1", "sendfile"],
]);

// As it must not be: ext4 writes a file that was truncated to the disk as soon as it is closed.
testNeeding(
  "strace",
  "copyFile does not truncate a file that is empty",
  () =>
    withoutLeaks(() =>
      withFaults(["ftruncate:error=EIO:when=1"], async () => {
        using from = fileOf(bytes);
        using to = memfd("copy");
        await copyFile(from, to);
        assert.throws(() => truncate(to, 0), { code: "EIO" }, "the first one is ours");
      })
    ),
);

fails("copyFile by read and write", copying({ via: "readwrite" }), [
  ["pread64:error=EINTR:when=1+2 pwrite64:error=EINTR:when=2+2", "readwrite"],
  ["pread64:error=EIO:when=3", "EIO"],
  ["pwrite64:error=ENOSPC:when=3", "ENOSPC"], // the first two make the files
  ["pwrite64:error=EDQUOT:when=5", "EDQUOT"],
]);

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
function single(call: (ends: Pipe, file: OwnedFd) => number | null): Transfer {
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
