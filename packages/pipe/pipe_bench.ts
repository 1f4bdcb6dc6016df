import { spawn as spawnInNode } from "node:child_process";
import { once } from "node:events";
import { openSync, readFileSync, readSync, writeSync } from "node:fs";
import { read, write } from "@posixly/fd";
import { pipe, setCapacity, spawn } from "@posixly/pipe";
import { bench, ownCpu } from "@posixly/testing/bench";

const { reader, writer } = pipe();
const byte = new Uint8Array(1);

bench("write and read 1 byte", {
  ours(times) {
    for (let i = 0; i < times; i++) {
      write(writer, byte);
      read(reader, byte);
    }
  },
  peers: {
    C: `
      #include <unistd.h>
      void run(long times) {
        static int ends[2];
        static char byte;
        if (ends[1] == 0) pipe(ends);
        while (times--) {
          write(ends[1], &byte, 1);
          read(ends[0], &byte, 1);
        }
      }
    `,
    "node:fs": (() => {
      // Opened by its own means: in Deno a number of the kernel means nothing to node:fs.
      const opened = (end: { fd: number }, flags: string) =>
        openSync(`/proc/self/fd/${end.fd}`, flags);
      let from: number, to: number;
      return (times) => {
        from ??= opened(reader, "r");
        to ??= opened(writer, "w");
        for (let i = 0; i < times; i++) {
          writeSync(to, byte);
          readSync(from, byte);
        }
      };
    })(),
  },
});

/** What C does: an end that is in the set already, and gets ready just before it is waited for. */
const waitInC = (interest: string, wait: string) => `
  #define _GNU_SOURCE
  #include <fcntl.h>
  #include <sys/epoll.h>
  #include <unistd.h>
  static char page[4096];
  void run(long times) {
    static int ends[2], epoll;
    struct epoll_event event = { .events = ${interest} };
    if (ends[1] == 0) {
      epoll = epoll_create1(0);
      pipe2(ends, O_NONBLOCK);
      epoll_ctl(epoll, EPOLL_CTL_ADD, ends[event.events == EPOLLOUT], &event);
    }
    while (times--) {
      ${wait}
    }
  }
`;

bench("wait for 1 byte", {
  async ours(times) {
    for (let i = 0; i < times; i++) {
      const reading = reader.read(byte);
      write(writer, byte);
      await reading;
    }
  },
  peers: {
    C: waitInC(
      "EPOLLIN",
      `
      read(ends[0], page, 1);
      write(ends[1], page, 1);
      epoll_wait(epoll, &event, 1, -1);
      read(ends[0], page, 1);
    `,
    ),
  },
});

const page = new Uint8Array(4096);

bench("wait for room for 4 KiB", {
  async ours(times) {
    while (write(writer, page) !== null);
    for (let i = 0; i < times; i++) {
      const writing = writer.write(page);
      read(reader, page);
      await writing;
    }
  },
  peers: {
    C: waitInC(
      "EPOLLOUT",
      `
      while (write(ends[1], page, 4096) > 0);
      read(ends[0], page, 4096);
      epoll_wait(epoll, &event, 1, -1);
      write(ends[1], page, 4096);
    `,
    ),
  },
});

/** A child that throws away what it is fed. `write` gives a promise when it is time to wait. */
interface Fed {
  readonly pid: number;
  write(bytes: Uint8Array): Promise<unknown> | undefined;
}

/** Both wait only when the pipe is full, as a program that feeds a child should. */
const cats = {
  ours(): Fed {
    const { pid, stdin } = spawn("cat", [], { stdin: "pipe", stdout: "null" });
    setCapacity(stdin, 2 ** 20);
    return {
      pid,
      write(bytes) {
        const length = write(stdin, bytes) ?? 0;
        return length === bytes.length ? undefined : stdin.write(bytes.subarray(length));
      },
    };
  },
  "node:child_process"(): Fed {
    const { pid, stdin } = spawnInNode("cat", { stdio: ["pipe", "ignore", "inherit"] });
    return { pid: pid!, write: (bytes) => stdin.write(bytes) ? undefined : once(stdin, "drain") };
  },
};

/** The one that this process feeds. */
let cat: Fed | undefined;

function feed(who: keyof typeof cats, bytes: Uint8Array) {
  return async (times: number) => {
    const { write } = cat ??= cats[who]();
    for (let i = 0; i < times; i++) {
      const room = write(bytes);
      if (room) await room;
    }
  };
}

/** The CPU time of the cat too; Linux counts it in nanoseconds. */
function cpuWithCat(): number {
  const ofCat = cat && readFileSync(`/proc/${cat.pid}/schedstat`, "utf8").split(" ")[0];
  return ownCpu() + Number(ofCat ?? 0);
}

for (const size of [4096, 65536]) {
  const bytes = new Uint8Array(size);
  const comparison = {
    bytes: size,
    ours: feed("ours", bytes),
    peers: { "node:child_process": feed("node:child_process", bytes) },
  };
  bench(`write ${size / 1024} KiB to cat`, comparison);
  bench(`write ${size / 1024} KiB to cat, both processes`, { ...comparison, cpu: cpuWithCat });
}
