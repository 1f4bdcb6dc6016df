import { array, bind, bytes, perArch, struct } from "@posixly/sys";

/** The C headers that declare what is below; `npm run check` compares. */
export const headers = [
  "netinet/in.h", // first: the kernel's own then leave out what it has
  "limits.h",
  "linux/can.h",
  "linux/errqueue.h",
  "linux/filter.h",
  "linux/if_ether.h",
  "linux/in.h",
  "linux/in6.h",
  "linux/if_packet.h",
  "linux/net_tstamp.h",
  "linux/netlink.h",
  "linux/sockios.h",
  "linux/tcp.h",
  "linux/udp.h",
  "linux/vm_sockets.h",
  "net/if.h",
  "stdlib.h",
  "sys/ioctl.h",
  "sys/socket.h",
  "sys/syscall.h",
  "sys/time.h",
  "sys/uio.h",
  "sys/un.h",
  "unistd.h",
];

/** What the headers of Debian 12 do not know yet. */
export const newer = [
  "IPV6_FLOWINFO",
  "IPV6_FLOWINFO_SEND",
  "IP_LOCAL_PORT_RANGE",
  "SOF_TIMESTAMPING_OPT_ID_TCP",
  "SO_PASSPIDFD",
  "SO_PASSRIGHTS",
  "SO_RCVPRIORITY",
  "SCM_INQ",
  "SCM_PIDFD",
  "SCM_SECURITY",
  "SO_PEERPIDFD",
  "TCPI_OPT_TFO_CHILD",
  "TCPI_OPT_USEC_TS",
  "TCP_DELACK_MAX_US",
  "TCP_IS_MPTCP",
  "TCP_RTO_MAX_MS",
  "TCP_RTO_MIN_US",
  "struct tcp_info",
];

