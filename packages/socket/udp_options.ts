import * as c from "./libc.ts";
import { optionsOf, type OptionTable } from "./option.ts";
import { flag, integer } from "./option_kind.ts";

/**
 * Options of UDP sockets, udp(7), to be read and set.
 *
 * @example Many datagrams in one call
 * ```ts
 * import { getOption, setOptions, socket, type UdpOptions } from "@posixly/socket";
 * import assert from "node:assert/strict";
 *
 * const segments: Partial<UdpOptions> = { udpSegment: 1200 };
 * using udp = socket("ipv4", "datagram");
 * setOptions(udp, segments); // 12,000 bytes sent at once are ten datagrams
 * assert.equal(getOption(udp, "udpSegment"), 1200);
 * ```
 */
export interface UdpOptions {
  /** What is sent is one datagram, until it is turned off: `UDP_CORK`. */
  readonly udpCork: boolean;
  /** Bytes of each datagram that a longer one is split into; 0 for no splitting: `UDP_SEGMENT`. */
  readonly udpSegment: number;
  /**
   * Datagrams of one sender may come joined, with the length of each as a message's
   * `udpSegment`: `UDP_GRO`. Since Linux 5.0.
   */
  readonly udpJoin: boolean;
  /** Over IPv6 datagrams go out without a checksum: `UDP_NO_CHECK6_TX`. */
  readonly udpSendNoChecksum: boolean;
  /** Over IPv6 datagrams may come without a checksum: `UDP_NO_CHECK6_RX`. */
  readonly udpReceiveNoChecksum: boolean;
  /** What else the datagrams carry, a `UDP_ENCAP_` number; 0 for nothing: `UDP_ENCAP`. */
  readonly udpEncapsulation: number;
}

const option = optionsOf(c.IPPROTO_UDP);

export const udpOptions: OptionTable<UdpOptions> = {
  udpCork: option(c.UDP_CORK, flag),
  udpSegment: option(c.UDP_SEGMENT, integer(0, 0xffff)),
  udpJoin: option(c.UDP_GRO, flag, "5.0"),
  udpSendNoChecksum: option(c.UDP_NO_CHECK6_TX, flag),
  udpReceiveNoChecksum: option(c.UDP_NO_CHECK6_RX, flag),
  udpEncapsulation: option(c.UDP_ENCAP, integer()),
};
