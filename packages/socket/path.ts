import { show } from "@posixly/sys";
import type { AsFd } from "@posixly/fd";
import { tcpInfo } from "./tcp_info.ts";

/**
 * A way through the network: how much goes through it, and how long it takes.
 *
 * @example Usage
 * ```ts
 * import { bandwidthDelayProduct, type Path } from "@posixly/socket";
 * import assert from "node:assert/strict";
 *
 * const acrossTheOcean: Path = { bitsPerSecond: 1e9, rttSeconds: 0.08 };
 * assert.equal(bandwidthDelayProduct(acrossTheOcean), 10_000_000);
 * ```
 */
export interface Path {
  /** Bits in a second that go through. */
  readonly bitsPerSecond: number;
  /** Seconds there and back. */
  readonly rttSeconds: number;
}

/**
 * How many bytes are on the way when a path is full: what goes through it in the time there and
 * back. A sender that may have less than that unacknowledged, for want of its own buffer or of its
 * peer's, has to wait while the path is empty.
 *
 * @param path The path
 * @returns Whole bytes, rounded up
 * @throws {TypeError | RangeError} If the two are no numbers above 0
 *
 * @example Usage
 * ```ts
 * import { bandwidthDelayProduct } from "@posixly/socket";
 * import assert from "node:assert/strict";
 *
 * const bytes = bandwidthDelayProduct({ bitsPerSecond: 100e6, rttSeconds: 0.04 });
 * assert.equal(bytes, 500_000);
 * ```
 */
export function bandwidthDelayProduct(path: Path): number {
  const { bitsPerSecond, rttSeconds } = path;
  requirePositive(bitsPerSecond, "bitsPerSecond");
  requirePositive(rttSeconds, "rttSeconds");
  // What floating point adds at the far end is no byte.
  return Math.ceil(bitsPerSecond * rttSeconds / 8 * (1 - 2 * Number.EPSILON));
}

function requirePositive(value: number, name: string): void {
  if (typeof value !== "number" || Number.isNaN(value)) {
    throw new TypeError(`${name} must be a number, not ${show(value)}`);
  }
  if (value <= 0 || value === Infinity) {
    throw new RangeError(`${name} must be above 0 and finite, not ${value}`);
  }
}

/**
 * A path as a connection has found it, see {@linkcode measurePath}.
 *
 * @example Usage
 * ```ts
 * import { type MeasuredPath, measurePath, socket } from "@posixly/socket";
 * import assert from "node:assert/strict";
 *
 * using tcp = socket("ipv4", "stream");
 * const path: MeasuredPath | null = measurePath(tcp);
 * assert.equal(path, null); // nothing has gone anywhere yet
 * ```
 */
export interface MeasuredPath extends Path {
  /**
   * Whether more might go through: there was not enough to send, or not enough room, while it was
   * measured.
   */
  readonly isAtLeast: boolean;
}

/**
 * What a connection over TCP has found out about its path: the shortest time there and back, and
 * how much of late arrived in a second, or came if that is more. Both ends measure, each what it
 * sends and what comes to it.
 *
 * @param fd The socket
 * @returns The path, or `null` as long as too little went through it
 * @throws {SyscallError} `ENOPROTOOPT` or `EOPNOTSUPP` if it is no socket of TCP
 *
 * @example Usage
 * ```ts
 * import { bandwidthDelayProduct, measurePath, socket } from "@posixly/socket";
 *
 * using tcp = socket("ipv4", "stream");
 * // … connect, and send for a while
 * const path = measurePath(tcp);
 * if (path) console.log(`${bandwidthDelayProduct(path)} bytes fill the path`);
 * ```
 */
export function measurePath(fd: AsFd): MeasuredPath | null {
  const info = tcpInfo(fd);
  const micros = info.minRtt || info.rtt;
  const sent = Number(info.deliveryRate);
  // Before as much has come, `receiveSpace` is but where the kernel begins.
  const isReceiving = info.receiveRtt > 0 && info.bytesReceived >= info.receiveSpace;
  const received = isReceiving ? info.receiveSpace / info.receiveRtt * 1e6 : 0;
  if (micros === 0 || (sent === 0 && received === 0)) return null;
  return {
    bitsPerSecond: Math.max(sent, received) * 8,
    rttSeconds: micros / 1e6,
    isAtLeast: received > sent || info.isDeliveryRateAppLimited || info.sendBufferLimited > 0 ||
      info.receiveWindowLimited > 0,
  };
}
