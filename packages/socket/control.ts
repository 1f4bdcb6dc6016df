import { requireBytes, requireInteger, requireKnown } from "@posixly/sys";
import type { AncillaryData, ReceivedControl } from "./control_data.ts";
import { kindFor, kindOf, names } from "./control_kinds.ts";
import { type ControlMessage, layOut, messagesIn } from "./control_message.ts";
import type { Credentials } from "./credentials.ts";

/** What was said of a message, but for its descriptors, which have owners by then. */
export interface Said {
  readonly credentials: Credentials | undefined;
  readonly security: string | undefined;
  readonly control: ReceivedControl;
}

const known = [...names, "others"];

const silence: Said = {
  credentials: undefined,
  security: undefined,
  control: Object.freeze({}),
};

/** What control messages say of the message that they came with. */
export function saidIn(bytes: Uint8Array): Said {
  if (bytes.length === 0) return silence;
  const { descriptors: _, pidfd: __, credentials, security, ...control } = decodeControl(bytes);
  return { credentials, security, control };
}

/**
 * The bytes of control messages, `struct cmsghdr` and what follows, as sendmsg(2) takes them.
 *
 * @param data What they shall say
 * @returns The bytes
 * @throws {TypeError | RangeError} If a value is not as described, or there is no such name
 *
 * @example Usage
 * ```ts
 * import { encodeControl } from "@posixly/socket";
 * import assert from "node:assert/strict";
 *
 * const bytes = encodeControl({ hopLimit: 3 });
 * const IPPROTO_IPV6 = 41;
 * const IPV6_HOPLIMIT = 52;
 * assert.deepEqual([...new Int32Array(bytes.buffer)], [20, 0, IPPROTO_IPV6, IPV6_HOPLIMIT, 3, 0]);
 * ```
 */
export function encodeControl(data: AncillaryData): Uint8Array<ArrayBuffer> {
  const { others = [], ...named } = data;
  requireKnown(data, known);
  const messages: ControlMessage[] = [];
  for (const [name, value] of Object.entries(named)) {
    if (value === undefined) continue;
    const { level, type, kind } = kindFor(name, value);
    messages.push({ level, type, bytes: kind.encode(value, name) });
  }
  return layOut([...messages, ...checked(others)]);
}

function checked(others: readonly ControlMessage[]): readonly ControlMessage[] {
  if (!Array.isArray(others)) throw new TypeError("others must be an array");
  for (const { level, type, bytes } of others) {
    requireInteger(level, "level");
    requireInteger(type, "type");
    if (!(bytes instanceof Uint8Array)) throw new TypeError("bytes must be a Uint8Array");
    requireBytes(bytes, "bytes");
  }
  return others;
}

/**
 * What control messages say, as recvmsg(2) gives them. Never reads past the end: of one that was
 * cut short, descriptors count as far as they are whole; the rest goes to `others`.
 *
 * @param bytes The control messages, as many bytes as there are
 * @returns What they say, in copies
 * @throws {TypeError} If `bytes` is no `Uint8Array`
 *
 * @example Usage
 * ```ts
 * import { decodeControl, encodeControl } from "@posixly/socket";
 * import assert from "node:assert/strict";
 *
 * const bytes = encodeControl({ ttl: 64, descriptors: [5, 6] });
 * assert.deepEqual(decodeControl(bytes), { ttl: 64, descriptors: [5, 6] });
 * assert.deepEqual(decodeControl(bytes.subarray(0, -1)), { ttl: 64, descriptors: [5] });
 * ```
 */
export function decodeControl(bytes: Uint8Array): AncillaryData {
  if (!(bytes instanceof Uint8Array)) throw new TypeError("bytes must be a Uint8Array");
  const data: Record<string, unknown> = {};
  const others: ControlMessage[] = [];
  for (const message of messagesIn(bytes)) {
    const known = kindOf(message);
    if (known === undefined || known.name in data || message.bytes.length < known.kind.size) {
      others.push({ ...message, bytes: message.bytes.slice() });
    } else {
      data[known.name] = known.kind.decode(message.bytes);
    }
  }
  return others.length === 0 ? data : { ...data, others };
}
