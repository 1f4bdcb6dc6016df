// A server that echoes: what a message costs it in CPU time. The client is the same C program for
// every side, on a processor of its own.
import { spawn } from "node:child_process";
import { createServer, type Socket } from "node:net";
import process from "node:process";
import { OwnedFd, raiseLimit, read, write } from "@posixly/fd";
import { bench, pinBoth, type Work } from "@posixly/testing/bench";
import { bind, ok } from "@posixly/sys";
import { busyPoll, readable, run, stop, watch } from "./mod.ts";

/** How many connections there are, and how long a message is. */
interface Load {
  readonly connections: number;
  readonly size: number;
}

/**
 * Connects to a port of this machine, reads how many messages to send from its first connection,
 * and sends them over the others, on each the next one after the answer.
 */
const client = `
  #define _GNU_SOURCE
  #include <arpa/inet.h>
  #include <dirent.h>
  #include <netinet/tcp.h>
  #include <sched.h>
  #include <stdio.h>
  #include <stdlib.h>
  #include <string.h>
  #include <sys/epoll.h>
  #include <sys/resource.h>
  #include <unistd.h>

  ${pinBoth}

  static int dial(int port) {
    struct sockaddr_in to = { AF_INET, htons(port), { htonl(INADDR_LOOPBACK) } };
    int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;
    if (connect(fd, (struct sockaddr *) &to, sizeof to)) exit(1);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return fd;
  }

  int main(int argc, char **argv) {
    int port = atoi(argv[1]), connections = atoi(argv[2]), size = atoi(argv[3]);
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    pin_both();

    FILE *control = fdopen(dial(port), "r");
    int *fds = calloc(connections, sizeof *fds), *missing = calloc(connections, sizeof *missing);
    char *message = calloc(1, size), *answer = malloc(size);
    int epoll = epoll_create1(0);
    struct epoll_event events[256];
    long times;
    while (fscanf(control, "%ld", &times) == 1) {
      /* An answer carries the acknowledgement, which would hold up the next number else. */
      if (write(fileno(control), "", 1) != 1) return 1;
      for (int i = 0; fds[i] == 0 && i < connections; i++) {
        struct epoll_event event = { EPOLLIN, { .u32 = i } };
        epoll_ctl(epoll, EPOLL_CTL_ADD, fds[i] = dial(port), &event);
      }
      long to_send = times, to_get = times;
      for (int i = 0; i < connections && to_send > 0; i++, to_send--) {
        missing[i] = size;
        if (write(fds[i], message, size) != size) return 1;
      }
      while (to_get > 0) {
        int ready = epoll_wait(epoll, events, 256, -1);
        for (int e = 0; e < ready; e++) {
          int i = events[e].data.u32;
          int n = read(fds[i], answer, missing[i]);
          if (n <= 0) return 1;
          if ((missing[i] -= n) > 0) continue;
          to_get--;
          if (to_send == 0) continue;
          to_send--;
          missing[i] = size;
          if (write(fds[i], message, size) != size) return 1;
        }
      }
    }
  }
`;

const serverInC = ({ connections, size }: Load) => `
  #define _GNU_SOURCE
  #include <arpa/inet.h>
  #include <stdio.h>
  #include <stdlib.h>
  #include <sys/epoll.h>
  #include <sys/resource.h>
  #include <sys/socket.h>
  #include <unistd.h>

  static int listener, control, epoll;

  static void start(void) {
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    struct sockaddr_in at = { AF_INET, 0, { htonl(INADDR_LOOPBACK) } };
    socklen_t length = sizeof at;
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
    epoll = epoll_create1(0);
    struct epoll_event event = { EPOLLIN, { .fd = listener } };
    epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event);
  }

  void run(long times) {
    static char buffer[${size}];
    struct epoll_event events[256];
    if (listener == 0) start();
    dprintf(control, "%ld\\n", times);
    for (long left = times * ${size}; left > 0;) {
      int ready = epoll_wait(epoll, events, 256, -1);
      for (int e = 0; e < ready; e++) {
        int fd = events[e].data.fd;
        if (fd == listener) {
          struct epoll_event event = { EPOLLIN, { .fd = accept4(fd, NULL, NULL, SOCK_NONBLOCK) } };
          epoll_ctl(epoll, EPOLL_CTL_ADD, event.data.fd, &event);
          continue;
        }
        int n = read(fd, buffer, sizeof buffer);
        if (n <= 0 || write(fd, buffer, n) != n) exit(1);
        left -= n;
      }
    }
  }
`;

function startClient(port: number, { connections, size }: Load): void {
  spawn(process.env.BENCH_PARTNER!, [port, connections, size].map(String), { stdio: "ignore" });
}

