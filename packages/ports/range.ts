import { type AsFd, fdOf } from "@posixly/fd";
import { getOption, type PortRange } from "@posixly/socket";
import type { SyscallError } from "@posixly/sys";
import { mergePorts, overlap, parsePorts, requireRange } from "./reserved.ts";
import { settingOf } from "./setting.ts";

/** What the kernel begins with, where it does not tell: `net/ipv4/af_inet.c`. */
const DEFAULT: PortRange = { first: 32768, last: 60999 };

/**
 * The ports that the kernel chooses ephemeral ones from: those of the system,
 * `ip_local_port_range`, or those that are left of them for one socket, `ipLocalPortRange` (since
 * Linux 6.3).
 *
 * A bound that a socket asks for outside of the system's range has no effect, and no error says so:
 * what is told here is what counts.
 *
 * @param socket The socket whose range is asked for; by default that of the system
 * @returns The range, both ends among it; the kernel's default where `/proc` does not tell
 * @throws {SyscallError} `ENOTSOCK` if it is no socket
 *
 * @example Usage
 * ```ts
 * import { portRange } from "@posixly/ports";
 * import { setOptions, socket } from "@posixly/socket";
 * import assert from "node:assert/strict";
 *
 * const { first, last } = portRange();
 * console.log(last - first + 1, "ports for the connections to each destination");
 *
 * using tcp = socket("ipv4", "stream");
 * setOptions(tcp, { ipLocalPortRange: { first: last - 9, last: 65535 } });
 * assert.deepEqual(portRange(tcp), { first: last - 9, last }); // cut to the system's
 * ```
 */
export function portRange(socket?: AsFd): PortRange {
  const system = systemRange();
  if (socket === undefined) return system;
  const own = ownRange(socket);
  const isInside = (port: number) => system.first <= port && port <= system.last;
  return {
    first: isInside(own.first) ? own.first : system.first,
    last: isInside(own.last) ? own.last : system.last,
  };
}

function systemRange(): PortRange {
  const text = settingOf("ip_local_port_range");
  if (text === undefined) return DEFAULT;
  const [first, last] = text.split(/\s+/).map(Number);
  return { first, last };
}

/** What a socket asks for; nothing before Linux 6.3. */
function ownRange(socket: AsFd): PortRange {
  try {
    return getOption(fdOf(socket, "socket"), "ipLocalPortRange");
  } catch (error) {
    if ((error as SyscallError).code === "ENOPROTOOPT") return { first: 0, last: 0 };
    throw error;
  }
}

/**
 * The ports that the kernel gives to nobody by itself, `ip_local_reserved_ports`. Whoever asks for
 * one of them by its number gets it.
 *
 * @returns The ranges in order, which neither overlap nor touch
 *
 * @example Usage
 * ```ts
 * import { formatPorts, reservedPorts } from "@posixly/ports";
 *
 * console.log("reserved:", formatPorts(reservedPorts()) || "none");
 * ```
 */
export function reservedPorts(): PortRange[] {
  return parsePorts(settingOf("ip_local_reserved_ports") ?? "");
}

/**
 * How many ports of a range the kernel has to choose from.
 *
 * @param range The range; by default the system's
 * @param reserved Which of them it leaves out; by default those that the system reserves
 * @returns How many are left
 * @throws {TypeError | RangeError} If a range is none
 *
 * @example Usage
 * ```ts
 * import { countPorts } from "@posixly/ports";
 * import assert from "node:assert/strict";
 *
 * assert.equal(countPorts({ first: 32768, last: 60999 }, []), 28232);
 * assert.equal(countPorts({ first: 1, last: 10 }, [{ first: 9, last: 99 }]), 8);
 * ```
 */
export function countPorts(
  range: PortRange = portRange(),
  reserved: Iterable<PortRange> = reservedPorts(),
): number {
  const { first, last } = requireRange(range);
  return last - first + 1 - overlap(range, mergePorts(reserved));
}

/**
 * Who is given a port first. The kernel keeps those that `connect` chooses apart from those that
 * `bind` to port 0 chooses: the ones with the parity of the first port of the range are for
 * `connect`, the others for `bind`, and only when its half is used up either takes from the other's.
 * The search gets slow long before the range is full, then, and `bind` to port 0 of a thousand
 * clients fills the half that servers would want.
 *
 * A socket with a range of its own (`ipLocalPortRange`) searches all of it, since Linux 6.8.
 *
 * @param port A port of the range
 * @param range The range; by default the system's
 * @returns Who prefers it; `null` if it is not in the range
 * @throws {TypeError | RangeError} If the range or the port is none
 *
 * @example Usage
 * ```ts
 * import { preferredFor } from "@posixly/ports";
 * import assert from "node:assert/strict";
 *
 * const range = { first: 32768, last: 60999 };
 * assert.equal(preferredFor(40000, range), "connect");
 * assert.equal(preferredFor(40001, range), "bind");
 * assert.equal(preferredFor(80, range), null);
 * ```
 */
export function preferredFor(
  port: number,
  range: PortRange = portRange(),
): "connect" | "bind" | null {
  const { first, last } = requireRange(range);
  requireRange({ first: port, last: port });
  if (port < first || port > last) return null;
  return (port - first) % 2 === 0 ? "connect" : "bind";
}
