import { array, bind, perArch, struct } from "@posixly/sys";

/** The C headers that declare what is below; `npm run check` compares. */
export const headers = [
  "fcntl.h",
  "limits.h",
  "linux/errqueue.h",
  "linux/fs.h",
  "linux/magic.h",
  "sys/ioctl.h",
  "sys/mman.h",
  "sys/sendfile.h",
  "sys/socket.h",
  "sys/stat.h",
  "sys/syscall.h",
  "sys/uio.h",
  "sys/vfs.h",
  "unistd.h",
];

/** Of Linux 6.5. */
export const newer = ["SYS_cachestat"];

export const libc = bind({
  copy_file_range: ["i32", "i32", "buffer", "i32", "buffer", "u32", "u32"],
  fstatfs: ["i32", "i32", "buffer"],
  getpagesize: ["i32"],
  ioctl$int: ["i32", "i32", "u32", "i32"],
  madvise: ["i32", "address", "u64", "i32"],
  mincore: ["i32", "address", "u64", "buffer"],
  mlock: ["i32", "address", "u64"],
  mlock2: ["i32", "address", "u64", "u32"],
  mmap: ["address", "address", "u64", "i32", "i32", "i32", "i64"],
  mprotect: ["i32", "address", "u64", "i32"],
  mremap: ["address", "address", "u64", "u64", "i32", "address"],
  msync: ["i32", "address", "u64", "i32"],
  munlock: ["i32", "address", "u64"],
  munmap: ["i32", "address", "u64"],
  process_vm_readv: ["i64", "i32", "buffer", "u64", "buffer", "u64", "u64"],
  recv: ["i32", "i32", "buffer", "u32", "i32"],
  send: ["i32", "i32", "buffer", "u32", "i32"],
  sendfile: ["i32", "i32", "i32", "buffer", "u32"],
  sendto: ["i32", "i32", "buffer", "u32", "i32", "buffer", "u32"],
  splice: ["i32", "i32", "buffer", "i32", "buffer", "u32", "u32"],
  syscall$cachestat: ["i32", "i32", "i32", "buffer", "buffer", "u32"],
  syscall$preadv2: ["i32", "i32", "i32", "buffer", "i32", "i64", "i32", "u64"],
  syscall$statx: ["i32", "i32", "i32", "buffer", "i32", "u32", "buffer"],
  tee: ["i32", "i32", "i32", "u32", "u32"],
  vmsplice: ["i32", "i32", "buffer", "u32", "u32"],
});

// splice(2)
export const SPLICE_F_MOVE = 1;
export const SPLICE_F_NONBLOCK = 2;
export const SPLICE_F_MORE = 4;
export const SPLICE_F_GIFT = 8;

// vmsplice(2)
export const IOV_MAX = 1024;
export const iovec = struct({ iov_base: "u64", iov_len: "u64" }, { c: "struct iovec" });

// send(2)
export const MSG_DONTWAIT = 0x40;
export const MSG_NOSIGNAL = 0x4000;
export const MSG_MORE = 0x8000;
export const MSG_ZEROCOPY = 0x400_0000;
export const SO_EE_CODE_ZEROCOPY_COPIED = 1;

// preadv2(2), called by number since musl has a function for it only since 1.2.5. An offset fits into
// a register, so that the argument for its upper half is 0.
export const SYS_preadv2 = perArch({ x64: 327, arm64: 286 });
export const RWF_NOWAIT = 8;

// cachestat(2), for which no C library has a function yet
export const SYS_cachestat = 451;

// ioctl_ficlone(2)
export const FICLONE = 0x4004_9409;

// mmap(2)
export const PROT_READ = 1;
export const PROT_WRITE = 2;
export const MAP_SHARED = 1;
export const MAP_PRIVATE = 2;
export const MAP_ANONYMOUS = 0x20;
export const MAP_NORESERVE = 0x4000;
export const MAP_POPULATE = 0x8000;
export const MAP_HUGETLB = 0x40000;
export const MAP_HUGE_SHIFT = 26;

// mremap(2), msync(2), mlock(2)
export const MREMAP_MAYMOVE = 1;
export const MREMAP_FIXED = 2;
export const MREMAP_DONTUNMAP = 4;
export const MS_ASYNC = 1;
export const MS_SYNC = 4;
export const MLOCK_ONFAULT = 1;

// madvise(2)
export const MADV_NORMAL = 0;
export const MADV_RANDOM = 1;
export const MADV_SEQUENTIAL = 2;
export const MADV_WILLNEED = 3;
export const MADV_DONTNEED = 4;
export const MADV_HUGEPAGE = 14;
export const MADV_NOHUGEPAGE = 15;
export const MADV_DONTDUMP = 16;
export const MADV_DODUMP = 17;
export const MADV_COLD = 20;
export const MADV_PAGEOUT = 21;
export const MADV_POPULATE_READ = 22;
export const MADV_POPULATE_WRITE = 23;

// statx(2), by number for the same reason: whether a file is still as it was
export const SYS_statx = perArch({ x64: 332, arm64: 291 });
export const AT_NO_AUTOMOUNT = 0x800;
export const AT_EMPTY_PATH = 0x1000;
export const STATX_BASIC_STATS = 0x7ff;
export const statx = struct({
  _before: array("u64", 8),
  stx_atime: array("u64", 2),
  stx_btime: array("u64", 2),
  _after: array("u64", 20),
}, { c: "struct statx" });

// fstatfs(2)
export const EXT4_SUPER_MAGIC = 0xef53;
export const HUGETLBFS_MAGIC = 0x9584_58f6;
export const statfs = struct({
  f_type: "i64",
  f_bsize: "i64",
  f_blocks: "u64",
  f_bfree: "u64",
  f_bavail: "u64",
  f_files: "u64",
  f_ffree: "u64",
  f_fsid: array("i32", 2),
  f_namelen: "i64",
  f_frsize: "i64",
  f_flags: "i64",
  f_spare: array("i64", 4),
}, { c: "struct statfs" });
