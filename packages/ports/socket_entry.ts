import {
  decodeTcpInfo,
  formatIpv4,
  formatIpv6,
  type Ipv4Address,
  type Ipv6Address,
  type SocketMemory,
  type TcpInfo,
} from "@posixly/socket";
import { attribute } from "./attribute.ts";
import { ANY_COOKIE } from "./identity.ts";
import {
  AF_INET,
  INET_DIAG_CONG,
  INET_DIAG_INFO,
  INET_DIAG_SKMEMINFO,
  INET_DIAG_SKV6ONLY,
  inetDiagMsg,
  inetDiagSockid,
  nlmsghdr,
} from "./libc.ts";
import type { SocketOwner } from "./owners.ts";
import { type SocketState, stateName } from "./states.ts";

/**
 * What a socket waits for, see {@linkcode SocketEntry.timer}.
 *
 * @example Usage
 * ```ts
 * import { sockets, type SocketTimer } from "@posixly/ports";
 *
 * const isSoon = (timer?: SocketTimer) => timer?.kind === "timeWait" && timer.expires < 10_000;
 * const waiting = sockets({ protocol: "tcp", states: ["timeWait"] });
 * console.log([...waiting].filter(({ timer }) => isSoon(timer)).length, "are free in 10 s");
 * ```
 */
export interface SocketTimer {
  /**
   * - `retransmit`: something without an answer is sent again
   * - `keepAlive`: a probe is sent, or a handshake not ended is given up
   * - `timeWait`: the port is free again
   * - `probe`: the other end is asked whether it has room again
   */
  readonly kind: "retransmit" | "keepAlive" | "timeWait" | "probe";
  /** Milliseconds until then. */
  readonly expires: number;
  /** How often it has been tried already. */
  readonly tries: number;
}

const timers = [undefined, "retransmit", "keepAlive", "timeWait", "probe"] as const;

/** What the kernel has told: messages of `inet_diag`, one after the other. */
export interface Told {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly data: DataView;
  /** Whether it can be asked by netlink, too, and not only read in `/proc`. */
  readonly isNetlink: boolean;
  /** Who has it open, by inode, if that was asked for. */
  readonly owners: ReadonlyMap<number, readonly SocketOwner[]> | undefined;
}

const { offsets } = inetDiagMsg;
const { idiag_sport, idiag_dport, idiag_src, idiag_dst, idiag_if, idiag_cookie } =
  inetDiagSockid.offsets;

/** The bytes of an address of a socket, which are no copy. */
export let addressBytesOf: (entry: SocketEntry, side: "local" | "remote") => Uint8Array;

/** What the kernel knows a socket by, `struct inet_diag_sockid`. */
export let identityOf: (entry: SocketEntry) => Uint8Array<ArrayBuffer>;

/**
 * A socket of this machine, as {@linkcode sockets} finds it. What is read of it is decoded when it
 * is read; nothing changes when the socket does.
 *
 * @example Usage
 * ```ts
 * import { type SocketEntry, sockets } from "@posixly/ports";
 *
 * const show = ({ state, localPort, uid }: SocketEntry) => `${state} at ${localPort} by ${uid}`;
 * console.log([...sockets({ protocol: "tcp" })].map(show).join("\n"));
 * ```
 */
export class SocketEntry {
  /** How it talks. */
  readonly protocol: "tcp" | "udp";
  readonly #told: Told;
  readonly #start: number;
  /** Where its `inet_diag_msg` begins. */
  readonly #at: number;

  /**
   * Made by {@linkcode sockets} alone.
   *
   * @param told What the kernel has told
   * @param start Where that of this socket begins
   * @param protocol How it talks
   */
  constructor(told: Told, start: number, protocol: "tcp" | "udp") {
    this.#told = told;
    this.#start = start;
    this.#at = start + nlmsghdr.size;
    this.protocol = protocol;
  }

  /** Its family. One of `ipv6` may have a peer of IPv4, as `::ffff:127.0.0.1`. */
  get family(): "ipv4" | "ipv6" {
    return this.#told.bytes[this.#at] === AF_INET ? "ipv4" : "ipv6";
  }

  /** Where it is between its beginning and its end. */
  get state(): SocketState {
    const number = this.#told.bytes[this.#at + offsets.idiag_state];
    return stateName(number, this.protocol === "tcp");
  }

  /** Its own address. */
  get local(): Ipv4Address | Ipv6Address {
    return this.#address(idiag_src, this.localPort);
  }

  /** The address of its peer; `null` if it has none. */
  get remote(): Ipv4Address | Ipv6Address | null {
    const port = this.remotePort;
    return port === 0 ? null : this.#address(idiag_dst, port);
  }

  /** Its own port; 0 if it has none, as a late-bound one before it connects. */
  get localPort(): number {
    return this.#told.data.getUint16(this.#id + idiag_sport);
  }

  /** The port of its peer; 0 if it has none. */
  get remotePort(): number {
    return this.#told.data.getUint16(this.#id + idiag_dport);
  }

