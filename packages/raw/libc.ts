import { bind, bytes, struct } from "@posixly/sys";

/**
 * The C headers that declare what is below; `npm run check` compares. Those of Linux mind what the
 * first one has declared.
 */
export const headers = [
  "netinet/in.h",
  "linux/icmp.h",
  "linux/if_arp.h",
  "linux/if_packet.h",
  "net/ethernet.h",
  "netinet/icmp6.h",
  "pcap/pcap.h",
  "sys/mman.h",
  "sys/socket.h",
  "time.h",
  "unistd.h",
];

export const libc = bind({
  clock_gettime: ["i32", "i32", "buffer"],
  mmap: ["address", "address", "u64", "i32", "i32", "i32", "i64"],
  mprotect: ["i32", "address", "u64", "i32"],
  munmap: ["i32", "address", "u64"],
  readlink: ["i32", "buffer", "buffer", "u32"],
  send: ["i32", "i32", "buffer", "u32", "i32"],
});

// ip(7), ipv6(7), raw(7)
export const IPPROTO_ICMPV6 = 58;

export const SOL_RAW = 255;
export const ICMP_FILTER = 1;
export const ICMP6_FILTER = 1;

// icmp(7)
export const ICMP_ECHO = 8;
export const ICMP6_ECHO_REQUEST = 128;

// packet(7)
export const SOL_PACKET = 263;
export const ETH_P_ALL = 3;
export const ETH_P_IP = 0x800;
export const ETH_P_ARP = 0x806;
export const ETH_P_IPV6 = 0x86dd;
export const ETH_HLEN = 14;
export const ETH_P_8021Q = 0x8100;
export const ARPHRD_ETHER = 1;
export const ARPHRD_LOOPBACK = 772;
export const ARPHRD_PPP = 512;
export const ARPHRD_RAWIP = 519;
export const ARPHRD_TUNNEL = 768;
export const ARPHRD_TUNNEL6 = 769;
export const ARPHRD_SIT = 776;
export const ARPHRD_NONE = 0xfffe;

export const PACKET_ADD_MEMBERSHIP = 1;
export const PACKET_DROP_MEMBERSHIP = 2;
export const PACKET_RX_RING = 5;
export const PACKET_STATISTICS = 6;
export const PACKET_AUXDATA = 8;
export const PACKET_VERSION = 10;
export const PACKET_TX_RING = 13;
export const PACKET_FANOUT = 18;
export const PACKET_QDISC_BYPASS = 20;
export const PACKET_IGNORE_OUTGOING = 23;

export const PACKET_MR_MULTICAST = 0;
export const PACKET_MR_PROMISC = 1;
export const PACKET_MR_ALLMULTI = 2;
export const PACKET_MR_UNICAST = 3;
export const packetMreq = struct(
  { mr_ifindex: "i32", mr_type: "u16", mr_alen: "u16", mr_address: bytes(8) },
  { c: "struct packet_mreq", align: 4 },
);

export const PACKET_FANOUT_HASH = 0;
export const PACKET_FANOUT_LB = 1;
export const PACKET_FANOUT_CPU = 2;
export const PACKET_FANOUT_ROLLOVER = 3;
export const PACKET_FANOUT_RND = 4;
export const PACKET_FANOUT_QM = 5;
export const PACKET_FANOUT_FLAG_ROLLOVER = 0x1000;
export const PACKET_FANOUT_FLAG_UNIQUEID = 0x2000;
export const PACKET_FANOUT_FLAG_DEFRAG = 0x8000;

export const PACKET_HOST = 0;
export const PACKET_BROADCAST = 1;
export const PACKET_MULTICAST = 2;
export const PACKET_OTHERHOST = 3;
export const PACKET_OUTGOING = 4;
export const PACKET_LOOPBACK = 5;
export const PACKET_USER = 6;
export const PACKET_KERNEL = 7;

export const tpacketStats = struct({ tp_packets: "u32", tp_drops: "u32" }, {
  c: "struct tpacket_stats",
});
export const tpacketStatsV3 = struct(
  { tp_packets: "u32", tp_drops: "u32", tp_freeze_q_cnt: "u32" },
  { c: "struct tpacket_stats_v3" },
);
export const tpacketAuxdata = struct({
  tp_status: "u32",
  tp_len: "u32",
  tp_snaplen: "u32",
  tp_mac: "u16",
  tp_net: "u16",
  tp_vlan_tci: "u16",
  tp_vlan_tpid: "u16",
}, { c: "struct tpacket_auxdata" });

// packet_mmap.rst
export const TPACKET_V2 = 1;
export const TPACKET_V3 = 2;
export const TP_STATUS_KERNEL = 0;
export const TP_STATUS_USER = 1;
export const TP_STATUS_CSUMNOTREADY = 8;
export const TP_STATUS_VLAN_VALID = 0x10;
export const TP_STATUS_VLAN_TPID_VALID = 0x40;
export const TP_STATUS_CSUM_VALID = 0x80;
export const TP_STATUS_AVAILABLE = 0;
export const TP_STATUS_SEND_REQUEST = 1;
export const TP_STATUS_WRONG_FORMAT = 4;
export const TP_FT_REQ_FILL_RXHASH = 1;

