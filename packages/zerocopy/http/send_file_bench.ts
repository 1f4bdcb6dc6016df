// A server of node:http that sends files: what a gigabyte costs it in CPU time. The client is the
// same C program for both sides; it throws away what comes.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createReadStream, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import process from "node:process";
import { bench, type Work } from "@posixly/testing/bench";
import { sendFile } from "@posixly/zerocopy/http";

/** Reads how many answers to get, and gets them over one connection, one after the other. */
const client = `
  #define _GNU_SOURCE
  #include <arpa/inet.h>
  #include <stdio.h>
  #include <stdlib.h>
  #include <string.h>
  #include <sys/socket.h>
  #include <unistd.h>

  int main(int argc, char **argv) {
    struct sockaddr_in to = { AF_INET, htons(atoi(argv[1])), { htonl(INADDR_LOOPBACK) } };
    long size = atol(argv[2]), times;
    static char head[4096], ask[] = "GET / HTTP/1.1\\r\\nHost: bench\\r\\n\\r\\n";
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(fd, (struct sockaddr *) &to, sizeof to)) return 1;
    while (scanf("%ld", &times) == 1) {
      while (times-- > 0) {
        if (write(fd, ask, sizeof ask - 1) != sizeof ask - 1) return 1;
        char *end = NULL;
        while (end == NULL) {
          ssize_t n = recv(fd, head, sizeof head - 1, MSG_PEEK);
          if (n <= 0) return 1;
          head[n] = 0;
          end = strstr(head, "\\r\\n\\r\\n");
        }
        long missing = end + 4 - head + size;
        while (missing > 0) {
          ssize_t n = recv(fd, NULL, missing, MSG_TRUNC);
          if (n <= 0) return 1;
          missing -= n;
        }
      }
    }
  }
`;

type Answer = (response: ServerResponse, path: string, size: number) => unknown;

/** A server that answers each request in one way. */
function serverOf(size: number, answer: Answer): Work {
  let partner: ChildProcess | undefined;
  let left = 0;
  let finished = () => {};
  let failed = (_: Error) => {};
  const start = async () => {
    const folder = mkdtempSync("/dev/shm/posixly-bench-");
    process.on("exit", () => rmSync(folder, { recursive: true }));
    const path = `${folder}/file.bin`;
    writeFileSync(path, new Uint8Array(size).fill(7));
    const server = createServer((_, response) => {
      response.on("finish", () => {
        if (--left === 0) finished();
      });
      answer(response, path, size);
    });
    server.keepAliveTimeout = 0; // others have their rounds meanwhile
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const args = [(server.address() as AddressInfo).port, size].map(String);
    return spawn(process.env.BENCH_PARTNER!, args, { stdio: ["pipe", "ignore", "inherit"] })
      .on("exit", () => failed(new Error("the client is gone")));
  };
  return async (times) => {
    left = times;
    const done = new Promise<void>((resolve, reject) => [finished, failed] = [resolve, reject]);
    partner ??= await start();
    partner.stdin!.write(`${times}\n`);
    await done;
  };
}

for (const size of [2 ** 16, 2 ** 20, 2 ** 26]) {
  bench(`answers of ${size} B by node:http`, {
    bytes: size,
    ours: serverOf(size, (response, path) => sendFile(response, path)),
    peers: {
      createReadStream: serverOf(size, (response, path) => {
        response.setHeader("Content-Length", size);
        createReadStream(path).pipe(response);
      }),
    },
    partner: client,
  });
}
