import { bind, struct } from "@posixly/sys";

/** The C headers that declare what is below; `npm run check` compares. */
export const headers = [
  "fcntl.h",
  "limits.h",
  "linux/fs.h",
  "sys/ioctl.h",
  "sys/sendfile.h",
  "sys/uio.h",
  "unistd.h",
];

export const libc = bind({
  copy_file_range: ["i32", "i32", "buffer", "i32", "buffer", "u32", "u32"],
  ioctl$int: ["i32", "i32", "u32", "i32"],
  sendfile: ["i32", "i32", "i32", "buffer", "u32"],
  splice: ["i32", "i32", "buffer", "i32", "buffer", "u32", "u32"],
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

// ioctl_ficlone(2)
export const FICLONE = 0x4004_9409;
