// As `@posixly/sys` checks arguments, which a browser cannot import; `wire`, `bpf` and `pcap` can be.

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
    throw new TypeError(`options must be an object, not ${show(object)}`);
  }
  for (const name in object) {
    if (!names.includes(name)) {
      throw new TypeError(`there is no option ${name}, only ${names.join(", ")}`);
    }
  }
}

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
