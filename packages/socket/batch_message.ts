import type { OwnedFd } from "@posixly/fd";
import type { SocketAddress } from "./address.ts";
import type { ReceivedControl } from "./control_data.ts";
import type { Credentials } from "./credentials.ts";

/**
 * One message of a {@linkcode MessageBatch}. It stays the same object, and what it says is about the
 * message that is there now.
 *
 * @example Usage
 * ```ts
 * import { type BatchMessage, MessageBatch } from "@posixly/socket";
 * import assert from "node:assert/strict";
 *
 * const batch = new MessageBatch();
 * const message: BatchMessage = batch.add()!;
 * message.buffer.set([1, 2, 3]); // in place
 * message.length = 3;
 * message.address = { family: "ipv4", host: "127.0.0.1", port: 5000 };
 * assert.deepEqual([...message.bytes], [1, 2, 3]);
 * ```
 */
export interface BatchMessage {
  /** The memory for its bytes, all of it. */
  readonly buffer: Uint8Array<ArrayBuffer>;
  /** How many bytes it has; if it was received with `truncate`, also more than there is room for. */
  length: number;
  /** Its bytes, where they lie. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Who sent it, or whom it is for; `null` on a connection, and of an unnamed `unix` sender. */
  address: SocketAddress | null;
  /** What else the kernel says of it; or set, a {@linkcode Control} that it shall be told. */
  control: ReceivedControl;
  /** How many of its bytes were sent when it was sent last: on a stream this may be a part. */
  readonly sent: number;
  /** Whether a part of it did not fit, and was lost: `MSG_TRUNC`. */
  readonly truncated: boolean;
  /** Whether something that came along was lost: `MSG_CTRUNC`. */
  readonly controlTruncated: boolean;
  /** Whether a record ends here, where the protocol has such: `MSG_EOR`. */
  readonly endOfRecord: boolean;
  /** The descriptors that came along, close-on-exec, which are for you to close. */
  readonly descriptors: readonly OwnedFd[];
  /** How many more came than were asked for; they were closed. */
  readonly surplus: number;
  /** Which process sent it, if the option `passCredentials` is set. */
  readonly credentials: Credentials | undefined;
  /** The same as a descriptor, if the option `passPidfd` is set; for you to close. */
  readonly pidfd: OwnedFd | undefined;
  /** Its security context, if the option `passSecurity` is set. */
  readonly security: string | undefined;
}
