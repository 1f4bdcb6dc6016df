import { requireKnown, requireName } from "@posixly/sys";
import { TIME_WAIT } from "./port_settings.ts";
import { portUsage } from "./usage.ts";

/**
 * What connections there will be, see {@linkcode forecast}.
 *
 * @example Usage
 * ```ts
 * import { forecast, type Load } from "@posixly/ports";
 *
 * const load: Load = { perSecond: 100, seconds: 0.2, closedFirst: "there" };
 * console.log(forecast(load).inUse, "ports in use");
 * ```
 */
export interface Load {
  /** How many connections are made a second, to one destination from one address. */
  readonly perSecond: number;
  /** How many seconds each is open; by default 0. */
  readonly seconds?: number;
  /**
   * Who closes first. Who does keeps the port for the 60 seconds of TIME_WAIT; by default this end,
   * `here`.
   */
  readonly closedFirst?: "here" | "there";
  /** How many ports there are; by default those of {@linkcode portUsage}. */
  readonly ports?: number;
  /** How many of them are in use already; by default none. */
  readonly used?: number;
}

/**
 * What will become of the ports, see {@linkcode forecast}.
 *
 * @example Usage
 * ```ts
 * import { type Forecast, forecast } from "@posixly/ports";
 * import assert from "node:assert/strict";
 *
 * const { exhaustedIn }: Forecast = forecast({ perSecond: 1000, ports: 28_232 });
 * assert.equal(exhaustedIn, 28.232); // seconds
 * ```
 */
export interface Forecast {
  /** How many ports the load would use at a time, if there were as many. */
  readonly inUse: number;
  /** How many connections a second the ports are enough for. */
  readonly sustainable: number;
  /** After how many seconds there is no port left; `null` if that never happens. */
  readonly exhaustedIn: number | null;
}

/**
 * Tells whether there are ports enough for a load, before it is there.
 *
 * @param load What connections there will be
 * @returns What becomes of the ports
 * @throws {TypeError | RangeError} If an option is none
 *
 * @example The default range, and a client that closes its connections
 * ```ts
 * import { forecast } from "@posixly/ports";
 * import assert from "node:assert/strict";
 *
 * const { sustainable, exhaustedIn } = forecast({ perSecond: 500, ports: 28_232 });
 * assert.equal(Math.floor(sustainable), 470); // 28232 ports, 60 seconds each
 * assert.equal(Math.floor(exhaustedIn!), 56);
 * assert.equal(forecast({ perSecond: 470, ports: 28_232 }).exhaustedIn, null);
 * ```
 */
export function forecast(load: Load): Forecast {
  requireKnown(load, ["perSecond", "seconds", "closedFirst", "ports", "used"]);
  const { seconds = 0, closedFirst = "here" } = load;
  const perSecond = requireAmount(load.perSecond, "perSecond");
  requireName(["here", "there"], closedFirst, "closedFirst");
  const held = requireAmount(seconds, "seconds") + (closedFirst === "here" ? TIME_WAIT : 0);
  const ports = requireAmount(load.ports ?? portUsage().ports, "ports");
  const used = requireAmount(load.used ?? 0, "used");
  const inUse = perSecond * held;
  return {
    inUse,
    sustainable: ports / held,
    exhaustedIn: inUse <= ports ? null : Math.max(0, ports - used) / perSecond,
  };
}

function requireAmount(value: number, name: string): number {
  if (typeof value === "number" && value >= 0 && value < Infinity) return value;
  throw new RangeError(`${name} must be a number from 0 upwards, not ${String(value)}`);
}
