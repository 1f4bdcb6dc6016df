import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import process from "node:process";
import { eventfd, sendSignal } from "@posixly/fd";
import { poll } from "@posixly/mux";
import { testNeeding, testWhere, withoutLeaks } from "@posixly/testing";
import { test } from "uvu";
import {
  accept,
  bind,
  encodeControl,
  listen,
  localAddress,
  MessageBatch,
  peerCredentials,
  peerPidfd,
  receiveMessage,
  receiveMessages,
  send,
  sendMessage,
  setOptions,
  type Socket,
  socket,
  socketPair,
  type UnixAddress,
} from "@posixly/socket";
import { libc } from "./libc.ts";
import { adoptDescriptors } from "./owned_descriptors.ts";

const isRoot = process.getuid!() === 0;
const own = { pid: process.pid, uid: process.getuid!(), gid: process.getgid!() };

/** The groups of a process besides its own, as the kernel lists them. */
function groupsOf(status: string): number[] {
  return status.match(/^Groups:\t(.*)$/m)![1].trim().split(" ").filter(Boolean).map(Number);
}

/** Has another program become who it shall be, connect, and wait until it may end. */
function connected(become = ""): { peer: Socket; child: ChildProcess } {
  using listener = socket("unix", "stream");
  bind(listener, { family: "unix" });
  listen(listener);
  const name = (localAddress(listener) as UnixAddress).abstract as string;
  const script = `
import os, socket, sys
${become}
peer = socket.socket(socket.AF_UNIX)
peer.connect("\\0" + sys.argv[1])
sys.stdin.read()
`;
  const child = spawn("python3", ["-c", script, name], { stdio: ["pipe", "ignore", "inherit"] });
  assert.equal(poll([{ fd: listener, readable: true }], { timeout: 10_000 }).length, 1);
  return { peer: accept(listener)!.socket, child };
}

async function end(child: ChildProcess): Promise<void> {
  const ended = once(child, "close");
  child.stdin!.end();
  assert.deepEqual(await ended, [0, null]);
}

test("at the other end of a pair is who made it", () => {
  for (const type of ["stream", "datagram", "seqpacket"] as const) {
    using pair = socketPair(type);
    const { groups, ...credentials } = peerCredentials(pair.first)!;
    assert.deepEqual(credentials, own);
    assert.deepEqual(groups, groupsOf(readFileSync("/proc/self/status", "utf8")));
  }
});

test("where nobody is, nobody is told", () => {
  using alone = socket("unix", "stream");
  assert.equal(peerCredentials(alone), null);
  using udp = socket("ipv4", "datagram");
  assert.equal(peerCredentials(udp), null);
  assert.throws(() => peerPidfd(alone), { code: "ENODATA", syscall: "getsockopt" });
  using counter = eventfd();
  assert.throws(() => peerCredentials(counter), { code: "ENOTSOCK", fd: counter.fd });
  assert.throws(() => peerPidfd(counter), { code: "ENOTSOCK", fd: counter.fd });
});

testNeeding(
  "python3",
  "the process at the other end is the one that connected",
  () =>
    withoutLeaks(async () => {
      const { peer, child } = connected();
      using _ = peer;
      assert.equal(peerCredentials(peer)!.pid, child.pid);
      await end(child);
      assert.equal(peerCredentials(peer)!.pid, child.pid); // as it was then
    }),
);

const nobody = "os.setgroups([100, 65532]); os.setgid(65533); os.setuid(65534)";
testWhere(isRoot, "root", "the user and all groups at the other end are told", async () => {
  const { peer, child } = connected(nobody);
  using _ = peer;
  const { pid: __, ...others } = peerCredentials(peer)!;
  assert.deepEqual(others, { uid: 65534, gid: 65533, groups: [100, 65532] });
  await end(child);
});

testNeeding(
  "python3",
  "a process is taken by its descriptor, and ends by it",
  () =>
    withoutLeaks(async () => {
      const { peer, child } = connected();
      using _ = peer;
      using process = peerPidfd(peer);
      assert.deepEqual(poll([{ fd: process, readable: true }]), []);
      const ended = once(child, "close");
      sendSignal(process, "SIGKILL");
      assert.deepEqual(await ended, [null, "SIGKILL"]);
      assert.equal(poll([{ fd: process, readable: true }], { timeout: 10_000 }).length, 1);
    }),
);

test("a kernel without it says which one has it", () => {
  using pair = socketPair();
  const { getsockopt } = libc;
  const ENOPROTOOPT = 92;
  libc.getsockopt = () => -ENOPROTOOPT;
  try {
    assert.throws(() => peerPidfd(pair.first), {
      code: "ENOPROTOOPT",
      message: /SO_PEERPIDFD needs Linux 6.5 or newer$/,
    });
  } finally {
    libc.getsockopt = getsockopt;
  }
});

test("messages come with who sent them, alone and in a batch, if that is asked for", () =>
  withoutLeaks(() => {
    for (const type of ["stream", "datagram", "seqpacket"] as const) {
      using pair = socketPair(type);
      setOptions(pair.second, { passCredentials: true, passPidfd: true });
      send(pair.first, new Uint8Array(1));
      {
        using message = receiveMessage(pair.second, new Uint8Array(1));
        assert.deepEqual(message!.credentials, own);
        sendSignal(message!.pidfd!, 0);
        assert.deepEqual([message!.descriptors, message!.surplus, message!.control], [[], 0, {}]);
      }
      send(pair.first, new Uint8Array(1));
      const batch = new MessageBatch({ messages: 2 });
      assert.equal(receiveMessages(pair.second, batch), 1);
      using pidfd = batch.at(0).pidfd!;
      assert.deepEqual(batch.at(0).credentials, own);
      sendSignal(pidfd, 0);
    }
  }));

test("without being asked for, nobody is told who sent a message", () => {
  using pair = socketPair();
  sendMessage(pair.first, { bytes: new Uint8Array(1), credentials: own });
  const message = receiveMessage(pair.second, new Uint8Array(1))!;
  assert.deepEqual([message.credentials, message.pidfd], [undefined, undefined]);
});

testWhere(isRoot, "root", "root may say that it is somebody else, who exists", () => {
  using pair = socketPair("datagram");
  setOptions(pair.second, { passCredentials: true });
  const bytes = new Uint8Array(1);
  const other = { pid: 1, uid: 1234, gid: 5678 };
  sendMessage(pair.first, { bytes, credentials: other });
  assert.deepEqual(receiveMessage(pair.second, bytes)!.credentials, other);
  const nobody = { ...other, pid: 2 ** 31 - 1 };
  assert.throws(() => sendMessage(pair.first, { bytes, credentials: nobody }), { code: "ESRCH" });
});

test("a process that the kernel could not open is none, and no descriptor is closed for it", () => {
  const control = encodeControl({ pidfd: -3, descriptors: [] });
  assert.deepEqual(adoptDescriptors(control, 5), {
    descriptors: [],
    surplus: 0,
    pidfd: undefined,
  });
});

test.run();
