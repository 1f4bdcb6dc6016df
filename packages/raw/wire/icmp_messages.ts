import { writeIpv4 } from "./addresses.ts";
import { requireInteger, requireKnown } from "../arguments.ts";
import { get32, put32 } from "./bytes.ts";
import { icmp, type IcmpLayer, type IcmpTimes, icmpType } from "./icmp.ts";

const MAX = 0xffff;
const MAX32 = 0xffff_ffff;

/**
 * An echo request or reply, as ping(8) sends them, for `packet`; what follows is sent back.
 *
 * @param fields `id` tells who pings, `sequence` which ping it is, 16 bits each; `reply` is whether
 * it is the answer, by default not
 * @returns The layer
 * @throws {TypeError | RangeError} If a field cannot be
 *
 * @example Usage
 * ```ts
 * import { icmpEcho, IcmpMessage, packet } from "@posixly/raw/wire";
 * import assert from "node:assert/strict";
 *
 * const echo = IcmpMessage.parse(packet(icmpEcho({ id: 0x1234, sequence: 7 }), new Uint8Array(56)));
 * assert.equal(echo.id, 0x1234);
 * assert.equal(echo.sequence, 7);
 * ```
 */
export function icmpEcho(
  fields: { readonly id: number; readonly sequence: number; readonly reply?: boolean },
): IcmpLayer {
  requireKnown(fields, ["id", "sequence", "reply"]);
  const { id, sequence, reply = false } = fields;
  const type = reply ? icmpType.echoReply : icmpType.echoRequest;
  return icmp({ type, rest: restOf(id, "id", sequence, "sequence") });
}

/** Two halves of 16 bits. */
export function restOf(high: number, highName: string, low: number, lowName: string): number {
  return requireInteger(high, highName, 0, MAX) * 0x1_0000 + requireInteger(low, lowName, 0, MAX);
}

/**
 * That a packet could not be delivered, for `packet`; the packet, or its beginning, follows.
 *
 * @param fields `code` is why: 0 no such network, 1 host, 2 protocol, 3 port; 4 is a packet that
 * must not be fragmented and is longer than `nextHopMtu`, in bytes
 * @returns The layer
 * @throws {TypeError | RangeError} If a field cannot be
 *
 * @example Usage
 * ```ts
 * import { icmpUnreachable, ipv4, packet } from "@posixly/raw/wire";
 * import assert from "node:assert/strict";
 *
 * const refused = packet(ipv4({ source: "10.0.0.1", destination: "10.0.0.2" }), new Uint8Array());
 * const bytes = packet(icmpUnreachable({ code: 4, nextHopMtu: 1400 }), refused);
 * assert.equal(bytes[0], 3);
 * ```
 */
export function icmpUnreachable(
  fields: { readonly code: number; readonly nextHopMtu?: number },
): IcmpLayer {
  requireKnown(fields, ["code", "nextHopMtu"]);
  const { code, nextHopMtu = 0 } = fields;
  const rest = requireInteger(nextHopMtu, "nextHopMtu", 0, MAX);
  return icmp({ type: icmpType.unreachable, code, rest });
}

/**
 * That a packet was on its way for too long, for `packet`; the packet, or its beginning, follows.
 *
 * @param fields `code` is 0 if it passed too many routers, the default, and 1 if its fragments did
 * not come in time
 * @returns The layer
 * @throws {TypeError | RangeError} If a field cannot be
 *
 * @example Usage
 * ```ts
 * import { icmpTimeExceeded } from "@posixly/raw/wire";
 * import assert from "node:assert/strict";
 *
 * assert.equal(icmpTimeExceeded().type, 11);
 * ```
 */
export function icmpTimeExceeded(fields: { readonly code?: number } = {}): IcmpLayer {
  requireKnown(fields, ["code"]);
  return icmp({ type: icmpType.timeExceeded, code: fields.code ?? 0 });
}

/**
 * That there is a shorter way, for `packet`; the packet that took the longer one follows.
 *
 * @param fields `gateway` is the router to send to; `code` is for what: 0 the network, 1 the host,
 * which is the default
 * @returns The layer
 * @throws {TypeError | RangeError} If a field cannot be
 *
 * @example Usage
 * ```ts
 * import { icmpRedirect, IcmpMessage, packet } from "@posixly/raw/wire";
 * import assert from "node:assert/strict";
 *
 * const redirect = IcmpMessage.parse(packet(icmpRedirect({ gateway: "10.0.0.254" })));
 * assert.equal(redirect.gateway, "10.0.0.254");
 * ```
 */
export function icmpRedirect(
  fields: { readonly gateway: string; readonly code?: number },
): IcmpLayer {
  requireKnown(fields, ["gateway", "code"]);
  const bytes = new Uint8Array(4);
  writeIpv4(fields.gateway, "gateway", bytes, 0);
  return icmp({ type: icmpType.redirect, code: fields.code ?? 1, rest: get32(bytes, 0) });
}

/**
 * That a header is wrong, for `packet`; the packet follows.
 *
 * @param fields `pointer` is where, in bytes from its start; `code` is 0 by default
 * @returns The layer
 * @throws {TypeError | RangeError} If a field cannot be
 *
 * @example Usage
 * ```ts
 * import { IcmpMessage, icmpParameterProblem, packet } from "@posixly/raw/wire";
 * import assert from "node:assert/strict";
 *
 * assert.equal(IcmpMessage.parse(packet(icmpParameterProblem({ pointer: 20 }))).pointer, 20);
 * ```
 */
export function icmpParameterProblem(
  fields: { readonly pointer: number; readonly code?: number },
): IcmpLayer {
  requireKnown(fields, ["pointer", "code"]);
  const pointer = requireInteger(fields.pointer, "pointer", 0, 0xff);
  return icmp({
    type: icmpType.parameterProblem,
    code: fields.code ?? 0,
    rest: pointer * 0x100_0000,
  });
}

/**
 * A request for the time of day, or the answer, for `packet`.
 *
 * @param fields `id` and `sequence` as of an echo; the times, in milliseconds since midnight UTC,
 * 0 by default; `reply` is whether it is the answer, by default not
 * @returns The layer
 * @throws {TypeError | RangeError} If a field cannot be
 *
 * @example Usage
 * ```ts
 * import { IcmpMessage, icmpTimestamp, packet } from "@posixly/raw/wire";
 * import assert from "node:assert/strict";
 *
 * const bytes = packet(icmpTimestamp({ id: 1, sequence: 1, originate: 1000 }));
 * assert.deepEqual(IcmpMessage.parse(bytes).times, { originate: 1000, receive: 0, transmit: 0 });
 * ```
 */
export function icmpTimestamp(
  fields:
    & { readonly id: number; readonly sequence: number; readonly reply?: boolean }
    & Partial<
      IcmpTimes
    >,
): IcmpLayer {
  requireKnown(fields, ["id", "sequence", "reply", "originate", "receive", "transmit"]);
  const { id, sequence, reply = false, originate = 0, receive = 0, transmit = 0 } = fields;
  const body = new Uint8Array(12);
  put32(body, 0, requireInteger(originate, "originate", 0, MAX32));
  put32(body, 4, requireInteger(receive, "receive", 0, MAX32));
  put32(body, 8, requireInteger(transmit, "transmit", 0, MAX32));
  const type = reply ? icmpType.timestampReply : icmpType.timestampRequest;
  return icmp({ type, rest: restOf(id, "id", sequence, "sequence"), body });
}
