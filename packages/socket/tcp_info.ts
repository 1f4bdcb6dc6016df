import { type AsFd, fdOf } from "@posixly/fd";
import { namesOf, ok, requireBytes } from "@posixly/sys";
import * as c from "./libc.ts";
import { ask } from "./sockopt.ts";

/**
 * Where a connection over TCP is between its beginning and its end, rfc9293.
 *
 * @example Usage
 * ```ts
 * import { socket, tcpInfo, type TcpState } from "@posixly/socket";
 * import assert from "node:assert/strict";
 *
 * const over: TcpState[] = ["closed", "timeWait", "closing", "lastAck"];
 * using tcp = socket("ipv4", "stream");
 * assert.ok(over.includes(tcpInfo(tcp).state)); // not begun, that is
 * ```
 */
export type TcpState =
  | "established"
  | "synSent"
  | "synReceived"
  | "finWait1"
  | "finWait2"
  | "timeWait"
  | "closed"
  | "closeWait"
  | "lastAck"
  | "listening"
  | "closing"
  | "newSynReceived"
  | "boundInactive"
  | "unknown";

const states: readonly TcpState[] = [
  "unknown",
  "established",
  "synSent",
  "synReceived",
  "finWait1",
  "finWait2",
  "timeWait",
  "closed",
  "closeWait",
  "lastAck",
  "listening",
  "closing",
  "newSynReceived",
  "boundInactive",
];

const congestionStates = ["open", "disorder", "cwr", "recovery", "loss"] as const;
const fastOpenFailures = [
  undefined,
  "cookieUnavailable",
  "dataNotAcked",
  "synRetransmitted",
] as const;

const features = {
  timestamps: c.TCPI_OPT_TIMESTAMPS,
  sack: c.TCPI_OPT_SACK,
  windowScale: c.TCPI_OPT_WSCALE,
  ecn: c.TCPI_OPT_ECN,
  ecnSeen: c.TCPI_OPT_ECN_SEEN,
  synData: c.TCPI_OPT_SYN_DATA,
  microsecondTimestamps: c.TCPI_OPT_USEC_TS,
  fastOpenChild: c.TCPI_OPT_TFO_CHILD,
};

/**
 * What both ends of a connection have agreed on.
 *
 * - `timestamps`, `sack`, `windowScale`, `ecn`: these, and `ecnSeen` that such a packet came
 * - `synData`: data went with the first packet, and was taken
 * - `microsecondTimestamps`: the timestamps count microseconds
 * - `fastOpenChild`: it came to a listener with Fast Open
 *
 * @example Usage
 * ```ts
 * import { socket, type TcpFeature, tcpInfo } from "@posixly/socket";
 * import assert from "node:assert/strict";
 *
 * const feature: TcpFeature = "sack";
 * using tcp = socket("ipv4", "stream");
 * assert.ok(!tcpInfo(tcp).features.includes(feature)); // there is no other end yet
 * ```
 */
export type TcpFeature =
  | "timestamps"
  | "sack"
  | "windowScale"
  | "ecn"
  | "ecnSeen"
  | "synData"
  | "microsecondTimestamps"
  | "fastOpenChild";

/**
 * All that the kernel knows of a connection over TCP: `struct tcp_info`, in its order. Segments are
 * packets of TCP. What is 64 bits wide is a number up to 2 ** 53 - 1 and a bigint beyond.
 *
 * A field that this kernel is too old for is `undefined`; the type says so of those that are newer
 * than Linux 4.18, the oldest that a runtime of today runs on.
 *
 * @example How much of what was sent had to be sent again
 * ```ts
 * import { socket, type TcpInfo, tcpInfo } from "@posixly/socket";
 * import assert from "node:assert/strict";
 *
 * const share = ({ bytesRetransmitted = 0, bytesSent = 0 }: TcpInfo) =>
 *   Number(bytesRetransmitted) / Math.max(1, Number(bytesSent));
 *
 * using tcp = socket("ipv4", "stream");
 * assert.equal(share(tcpInfo(tcp)), 0);
 * ```
 */
