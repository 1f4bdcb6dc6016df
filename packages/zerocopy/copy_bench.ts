// A copy of a file on the same file system: what a gigabyte costs in CPU time. The target exists,
// and is overwritten each time.
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { copyFile as copyFileOfNode } from "node:fs/promises";
import process from "node:process";
import { open } from "@posixly/fd";
import { bench, type Work } from "@posixly/testing/bench";
import { copyFile } from "./mod.ts";

const SIZE = 2 ** 26;

/** A file to copy and a place for its copy, on a disk; removed when the process ends. */
function paths(): { from: string; to: string } {
  const folder = mkdtempSync("/var/tmp/posixly-bench-");
  process.on("exit", () => rmSync(folder, { recursive: true }));
  writeFileSync(`${folder}/from`, new Uint8Array(SIZE).fill(7));
  return { from: `${folder}/from`, to: `${folder}/to` };
}

function copying(copy: (from: string, to: string) => void | Promise<unknown>): Work {
  let files: ReturnType<typeof paths> | undefined;
  return async (times) => {
    const { from, to } = files ??= paths();
    while (times-- > 0) await copy(from, to);
  };
}

const inC = `
  #define _GNU_SOURCE
  #include <fcntl.h>
  #include <stdlib.h>
  #include <string.h>
  #include <unistd.h>

  static char from[] = "/var/tmp/posixly-bench-XXXXXX", to[] = "/var/tmp/posixly-bench-XXXXXX";

  static void clean(void) {
    unlink(from);
    unlink(to);
  }

  static void start(void) {
    static char bytes[${SIZE}];
    int file = mkstemp(from);
    close(mkstemp(to));
    atexit(clean);
    memset(bytes, 7, sizeof bytes);
    if (write(file, bytes, sizeof bytes) != sizeof bytes) exit(1);
    close(file);
  }

  void run(long times) {
    static int is_started;
    if (!is_started++) start(); // the name will not tell: it may well end in an X
    while (times--) {
      int source = open(from, O_RDONLY), target = open(to, O_WRONLY | O_TRUNC);
      for (long left = ${SIZE}, n; left > 0; left -= n) {
        n = copy_file_range(source, NULL, target, NULL, left, 0);
        if (n <= 0) exit(1);
      }
      close(source);
      close(target);
    }
  }
`;

bench("copy of a file", {
  bytes: SIZE,
  ours: copying(async (fromPath, toPath) => {
    using from = open(fromPath);
    using to = open(toPath, { write: true, create: true, truncate: true });
    await copyFile(from, to);
  }),
  peers: {
    C: inC,
    "fs.copyFileSync": copying(copyFileSync),
    "fs.promises.copyFile": copying(copyFileOfNode),
  },
});
