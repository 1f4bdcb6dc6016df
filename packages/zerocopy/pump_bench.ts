// A proxy: what a gigabyte that goes through costs it in CPU time. Source and sink are the same C
// program for every side.
import { spawn } from "node:child_process";
import { createServer, type Socket } from "node:net";
import process from "node:process";
import { run, stop } from "@posixly/mux";
import { type Connection, listenTcp, send } from "@posixly/socket";
import { bench, type Work } from "@posixly/testing/bench";
import { pump, type PumpOptions } from "./mod.ts";

const MIB = 2 ** 20;

/**
 * Reads from its first connection how many MiB to send, sends them over the second and reads them
 * from the third.
 */
const sourceAndSink = `
  #define _GNU_SOURCE
  #include <arpa/inet.h>
  #include <stdio.h>
  #include <stdlib.h>
  #include <sys/socket.h>
  #include <unistd.h>

  static int dial(int port) {
    struct sockaddr_in to = { AF_INET, htons(port), { htonl(INADDR_LOOPBACK) } };
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(fd, (struct sockaddr *) &to, sizeof to)) exit(1);
    return fd;
  }

  int main(int argc, char **argv) {
    static char bytes[${MIB}];
    int port = atoi(argv[1]);
    FILE *control = fdopen(dial(port), "r");
    int source = dial(port), sink = dial(port);
    long times;
    while (fscanf(control, "%ld", &times) == 1) {
      if (fork() == 0) {
        for (long left = times * ${MIB}; left > 0;) {
          long n = write(source, bytes, left < ${MIB} ? left : ${MIB});
          if (n <= 0) _exit(1);
          left -= n;
        }
        _exit(0);
      }
      for (long left = times * ${MIB}; left > 0;) {
        long n = recv(sink, NULL, ${MIB}, MSG_TRUNC);
        if (n <= 0) return 1;
        left -= n;
      }
    }
  }
`;

/**
 * A proxy for this one pair of sockets, which blocks; or, as any that has more than one, never blocks
 * and waits by epoll(7).
 */
const proxyInC = (waits: boolean) => `
  #define _GNU_SOURCE
  #include <arpa/inet.h>
  #include <errno.h>
  #include <fcntl.h>
  #include <stdio.h>
  #include <stdlib.h>
  #include <sys/epoll.h>
  #include <sys/socket.h>
  #include <unistd.h>

  static int control, source, sink, ends[2], readable, writable;

  static int set_of(int fd, int events) {
    int set = epoll_create1(0);
    struct epoll_event event = { events, { .fd = fd } };
    if (epoll_ctl(set, EPOLL_CTL_ADD, fd, &event)) exit(1);
    fcntl(fd, F_SETFL, O_NONBLOCK);
    return set;
  }

  static void start(void) {
    struct sockaddr_in at = { AF_INET, 0, { htonl(INADDR_LOOPBACK) } };
    socklen_t length = sizeof at;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    bind(listener, (struct sockaddr *) &at, sizeof at);
    listen(listener, 8);
    getsockname(listener, (struct sockaddr *) &at, &length);
    if (fork() == 0) {
      char port[16];
      snprintf(port, sizeof port, "%d", ntohs(at.sin_port));
      execl(getenv("BENCH_PARTNER"), "partner", port, NULL);
      _exit(1);
    }
    control = accept(listener, NULL, NULL);
    source = accept(listener, NULL, NULL);
    sink = accept(listener, NULL, NULL);
    if (pipe(ends)) exit(1);
    fcntl(ends[1], F_SETPIPE_SZ, ${MIB});
    if (${Number(waits)}) readable = set_of(source, EPOLLIN), writable = set_of(sink, EPOLLOUT);
  }

  static long move(int from, int to, long length, int set) {
    for (;;) {
      struct epoll_event event;
      long n = splice(from, NULL, to, NULL, length, ${
  waits ? "SPLICE_F_NONBLOCK" : "SPLICE_F_MOVE"
});
      if (n > 0) return n;
      if (n == 0 || errno != EAGAIN || epoll_wait(set, &event, 1, -1) != 1) exit(1);
    }
  }

  void run(long times) {
    if (control == 0) start();
    dprintf(control, "%ld\\n", times);
    for (long left = times * ${MIB}; left > 0;) {
      long n = move(source, ends[1], ${MIB}, readable);
      left -= n;
      while (n > 0) n -= move(ends[0], sink, n, writable);
    }
  }
`;

/** Accepts all three connections, begins to move, and tells how to write to the first. */
type Listen = (
  ready: (port: number) => void,
  moved: (bytes: number) => void,
) => Promise<(text: string) => unknown>;

/**
 * A proxy; its sides are told apart by how they listen and move.
 *
 * @param wait Has the bytes move until `stop` is called
 */
function proxyOf(listen: Listen, wait?: () => void, stop = () => {}): Work {
  let tell: ((text: string) => unknown) | undefined;
  let left = 0;
  let finished = () => {};
  return async (times) => {
    left = times * MIB;
    const done = new Promise<void>((resolve) => finished = resolve);
    if (tell === undefined) {
      const ready = (port: number) =>
        void spawn(process.env.BENCH_PARTNER!, [String(port)], { stdio: "ignore" });
      const moved = (bytes: number) => {
        if ((left -= bytes) > 0) return;
        finished();
        stop();
      };
      tell = await listen(ready, moved);
    }
    tell(`${times}\n`);
    wait?.();
    await done;
  };
}

const ours = (options: PumpOptions): Listen => async (ready, moved) => {
  using listener = listenTcp("127.0.0.1:0");
  ready((listener.localAddress as { port: number }).port);
  const connections: Connection[] = [];
  while (connections.length < 3) connections.push(await listener.accept());
  const [control, source, sink] = connections;
  let before = 0;
  const onProgress = (bytes: number) => {
    moved(bytes - before);
    before = bytes;
  };
  pump(source, sink, { ...options, onProgress });
  return (text) => send(control, new TextEncoder().encode(text));
};

const nodeNet: Listen = (ready, moved) =>
  new Promise((resolve) => {
    const sockets: Socket[] = [];
    const server = createServer((socket) => {
      if (sockets.push(socket) < 3) return;
      const [control, source, sink] = sockets;
      source.on("data", (bytes) => moved(bytes.length));
      source.pipe(sink);
      resolve((text) => control.write(text));
    });
    server.listen({ port: 0, host: "127.0.0.1" }, () => {
      ready((server.address() as { port: number }).port);
    });
  });

const nodeStreams = proxyOf(nodeNet);
for (const via of [undefined, "splice", "readwrite"] as const) {
  const name = `proxy, ${via ?? "whichever way is cheaper"}`;
  const peers = {
    C: proxyInC(false),
    "C with epoll": proxyInC(true),
    "a.pipe(b)": nodeStreams,
  };
  const partner = sourceAndSink;
  bench(`${name}, event loop`, { bytes: MIB, ours: proxyOf(ours({ via })), peers, partner });
  bench(`${name}, run()`, { bytes: MIB, ours: proxyOf(ours({ via }), run, stop), peers, partner });
}
