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

const chunk = new Uint8Array(65536).fill(0x61);

/** Writes to a child that throws everything away; `written` is when the next write may come. */
type Feed = { pid: number; write(bytes: Uint8Array): Promise<unknown> | undefined };

const feeds: Record<string, () => Feed> = {
  ours() {
    const child = spawn("cat", [], { stdin: "pipe", stdout: "null" });
    setCapacity(child.stdin, 2 ** 20);
    return { pid: child.pid, write: (bytes) => child.stdin.write(bytes) };
  },
  "node:child_process"() {
    const { pid, stdin } = spawnInNode("cat", { stdio: ["pipe", "ignore", "inherit"] });
    return { pid: pid!, write: (bytes) => stdin.write(bytes) ? undefined : once(stdin, "drain") };
  },
};

const started: Partial<Record<string, Feed>> = {};

function feeding(who: string) {
  return async (times: number) => {
    const feed = started[who] ??= feeds[who]();
    for (let i = 0; i < times; i++) await feed.write(chunk);
  };
}

const toCat = {
  bytes: chunk.length,
  ours: feeding("ours"),
  peers: { "node:child_process": feeding("node:child_process") },
};

bench("write 64 KiB to cat", toCat);

/** The CPU time of the child too, which the kernel counts in nanoseconds. */
function cpuWithChild(): number {
  const pids = Object.values(started).map((feed) => feed!.pid);
  const schedstat = (pid: number) =>
    Number(readFileSync(`/proc/${pid}/schedstat`, "utf8").split(" ")[0]);
  return pids.reduce((sum, pid) => sum + schedstat(pid), ownCpu());
}

bench("write 64 KiB to cat, its own CPU time included", { ...toCat, cpu: cpuWithChild });
