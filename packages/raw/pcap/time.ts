import { requireInteger } from "../arguments.ts";

/**
 * When a packet was captured, since the beginning of 1970, exact to the nanosecond; the shape is
 * that of `ExactTime` in `@posixly/fd`.
 *
 * @example As milliseconds, which lose what is less than about a microsecond
 * ```ts
 * import type { CaptureTime } from "@posixly/raw/pcap";
 * import assert from "node:assert/strict";
 *
 * const time: CaptureTime = { seconds: 1_800_000_000, nanoseconds: 5_000_000 };
 * assert.equal(Number(time.seconds) * 1000 + time.nanoseconds / 1e6, 1_800_000_000_005);
 * ```
 */
export interface CaptureTime {
  /** Whole seconds; a `bigint` beyond 2^53. */
  readonly seconds: number | bigint;
  /** The rest, from 0 to 999,999,999. */
  readonly nanoseconds: number;
}

/** How an interface counts time: `if_tsresol` and `if_tsoffset` of pcapng. */
export interface Clock {
  /** A power of 10 that a second is divided by, or 0x80 and a power of 2. */
  readonly resolution: number;
  /** Seconds that are added to every time. */
  readonly timeOffset: number | bigint;
}

const TWO_32 = 2 ** 32;
const BILLION = 1_000_000_000;
/** Ticks a second for resolutions that are powers of 10 up to a nanosecond. */
const TICKS = Array.from({ length: 10 }, (_, power) => 10 ** power);

/** How many ticks a second has. */
function ticksPerSecond(resolution: number): bigint {
  const exponent = BigInt(resolution & 0x7f);
  return resolution & 0x80 ? 2n ** exponent : 10n ** exponent;
}

/** A count of ticks in two halves, as a time; what is less than a nanosecond is left out. */
export function timeOfTicks(high: number, low: number, clock: Clock): CaptureTime {
  const { resolution, timeOffset } = clock;
  if (resolution > 9 || typeof timeOffset === "bigint") return timeOfAnyTicks(high, low, clock);
  // By long division in parts of 16 bits, since 64 are more than a number holds. The remainders of
  // V8 are slow where a number has more than 32, and quotients below 2^32 are exact without them.
  const perSecond = TICKS[resolution];
  const first = Math.floor(high / perSecond);
  const middle = (high - first * perSecond) * 65536 + (low >>> 16);
  const second = Math.floor(middle / perSecond);
  const last = (middle - second * perSecond) * 65536 + (low & 0xffff);
  const third = Math.floor(last / perSecond);
  const seconds = first * TWO_32 + second * 65536 + third + timeOffset;
  if (!Number.isSafeInteger(seconds)) return timeOfAnyTicks(high, low, clock);
  return { seconds, nanoseconds: (last - third * perSecond) * (BILLION / perSecond) };
}

function timeOfAnyTicks(high: number, low: number, { resolution, timeOffset }: Clock): CaptureTime {
  const ticks = BigInt(high) << 32n | BigInt(low);
  const perSecond = ticksPerSecond(resolution);
  const rest = ticks % perSecond;
  return {
    seconds: narrow(ticks / perSecond + BigInt(timeOffset)),
    nanoseconds: Number(rest * BigInt(BILLION) / perSecond),
  };
}

export function narrow(value: bigint): number | bigint {
  return Number.isSafeInteger(Number(value)) ? Number(value) : value;
}

/** A time as a count of ticks in two halves; what is less than a tick is left out. */
export function ticksOfTime(time: CaptureTime, clock: Clock): [high: number, low: number] {
  requireTime(time);
  const { resolution, timeOffset } = clock;
  const isExact = typeof time.seconds === "number" && typeof timeOffset === "number";
  const seconds = isExact ? Number(time.seconds) - Number(timeOffset) : NaN;
  if (resolution > 9 || !(seconds >= 0 && seconds < TWO_32)) return ticksOfAnyTime(time, clock);
  const perSecond = TICKS[resolution];
  const upper = (seconds >>> 16) * perSecond;
  const lower = (seconds & 0xffff) * perSecond +
    Math.floor(time.nanoseconds / (BILLION / perSecond)) + (upper % 65536) * 65536;
  return [Math.floor(upper / 65536) + Math.floor(lower / TWO_32), lower % TWO_32];
}

function ticksOfAnyTime(time: CaptureTime, clock: Clock): [high: number, low: number] {
  const perSecond = ticksPerSecond(clock.resolution);
  const seconds = BigInt(time.seconds) - BigInt(clock.timeOffset);
  const ticks = seconds * perSecond + BigInt(time.nanoseconds) * perSecond / BigInt(BILLION);
  if (ticks < 0n || ticks >= 2n ** 64n) {
    throw new RangeError(`timestamp must fit 64 bits of the interface's ticks, not be ${ticks}`);
  }
  return [Number(ticks >> 32n), Number(ticks & 0xffffffffn)];
}

export function requireTime({ seconds, nanoseconds }: CaptureTime): void {
  const most = Number.MAX_SAFE_INTEGER;
  if (typeof seconds !== "bigint") requireInteger(seconds, "seconds", -most, most);
  requireInteger(nanoseconds, "nanoseconds", 0, BILLION - 1);
}