const libc = bind({
  accept4: ["i32", "i32", "buffer", "buffer", "i32"],
  bind: ["i32", "i32", "buffer", "u32"],
  getsockname: ["i32", "i32", "buffer", "buffer"],
  listen: ["i32", "i32", "i32"],
  setsockopt: ["i32", "i32", "i32", "i32", "buffer", "u32"],
  socket: ["i32", "i32", "i32", "i32"],
});
const AF_INET = 2;
const SOCK_STREAM = 1;
const NON_BLOCKING_CLOEXEC = 0x80800;
const IPPROTO_TCP = 6;
const TCP_NODELAY = 1;

/** A listening socket on a free port of the loopback interface. */
function listen(): { listener: OwnedFd; port: number } {
  const fd = ok(libc.socket(AF_INET, SOCK_STREAM | NON_BLOCKING_CLOEXEC, 0), "socket");
  const name = new Uint8Array([AF_INET, 0, 0, 0, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]);
  ok(libc.bind(fd, name, name.length), "bind");
  ok(libc.listen(fd, 4096), "listen");
  ok(libc.getsockname(fd, name, new Uint32Array([name.length])), "getsockname");
  return { listener: new OwnedFd(fd), port: name[2] * 256 + name[3] };
}

/** Our server; `finished` is called when so many bytes were echoed. */
function ourServer(load: Load) {
  const buffer = new Uint8Array(load.size);
  const { listener, port } = listen();
  const connections: OwnedFd[] = [];
  let control: OwnedFd | undefined;
  let left = 0;
  let finished = () => {};
  raiseLimit("openFiles");

  const echo = (connection: OwnedFd) => () => {
    const n = read(connection, buffer);
    if (n === null) return;
    const bytes = n === buffer.length ? buffer : buffer.subarray(0, n);
    if (n === 0 || write(connection, bytes) !== n) throw new Error("the client is gone");
    if ((left -= n) === 0) finished();
  };
  const tell = (times: number) => write(control!, new TextEncoder().encode(`${times}\n`));
  watch(listener, { readable: true }, () => {
    const fd = libc.accept4(listener.fd, null, null, NON_BLOCKING_CLOEXEC);
    if (fd < 0) return;
    const connection = new OwnedFd(fd);
    connections.push(connection);
    if (control !== undefined) return watch(connection, { readable: true }, echo(connection));
    control = connection;
    tell(left / load.size);
  });
  startClient(port, load);
  return (times: number, whenFinished: () => void) => {
    left = times * load.size;
    finished = whenFinished;
    if (control !== undefined) tell(times);
  };
}

/** Ours as a server that has its thread for itself. */
function ofRun(load: Load): Work {
  let serve: ReturnType<typeof ourServer> | undefined;
  return (times) => {
    serve ??= ourServer(load);
    serve(times, stop);
    run();
  };
}

/** Ours on the event loop. */
function ofLoop(load: Load): Work {
  let serve: ReturnType<typeof ourServer> | undefined;
  return (times) => {
    serve ??= ourServer(load);
    return new Promise((resolve) => serve!(times, resolve));
  };
}

/** A server that the runtime's own sockets are made of; they are told apart by how they say it. */
function ofRuntime(load: Load, listen: Listen): Work {
  let control: { write(text: string): unknown } | undefined;
  let left = 0;
  let finished = () => {};
  return async (times) => {
    left = times * load.size;
    const done = new Promise<void>((resolve) => finished = resolve);
    if (control === undefined) {
      await new Promise<void>((connected) => {
        listen({
          ready: (port) => startClient(port, load),
          isControl(connection) {
            if (control !== undefined) return false;
            control = connection;
            connected();
            return true;
          },
          echoed(n) {
            if ((left -= n) === 0) finished();
          },
        });
      });
    }
    control!.write(`${times}\n`);
    await done;
  };
}

/** Listens on a free port and echoes. */
type Listen = (server: {
  ready(port: number): void;
  /** Whether a new connection is the one that the client is told by. */
  isControl(connection: { write(text: string): unknown }): boolean;
  echoed(length: number): void;
}) => void;

const nodeNet: Listen = ({ ready, isControl, echoed }) => {
  const server = createServer({ noDelay: true }, (socket: Socket) => {
    if (isControl(socket)) return;
    socket.on("data", (bytes) => {
      socket.write(bytes);
      echoed(bytes.length);
    });
  });
  server.listen({ port: 0, host: "127.0.0.1", backlog: 4096 }, () => {
    ready((server.address() as { port: number }).port);
  });
};

interface DenoConnection {
  read(into: Uint8Array): Promise<number | null>;
  write(bytes: Uint8Array): Promise<number>;
}
declare const Deno: {
  listen(options: { hostname: string; port: number }): AsyncIterable<DenoConnection> & {
    readonly addr: { readonly port: number };
  };
};

const denoListen: Listen = async ({ ready, isControl, echoed }) => {
  const listener = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  ready(listener.addr.port);
  for await (const connection of listener) {
    const control = { write: (text: string) => connection.write(new TextEncoder().encode(text)) };
    if (isControl(control)) continue;
    (async () => {
      const buffer = new Uint8Array(16_384);
      for (let n; (n = await connection.read(buffer)) !== null;) {
        await connection.write(buffer.subarray(0, n));
        echoed(n);
      }
    })();
  }
};

