import { array, bind, bytes, perArch, struct, union } from "@posixly/sys";

/** The C headers that declare what is below; `npm run check` compares. */
export const headers = [
  "dirent.h",
  "fcntl.h",
  "signal.h",
  "sys/eventfd.h",
  "sys/inotify.h",
  "sys/ioctl.h",
  "sys/mman.h",
  "sys/resource.h",
  "sys/stat.h",
  "sys/syscall.h",
  "sys/timerfd.h",
  "sys/wait.h",
  "termios.h",
  "time.h",
  "unistd.h",
];

export const libc = bind({
  cfmakeraw: ["u32", "buffer"],
  close: ["i32", "i32"],
  eventfd: ["i32", "u32", "i32"],
  fcntl: ["i32", "i32", "i32", "i32"],
  grantpt: ["i32", "i32"],
  inotify_add_watch: ["i32", "i32", "buffer", "u32"],
  inotify_init1: ["i32", "i32"],
  inotify_rm_watch: ["i32", "i32", "i32"],
  ioctl$bytes: ["i32", "i32", "u32", "buffer"],
  memfd_create: ["i32", "buffer", "u32"],
  openat: ["i32", "i32", "buffer", "i32", "u32"],
  posix_openpt: ["i32", "i32"],
  prlimit: ["i32", "i32", "i32", "buffer", "buffer"],
  ptsname_r: ["errno", "i32", "buffer", "u32"],
  read: ["i32", "i32", "buffer", "u32"],
  readlinkat: ["i32", "i32", "buffer", "buffer", "u32"],
  statx: ["i32", "i32", "buffer", "i32", "u32", "buffer"],
  syscall$getdents64: ["i32", "i32", "i32", "buffer", "u32"],
  syscall$pidfd_getfd: ["i32", "i32", "i32", "i32", "u32"],
  syscall$pidfd_open: ["i32", "i32", "i32", "u32"],
  syscall$pidfd_send_signal: ["i32", "i32", "i32", "i32", "buffer", "u32"],
  tcgetattr: ["i32", "i32", "buffer"],
  tcsetattr: ["i32", "i32", "i32", "buffer"],
  timerfd_create: ["i32", "i32", "i32"],
  timerfd_gettime: ["i32", "i32", "buffer"],
  timerfd_settime: ["i32", "i32", "i32", "buffer", "buffer"],
  unlockpt: ["i32", "i32"],
  waitid: ["i32", "i32", "i32", "buffer", "i32"],
  write: ["i32", "i32", "buffer", "u32"],
});

/** `*at` functions: relative to the working directory. */
export const AT_FDCWD = -100;

// open(2)
export const O_RDONLY = 0;
export const O_WRONLY = 1;
export const O_RDWR = 2;
export const O_ACCMODE = 3;
export const O_NOCTTY = 0x100;
export const O_APPEND = 0x400;
export const O_NONBLOCK = 0x800;
export const O_DSYNC = 0x1000;
export const O_DIRECT = perArch({ x64: 0x4000, arm64: 0x10000 });
export const O_DIRECTORY = perArch({ x64: 0x10000, arm64: 0x4000 });
export const O_NOATIME = 0x40000;
export const O_CLOEXEC = 0x80000;
export const O_SYNC = 0x101000;
export const O_PATH = 0x200000;

// stat(2)
export const S_IFMT = 0xf000;
export const S_IFSOCK = 0xc000;
export const S_IFREG = 0x8000;
export const S_IFBLK = 0x6000;
export const S_IFDIR = 0x4000;
export const S_IFCHR = 0x2000;
export const S_IFIFO = 0x1000;

// eventfd(2)
export const EFD_SEMAPHORE = 1;
export const EFD_NONBLOCK = O_NONBLOCK;
export const EFD_CLOEXEC = O_CLOEXEC;

// timerfd_create(2)
export const TFD_NONBLOCK = O_NONBLOCK;
export const TFD_CLOEXEC = O_CLOEXEC;
export const TFD_TIMER_ABSTIME = 1;
export const TFD_TIMER_CANCEL_ON_SET = 2;
export const CLOCK_REALTIME = 0;
export const CLOCK_MONOTONIC = 1;
export const CLOCK_BOOTTIME = 7;
export const CLOCK_REALTIME_ALARM = 8;
export const CLOCK_BOOTTIME_ALARM = 9;

export const timespec = struct({ tv_sec: "i64", tv_nsec: "i64" }, { c: "struct timespec" });
export const itimerspec = struct({ it_interval: timespec, it_value: timespec }, {
  c: "struct itimerspec",
});

// memfd_create(2)
export const MFD_CLOEXEC = 1;
export const MFD_ALLOW_SEALING = 2;
export const MFD_HUGETLB = 4;
export const MFD_NOEXEC_SEAL = 8;
export const MFD_EXEC = 0x10;
export const MFD_HUGE_SHIFT = 26;

// fcntl(2), file sealing
export const F_ADD_SEALS = 1033;
export const F_GET_SEALS = 1034;
export const F_SEAL_SEAL = 1;
export const F_SEAL_SHRINK = 2;
export const F_SEAL_GROW = 4;
export const F_SEAL_WRITE = 8;
export const F_SEAL_FUTURE_WRITE = 0x10;
export const F_SEAL_EXEC = 0x20;

