import { type AddressLike, parseAddress, type SocketAddress } from "@posixly/socket";
import { SyscallError } from "@posixly/sys";
import { curesFor, type Exhaustion } from "./cures.ts";
import { addressAt, isLoopback } from "./host.ts";
import { ownAddresses } from "./own_addresses.ts";
import { PortExhaustedError } from "./port_exhausted.ts";
import { portSettings } from "./port_settings.ts";
import { sockets } from "./sockets.ts";
import { type PortUsage, portUsage, type UsageOptions } from "./usage.ts";

/**
 * Finds out whether a call has failed because there was no port left, why there is none, and what
 * would help here: `connect` says `EADDRNOTAVAIL`, `bind` to port 0 and `listen` say `EADDRINUSE`,
 * and UDP says `EAGAIN`; the same codes mean other things, too.
 *
 * Ask at once: what is counted is what is in use now.
 *
 * @param error What was thrown
 * @param options What was tried: where to connect to, from where, by which protocol. What the error
 * says of it need not be repeated
 * @returns The error to throw instead; `null` if it was something else, such as an address that is
 * not ours or a port that somebody has, or if there are ports enough by now
 * @throws {TypeError | RangeError} If an option is none
 *
 * @example Usage
 * ```ts
 * import { exhaustionOf } from "@posixly/ports";
 * import { bind, socket } from "@posixly/socket";
 * import assert from "node:assert/strict";
 *
 * using tcp = socket("ipv4", "stream");
 * try {
 *   bind(tcp, "192.0.2.1:0"); // EADDRNOTAVAIL
 * } catch (error) {
 *   assert.equal(exhaustionOf(error), null); // there are ports, but it is not our address
 * }
 * ```
 */
export function exhaustionOf(
  error: unknown,
  options: UsageOptions = {},
): PortExhaustedError | null {
  if (!(error instanceof SyscallError)) return null;
  const attempt = attemptOf(error, options);
  if (attempt === null) return null;
  const usage = portUsage(attempt);
  // Some may have become free meanwhile. That the kernel has given none is what tells that it does
  // not share those that others have, nor takes those that are in TIME_WAIT.
  if (usage.free - usage.reusable - usage.elsewhere > usage.ports / 32) return null;

  const { to, from, protocol = "tcp" } = attempt;
  const family = (to ?? addressAt(from ?? "0.0.0.0", 0)).family as "ipv4" | "ipv6";
  const reason = reasonOf(usage);
  const cures = curesFor({
    protocol,
    reason,
    usage,
    settings: portSettings(),
    isConnect: to !== undefined,
    isLoopback: family === "ipv4" && isLoopback((to as { host: string } | undefined)?.host ?? ""),
    otherSources: ownAddresses(family).filter((host) => host !== from),
    firstFree: reason === "timeWait" ? firstFree(to) : null,
  });
  return new PortExhaustedError(error, reason, usage, cures);
}

/** What was tried; `null` if no port had to be found for it. */
function attemptOf(error: SyscallError, options: UsageOptions) {
  const { code, syscall } = error;
  const address = internet(options.to ?? error.address);
  switch (syscall) {
    case "connect":
    case "sendto":
    case "sendmsg": {
      const isUdp = code === "EAGAIN";
      if (address === null || (!isUdp && code !== "EADDRNOTAVAIL")) return null;
      return { ...options, to: address, protocol: isUdp ? "udp" : options.protocol } as const;
    }
    case "bind":
    case "listen": {
      const bound = internet(error.address);
      if (code !== "EADDRINUSE" || (bound !== null && bound.port !== 0)) return null;
      const from = options.from ?? bound?.host;
      return { ...options, to: undefined, from: isAny(from) ? undefined : from };
    }
    default:
      return null;
  }
}

function internet(address: AddressLike | undefined): InternetAddress | null {
  if (address === undefined) return null;
  const value = typeof address === "string" ? parseAddress(address) : address;
  return value.family === "ipv4" || value.family === "ipv6" ? value : null;
}

type InternetAddress = Extract<SocketAddress, { family: "ipv4" | "ipv6" }>;

function isAny(host: string | undefined): boolean {
  return host === "0.0.0.0" || host === "::";
}

function reasonOf({ bound, elsewhere, connected, timeWait }: PortUsage): Exhaustion {
  if (bound + elsewhere >= connected + timeWait) return "bound";
  return timeWait > connected ? "timeWait" : "connected";
}

/** In how many milliseconds the first port leaves TIME_WAIT. */
function firstFree(to: InternetAddress | undefined): number | null {
  const filter = to && { and: [{ remote: to.host }, { remotePort: to.port }] };
  let first = Infinity;
  for (const { timer } of sockets({ protocol: "tcp", states: ["timeWait"], filter })) {
    first = Math.min(first, timer?.expires ?? Infinity);
  }
  return first === Infinity ? null : first;
}