interface BunSocket {
  write(bytes: Uint8Array | string): number;
}
declare const Bun: {
  listen(options: {
    hostname: string;
    port: number;
    socket: {
      open(socket: BunSocket): void;
      data(socket: BunSocket, bytes: Uint8Array): void;
    };
  }): { port: number };
};

const bunListen: Listen = ({ ready, isControl, echoed }) => {
  let control: BunSocket | undefined;
  const { port } = Bun.listen({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      open(socket) {
        if (isControl(socket)) control = socket;
      },
      data(socket, bytes) {
        if (socket === control) return;
        socket.write(bytes);
        echoed(bytes.length);
      },
    },
  });
  ready(port);
};

for (const [connections, size] of [[64, 64], [1000, 64], [64, 16_384]]) {
  const load = { connections, size };
  const name = `echo ${size} B on ${connections} connections`;
  const peers = {
    C: serverInC(load),
    "node:net": ofRuntime(load, nodeNet),
    "Deno.listen": { in: "deno" as const, work: ofRuntime(load, denoListen) },
    "Bun.listen": { in: "bun" as const, work: ofRuntime(load, bunListen) },
  };
  bench(`${name}, run()`, { ours: ofRun(load), peers, partner: client });
  bench(`${name}, event loop`, { ours: ofLoop(load), peers, partner: client });
}

/** Answers each byte that comes, on a connection to a port of this machine. */
const answerer = `
  #define _GNU_SOURCE
  #include <arpa/inet.h>
  #include <dirent.h>
  #include <netinet/tcp.h>
  #include <sched.h>
  #include <stdio.h>
  #include <stdlib.h>
  #include <unistd.h>
  ${pinBoth}

  int main(int argc, char **argv) {
    struct sockaddr_in to = { AF_INET, htons(atoi(argv[1])), { htonl(INADDR_LOOPBACK) } };
    int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;
    pin_both();
    if (connect(fd, (struct sockaddr *) &to, sizeof to)) return 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    for (char byte; read(fd, &byte, 1) == 1;)
      if (write(fd, &byte, 1) != 1) return 1;
  }
`;

const sleeperInC = `
  #include <arpa/inet.h>
  #include <netinet/tcp.h>
  #include <stdio.h>
  #include <stdlib.h>
  #include <sys/epoll.h>
  #include <unistd.h>

  static int peer, epoll;

  static void start(void) {
    struct sockaddr_in at = { AF_INET, 0, { htonl(INADDR_LOOPBACK) } };
    socklen_t length = sizeof at;
    int listener = socket(AF_INET, SOCK_STREAM, 0), on = 1;
    bind(listener, (struct sockaddr *) &at, sizeof at);
    listen(listener, 1);
    getsockname(listener, (struct sockaddr *) &at, &length);
    if (fork() == 0) {
      char port[16];
      snprintf(port, sizeof port, "%d", ntohs(at.sin_port));
      execl(getenv("BENCH_PARTNER"), "answerer", port, NULL);
      _exit(1);
    }
    peer = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
    setsockopt(peer, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    struct epoll_event event = { EPOLLIN };
    epoll = epoll_create1(0);
    epoll_ctl(epoll, EPOLL_CTL_ADD, peer, &event);
  }

  void run(long times) {
    char byte = 0;
    struct epoll_event event;
    if (peer == 0) start();
    while (times--) {
      if (write(peer, &byte, 1) != 1) exit(1);
      epoll_wait(epoll, &event, 1, -1);
      if (read(peer, &byte, 1) != 1) exit(1);
    }
  }
`;

/** Says a byte and awaits the answer. */
function waker(microseconds: number): Work {
  const byte = new Uint8Array(1);
  let peer: OwnedFd | undefined;
  return async (times) => {
    peer ??= await answering();
    busyPoll(microseconds);
    for (let i = 0; i < times; i++) {
      write(peer, byte);
      while (read(peer, byte) === null) await readable(peer);
    }
    busyPoll(0);
  };
}

async function answering(): Promise<OwnedFd> {
  const { listener, port } = listen();
  using _listener = listener;
  spawn(process.env.BENCH_PARTNER!, [String(port)], { stdio: "ignore" });
  await readable(listener);
  const peer = new OwnedFd(libc.accept4(listener.fd, null, null, NON_BLOCKING_CLOEXEC));
  ok(libc.setsockopt(peer.fd, IPPROTO_TCP, TCP_NODELAY, new Int32Array([1]), 4), "setsockopt");
  return peer;
}

// How long a thread takes to wake up.
for (const [how, microseconds] of [["await readable", 0], ["busyPoll", 100]] as const) {
  bench(`a byte there and back, ${how}`, {
    ours: waker(microseconds),
    peers: { C: sleeperInC },
    partner: answerer,
    clock: "wall",
  });
}
