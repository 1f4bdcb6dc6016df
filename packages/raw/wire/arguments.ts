// As `@posixly/sys` checks arguments, which a browser cannot import.

/** A whole number within bounds. */
export function requireInteger(value: number, name: string, min: number, max: number): number {
  if (Number.isInteger(value) && value >= min && value <= max) return value;
  throw notInRange(value, name, min, max);
}

function notInRange(value: number, name: string, min: number, max: number): Error {
  if (typeof value !== "number" || Number.isNaN(value) || value % 1 !== 0 && isFinite(value)) {
    return new TypeError(`${name} must be a whole number, not ${show(value)}`);
  }
  return new RangeError(`${name} must be between ${min} and ${max}, not ${value}`);
}

/** An object with no properties but these: a misspelt one would do nothing, without a word. */
export function requireKnown(object: object, names: readonly string[]): void {
  if (typeof object !== "object" || object === null) {
    throw new TypeError(`Fields must be an object, not ${show(object)}`);
  }
  for (const name in object) {
    if (!names.includes(name)) {
      throw new TypeError(`There is no ${JSON.stringify(name)}, only ${names.join(", ")}`);
    }
  }
}

/** A layer has no fields but these, and those that are given fit. */
export function requireFields(layer: object, limits: Limits): void {
  for (const name in layer) {
    if (name === "layer") continue;
    if (!Object.hasOwn(limits, name)) requireKnown({ [name]: 0 }, Object.keys(limits));
    const value = (layer as Record<string, unknown>)[name];
    const most = limits[name];
    if (value === undefined || most === "other") continue;
    if (typeof most === "number") requireInteger(value as number, name, 0, most);
    else if (most === "boolean") requireBoolean(value, name);
    else if (most === "bytes") requireBytes(value, name);
    else requireArray(value, name);
  }
}

/** What each field may be: the largest number, or what else it is; others are checked elsewhere. */
export type Limits = Readonly<Record<string, number | "boolean" | "bytes" | "array" | "other">>;

/** Neither a number nor text, which may say no and be taken for yes. */
export function requireBoolean(value: unknown, name: string): void {
  if (typeof value !== "boolean") {
    throw new TypeError(`${name} must be true or false, not ${show(value)}`);
  }
}

/** A list. */
export function requireArray(value: unknown, name: string): void {
  if (!Array.isArray(value)) throw new TypeError(`${name} must be an array, not ${show(value)}`);
}

/** Bytes. */
export function requireBytes(value: unknown, name: string): Uint8Array {
  if (value instanceof Uint8Array) return value;
  throw new TypeError(`${name} must be a Uint8Array, not ${show(value)}`);
}

/** Bytes, and which of them are meant. */
export function requireRange(bytes: Uint8Array, start: number, end: number): void {
  if (
    bytes instanceof Uint8Array && start >= 0 && start <= end && end <= bytes.length &&
    start % 1 === 0 && end % 1 === 0
  ) return;
  requireBytes(bytes, "bytes");
  requireInteger(end, "end", 0, bytes.length);
  requireInteger(start, "start", 0, end);
}

/** What a name stands for. */
export function oneOfNames<T>(values: Readonly<Record<string, T>>, value: string, name: string): T {
  if (Object.hasOwn(values, value)) return values[value];
  throw new TypeError(
    `${name} must be one of ${Object.keys(values).join(", ")}, not ${show(value)}`,
  );
}

/** A value, in a message. */
export function show(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "object" && value !== null) return value.constructor?.name ?? "an object";
  return typeof value === "function" ? "a function" : String(value);
}