  /** The index of the interface that it is bound to; 0 if it is to none. */
  get interface(): number {
    return this.#word(offsets.id + idiag_if);
  }

  /**
   * Bytes that came and were not read yet. Of a listener, how many connections wait to be
   * accepted.
   */
  get receiveQueue(): number {
    return this.#word(offsets.idiag_rqueue);
  }

  /**
   * Bytes that were sent and not acknowledged yet. Of a listener, how many connections may wait to
   * be accepted; 0 where netlink could not be asked.
   */
  get sendQueue(): number {
    return this.#word(offsets.idiag_wqueue);
  }

  /** What it waits for; `undefined` if for nothing. */
  get timer(): SocketTimer | undefined {
    const kind = timers[this.#told.bytes[this.#at + offsets.idiag_timer]];
    if (kind === undefined) return undefined;
    const tries = this.#told.bytes[this.#at + offsets.idiag_retrans];
    return { kind, expires: this.#word(offsets.idiag_expires), tries };
  }

  /** Who made it; 0 for one in TIME_WAIT, which is nobody's. */
  get uid(): number {
    return this.#word(offsets.idiag_uid);
  }

  /** What `/proc/pid/fd` calls it; 0 if no descriptor leads to it any more. */
  get inode(): number {
    return this.#word(offsets.idiag_inode);
  }

  /**
   * A number that no other socket has had since the machine started, as `getOption(fd, "cookie")`
   * tells; `undefined` where netlink could not be asked.
   */
  get cookie(): bigint | undefined {
    if (!this.#told.isNetlink) return undefined;
    return this.#told.data.getBigUint64(this.#id + idiag_cookie, true);
  }

  /**
   * Which processes have it open, by which descriptor, if `owners` was asked for; `undefined` if
   * not, and if none was found: of another user's processes only root learns.
   */
  get owners(): readonly SocketOwner[] | undefined {
    return this.inode === 0 ? undefined : this.#told.owners?.get(this.inode);
  }

  /** What the kernel knows of the connection, if `info` was asked for, and it is one of TCP. */
  get info(): TcpInfo | undefined {
    const bytes = this.#attribute(INET_DIAG_INFO);
    return bytes && decodeTcpInfo(bytes);
  }

  /** What its memory is used for, if `memory` was asked for; one in TIME_WAIT has none. */
  get memory(): SocketMemory | undefined {
    const bytes = this.#attribute(INET_DIAG_SKMEMINFO);
    return bytes && memoryOf(new Uint32Array(bytes.slice().buffer));
  }

  /** How it avoids congestion, such as `cubic`, if `congestionControl` was asked for. */
  get congestionControl(): string | undefined {
    const bytes = this.#attribute(INET_DIAG_CONG);
    return bytes && new TextDecoder().decode(bytes.subarray(0, bytes.indexOf(0)));
  }

  /** Whether one of `ipv6` leaves IPv4 to others; `undefined` where that is not told. */
  get v6Only(): boolean | undefined {
    const bytes = this.#attribute(INET_DIAG_SKV6ONLY);
    return bytes && bytes[0] !== 0;
  }

  get #id(): number {
    return this.#at + offsets.id;
  }

  #word(offset: number): number {
    return this.#told.data.getUint32(this.#at + offset, true);
  }

  #address(offset: number, port: number): Ipv4Address | Ipv6Address {
    const at = this.#id + offset;
    const { bytes } = this.#told;
    if (this.family === "ipv4") {
      return { family: "ipv4", host: formatIpv4(bytes.subarray(at, at + 4)), port };
    }
    const host = formatIpv6(bytes.subarray(at, at + 16));
    const isLinkLocal = bytes[at] === 0xfe && (bytes[at + 1] & 0xc0) === 0x80;
    const scope = isLinkLocal ? this.interface : 0;
    return { family: "ipv6", host, port, ...scope !== 0 && { scope } };
  }

  #attribute(type: number): Uint8Array | undefined {
    const end = this.#start + this.#told.data.getUint32(this.#start, true);
    return attribute(this.#told.bytes, this.#at + inetDiagMsg.size, end, type);
  }

  static {
    addressBytesOf = (entry, side) => {
      const at = entry.#id + (side === "local" ? idiag_src : idiag_dst);
      return entry.#told.bytes.subarray(at, at + (entry.family === "ipv4" ? 4 : 16));
    };
    identityOf = (entry) => {
      const id = entry.#told.bytes.slice(entry.#id, entry.#id + inetDiagSockid.size);
      return entry.#told.isNetlink ? id : id.fill(ANY_COOKIE, idiag_cookie);
    };
  }
}

/** The words of `SK_MEMINFO`, in their order. */
const uses: readonly (keyof SocketMemory)[] = [
  "receiveUsed",
  "receiveLimit",
  "sendUsed",
  "sendLimit",
  "forward",
  "sendQueued",
  "options",
  "backlog",
  "drops",
];

function memoryOf(words: Uint32Array): SocketMemory {
  const told = uses.map((use, i) => [use, words[i]]);
  return Object.fromEntries(told) as { [Use in keyof SocketMemory]: number };
}
