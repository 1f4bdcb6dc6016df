import type { PortRange } from "@posixly/socket";
import { portRange, reservedPorts } from "./range.ts";
import { numberIn } from "./setting.ts";

/**
 * What this system is set to as to ports, see {@linkcode portSettings}. What it does not tell, or
 * is too old for, is `undefined`.
 *
 * @example Usage
 * ```ts
 * import { type PortSettings, portSettings } from "@posixly/ports";
 *
 * const { timeWaitReuse }: PortSettings = portSettings();
 * if (timeWaitReuse === "never") console.log("a connection keeps its port for another minute");
 * ```
 */
export interface PortSettings {
  /** The ports that are given to whoever asks for none: `ip_local_port_range`. */
  readonly range: PortRange;
  /** Those among all ports that are given to nobody by themselves: `ip_local_reserved_ports`. */
  readonly reserved: readonly PortRange[];
  /**
   * The first port that takes no right to be bound; below it is `CAP_NET_BIND_SERVICE`:
   * `ip_unprivileged_port_start`.
   */
  readonly unprivilegedStart: number | undefined;
  /**
   * Where `connect` takes a port whose last connection to the same destination is in TIME_WAIT:
   * `tcp_tw_reuse`. Both ends need timestamps for it. `bind` never does.
   */
  readonly timeWaitReuse: "never" | "always" | "loopback" | undefined;
  /**
   * How many milliseconds it must have been there by then: `tcp_tw_reuse_delay`, since Linux 6.14,
   * and a second before.
   */
  readonly timeWaitReuseDelay: number;
  /** Whether connections have the timestamps which that needs: `tcp_timestamps`. */
  readonly timestamps: boolean | undefined;
  /** How many connections may be in TIME_WAIT; what is more is gone at once: `tcp_max_tw_buckets`. */
  readonly maxTimeWait: number | undefined;
  /**
   * How many seconds a closed connection waits for the other end to close, in FIN_WAIT2:
   * `tcp_fin_timeout`. It is not how long TIME_WAIT lasts: that is 60 seconds, and no setting.
   */
  readonly finTimeout: number | undefined;
}

/** `TCP_TIMEWAIT_LEN`, in seconds, which no header has. */
export const TIME_WAIT = 60;

const reuses = ["never", "always", "loopback"] as const;

/**
 * Reads what this system is set to as to ports, in the network namespace of this thread. What it
 * means is told by {@linkcode explainPorts}.
 *
 * @returns The settings
 * @throws {SyscallError} `EMFILE` or `ENFILE` if too many descriptors are open
 *
 * @example Usage
 * ```ts
 * import { portSettings } from "@posixly/ports";
 *
 * const { range, unprivilegedStart, finTimeout } = portSettings();
 * console.log(`${range.first}-${range.last}, free from ${unprivilegedStart} on, ${finTimeout} s`);
 * ```
 */
export function portSettings(): PortSettings {
  const timestamps = numberIn("tcp_timestamps");
  return {
    range: portRange(),
    reserved: reservedPorts(),
    unprivilegedStart: numberIn("ip_unprivileged_port_start"),
    timeWaitReuse: reuses[numberIn("tcp_tw_reuse") ?? -1],
    timeWaitReuseDelay: numberIn("tcp_tw_reuse_delay") ?? 1000,
    timestamps: timestamps === undefined ? undefined : timestamps !== 0,
    maxTimeWait: numberIn("tcp_max_tw_buckets"),
    finTimeout: numberIn("tcp_fin_timeout"),
  };
}
