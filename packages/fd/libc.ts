import { array, bind, bytes, perArch, struct, union } from "@posixly/sys";

/** The C headers that declare what is below; `npm run check` compares. */
export const headers = [
  "dirent.h",
  "fcntl.h",
  "linux/falloc.h",
  "linux/openat2.h",
  "limits.h",
  "linux/memfd.h",
  "signal.h",
  "stdlib.h",
  "sys/eventfd.h",
  "sys/file.h",
  "sys/inotify.h",
  "sys/ioctl.h",
  "sys/mman.h",
  "sys/pidfd.h",
  "sys/resource.h",
  "sys/stat.h",
  "sys/syscall.h",
  "sys/timerfd.h",
  "sys/uio.h",
  "sys/wait.h",
  "termios.h",
  "time.h",
  "unistd.h",
];

/** What the headers of Debian 12 do not know yet. */
export const newer = ["F_SEAL_EXEC", "MFD_EXEC", "MFD_NOEXEC_SEAL"];

export const libc = bind({
  cfmakeraw: ["u32", "buffer"],
  close: ["i32", "i32"],
  dup3: ["i32", "i32", "i32", "i32"],
  eventfd: ["i32", "u32", "i32"],
  fallocate: ["i32", "i32", "i32", "i64", "i64"],
  fcntl: ["i32", "i32", "i32", "i32"],
  fcntl$bytes: ["i32", "i32", "i32", "buffer"],
  fdatasync: ["i32", "i32"],
  flock: ["i32", "i32", "i32"],
  fsync: ["i32", "i32"],
  ftruncate: ["i32", "i32", "i64"],
  grantpt: ["i32", "i32"],
  inotify_add_watch: ["i32", "i32", "buffer", "u32"],
  inotify_init1: ["i32", "i32"],
  inotify_rm_watch: ["i32", "i32", "i32"],
  ioctl$bytes: ["i32", "i32", "u32", "buffer"],
  ioctl$int: ["i32", "i32", "u32", "i64"],
  lseek: ["i64", "i32", "i64", "i32"],
  memfd_create: ["i32", "buffer", "u32"],
  openat: ["i32", "i32", "buffer", "i32", "u32"],
  posix_fadvise: ["errno", "i32", "i64", "i64", "i32"],
  posix_openpt: ["i32", "i32"],
  pread: ["i32", "i32", "buffer", "u32", "i64"],
  preadv: ["i32", "i32", "buffer", "i32", "i64"],
  prlimit: ["i32", "i32", "i32", "buffer", "buffer"],
  ptsname_r: ["errno", "i32", "buffer", "u32"],
  pwrite: ["i32", "i32", "buffer", "u32", "i64"],
  pwritev: ["i32", "i32", "buffer", "i32", "i64"],
  read: ["i32", "i32", "buffer", "u32"],
  readlinkat: ["i32", "i32", "buffer", "buffer", "u32"],
  readv: ["i32", "i32", "buffer", "i32"],
  sync_file_range: ["i32", "i32", "i64", "i64", "u32"],
  syncfs: ["i32", "i32"],
  syscall$close_range: ["i32", "i32", "u32", "u32", "u32"],
  syscall$getdents64: ["i32", "i32", "i32", "buffer", "u32"],
  syscall$openat2: ["i32", "i32", "i32", "buffer", "buffer", "u32"],
  syscall$pidfd_getfd: ["i32", "i32", "i32", "i32", "u32"],
  syscall$pidfd_open: ["i32", "i32", "i32", "u32"],
  syscall$pidfd_send_signal: ["i32", "i32", "i32", "i32", "buffer", "u32"],
  syscall$preadv2: ["i32", "i32", "i32", "buffer", "i32", "i64", "i32", "u64"],
  syscall$pwritev2: ["i32", "i32", "i32", "buffer", "i32", "i64", "i32", "u64"],
  syscall$statx: ["i32", "i32", "i32", "buffer", "i32", "u32", "buffer"],
  tcgetattr: ["i32", "i32", "buffer"],
  tcsetattr: ["i32", "i32", "i32", "buffer"],
  timerfd_create: ["i32", "i32", "i32"],
  timerfd_gettime: ["i32", "i32", "buffer"],
  timerfd_settime: ["i32", "i32", "i32", "buffer", "buffer"],
  unlockpt: ["i32", "i32"],
  waitid: ["i32", "i32", "i32", "buffer", "i32"],
  write: ["i32", "i32", "buffer", "u32"],
  writev: ["i32", "i32", "buffer", "i32"],
});

