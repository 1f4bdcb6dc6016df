import { requireArray, requireBoolean, requireBytes, requireInteger } from "../arguments.ts";

/** What each field may be: the largest number, or what else it is; others are checked elsewhere. */
export type Limits = Readonly<Record<string, number | "boolean" | "bytes" | "array" | "other">>;

/** A layer has no fields but these, and those that are given fit. */
export function requireFields(layer: object, limits: Limits): void {
  for (const name in layer) {
    if (name === "layer") continue;
    if (!Object.hasOwn(limits, name)) {
      throw new TypeError(`there is no field ${name}, only ${Object.keys(limits).join(", ")}`);
    }
    const value = (layer as Record<string, unknown>)[name];
    const most = limits[name];
    if (value === undefined || most === "other") continue;
    if (typeof most === "number") requireInteger(value as number, name, 0, most);
    else if (most === "boolean") requireBoolean(value, name);
    else if (most === "bytes") requireBytes(value, name);
    else requireArray(value, name);
  }
}
