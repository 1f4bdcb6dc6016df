import { bind } from "@posixly/sys";

/** The C headers that declare what is below; `npm run check` compares. */
export const headers = [
  "netinet/icmp6.h",
  "netinet/in.h",
  "linux/icmp.h",
  "sys/socket.h",
  "unistd.h",
];

export const libc = bind({
  readlink: ["i32", "buffer", "buffer", "u32"],
});

// ip(7), ipv6(7), raw(7)
export const IPPROTO_ICMP = 1;
export const IPPROTO_ICMPV6 = 58;
export const IPPROTO_RAW = 255;

export const SOL_RAW = 255;
export const ICMP_FILTER = 1;
export const ICMP6_FILTER = 1;

// icmp(7)
export const ICMP_ECHO = 8;
export const ICMP6_ECHO_REQUEST = 128;
