import * as c from "./libc.ts";
import { optionsOf, type OptionTable } from "./option.ts";
import {
  bits,
  flag,
  integer,
  limit,
  milliseconds,
  seconds,
  text,
  unsigned,
} from "./option_kind.ts";
import { type SendTime, sendTime } from "./send_time.ts";
import { type Timestamping, timestamping } from "./timestamping.ts";

/**
 * Whose size was chosen by `sendBuffer` and `receiveBuffer`, and is therefore not tuned.
 *
 * @example Usage
 * ```ts
 * import { type BufferLock, getOption, setOptions, socket } from "@posixly/socket";
 * import assert from "node:assert/strict";
 *
 * using tcp = socket("ipv4", "stream");
 * setOptions(tcp, { receiveBuffer: 100_000 });
 * const lock: BufferLock = getOption(tcp, "bufferLock");
 * assert.deepEqual(lock, { send: false, receive: true });
 * ```
 */
export interface BufferLock {
  /** The size of the buffer for sending stays as it is. */
  readonly send?: boolean;
  /** The size of the buffer for receiving stays as it is. */
  readonly receive?: boolean;
}

/**
 * Options of sockets of any family, socket(7) and unix(7), to be read and set.
 *
 * @example Usage
 * ```ts
 * import { setOptions, socket, type SocketLevelOptions } from "@posixly/socket";
 *
 * const shared: Partial<SocketLevelOptions> = { reuseAddress: true, reusePort: true };
 * using udp = socket("ipv4", "datagram");
 * setOptions(udp, shared);
 * ```
 */
export interface SocketLevelOptions {
  /** `bind` takes an address that connections of before still linger on: `SO_REUSEADDR`. */
  readonly reuseAddress: boolean;
  /** Several sockets share a port, and what comes in: `SO_REUSEPORT`. */
  readonly reusePort: boolean;
  /** A silent peer is probed, and the connection ends if it is gone: `SO_KEEPALIVE`. */
  readonly keepAlive: boolean;
  /** Datagrams may go to everyone in the network: `SO_BROADCAST`. */
  readonly broadcast: boolean;
  /**
   * Seconds for which `close` waits, even here, until all is sent; 0 throws away what is left and
   * resets the connection; `false` sends it in the background: `SO_LINGER`.
   */
  readonly linger: number | false;
  /**
   * Bytes that may wait to be sent: `SO_SNDBUF`. The kernel takes twice as many, for what it
   * notes by the way, but of `net.core.wmem_max` at most, and reading gives the doubled
   * number. See `tuneBuffers`.
   */
  readonly sendBuffer: number;
  /** The same for what was received: `SO_RCVBUF`, and `net.core.rmem_max`. */
  readonly receiveBuffer: number;
  /** Whose size stays; to turn one off lets the kernel tune it: `SO_BUF_LOCK`. Since Linux 5.15. */
  readonly bufferLock: BufferLock;
  /** It is readable from so many bytes on: `SO_RCVLOWAT`. */
  readonly receiveLowWater: number;
  /**
   * Milliseconds that receiving waits, if the socket blocks; 0 for as long as it takes:
   * `SO_RCVTIMEO`. Rounded up to the ticks of the kernel, a few milliseconds.
   */
  readonly receiveTimeout: number;
  /** The same for sending and connecting: `SO_SNDTIMEO`. */
  readonly sendTimeout: number;
  /** The priority of packets in their queue, 0 to 6, and above with `CAP_NET_ADMIN`: `SO_PRIORITY`. */
  readonly priority: number;
  /** A number for firewalls and routes; `CAP_NET_ADMIN` or `CAP_NET_RAW`: `SO_MARK`. */
  readonly mark: number;
  /** The interface that alone is used, such as `eth0`; `""` for all: `SO_BINDTODEVICE`. */
  readonly bindToDevice: string;
  /** The same by its index; 0 for all: `SO_BINDTOIFINDEX`. Since Linux 5.1. */
  readonly bindToInterface: number;
  /** Only machines in the same network are reached: `SO_DONTROUTE`. */
  readonly doNotRoute: boolean;
  /** Urgent data comes with all other data: `SO_OOBINLINE`. */
  readonly outOfBandInline: boolean;
  /** Messages come with who sent them, `SCM_CREDENTIALS` of unix(7): `SO_PASSCRED`. */
  readonly passCredentials: boolean;
  /** Messages come with a descriptor of who sent them: `SO_PASSPIDFD`. Since Linux 6.5. */
  readonly passPidfd: boolean;
  /** Messages come with the security context of who sent them: `SO_PASSSEC`. */
  readonly passSecurity: boolean;
  /** Messages may come with descriptors, as is usual: `SO_PASSRIGHTS`. Since Linux 6.16. */
  readonly passRights: boolean;
  /** Messages come with when they came, to the microsecond: `SO_TIMESTAMP`. */
  readonly timestamp: boolean;
  /** The same to the nanosecond: `SO_TIMESTAMPNS`. */
  readonly timestampNs: boolean;
  /** Messages come with several points in time: `SO_TIMESTAMPING`. */
  readonly timestamping: Timestamping;
  /** Messages come with how many were lost for want of room: `SO_RXQ_OVFL`. */
  readonly receiveOverflow: boolean;
  /** Messages come with their `mark`: `SO_RCVMARK`. Since Linux 5.19. */
  readonly receiveMark: boolean;
  /** Messages come with their `priority`: `SO_RCVPRIORITY`. Since Linux 6.14. */
  readonly receivePriority: boolean;
  /** Where to peek next, which moves on; -1 is always the front: `SO_PEEK_OFF`. */
  readonly peekOffset: number;
  /** `MSG_ZEROCOPY` has a meaning: `SO_ZEROCOPY`. */
  readonly zeroCopy: boolean;
  /** Packets may say when they are to be sent: `SO_TXTIME`. */
  readonly sendTime: SendTime;
  /** Bytes that are sent in a second at most: `SO_MAX_PACING_RATE`. */
  readonly maxPacingRate: number | bigint | "unlimited";
  /**
   * Microseconds to ask the network card again and again when nothing is there; more of them take
   * `CAP_NET_ADMIN`: `SO_BUSY_POLL`.
   */
  readonly busyPoll: number;
  /** Its interrupts stay away meanwhile; `CAP_NET_ADMIN`: `SO_PREFER_BUSY_POLL`. Since Linux 5.11. */
  readonly preferBusyPoll: boolean;
  /**
   * The processor that packets came by; set, those that come by it are preferably for this socket
   * of a `reusePort` group; -1 for none: `SO_INCOMING_CPU`.
   */
  readonly incomingCpu: number;
  /** Bytes of memory put aside for it, in pages: `SO_RESERVE_MEM`. Since Linux 5.16. */
  readonly reserveMemory: number;
  /** A retry may take another path; -1 is as the system does: `SO_TXREHASH`. Since Linux 5.18. */
  readonly retryElsewhere: number;
  /** Datagrams go out without a checksum, over IPv4: `SO_NO_CHECK`. */
  readonly noChecksum: boolean;
  /** It is readable when something is in the error queue: `SO_SELECT_ERR_QUEUE`. */
  readonly selectErrorQueue: boolean;
  /** The filter stays for good: `SO_LOCK_FILTER`. */
  readonly lockFilter: boolean;
  /** The kernel says more; `CAP_NET_ADMIN`: `SO_DEBUG`. */
  readonly debug: boolean;
}

