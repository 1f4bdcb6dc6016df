// Which tests are spared where the emulator lacks something. What it does not lack spares none.

/** Tests by their names, in files by their paths, and the probes that spare them. */
const needs = [
  {
    file: /^packages\/fd\/open_test/,
    tests: /resolve|^openCached/,
    of: ["openat2"],
  },
  { file: /^packages\/fd\/interrupted_test/, tests: /openat2/, of: ["openat2"] },
  {
    file: /^packages\/fd\/arguments_test/,
    tests: /^a number that is not open is EBADF in every function/,
    of: ["openat2"],
  },
  {
    file: /^packages\/fd\/vectored_test/,
    tests: /^append writes to the end, and nonBlocking/,
    of: ["pwritev2", "preadv2"],
  },
  {
    file: /^packages\/fd\/vectored_test/,
    tests: /^empty buffers count for nothing/,
    of: ["vectors of nothing"],
  },
  {
    file: /^packages\/fd\/table_test/,
    tests: /^the table is a map of what we opened/,
    of: ["flags in /proc/self/fdinfo"],
  },
  {
    file: /^packages\/fd\/ioctl_test/,
    tests: /^a request that the driver does not know/,
    of: ["requests of ioctl it does not know"],
  },
  {
    file: /^packages\/mux\/select_test/,
    tests: /^numbers beyond FD_SETSIZE|^a closed number is an error/,
    of: ["select beyond FD_SETSIZE"],
  },
  {
    file: /^packages\/mux\/signal_test/,
    tests: /the signals of the mask are blocked during the wait/,
    of: ["signals by their own numbers"],
  },
  { file: /^packages\/mux\/signal_test/, tests: /epoll_pwait2/, of: ["epoll_pwait2"] },
  {
    // Who may not look into a folder of PATH is not told to go on with the next.
    file: /^packages\/pipe\/credentials_test/,
    tests: new RegExp(
      "^a child runs as another user|^another user|^uid alone|^ambient capabilities do not go" +
        "|^the rights that count|^whatever fails, this thread|^a Worker does the same",
    ),
    of: ["posix_spawn that tells why it failed"],
  },
  {
    file: /^packages\/sys\/uring_waker_test/,
    tests: /where io_uring is forbidden$/,
    of: ["filters of seccomp"],
  },
  {
    file: /^packages\/sys\/(bind|library)_test/,
    tests: /^without permission the first call/,
    of: ["koffi as it is installed"],
  },
];

/**
 * What is spared of a test file: patterns of the names of tests, each with the reason.
 *
 * @param file Its path from the root
 * @param lacking What the emulator lacks, by name with what it answered
 */
export function sparedIn(file, lacking) {
  return needs.filter((need) => need.file.test(file)).flatMap(({ tests, of }) => {
    const missed = of.find((name) => name in lacking);
    return missed ? [{ tests: tests.source, reason: `${missed}: ${lacking[missed]}` }] : [];
  });
}
