import { execFileSync } from "node:child_process";
import { packetSocket, receiveRing, transmitRing } from "@posixly/raw";
import { MessageBatch, sendMessages } from "@posixly/socket";
import { bind, ok } from "@posixly/sys";
import { bench } from "@posixly/testing/bench";
import { udpFrame } from "./frame_fixture.ts";

// Every side has a network of its own, with a cable whose other end nobody listens at.
const SET_UP = [
  "ip link add a0 type veth peer name b0",
  "sysctl -qw net.ipv6.conf.a0.disable_ipv6=1 net.ipv6.conf.b0.disable_ipv6=1",
  "ip link set a0 up",
  "ip link set b0 up",
];

let isSetUp = false;
function setUp(): void {
  if (isSetUp) return;
  isSetUp = true;
  const CLONE_NEWNET = 0x4000_0000;
  ok(bind({ unshare: ["i32", "i32"] }).unshare(CLONE_NEWNET), "unshare");
  for (const command of SET_UP) {
    const [program, ...args] = command.split(" ");
    execFileSync(program, args);
  }
  while (!execFileSync("ip", ["link", "show", "b0"], { encoding: "utf8" }).includes("state UP"));
}

const frame = udpFrame(1000);
const COMMON = `
  #define _GNU_SOURCE
  #include <arpa/inet.h>
  #include <linux/if_packet.h>
  #include <net/ethernet.h>
  #include <net/if.h>
  #include <sched.h>
  #include <stdint.h>
  #include <stdlib.h>
  #include <string.h>
  #include <sys/mman.h>
  #include <sys/socket.h>
  #include <unistd.h>
  static const unsigned char frame[] = { ${frame.join()} };

  static void set_up(void) {
    unshare(CLONE_NEWNET);
    ${SET_UP.map((command) => `if (system("${command}")) abort();`).join("\n    ")}
    while (system("ip link show b0 | grep -q 'state UP'"));
  }

  static int bound(const char *name, int protocol, int version, int ring, void *request, int size) {
    int fd = socket(AF_PACKET, SOCK_RAW, 0);
    if (version) setsockopt(fd, SOL_PACKET, PACKET_VERSION, &version, sizeof version);
    if (ring) setsockopt(fd, SOL_PACKET, ring, request, size);
    struct sockaddr_ll address = { .sll_family = AF_PACKET, .sll_protocol = htons(protocol),
      .sll_ifindex = if_nametoindex(name) };
    if (bind(fd, (void *) &address, sizeof address)) abort();
    return fd;
  }
`;

for (const count of [64, 256]) {
  let send: (() => void) | undefined;
  const prepare = () => {
    setUp();
    const socket = packetSocket({ interface: "a0", protocol: 0 });
    const batch = new MessageBatch({ messages: count, bytes: 64 });
    while (batch.add(frame) !== null);
    return () => {
      for (let from = 0; from < count;) from += sendMessages(socket, batch, { first: from })!;
    };
  };
  bench(`send ${count} frames by one call`, {
    ours(times) {
      send ??= prepare();
      for (let i = 0; i < times; i++) send();
    },
    peers: {
      "C sendmmsg": `
        ${COMMON}
        enum { COUNT = ${count} };
        static struct mmsghdr messages[COUNT];
        static struct iovec parts[COUNT];
        static char copies[COUNT][64];
        void run(long times) {
          static int fd;
          if (fd == 0) {
            set_up();
            fd = bound("a0", 0, 0, 0, 0, 0);
            for (int i = 0; i < COUNT; i++) {
              memcpy(copies[i], frame, sizeof frame);
              parts[i] = (struct iovec){ copies[i], sizeof frame };
              messages[i].msg_hdr.msg_iov = &parts[i];
              messages[i].msg_hdr.msg_iovlen = 1;
            }
          }
          while (times--)
            for (int sent = 0; sent < COUNT;)
              sent += sendmmsg(fd, messages + sent, COUNT - sent, MSG_DONTWAIT);
        }
      `,
    },
  });
}

const COUNT = 256;
let flush: (() => void) | undefined;
function prepareRing(): () => void {
  setUp();
  const ring = transmitRing({ interface: "a0" });
  return () => {
    for (let i = 0; i < COUNT; i++) while (!ring.add(frame)) ring.flush();
    while (ring.waiting > 0) ring.flush();
  };
}

bench(`send ${COUNT} frames by a ring`, {
  ours(times) {
    flush ??= prepareRing();
    for (let i = 0; i < times; i++) flush();
  },
  peers: {
    "C PACKET_TX_RING": `
      ${COMMON}
      enum { COUNT = ${COUNT}, FRAMES = 1024, SIZE = 2048 };
      void run(long times) {
        static int fd, next;
        static char *ring;
        if (ring == 0) {
          set_up();
          struct tpacket_req request = { 65536, FRAMES * SIZE / 65536, SIZE, FRAMES };
          fd = bound("a0", 0, TPACKET_V2, PACKET_TX_RING, &request, sizeof request);
          ring = mmap(0, FRAMES * SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        }
        while (times--) {
          for (int i = 0; i < COUNT; i++) {
            volatile struct tpacket2_hdr *head = (void *) (ring + next * SIZE);
            while (head->tp_status != TP_STATUS_AVAILABLE) send(fd, 0, 0, MSG_DONTWAIT);
            memcpy((char *) head + sizeof *head, frame, sizeof frame);
            head->tp_len = sizeof frame;
            __atomic_store_n(&head->tp_status, TP_STATUS_SEND_REQUEST, __ATOMIC_RELEASE);
            next = (next + 1) % FRAMES;
          }
          send(fd, 0, 0, MSG_DONTWAIT);
        }
      }
    `,
  },
});

