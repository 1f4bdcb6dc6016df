import type { SyscallError } from "@posixly/sys";
import type { Cure, Exhaustion } from "./cures.ts";
import type { PortUsage } from "./usage.ts";

/**
 * There was no port left to connect from, or to bind to: what {@linkcode exhaustionOf} makes of the
 * kernel's `EADDRNOTAVAIL`, `EADDRINUSE` or `EAGAIN`, which do not say so.
 *
 * @example Usage
 * ```ts
 * import { exhaustionOf, PortExhaustedError } from "@posixly/ports";
 * import { connectTcp } from "@posixly/socket";
 *
 * async function connect(to: string) {
 *   try {
 *     return await connectTcp(to);
 *   } catch (error) {
 *     throw exhaustionOf(error, { to }) ?? error;
 *   }
 * }
 *
 * try {
 *   await connect("127.0.0.1:1");
 * } catch (error) {
 *   if (error instanceof PortExhaustedError) console.log(error.usage, error.cures);
 * }
 * ```
 */
export class PortExhaustedError extends Error {
  /** The code of the kernel's error. */
  readonly code: "EADDRNOTAVAIL" | "EADDRINUSE" | "EAGAIN";
  /**
   * What has most of the ports: connections to the same destination, those of them that are over
   * and in TIME_WAIT, or sockets that are bound, whomever they talk to.
   */
  readonly reason: Exhaustion;
  /** How many ports there are, and what has them. */
  readonly usage: PortUsage;
  /** What would help here, what changes least first. */
  readonly cures: readonly Cure[];

  /**
   * Made by {@linkcode exhaustionOf}.
   *
   * @param cause What the kernel said
   * @param reason What has the ports
   * @param usage How many
   * @param cures What would help
   */
  constructor(
    cause: SyscallError,
    reason: Exhaustion,
    usage: PortUsage,
    cures: readonly Cure[],
  ) {
    const { range, ports, bound, elsewhere, connected, timeWait } = usage;
    const where = cause.address === undefined ? "" : ` ${cause.address}`;
    const help = cures.map(({ how }) => `\n- ${how}`).join("");
    super(
      `No port is left to ${cause.syscall}${where}: of ${ports} from ${range.first} to ` +
        `${range.last}, ${
          bound + elsewhere
        } are bound, ${connected} connected, and ${timeWait} in ` +
        `TIME_WAIT. What would help:${help}`,
      { cause },
    );
    this.name = "PortExhaustedError";
    this.code = cause.code as PortExhaustedError["code"];
    this.reason = reason;
    this.usage = usage;
    this.cures = cures;
  }
}
