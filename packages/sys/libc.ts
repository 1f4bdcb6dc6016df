import { bind } from "./bind.ts";
import { perArch } from "./platform.ts";
import { struct } from "./struct.ts";

/** The C headers that declare what is below; `scripts/check_c.mjs` compares. */
export const headers = ["errno.h", "fcntl.h", "sys/epoll.h", "unistd.h"];

export const libc = bind({
  close: ["i32", "i32"],
  epoll_create1: ["i32", "i32"],
  epoll_ctl: ["i32", "i32", "i32", "i32", "buffer"],
  epoll_wait: ["i32", "i32", "buffer", "i32", "i32"],
  fcntl: ["i32", "i32", "i32", "i32"],
});

export const F_DUPFD_CLOEXEC = 1030;
export const EPOLL_CLOEXEC = 0x80000;
export const EPOLL_CTL_ADD = 1;
export const EPOLL_CTL_DEL = 2;
export const EPOLLIN = 1;

/** Packed on x86-64 and only there, see epoll_ctl(2). */
export const epollEvent = struct({ events: "u32", data: "u64" }, {
  c: "struct epoll_event",
  packed: perArch({ x64: true, arm64: false }),
});
