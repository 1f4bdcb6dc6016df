import { openSync, readSync } from "node:fs";
import process from "node:process";
import { open, pread } from "@posixly/fd";
import { map } from "@posixly/zerocopy";
import { bench } from "@posixly/testing/bench";

/** A large file that is there, and in memory: the program that runs this. */
const path = process.execPath;
const RECORD = 4096;
const RECORDS = 16_384; // 64 MiB

/** Where the next record is: the same walk through the file on every side. */
let state = 1;
function next(): number {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
  return (state >>> 8) % RECORDS * RECORD;
}

/** What is done with a record: its first and last word are added up, or all of them. */
const uses = {
  "two words": (words: Int32Array, at: number) => words[at] + words[at + RECORD / 4 - 1],
  "all words": (words: Int32Array, at: number) => {
    let all = 0;
    for (let i = 0; i < RECORD / 4; i++) all = (all + words[at + i]) | 0;
    return all;
  },
};

/** The same in C. */
const usesInC = {
  "two words": `return (uint32_t) record[0] + record[${RECORD / 4 - 1}];`,
  "all words": `
    uint32_t all = 0;
    for (int i = 0; i < ${RECORD / 4}; i++) all += record[i];
    return all;
  `,
};

function inC(use: string, setUp: string, record: string): string {
  return `
    #include <fcntl.h>
    #include <stdint.h>
    #include <sys/mman.h>
    #include <unistd.h>
    static uint32_t state = 1;
    static volatile uint32_t sum;
    static char buffer[${RECORD}];
    static long next(void) {
      state = state * 1664525u + 1013904223u;
      return (long)((state >> 8) % ${RECORDS}) * ${RECORD};
    }
    static uint32_t use(const int32_t *record) { ${use} }
    static const char *copy(int file, long at) {
      pread(file, buffer, ${RECORD}, at);
      return buffer;
    }
    void run(long times) {
      static int file;
      static const char *start;
      if (file == 0) {
        file = open("${path}", O_RDONLY);
        ${setUp}
      }
      while (times--) sum += use((const int32_t *) (${record}));
    }
  `;
}

function records(): Int32Array {
  using file = open(path);
  return new Int32Array(map(file, { length: RECORDS * RECORD }).bytes.buffer);
}

/** So that nothing is optimised away. */
let sum = 0;

for (const name of ["two words", "all words"] as const) {
  const use = uses[name];
  const record = new Uint8Array(new ArrayBuffer(RECORD));
  const words = new Int32Array(record.buffer);
  let mapped: Int32Array | undefined;
  let file: number | undefined;

  bench(`${name} of a random 4 KiB`, {
    ours(times) {
      mapped ??= records();
      for (let i = 0; i < times; i++) sum = (sum + use(mapped, next() >> 2)) | 0;
    },
    peers: {
      C: inC(
        usesInC[name],
        `start = mmap(0, ${RECORDS * RECORD}L, PROT_READ, MAP_SHARED, file, 0);`,
        "start + next()",
      ),
      "pread in C": inC(usesInC[name], "", "copy(file, next())"),
      "pread of @posixly/fd": (times) => {
        file ??= open(path).release();
        for (let i = 0; i < times; i++) {
          pread(file, record, next());
          sum = (sum + use(words, 0)) | 0;
        }
      },
      "node:fs": (times) => {
        file ??= openSync(path, "r");
        for (let i = 0; i < times; i++) {
          readSync(file, record, 0, RECORD, next());
          sum = (sum + use(words, 0)) | 0;
        }
      },
    },
  });
}

process.on("exit", () => void sum);
