// A server that sends files: what a gigabyte costs it in CPU time. The client is the same C program
// for every side; it asks with one byte, and throws away what comes.
import { spawn } from "node:child_process";
import { createReadStream } from "node:fs";
import { createServer, type Socket } from "node:net";
import process from "node:process";
import { open, truncate } from "@posixly/fd";
import { type Connection, listenTcp } from "@posixly/socket";
import { bench, pinBoth, type Work } from "@posixly/testing/bench";
import { sendFile } from "./mod.ts";

/** How many connections there are, and how long the file is. */
interface Load {
  readonly connections: number;
  readonly size: number;
}

/** Reads how many files to ask for from its first connection, and gets them over the others. */
const client = `
  #define _GNU_SOURCE
  #include <arpa/inet.h>
  #include <dirent.h>
  #include <sched.h>
  #include <stdio.h>
  #include <stdlib.h>
  #include <sys/epoll.h>
  #include <sys/socket.h>
  #include <unistd.h>

  ${pinBoth}

  static int dial(int port) {
    struct sockaddr_in to = { AF_INET, htons(port), { htonl(INADDR_LOOPBACK) } };
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(fd, (struct sockaddr *) &to, sizeof to)) exit(1);
    return fd;
  }

  int main(int argc, char **argv) {
    int port = atoi(argv[1]), connections = atoi(argv[2]);
    long size = atol(argv[3]), times;
    FILE *control = fdopen(dial(port), "r");
    int *fds = calloc(connections, sizeof *fds);
    long *missing = calloc(connections, sizeof *missing);
    int epoll = epoll_create1(0);
    struct epoll_event events[256];
    pin_both();
    while (fscanf(control, "%ld", &times) == 1) {
      for (int i = 0; fds[i] == 0 && i < connections; i++) {
        struct epoll_event event = { EPOLLIN, { .u32 = i } };
        epoll_ctl(epoll, EPOLL_CTL_ADD, fds[i] = dial(port), &event);
      }
      long to_ask = times, to_get = times;
      for (int i = 0; i < connections && to_ask > 0; i++, to_ask--) {
        missing[i] = size;
        if (write(fds[i], "?", 1) != 1) return 1;
      }
      while (to_get > 0) {
        /* It never sleeps, so that it is not the server who pays for waking it up. */
        int ready = epoll_wait(epoll, events, 256, 0);
        for (int e = 0; e < ready; e++) {
          int i = events[e].data.u32;
          long n = recv(fds[i], NULL, missing[i], MSG_TRUNC);
          if (n <= 0) return 1;
          if ((missing[i] -= n) > 0) continue;
          to_get--;
          if (to_ask == 0) continue;
          to_ask--;
          missing[i] = size;
          if (write(fds[i], "?", 1) != 1) return 1;
        }
      }
    }
  }
`;

