import { type AddressLike, encodeAddress } from "@posixly/socket";
import { AF_INET, AF_INET6, inetDiagSockid, sockaddrIn, sockaddrIn6 } from "./libc.ts";

/** What a connection is known by. */
export interface Ends {
  readonly family: number;
  /** As `struct inet_diag_sockid`. */
  readonly id: Uint8Array;
}

/** What the connection between two addresses is known by. */
export function endsOf(local: AddressLike, remote: AddressLike): Ends {
  const [near, far] = [encodeAddress(local), encodeAddress(remote)];
  const family = near[0];
  if (family !== far[0] || (family !== AF_INET && family !== AF_INET6)) {
    throw new TypeError("A connection over TCP is between two addresses of ipv4, or of ipv6");
  }
  const { port, host, scope } = family === AF_INET ? ipv4 : ipv6;
  const id = new Uint8Array(inetDiagSockid.size).fill(ANY_COOKIE, offsets.idiag_cookie);
  id.set(near.subarray(...port), offsets.idiag_sport);
  id.set(far.subarray(...port), offsets.idiag_dport);
  id.set(near.subarray(...host), offsets.idiag_src);
  id.set(far.subarray(...host), offsets.idiag_dst);
  id.set(near.subarray(...scope), offsets.idiag_if);
  return { family, id };
}

const { offsets } = inetDiagSockid;

/** Each byte of `INET_DIAG_NOCOOKIE`: whichever it is. */
export const ANY_COOKIE = 0xff;

/** From where to where the parts of an address are; one of IPv4 has no scope. */
const ipv4 = {
  port: placed(sockaddrIn.offsets.sin_port, 2),
  host: placed(sockaddrIn.offsets.sin_addr, 4),
  scope: placed(0, 0),
};
const ipv6 = {
  port: placed(sockaddrIn6.offsets.sin6_port, 2),
  host: placed(sockaddrIn6.offsets.sin6_addr, 16),
  scope: placed(sockaddrIn6.offsets.sin6_scope_id, 4),
};

function placed(start: number, length: number): [start: number, end: number] {
  return [start, start + length];
}
