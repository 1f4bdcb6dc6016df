import type { AsFd } from "@posixly/fd";
import { requireBoolean, requireInteger, requireKnown } from "@posixly/sys";
import { type BufferLimits, bufferLimits } from "./buffer_limits.ts";
import { IPPROTO_TCP } from "./libc.ts";
import { getOption, setOptions } from "./options.ts";
import { bandwidthDelayProduct, measurePath, type Path } from "./path.ts";
import { tcpInfo } from "./tcp_info.ts";

/**
 * How large buffers should be: bytes of data, or a path that they should fill.
 *
 * @example Usage
 * ```ts
 * import { type BufferSize, socket, tuneBuffers } from "@posixly/socket";
 *
 * const size: BufferSize = { bitsPerSecond: 100e6, rttSeconds: 0.01 };
 * using tcp = socket("ipv4", "stream");
 * tuneBuffers(tcp, size);
 * ```
 */
export type BufferSize = Path | { readonly bytes: number };

/**
 * How buffers are sized, see {@linkcode tuneBuffers}.
 *
 * @example Usage
 * ```ts
 * import { socket, tuneBuffers, type TuneOptions } from "@posixly/socket";
 *
 * const modest: TuneOptions = { force: false };
 * using tcp = socket("ipv4", "stream");
 * tuneBuffers(tcp, { bytes: 100_000 }, modest);
 * ```
 */
export interface TuneOptions {
  /**
   * Whether to go beyond `net.core.wmem_max` and `rmem_max`, which takes `CAP_NET_ADMIN`; by
   * default not.
   */
  readonly force?: boolean;
}

/**
 * What became of a buffer, in bytes, see {@linkcode tuneBuffers}.
 *
 * @example Usage
 * ```ts
 * import { socket, type TunedBuffer, tuneBuffers } from "@posixly/socket";
 * import assert from "node:assert/strict";
 *
 * using udp = socket("ipv4", "datagram");
 * const buffer: TunedBuffer = tuneBuffers(udp, { bytes: 50_000 }).receive;
 * assert.deepEqual(buffer, {
 *   asked: 50_000,
 *   usable: 50_000,
 *   granted: 100_000,
 *   clampedBy: undefined,
 * });
 * ```
 */
export interface TunedBuffer {
  /** How much data it should hold. */
  readonly asked: number;
  /** How much data it holds: half of `granted`, the rest is for what the kernel notes by the way. */
  readonly usable: number;
  /** How large it is, as `sendBuffer` or `receiveBuffer` reads now. */
  readonly granted: number;
  /** The setting of the system that kept it from being larger, if any did. */
  readonly clampedBy: "net.core.wmem_max" | "net.core.rmem_max" | "the kernel" | undefined;
}

/**
 * What {@linkcode tuneBuffers} did.
 *
 * @example Usage
 * ```ts
 * import { socket, type TunedBuffers, tuneBuffers } from "@posixly/socket";
 * import assert from "node:assert/strict";
 *
 * using tcp = socket("ipv4", "stream");
 * const { autotuning, windowMax }: TunedBuffers = tuneBuffers(tcp, { bytes: 100_000 });
 * assert.equal(autotuning, "off");
 * assert.equal(windowMax, undefined); // it is not connected yet
 * ```
 */
export interface TunedBuffers {
  /** The buffer for sending. */
  readonly send: TunedBuffer;
  /** The buffer for receiving. */
  readonly receive: TunedBuffer;
  /** The kernel leaves both as they are from now on; `bufferLock` turns that back. */
  readonly autotuning: "off";
  /**
   * How many bytes the window of a connection can tell, whatever the buffer is: that was fixed when
   * it began. `undefined` before that, and of sockets that have no window.
   */
  readonly windowMax: number | undefined;
  /** What the system allows, and what TCP would have done by itself. */
  readonly limits: BufferLimits;
}

