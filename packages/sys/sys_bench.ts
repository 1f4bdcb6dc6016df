import { bind } from "@posixly/sys";
import { bench } from "@posixly/testing/bench";

const libc = bind({ getpid: ["i32"], close: ["i32", "i32"] });

bench("getpid", {
  ours(times) {
    for (let i = 0; i < times; i++) libc.getpid();
  },
  peers: {
    C: `
      #include <unistd.h>
      void run(long times) {
        while (times--) getpid();
      }
    `,
  },
});

/** What is read is kept, so that no compiler leaves the reading out. */
let failures = 0;

bench("close(-1) and its errno", {
  ours(times) {
    for (let i = 0; i < times; i++) failures += libc.close(-1);
  },
  peers: {
    C: `
      #include <errno.h>
      #include <unistd.h>
      volatile int failures;
      void run(long times) {
        while (times--) if (close(-1) == -1) failures += errno;
      }
    `,
  },
});