export interface TcpInfo {
  /** Where it is between its beginning and its end. */
  readonly state: TcpState;
  /**
   * What the congestion control makes of the last round trip: nothing special, something out of
   * order, marks of congestion, a loss to be made good, or a timeout.
   */
  readonly congestionState: "open" | "disorder" | "cwr" | "recovery" | "loss" | "unknown";
  /** How often the segment that comes next has been sent again since something was acknowledged. */
  readonly retransmits: number;
  /** How many probes of a window of 0, or of keepalive, are without an answer. */
  readonly probes: number;
  /** How often the timeout was doubled. */
  readonly backoff: number;
  /** What both ends have agreed on. */
  readonly features: readonly TcpFeature[];
  /** The windows of the other end are multiples of 2 to the power of this. */
  readonly sendWindowScale: number;
  /** Our windows are multiples of 2 to the power of this. */
  readonly receiveWindowScale: number;
  /** Whether `deliveryRate` was measured while there was too little to send, and may be low. */
  readonly isDeliveryRateAppLimited: boolean;
  /** Why our Fast Open was none, if it was tried. */
  readonly fastOpenFailure:
    | "cookieUnavailable"
    | "dataNotAcked"
    | "synRetransmitted"
    | undefined;
  /** Microseconds until something without an answer is sent again. */
  readonly retransmitTimeout: number;
  /** Microseconds that an acknowledgement may wait. */
  readonly ackTimeout: number;
  /** Bytes of data in a segment that we send, at most. */
  readonly sendSegment: number;
  /** Bytes of data in the segments that come, by guess. */
  readonly receiveSegment: number;
  /** Segments on the way; of a listener, how many connections wait to be accepted. */
  readonly unacked: number;
  /** Segments that came out of order; of a listener, how many connections may wait. */
  readonly sacked: number;
  /** Segments taken for lost. */
  readonly lost: number;
  /** Segments sent again, and not acknowledged yet. */
  readonly retransmitted: number;
  /** Of no use any more: 0 since Linux 4.15. */
  readonly forwardAcked: number;
  /** Milliseconds since we sent data. */
  readonly lastDataSent: number;
  /** Not remembered by any kernel: 0. */
  readonly lastAckSent: number;
  /** Milliseconds since data came. */
  readonly lastDataReceived: number;
  /** Milliseconds since an acknowledgement came. */
  readonly lastAckReceived: number;
  /** Bytes that a packet may have on the way to the other end. */
  readonly pathMtu: number;
  /** Bytes up to which our window grows quickly. */
  readonly receiveThreshold: number;
  /** Microseconds that the way there and back takes, smoothed. */
  readonly rtt: number;
  /** Microseconds that it varies by. */
  readonly rttVariation: number;
  /** Segments from which on the congestion window grows slowly. */
  readonly sendThreshold: number | "unlimited";
  /** Segments that may be on the way. */
  readonly congestionWindow: number;
  /** Bytes of data in a segment that we said we take. */
  readonly advertisedSegment: number;
  /** By how many segments order may be disturbed until one is taken for lost. */
  readonly reordering: number;
  /** Microseconds there and back, as the receiver guesses; 0 if nothing came. */
  readonly receiveRtt: number;
  /** Bytes that were read in one `receiveRtt`, by which the buffer is tuned. */
  readonly receiveSpace: number;
  /** Segments sent again, in all. */
  readonly totalRetransmits: number;
  /** Bytes in a second that are sent at most. */
  readonly pacingRate: number | bigint | "unlimited";
  /** Bytes in a second that `maxPacingRate` allows. */
  readonly maxPacingRate: number | bigint | "unlimited";
  /** Bytes that the other end has acknowledged. */
  readonly bytesAcked: number | bigint;
  /** Bytes that we have acknowledged. */
  readonly bytesReceived: number | bigint;
  /** Segments sent, with data or without. */
  readonly segmentsSent: number;
  /** Segments that came. */
  readonly segmentsReceived: number;
  /** Bytes that wait to be sent for the first time. */
  readonly bytesNotSent: number;
  /** Microseconds there and back, the least of late; `undefined` if not known yet. */
  readonly minRtt: number | undefined;
  /** Segments with data that came. */
  readonly dataSegmentsReceived: number;
  /** Segments with data that were sent. */
  readonly dataSegmentsSent: number;
  /** Bytes in a second that last arrived; 0 if not known yet. */
  readonly deliveryRate: number | bigint;
  /** Microseconds in which there was something to send. */
  readonly busyTime: number | bigint;
  /** Microseconds of those in which the other end had no room. */
  readonly receiveWindowLimited: number | bigint;
  /** Microseconds of those in which our buffer was too small. */
  readonly sendBufferLimited: number | bigint;
  /** Segments that have arrived. */
  readonly delivered: number;
  /** Segments of those that were marked for congestion. */
  readonly deliveredCe: number;
  /** Bytes sent, with those sent again. */
  readonly bytesSent: number | bigint | undefined;
  /** Bytes sent again. */
  readonly bytesRetransmitted: number | bigint | undefined;
  /** Segments that arrived twice, as the other end says. */
  readonly duplicates: number | undefined;
  /** How often order was found disturbed. */
  readonly reorderingsSeen: number | undefined;
  /** Segments that came out of order. Since Linux 5.4. */
  readonly outOfOrder: number | undefined;
  /** Bytes that the other end has room for. Since Linux 5.4. */
  readonly sendWindow: number | undefined;
  /** Bytes that we said we have room for. Since Linux 6.2. */
  readonly receiveWindow: number | undefined;
  /** How often another path was tried. Since Linux 6.2. */
  readonly rehashes: number | undefined;
  /** How often the timeout has passed. Since Linux 6.7. */
  readonly timeouts: number | undefined;
  /** How often that was made good, or is being. Since Linux 6.7. */
  readonly timeoutRecoveries: number | undefined;
  /** Milliseconds that it took. Since Linux 6.7. */
  readonly timeoutRecoveryTime: number | undefined;
  /** Segments marked for congestion that came. Since Linux 6.18, as all that follow. */
  readonly receivedCe: number | undefined;
  /** Bytes that arrived marked as ECT(1), of rfc9768. */
  readonly deliveredE1Bytes: number | undefined;
  /** Bytes that arrived marked as ECT(0). */
  readonly deliveredE0Bytes: number | undefined;
  /** Bytes that arrived marked for congestion. */
  readonly deliveredCeBytes: number | undefined;
  /** Bytes that came marked as ECT(1). */
  readonly receivedE1Bytes: number | undefined;
  /** Bytes that came marked as ECT(0). */
  readonly receivedE0Bytes: number | undefined;
  /** Bytes that came marked for congestion. */
  readonly receivedCeBytes: number | undefined;
}