/** `*at` functions: relative to the working directory. */
export const AT_FDCWD = -100;
export const AT_SYMLINK_NOFOLLOW = 0x100;
export const AT_NO_AUTOMOUNT = 0x800;
export const AT_EMPTY_PATH = 0x1000;

// open(2)
export const O_RDONLY = 0;
export const O_WRONLY = 1;
export const O_RDWR = 2;
export const O_ACCMODE = 3;
export const O_CREAT = 0x40;
export const O_EXCL = 0x80;
export const O_NOCTTY = 0x100;
export const O_TRUNC = 0x200;
export const O_APPEND = 0x400;
export const O_NONBLOCK = 0x800;
export const O_DSYNC = 0x1000;
export const O_DIRECT = perArch({ x64: 0x4000, arm64: 0x10000 });
export const O_DIRECTORY = perArch({ x64: 0x10000, arm64: 0x4000 });
export const O_NOFOLLOW = perArch({ x64: 0x20000, arm64: 0x8000 });
export const O_NOATIME = 0x40000;
export const O_CLOEXEC = 0x80000;
export const O_SYNC = 0x101000;
export const O_PATH = 0x200000;
export const O_TMPFILE = 0x400000 | O_DIRECTORY;

// openat2(2), called by number since C libraries have no function for it
export const SYS_openat2 = 437;
export const RESOLVE_NO_XDEV = 1;
export const RESOLVE_NO_MAGICLINKS = 2;
export const RESOLVE_NO_SYMLINKS = 4;
export const RESOLVE_BENEATH = 8;
export const RESOLVE_IN_ROOT = 0x10;
export const RESOLVE_CACHED = 0x20;

export const openHow = struct({ flags: "u64", mode: "u64", resolve: "u64" }, {
  c: "struct open_how",
});

// stat(2)
export const S_IFMT = 0xf000;
export const S_IFSOCK = 0xc000;
export const S_IFLNK = 0xa000;
export const S_IFREG = 0x8000;
export const S_IFBLK = 0x6000;
export const S_IFDIR = 0x4000;
export const S_IFCHR = 0x2000;
export const S_IFIFO = 0x1000;

// statx(2), called by number since musl has a function for it only since 1.2.5
export const SYS_statx = perArch({ x64: 332, arm64: 291 });
export const AT_STATX_FORCE_SYNC = 0x2000;
export const AT_STATX_DONT_SYNC = 0x4000;
export const STATX_TYPE = 1;
export const STATX_BASIC_STATS = 0x7ff;
export const STATX_BTIME = 0x800;
export const STATX_MNT_ID = 0x1000;
export const STATX_DIOALIGN = 0x2000;
export const STATX_ATTR_COMPRESSED = 4;
export const STATX_ATTR_IMMUTABLE = 0x10;
export const STATX_ATTR_APPEND = 0x20;
export const STATX_ATTR_NODUMP = 0x40;
export const STATX_ATTR_ENCRYPTED = 0x800;
export const STATX_ATTR_AUTOMOUNT = 0x1000;
export const STATX_ATTR_MOUNT_ROOT = 0x2000;
export const STATX_ATTR_VERITY = 0x10_0000;
export const STATX_ATTR_DAX = 0x20_0000;

