import type { IpFamily } from "./host.ts";
import type { Refusal } from "./icmp_reason.ts";
import type { RoundTripClock } from "./round_trip.ts";

/**
 * By what a socket finds the way, see {@linkcode traceroute}.
 *
 * @example Usage
 * ```ts
 * import { type TraceMethod, type TracerouteOptions } from "@posixly/raw";
 *
 * const method: TraceMethod = "tcp";
 * const toTheWeb: TracerouteOptions = { method, port: 443 };
 * ```
 */
export type TraceMethod = "udp" | "icmp" | "tcp";

/**
 * What came back of one packet of {@linkcode traceroute}.
 *
 * @example As traceroute(8) shows it
 * ```ts
 * import { traceroute, type TraceAnswer } from "@posixly/raw";
 * import assert from "node:assert/strict";
 *
 * const show = ({ from, rtt, note }: TraceAnswer) =>
 *   from === null ? "*" : `${from} ${rtt!.toFixed(3)} ms ${note}`.trimEnd();
 * for await (const { answers } of traceroute("127.0.0.1", { queries: 1 })) {
 *   assert.match(show(answers[0]), /^127\.0\.0\.1 \d+\.\d{3} ms$/);
 * }
 * ```
 */
export interface TraceAnswer {
  /** Whose answer it was; `null` if there was none in time, or this machine could not send. */
  readonly from: string | null;
  /** How many milliseconds it took, see {@linkcode RoundTripClock}. */
  readonly rtt: number | undefined;
  /** By whose clock. */
  readonly clock: RoundTripClock | undefined;
  /** How many routers the answer might still have passed, if the kernel says so. */
  readonly ttl: number | undefined;
  /** Whether it came from the target, so that this is the end of the way. */
  readonly reached: boolean;
  /**
   * Why it does not go on from there: `!H` host, `!N` network, `!P` protocol unreachable, `!X`
   * prohibited, `!F` too long, `!S` source route failed, `!V` and `!C` precedence, `!` and the code
   * else; empty if it does.
   */
  readonly note: string;
  /** What the message said; `undefined` if the target answered by itself, or nobody. */
  readonly refusal: Refusal | undefined;
}

/**
 * One step on the way to a target: what so many routers are passed to.
 *
 * @example Usage
 * ```ts
 * import { traceroute, type TraceHop } from "@posixly/raw";
 * import assert from "node:assert/strict";
 *
 * const way: TraceHop[] = [];
 * for await (const hop of traceroute("127.0.0.1")) way.push(hop);
 * assert.deepEqual(way.map(({ distance, reached }) => [distance, reached]), [[1, true]]);
 * ```
 */
export interface TraceHop {
  /** How far it is: the TTL that the packets were sent with. */
  readonly distance: number;
  /** What came back, for each packet in the order in which they were sent. */
  readonly answers: readonly TraceAnswer[];
  /** Whether this is the target. */
  readonly reached: boolean;
}

/** What a message means for the way: it goes on, the target has it, or it ends there. */
export interface Verdict {
  readonly reached: boolean;
  readonly isEnd: boolean;
  readonly note: string;
}

/** The types and codes that matter here, rfc792 and rfc4443, and the letters of traceroute(8). */
const messages = {
  ipv4: {
    unreachable: 3,
    timeExceeded: 11,
    noPort: 3,
    letters: ["!N", "!H", "!P", "", "!F", "!S", , , , "!X", "!X", , , "!X", "!V", "!C"],
  },
  ipv6: {
    unreachable: 1,
    timeExceeded: 3,
    noPort: 4,
    letters: ["!N", "!X", "!S", "!H"],
  },
} as const;

/** What a message of ICMP, or this machine, says about the way. */
export function verdictOn(family: IpFamily, { type, code, error, mtu }: Refusal): Verdict {
  const { unreachable, timeExceeded, noPort, letters } = messages[family];
  if (type === timeExceeded) return { reached: false, isEnd: false, note: "" };
  if (type === unreachable && code === noPort) return { reached: true, isEnd: true, note: "" };
  const isEnd = true;
  const reached = false;
  if (error === "EMSGSIZE") return { reached, isEnd, note: mtu === undefined ? "!F" : `!F-${mtu}` };
  if (type === undefined) return { reached, isEnd, note: "!" };
  const letter = type === unreachable ? letters[code!] ?? `!${code}` : `!<${type}-${code}>`;
  return { reached, isEnd, note: letter };
}
