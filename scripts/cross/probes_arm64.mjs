// Runs in the emulator, and prints what it lacks, by name with what it answered, as JSON.
import { spawn, spawnSync } from "node:child_process";
import { constants, mkdtempSync, openSync, readFileSync, readlinkSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import process from "node:process";
import { root } from "../files.mjs";
import { lackingLibraries } from "./probes_libraries.mjs";
import { lackingMessages, lackingOptions } from "./probes_sockets.mjs";
import { lackingSpeed } from "./probes_speed.mjs";

const { O_DIRECTORY } = constants;
const [PROT_READ, MAP_PRIVATE, MAP_ANONYMOUS, MLOCK_ONFAULT] = [1, 2, 0x20, 1];
const MAP_HUGE_2MB = 0x40000 | 21 << 26;
const [PAGE, HUGE_PAGE] = [4096, 2 ** 21];
const SIGRTMAX = 1n << 63n; // its place in a mask
const require = createRequire(join(root, "package.json"));
const { bind, cstring, errno, errnoName } = await import(require.resolve("@posixly/sys"));

/** System calls that came late, by their number on arm64. */
const calls = {
  process_vm_readv: 270,
  preadv2: 286,
  pwritev2: 287,
  io_uring_setup: 425,
  pidfd_send_signal: 424,
  pidfd_open: 434,
  close_range: 436,
  openat2: 437,
  pidfd_getfd: 438,
  epoll_pwait2: 441,
};

const { syscall, ioctl, mlock2, mmap, posix_spawn, ppoll, prctl, readv } = bind({
  syscall: ["i32", "i32", "i32", "i32", "i32", "i32", "i32"],
  ioctl: ["i32", "i32", "u32", "u32"],
  mlock2: ["i32", "address", "u64", "u32"],
  mmap: ["address", "u64", "u64", "i32", "i32", "i32", "i64"],
  readv: ["i32", "i32", "u64", "i32"],
  posix_spawn: ["i32", "buffer", "buffer", "u64", "u64", "buffer", "buffer"],
  ppoll: ["i32", "u64", "u64", "buffer", "buffer"],
  prctl: ["i32", "i32", "u64", "u64", "u64", "u64"],
});
const lacking = {};
for (const [name, number] of Object.entries(calls)) {
  // These are arguments that no kernel accepts: one that knows the call has another reason.
  if (syscall(number, -1, -1, -1, -1, -1) === -errno.ENOSYS) lacking[name] = "ENOSYS";
}
if (ioctl(0, 0xdead, 0) === -errno.ENOSYS) {
  lacking["requests of ioctl it does not know"] = "ENOSYS, before the kernel is asked";
}
if (readv(-1, 0, 0) !== -errno.EBADF) lacking["vectors of nothing"] = "0, and no EBADF";
if (!(flagsOf(openSync("/", O_DIRECTORY)) & O_DIRECTORY)) {
  lacking["flags in /proc/self/fdinfo"] = "those of the processor that emulates";
}
if (maskDuringWait() !== SIGRTMAX) {
  lacking["signals by their own numbers"] = "real-time signals have others, as /proc has them";
}
const page = mmap(0, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
const huge = mmap(0, HUGE_PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGE_2MB, -1, 0);
if (huge === -errno.EINVAL) lacking["mmap of huge pages"] = "EINVAL";
const locked = mlock2(page, PAGE, MLOCK_ONFAULT);
if (locked < 0 && locked !== -errno.ENOMEM) lacking.mlock2 = errnoName(-locked);
const [PR_SET_SECCOMP, SECCOMP_MODE_FILTER] = [22, 2];
if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, 0, 0, 0) === -errno.EINVAL) {
  lacking["filters of seccomp"] = "EINVAL, where the kernel would miss the filter";
}
if (posixSpawn("/nonexistent") === 0) {
  lacking["posix_spawn that tells why it failed"] = "0 for a file that is not there";
}
const select = `
  const { bind } = await import(process.argv[1]);
  const set = new Uint8Array(256);
  set[255] = 1;
  bind({ select: ["i32", "i32", "buffer", "u64", "u64", "u64"] }).select(2048, set, 0, 0, 0);
`;
const sys = require.resolve("@posixly/sys");
const selecting = emulated("--input-type=module", "-e", select, sys);
if (selecting.status !== 0) {
  lacking["select beyond FD_SETSIZE"] = selecting.stderr.trim().split("\n")[0];
}
const readFilter = `
  const { addressOf, bind } = await import(process.argv[1]);
  const { getsockopt, setsockopt, socket } = bind({
    getsockopt: ["i32", "i32", "i32", "i32", "buffer", "buffer"],
    setsockopt: ["i32", "i32", "i32", "i32", "buffer", "u32"],
    socket: ["i32", "i32", "i32", "i32"],
  });
  const [AF_UNIX, SOCK_DGRAM, SOL_SOCKET, SO_ATTACH_FILTER, SO_GET_FILTER] = [1, 2, 1, 26, 26];
  const LENGTH = 4;
  const instructions = new BigUint64Array(LENGTH).fill(6n); // ret #0
  const fd = socket(AF_UNIX, SOCK_DGRAM, 0);
  const filter = BigUint64Array.of(BigInt(LENGTH), BigInt(addressOf(instructions)));
  setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, filter, 16);
  getsockopt(fd, SOL_SOCKET, SO_GET_FILTER, new Uint8Array(8 * LENGTH), Int32Array.of(LENGTH));
`;
const reading = emulated("--input-type=module", "-e", readFilter, sys);
if (reading.status !== 0) {
  lacking["reading an attached filter"] = reading.stderr.trim().split("\n")[0];
}
const program = readlinkSync("/proc/self/exe");
if (!program.includes("node")) lacking["program by its name"] = program;
// Koffi's part for arm64 is not where it would be installed, so that it is looked for elsewhere.
const { stderr } = emulated("--no-addons", "-e", "require('koffi')");
if (!/addon/.test(stderr)) lacking["koffi as it is installed"] = stderr.match(/^Error: .*/m)?.[0];
Object.assign(
  lacking,
  lackingOptions(),
  lackingMessages(),
  lackingLibraries(),
  await lackingSpeed(),
);
console.log(JSON.stringify(lacking));

/** Which signals another process sees blocked, while we wait with a mask of one. */
function maskDuringWait() {
  const file = join(mkdtempSync(join(tmpdir(), "posixly-probe-")), "seen");
  const script = 'sleep 0.2; grep SigBlk "/proc/$PPID/status" >"$0"';
  spawn("sh", ["-c", script, file], { stdio: "ignore" });
  const mask = new BigUint64Array(16);
  mask[0] = SIGRTMAX;
  ppoll(0, 0, new BigInt64Array([1n, 0n]), mask);
  const seen = readFileSync(file, "utf8").match(/\w+$/m)[0];
  rmSync(dirname(file), { recursive: true });
  return BigInt(`0x${seen}`);
}

/** What `posix_spawn` returns: an errno, or 0. */
function posixSpawn(path) {
  const nobody = new BigUint64Array(1);
  return posix_spawn(new Int32Array(1), cstring(path), 0, 0, nobody, nobody);
}

function emulated(...args) {
  const cwd = join(root, "packages/sys");
  return spawnSync(process.execPath, args, { cwd, encoding: "utf8" });
}

/** What `/proc` says, which is asked without the emulator. */
function flagsOf(fd) {
  return parseInt(readFileSync(`/proc/self/fdinfo/${fd}`, "utf8").match(/^flags:\s*(\d+)/m)[1], 8);
}
