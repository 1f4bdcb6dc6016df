import { type ExactTime, toTimespec } from "@posixly/fd";
import { requireKnown } from "@posixly/sys";
import { scmTimestamping, timespec, timeval } from "./libc.ts";
import type { Kind } from "./option_kind.ts";

/**
 * When a packet passed, told by whom `timestamping` was asked of: `SCM_TIMESTAMPING`.
 *
 * @example How long the kernel had it before we did, in milliseconds
 * ```ts
 * import type { Timestamps } from "@posixly/socket";
 * import assert from "node:assert/strict";
 *
 * const age = ({ software }: Timestamps, now: number) =>
 *   software && now - Number(software.seconds) * 1000 - software.nanoseconds / 1e6;
 *
 * assert.equal(age({ software: { seconds: 1_800_000_000, nanoseconds: 5e6 } }, 1.8e12 + 7), 2);
 * ```
 */
export interface Timestamps {
  /** By the clock of this machine, `CLOCK_REALTIME`. */
  readonly software?: ExactTime;
  /** By the clock of the network card. */
  readonly hardware?: ExactTime;
}

type Spec = { tv_sec: number | bigint; tv_nsec: number | bigint };

const fromTimespec = ({ tv_sec, tv_nsec }: Spec): ExactTime => ({
  seconds: tv_sec,
  nanoseconds: Number(tv_nsec),
});

export const exactTime: Kind<ExactTime> = {
  size: timespec.size,
  encode: (value, name) => timespec.encode(toTimespec(value, name)),
  decode: (bytes) => fromTimespec(timespec.decode(bytes)),
};

/** The same with microseconds. */
export const microTime: Kind<ExactTime> = {
  size: timeval.size,
  encode(value, name) {
    const { tv_sec, tv_nsec } = toTimespec(value, name);
    return timeval.encode({ tv_sec, tv_usec: Math.floor(tv_nsec / 1000) });
  },
  decode(bytes) {
    const { tv_sec, tv_usec } = timeval.decode(bytes);
    return { seconds: tv_sec, nanoseconds: Number(tv_usec) * 1000 };
  },
};

/** Three times: by software, one that is out of use, by hardware. What is not known is 0. */
export const timestamps: Kind<Timestamps> = {
  size: scmTimestamping.size,
  encode(value, name) {
    requireKnown(value, ["software", "hardware"]);
    const spec = (time?: ExactTime) => time === undefined ? {} : toTimespec(time, name);
    return scmTimestamping.encode({ ts: [spec(value.software), {}, spec(value.hardware)] });
  },
  decode(bytes) {
    const [software, , hardware] = scmTimestamping.decode(bytes).ts.map(fromTimespec);
    return {
      ...(isKnown(software) && { software }),
      ...(isKnown(hardware) && { hardware }),
    };
  },
};

function isKnown({ seconds, nanoseconds }: ExactTime): boolean {
  return seconds !== 0 || nanoseconds !== 0;
}
