import { bind, perArch, struct } from "@posixly/sys";

/** The C headers that declare what is below; `npm run check` compares. */
export const headers = [
  "fcntl.h",
  "limits.h",
  "poll.h",
  "sys/epoll.h",
  "sys/ioctl.h",
  "unistd.h",
];

export const libc = bind({
  epoll_create1: ["i32", "i32"],
  epoll_ctl: ["i32", "i32", "i32", "i32", "buffer"],
  fcntl: ["i32", "i32", "i32", "i32"],
  ioctl$bytes: ["i32", "i32", "u32", "buffer"],
  pipe2: ["i32", "buffer", "i32"],
  poll: ["i32", "buffer", "u32", "i32"],
});

// open(2), pipe2(2)
export const O_NONBLOCK = 0x800;
export const O_DIRECT = perArch({ x64: 0x4000, arm64: 0x10000 });
export const O_CLOEXEC = 0x80000;

// fcntl(2)
export const F_GETFL = 3;
export const F_SETFL = 4;
export const F_SETPIPE_SZ = 1031;
export const F_GETPIPE_SZ = 1032;

// ioctl(2)
export const FIONREAD = 0x541b;

// poll(2)
export const POLLIN = 1;
export const POLLERR = 8;
export const POLLHUP = 0x10;

export const pollfd = struct({ fd: "i32", events: "i16", revents: "i16" }, { c: "struct pollfd" });

// epoll(7)
export const EPOLL_CLOEXEC = 0x80000;
export const EPOLL_CTL_ADD = 1;
export const EPOLLOUT = 4;

/** Packed on x86-64 and only there, see epoll_ctl(2). */
export const epollEvent = struct({ events: "u32", data: "u64" }, {
  c: "struct epoll_event",
  packed: perArch({ x64: true, arm64: false }),
});

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
