import * as c from "./libc.ts";
import { type FactTable, optionsOf, type OptionTable } from "./option.ts";
import { bytes, flag, integer, text, unsigned } from "./option_kind.ts";

/**
 * Options of TCP sockets, tcp(7), to be read and set.
 *
 * @example Notice within a minute that the other machine is gone
 * ```ts
 * import { setOptions, socket, type TcpOptions } from "@posixly/socket";
 *
 * const watchful: Partial<TcpOptions> = { keepIdle: 30, keepInterval: 5, keepCount: 6 };
 * using tcp = socket("ipv4", "stream");
 * setOptions(tcp, { keepAlive: true, ...watchful, userTimeout: 60_000 });
 * ```
 */
export interface TcpOptions {
  /** Small pieces go out at once and not with the next ones: `TCP_NODELAY`. */
  readonly noDelay: boolean;
  /** Only full packets go out, until it is turned off, 200 ms at most: `TCP_CORK`. */
  readonly cork: boolean;
  /** Acknowledgements go out at once; the kernel changes its mind later on: `TCP_QUICKACK`. */
  readonly quickAck: boolean;
  /** Seconds of silence until the first probe, 1 to 32767, with `keepAlive`: `TCP_KEEPIDLE`. */
  readonly keepIdle: number;
  /** Seconds between two probes, 1 to 32767: `TCP_KEEPINTVL`. */
  readonly keepInterval: number;
  /** How many probes without an answer end the connection, 1 to 127: `TCP_KEEPCNT`. */
  readonly keepCount: number;
  /**
   * Milliseconds that data may stay unacknowledged until the connection ends; 0 leaves that to
   * the system: `TCP_USER_TIMEOUT`. Probes end it then, too, whatever `keepCount` says.
   */
  readonly userTimeout: number;
  /** Which congestion control, such as `cubic` or `bbr`: `TCP_CONGESTION`. */
  readonly congestion: string;
  /**
   * How many connections with Fast Open may wait to be accepted; a listener accepts data in the
   * first packet if it is not 0: `TCP_FASTOPEN`.
   */
  readonly fastOpen: number;
  /** `connect` returns at once, and the first data goes with it: `TCP_FASTOPEN_CONNECT`. */
  readonly fastOpenConnect: boolean;
  /** Fast Open without having talked before: `TCP_FASTOPEN_NO_COOKIE`. */
  readonly fastOpenNoCookie: boolean;
  /** What cookies of Fast Open are made with, 16 bytes, or 32 to change: `TCP_FASTOPEN_KEY`. */
  readonly fastOpenKey: Uint8Array;
  /**
   * Seconds that a listener waits for data until a connection is to be accepted, rounded up to
   * 1, 3, 7, 15 …: `TCP_DEFER_ACCEPT`.
   */
  readonly deferAccept: number;
  /** Bytes of data in a packet at most, 88 to 32767: `TCP_MAXSEG`. */
  readonly maxSegment: number;
  /**
   * It is writable only while fewer bytes than this wait to be sent for the first time, which
   * keeps what is queued short; 0 leaves it to the system: `TCP_NOTSENT_LOWAT`.
   */
  readonly notSentLowWater: number;
  /**
   * Seconds that the socket stays when it is closed first and waits for the other side's end
   * (FIN-WAIT-2); 0 is the system's, -1 not at all: `TCP_LINGER2`.
   */
  readonly finWait: number;
  /** How often a first packet without an answer is sent again, 1 to 127: `TCP_SYNCNT`. */
  readonly synCount: number;
  /** Bytes that the window may have at most; 0 before a connection for none: `TCP_WINDOW_CLAMP`. */
  readonly windowClamp: number;
  /**
   * A listener keeps the headers of each first packet for `savedSyn`: 1 from that of IP, 2 (since
   * Linux 5.10) from that of Ethernet: `TCP_SAVE_SYN`.
   */
  readonly saveSyn: number;
  /** A few packets on the way are sent again without waiting longer: `TCP_THIN_LINEAR_TIMEOUTS`. */
  readonly thinLinearTimeouts: boolean;
  /** What is above TCP in the kernel, such as `tls`; `""` is nothing: `TCP_ULP`. */
  readonly upperLayer: string;
  /** Messages come with how many bytes are left to receive: `TCP_INQ`. */
  readonly receiveQueued: boolean;
  /** Microseconds that each packet is held back: `TCP_TX_DELAY`. Since Linux 5.3. */
  readonly sendDelay: number;
  /** Milliseconds between two tries at most, 1000 to 120000: `TCP_RTO_MAX_MS`. Since Linux 6.15. */
  readonly retryMax: number;
  /** Microseconds until the first retry at least: `TCP_RTO_MIN_US`. Since Linux 6.15. */
  readonly retryMin: number;
  /** Microseconds that an acknowledgement may wait: `TCP_DELACK_MAX_US`. Since Linux 6.15. */
  readonly delayedAckMax: number;
}

