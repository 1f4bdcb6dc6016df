import { getsockopt, type Socket } from "@posixly/socket";
import { PACKET_STATISTICS, SOL_PACKET, tpacketStats, tpacketStatsV3 } from "./libc.ts";

/**
 * How many packets a packet socket or a ring has seen since it was made: `PACKET_STATISTICS`.
 *
 * @example Usage
 * ```ts
 * import type { PacketStatistics } from "@posixly/raw";
 * import assert from "node:assert/strict";
 *
 * const lost = ({ packets, drops }: PacketStatistics) => packets === 0 ? 0 : drops / packets;
 * assert.equal(lost({ packets: 200, drops: 50, freezes: 1 }), 0.25);
 * ```
 */
export interface PacketStatistics {
  /** How many passed its filter, with those that were dropped. */
  readonly packets: number;
  /** How many of them were lost, since there was no room. */
  readonly drops: number;
  /** How often a ring was full, until somebody read; of a socket always 0. */
  readonly freezes: number;
}

/** The kernel begins anew each time it is asked; these are the sums. */
export class Counters {
  #packets = 0;
  #drops = 0;
  #freezes = 0;

  /** Asks for what is new, and tells the sums. */
  read(socket: Socket): PacketStatistics {
    const bytes = getsockopt(socket, SOL_PACKET, PACKET_STATISTICS, tpacketStatsV3.size);
    const { tp_packets, tp_drops } = tpacketStats.decode(bytes);
    this.#packets += tp_packets;
    this.#drops += tp_drops;
    // Only a socket with a ring of the third version tells more.
    if (bytes.length === tpacketStatsV3.size) {
      this.#freezes += tpacketStatsV3.decode(bytes).tp_freeze_q_cnt;
    }
    return { packets: this.#packets, drops: this.#drops, freezes: this.#freezes };
  }
}
