// What the servers of `static_bench.ts` are compared by: their files, the client that asks, and the
// yardsticks that are programs.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { createInterface } from "node:readline";
import { pinBoth } from "@posixly/testing/bench";

/** What is asked for, and over how many connections. */
export interface Load {
  readonly size: number;
  readonly connections: number;
  /** A second file, which somebody fetches over and over meanwhile. */
  readonly beside?: number;
}

/** A folder with files that are called by their length, and have no blocks on the disk. */
export const site: string = join(tmpdir(), "posixly-bench-site");
const lengths = [4096, 65_536, 2 ** 20, 2 ** 30];

export function makeSite(): void {
  mkdirSync(site, { recursive: true });
  for (const length of lengths) {
    const path = join(site, `${length}`);
    if (statSync(path, { throwIfNoEntry: false })?.size === length) continue;
    writeFileSync(path, "");
    truncateSync(path, length);
  }
}

/** What the client is started with, once a server listens. */
export function clientArguments(port: number, { connections, size, beside = 0 }: Load): string[] {
  return [port, connections, size, beside].map(String);
}

/**
 * Reads how many files to fetch from standard input, fetches them, and says so on standard output.
 * What follows the head of an answer is thrown away by the kernel.
 */
export const client = `
  #define _GNU_SOURCE
  #include <arpa/inet.h>
  #include <dirent.h>
  #include <sched.h>
  #include <signal.h>
  #include <stdio.h>
  #include <stdlib.h>
  #include <string.h>
  #include <sys/epoll.h>
  #include <sys/socket.h>
  #include <sys/wait.h>
  #include <unistd.h>

  ${pinBoth}

  static int port;

  struct connection { int fd; long missing; size_t have; char head[16384]; };

  static void ask(struct connection *c, long size) {
    char request[64];
    if (c->fd == 0) {
      struct sockaddr_in to = { AF_INET, htons(port), { htonl(INADDR_LOOPBACK) } };
      c->fd = socket(AF_INET, SOCK_STREAM, 0);
      if (connect(c->fd, (struct sockaddr *) &to, sizeof to)) exit(1);
    }
    int n = sprintf(request, "GET /%ld HTTP/1.1\\r\\nHost: localhost\\r\\n\\r\\n", size);
    if (write(c->fd, request, n) != n) exit(1);
    c->missing = -1;
    c->have = 0;
  }

  /* Takes what is there; whether that was the rest of an answer. */
  static int take(struct connection *c) {
    if (c->missing > 0) {
      long n = recv(c->fd, NULL, c->missing, MSG_TRUNC);
      if (n <= 0) exit(1);
      return (c->missing -= n) == 0;
    }
    long n = recv(c->fd, c->head + c->have, sizeof c->head - 1 - c->have, 0);
    if (n <= 0) exit(1);
    c->head[c->have += n] = 0;
    char *end = strstr(c->head, "\\r\\n\\r\\n"), *length = strcasestr(c->head, "content-length: ");
    if (end == NULL) return 0;
    if (strncmp(c->head, "HTTP/1.1 200 ", 13) || length == NULL) exit(1);
    c->missing = atol(length + 16) - (c->have - (end + 4 - c->head));
    return c->missing == 0;
  }

  static int fetch_over_and_over(long size) {
    static struct connection c;
    int begun[2], child;
    if (pipe(begun)) exit(1);
    if ((child = fork()) > 0) {
      char byte;
      if (read(begun[0], &byte, 1) != 1) exit(1);
      close(begun[0]);
      close(begun[1]);
      return child;
    }
    for (int i = 0;; i++) {
      ask(&c, size);
      for (int done = 0; !done;) {
        done = take(&c);
        if (i++ == 0 && write(begun[1], "", 1) != 1) exit(1);
      }
    }
  }

  int main(int argc, char **argv) {
    int connections = atoi(argv[2]), child = 0, epoll = epoll_create1(0);
    long size = atol(argv[3]), beside = atol(argv[4]), times;
    struct connection *all = calloc(connections, sizeof *all);
    struct epoll_event events[256];
    port = atoi(argv[1]);
    pin_both();
    while (scanf("%ld", &times) == 1) {
      if (beside > 0) child = fetch_over_and_over(beside);
      long to_ask = times, to_get = times;
      for (int i = 0; i < connections && to_ask > 0; i++, to_ask--) {
        int is_new = all[i].fd == 0;
        struct epoll_event event = { EPOLLIN, { .u32 = i } };
        ask(&all[i], size);
        if (is_new) epoll_ctl(epoll, EPOLL_CTL_ADD, all[i].fd, &event);
      }
      while (to_get > 0) {
        /* It never sleeps, so that it is not the server who pays for waking it up. */
        int ready = epoll_wait(epoll, events, 256, 0);
        for (int e = 0; e < ready; e++) {
          struct connection *c = &all[events[e].data.u32];
          if (!take(c)) continue;
          to_get--;
          if (to_ask > 0) to_ask--, ask(c, size);
        }
      }
      if (beside > 0) kill(child, SIGKILL), waitpid(child, NULL, 0);
      puts("done");
      fflush(stdout);
    }
  }
`;

