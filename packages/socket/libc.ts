import { bind, struct } from "@posixly/sys";

/** The C headers that declare what is below; `npm run check` compares. */
export const headers = [
  "linux/can.h",
  "linux/if_ether.h",
  "linux/netlink.h",
  "linux/sockios.h",
  "netinet/in.h",
  "sys/ioctl.h",
  "sys/socket.h",
  "sys/uio.h",
];

export const libc = bind({
  accept4: ["i32", "i32", "buffer", "buffer", "i32"],
  bind: ["i32", "i32", "buffer", "u32"],
  connect: ["i32", "i32", "buffer", "u32"],
  getpeername: ["i32", "i32", "buffer", "buffer"],
  getsockname: ["i32", "i32", "buffer", "buffer"],
  getsockopt: ["i32", "i32", "i32", "i32", "buffer", "buffer"],
  ioctl$bytes: ["i32", "i32", "u32", "buffer"],
  listen: ["i32", "i32", "i32"],
  recv: ["i32", "i32", "buffer", "u32", "i32"],
  recvmsg: ["i32", "i32", "buffer", "i32"],
  send: ["i32", "i32", "buffer", "u32", "i32"],
  sendto: ["i32", "i32", "buffer", "u32", "i32", "buffer", "u32"],
  shutdown: ["i32", "i32", "i32"],
  sockatmark: ["i32", "i32"],
  socket: ["i32", "i32", "i32", "i32"],
  socketpair: ["i32", "i32", "i32", "i32", "buffer"],
});

// socket(2): families
export const AF_UNSPEC = 0;
export const AF_UNIX = 1;
export const AF_INET = 2;
export const AF_INET6 = 10;
export const AF_NETLINK = 16;
export const AF_PACKET = 17;
export const AF_CAN = 29;
export const AF_TIPC = 30;
export const AF_BLUETOOTH = 31;
export const AF_ALG = 38;
export const AF_VSOCK = 40;
export const AF_XDP = 44;

// socket(2): types
export const SOCK_STREAM = 1;
export const SOCK_DGRAM = 2;
export const SOCK_RAW = 3;
export const SOCK_RDM = 4;
export const SOCK_SEQPACKET = 5;
export const SOCK_NONBLOCK = 0x800;
export const SOCK_CLOEXEC = 0x80000;

// Protocols, of which each family has its own
export const IPPROTO_ICMP = 1;
export const IPPROTO_IGMP = 2;
export const IPPROTO_TCP = 6;
export const IPPROTO_UDP = 17;
export const IPPROTO_DCCP = 33;
export const IPPROTO_GRE = 47;
export const IPPROTO_ESP = 50;
export const IPPROTO_AH = 51;
export const IPPROTO_ICMPV6 = 58;
export const IPPROTO_SCTP = 132;
export const IPPROTO_UDPLITE = 136;
export const IPPROTO_RAW = 255;
export const IPPROTO_MPTCP = 262;

export const CAN_RAW = 1;
export const CAN_BCM = 2;
export const CAN_ISOTP = 6;
export const CAN_J1939 = 7;

export const NETLINK_ROUTE = 0;
export const NETLINK_SOCK_DIAG = 4;
export const NETLINK_XFRM = 6;
export const NETLINK_AUDIT = 9;
export const NETLINK_CONNECTOR = 11;
export const NETLINK_NETFILTER = 12;
export const NETLINK_KOBJECT_UEVENT = 15;
export const NETLINK_GENERIC = 16;

export const ETH_P_ALL = 3;
export const ETH_P_IP = 0x800;
export const ETH_P_ARP = 0x806;
export const ETH_P_8021Q = 0x8100;
export const ETH_P_IPV6 = 0x86dd;

// send(2), recv(2)
export const MSG_OOB = 1;
export const MSG_PEEK = 2;
export const MSG_DONTROUTE = 4;
export const MSG_TRUNC = 0x20;
export const MSG_DONTWAIT = 0x40;
export const MSG_EOR = 0x80;
export const MSG_WAITALL = 0x100;
export const MSG_CONFIRM = 0x800;
export const MSG_NOSIGNAL = 0x4000;
export const MSG_MORE = 0x8000;

export const iovec = struct({ iov_base: "u64", iov_len: "u64" }, { c: "struct iovec" });
export const msghdr = struct({
  msg_name: "u64",
  msg_namelen: "u32",
  msg_iov: "u64",
  msg_iovlen: "u64",
  msg_control: "u64",
  msg_controllen: "u64",
  msg_flags: "i32",
}, { c: "struct msghdr" });

// shutdown(2)
export const SHUT_RD = 0;
export const SHUT_WR = 1;
export const SHUT_RDWR = 2;

// ioctl(2), socket(7)
export const SIOCOUTQ = 0x5411;
export const FIONREAD = 0x541b;

// getsockopt(2), socket(7)
export const SOL_SOCKET = 1;
export const SO_TYPE = 3;
export const SO_ERROR = 4;
export const SO_ACCEPTCONN = 30;
export const SO_PROTOCOL = 38;
export const SO_DOMAIN = 39;
