// Between the names that people write and the numbers of the kernel.

/** Shows a value in an error message. */
function show(value: unknown): string {
  return typeof value === "string" ? JSON.stringify(value) : String(value);
}

/** The number that a name of an enumeration stands for, checked. */
export function oneOf<T extends Readonly<Record<string, number>>>(
  table: T,
  value: keyof T,
  name: string,
): number {
  if (typeof value === "string" && Object.hasOwn(table, value)) return table[value];
  throw new TypeError(
    `${name} must be one of ${Object.keys(table).join(", ")}, not ${show(value)}`,
  );
}

/** The bits that named options stand for, checked; one that is left out is false. */
export function bitsOf<T extends Readonly<Record<string, number>>>(
  table: T,
  options: { readonly [Name in keyof T]?: boolean },
): number {
  let bits = 0;
  for (const [name, value] of Object.entries(options)) {
    if (!Object.hasOwn(table, name)) {
      throw new TypeError(`there is no option ${name}, only ${Object.keys(table).join(", ")}`);
    }
    if (value !== undefined && typeof value !== "boolean") {
      throw new TypeError(`${name} must be true or false, not ${show(value)}`);
    }
    if (value) bits |= table[name];
  }
  return bits >>> 0;
}

/** Refuses the options that nobody has taken, which may be a slip of the pen. */
export function noMore(options: object): void {
  for (const name in options) throw new TypeError(`there is no option ${name}`);
}

/** The names of the bits that are set. */
export function namesOf<T extends Readonly<Record<string, number>>>(
  table: T,
  bits: number,
): (keyof T & string)[] {
  return Object.keys(table).filter((name) => (bits & table[name]) !== 0);
}
