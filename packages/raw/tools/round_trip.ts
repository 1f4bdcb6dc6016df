import { performance } from "node:perf_hooks";
import type { ExactTime } from "@posixly/fd";
import { CLOCK_REALTIME, libc, timespec } from "../libc.ts";

/**
 * Whose clock a time of flight was taken by. `kernel`: the kernel noted when the packet went to the
 * network card, and when the answer came from it, so that it does not matter how busy this program
 * was. `process`: one of these is not known, or both. In its place stands the time before the call
 * that sent it, or at which the answer was read here: it is never less than the truth.
 *
 * @example Usage
 * ```ts
 * import type { RoundTripClock } from "@posixly/raw";
 *
 * const exact: RoundTripClock = "kernel";
 * ```
 */
export type RoundTripClock = "kernel" | "process";

/** When a packet left. */
export interface Departure {
  /** Before the call that sent it: `performance.now()`. */
  began: number;
  /** When it went to the network card, by `CLOCK_REALTIME`, once the kernel has said so. */
  left: ExactTime | undefined;
  /** `began` by `CLOCK_REALTIME`, of what the kernel never tells when it left. */
  asked?: ExactTime;
}

/** How long something took, and how that is known. */
export interface RoundTrip {
  readonly rtt: number;
  readonly clock: RoundTripClock;
}

/** The two clocks do not go quite alike. */
const TOLERANCE_MS = 1;

/**
 * How long it took from a departure to an arrival, in milliseconds. `CLOCK_REALTIME` may be set
 * meanwhile: a time that is less than nothing, or more than it can be, is not believed.
 */
export function roundTrip(
  { began, left, asked }: Departure,
  arrived: ExactTime | undefined,
  now: number = performance.now(),
): RoundTrip {
  const most = now - began;
  const sent = left ?? asked;
  if (sent !== undefined && arrived !== undefined) {
    const rtt = (Number(arrived.seconds) - Number(sent.seconds)) * 1000 +
      (arrived.nanoseconds - sent.nanoseconds) / 1e6;
    const clock = left === undefined ? "process" : "kernel";
    if (rtt >= 0 && rtt <= most + TOLERANCE_MS) return { rtt, clock };
  }
  return { rtt: most, clock: "process" };
}

/** Now, by `CLOCK_REALTIME`, to the nanosecond. */
export function realTime(): ExactTime {
  libc.clock_gettime(CLOCK_REALTIME, now);
  const { tv_sec, tv_nsec } = timespec.decode(now);
  return { seconds: tv_sec, nanoseconds: Number(tv_nsec) };
}

const now = new Uint8Array(timespec.size);