/**
 * What the kernel knows of a connection, `TCP_INFO` of tcp(7): how long the way is, how much goes
 * through, what gets lost, what holds it up. It costs one call, and changes nothing.
 *
 * @param fd The socket, of TCP; it need not be connected
 * @returns As much as this kernel tells
 * @throws {SyscallError} `ENOPROTOOPT` or `EOPNOTSUPP` if it is a socket of something else,
 * `ENOTSOCK` if it is none
 *
 * @example Usage
 * ```ts
 * import { accept, bind, connect, listen, localAddress, socket, tcpInfo } from "@posixly/socket";
 * import assert from "node:assert/strict";
 *
 * using server = socket("ipv4", "stream", "tcp", { nonBlocking: false });
 * bind(server, "127.0.0.1:0");
 * listen(server);
 * using client = socket("ipv4", "stream");
 * connect(client, localAddress(server));
 * accept(server)!.socket.close();
 *
 * const { state, rtt, bytesAcked } = tcpInfo(client);
 * assert.equal(state, "closeWait"); // the other end has closed
 * assert.ok(rtt > 0); // microseconds
 * assert.equal(bytesAcked, 1); // of our side: its beginning counts as a byte
 * ```
 */
export function tcpInfo(fd: AsFd): TcpInfo {
  const number = fdOf(fd);
  const bytes = new Uint8Array(c.tcpInfo.size);
  const { result, size } = ask(number, c.IPPROTO_TCP, c.TCP_INFO, bytes);
  ok(result, "getsockopt", { fd: number });
  return decodeTcpInfo(bytes.subarray(0, size));
}

type Field = keyof typeof c.tcpInfo.offsets;

/** What is told as it is. */
const plain = {
  retransmits: "tcpi_retransmits",
  probes: "tcpi_probes",
  backoff: "tcpi_backoff",
  retransmitTimeout: "tcpi_rto",
  ackTimeout: "tcpi_ato",
  sendSegment: "tcpi_snd_mss",
  receiveSegment: "tcpi_rcv_mss",
  unacked: "tcpi_unacked",
  sacked: "tcpi_sacked",
  lost: "tcpi_lost",
  retransmitted: "tcpi_retrans",
  forwardAcked: "tcpi_fackets",
  lastDataSent: "tcpi_last_data_sent",
  lastAckSent: "tcpi_last_ack_sent",
  lastDataReceived: "tcpi_last_data_recv",
  lastAckReceived: "tcpi_last_ack_recv",
  pathMtu: "tcpi_pmtu",
  receiveThreshold: "tcpi_rcv_ssthresh",
  rtt: "tcpi_rtt",
  rttVariation: "tcpi_rttvar",
  congestionWindow: "tcpi_snd_cwnd",
  advertisedSegment: "tcpi_advmss",
  reordering: "tcpi_reordering",
  receiveRtt: "tcpi_rcv_rtt",
  receiveSpace: "tcpi_rcv_space",
  totalRetransmits: "tcpi_total_retrans",
  bytesAcked: "tcpi_bytes_acked",
  bytesReceived: "tcpi_bytes_received",
  segmentsSent: "tcpi_segs_out",
  segmentsReceived: "tcpi_segs_in",
  bytesNotSent: "tcpi_notsent_bytes",
  dataSegmentsReceived: "tcpi_data_segs_in",
  dataSegmentsSent: "tcpi_data_segs_out",
  deliveryRate: "tcpi_delivery_rate",
  busyTime: "tcpi_busy_time",
  receiveWindowLimited: "tcpi_rwnd_limited",
  sendBufferLimited: "tcpi_sndbuf_limited",
  delivered: "tcpi_delivered",
  deliveredCe: "tcpi_delivered_ce",
  bytesSent: "tcpi_bytes_sent",
  bytesRetransmitted: "tcpi_bytes_retrans",
  duplicates: "tcpi_dsack_dups",
  reorderingsSeen: "tcpi_reord_seen",
  outOfOrder: "tcpi_rcv_ooopack",
  sendWindow: "tcpi_snd_wnd",
  receiveWindow: "tcpi_rcv_wnd",
  rehashes: "tcpi_rehash",
  timeouts: "tcpi_total_rto",
  timeoutRecoveries: "tcpi_total_rto_recoveries",
  timeoutRecoveryTime: "tcpi_total_rto_time",
  receivedCe: "tcpi_received_ce",
  deliveredE1Bytes: "tcpi_delivered_e1_bytes",
  deliveredE0Bytes: "tcpi_delivered_e0_bytes",
  deliveredCeBytes: "tcpi_delivered_ce_bytes",
  receivedE1Bytes: "tcpi_received_e1_bytes",
  receivedE0Bytes: "tcpi_received_e0_bytes",
  receivedCeBytes: "tcpi_received_ce_bytes",
} as const satisfies { readonly [Name in keyof TcpInfo]?: Field };

