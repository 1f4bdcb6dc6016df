// Which options of sockets cannot be set or read on any socket, and which messages cannot be sent or
// received.
import { createRequire } from "node:module";
import { join } from "node:path";
import process from "node:process";
import { root } from "../files.mjs";

const require = createRequire(join(root, "package.json"));
const { addressOf, bind, errno, errnoName } = await import(require.resolve("@posixly/sys"));
const { receiveMessage, sendMessage, socket, socketPair } = await import(
  require.resolve("@posixly/socket")
);
const { read, write } = await import(require.resolve("@posixly/fd"));
const { readable, settable } = await import(join(root, "packages/socket/dist/options.js"));

const INT = 4;
const [IPPROTO_TCP, TCP_INFO] = [6, 11];
const [AF_NETLINK, AF_PACKET, SOCK_RAW, NETLINK_SOCK_DIAG] = [16, 17, 3, 4];
const [MSG_DONTWAIT, MSG_WAITFORONE] = [0x40, 0x1_0000];
const [SOL_PACKET, PACKET_IGNORE_OUTGOING] = [263, 23];
const UNKNOWN = [-errno.ENOPROTOOPT, -errno.EOPNOTSUPP];
const libc = bind({
  close: ["i32", "i32"],
  getsockopt: ["i32", "i32", "i32", "i32", "buffer", "buffer"],
  recvmmsg: ["i32", "i32", "buffer", "u32", "i32", "u64"],
  recvmsg: ["i32", "i32", "buffer", "i32"],
  sendmmsg: ["i32", "i32", "u64", "u32", "i32"],
  setsockopt: ["i32", "i32", "i32", "i32", "buffer", "u32"],
  socket: ["i32", "i32", "i32", "i32"],
});

/** What is lacking, by name with what it answered. */
export function lackingOptions() {
  const lacking = {};
  for (const [name, { level, number }] of Object.entries(settable)) {
    const answers = onEach((fd) => libc.setsockopt(fd, level, number, new Int32Array(1), INT));
    if (answers.every((answer) => UNKNOWN.includes(answer))) {
      lacking[`setsockopt of ${name}`] = errnoName(-answers[0]);
    }
  }
  const isCut = onEach((fd) => lengthOf(fd, IPPROTO_TCP, TCP_INFO, 2 * INT)).includes(INT);
  if (isCut) lacking["TCP_INFO"] = "an int, and no more";
  for (const [name, { level, number, kind }] of Object.entries(readable)) {
    const answers = onEach((fd) => lengthOf(fd, level, number, kind.size));
    if (answers.every((answer) => UNKNOWN.includes(answer))) {
      lacking[`getsockopt of ${name}`] = errnoName(-answers[0]);
    } else if (isCut && kind.size > INT && Math.max(...answers) <= INT) {
      lacking[`getsockopt of ${name}`] = "an int, and no more";
    }
  }
  return lacking;
}

function onEach(call) {
  const sockets = [
    socket("ipv4", "stream"),
    socket("ipv6", "stream"),
    socket("ipv4", "datagram"),
    socket("ipv6", "datagram"),
    socket("unix", "stream"),
    socket("netlink", "raw", "route"),
  ];
  if (process.getuid() === 0) {
    sockets.push(socket("ipv4", "raw", "udp"), socket("ipv6", "raw", "udp"));
  }
  const answers = sockets.map(({ fd }) => call(fd));
  for (const one of sockets) one.close();
  return answers;
}

/** What is lacking of messages, by name with what happened. */
export function lackingMessages() {
  const lacking = {};
  const { first, second } = socketPair("datagram");
  const none = libc.sendmmsg(first.fd, 0, 0, 0);
  if (none < 0) lacking["sendmmsg of no message"] = errnoName(-none);

  const header = new Uint8Array(56); // struct msghdr: no room for anything
  write(first, new Uint8Array(1));
  libc.recvmsg(second.fd, header, 0);
  if (read(second, new Uint8Array(1)) !== null) {
    lacking["recvmsg without room for a byte"] = "a message that stays in the queue";
  }

  sendMessage(first, { bytes: new Uint8Array(1), descriptors: [first, first, first] });
  const into = new Uint8Array(1);
  const message = receiveMessage(second, into, { descriptors: 1, control: 0 });
  if (!message.controlTruncated) lacking["MSG_CTRUNC"] = "not told";
  message[Symbol.dispose]();
  for (const one of [first, second]) one.close();

  const packets = libc.socket(AF_PACKET, SOCK_RAW, 0); // takes root
  if (packets >= 0) {
    const vector = BigUint64Array.of(BigInt(addressOf(into)), 1n);
    const headers = new BigUint64Array(8); // one struct mmsghdr
    headers.set([BigInt(addressOf(vector)), 1n], 2);
    const n = libc.recvmmsg(packets, headers, 1, MSG_DONTWAIT | MSG_WAITFORONE, 0);
    if (n === -errno.EINVAL) lacking["recvmmsg of a packet socket"] = "EINVAL, for MSG_WAITFORONE";
    const set = libc.setsockopt(packets, SOL_PACKET, PACKET_IGNORE_OUTGOING, Int32Array.of(0), INT);
    if (UNKNOWN.includes(set)) lacking["options of packet sockets"] = errnoName(-set);
    libc.close(packets);
  }

  const diag = libc.socket(AF_NETLINK, SOCK_RAW, NETLINK_SOCK_DIAG);
  if (diag < 0) lacking["socket for sock_diag"] = errnoName(-diag);
  else libc.close(diag);
  return lacking;
}

/** How long the answer is, or which error. */
function lengthOf(fd, level, number, size) {
  const length = new Int32Array([size]);
  const result = libc.getsockopt(fd, level, number, new Uint8Array(size), length);
  return result < 0 ? result : length[0];
}
