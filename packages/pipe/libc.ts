import { array, bind, perArch, struct } from "@posixly/sys";

/** The C headers that declare what is below; `npm run check` compares. */
export const headers = [
  "dlfcn.h",
  "fcntl.h",
  "limits.h",
  "linux/capability.h",
  "poll.h",
  "signal.h",
  "spawn.h",
  "sys/ioctl.h",
  "sys/prctl.h",
  "sys/stat.h",
  "sys/syscall.h",
  "sys/wait.h",
  "unistd.h",
];

export const libc = bind({
  dlsym: ["address", "address", "buffer"],
  faccessat: ["i32", "i32", "buffer", "i32", "i32"],
  fchown: ["i32", "i32", "u32", "u32"],
  fcntl: ["i32", "i32", "i32", "i32"],
  getgroups: ["i32", "i32", "buffer"],
  getresgid: ["i32", "buffer", "buffer", "buffer"],
  getresuid: ["i32", "buffer", "buffer", "buffer"],
  ioctl$bytes: ["i32", "i32", "u32", "buffer"],
  kill: ["i32", "i32", "i32"],
  mkfifoat: ["i32", "i32", "buffer", "u32"],
  pipe2: ["i32", "buffer", "i32"],
  poll: ["i32", "buffer", "u32", "i32"],
  posix_spawn: ["errno", "buffer", "buffer", "buffer", "buffer", "buffer", "buffer"],
  posix_spawn$environ: ["errno", "buffer", "buffer", "buffer", "buffer", "buffer", "address"],
  posix_spawn_file_actions_addclose: ["errno", "buffer", "i32"],
  posix_spawn_file_actions_addclosefrom_np: ["errno", "buffer", "i32"],
  posix_spawn_file_actions_adddup2: ["errno", "buffer", "i32", "i32"],
  posix_spawn_file_actions_addfchdir_np: ["errno", "buffer", "i32"],
  posix_spawn_file_actions_destroy: ["errno", "buffer"],
  posix_spawn_file_actions_init: ["errno", "buffer"],
  posix_spawnattr_destroy: ["errno", "buffer"],
  posix_spawnattr_init: ["errno", "buffer"],
  posix_spawnattr_setflags: ["errno", "buffer", "i32"],
  posix_spawnattr_setpgroup: ["errno", "buffer", "i32"],
  posix_spawnattr_setsigdefault: ["errno", "buffer", "buffer"],
  posix_spawnattr_setsigmask: ["errno", "buffer", "buffer"],
  prctl: ["i32", "i32", "u64", "u64", "u64", "u64"],
  prctl$bytes: ["i32", "i32", "buffer"],
  syscall$capget: ["i32", "i32", "buffer", "buffer"],
  syscall$capset: ["i32", "i32", "buffer", "buffer"],
  syscall$setgroups: ["i32", "i32", "u32", "buffer"],
  syscall$setresgid: ["i32", "i32", "u32", "u32", "u32"],
  syscall$setresuid: ["i32", "i32", "u32", "u32", "u32"],
  waitpid: ["i32", "i32", "buffer", "i32"],
});

// open(2), pipe2(2)
export const O_RDONLY = 0;
export const O_WRONLY = 1;
export const O_ACCMODE = 3;
export const O_NONBLOCK = 0x800;
export const O_DIRECT = perArch({ x64: 0x4000, arm64: 0x10000 });
export const O_CLOEXEC = 0x80000;

// fcntl(2)
export const F_GETFD = 1;
export const F_GETFL = 3;
export const F_SETFL = 4;
export const F_SETPIPE_SZ = 1031;
export const F_GETPIPE_SZ = 1032;
export const F_DUPFD_CLOEXEC = 1030;

// faccessat(2)
export const AT_FDCWD = -100;
export const AT_EACCESS = 0x200;
export const X_OK = 1;

// ioctl(2)
export const FIONREAD = 0x541b;

// poll(2)
export const POLLIN = 1;
export const POLLERR = 8;
export const POLLHUP = 0x10;

export const pollfd = struct({ fd: "i32", events: "i16", revents: "i16" }, { c: "struct pollfd" });

// posix_spawn(3); both structs are for the C library alone to look into
export const POSIX_SPAWN_SETPGROUP = 2;
export const POSIX_SPAWN_SETSIGDEF = 4;
export const POSIX_SPAWN_SETSIGMASK = 8;
export const POSIX_SPAWN_SETSID = 0x80;

export const fileActions = struct({ _opaque: array("u64", 10) }, {
  c: "posix_spawn_file_actions_t",
});
export const spawnAttributes = struct({ _opaque: array("u64", 42) }, { c: "posix_spawnattr_t" });
export const sigset = struct({ _opaque: array("u64", 16) }, { c: "sigset_t" });

// Credentials are those of a thread; the C library's functions would change all threads
export const SYS_setgroups = perArch({ x64: 116, arm64: 159 });
export const SYS_setresuid = perArch({ x64: 117, arm64: 147 });
export const SYS_setresgid = perArch({ x64: 119, arm64: 149 });
export const SYS_capget = perArch({ x64: 125, arm64: 90 });
export const SYS_capset = perArch({ x64: 126, arm64: 91 });

// capget(2)
export const _LINUX_CAPABILITY_VERSION_3 = 0x2008_0522;
export const capHeader = struct({ version: "u32", pid: "i32" }, {
  c: "struct __user_cap_header_struct",
});
const capWord = struct({ effective: "u32", permitted: "u32", inheritable: "u32" }, {
  c: "struct __user_cap_data_struct",
});
export const capData = array(capWord, 2);

// prctl(2)
export const PR_SET_PDEATHSIG = 1;
export const PR_GET_PDEATHSIG = 2;
export const PR_GET_DUMPABLE = 3;
export const PR_SET_DUMPABLE = 4;
export const PR_CAP_AMBIENT = 47;
export const PR_CAP_AMBIENT_IS_SET = 1;
export const PR_CAP_AMBIENT_RAISE = 2;
export const PR_CAP_AMBIENT_CLEAR_ALL = 4;

/**
 * The most bytes that a write to a pipe puts there in one piece, pipe(7): up to this many either
 * all go or none, and no other writer's bytes come between. A larger write may be split.
 *
 * @example Two lines that never mix
 * ```ts
 * import { PIPE_BUF } from "@posixly/pipe";
 * import assert from "node:assert/strict";
 *
 * assert.equal(PIPE_BUF, 4096);
 * ```
 */
export const PIPE_BUF = 4096;