const serverInC = ({ connections, size }: Load) => `
  #define _GNU_SOURCE
  #include <arpa/inet.h>
  #include <fcntl.h>
  #include <stdio.h>
  #include <stdlib.h>
  #include <sys/epoll.h>
  #include <sys/sendfile.h>
  #include <sys/socket.h>
  #include <unistd.h>

  static int listener, control, epoll, file;
  static off_t *sent;

  static void start(void) {
    struct sockaddr_in at = { AF_INET, 0, { htonl(INADDR_LOOPBACK) } };
    socklen_t length = sizeof at;
    file = open("/var/tmp", O_RDWR | O_TMPFILE, 0600);
    if (ftruncate(file, ${size}L)) exit(1);
    listener = socket(AF_INET, SOCK_STREAM, 0);
    bind(listener, (struct sockaddr *) &at, sizeof at);
    listen(listener, 4096);
    getsockname(listener, (struct sockaddr *) &at, &length);
    if (fork() == 0) {
      char port[16];
      snprintf(port, sizeof port, "%d", ntohs(at.sin_port));
      execl(getenv("BENCH_PARTNER"), "client", port, "${connections}", "${size}", NULL);
      _exit(1);
    }
    control = accept(listener, NULL, NULL);
    sent = calloc(65536, sizeof *sent);
    epoll = epoll_create1(0);
    struct epoll_event event = { EPOLLIN, { .fd = listener } };
    epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event);
  }

  void run(long times) {
    struct epoll_event events[256];
    if (listener == 0) start();
    dprintf(control, "%ld\\n", times);
    for (long left = times; left > 0;) {
      int ready = epoll_wait(epoll, events, 256, -1);
      for (int e = 0; e < ready; e++) {
        int fd = events[e].data.fd;
        char question;
        if (fd == listener) {
          struct epoll_event event = { EPOLLIN, { .fd = accept4(fd, NULL, NULL, SOCK_NONBLOCK) } };
          epoll_ctl(epoll, EPOLL_CTL_ADD, event.data.fd, &event);
          continue;
        }
        if (sent[fd] == 0 && read(fd, &question, 1) != 1) exit(1);
        while (sent[fd] < ${size}L && sendfile(fd, file, &sent[fd], ${size}L - sent[fd]) > 0);
        int is_done = sent[fd] == ${size}L;
        struct epoll_event event = { is_done ? EPOLLIN : EPOLLOUT, { .fd = fd } };
        epoll_ctl(epoll, EPOLL_CTL_MOD, fd, &event);
        if (is_done) sent[fd] = 0, left--;
      }
    }
  }
`;

/** A server that its sides are made of; they are told apart by how they listen and send. */
function serverOf(load: Load, listen: Listen): Work {
  let control: { write(text: string): unknown } | undefined;
  let left = 0;
  let finished = () => {};
  return async (times) => {
    left = times;
    const done = new Promise<void>((resolve) => finished = resolve);
    if (control === undefined) {
      const file = open("/var/tmp", { read: true, write: true, temporary: true });
      truncate(file, load.size);
      await new Promise<void>((connected) =>
        listen({
          file,
          size: load.size,
          ready(port) {
            const args = [port, load.connections, load.size].map(String);
            spawn(process.env.BENCH_PARTNER!, args, { stdio: "ignore" });
          },
          isControl(connection) {
            if (control !== undefined) return false;
            control = connection;
            connected();
            return true;
          },
          sent() {
            if (--left === 0) finished();
          },
        })
      );
    }
    control!.write(`${times}\n`);
    await done;
  };
}

type Listen = (server: {
  readonly file: { readonly fd: number };
  readonly size: number;
  ready(port: number): void;
  /** Whether a new connection is the one that the client is told by. */
  isControl(connection: { write(text: string): unknown }): boolean;
  sent(): void;
}) => void;

const ours: Listen = async ({ file, size, ready, isControl, sent }) => {
  const listener = listenTcp("127.0.0.1:0");
  const serve = async (connection: Connection) => {
    const question = new Uint8Array(1);
    while (await connection.read(question) > 0) {
      await sendFile(connection, file, { length: size });
      sent();
    }
  };
  ready((listener.localAddress as { port: number }).port);
  for (;;) {
    const connection = await listener.accept();
    const write = (text: string) => connection.write(new TextEncoder().encode(text));
    if (!isControl({ write })) serve(connection);
  }
};

const nodeStreams: Listen = ({ file, ready, isControl, sent }) => {
  const server = createServer((socket: Socket) => {
    if (isControl(socket)) return;
    socket.on("data", () => {
      const stream = createReadStream(`/proc/self/fd/${file.fd}`, { highWaterMark: 65_536 });
      stream.on("end", sent).pipe(socket, { end: false });
    });
  });
  server.listen({ port: 0, host: "127.0.0.1" }, () => {
    ready((server.address() as { port: number }).port);
  });
};

for (const [connections, size] of [[1, 2 ** 30], [16, 65_536]]) {
  const load = { connections, size };
  bench(`files of ${size} B on ${connections} connections`, {
    bytes: size,
    ours: serverOf(load, ours),
    peers: { C: serverInC(load), "node:fs and node:net": serverOf(load, nodeStreams) },
    partner: client,
  });
}