/** A server that knows no more of HTTP than the two files need that the client asks for. */
export const serverInC = (load: Load): string => `
  #define _GNU_SOURCE
  #include <arpa/inet.h>
  #include <fcntl.h>
  #include <signal.h>
  #include <stdio.h>
  #include <stdlib.h>
  #include <string.h>
  #include <sys/epoll.h>
  #include <sys/sendfile.h>
  #include <sys/socket.h>
  #include <sys/stat.h>
  #include <unistd.h>

  struct connection { int file; off_t at, size; int is_stuck; };

  static int listener, epoll, to_client[2], from_client[2];
  static struct connection all[65536];

  static void watch(int fd, int operation, int events) {
    struct epoll_event event = { events, { .fd = fd } };
    epoll_ctl(epoll, operation, fd, &event);
  }

  static void start(void) {
    struct sockaddr_in at = { AF_INET, 0, { htonl(INADDR_LOOPBACK) } };
    socklen_t length = sizeof at;
    signal(SIGPIPE, SIG_IGN);
    listener = socket(AF_INET, SOCK_STREAM, 0);
    bind(listener, (struct sockaddr *) &at, sizeof at);
    listen(listener, 4096);
    getsockname(listener, (struct sockaddr *) &at, &length);
    if (pipe2(to_client, O_CLOEXEC) || pipe2(from_client, O_CLOEXEC)) exit(1);
    if (fork() == 0) {
      char port[16];
      snprintf(port, sizeof port, "%d", ntohs(at.sin_port));
      dup2(to_client[0], 0);
      dup2(from_client[1], 1);
      execl(getenv("BENCH_PARTNER"), "client", port,
            ${clientArguments(0, load).slice(1).map((argument) => `"${argument}"`).join(", ")},
            NULL);
      _exit(1);
    }
    epoll = epoll_create1(0);
    watch(listener, EPOLL_CTL_ADD, EPOLLIN);
    watch(from_client[0], EPOLL_CTL_ADD, EPOLLIN);
  }

  static int file_of(long size) {
    static struct { long size; int file; } files[4];
    int i = 0;
    while (files[i].file != 0 && files[i].size != size) i++;
    if (files[i].file == 0) {
      char path[256];
      snprintf(path, sizeof path, "${site}/%ld", size);
      files[i].size = size;
      mkdir("${site}", 0755);
      files[i].file = open(path, O_RDWR | O_CREAT, 0644);
      if (lseek(files[i].file, 0, SEEK_END) != size && ftruncate(files[i].file, size)) exit(1);
    }
    return files[i].file;
  }

  static void answer(int fd) {
    struct connection *c = &all[fd];
    if (c->at == c->size) {
      char request[4096], head[64];
      int n = recv(fd, request, sizeof request - 1, 0);
      if (n <= 0) { close(fd); return; }
      c->size = atol(request + 5);
      c->at = 0;
      c->file = file_of(c->size);
      n = sprintf(head, "HTTP/1.1 200 OK\\r\\nContent-Length: %ld\\r\\n\\r\\n", c->size);
      if (send(fd, head, n, MSG_MORE) != n) exit(1);
    }
    long n = 1;
    while (c->at < c->size && (n = sendfile(fd, c->file, &c->at, c->size - c->at)) > 0);
    int is_stuck = c->at < c->size;
    if (is_stuck != c->is_stuck) watch(fd, EPOLL_CTL_MOD, is_stuck ? EPOLLOUT : EPOLLIN);
    c->is_stuck = is_stuck;
  }

  void run(long times) {
    struct epoll_event events[256];
    char done[16];
    if (listener == 0) start();
    dprintf(to_client[1], "%ld\\n", times);
    for (int is_over = 0; !is_over;) {
      int ready = epoll_wait(epoll, events, 256, -1);
      for (int e = 0; e < ready; e++) {
        int fd = events[e].data.fd;
        if (fd == from_client[0]) {
          is_over = read(fd, done, sizeof done) > 0;
        } else if (fd == listener) {
          int accepted = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
          all[accepted] = (struct connection) { 0 };
          watch(accepted, EPOLL_CTL_ADD, EPOLLIN);
        } else {
          answer(fd);
        }
      }
    }
  }
`;

/** A server of the site that is ready, and the process that answers. */
export interface NginxServer {
  readonly port: number;
  readonly pid: number;
}

/**
 * Starts nginx, with sendfile and no log; it ends with this process.
 *
 * @param trusts Whether it takes a file that it has open for what the path leads to for a minute,
 * and does not ask
 */
export async function startNginx(trusts: boolean): Promise<NginxServer> {
  const folder = mkdtempSync(join(tmpdir(), "posixly-nginx-"));
  const port = await freePort();
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
  writeFileSync(
    join(folder, "nginx.conf"),
    `
    ${process.getuid!() === 0 ? "user root;" : ""}
    daemon off;
    worker_processes 1;
    worker_cpu_affinity 1;
    pid nginx.pid;
    error_log stderr notice;
    events { worker_connections 1024; }
    http {
      ${temporary.map((name) => `${name}_temp_path ${name};`).join("\n")}
      access_log off;
      sendfile on;
      tcp_nopush on;
      keepalive_requests 1000000000;
      keepalive_timeout 1d;
      ${trusts ? "open_file_cache max=1000; open_file_cache_valid 60s;" : ""}
      server {
        listen 127.0.0.1:${port};
        root ${site};
      }
    }
  `,
  );
  const nginx = spawn("nginx", ["-e", "stderr", "-p", folder, "-c", "nginx.conf"], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  process.on("exit", () => {
    nginx.kill();
    rmSync(folder, { recursive: true, force: true });
  });
  for await (const line of createInterface({ input: nginx.stderr })) {
    const started = / start worker process (\d+)/.exec(line);
    if (started) return { port, pid: Number(started[1]) };
  }
  throw new Error("nginx has not started");
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, "close");
  return port;
}
