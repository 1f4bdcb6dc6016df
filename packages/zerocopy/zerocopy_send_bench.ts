// Memory to the network: what a gigabyte costs its sender in CPU time, lent or copied. The datagrams go
// over a veth pair to an address that nobody has, since a receiver on this machine would have them
// copied. It takes root, for a network of its own.
import { execFileSync } from "node:child_process";
import { connect, type DatagramSocket, send, udp } from "@posixly/socket";
import { bind, ok } from "@posixly/sys";
import { bench, type Work } from "@posixly/testing/bench";
import { pages, zerocopySender } from "./mod.ts";

const CLONE_NEWNET = 0x4000_0000;
const UNDER_WAY = 16;

/** More than a processor has caches for: who sends a lot does not send the same again and again. */
const MEMORY = 1 << 26;

const setUp = [
  "ip link add here type veth peer name there",
  "ip link set here mtu 65535 up",
  "ip link set there mtu 65535 up",
  "ip addr add 10.9.0.1/24 dev here",
  "ip neigh add 10.9.0.2 lladdr 02:00:00:00:00:02 dev here",
];

/** A socket in a network of its own, connected to nobody. */
function socketToNobody(): DatagramSocket {
  ok(bind({ unshare: ["i32", "i32"] }).unshare(CLONE_NEWNET), "unshare");
  for (const line of setUp) {
    const [program, ...args] = line.split(" ");
    execFileSync(program, args);
  }
  const socket = udp("10.9.0.1:0");
  connect(socket, "10.9.0.2:9");
  return socket;
}

const inC = (size: number) => `
  #define _GNU_SOURCE
  #include <arpa/inet.h>
  #include <linux/errqueue.h>
  #include <sched.h>
  #include <stdlib.h>
  #include <sys/mman.h>
  #include <sys/socket.h>

  static int fd;
  static char *memory;

  static void start(void) {
    struct sockaddr_in to = { AF_INET, htons(9), { 0 } };
    int on = 1;
    if (unshare(CLONE_NEWNET)) exit(1);
    ${setUp.map((line) => `if (system("${line}")) exit(1);`).join("\n    ")}
    inet_aton("10.9.0.2", &to.sin_addr);
    fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    if (setsockopt(fd, SOL_SOCKET, SO_ZEROCOPY, &on, sizeof on)) exit(1);
    if (connect(fd, (struct sockaddr *) &to, sizeof to)) exit(1);
    memory = mmap(NULL, ${MEMORY}, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    for (int i = 0; i < ${MEMORY}; i++) memory[i] = 1;
  }

  void run(long times) {
    if (memory == NULL) start();
    static long at;
    unsigned done = 0;
    for (long sent = 0; sent < times;) {
      for (int i = 0; i < ${UNDER_WAY} && sent < times; i++, sent++) {
        if (send(fd, memory + at, ${size}, MSG_ZEROCOPY) != ${size}) exit(1);
        if ((at += ${size}) + ${size} > ${MEMORY}) at = 0;
      }
      char control[256];
      struct msghdr message = { .msg_control = control, .msg_controllen = sizeof control };
      while (recvmsg(fd, &message, MSG_ERRQUEUE) >= 0) {
        struct sock_extended_err *told = (void *) CMSG_DATA(CMSG_FIRSTHDR(&message));
        done += told->ee_data - told->ee_info + 1;
        message.msg_controllen = sizeof control;
      }
    }
    if (done != times) exit(1);
  }
`;

/** Parts of memory, one after the other and from the start again, which are there once. */
function inTurn(memory: Uint8Array, size: number): () => Uint8Array {
  memory.fill(1);
  const parts = Array.from(
    { length: Math.floor(MEMORY / size) },
    (_, i) => memory.subarray(i * size, (i + 1) * size),
  );
  let at = 0;
  return () => parts[at++ % parts.length];
}

/** Sends by our sender, some at a time. */
function lending(size: number): Work {
  let sendAll: Work | undefined;
  return async (times) => {
    if (sendAll === undefined) {
      const sender = zerocopySender(socketToNobody(), { minimum: 1 });
      const next = inTurn(pages(MEMORY), size);
      sendAll = async (times) => {
        let left = times;
        const worker = async () => {
          while (left-- > 0) await sender.send(next());
        };
        await Promise.all(Array.from({ length: UNDER_WAY }, worker));
      };
    }
    await sendAll(times);
  };
}

/** Sends as ever, by the thin call. */
function copying(size: number): Work {
  let socket: DatagramSocket | undefined;
  const next = inTurn(new Uint8Array(MEMORY), size);
  return (times) => {
    socket ??= socketToNobody();
    for (let i = 0; i < times; i++) {
      if (send(socket, next()) !== size) throw new Error("there was no room");
    }
  };
}

/** Sends as ever, by the method that waits for room. */
function copyingWhenThereIsRoom(size: number): Work {
  let socket: DatagramSocket | undefined;
  const next = inTurn(new Uint8Array(MEMORY), size);
  return async (times) => {
    socket ??= socketToNobody();
    for (let i = 0; i < times; i++) await socket.send(next());
  };
}

for (const size of [4096, 10_240, 60_000]) {
  bench(`datagrams of ${size} B that are lent`, {
    bytes: size,
    ours: lending(size),
    peers: {
      C: inC(size),
      "send of @posixly/socket, a copy": copying(size),
      "the same, waiting for room": copyingWhenThereIsRoom(size),
    },
  });
}