// What reading costs, without what the kernel does: a ring that was filled once, and that is given
// back to the reader each time he has read it.
const BLOCK = 262_144;
const BLOCKS = 32;
/** A packet has a header, a sender, and starts at a multiple of 16. */
const FILLING = 45_000;
/** As long as nothing happens. */
const NEVER = 2 ** 30;

let read: ((times: number) => void) | undefined;
/** What was read, so that it is read. */
export let sum = 0;

function prepareReading(): (times: number) => void {
  setUp();
  const ring = receiveRing({
    interface: "b0",
    blockSize: BLOCK,
    blocks: BLOCKS,
    retireMs: NEVER,
  });
  const sender = packetSocket({ interface: "a0", protocol: 0 });
  const batch = new MessageBatch({ messages: 250, bytes: 64 });
  while (batch.add(frame) !== null);
  for (let sent = 0; sent < FILLING;) sent += sendMessages(sender, batch)!;
  sender.close();
  let words = new Int32Array(0);
  ring.drain(({ memory }) => words = new Int32Array(memory.buffer), 1);
  const giveBack = () => {
    for (let at = 2; at < words.length; at += BLOCK >> 2) Atomics.store(words, at, 1);
  };
  return (times) => {
    for (let left = times; left > 0;) {
      left -= ring.drain(({ memory, start, originalLength }) => {
        if ((memory[start + 12] << 8 | memory[start + 13]) !== 0x800) return;
        const ip = start + 14;
        if (memory[ip + 9] !== 17) return;
        const udp = ip + (memory[ip] & 15) * 4;
        sum = (sum + originalLength + (memory[udp] << 8 | memory[udp + 1]) +
          (memory[udp + 2] << 8 | memory[udp + 3]) +
          (memory[ip + 12] << 24 | memory[ip + 13] << 16 | memory[ip + 14] << 8 | memory[ip + 15]) +
          (memory[ip + 16] << 24 | memory[ip + 17] << 16 | memory[ip + 18] << 8 |
            memory[ip + 19])) | 0;
      }, left);
      if (left > 0) giveBack();
    }
  };
}

bench("read a packet of a ring, and its headers of Ethernet, IPv4 and UDP", {
  ours(times) {
    read ??= prepareReading();
    read(times);
  },
  peers: {
    "C PACKET_RX_RING": `
      ${COMMON}
      enum { BLOCK = ${BLOCK}, BLOCKS = ${BLOCKS} };
      static volatile uint32_t sum;
      static char *ring;
      static int block, left;
      static struct tpacket3_hdr *packet;

      static uint32_t word(const unsigned char *at) { uint32_t w; memcpy(&w, at, 4); return ntohl(w); }
      static uint32_t half(const unsigned char *at) { uint16_t h; memcpy(&h, at, 2); return ntohs(h); }

      static int drain(long most) {
        int read = 0;
        while (read < most) {
          struct tpacket_block_desc *head = (void *) (ring + (long) block * BLOCK);
          if (left == 0) {
            if (!(__atomic_load_n(&head->hdr.bh1.block_status, __ATOMIC_ACQUIRE) & TP_STATUS_USER))
              break;
            left = head->hdr.bh1.num_pkts;
            packet = (void *) ((char *) head + head->hdr.bh1.offset_to_first_pkt);
          }
          if (left > 0) {
            const unsigned char *bytes = (unsigned char *) packet + packet->tp_mac;
            if (half(bytes + 12) == 0x800 && bytes[23] == 17) {
              const unsigned char *udp = bytes + 14 + (bytes[14] & 15) * 4;
              sum += packet->tp_len + half(udp) + half(udp + 2) + word(bytes + 26) + word(bytes + 30);
            }
            packet = (void *) ((char *) packet + packet->tp_next_offset);
            read++;
            left--;
          }
          if (left == 0) {
            __atomic_store_n(&head->hdr.bh1.block_status, TP_STATUS_KERNEL, __ATOMIC_RELEASE);
            block = (block + 1) % BLOCKS;
          }
        }
        return read;
      }

      void run(long times) {
        if (ring == 0) {
          set_up();
          struct tpacket_req3 request = { BLOCK, BLOCKS, 2048, BLOCK / 2048 * BLOCKS, ${NEVER}, 0, 1 };
          int fd = bound("b0", ETH_P_ALL, TPACKET_V3, PACKET_RX_RING, &request, sizeof request);
          ring = mmap(0, BLOCK * BLOCKS, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
          int sender = bound("a0", 0, 0, 0, 0, 0);
          for (int i = 0; i < ${FILLING}; i++) if (send(sender, frame, sizeof frame, 0) < 0) i--;
          drain(1);
        }
        while (times > 0) {
          times -= drain(times);
          for (int i = 0; times > 0 && i < BLOCKS; i++) {
            struct tpacket_block_desc *head = (void *) (ring + (long) i * BLOCK);
            __atomic_store_n(&head->hdr.bh1.block_status, TP_STATUS_USER, __ATOMIC_RELEASE);
          }
        }
      }
    `,
  },
});