export const libc = bind({
  accept4: ["i32", "i32", "buffer", "buffer", "i32"],
  bind: ["i32", "i32", "buffer", "u32"],
  connect: ["i32", "i32", "buffer", "u32"],
  getenv: ["address", "buffer"],
  getpeername: ["i32", "i32", "buffer", "buffer"],
  getsockname: ["i32", "i32", "buffer", "buffer"],
  getsockopt: ["i32", "i32", "i32", "i32", "buffer", "buffer"],
  ioctl$bytes: ["i32", "i32", "u32", "buffer"],
  listen: ["i32", "i32", "i32"],
  recv: ["i32", "i32", "buffer", "u32", "i32"],
  recvmmsg: ["i32", "i32", "address", "u32", "i32", "address"],
  recvmsg: ["i32", "i32", "buffer", "i32"],
  send: ["i32", "i32", "buffer", "u32", "i32"],
  sendto: ["i32", "i32", "buffer", "u32", "i32", "buffer", "u32"],
  setsockopt: ["i32", "i32", "i32", "i32", "buffer", "u32"],
  shutdown: ["i32", "i32", "i32"],
  sockatmark: ["i32", "i32"],
  socket: ["i32", "i32", "i32", "i32"],
  socketpair: ["i32", "i32", "i32", "i32", "buffer"],
  syscall$sendmmsg: ["i32", "i32", "i32", "address", "u32", "i32"],
  syscall$sendmsg: ["i32", "i32", "i32", "buffer", "i32"],
  unlink: ["i32", "buffer"],
  unsetenv: ["i32", "buffer"],
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

// The addresses of the families; `be` are those in network byte order
export const sockaddrStorage = struct({ _ss: bytes(128) }, {
  c: "struct sockaddr_storage",
  align: 8,
});
export const sockaddrIn = struct({
  sin_family: "u16",
  sin_port: "u16be",
  sin_addr: bytes(4),
  sin_zero: bytes(8),
}, { c: "struct sockaddr_in", align: 4 });
export const sockaddrIn6 = struct({
  sin6_family: "u16",
  sin6_port: "u16be",
  sin6_flowinfo: "u32be",
  sin6_addr: bytes(16),
  sin6_scope_id: "u32",
}, { c: "struct sockaddr_in6" });
export const sockaddrUn = struct({ sun_family: "u16", sun_path: bytes(108) }, {
  c: "struct sockaddr_un",
});
export const sockaddrVm = struct({
  svm_family: "u16",
  svm_reserved1: "u16",
  svm_port: "u32",
  svm_cid: "u32",
  svm_flags: "u8",
  svm_zero: bytes(3),
}, { c: "struct sockaddr_vm" });
export const sockaddrNl = struct({
  nl_family: "u16",
  nl_pad: "u16",
  nl_pid: "u32",
  nl_groups: "u32",
}, { c: "struct sockaddr_nl" });
export const sockaddrLl = struct({
  sll_family: "u16",
  sll_protocol: "u16be",
  sll_ifindex: "i32",
  sll_hatype: "u16",
  sll_pkttype: "u8",
  sll_halen: "u8",
  sll_addr: bytes(8),
}, { c: "struct sockaddr_ll" });
export const sockaddrCan = struct({
  can_family: "u16",
  can_ifindex: "i32",
  can_addr: array("u64", 2),
}, { c: "struct sockaddr_can" });

// packet(7)
export const PACKET_HOST = 0;
export const PACKET_BROADCAST = 1;
export const PACKET_MULTICAST = 2;
export const PACKET_OTHERHOST = 3;
export const PACKET_OUTGOING = 4;
export const PACKET_LOOPBACK = 5;
export const PACKET_USER = 6;
export const PACKET_KERNEL = 7;

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

// getsockopt(2): levels
export const SOL_NETLINK = 270;
export const IPPROTO_IP = 0;
export const IPPROTO_IPV6 = 41;

// socket(7), unix(7): options
export const SO_DEBUG = 1;
export const SO_REUSEADDR = 2;
export const SO_DONTROUTE = 5;
export const SO_BROADCAST = 6;
export const SO_SNDBUF = 7;
export const SO_RCVBUF = 8;
export const SO_KEEPALIVE = 9;
export const SO_OOBINLINE = 10;
export const SO_NO_CHECK = 11;
export const SO_PRIORITY = 12;
export const SO_LINGER = 13;
export const SO_REUSEPORT = 15;
export const SO_PASSCRED = 16;
export const SO_PEERCRED = 17;
export const SO_RCVLOWAT = 18;
export const SO_SNDLOWAT = 19;
export const SO_RCVTIMEO = 20;
export const SO_SNDTIMEO = 21;
export const SO_BINDTODEVICE = 25;
export const SO_ATTACH_FILTER = 26;
export const SO_DETACH_FILTER = 27;
export const SO_TIMESTAMP = 29;
export const SO_PEERSEC = 31;
export const SO_SNDBUFFORCE = 32;
export const SO_RCVBUFFORCE = 33;
export const SO_PASSSEC = 34;
export const SO_TIMESTAMPNS = 35;
export const SO_MARK = 36;
export const SO_TIMESTAMPING = 37;
export const SO_RXQ_OVFL = 40;
export const SO_PEEK_OFF = 42;
export const SO_LOCK_FILTER = 44;
export const SO_SELECT_ERR_QUEUE = 45;
export const SO_BUSY_POLL = 46;
export const SO_MAX_PACING_RATE = 47;
export const SO_INCOMING_CPU = 49;
export const SO_ATTACH_REUSEPORT_CBPF = 51;
export const SO_MEMINFO = 55;
export const SO_INCOMING_NAPI_ID = 56;
export const SO_COOKIE = 57;
export const SO_PEERGROUPS = 59;
export const SO_ZEROCOPY = 60;
export const SO_TXTIME = 61;
export const SO_BINDTOIFINDEX = 62;
export const SO_DETACH_REUSEPORT_BPF = 68;
export const SO_PREFER_BUSY_POLL = 69;
export const SO_BUSY_POLL_BUDGET = 70;
export const SO_NETNS_COOKIE = 71;
export const SO_BUF_LOCK = 72;
export const SO_RESERVE_MEM = 73;
export const SO_TXREHASH = 74;
export const SO_RCVMARK = 75;
export const SO_PASSPIDFD = 76;
export const SO_RCVPRIORITY = 82;
export const SO_PASSRIGHTS = 83;

export const SOCK_SNDBUF_LOCK = 1;
export const SOCK_RCVBUF_LOCK = 2;

export const linger = struct({ l_onoff: "i32", l_linger: "i32" }, { c: "struct linger" });
export const timeval = struct({ tv_sec: "i64", tv_usec: "i64" }, { c: "struct timeval" });
export const ucred = struct({ pid: "i32", uid: "u32", gid: "u32" }, { c: "struct ucred" });
export const sockTxtime = struct({ clockid: "i32", flags: "u32" }, { c: "struct sock_txtime" });
export const SOF_TXTIME_DEADLINE_MODE = 1;
export const SOF_TXTIME_REPORT_ERRORS = 2;

/** The program follows wherever `filter` says: `len` instructions of 8 bytes each. */
export const sockFprog = struct({ len: "u16", filter: "u64" }, { c: "struct sock_fprog" });
export const sockFilter = struct({ code: "u16", jt: "u8", jf: "u8", k: "u32" }, {
  c: "struct sock_filter",
});

// timestamping.rst
export const SOF_TIMESTAMPING_TX_HARDWARE = 1;
export const SOF_TIMESTAMPING_TX_SOFTWARE = 2;
export const SOF_TIMESTAMPING_RX_HARDWARE = 4;
export const SOF_TIMESTAMPING_RX_SOFTWARE = 8;
export const SOF_TIMESTAMPING_SOFTWARE = 0x10;
export const SOF_TIMESTAMPING_RAW_HARDWARE = 0x40;
export const SOF_TIMESTAMPING_OPT_ID = 0x80;
export const SOF_TIMESTAMPING_TX_SCHED = 0x100;
export const SOF_TIMESTAMPING_TX_ACK = 0x200;
export const SOF_TIMESTAMPING_OPT_CMSG = 0x400;
export const SOF_TIMESTAMPING_OPT_TSONLY = 0x800;
export const SOF_TIMESTAMPING_OPT_STATS = 0x1000;
export const SOF_TIMESTAMPING_OPT_PKTINFO = 0x2000;
export const SOF_TIMESTAMPING_OPT_TX_SWHW = 0x4000;
export const SOF_TIMESTAMPING_OPT_ID_TCP = 0x1_0000;

// ip(7)
export const IP_TOS = 1;
export const IP_TTL = 2;
export const IP_HDRINCL = 3;
export const IP_OPTIONS = 4;
export const IP_ROUTER_ALERT = 5;
export const IP_RECVOPTS = 6;
export const IP_PKTINFO = 8;
export const IP_MTU_DISCOVER = 10;
export const IP_RECVERR = 11;
export const IP_RECVTTL = 12;
export const IP_RECVTOS = 13;
export const IP_MTU = 14;
export const IP_FREEBIND = 15;
export const IP_TRANSPARENT = 19;
export const IP_RECVORIGDSTADDR = 20;
export const IP_MINTTL = 21;
export const IP_NODEFRAG = 22;
export const IP_CHECKSUM = 23;
export const IP_BIND_ADDRESS_NO_PORT = 24;
export const IP_RECVFRAGSIZE = 25;
export const IP_RECVERR_RFC4884 = 26;
export const IP_MULTICAST_IF = 32;
export const IP_MULTICAST_TTL = 33;
export const IP_MULTICAST_LOOP = 34;
export const IP_ADD_MEMBERSHIP = 35;
export const IP_DROP_MEMBERSHIP = 36;
export const IP_UNBLOCK_SOURCE = 37;
export const IP_BLOCK_SOURCE = 38;
export const IP_ADD_SOURCE_MEMBERSHIP = 39;
export const IP_DROP_SOURCE_MEMBERSHIP = 40;
export const MCAST_JOIN_GROUP = 42;
export const MCAST_BLOCK_SOURCE = 43;
export const MCAST_UNBLOCK_SOURCE = 44;
export const MCAST_LEAVE_GROUP = 45;
export const MCAST_JOIN_SOURCE_GROUP = 46;
export const MCAST_LEAVE_SOURCE_GROUP = 47;
export const IP_MULTICAST_ALL = 49;
export const IP_UNICAST_IF = 50;
export const IP_LOCAL_PORT_RANGE = 51;

export const IP_PMTUDISC_DONT = 0;
export const IP_PMTUDISC_WANT = 1;
export const IP_PMTUDISC_DO = 2;
export const IP_PMTUDISC_PROBE = 3;
export const IP_PMTUDISC_INTERFACE = 4;
export const IP_PMTUDISC_OMIT = 5;

export const ipMreqn = struct({
  imr_multiaddr: bytes(4),
  imr_address: bytes(4),
  imr_ifindex: "i32",
}, {
  c: "struct ip_mreqn",
  align: 4,
});
export const ipMreqSource = struct(
  { imr_multiaddr: bytes(4), imr_interface: bytes(4), imr_sourceaddr: bytes(4) },
  { c: "struct ip_mreq_source", align: 4 },
);
export const groupReq = struct({ gr_interface: "u32", gr_group: sockaddrStorage }, {
  c: "struct group_req",
});
export const groupSourceReq = struct(
  { gsr_interface: "u32", gsr_group: sockaddrStorage, gsr_source: sockaddrStorage },
  { c: "struct group_source_req" },
);

// ipv6(7)
export const IPV6_CHECKSUM = 7;
export const IPV6_FLOWINFO = 11;
export const IPV6_UNICAST_HOPS = 16;
export const IPV6_MULTICAST_IF = 17;
export const IPV6_MULTICAST_HOPS = 18;
export const IPV6_MULTICAST_LOOP = 19;
export const IPV6_MTU_DISCOVER = 23;
export const IPV6_MTU = 24;
export const IPV6_RECVERR = 25;
export const IPV6_V6ONLY = 26;
export const IPV6_MULTICAST_ALL = 29;
export const IPV6_RECVERR_RFC4884 = 31;
export const IPV6_FLOWINFO_SEND = 33;
export const IPV6_HDRINCL = 36;
export const IPV6_RECVPKTINFO = 49;
export const IPV6_RECVHOPLIMIT = 51;
export const IPV6_RECVHOPOPTS = 53;
export const IPV6_RECVRTHDR = 56;
export const IPV6_RECVDSTOPTS = 58;
export const IPV6_RECVPATHMTU = 60;
export const IPV6_DONTFRAG = 62;
export const IPV6_RECVTCLASS = 66;
export const IPV6_TCLASS = 67;
export const IPV6_AUTOFLOWLABEL = 70;
export const IPV6_ADDR_PREFERENCES = 72;
export const IPV6_PREFER_SRC_TMP = 1;
export const IPV6_PREFER_SRC_PUBLIC = 2;
export const IPV6_PREFER_SRC_PUBTMP_DEFAULT = 0x100;
export const IPV6_MINHOPCOUNT = 73;
export const IPV6_RECVORIGDSTADDR = 74;
export const IPV6_TRANSPARENT = 75;
export const IPV6_UNICAST_IF = 76;
export const IPV6_RECVFRAGSIZE = 77;
export const IPV6_FREEBIND = 78;

// tcp(7)
export const TCP_NODELAY = 1;
export const TCP_MAXSEG = 2;
export const TCP_CORK = 3;
export const TCP_KEEPIDLE = 4;
export const TCP_KEEPINTVL = 5;
export const TCP_KEEPCNT = 6;
export const TCP_SYNCNT = 7;
export const TCP_LINGER2 = 8;
export const TCP_DEFER_ACCEPT = 9;
export const TCP_WINDOW_CLAMP = 10;
export const TCP_INFO = 11;
export const TCP_QUICKACK = 12;
export const TCP_CONGESTION = 13;
export const TCP_THIN_LINEAR_TIMEOUTS = 16;
export const TCP_USER_TIMEOUT = 18;
export const TCP_FASTOPEN = 23;
export const TCP_NOTSENT_LOWAT = 25;
export const TCP_SAVE_SYN = 27;
export const TCP_SAVED_SYN = 28;
export const TCP_FASTOPEN_CONNECT = 30;
export const TCP_ULP = 31;
export const TCP_FASTOPEN_KEY = 33;
export const TCP_FASTOPEN_NO_COOKIE = 34;
export const TCP_INQ = 36;
export const TCP_TX_DELAY = 37;
export const TCP_IS_MPTCP = 43;
export const TCP_RTO_MAX_MS = 44;
export const TCP_RTO_MIN_US = 45;
export const TCP_DELACK_MAX_US = 46;

export const TCPI_OPT_TIMESTAMPS = 1;
export const TCPI_OPT_SACK = 2;
export const TCPI_OPT_WSCALE = 4;
export const TCPI_OPT_ECN = 8;
export const TCPI_OPT_ECN_SEEN = 0x10;
export const TCPI_OPT_SYN_DATA = 0x20;
export const TCPI_OPT_USEC_TS = 0x40;
export const TCPI_OPT_TFO_CHILD = 0x80;

/** Kernels add to its end, and tell how far they have filled it. */
export const tcpInfo = struct({
  tcpi_state: "u8",
  tcpi_ca_state: "u8",
  tcpi_retransmits: "u8",
  tcpi_probes: "u8",
  tcpi_backoff: "u8",
  tcpi_options: "u8",
  _wscale: "u8", // 4 bits for sending, 4 for receiving
  _flags: "u8", // 1 bit: the delivery rate is limited by the application; 2: why Fast Open failed
  tcpi_rto: "u32",
  tcpi_ato: "u32",
  tcpi_snd_mss: "u32",
  tcpi_rcv_mss: "u32",
  tcpi_unacked: "u32",
  tcpi_sacked: "u32",
  tcpi_lost: "u32",
  tcpi_retrans: "u32",
  tcpi_fackets: "u32",
  tcpi_last_data_sent: "u32",
  tcpi_last_ack_sent: "u32",
  tcpi_last_data_recv: "u32",
  tcpi_last_ack_recv: "u32",
  tcpi_pmtu: "u32",
  tcpi_rcv_ssthresh: "u32",
  tcpi_rtt: "u32",
  tcpi_rttvar: "u32",
  tcpi_snd_ssthresh: "u32",
  tcpi_snd_cwnd: "u32",
  tcpi_advmss: "u32",
  tcpi_reordering: "u32",
  tcpi_rcv_rtt: "u32",
  tcpi_rcv_space: "u32",
  tcpi_total_retrans: "u32",
  tcpi_pacing_rate: "u64",
  tcpi_max_pacing_rate: "u64",
  tcpi_bytes_acked: "u64",
  tcpi_bytes_received: "u64",
  tcpi_segs_out: "u32",
  tcpi_segs_in: "u32",
  tcpi_notsent_bytes: "u32",
  tcpi_min_rtt: "u32",
  tcpi_data_segs_in: "u32",
  tcpi_data_segs_out: "u32",
  tcpi_delivery_rate: "u64",
  tcpi_busy_time: "u64",
  tcpi_rwnd_limited: "u64",
  tcpi_sndbuf_limited: "u64",
  tcpi_delivered: "u32",
  tcpi_delivered_ce: "u32",
  tcpi_bytes_sent: "u64",
  tcpi_bytes_retrans: "u64",
  tcpi_dsack_dups: "u32",
  tcpi_reord_seen: "u32",
  tcpi_rcv_ooopack: "u32",
  tcpi_snd_wnd: "u32",
  tcpi_rcv_wnd: "u32",
  tcpi_rehash: "u32",
  tcpi_total_rto: "u16",
  tcpi_total_rto_recoveries: "u16",
  tcpi_total_rto_time: "u32",
  tcpi_received_ce: "u32",
  tcpi_delivered_e1_bytes: "u32",
  tcpi_delivered_e0_bytes: "u32",
  tcpi_delivered_ce_bytes: "u32",
  tcpi_received_e1_bytes: "u32",
  tcpi_received_e0_bytes: "u32",
  tcpi_received_ce_bytes: "u32",
  _accecn: "u32", // two fields in Linux 6.18, other bits later: the length does not tell which
}, { c: "struct tcp_info" });

// udp(7)
export const UDP_CORK = 1;
export const UDP_ENCAP = 100;
export const UDP_NO_CHECK6_TX = 101;
export const UDP_NO_CHECK6_RX = 102;
export const UDP_SEGMENT = 103;
export const UDP_GRO = 104;

// netlink(7)
export const NETLINK_ADD_MEMBERSHIP = 1;
export const NETLINK_DROP_MEMBERSHIP = 2;
export const NETLINK_PKTINFO = 3;
export const NETLINK_BROADCAST_ERROR = 4;
export const NETLINK_NO_ENOBUFS = 5;
export const NETLINK_LISTEN_ALL_NSID = 8;
export const NETLINK_LIST_MEMBERSHIPS = 9;
export const NETLINK_CAP_ACK = 10;
export const NETLINK_EXT_ACK = 11;
export const NETLINK_GET_STRICT_CHK = 12;

// netdevice(7)
export const IF_NAMESIZE = 16;
export const SIOCGIFNAME = 0x8910;
export const SIOCGIFINDEX = 0x8933;
export const ifreq = struct({ ifr_name: bytes(16), ifr_ifindex: "i32", _union: bytes(20) }, {
  c: "struct ifreq",
  align: 8,
});

// sendmsg(2), recvmsg(2) and their kin. By number what musl would make otherwise: its sendmsg takes a
// kilobyte of control messages, and its sendmmsg is a loop.
export const SYS_sendmsg = perArch({ x64: 46, arm64: 211 });
export const SYS_sendmmsg = perArch({ x64: 307, arm64: 269 });
export const IOV_MAX = 1024;
export const MSG_CTRUNC = 8;
export const MSG_ERRQUEUE = 0x2000;
export const MSG_WAITFORONE = 0x1_0000;
export const MSG_CMSG_CLOEXEC = 0x4000_0000;

export const mmsghdr = struct({ msg_hdr: msghdr, msg_len: "u32" }, { c: "struct mmsghdr" });
export const cmsghdr = struct({ cmsg_len: "u64", cmsg_level: "i32", cmsg_type: "i32" }, {
  c: "struct cmsghdr",
});

// cmsg(3): control messages that are not called as the option that asks for them
export const SCM_RIGHTS = 1;
export const SCM_CREDENTIALS = 2;
export const SCM_SECURITY = 3;
export const SCM_PIDFD = 4;
export const SCM_TXTIME = SO_TXTIME;
export const IPV6_PKTINFO = 50;
export const IPV6_HOPLIMIT = 52;
export const IP_ORIGDSTADDR = IP_RECVORIGDSTADDR;
export const IPV6_ORIGDSTADDR = IPV6_RECVORIGDSTADDR;
export const TCP_CM_INQ = TCP_INQ;
export const SCM_INQ = 84;
export const SOL_PACKET = 263;
export const PACKET_TX_TIMESTAMP = 16;

export const timespec = struct({ tv_sec: "i64", tv_nsec: "i64" }, { c: "struct timespec" });
export const scmTimestamping = struct({ ts: array(timespec, 3) }, { c: "struct scm_timestamping" });
export const inPktinfo = struct(
  { ipi_ifindex: "i32", ipi_spec_dst: bytes(4), ipi_addr: bytes(4) },
  {
    c: "struct in_pktinfo",
    align: 4,
  },
);
export const in6Pktinfo = struct({ ipi6_addr: bytes(16), ipi6_ifindex: "u32" }, {
  c: "struct in6_pktinfo",
});

// Error queues, ip(7); the address of who said so follows
export const SO_EE_ORIGIN_NONE = 0;
export const SO_EE_ORIGIN_LOCAL = 1;
export const SO_EE_ORIGIN_ICMP = 2;
export const SO_EE_ORIGIN_ICMP6 = 3;
export const SO_EE_ORIGIN_TIMESTAMPING = 4;
export const SO_EE_ORIGIN_ZEROCOPY = 5;
export const SO_EE_ORIGIN_TXTIME = 6;

export const sockExtendedErr = struct({
  ee_errno: "u32",
  ee_origin: "u8",
  ee_type: "u8",
  ee_code: "u8",
  ee_pad: "u8",
  ee_info: "u32",
  ee_data: "u32",
}, { c: "struct sock_extended_err" });

// unix(7): who is at the other end
export const SO_PEERPIDFD = 77;
