import * as c from "./libc.ts";
import { bits, type Kind } from "./option_kind.ts";

/**
 * Which points in time messages come with, see Linux's networking/timestamping.rst: which are
 * taken (the first seven), which are told, and how. One that is left out is off.
 *
 * @example When each datagram reached this machine
 * ```ts
 * import { setOptions, socket, type Timestamping } from "@posixly/socket";
 *
 * const arrival: Timestamping = { receiveSoftware: true, software: true };
 * using udp = socket("ipv4", "datagram");
 * setOptions(udp, { timestamping: arrival });
 * ```
 */
export interface Timestamping {
  /** Taken when the network card has sent it: `SOF_TIMESTAMPING_TX_HARDWARE`. */
  readonly sendHardware?: boolean;
  /** Taken when it goes to the network card: `TX_SOFTWARE`. */
  readonly sendSoftware?: boolean;
  /** Taken when it goes to the scheduler of packets: `TX_SCHED`. */
  readonly sendScheduled?: boolean;
  /** Taken when all of it is acknowledged, of TCP: `TX_ACK`. */
  readonly sendAcknowledged?: boolean;
  /** Taken by the network card when it comes: `RX_HARDWARE`. */
  readonly receiveHardware?: boolean;
  /** Taken when it comes to the kernel: `RX_SOFTWARE`. */
  readonly receiveSoftware?: boolean;
  /** Those that the kernel took are told: `SOFTWARE`. */
  readonly software?: boolean;
  /** Those that the network card took are told: `RAW_HARDWARE`. */
  readonly rawHardware?: boolean;
  /** Those of sending come with a number that tells which: `OPT_ID`. */
  readonly id?: boolean;
  /** That number counts from where a stream is, without a race: `OPT_ID_TCP`. Since Linux 6.2. */
  readonly idFromStream?: boolean;
  /** All control messages come with those of sending: `OPT_CMSG`. */
  readonly withControl?: boolean;
  /** Those of sending come without what was sent: `OPT_TSONLY`. */
  readonly withoutData?: boolean;
  /** Those of sending come with statistics of TCP: `OPT_STATS`. */
  readonly statistics?: boolean;
  /** Those of a network card come with which one, and the length: `OPT_PKTINFO`. */
  readonly packetInfo?: boolean;
  /** Those of sending are told of both kernel and network card: `OPT_TX_SWHW`. */
  readonly both?: boolean;
}

export const timestamping: Kind<Timestamping> = bits({
  sendHardware: c.SOF_TIMESTAMPING_TX_HARDWARE,
  sendSoftware: c.SOF_TIMESTAMPING_TX_SOFTWARE,
  sendScheduled: c.SOF_TIMESTAMPING_TX_SCHED,
  sendAcknowledged: c.SOF_TIMESTAMPING_TX_ACK,
  receiveHardware: c.SOF_TIMESTAMPING_RX_HARDWARE,
  receiveSoftware: c.SOF_TIMESTAMPING_RX_SOFTWARE,
  software: c.SOF_TIMESTAMPING_SOFTWARE,
  rawHardware: c.SOF_TIMESTAMPING_RAW_HARDWARE,
  id: c.SOF_TIMESTAMPING_OPT_ID,
  idFromStream: c.SOF_TIMESTAMPING_OPT_ID_TCP,
  withControl: c.SOF_TIMESTAMPING_OPT_CMSG,
  withoutData: c.SOF_TIMESTAMPING_OPT_TSONLY,
  statistics: c.SOF_TIMESTAMPING_OPT_STATS,
  packetInfo: c.SOF_TIMESTAMPING_OPT_PKTINFO,
  both: c.SOF_TIMESTAMPING_OPT_TX_SWHW,
});
