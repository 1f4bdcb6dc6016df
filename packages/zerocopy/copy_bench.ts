// A copy of a file on the same file system: how long a gigabyte takes. The clock counts, since who
// waits for the disk spends no CPU time.
import { copyFileSync, mkdtempSync, rmSync, unlinkSync, writeFileSync } from "node:fs";
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

/** Makes copies, each in the place of the last one, or each a file of its own. */
function copying(
  copy: (from: string, to: string) => void | Promise<unknown>,
  isNew: boolean,
): Work {
  let files: ReturnType<typeof paths> | undefined;
  return async (times) => {
    const { from, to } = files ??= paths();
    while (times-- > 0) {
      await copy(from, to);
      if (isNew) unlinkSync(to);
    }
  };
}

const inC = (isNew: boolean) => `
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
    if (${Number(isNew)}) unlink(to);
    atexit(clean);
    memset(bytes, 7, sizeof bytes);
    if (write(file, bytes, sizeof bytes) != sizeof bytes) exit(1);
    close(file);
  }

  void run(long times) {
    static int is_started;
    if (!is_started++) start(); // the name will not tell: it may well end in an X
    while (times--) {
      int source = open(from, O_RDONLY), target = open(to, O_WRONLY | O_CREAT | O_TRUNC, 0600);
      for (long left = ${SIZE}, n; left > 0; left -= n) {
        n = copy_file_range(source, NULL, target, NULL, left, 0);
        if (n <= 0) exit(1);
      }
      close(source);
      close(target);
      if (${Number(isNew)}) unlink(to);
    }
  }
`;

const ours = async (fromPath: string, toPath: string) => {
  using from = open(fromPath);
  using to = open(toPath, { write: true, create: true, truncate: true });
  await copyFile(from, to);
};

for (const isNew of [true, false]) {
  bench(isNew ? "copy of a file" : "copy of a file over another", {
    bytes: SIZE,
    clock: "wall",
    ours: copying(ours, isNew),
    peers: {
      C: inC(isNew),
      "fs.copyFileSync": copying(copyFileSync, isNew),
      "fs.promises.copyFile": copying(copyFileOfNode, isNew),
    },
  });
}
