import { addressOfHost, type HostAddress, type IpFamily } from "./host.ts";
import type { PingUnknown } from "./ping_event.ts";

/** A target whose address is known. */
export interface PingHost {
  readonly name: string;
  readonly address: HostAddress;
}

/** All targets, in the order in which they were given. */
export interface PingHosts {
  readonly known: readonly PingHost[];
  readonly unknown: readonly PingUnknown[];
}

/**
 * Looks all targets up, at once.
 *
 * @throws {Error} As node:dns has it of the first, if not one is known
 * @throws {TypeError} If one is an address of the other family
 * @throws The signal's reason
 */
export async function pingHosts(
  names: readonly string[],
  family: IpFamily | undefined,
  signal: AbortSignal | undefined,
): Promise<PingHosts> {
  const found = await Promise.all(names.map((name) => lookUp(name, family, signal)));
  const known = found.filter((one): one is PingHost => "address" in one);
  const unknown = found.filter((one): one is Unresolved => "error" in one);
  if (known.length === 0) throw unknown[0].error;
  return { known, unknown: unknown.map(tell) };
}

interface Unresolved {
  readonly name: string;
  readonly error: LookupError;
}

/** As node:dns has them. */
type LookupError = Error & { readonly syscall?: string; readonly code?: string };

async function lookUp(
  name: string,
  family: IpFamily | undefined,
  signal: AbortSignal | undefined,
): Promise<PingHost | Unresolved> {
  try {
    return { name, address: await addressOfHost(name, family, signal) };
  } catch (error) {
    if ((error as LookupError)?.syscall !== "getaddrinfo") throw error;
    return { name, error: error as LookupError };
  }
}

/** What getaddrinfo(3) means, where node:dns but gives the name of the number. */
const reasons: Readonly<Record<string, string>> = {
  ENOTFOUND: "nobody knows this name",
  EAI_AGAIN: "nobody could be asked for this name",
};

function tell({ name, error }: Unresolved): PingUnknown {
  const { code = "ENOTFOUND", message } = error;
  return { kind: "unknown", target: name, error: code, reason: reasons[code] ?? message };
}
