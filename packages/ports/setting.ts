import { open, readAll } from "@posixly/fd";
import type { SyscallError } from "@posixly/sys";

/**
 * A setting of the network as text, of the namespace that this thread is in; `undefined` if this
 * kernel has none of that name, or a container hides it.
 */
export function settingOf(name: string): string | undefined {
  try {
    using file = open(`/proc/sys/net/ipv4/${name}`);
    return new TextDecoder().decode(readAll(file)).trim();
  } catch (error) {
    const { code } = error as SyscallError;
    if (code === "ENOENT" || code === "EACCES") return undefined;
    throw error;
  }
}

/** The same of a setting that is a number. */
export function numberIn(name: string): number | undefined {
  const text = settingOf(name);
  return text === undefined ? undefined : Number(text);
}