const statxTimestamp = struct({ tv_sec: "i64", tv_nsec: "u32" }, {
  c: "struct statx_timestamp",
});
export const statx = struct({
  stx_mask: "u32",
  stx_blksize: "u32",
  stx_attributes: "u64",
  stx_nlink: "u32",
  stx_uid: "u32",
  stx_gid: "u32",
  stx_mode: "u16",
  stx_ino: "u64",
  stx_size: "u64",
  stx_blocks: "u64",
  stx_attributes_mask: "u64",
  stx_atime: statxTimestamp,
  stx_btime: statxTimestamp,
  stx_ctime: statxTimestamp,
  stx_mtime: statxTimestamp,
  stx_rdev_major: "u32",
  stx_rdev_minor: "u32",
  stx_dev_major: "u32",
  stx_dev_minor: "u32",
  stx_mnt_id: "u64",
  stx_dio_mem_align: "u32",
  stx_dio_offset_align: "u32",
  _newer: bytes(96), // kernels to come find more to say, all within these 256 bytes
}, { c: "struct statx" });

// fcntl(2)
export const F_GETFD = 1;
export const F_SETFD = 2;
export const F_GETFL = 3;
export const F_SETFL = 4;
export const F_DUPFD_CLOEXEC = 1030;
export const FD_CLOEXEC = 1;

// close_range(2), called by number since C libraries learnt of it late
export const SYS_close_range = 436;
export const CLOSE_RANGE_CLOEXEC = 4;

// lseek(2)
export const SEEK_SET = 0;
export const SEEK_CUR = 1;
export const SEEK_END = 2;
export const SEEK_DATA = 3;
export const SEEK_HOLE = 4;

// readv(2). preadv2 and pwritev2 by number, as statx: an offset fits into a register, so that the
// argument for its upper half is 0.
export const IOV_MAX = 1024;
export const SYS_preadv2 = perArch({ x64: 327, arm64: 286 });
export const SYS_pwritev2 = perArch({ x64: 328, arm64: 287 });
export const RWF_HIPRI = 1;
export const RWF_DSYNC = 2;
export const RWF_SYNC = 4;
export const RWF_NOWAIT = 8;
export const RWF_APPEND = 0x10;

export const iovec = struct({ iov_base: "u64", iov_len: "u64" }, { c: "struct iovec" });

// fallocate(2), posix_fadvise(2), sync_file_range(2)
export const FALLOC_FL_KEEP_SIZE = 1;
export const FALLOC_FL_PUNCH_HOLE = 2;
export const FALLOC_FL_COLLAPSE_RANGE = 8;
export const FALLOC_FL_ZERO_RANGE = 0x10;
export const FALLOC_FL_INSERT_RANGE = 0x20;
export const POSIX_FADV_NORMAL = 0;
export const POSIX_FADV_RANDOM = 1;
export const POSIX_FADV_SEQUENTIAL = 2;
export const POSIX_FADV_WILLNEED = 3;
export const POSIX_FADV_DONTNEED = 4;
export const POSIX_FADV_NOREUSE = 5;
export const SYNC_FILE_RANGE_WAIT_BEFORE = 1;
export const SYNC_FILE_RANGE_WRITE = 2;
export const SYNC_FILE_RANGE_WAIT_AFTER = 4;

// flock(2), fcntl(2) locks
export const LOCK_SH = 1;
export const LOCK_EX = 2;
export const LOCK_NB = 4;
export const LOCK_UN = 8;
export const F_GETLK = 5;
export const F_SETLK = 6;
export const F_SETLKW = 7;
export const F_OFD_GETLK = 36;
export const F_OFD_SETLK = 37;
export const F_OFD_SETLKW = 38;
export const F_RDLCK = 0;
export const F_WRLCK = 1;
export const F_UNLCK = 2;

export const flock = struct({
  l_type: "i16",
  l_whence: "i16",
  l_start: "i64",
  l_len: "i64",
  l_pid: "i32",
}, { c: "struct flock" });

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
export const ISIG = 1;
export const ICANON = 2;
export const ECHO = 8;
export const TCSANOW = 0;
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
