import { get16, get32 } from "./bytes.ts";
import { ipProtocol } from "./numbers.ts";

// What has to be known of the headers after that of IPv6 without making views of them.

const JUMBO = 0xc2;
const HOME_ADDRESS = 0xc9;

/** The length in the jumbo payload option of the hop-by-hop header at `start`, RFC 2675; 0 if none. */
export function jumboLength(bytes: Uint8Array, start: number, end: number): number {
  const at = optionIn(bytes, start, end, JUMBO, 4);
  return at === 0 ? 0 : get32(bytes, at);
}

/** Where the address of a mobile node is in the destination options at `start`; 0 if it is not. */
export function homeAddressIn(bytes: Uint8Array, start: number, end: number): number {
  return optionIn(bytes, start, end, HOME_ADDRESS, 16);
}

/** Where the data of an option is in the header at `start`; 0 if there is none that is so long. */
function optionIn(
  bytes: Uint8Array,
  start: number,
  end: number,
  kind: number,
  size: number,
): number {
  if (start + 8 > end) return 0;
  const last = Math.min(end, start + (bytes[start + 1] + 1) * 8);
  for (let at = start + 2; at + 1 < last;) {
    if (bytes[at] === 0) {
      at++;
      continue;
    }
    const length = bytes[at + 1];
    if (bytes[at] === kind && length === size && at + 2 + size <= last) return at + 2;
    at += 2 + length;
  }
  return 0;
}

/**
 * Where the addresses of a pseudo header are. A routing header with segments left has the last
 * destination, RFC 8200 section 8.1, and the home address of a mobile node is its source, RFC 6275
 * section 11.3.1.
 */
export function lastIpv6Endpoints(
  bytes: Uint8Array,
  start: number,
  end: number,
): { source: number; destination: number } {
  let source = start + 8;
  let destination = 0;
  let protocol = bytes[start + 6];
  let at = start + 40;
  while (at + 8 <= end) {
    const size = extensionSize(protocol, bytes, at);
    if (size === 0) break;
    if (protocol === ipProtocol.routing) destination ||= routedTo(bytes, at, end);
    if (protocol === ipProtocol.destinationOptions) {
      source = homeAddressIn(bytes, at, end) || source;
    }
    if (protocol === ipProtocol.fragment && (get16(bytes, at + 2) & 0xfff8) !== 0) break;
    protocol = bytes[at];
    at += size;
  }
  return { source, destination: destination || start + 24 };
}

/** How long an extension header is, in bytes; 0 if the protocol is none. */
export function extensionSize(protocol: number, bytes: Uint8Array, at: number): number {
  switch (protocol) {
    case ipProtocol.hopByHop:
    case ipProtocol.routing:
    case ipProtocol.destinationOptions:
      return (bytes[at + 1] + 1) * 8;
    case ipProtocol.fragment:
      return 8;
    case ipProtocol.authentication: // the only one in units of four bytes
      return (bytes[at + 1] + 2) * 4;
  }
  return 0;
}

/** Where the last address of a routing header is; 0 if it has been gone to its end, or has none. */
export function routedTo(bytes: Uint8Array, at: number, end: number): number {
  const size = (bytes[at + 1] + 1) * 8;
  const type = bytes[at + 2];
  if (bytes[at + 3] === 0 || at + size > end || size < 24) return 0;
  if (type === SOURCE_ROUTE || type === MOBILE_HOME) {
    return (size - 8) % 16 === 0 ? at + size - 16 : 0;
  }
  return type === SEGMENTS ? at + 8 : 0; // RFC 8754: in reverse order
}

/** RFC 2460, deprecated by RFC 5095. */
export const SOURCE_ROUTE = 0;
/** RFC 6275. */
export const MOBILE_HOME = 2;
/** RFC 8754. */
export const SEGMENTS = 4;
