import type { PingWay } from "./echo_socket.ts";
import type { Refusal } from "./icmp_reason.ts";
import type { RoundTripClock } from "./round_trip.ts";

/**
 * Which echo request something is about.
 *
 * @example Usage
 * ```ts
 * import { type EchoId } from "@posixly/raw";
 *
 * const show = ({ target, sequence }: EchoId) => `${target} #${sequence}`;
 * console.log(show({ target: "localhost", host: "127.0.0.1", sequence: 1 }));
 * ```
 */
export interface EchoId {
  /** The target as it was called. */
  readonly target: string;
  /** Its address. */
  readonly host: string;
  /** The how manieth request to this target it was, from 1. */
  readonly sequence: number;
}

/**
 * An answer to an echo request.
 *
 * @example Usage
 * ```ts
 * import { ping, type PingReply } from "@posixly/raw";
 *
 * const show = ({ from, rtt, clock }: PingReply) =>
 *   `${from} ${rtt.toFixed(3)} ms${clock === "kernel" ? "" : " or less"}`;
 * for await (const event of ping("127.0.0.1", { count: 1 })) {
 *   if (event.kind === "reply") console.log(show(event));
 * }
 * ```
 */
export interface PingReply extends EchoId {
  /** What tells it from other events. */
  readonly kind: "reply";
  /** Who answered: not the target, if that stands for many. */
  readonly from: string;
  /** How many milliseconds it took, see {@linkcode RoundTripClock}. */
  readonly rtt: number;
  /** By whose clock. */
  readonly clock: RoundTripClock;
  /** How many routers it might still have passed, if the kernel says so. */
  readonly ttl: number | undefined;
  /** How long the message was, with its header of 8 bytes. */
  readonly bytes: number;
  /** Whether this request had been answered before. */
  readonly duplicate: boolean;
  /** Whether it had been told lost before. */
  readonly late: boolean;
  /** By which kind of socket. */
  readonly way: PingWay;
}

/**
 * An echo request that nobody answered in time.
 *
 * @example Usage
 * ```ts
 * import { ping, type PingTimeout } from "@posixly/raw";
 *
 * const show = ({ target, sequence }: PingTimeout) => `no answer to #${sequence} from ${target}`;
 * for await (const event of ping("127.0.0.1", { count: 1 })) {
 *   if (event.kind === "timeout") console.log(show(event));
 * }
 * ```
 */
export interface PingTimeout extends EchoId {
  /** What tells it from other events. */
  readonly kind: "timeout";
}

/**
 * An echo request that did not arrive, and who says so; or that this machine could not send.
 *
 * @example Usage
 * ```ts
 * import { ping, type PingRefusal } from "@posixly/raw";
 *
 * const show = ({ target, from, reason }: PingRefusal) => `${target}: ${from ?? "here"}: ${reason}`;
 * for await (const event of ping("127.0.0.1", { count: 1 })) {
 *   if (event.kind === "error") console.log(show(event));
 * }
 * ```
 */
export interface PingRefusal extends EchoId, Refusal {
  /** What tells it from other events. */
  readonly kind: "error";
}

/**
 * One of many targets whose name nobody knows; the others are pinged. It is told of first.
 *
 * @example Usage
 * ```ts network
 * import { ping, type PingUnknown } from "@posixly/raw";
 * import assert from "node:assert/strict";
 *
 * const unknown: PingUnknown[] = [];
 * for await (const event of ping(["127.0.0.1", "nobody.invalid"], { count: 1 })) {
 *   if (event.kind === "unknown") unknown.push(event);
 * }
 * assert.equal(unknown[0].target, "nobody.invalid");
 * ```
 */
export interface PingUnknown {
  /** What tells it from other events. */
  readonly kind: "unknown";
  /** The target as it was called. */
  readonly target: string;
  /** Its name as node:dns has it, such as `ENOTFOUND`, or `EAI_AGAIN` if nobody could be asked. */
  readonly error: string;
  /** The same for people. */
  readonly reason: string;
}

/**
 * What {@linkcode ping} tells.
 *
 * @example Usage
 * ```ts
 * import { ping, type PingEvent } from "@posixly/raw";
 * import assert from "node:assert/strict";
 *
 * const events: PingEvent[] = [];
 * for await (const event of ping("127.0.0.1", { count: 2, interval: 10 })) events.push(event);
 * assert.deepEqual(events.map(({ kind }) => kind), ["reply", "reply"]);
 * ```
 */
export type PingEvent = PingReply | PingTimeout | PingRefusal | PingUnknown;

/** What is told of a request. */
export type EchoEvent = Exclude<PingEvent, PingUnknown>;