const option = optionsOf(c.SOL_SOCKET);

const bufferLock = bits({ send: c.SOCK_SNDBUF_LOCK, receive: c.SOCK_RCVBUF_LOCK });

export const socketOptions: OptionTable<SocketLevelOptions> = {
  reuseAddress: option(c.SO_REUSEADDR, flag),
  reusePort: option(c.SO_REUSEPORT, flag),
  keepAlive: option(c.SO_KEEPALIVE, flag),
  broadcast: option(c.SO_BROADCAST, flag),
  linger: option(c.SO_LINGER, seconds),
  sendBuffer: option(c.SO_SNDBUF, integer()),
  receiveBuffer: option(c.SO_RCVBUF, integer()),
  bufferLock: option(c.SO_BUF_LOCK, bufferLock, "5.15"),
  receiveLowWater: option(c.SO_RCVLOWAT, integer()),
  receiveTimeout: option(c.SO_RCVTIMEO, milliseconds),
  sendTimeout: option(c.SO_SNDTIMEO, milliseconds),
  priority: option(c.SO_PRIORITY, integer()),
  mark: option(c.SO_MARK, unsigned),
  bindToDevice: option(c.SO_BINDTODEVICE, text(16)),
  bindToInterface: option(c.SO_BINDTOIFINDEX, integer(), "5.1"),
  doNotRoute: option(c.SO_DONTROUTE, flag),
  outOfBandInline: option(c.SO_OOBINLINE, flag),
  passCredentials: option(c.SO_PASSCRED, flag),
  passPidfd: option(c.SO_PASSPIDFD, flag, "6.5"),
  passSecurity: option(c.SO_PASSSEC, flag),
  passRights: option(c.SO_PASSRIGHTS, flag, "6.16"),
  timestamp: option(c.SO_TIMESTAMP, flag),
  timestampNs: option(c.SO_TIMESTAMPNS, flag),
  timestamping: option(c.SO_TIMESTAMPING, timestamping),
  receiveOverflow: option(c.SO_RXQ_OVFL, flag),
  receiveMark: option(c.SO_RCVMARK, flag, "5.19"),
  receivePriority: option(c.SO_RCVPRIORITY, flag, "6.14"),
  peekOffset: option(c.SO_PEEK_OFF, integer(-1)),
  zeroCopy: option(c.SO_ZEROCOPY, flag),
  sendTime: option(c.SO_TXTIME, sendTime),
  maxPacingRate: option(c.SO_MAX_PACING_RATE, limit),
  busyPoll: option(c.SO_BUSY_POLL, integer()),
  preferBusyPoll: option(c.SO_PREFER_BUSY_POLL, flag, "5.11"),
  incomingCpu: option(c.SO_INCOMING_CPU, integer(-1)),
  reserveMemory: option(c.SO_RESERVE_MEM, integer(), "5.16"),
  retryElsewhere: option(c.SO_TXREHASH, integer(-1, 1), "5.18"),
  noChecksum: option(c.SO_NO_CHECK, flag),
  selectErrorQueue: option(c.SO_SELECT_ERR_QUEUE, flag),
  lockFilter: option(c.SO_LOCK_FILTER, flag),
  debug: option(c.SO_DEBUG, flag),
};
