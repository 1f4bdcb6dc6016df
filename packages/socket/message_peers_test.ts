import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import process from "node:process";
import { text } from "node:stream/consumers";
import { memfd, readAll, seek, stat } from "@posixly/fd";
import { poll } from "@posixly/mux";
import { testNeeding, withoutLeaks } from "@posixly/testing";
import { test } from "uvu";
import {
  accept,
  bind,
  type Ipv4Address,
  listen,
  localAddress,
  type ReceivedMessage,
  receiveMessage,
  type ReceiveMessageOptions,
  sendMessage,
  setOptions,
  type Socket,
  socket,
  type UnixAddress,
} from "@posixly/socket";

const bytesOf = (text: string) => new TextEncoder().encode(text);

/** Runs a program of Python that has `connection`, whose other end is ours. */
function connectedTo(script: string): { ours: Socket; output: Promise<string> } {
  using listener = socket("unix", "stream");
  bind(listener, { family: "unix" });
  listen(listener);
  const { abstract } = localAddress(listener) as UnixAddress;
  const output = run(
    `
import os, socket, sys
connection = socket.socket(socket.AF_UNIX)
connection.connect("\\0" + sys.argv[1])
${script}`,
    abstract as string,
  );
  wait(listener);
  return { ours: accept(listener)!.socket, output };
}

