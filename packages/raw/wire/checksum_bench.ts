import { checksum, PacketMemory } from "@posixly/raw/wire";
import { bench } from "@posixly/testing/bench";

const PACKETS = 64;
const memory = new PacketMemory(PACKETS * 2048);
const packets = Array.from({ length: PACKETS }, () => memory.take(2048));
memory.bytes.forEach((_, at) => memory.bytes[at] = at * 7 + (at >> 8));

/** What was found is used, so that nothing is left out. */
let found = 0;

/** A loop over pairs, and one over twice as much at a time. */
const c = (length: number, type: "uint16_t" | "uint32_t") => `
  #include <stdint.h>
  #include <stddef.h>
  #include <string.h>
  static uint8_t packets[${PACKETS} * 2048];
  __attribute__((noinline)) static uint16_t checksum(const uint8_t *bytes, size_t length) {
    uint64_t sum = 0;
    size_t at = 0;
    for (; at + sizeof(${type}) <= length; at += sizeof(${type})) {
      ${type} word;
      memcpy(&word, bytes + at, sizeof word);
      sum += word;
    }
    for (; at < length; at++) sum += (uint64_t)bytes[at] << at % 2 * 8;
    while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
    return ~sum;
  }
  void run(long times) {
    static volatile unsigned found;
    unsigned sum = 0;
    for (size_t i = 0; i < sizeof packets; i++) packets[i] = i * 7 + (i >> 8);
    while (times--)
      for (int i = 0; i < ${PACKETS}; i++) sum += checksum(packets + i * 2048, ${length});
    found = sum;
  }
`;

for (const length of [1500, 20]) {
  const peers = { C: c(length, "uint16_t"), "C, 32 bits at a time": c(length, "uint32_t") };
  bench(`checksums of ${length} bytes in JavaScript, ${PACKETS} at a time`, {
    ours(times) {
      while (times--) {
        for (let i = 0; i < PACKETS; i++) found ^= checksum(packets[i], 0, length);
      }
    },
    peers,
  });
  bench(`checksums of ${length} bytes by SIMD in packet memory, ${PACKETS} at a time`, {
    ours(times) {
      while (times--) {
        for (let i = 0; i < PACKETS; i++) found ^= memory.checksum(packets[i], 0, length);
      }
    },
    peers,
  });
}
