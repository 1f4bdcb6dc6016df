import { get16, joined, put16 } from "./bytes.ts";
import { Ipv4Packet } from "./ipv4.ts";
import { Ipv6Packet } from "./ipv6.ts";
import { extensionSize } from "./ipv6_chain.ts";
import { ipProtocol } from "./numbers.ts";

/** A fragment, taken apart; the bytes are not copied. */
export interface IpFragment {
  readonly version: 4 | 6;
  /** What the fragments of one packet have in common, as a key. */
  readonly key: string;
  /** All headers before the data. */
  readonly header: Uint8Array;
  readonly data: Uint8Array;
  readonly offset: number;
  readonly more: boolean;
  /** Makes the whole packet of the header of the first fragment and all data. */
  readonly whole: (header: Uint8Array, data: Uint8Array) => Uint8Array<ArrayBuffer>;
}

/** Takes a fragment apart; a packet that is none is returned as it is, without what follows it. */
export function fragmentOf(packet: Uint8Array): IpFragment | Uint8Array {
  return packet[0] >> 4 === 6
    ? fragmentOf6(Ipv6Packet.parse(packet))
    : fragmentOf4(Ipv4Packet.parse(packet));
}

function fragmentOf4(ip: Ipv4Packet): IpFragment | Uint8Array {
  const { bytes, payloadEnd, header, payload, fragmentOffset, moreFragments } = ip;
  if (!ip.isFragment) return bytes.subarray(0, payloadEnd);
  return {
    version: 4,
    key: `${text(bytes, 12, 20)}${text(bytes, 4, 6)}${text(bytes, 9, 10)}`,
    header,
    data: payload,
    offset: fragmentOffset,
    more: moreFragments,
    whole: whole4,
  };
}

function whole4(header: Uint8Array, data: Uint8Array): Uint8Array<ArrayBuffer> {
  const made = joined(header, data);
  put16(made, 2, made.length);
  const view = Ipv4Packet.parse(made);
  view.fragmentOffset = 0;
  view.moreFragments = false;
  view.updateChecksum();
  return made;
}

function fragmentOf6(ip: Ipv6Packet): IpFragment | Uint8Array {
  const { bytes, payloadStart, payloadEnd } = ip;
  let [at, nextAt] = [payloadStart, 6];
  while (bytes[nextAt] !== ipProtocol.fragment) {
    const size = at + 8 <= payloadEnd ? extensionSize(bytes[nextAt], bytes, at) : 0;
    if (size === 0) return bytes.subarray(0, payloadEnd);
    nextAt = at;
    at += size;
  }
  if (at + 8 > payloadEnd) return bytes.subarray(0, payloadEnd);
  const field = get16(bytes, at + 2);
  const header = bytes.subarray(0, at + 8);
  const data = bytes.subarray(at + 8, payloadEnd);
  if ((field & 0xfff9) === 0) return whole6(header, data); // atomic: it waits for nothing, RFC 6946
  return {
    version: 6,
    key: `${text(bytes, 8, 40)}${text(bytes, at + 4, at + 8)}`,
    header,
    data,
    offset: field & 0xfff8,
    more: (field & 1) !== 0,
    whole: whole6,
  };
}

/** The fragment header is the last of the headers, and is taken out. */
function whole6(header: Uint8Array, data: Uint8Array): Uint8Array<ArrayBuffer> {
  const end = header.length - 8;
  const made = joined(header.subarray(0, end), data);
  let [at, nextAt] = [40, 6];
  while (at < end) {
    const size = extensionSize(header[nextAt], header, at);
    nextAt = at;
    at += size;
  }
  made[nextAt] = header[end];
  put16(made, 4, made.length - 40);
  return made;
}

function text(bytes: Uint8Array, start: number, end: number): string {
  return String.fromCharCode(...bytes.subarray(start, end));
}
