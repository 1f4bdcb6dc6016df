import { signalOf, type WaitOptions } from "@posixly/mux";
import type { QueuedError } from "@posixly/socket";
import { requireKnown } from "@posixly/sys";
import type { SendZerocopyOptions } from "./send_zerocopy.ts";

/**
 * When memory is lent rather than copied, see {@linkcode zerocopySender}.
 *
 * @example Usage
 * ```ts
 * import { udp } from "@posixly/socket";
 * import { pages, zerocopySender, type ZerocopySenderOptions } from "@posixly/zerocopy";
 * import assert from "node:assert/strict";
 *
 * const always: ZerocopySenderOptions = { minimum: 1 };
 * using socket = udp("127.0.0.1:0");
 * await using sender = zerocopySender(socket, always);
 * const { path } = await sender.send(pages(100), { to: socket.localAddress });
 * assert.equal(path, "zerocopy");
 * ```
 */
export interface ZerocopySenderOptions {
  /** From how many bytes on memory is lent; by default 10240, since fewer are cheaper to copy. */
  readonly minimum?: number;
  /**
   * Told of what else is in the error queue of the socket, which the sender empties: answers of the
   * network, with the options `ipReceiveError` and `ipv6ReceiveError`, and when something was sent.
   */
  readonly onQueuedError?: (error: QueuedError) => void;
}

/**
 * Whom bytes are for, and how to give up, see `send` of {@linkcode zerocopySender}.
 *
 * @example Usage
 * ```ts
 * import { udp } from "@posixly/socket";
 * import { pages, type ZerocopySendOptions, zerocopySender } from "@posixly/zerocopy";
 *
 * using socket = udp("127.0.0.1:0");
 * await using sender = zerocopySender(socket);
 * const there: ZerocopySendOptions = { to: socket.localAddress, timeout: 1000 };
 * await sender.send(pages(20_000), there);
 * ```
 */
export interface ZerocopySendOptions extends SendZerocopyOptions, WaitOptions {}

/**
 * What became of bytes that were sent, see `send` of {@linkcode zerocopySender}.
 *
 * @example Usage
 * ```ts
 * import { udp } from "@posixly/socket";
 * import { pages, zerocopySender, type ZerocopySent } from "@posixly/zerocopy";
 * import assert from "node:assert/strict";
 *
 * using socket = udp("127.0.0.1:0");
 * await using sender = zerocopySender(socket);
 * const sent: ZerocopySent = await sender.send(pages(20_000), { to: socket.localAddress });
 * // Within one machine the kernel copies what was lent.
 * assert.deepEqual(sent, { bytes: 20_000, copied: true, path: "zerocopy" });
 * ```
 */
export interface ZerocopySent {
  /** How many bytes: all. */
  readonly bytes: number;
  /** Whether some of them were copied after all, by the kernel or since they were not lent. */
  readonly copied: boolean;
  /** Whether they were lent to the kernel, or sent as ever, or some one way and some the other. */
  readonly path: "zerocopy" | "send" | "both";
}

/** How to send, checked. */
export interface How {
  readonly given: AbortSignal | undefined;
  readonly where: SendZerocopyOptions;
}

/** Without options. */
export const plainly: How = { given: undefined, where: {} };

/** Checks how to send. */
export function howOf(options: ZerocopySendOptions): How {
  requireKnown(options, ["to", "more", "signal", "timeout"]);
  const { signal, timeout, ...where } = options;
  return { given: signalOf({ signal, timeout }), where };
}
