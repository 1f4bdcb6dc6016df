import { copyCString, cstring, fromCString, ok } from "@posixly/sys";
import { libc } from "./libc.ts";

/**
 * The value of an environment variable, getenv(3), which is removed, unsetenv(3). The runtimes ask
 * for a permission before they tell it; to C it is memory like any other.
 */
export function takeVariable(name: string): string | undefined {
  const variable = cstring(name);
  const address = libc.getenv(variable);
  if (address <= 0) return undefined;
  const value = fromCString(copyCString(address));
  ok(libc.unsetenv(variable), "unsetenv");
  return value;
}