// inotify(7)
export const IN_NONBLOCK = O_NONBLOCK;
export const IN_CLOEXEC = O_CLOEXEC;
export const IN_ACCESS = 1;
export const IN_MODIFY = 2;
export const IN_ATTRIB = 4;
export const IN_CLOSE_WRITE = 8;
export const IN_CLOSE_NOWRITE = 0x10;
export const IN_OPEN = 0x20;
export const IN_MOVED_FROM = 0x40;
export const IN_MOVED_TO = 0x80;
export const IN_CREATE = 0x100;
export const IN_DELETE = 0x200;
export const IN_DELETE_SELF = 0x400;
export const IN_MOVE_SELF = 0x800;
export const IN_UNMOUNT = 0x2000;
export const IN_Q_OVERFLOW = 0x4000;
export const IN_IGNORED = 0x8000;
export const IN_ONLYDIR = 0x100_0000;
export const IN_DONT_FOLLOW = 0x200_0000;
export const IN_EXCL_UNLINK = 0x400_0000;
export const IN_MASK_CREATE = 0x1000_0000;
export const IN_MASK_ADD = 0x2000_0000;
export const IN_ISDIR = 0x4000_0000;
export const IN_ONESHOT = 0x8000_0000;

/** The name follows: `len` bytes, filled up with NULs. */
export const inotifyEvent = struct({ wd: "i32", mask: "u32", cookie: "u32", len: "u32" }, {
  c: "struct inotify_event",
});

// pidfd_open(2) and its kin, called by number since C libraries learnt of them late
export const SYS_pidfd_send_signal = 424;
export const SYS_pidfd_open = 434;
export const SYS_pidfd_getfd = 438;
export const PIDFD_NONBLOCK = O_NONBLOCK;

// waitid(2)
export const P_PIDFD = 3;
export const WNOHANG = 1;
export const WEXITED = 4;
export const WNOWAIT = 0x100_0000;
export const CLD_EXITED = 1;
export const CLD_KILLED = 2;
export const CLD_DUMPED = 3;

const sigchld = struct({
  si_pid: "i32",
  si_uid: "u32",
  si_status: "i32",
  si_utime: "i64",
  si_stime: "i64",
});
export const siginfo = struct({
  si_signo: "i32",
  si_errno: "i32",
  si_code: "i32",
  _sifields: union({ _pad: array("i32", 28), _sigchld: sigchld }),
}, { c: "siginfo_t" });

// prlimit(2)
export const RLIMIT_CPU = 0;
export const RLIMIT_FSIZE = 1;
export const RLIMIT_DATA = 2;
export const RLIMIT_STACK = 3;
export const RLIMIT_CORE = 4;
export const RLIMIT_RSS = 5;
export const RLIMIT_NPROC = 6;
export const RLIMIT_NOFILE = 7;
export const RLIMIT_MEMLOCK = 8;
export const RLIMIT_AS = 9;
export const RLIMIT_LOCKS = 10;
export const RLIMIT_SIGPENDING = 11;
export const RLIMIT_MSGQUEUE = 12;
export const RLIMIT_NICE = 13;
export const RLIMIT_RTPRIO = 14;
export const RLIMIT_RTTIME = 15;

export const rlimit = struct({ rlim_cur: "u64", rlim_max: "u64" }, { c: "struct rlimit" });

// termios(3), ioctl_tty(2)
export const TCSANOW = 0;
export const TCSADRAIN = 1;
export const TCSAFLUSH = 2;
export const TIOCGWINSZ = 0x5413;
export const TIOCSWINSZ = 0x5414;

export const termios = struct({
  c_iflag: "u32",
  c_oflag: "u32",
  c_cflag: "u32",
  c_lflag: "u32",
  c_line: "u8",
  c_cc: bytes(32),
  c_ispeed: "u32",
  c_ospeed: "u32",
}, { c: "struct termios" });
export const winsize = struct({
  ws_row: "u16",
  ws_col: "u16",
  ws_xpixel: "u16",
  ws_ypixel: "u16",
}, { c: "struct winsize" });

// getdents64(2); what the kernel writes ends with the name's NUL, not with `d_name`
export const SYS_getdents64 = perArch({ x64: 217, arm64: 61 });
export const dirent64 = struct({
  d_ino: "u64",
  d_off: "i64",
  d_reclen: "u16",
  d_type: "u8",
  d_name: bytes(256),
}, { c: "struct dirent64" });

// signal(7)
export const SIGHUP = 1;
export const SIGINT = 2;
export const SIGQUIT = 3;
export const SIGILL = 4;
export const SIGTRAP = 5;
export const SIGABRT = 6;
export const SIGBUS = 7;
export const SIGFPE = 8;
export const SIGKILL = 9;
export const SIGUSR1 = 10;
export const SIGSEGV = 11;
export const SIGUSR2 = 12;
export const SIGPIPE = 13;
export const SIGALRM = 14;
export const SIGTERM = 15;
export const SIGSTKFLT = 16;
export const SIGCHLD = 17;
export const SIGCONT = 18;
export const SIGSTOP = 19;
export const SIGTSTP = 20;
export const SIGTTIN = 21;
export const SIGTTOU = 22;
export const SIGURG = 23;
export const SIGXCPU = 24;
export const SIGXFSZ = 25;
export const SIGVTALRM = 26;
export const SIGPROF = 27;
export const SIGWINCH = 28;
export const SIGIO = 29;
export const SIGPWR = 30;
export const SIGSYS = 31;
