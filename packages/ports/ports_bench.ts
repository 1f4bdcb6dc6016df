import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import process from "node:process";
import { sockets } from "@posixly/ports";
import { bind } from "@posixly/sys";
import { bench, type Work } from "@posixly/testing/bench";

// Every side is in a network of its own, if it may be, in which others hold 20,000 sockets: 10,000
// connections over the loopback.

const partner = `
  #define _GNU_SOURCE
  #include <arpa/inet.h>
  #include <poll.h>
  #include <stdlib.h>
  #include <sys/socket.h>
  #include <sys/syscall.h>
  #include <unistd.h>
  static void hold(int pairs, int ready, int whom) {
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
    struct pollfd end = { whom, POLLIN };
    poll(&end, 1, -1); // until whoever measures has ended
    exit(0);
  }
  int main(int argc, char **argv) {
    int ready[2];
    char all[4];
    pipe(ready);
    int whom = syscall(SYS_pidfd_open, atoi(argv[1]), 0);
    for (int i = 0; i < sizeof all; i++) if (fork() == 0) hold(2500, ready[1], whom);
    for (int i = 0; i < sizeof all; i++) if (read(ready[0], all, 1) != 1) return 1;
    return 0;
  }
`;

const CLONE_NEWNET = 0x4000_0000;
let isGathered = false;

/** Work among all those sockets. */
function among(work: () => void): Work {
  return (times) => {
    if (!isGathered) gather();
    isGathered = true;
    while (times--) work();
  };
}

function gather(): void {
  if (bind({ unshare: ["i32", "i32"] }).unshare(CLONE_NEWNET) === 0) {
    execFileSync("ip", ["link", "set", "lo", "up"]);
  }
  execFileSync(process.env.BENCH_PARTNER!, [`${process.pid}`], { stdio: "ignore" });
}

/** One answer after the other, as C asks for them and counts what it gets. */
const inC = (states: string) => `
  #define _GNU_SOURCE
  #include <linux/inet_diag.h>
  #include <linux/netlink.h>
  #include <linux/sock_diag.h>
  #include <netinet/in.h>
  #include <sched.h>
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
      if (unshare(CLONE_NEWNET) == 0 && system("ip link set lo up")) abort();
      snprintf(command, sizeof command, "%s %d", getenv("BENCH_PARTNER"), getpid());
      if (system(command)) abort();
      gathered = 1;
    }
    while (times--) { list(AF_INET); list(AF_INET6); }
  }
`;

const ss = (...args: string[]) => () => {
  execFileSync("ss", args, { maxBuffer: 2 ** 28 });
};

let seen = 0;

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
      for (const file of ["/proc/self/net/tcp", "/proc/self/net/tcp6"]) {
        const [, ...lines] = readFileSync(file, "utf8").trimEnd().split("\n");
        for (const line of lines) {
          const [, local, remote, state] = line.trim().split(/\s+/);
          const [near, far] = [local.split(":"), remote.split(":")];
          if (state === "01") seen += parseInt(near[1], 16) + parseInt(far[1], 16);
        }
      }
    }),
  },
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