/**
 * What there is to know of a TCP socket, tcp(7), besides its options. See `tcpInfo` for more.
 *
 * @example What a client's first packet looked like
 * ```ts
 * import { getOption, socket, type TcpFacts } from "@posixly/socket";
 * import assert from "node:assert/strict";
 *
 * using tcp = socket("ipv4", "stream");
 * const syn: TcpFacts["savedSyn"] = getOption(tcp, "savedSyn");
 * assert.equal(syn.length, 0); // it did not come from a listener with `saveSyn`
 * ```
 */
export interface TcpFacts {
  /** The headers of the first packet, which can be read once: `TCP_SAVED_SYN`. */
  readonly savedSyn: Uint8Array;
  /** Whether it is MPTCP, and has not fallen back to TCP: `TCP_IS_MPTCP`. Since Linux 6.10. */
  readonly isMultipath: boolean;
}

const option = optionsOf(c.IPPROTO_TCP);

export const tcpOptions: OptionTable<TcpOptions> = {
  noDelay: option(c.TCP_NODELAY, flag),
  cork: option(c.TCP_CORK, flag),
  quickAck: option(c.TCP_QUICKACK, flag),
  keepIdle: option(c.TCP_KEEPIDLE, integer(1, 32767)),
  keepInterval: option(c.TCP_KEEPINTVL, integer(1, 32767)),
  keepCount: option(c.TCP_KEEPCNT, integer(1, 127)),
  userTimeout: option(c.TCP_USER_TIMEOUT, integer()),
  congestion: option(c.TCP_CONGESTION, text(16)),
  fastOpen: option(c.TCP_FASTOPEN, integer()),
  fastOpenConnect: option(c.TCP_FASTOPEN_CONNECT, flag),
  fastOpenNoCookie: option(c.TCP_FASTOPEN_NO_COOKIE, flag),
  fastOpenKey: option(c.TCP_FASTOPEN_KEY, bytes(32)),
  deferAccept: option(c.TCP_DEFER_ACCEPT, integer()),
  maxSegment: option(c.TCP_MAXSEG, integer(88, 32767)),
  notSentLowWater: option(c.TCP_NOTSENT_LOWAT, unsigned),
  finWait: option(c.TCP_LINGER2, integer(-1)),
  synCount: option(c.TCP_SYNCNT, integer(1, 127)),
  windowClamp: option(c.TCP_WINDOW_CLAMP, integer()),
  saveSyn: option(c.TCP_SAVE_SYN, integer(0, 2)),
  thinLinearTimeouts: option(c.TCP_THIN_LINEAR_TIMEOUTS, flag),
  upperLayer: option(c.TCP_ULP, text(16)),
  receiveQueued: option(c.TCP_INQ, flag),
  sendDelay: option(c.TCP_TX_DELAY, integer(), "5.3"),
  retryMax: option(c.TCP_RTO_MAX_MS, integer(1000, 120_000), "6.15"),
  retryMin: option(c.TCP_RTO_MIN_US, integer(1), "6.15"),
  delayedAckMax: option(c.TCP_DELACK_MAX_US, integer(1), "6.15"),
};

export const tcpFacts: FactTable<TcpFacts> = {
  savedSyn: option(c.TCP_SAVED_SYN, bytes(512)),
  isMultipath: option(c.TCP_IS_MPTCP, flag, "6.10"),
};
