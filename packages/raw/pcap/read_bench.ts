import { captureWriter, parseCapture, readCapture } from "@posixly/raw/pcap";
import { bench } from "@posixly/testing/bench";

const PACKETS = 10_000;
const LENGTH = 64;

/** A file of the same packet again and again, and what libpcap needs to read the same. */
function repeated(format: "pcap" | "pcapng"): { file: Uint8Array; c: string } {
  const writer = captureWriter({ format });
  const timestamp = { seconds: 1_800_000_000, nanoseconds: 1 };
  const first = writer.write({ bytes: new Uint8Array(LENGTH).fill(7), timestamp });
  const next = writer.write({ bytes: new Uint8Array(LENGTH).fill(7), timestamp });
  const file = new Uint8Array(first.length + (PACKETS - 1) * next.length);
  file.set(first);
  for (let at = first.length; at < file.length; at += next.length) file.set(next, at);
  return { file, c: libpcap(first, next) };
}

/** Reads with libpcap, which is loaded at the first run, since its headers may be absent. */
const libpcap = (first: Uint8Array, next: Uint8Array) => `
  #define _GNU_SOURCE
  #include <dlfcn.h>
  #include <stdint.h>
  #include <stdio.h>
  #include <stdlib.h>
  #include <string.h>
  #include <sys/time.h>
  struct header { struct timeval time; uint32_t captured, original; };
  static const uint8_t first[] = {${first}}, next[] = {${next}};
  static uint8_t file[sizeof first + ${PACKETS - 1} * sizeof next];
  void run(long times) {
    static void *(*open)(FILE *, unsigned, char *);
    static int (*read)(void *, struct header **, const uint8_t **);
    static void (*close)(void *);
    static volatile uint64_t found;
    if (open == NULL) {
      void *library = dlopen("libpcap.so.0.8", RTLD_NOW);
      if (library == NULL) exit(1);
      open = dlsym(library, "pcap_fopen_offline_with_tstamp_precision");
      read = dlsym(library, "pcap_next_ex");
      close = dlsym(library, "pcap_close");
      memcpy(file, first, sizeof first);
      for (size_t at = sizeof first; at < sizeof file; at += sizeof next)
        memcpy(file + at, next, sizeof next);
    }
    while (times--) {
      char error[256];
      void *capture = open(fmemopen(file, sizeof file, "r"), 1, error);
      if (capture == NULL) exit(1);
      struct header *header;
      const uint8_t *bytes;
      while (read(capture, &header, &bytes) == 1)
        found += header->original + bytes[0] + header->time.tv_usec;
      close(capture);
    }
  }
`;

/** What was found is used, so that nothing is left out. */
let found = 0;

const files = { pcap: repeated("pcap"), pcapng: repeated("pcapng") };

for (const format of ["pcap", "pcapng"] as const) {
  const { file, c } = files[format];
  bench(`read ${PACKETS} packets of ${LENGTH} bytes from ${format} in memory`, {
    ours(times) {
      while (times--) {
        for (const { bytes, originalLength, timestamp } of parseCapture(file)) {
          found += originalLength + bytes[0] + timestamp!.nanoseconds;
        }
      }
    },
    peers: { "libpcap in C": c },
  });
}

async function* chunks(file: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < file.length; at += 65536) yield file.subarray(at, at + 65536);
}

bench(`read ${PACKETS} packets of ${LENGTH} bytes from pcap in chunks of 64 KiB`, {
  async ours(times) {
    while (times--) {
      for await (const packet of readCapture(chunks(files.pcap.file))) {
        found += packet.originalLength + packet.bytes[0] + packet.timestamp!.nanoseconds;
      }
    }
  },
  peers: { "libpcap in C": files.pcap.c },
});
