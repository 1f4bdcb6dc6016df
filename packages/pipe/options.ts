/** Checks that nobody misspelt an option, which would be ignored otherwise. */
export function requireKnown(options: object, names: readonly string[]): void {
  if (typeof options !== "object" || options === null) {
    throw new TypeError(`options must be an object, not ${String(options)}`);
  }
  for (const name of Object.keys(options)) {
    if (!names.includes(name)) {
      throw new TypeError(`there is no option ${name}, only ${names.join(", ")}`);
    }
  }
}

/** Checks an option that may be left out. */
export function requireBoolean(value: boolean | undefined, name: string): void {
  if (value !== undefined && typeof value !== "boolean") {
    throw new TypeError(`${name} must be true or false, not ${String(value)}`);
  }
}