async function run(script: string, ...args: string[]): Promise<string> {
  const child: ChildProcess = spawn("python3", ["-c", script, ...args], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  return (await text(child.stdout!)).trim();
}

function wait(socket: Socket): void {
  assert.equal(poll([{ fd: socket, readable: true }], { timeout: 10_000 }).length, 1);
}

function receive(
  socket: Socket,
  into: Uint8Array,
  options?: ReceiveMessageOptions,
): ReceivedMessage {
  wait(socket);
  return receiveMessage(socket, into, options)!;
}

testNeeding(
  "python3",
  "what Python sends with send_fds comes here",
  () =>
    withoutLeaks(async () => {
      const { ours, output } = connectedTo(`
files = [os.memfd_create(str(i)) for i in range(3)]
for file in files: os.write(file, b"file %d" % file)
socket.send_fds(connection, [b"three ", b"files"], files)
print(*[os.fstat(file).st_ino for file in files], *files)
`);
      using _ = ours;
      const into = new Uint8Array(64);
      using message = receive(ours, into, { descriptors: 3 });
      assert.equal(new TextDecoder().decode(into.subarray(0, message.length)), "three files");
      const numbers = (await output).split(" ").map(Number);
      assert.deepEqual(message.descriptors.map((fd) => stat(fd).inode), numbers.slice(0, 3));
      for (const [i, file] of message.descriptors.entries()) {
        seek(file, 0);
        assert.equal(new TextDecoder().decode(readAll(file)), `file ${numbers[3 + i]}`);
      }
    }),
);

testNeeding(
  "python3",
  "what goes from here is received by Python with recv_fds",
  () =>
    withoutLeaks(async () => {
      const { ours, output } = connectedTo(`
data, files, flags, address = socket.recv_fds(connection, 64, 5)
print(data.decode(), flags & ~socket.MSG_CMSG_CLOEXEC, *[os.fstat(file).st_ino for file in files])
`);
      using _ = ours;
      using first = memfd("first");
      using second = memfd("second");
      sendMessage(ours, {
        bytes: [bytesOf("two"), bytesOf("files")],
        descriptors: [first, second, first],
      });
      const inodes = [first, second, first].map((file) => stat(file).inode);
      assert.equal(await output, `twofiles 0 ${inodes.join(" ")}`);
    }),
);

testNeeding(
  "python3",
  "credentials and files in one message, both ways",
  () =>
    withoutLeaks(async () => {
      const { ours, output } = connectedTo(`
import array, struct
file = os.memfd_create("both")
connection.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
me = struct.pack("3i", os.getpid(), os.getuid(), os.getgid())
connection.sendmsg([b"x"], [
    (socket.SOL_SOCKET, socket.SCM_CREDENTIALS, me),
    (socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [file, file])),
])
print(os.getpid())
data, controls, flags, address = connection.recvmsg(10, 1000)
for level, type, data in controls:
    if type == socket.SCM_CREDENTIALS: print(*struct.unpack("3i", data))
    else: print(type, len(data))
`);
      using _ = ours;
      setOptions(ours, { passCredentials: true });
      using message = receive(ours, new Uint8Array(1), { descriptors: 2 });
      assert.equal(message.descriptors.length, 2);
      const own = { pid: process.pid, uid: process.getuid!(), gid: process.getgid!() };
      sendMessage(ours, {
        bytes: new Uint8Array(1),
        descriptors: message.descriptors,
        credentials: own,
      });
      const [their, ...lines] = (await output).split("\n");
      assert.deepEqual(message.credentials, { ...own, pid: Number(their) });
      assert.deepEqual(lines, [`${own.pid} ${own.uid} ${own.gid}`, "1 8"]);
    }),
);

testNeeding("python3", "packets say the same here and in Python", () =>
  withoutLeaks(async () => {
    using udp = socket("ipv4", "datagram");
    bind(udp, "127.0.0.1:0");
    setOptions(udp, { ipReceiveTtl: true, ipReceiveTos: true, ipPacketInfo: true });
    const { port } = localAddress(udp) as { port: number };
    const output = run(
      `
import socket, struct, sys
IP_PKTINFO, IP_RECVTTL, IP_RECVTOS = 8, 12, 13
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for option in IP_PKTINFO, IP_RECVTTL, IP_RECVTOS: udp.setsockopt(socket.SOL_IP, option, 1)
udp.sendmsg([b"ping"], [
    (socket.SOL_IP, socket.IP_TTL, struct.pack("i", 33)),
    (socket.SOL_IP, socket.IP_TOS, struct.pack("i", 0x20)),
    (socket.SOL_IP, IP_PKTINFO, struct.pack("i4s4s", 0, bytes([127, 0, 0, 9]), bytes(4))),
], 0, ("127.0.0.1", int(sys.argv[1])))
data, controls, flags, address = udp.recvmsg(10, 1000)
for level, type, data in sorted(controls): print(level, type, data.hex())
print(address[0])
`,
      String(port),
    );
    const message = receive(udp, new Uint8Array(10));
    const { control } = message;
    const from = message.from as Ipv4Address;
    const { packetInfo, ...others } = control;
    assert.deepEqual(others, { ttl: 33, tos: 0x20 });
    assert.equal(packetInfo!.host, "127.0.0.1");
    assert.equal(from.host, "127.0.0.9");
    sendMessage(udp, {
      bytes: bytesOf("pong"),
      to: { ...from, host: "127.0.0.1" },
      control: { ttl: 44, tos: 0x28, packetInfo: { host: "127.0.0.8" } },
    });
    assert.deepEqual((await output).split("\n"), [
      "0 1 28",
      "0 2 2c000000",
      "0 8 010000007f0000017f000001",
      "127.0.0.8",
    ]);
  }));

testNeeding(
  "python3",
  "descriptors for which Python has no room are closed, and it goes on",
  () =>
    withoutLeaks(async () => {
      const { ours, output } = connectedTo(`
for size in range(0, 45, 4):
    data, controls, flags, address = connection.recvmsg(1, size)
    got = sum(len(data) // 4 for level, type, data in controls)
    print(got, int(flags & socket.MSG_CTRUNC != 0))
    for level, type, data in controls:
        for file in memoryview(data[: len(data) // 4 * 4]).cast("i"): os.close(file)
`);
      using _ = ours;
      using file = memfd("no room");
      const expected: string[] = [];
      for (let size = 0; size < 45; size += 4) {
        sendMessage(ours, { bytes: new Uint8Array(1), descriptors: Array(4).fill(file) });
        const got = Math.max(0, Math.min(4, Math.floor((size - 16) / 4)));
        expected.push(`${got} ${got < 4 ? 1 : 0}`);
      }
      assert.deepEqual((await output).split("\n"), expected);
    }),
);

test.run();
