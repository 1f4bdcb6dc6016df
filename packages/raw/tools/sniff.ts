import type { PacketAddress } from "@posixly/socket";
import { type Capture, capture } from "../capture.ts";
import { CaptureFile } from "./capture_file.ts";
import { packetSocket } from "../create_packet_socket.ts";
import { ARPHRD_LOOPBACK } from "../libc.ts";
import type { PacketStatistics } from "../packet_statistics.ts";
import { BLOCK_SIZE } from "../ring_options.ts";
import { requireSniffOptions, sniffFilter, type SniffOptions } from "./sniff_options.ts";
import { linkOf, type SniffedPacket, understood } from "./sniffed_packet.ts";

const BLOCKS_A_MEBIBYTE = 2 ** 20 / BLOCK_SIZE;

/**
 * Listens to what passes by, and understands it: packets of an interface as they come, taken apart,
 * through a {@linkcode capture}. What is sent over the loopback is told once, and not also when it
 * comes.
 *
 * Interfaces are those whose packets begin with Ethernet or, as in tunnels, with IP; what goes by
 * others is passed over, and is for a {@linkcode capture}.
 *
 * Nothing is lost while you are at something else until the kernel's buffer is full; what is lost
 * then is counted.
 *
 * **Listen only to networks that are yours, or whose owner has agreed.**
 *
 * @param options What to listen to, where to write it, when to end
 * @returns The packets, to be iterated over once
 * @throws {RawAccessError} `EPERM` if we lack `CAP_NET_RAW`; it says what to do
 * @throws {SyscallError} `ENODEV` if there is no such interface; or as `open` does of the file
 * @throws {LibraryNotFoundError} If `filter` is an expression and libpcap is not installed
 * @throws {ExpressionError} If libpcap does not understand it
 * @throws {FilterError} If it is a program that is not valid
 * @throws {TypeError | RangeError} If an option is not as described
 * @throws {Error} If packets of the interface begin with something else
 *
 * @example Usage
 * ```ts
 * import { ping, sniff } from "@posixly/raw";
 * import { formatPacket } from "@posixly/raw/wire";
 *
 * using packets = sniff({ interface: "lo", filter: "icmp", count: 2 });
 * await ping("127.0.0.1", { count: 1 }).summary();
 * for await (const { packet } of packets) console.log(formatPacket(packet));
 * console.log(packets.statistics().drops);
 * ```
 */
export function sniff(options: SniffOptions = {}): Sniffer {
  requireSniffOptions(options);
  const { interface: name, snapLength, promiscuous, buffer = 8, signal, write } = options;
  const filter = sniffFilter(options, requireLink(name));
  const packets = capture({
    ...{ interface: name, snapLength, promiscuous, signal },
    blocks: buffer * BLOCKS_A_MEBIBYTE,
    options: { filter },
  });
  try {
    const file = write === undefined ? undefined : new CaptureFile(write, snapLength);
    return new Sniffer(packets, file, options);
  } catch (error) {
    packets.close();
    throw error;
  }
}

/**
 * The hardware type of an interface; one whose packets we would misread is refused. That we may not
 * listen is found out here too: libpcap would take it for a fault of the expression.
 */
function requireLink(name: SniffOptions["interface"]): number | undefined {
  using socket = packetSocket({ interface: name, protocol: 0 });
  if (name === undefined) return undefined;
  const { hardwareType } = socket.localAddress as PacketAddress;
  if (linkOf(hardwareType) !== undefined) return hardwareType;
  throw new Error(
    `Cannot sniff ${name}: its packets begin with neither Ethernet nor IP, but as those of hardware` +
      ` type ${hardwareType} do`,
  );
}

/**
 * Packets that are listened to, see {@linkcode sniff}.
 *
 * @example Usage
 * ```ts
 * import { sniff, type Sniffer } from "@posixly/raw";
 * import assert from "node:assert/strict";
 *
 * using packets: Sniffer = sniff({ interface: "lo" });
 * assert.equal(packets.statistics().drops, 0);
 * ```
 */
export class Sniffer implements AsyncIterable<SniffedPacket>, Disposable {
  readonly #capture: Capture;
  readonly #file: CaptureFile | undefined;
  readonly #count: number;
  readonly #snapLength: number | undefined;

  /**
   * Made by {@linkcode sniff} alone.
   *
   * @param packets Where they come from; it is closed at the end
   * @param file Where they are written
   * @param options After how many it ends, and how many bytes of each are kept
   */
  constructor(packets: Capture, file: CaptureFile | undefined, options: SniffOptions) {
    this.#capture = packets;
    this.#file = file;
    this.#count = options.count ?? Infinity;
    this.#snapLength = options.snapLength;
  }

  /**
   * How many packets have passed the filter, and how many of them were lost. Over the loopback each
   * counts twice.
   *
   * @returns The counts since it began, to its end if it has ended
   */
  statistics(): PacketStatistics {
    return this.#capture.statistics();
  }

  /** The packets, until it ends. Whoever leaves the loop ends it. */
  async *[Symbol.asyncIterator](): AsyncGenerator<SniffedPacket, void, void> {
    let left = this.#count;
    try {
      for await (const captured of this.#capture) {
        const { hardwareType, packetType } = captured.from;
        if (hardwareType === ARPHRD_LOOPBACK && packetType === "outgoing") continue;
        const sniffed = understood(captured, this.#snapLength);
        if (sniffed === null) continue;
        this.#file?.write(sniffed);
        yield sniffed;
        if (--left <= 0) return;
      }
    } finally {
      this.close();
    }
  }

  /**
   * Ends it, and writes what is not yet in the file. Once is enough.
   *
   * @throws {SyscallError} `ENOSPC` and the like if the file cannot be written
   */
  close(): void {
    try {
      this.#capture.close();
    } finally {
      this.#file?.[Symbol.dispose]();
    }
  }

  /** Ends it at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.close();
  }
}