/**
 * Sizes the buffers of a socket for a path, by `SO_SNDBUF` and `SO_RCVBUF` of socket(7), and tells
 * what became of it.
 *
 * Three things are to be known:
 *
 * - The kernel takes what it is asked for twice, since what it notes about each packet counts as
 *   well; and it takes no more than `net.core.wmem_max` and `rmem_max`, without a word. The report
 *   says so in `clampedBy`.
 * - TCP tunes its buffers by itself, up to `limits.tcpSend.max` and `limits.tcpReceive.max`, and to
 *   size them turns that off. Where those are larger than what is granted, it does better alone:
 *   this is for paths beyond that, for little memory, and for sockets that are not of TCP.
 * - How large a window of TCP can be is agreed upon when a connection begins. So size the buffers
 *   before `connect`, and those of a listener before `listen`: the sockets that it accepts inherit
 *   them. Later `windowMax` tells what there is.
 *
 * @param fd The socket
 * @param size How large: bytes, or a path; by default the path that the connection has measured
 * @param options Whether to go beyond what everyone may
 * @returns What was asked for, and what was granted
 * @throws {SyscallError} `EPERM` if `force` takes a right that we lack, `ENOTSOCK` if it is no
 * socket; without a size `ENOPROTOOPT` or `EOPNOTSUPP` if it is no socket of TCP
 * @throws {Error} Without a size, if nothing is known of the path yet
 * @throws {TypeError | RangeError} If the size is none
 *
 * @example Before a connection
 * ```ts
 * import { socket, tuneBuffers } from "@posixly/socket";
 *
 * using tcp = socket("ipv4", "stream");
 * const { receive, limits } = tuneBuffers(tcp, { bitsPerSecond: 10e9, rttSeconds: 0.1 });
 * if (receive.clampedBy) {
 *   console.log(`${receive.asked} bytes wanted, ${receive.usable} got: raise ${receive.clampedBy}`);
 *   console.log(`TCP alone would have gone up to ${limits.tcpReceive?.max}`);
 * }
 * ```
 */
export function tuneBuffers(
  fd: AsFd,
  size: BufferSize = measured(fd),
  options: TuneOptions = {},
): TunedBuffers {
  requireKnown(options, ["force"]);
  const force = requireBoolean(options.force, "force") ?? false;
  const asked = bytesOf(size);
  const bytes = Math.min(asked, INT_MAX);
  setOptions(
    fd,
    force
      ? { forceSendBuffer: bytes, forceReceiveBuffer: bytes }
      : { sendBuffer: bytes, receiveBuffer: bytes },
  );
  const report = (granted: number, setting: TunedBuffer["clampedBy"]): TunedBuffer => ({
    asked,
    usable: Math.floor(granted / 2),
    granted,
    clampedBy: granted >= 2 * asked ? undefined : force ? "the kernel" : setting,
  });
  return {
    send: report(getOption(fd, "sendBuffer"), "net.core.wmem_max"),
    receive: report(getOption(fd, "receiveBuffer"), "net.core.rmem_max"),
    autotuning: "off",
    windowMax: windowMax(fd),
    limits: bufferLimits(),
  };
}

const INT_MAX = 2 ** 31 - 1;

function measured(fd: AsFd): Path {
  const path = measurePath(fd);
  if (path !== null) return path;
  throw new Error("Cannot tell how large buffers should be: too little went through to measure");
}

function bytesOf(size: BufferSize): number {
  if ("bytes" in size) {
    requireKnown(size, ["bytes"]);
    return requireInteger(size.bytes, "bytes", 1, Number.MAX_SAFE_INTEGER);
  }
  return bandwidthDelayProduct(size);
}

/** A window is 16 bits, and the factor that both ends agreed on. */
function windowMax(fd: AsFd): number | undefined {
  const isTcp = getOption(fd, "type") === "stream" && getOption(fd, "protocol") === IPPROTO_TCP;
  if (!isTcp) return undefined;
  const { state, receiveWindowScale } = tcpInfo(fd);
  const isFixed = state !== "closed" && state !== "listening" && state !== "synSent";
  return isFixed ? 0xffff * 2 ** receiveWindowScale : undefined;
}
