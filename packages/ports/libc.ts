import { array, bytes, struct } from "@posixly/sys";

/** The C headers that declare what is below; `npm run check` compares. */
export const headers = [
  "netinet/in.h",
  "linux/inet_diag.h",
  "linux/netlink.h",
  "linux/sock_diag.h",
  "sys/socket.h",
];

export const AF_UNSPEC = 0;
export const AF_INET = 2;
export const AF_INET6 = 10;
export const IPPROTO_TCP = 6;
export const IPPROTO_UDP = 17;

// netlink(7)
export const NLMSG_ERROR = 2;
export const NLMSG_DONE = 3;
export const NLM_F_REQUEST = 1;
export const NLM_F_ACK = 4;
export const NLM_F_DUMP = 0x300;
export const NLM_F_DUMP_INTR = 0x10;

export const nlmsghdr = struct({
  nlmsg_len: "u32",
  nlmsg_type: "u16",
  nlmsg_flags: "u16",
  nlmsg_seq: "u32",
  nlmsg_pid: "u32",
}, { c: "struct nlmsghdr" });
export const nlattr = struct({ nla_len: "u16", nla_type: "u16" }, { c: "struct nlattr" });

// sock_diag(7)
export const SOCK_DIAG_BY_FAMILY = 20;
export const SOCK_DESTROY = 21;
export const TCPDIAG_GETSOCK = 18;
export const SKNLGRP_INET_TCP_DESTROY = 1;
export const SKNLGRP_INET6_TCP_DESTROY = 3;

export const inetDiagSockid = struct({
  idiag_sport: "u16be",
  idiag_dport: "u16be",
  idiag_src: bytes(16),
  idiag_dst: bytes(16),
  idiag_if: "u32",
  idiag_cookie: array("u32", 2),
}, { c: "struct inet_diag_sockid", align: 4 });

export const inetDiagReqV2 = struct({
  sdiag_family: "u8",
  sdiag_protocol: "u8",
  idiag_ext: "u8",
  pad: "u8",
  idiag_states: "u32",
  id: inetDiagSockid,
}, { c: "struct inet_diag_req_v2" });

/** The older question, which is of TCP over both families. */
export const inetDiagReq = struct({
  idiag_family: "u8",
  idiag_src_len: "u8",
  idiag_dst_len: "u8",
  idiag_ext: "u8",
  id: inetDiagSockid,
  idiag_states: "u32",
  idiag_dbs: "u32",
}, { c: "struct inet_diag_req" });

export const inetDiagMsg = struct({
  idiag_family: "u8",
  idiag_state: "u8",
  idiag_timer: "u8",
  idiag_retrans: "u8",
  id: inetDiagSockid,
  idiag_expires: "u32",
  idiag_rqueue: "u32",
  idiag_wqueue: "u32",
  idiag_uid: "u32",
  idiag_inode: "u32",
}, { c: "struct inet_diag_msg" });

// What a request may have besides, and an answer
export const INET_DIAG_REQ_BYTECODE = 1;
export const INET_DIAG_INFO = 2;
export const INET_DIAG_CONG = 4;
export const INET_DIAG_SKMEMINFO = 7;
export const INET_DIAG_SHUTDOWN = 8;
export const INET_DIAG_SKV6ONLY = 11;
export const INET_DIAG_MARK = 15;

// The filters that the kernel runs
export const INET_DIAG_BC_JMP = 1;
export const INET_DIAG_BC_S_GE = 2;
export const INET_DIAG_BC_S_LE = 3;
export const INET_DIAG_BC_D_GE = 4;
export const INET_DIAG_BC_D_LE = 5;
export const INET_DIAG_BC_AUTO = 6;
export const INET_DIAG_BC_S_COND = 7;
export const INET_DIAG_BC_D_COND = 8;
export const INET_DIAG_BC_DEV_COND = 9;

export const inetDiagBcOp = struct({ code: "u8", yes: "u8", no: "u16" }, {
  c: "struct inet_diag_bc_op",
});
/** An address of 4 or 16 bytes follows. */
export const inetDiagHostcond = struct({ family: "u8", prefix_len: "u8", port: "i32" }, {
  c: "struct inet_diag_hostcond",
});
