/** Checks a number that has 32 bits in a file, or as many as it is said. */
export function requireU32(value: number, name: string, max = 0xffff_ffff): number {
  if (Number.isInteger(value) && value >= 0 && value <= max) return value;
  throw new RangeError(`${name} must be between 0 and ${max}, not ${value}`);
}

/** Refuses options that are misspelt. */
export function requireKnown(options: object, known: readonly string[]): void {
  for (const name of Object.keys(options)) {
    if (!known.includes(name)) {
      throw new TypeError(`There is no option ${name}, only ${known.join(", ")}`);
    }
  }
}
