import { bind } from "@posixly/sys";

/** The C headers that declare what is below; `npm run check` compares. */
export const headers = ["fcntl.h", "unistd.h"];

export const libc = bind({
  close: ["i32", "i32"],
  read: ["i32", "i32", "buffer", "u32"],
  write: ["i32", "i32", "buffer", "u32"],
});