const { offsets } = c.tcpInfo;
const fields = Object.keys(offsets) as Field[];

/** Where each field ends: nothing lies between them. */
const ends = Object.fromEntries(
  fields.map((
    field,
    i,
  ) => [field, i + 1 < fields.length ? offsets[fields[i + 1]] : c.tcpInfo.size]),
) as { readonly [Name in Field]: number };

/**
 * Reads a `struct tcp_info`, as others hand it over, too: netlink's `sock_diag`, a dump.
 *
 * @param bytes The struct, as long as the kernel that filled it knew it
 * @returns As much as there is; what there is not is `undefined`
 * @throws {TypeError | RangeError} If these are no bytes, or fewer than 104
 *
 * @example From a kernel that did not know the last fields
 * ```ts
 * import { decodeTcpInfo } from "@posixly/socket";
 * import assert from "node:assert/strict";
 *
 * const info = decodeTcpInfo(new Uint8Array(232).fill(1)); // Linux 5.4
 * assert.equal(info.state, "established");
 * assert.equal(info.sendWindow, 0x1010101);
 * assert.equal(info.receiveWindow, undefined);
 * ```
 */
export function decodeTcpInfo(bytes: Uint8Array): TcpInfo {
  const { byteLength } = requireBytes(bytes, "bytes");
  if (byteLength < OLDEST) {
    throw new RangeError(`bytes must be at least ${OLDEST}, not ${byteLength}`);
  }
  const whole = new Uint8Array(c.tcpInfo.size);
  whole.set(bytes.subarray(0, whole.length));
  const raw = c.tcpInfo.decode(whole);
  const get = (field: Field) => ends[field] <= byteLength ? raw[field] : undefined;

  const asTold = Object.entries(plain).map(([name, field]) => [name, get(field)]);
  return {
    ...Object.fromEntries(asTold) as { [Name in keyof typeof plain]: TcpInfo[Name] },
    state: states[raw.tcpi_state] ?? "unknown",
    congestionState: congestionStates[raw.tcpi_ca_state] ?? "unknown",
    features: namesOf(features, raw.tcpi_options),
    sendWindowScale: raw._wscale & 0xf,
    receiveWindowScale: raw._wscale >> 4,
    isDeliveryRateAppLimited: (raw._flags & 1) !== 0,
    fastOpenFailure: fastOpenFailures[raw._flags >> 1 & 3],
    sendThreshold: raw.tcpi_snd_ssthresh === INFINITE_THRESHOLD
      ? "unlimited"
      : raw.tcpi_snd_ssthresh,
    pacingRate: rate(get("tcpi_pacing_rate")),
    maxPacingRate: rate(get("tcpi_max_pacing_rate")),
    minRtt: raw.tcpi_min_rtt === UNKNOWN_RTT ? undefined : get("tcpi_min_rtt") as number,
  };
}

/** How long the struct was at first. */
const OLDEST = c.tcpInfo.offsets.tcpi_pacing_rate;

/** `TCP_INFINITE_SSTHRESH`, which no header has. */
const INFINITE_THRESHOLD = 0x7fff_ffff;
const INFINITE_RATE = 2n ** 64n - 1n;
const UNKNOWN_RTT = 0xffff_ffff;

function rate(value: number | bigint | undefined): number | bigint | "unlimited" {
  return value === INFINITE_RATE ? "unlimited" : value!;
}
