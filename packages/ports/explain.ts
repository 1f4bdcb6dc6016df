import { type PortSettings, portSettings, TIME_WAIT } from "./port_settings.ts";
import { countPorts } from "./range.ts";
import { formatPorts } from "./reserved.ts";

/**
 * What one setting means, see {@linkcode explainPorts}.
 *
 * @example Usage
 * ```ts
 * import { type Explanation, explainPorts } from "@posixly/ports";
 *
 * const show = ({ setting, value }: Explanation) => `${setting} = ${value}`;
 * console.log(explainPorts().map(show).join("\n"));
 * ```
 */
export interface Explanation {
  /** Its name for sysctl(8). */
  readonly setting: string;
  /** What it is set to, as text. */
  readonly value: string;
  /** What follows from that, in a sentence. */
  readonly meaning: string;
}

/**
 * Says what the settings of the system mean for whoever opens connections.
 *
 * @param settings What it is set to; by default as it is now. Those of another system, or
 * changed ones, are explained as well
 * @returns A sentence for each setting that is known
 *
 * @example What if the range were larger
 * ```ts
 * import { explainPorts, portSettings } from "@posixly/ports";
 * import assert from "node:assert/strict";
 *
 * const larger = { ...portSettings(), range: { first: 1024, last: 65535 }, reserved: [] };
 * const [{ setting, meaning }] = explainPorts(larger);
 * assert.equal(setting, "net.ipv4.ip_local_port_range");
 * assert.match(meaning, /64512 connections/);
 * ```
 */
export function explainPorts(settings: PortSettings = portSettings()): Explanation[] {
  return rules.flatMap(({ setting, value, meaning }) => {
    const shown = value(settings);
    if (shown === undefined) return [];
    return [{ setting: `net.ipv4.${setting}`, value: shown, meaning: meaning(settings) }];
  });
}

interface Rule {
  readonly setting: string;
  /** As text; `undefined` if it is not known. */
  readonly value: (settings: PortSettings) => string | undefined;
  readonly meaning: (settings: PortSettings) => string;
}

const rules: readonly Rule[] = [
  {
    setting: "ip_local_port_range",
    value: ({ range }) => `${range.first}-${range.last}`,
    meaning: rangeMeans,
  },
  {
    setting: "ip_local_reserved_ports",
    value: ({ reserved }) => formatPorts(reserved),
    meaning: ({ reserved }) =>
      reserved.length === 0
        ? "every port of the range may be given to anyone"
        : "these are given to nobody by themselves; who asks for one by its number gets it",
  },
  {
    setting: "ip_unprivileged_port_start",
    value: ({ unprivilegedStart }) => unprivilegedStart?.toString(),
    meaning: ({ unprivilegedStart }) =>
      unprivilegedStart === 0
        ? "anyone may bind any port"
        : `a port below ${unprivilegedStart} takes CAP_NET_BIND_SERVICE, or it is EACCES`,
  },
  {
    setting: "tcp_tw_reuse",
    value: ({ timeWaitReuse }) => timeWaitReuse,
    meaning: reuseMeans,
  },
  {
    setting: "tcp_max_tw_buckets",
    value: ({ maxTimeWait }) => maxTimeWait?.toString(),
    meaning: ({ maxTimeWait }) =>
      `${maxTimeWait} connections may be in TIME_WAIT, what is more is gone at once, and unsafe`,
  },
  {
    setting: "tcp_fin_timeout",
    value: ({ finTimeout }) => finTimeout?.toString(),
    meaning: ({ finTimeout }) =>
      `who has closed waits ${finTimeout} s in FIN_WAIT2 for the other end to close; ` +
      `TIME_WAIT lasts ${TIME_WAIT} s whatever this says`,
  },
];

function rangeMeans({ range, reserved }: PortSettings): string {
  const count = countPorts(range, reserved);
  const perSecond = Math.floor(count / TIME_WAIT);
  const odd = (range.last - range.first) % 2 === 0
    ? "; the ends should differ in parity, or each search leaves one port out"
    : "";
  return `${count} connections to one destination at a time, ` +
    `or ${perSecond} a second if this end closes first${odd}`;
}

function reuseMeans({ timeWaitReuse, timeWaitReuseDelay, timestamps }: PortSettings): string {
  if (timeWaitReuse === "never") {
    return `a port is not used again for the same destination in the ${TIME_WAIT} s of TIME_WAIT`;
  }
  if (timestamps === false) return "nothing, since tcp_timestamps is off";
  const where = timeWaitReuse === "loopback" ? "over the loopback alone, " : "";
  return `${where}connect uses a port again that is in TIME_WAIT for ${timeWaitReuseDelay} ms; ` +
    "bind never does";
}
