import { requireInteger, requireKnown } from "@posixly/sys";
import { sockTxtime, SOF_TXTIME_DEADLINE_MODE, SOF_TXTIME_REPORT_ERRORS } from "./libc.ts";
import { bits, type Kind } from "./option_kind.ts";

/**
 * When packets are sent that say when they are to be sent: `SO_TXTIME`, see tc-etf(8).
 *
 * @example Usage
 * ```ts
 * import { setOptions, socket, type SendTime } from "@posixly/socket";
 *
 * const CLOCK_MONOTONIC = 1;
 * const punctual: SendTime = { clock: CLOCK_MONOTONIC, reportErrors: true };
 * using udp = socket("ipv4", "datagram");
 * setOptions(udp, { sendTime: punctual });
 * ```
 */
export interface SendTime {
  /** The number of the clock, such as 1 for `CLOCK_MONOTONIC` and 11 for `CLOCK_TAI`. */
  readonly clock: number;
  /** Whether the time is the latest and not the earliest. */
  readonly deadline?: boolean;
  /** Whether a time that was missed is told by the error queue. */
  readonly reportErrors?: boolean;
}

const flags = bits({
  deadline: SOF_TXTIME_DEADLINE_MODE,
  reportErrors: SOF_TXTIME_REPORT_ERRORS,
});

export const sendTime: Kind<SendTime> = {
  size: sockTxtime.size,
  encode(value, name) {
    requireKnown(value, ["clock", "deadline", "reportErrors"]);
    const { clock, ...others } = value;
    const bytes = sockTxtime.encode({ clockid: requireInteger(clock, `${name}.clock`) });
    bytes.set(flags.encode(others, name), sockTxtime.offsets.flags);
    return bytes;
  },
  decode(bytes) {
    const { clockid } = sockTxtime.decode(bytes);
    return { clock: clockid, ...flags.decode(bytes.subarray(sockTxtime.offsets.flags)) };
  },
};
