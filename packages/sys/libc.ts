import { bind } from "./bind.ts";
import { perArch } from "./platform.ts";
import { array, bytes, struct } from "./struct.ts";

/** The C headers that declare what is below; `scripts/check_c.mjs` compares. */
export const headers = [
  "errno.h",
  "fcntl.h",
  "linux/io_uring.h",
  "poll.h",
  "string.h",
  "sys/epoll.h",
  "sys/eventfd.h",
  "sys/mman.h",
  "sys/socket.h",
  "sys/syscall.h",
  "unistd.h",
];

export const libc = bind({
  close: ["i32", "i32"],
  epoll_create1: ["i32", "i32"],
  epoll_ctl: ["i32", "i32", "i32", "i32", "buffer"],
  eventfd: ["i32", "u32", "i32"],
  fcntl: ["i32", "i32", "i32", "i32"],
  memcpy: ["address", "buffer", "address", "u64"],
  mmap: ["address", "address", "u32", "i32", "i32", "i32", "i64"],
  munmap: ["i32", "address", "u32"],
  poll: ["i32", "buffer", "u32", "i32"],
  socketpair: ["i32", "i32", "i32", "i32", "buffer"],
  strlen: ["i64", "address"],
  syscall$io_uring_enter: ["i32", "i32", "i32", "u32", "u32", "u32"],
  syscall$io_uring_setup: ["i32", "i32", "u32", "buffer"],
  write: ["i32", "i32", "buffer", "u32"],
});

export const F_DUPFD_CLOEXEC = 1030;
export const EPOLL_CLOEXEC = 0x80000;
export const EPOLL_CTL_ADD = 1;
export const EPOLLIN = 1;

/** Packed on x86-64 and only there, see epoll_ctl(2). */
export const epollEvent = struct({ events: "u32", data: "u64" }, {
  c: "struct epoll_event",
  packed: perArch({ x64: true, arm64: false }),
});

export const EFD_CLOEXEC = 0x80000;
export const POLLIN = 1;

export const pollfd = struct({ fd: "i32", events: "i16", revents: "i16" }, {
  c: "struct pollfd",
});

// socketpair(2)
export const AF_UNIX = 1;
export const SOCK_STREAM = 1;
export const SOCK_NONBLOCK = 0x800;
export const SOCK_CLOEXEC = 0x80000;

// mmap(2)
export const PROT_READ = 1;
export const PROT_WRITE = 2;
export const MAP_SHARED = 1;
export const MAP_PRIVATE = 2;
export const MAP_FIXED = 0x10;
export const MAP_ANONYMOUS = 0x20;
export const MAP_NORESERVE = 0x4000;

// io_uring(7), called by number since C libraries have no functions for it
export const SYS_io_uring_setup = 425;
export const SYS_io_uring_enter = 426;
export const IORING_SETUP_COOP_TASKRUN = 0x100;
export const IORING_OFF_SQ_RING = 0;
export const IORING_OFF_SQES = 0x1000_0000;
export const IORING_OP_POLL_ADD = 6;
export const IORING_OP_ASYNC_CANCEL = 14;
export const IORING_OP_SEND = 26;
export const IOSQE_IO_LINK = 4;
export const IOSQE_CQE_SKIP_SUCCESS = 0x40;

const sqringOffsets = struct({
  head: "u32",
  tail: "u32",
  ring_mask: "u32",
  ring_entries: "u32",
  flags: "u32",
  dropped: "u32",
  array: "u32",
  _newer: "u32",
  _user_addr: "u64",
}, { c: "struct io_sqring_offsets" });
const cqringOffsets = struct({
  head: "u32",
  tail: "u32",
  ring_mask: "u32",
  ring_entries: "u32",
  overflow: "u32",
  cqes: "u32",
  flags: "u32",
  _newer: "u32",
  _user_addr: "u64",
}, { c: "struct io_cqring_offsets" });
export const ioUringParams = struct({
  sq_entries: "u32",
  cq_entries: "u32",
  flags: "u32",
  sq_thread_cpu: "u32",
  sq_thread_idle: "u32",
  features: "u32",
  wq_fd: "u32",
  resv: array("u32", 3),
  sq_off: sqringOffsets,
  cq_off: cqringOffsets,
}, { c: "struct io_uring_params" });
export const ioUringSqe = struct({
  opcode: "u8",
  flags: "u8",
  ioprio: "u16",
  fd: "i32",
  off: "u64",
  addr: "u64",
  len: "u32",
  poll32_events: "u32",
  user_data: "u64",
  _more: bytes(24), // buffers, credentials and the like
}, { c: "struct io_uring_sqe" });