export const tpacketReq = struct({
  tp_block_size: "u32",
  tp_block_nr: "u32",
  tp_frame_size: "u32",
  tp_frame_nr: "u32",
}, { c: "struct tpacket_req" });
export const tpacketReq3 = struct({
  tp_block_size: "u32",
  tp_block_nr: "u32",
  tp_frame_size: "u32",
  tp_frame_nr: "u32",
  tp_retire_blk_tov: "u32",
  tp_sizeof_priv: "u32",
  tp_feature_req_word: "u32",
}, { c: "struct tpacket_req3" });

const tpacketBdTs = struct({ ts_sec: "u32", ts_usec: "u32" }, { c: "struct tpacket_bd_ts" });
export const tpacketHdrV1 = struct({
  block_status: "u32",
  num_pkts: "u32",
  offset_to_first_pkt: "u32",
  blk_len: "u32",
  seq_num: "u64",
  ts_first_pkt: tpacketBdTs,
  ts_last_pkt: tpacketBdTs,
}, { c: "struct tpacket_hdr_v1" });
export const tpacketBlockDesc = struct(
  { version: "u32", offset_to_priv: "u32", hdr: tpacketHdrV1 },
  { c: "struct tpacket_block_desc" },
);
const tpacketHdrVariant1 = struct({
  tp_rxhash: "u32",
  tp_vlan_tci: "u32",
  tp_vlan_tpid: "u16",
  tp_padding: "u16",
}, { c: "struct tpacket_hdr_variant1" });
export const tpacket3Hdr = struct({
  tp_next_offset: "u32",
  tp_sec: "u32",
  tp_nsec: "u32",
  tp_snaplen: "u32",
  tp_len: "u32",
  tp_status: "u32",
  tp_mac: "u16",
  tp_net: "u16",
  hv1: tpacketHdrVariant1,
  tp_padding: bytes(8),
}, { c: "struct tpacket3_hdr", align: 4 });
export const tpacket2Hdr = struct({
  tp_status: "u32",
  tp_len: "u32",
  tp_snaplen: "u32",
  tp_mac: "u16",
  tp_net: "u16",
  tp_sec: "u32",
  tp_nsec: "u32",
  tp_vlan_tci: "u16",
  tp_vlan_tpid: "u16",
  tp_padding: bytes(4),
}, { c: "struct tpacket2_hdr", align: 4 });
/** In network byte order it is. */
export const sockaddrLl = struct({
  sll_family: "u16",
  sll_protocol: "u16be",
  sll_ifindex: "i32",
  sll_hatype: "u16",
  sll_pkttype: "u8",
  sll_halen: "u8",
  sll_addr: bytes(8),
}, { c: "struct sockaddr_ll", align: 4 });

// clock_gettime(2)
export const CLOCK_REALTIME = 0;
export const timespec = struct({ tv_sec: "i64", tv_nsec: "i64" }, { c: "struct timespec" });

// mmap(2), send(2)
export const PROT_READ = 1;
export const PROT_WRITE = 2;
export const MAP_SHARED = 1;
export const MSG_DONTWAIT = 0x40;

// Filters, socket(7)
export const SOL_SOCKET = 1;
export const SO_TYPE = 3;
export const SOCK_RAW = 3;
export const SO_GET_FILTER = 26;

// pcap(3pcap), pcap-linktype(7)
export const libpcap = bind({
  pcap_activate: ["i32", "address"],
  pcap_close: ["u32", "address"],
  pcap_compile: ["i32", "address", "buffer", "buffer", "i32", "u32"],
  pcap_create: ["address", "buffer", "buffer"],
  pcap_freecode: ["u32", "buffer"],
  pcap_geterr: ["address", "address"],
  pcap_open_dead: ["address", "i32", "i32"],
  pcap_set_snaplen: ["i32", "address", "i32"],
}, {
  library: ["libpcap.so.1", "libpcap.so.0.8"],
  hint: "get it by apt install libpcap0.8, dnf install libpcap, or apk add libpcap",
});

export const PCAP_ERRBUF_SIZE = 256;
export const PCAP_NETMASK_UNKNOWN = 0xffff_ffff;
export const bpfProgram = struct({ bf_len: "u32", bf_insns: "u64" }, { c: "struct bpf_program" });

export const DLT_NULL = 0;
export const DLT_EN10MB = 1;
export const DLT_PPP = 9;
export const DLT_RAW = 12;
export const DLT_IEEE802_11 = 105;
export const DLT_LINUX_SLL = 113;
export const DLT_IEEE802_11_RADIO = 127;
export const DLT_LINUX_SLL2 = 276;
