import { array, bind, perArch, struct } from "@posixly/sys";

/** The C headers that declare what is below; `npm run check` compares. */
export const headers = [
  "fcntl.h",
  "poll.h",
  "signal.h",
  "sys/epoll.h",
  "sys/select.h",
  "sys/syscall.h",
  "time.h",
  "unistd.h",
];

export const libc = bind({
  epoll_create1: ["i32", "i32"],
  epoll_ctl: ["i32", "i32", "i32", "i32", "buffer"],
  epoll_pwait: ["i32", "i32", "buffer", "i32", "i32", "buffer"],
  epoll_wait: ["i32", "i32", "buffer", "i32", "i32"],
  fcntl: ["i32", "i32", "i32"],
  ppoll: ["i32", "buffer", "u32", "buffer", "buffer"],
  pselect: ["i32", "i32", "buffer", "buffer", "buffer", "buffer", "buffer"],
  syscall$epoll_pwait2: ["i32", "i32", "i32", "buffer", "i32", "buffer", "buffer", "u64"],
});

// fcntl(2)
export const F_GETFD = 1;

// select(2): how many descriptors the C library's `fd_set` holds, and the kernel's does not mind
export const FD_SETSIZE = 1024;

// poll(2); its other bits are those of epoll
export const POLLNVAL = 0x20;

export const pollfd = struct({ fd: "i32", events: "i16", revents: "i16" }, { c: "struct pollfd" });

// epoll(7)
export const EPOLL_CLOEXEC = 0x80000;
export const EPOLL_CTL_ADD = 1;
export const EPOLL_CTL_DEL = 2;
export const EPOLL_CTL_MOD = 3;
export const EPOLLIN = 1;
export const EPOLLPRI = 2;
export const EPOLLOUT = 4;
export const EPOLLERR = 8;
export const EPOLLHUP = 0x10;
export const EPOLLRDHUP = 0x2000;
export const EPOLLEXCLUSIVE = 0x1000_0000;
export const EPOLLWAKEUP = 0x2000_0000;
export const EPOLLONESHOT = 0x4000_0000;
export const EPOLLET = 0x8000_0000;

/** Packed on x86-64 and only there, see epoll_ctl(2). */
export const epollEvent = struct({ events: "u32", data: "u64" }, {
  c: "struct epoll_event",
  packed: perArch({ x64: true, arm64: false }),
});

// epoll_pwait2(2), called by number since C libraries learnt of it late. Its seventh argument lies
// on the stack of x64, where what is narrower than 64 bits has something else beside it.
export const SYS_epoll_pwait2 = 441;

// What all of them take: how long to wait, and which signals are blocked meanwhile
export const timespec = struct({ tv_sec: "i64", tv_nsec: "i64" }, { c: "struct timespec" });
export const sigset = struct({ _bits: array("u64", 16) }, { c: "sigset_t" });
