import { open, readAll } from "@posixly/fd";
import type { SyscallError } from "@posixly/sys";

/**
 * Between which sizes the kernel tunes a buffer of TCP, in bytes.
 *
 * @example Usage
 * ```ts
 * import { bufferLimits, type TuningRange } from "@posixly/socket";
 * import assert from "node:assert/strict";
 *
 * const range: TuningRange = bufferLimits().tcpReceive!;
 * assert.ok(range.min <= range.initial && range.initial <= range.max);
 * ```
 */
export interface TuningRange {
  /** What it has even when memory is short. */
  readonly min: number;
  /** What it begins with. */
  readonly initial: number;
  /** How far it grows by itself. */
  readonly max: number;
}

/**
 * What this system allows for the buffers of sockets, see {@linkcode bufferLimits}. What it does not
 * tell, such as in a container, is `undefined`.
 *
 * @example Usage
 * ```ts
 * import { type BufferLimits, bufferLimits } from "@posixly/socket";
 *
 * const { receiveMax, tcpReceive }: BufferLimits = bufferLimits();
 * if (receiveMax && tcpReceive && receiveMax < tcpReceive.max) {
 *   console.log("TCP does better without receiveBuffer");
 * }
 * ```
 */
export interface BufferLimits {
  /** The most that `receiveBuffer` takes, before it is doubled: `net.core.rmem_max`. */
  readonly receiveMax: number | undefined;
  /** The most that `sendBuffer` takes, before it is doubled: `net.core.wmem_max`. */
  readonly sendMax: number | undefined;
  /** What TCP does by itself on the receiving side: `net.ipv4.tcp_rmem`. */
  readonly tcpReceive: TuningRange | undefined;
  /** What TCP does by itself on the sending side: `net.ipv4.tcp_wmem`. */
  readonly tcpSend: TuningRange | undefined;
}

/**
 * What this system allows for the buffers of sockets: four of its settings, as sysctl(8) shows them.
 *
 * @returns The limits, in bytes
 * @throws {SyscallError} `EMFILE` or `ENFILE` if too many descriptors are open
 *
 * @example Usage
 * ```ts
 * import { bufferLimits, getOption, setOptions, socket } from "@posixly/socket";
 * import assert from "node:assert/strict";
 *
 * const { receiveMax } = bufferLimits();
 * using udp = socket("ipv4", "datagram");
 * setOptions(udp, { receiveBuffer: 2 ** 30 }); // as much as there may be
 * if (receiveMax) assert.equal(getOption(udp, "receiveBuffer"), 2 * receiveMax);
 * ```
 */
export function bufferLimits(): BufferLimits {
  return {
    receiveMax: numbersIn("core/rmem_max")?.[0],
    sendMax: numbersIn("core/wmem_max")?.[0],
    tcpReceive: rangeIn("ipv4/tcp_rmem"),
    tcpSend: rangeIn("ipv4/tcp_wmem"),
  };
}

function rangeIn(setting: string): TuningRange | undefined {
  const numbers = numbersIn(setting);
  if (numbers === undefined) return undefined;
  const [min, initial, max] = numbers;
  return { min, initial, max };
}

/** A setting of the network; a namespace may be without it, and some may not look. */
function numbersIn(setting: string): number[] | undefined {
  try {
    using file = open(`/proc/sys/net/${setting}`);
    return new TextDecoder().decode(readAll(file)).trim().split(/\s+/).map(Number);
  } catch (error) {
    const { code } = error as SyscallError;
    if (code === "ENOENT" || code === "EACCES") return undefined;
    throw error;
  }
}
