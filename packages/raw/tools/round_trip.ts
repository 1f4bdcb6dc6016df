import { performance } from "node:perf_hooks";
import type { ExactTime } from "@posixly/fd";

/**
 * Whose clock a time of flight was taken by. `kernel`: the kernel noted when the packet went to the
 * network card, and when the answer came from it, so that it does not matter how busy this program
 * was. `process`: one of these is not known, and it is the time from before the call that sent it
 * until the answer was read here, which is never less than the truth.
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
  { began, left }: Departure,
  arrived: ExactTime | undefined,
  now: number = performance.now(),
): RoundTrip {
  const most = now - began;
  if (left !== undefined && arrived !== undefined) {
    const rtt = (Number(arrived.seconds) - Number(left.seconds)) * 1000 +
      (arrived.nanoseconds - left.nanoseconds) / 1e6;
    if (rtt >= 0 && rtt <= most + TOLERANCE_MS) return { rtt, clock: "kernel" };
  }
  return { rtt: most, clock: "process" };
}
