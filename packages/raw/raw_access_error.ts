import { cstring, SyscallError } from "@posixly/sys";
import { libc } from "./libc.ts";

/** The ways to the right that a raw socket takes. */
type Wanted = "raw" | "ping";

/**
 * We may not have such a socket: raw and packet sockets take `CAP_NET_RAW`, capabilities(7), and
 * ping sockets a group that is allowed to have them, icmp(7). It is a `SyscallError` that also
 * says what can be done about it.
 *
 * @example Usage
 * ```ts
 * import { type RawAccessError, rawSocket } from "@posixly/raw";
 *
 * try {
 *   rawSocket("ipv4", "icmp").close();
 * } catch (error) {
 *   const { capability, remedies } = error as RawAccessError;
 *   if (capability !== "CAP_NET_RAW") throw error;
 *   console.error(remedies.join("\n"));
 * }
 * ```
 */
export class RawAccessError extends SyscallError {
  /** What can be done, each way in a sentence: any one of them is enough. */
  readonly remedies: readonly string[];

  /**
   * @param refusal What the kernel said
   * @param wanted Which kind of socket
   */
  constructor(refusal: SyscallError, wanted: Wanted) {
    super(refusal.errno, refusal.syscall, {
      capability: wanted === "raw" ? "CAP_NET_RAW" : undefined,
    });
    this.remedies = remedies[wanted]();
    if (wanted === "ping") this.message += "; no group of this process may have ping sockets";
    this.message += `. One of these helps:\n${this.remedies.map((way) => `- ${way}`).join("\n")}`;
  }
}

const RANGE = 'sudo sysctl -w net.ipv4.ping_group_range="0 2147483647"';

const remedies: Readonly<Record<Wanted, () => string[]>> = {
  raw: () => [
    `give it to the program, \`sudo setcap cap_net_raw+ep ${program()}\`: all scripts that this ` +
    "program runs have it then, whoever starts them, so better a copy of the program for this alone",
    "start it with the right: as root, by " +
    "`sudo setpriv --inh-caps +net_raw --ambient-caps +net_raw --reuid $UID`, or in a container " +
    "by `docker run --cap-add=NET_RAW`",
    `to ping and no more, take pingSocket(), which needs no right after \`${RANGE}\``,
  ],
  ping: () => [
    `allow all groups to ping, \`${RANGE}\`; in a container, \`docker run --sysctl\` does so`,
    "take a raw socket, rawSocket(), with CAP_NET_RAW",
  ],
};

/** Where the program that runs this script is, which may not be what it was called as. */
function program(): string {
  const path = new Uint8Array(4096);
  const length = libc.readlink(cstring("/proc/self/exe", "path"), path, path.length);
  return length > 0 ? new TextDecoder().decode(path.subarray(0, length)) : "$(which node)";
}

/** Makes a socket, or says what has to be done first. */
export function permitted<T>(wanted: Wanted, make: () => T): T {
  try {
    return make();
  } catch (error) {
    const { code } = error as SyscallError;
    if (code !== "EPERM" && code !== "EACCES") throw error;
    throw new RawAccessError(error as SyscallError, wanted);
  }
}
