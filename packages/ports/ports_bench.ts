import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import process from "node:process";
import { sockets } from "@posixly/ports";
import { bench, type Work } from "@posixly/testing/bench";

// Every side looks at the same crowd: 20,000 sockets that are 10,000 connections over the loopback,
// held by processes of their own. Whoever comes first gathers it, and it stays for as long as
// whoever has started the sides.

const partner = `
  #define _GNU_SOURCE
  #include <arpa/inet.h>
  #include <poll.h>
  #include <stddef.h>
  #include <stdio.h>
  #include <stdlib.h>
  #include <sys/socket.h>
  #include <sys/syscall.h>
  #include <sys/un.h>
  #include <unistd.h>
  static void hold(int pairs, int ready, int end) {
    struct sockaddr_in address = { AF_INET, 0, { htonl(INADDR_LOOPBACK) } };
    socklen_t length = sizeof address;
    int server = socket(AF_INET, SOCK_STREAM, 0);
    bind(server, (void *)&address, length);
    getsockname(server, (void *)&address, &length);
    listen(server, 128);
    while (pairs--) {
      int client = socket(AF_INET, SOCK_STREAM, 0);
      if (connect(client, (void *)&address, length) || accept(server, 0, 0) < 0) abort();
    }
    write(ready, "", 1);
    struct pollfd ended = { end, POLLIN };
    poll(&ended, 1, -1);
    exit(0);
  }
  static void gather(int door, int end) {
    int ready[2];
    char byte;
    pipe(ready);
    for (int i = 0; i < 4; i++) if (fork() == 0) hold(2500, ready[1], end);
    for (int i = 0; i < 4; i++) if (read(ready[0], &byte, 1) != 1) abort();
    struct pollfd either[] = { { end, POLLIN }, { door, POLLIN } };
    while (poll(either, 2, -1) > 0 && !either[0].revents) close(accept(door, 0, 0));
    exit(0);
  }
  int main(int argc, char **argv) {
    struct sockaddr_un address = { AF_UNIX };
    int length = snprintf(address.sun_path + 1, 100, "posixly ports %s", argv[1]);
    length += offsetof(struct sockaddr_un, sun_path) + 1;
    int door = socket(AF_UNIX, SOCK_STREAM, 0);
    if (bind(door, (void *)&address, length) == 0) {
      listen(door, 128);
      if (fork() == 0) gather(door, syscall(SYS_pidfd_open, atoi(argv[1]), 0));
    }
    char byte;
    int visitor = socket(AF_UNIX, SOCK_STREAM, 0);
    return connect(visitor, (void *)&address, length) || read(visitor, &byte, 1);
  }
`;

let isGathered = false;

/** Work among all those sockets. */
function among(work: () => void): Work {
  return (times) => {
    if (!isGathered) {
      execFileSync(process.env.BENCH_PARTNER!, [`${process.ppid}`], { stdio: "ignore" });
    }
    isGathered = true;
    while (times--) work();
  };
}

/** One answer after the other, as C asks for them and counts what it gets. */
const inC = (states: string) => `
  #include <linux/inet_diag.h>
  #include <linux/netlink.h>
  #include <linux/sock_diag.h>
  #include <netinet/in.h>
  #include <stdio.h>
  #include <stdlib.h>
  #include <sys/socket.h>
  #include <unistd.h>
  static long seen;
  static void list(int family) {
    static char room[65536] __attribute__((aligned(8)));
    struct { struct nlmsghdr header; struct inet_diag_req_v2 body; } request = {
      { sizeof request, SOCK_DIAG_BY_FAMILY, NLM_F_REQUEST | NLM_F_DUMP },
      { family, IPPROTO_TCP, 0, 0, ${states} },
    };
    int diag = socket(AF_NETLINK, SOCK_RAW, NETLINK_SOCK_DIAG);
    send(diag, &request, sizeof request, 0);
    for (int more = 1; more;) {
      int length = recv(diag, room, sizeof room, 0);
      for (struct nlmsghdr *it = (void *)room; NLMSG_OK(it, length); it = NLMSG_NEXT(it, length)) {
        if (it->nlmsg_type == NLMSG_DONE) { more = 0; break; }
        seen += ((struct inet_diag_msg *)NLMSG_DATA(it))->id.idiag_sport;
      }
    }
    close(diag);
  }
  void run(long times) {
    static int gathered;
    if (!gathered) {
      char command[4096];
      snprintf(command, sizeof command, "%s %d </dev/null >/dev/null 2>&1", getenv("BENCH_PARTNER"), getppid());
      if (system(command)) abort();
      gathered = 1;
    }
    while (times--) { list(AF_INET); list(AF_INET6); }
  }
`;

const ss = (...args: string[]) => () => {
  execFileSync("ss", args, { maxBuffer: 2 ** 28 });
};

/** The rows of the files, as one reads them who splits lines. */
function rowsOfProc() {
  return ["/proc/self/net/tcp", "/proc/self/net/tcp6"].flatMap((file) => {
    const [, ...lines] = readFileSync(file, "utf8").trimEnd().split("\n");
    return lines.map((line) => {
      const [, local, remote, state, queues, , , uid, , inode] = line.trim().split(/\s+/);
      const [sendQueue, receiveQueue] = queues.split(":").map((hex) => parseInt(hex, 16));
      return {
        state: parseInt(state, 16),
        local: addressOf(local),
        remote: addressOf(remote),
        receiveQueue,
        sendQueue,
        uid: Number(uid),
        inode: Number(inode),
      };
    });
  });
}

function addressOf(text: string) {
  const [hex, port] = text.split(":");
  const host = hex.length === 8
    ? hex.match(/../g)!.reverse().map((byte) => parseInt(byte, 16)).join(".")
    : hex;
  return { host, port: parseInt(port, 16) };
}

let seen = 0;
let kept: unknown;

bench("20,000 sockets, the state and the ports of each", {
  clock: "wall",
  partner,
  ours: among(() => {
    for (const { state, localPort, remotePort } of sockets({ protocol: "tcp" })) {
      if (state === "established") seen += localPort + remotePort;
    }
  }),
  peers: {
    "C, the local ports": inC("0xffe"),
    "ss -tan": among(ss("-Htan")),
    "/proc, split": among(() => {
      for (const { state, local, remote } of rowsOfProc()) {
        if (state === 1) seen += local.port + remote.port;
      }
    }),
  },
});

bench("20,000 sockets, every field of each", {
  clock: "wall",
  partner,
  ours: among(() => {
    kept = Array.from(sockets({ protocol: "tcp" }), (each) => {
      const { state, local, remote, receiveQueue, sendQueue, uid, inode } = each;
      return { state, local, remote, receiveQueue, sendQueue, uid, inode };
    });
  }),
  peers: { "ss -tan": among(ss("-Htan")), "/proc, split": among(() => void (kept = rowsOfProc())) },
});

bench("20,000 sockets, how many have which port", {
  clock: "wall",
  partner,
  ours: among(() => {
    for (const port of sockets({ protocol: "tcp" }).localPorts()) seen += port;
  }),
  peers: { "C, the local ports": inC("0xffe"), "ss -tan": among(ss("-Htan")) },
});

bench("who listens, among 20,000 sockets", {
  clock: "wall",
  partner,
  ours: among(() => {
    for (const { localPort } of sockets({ protocol: "tcp", states: ["listening"] })) {
      seen += localPort;
    }
  }),
  peers: { C: inC("1 << 10"), "ss -tln": among(ss("-Htln")) },
});

export { kept }; // so that nobody finds out that the rows are for nothing
