import {
  type AddressLike,
  decodeAddress,
  encodeAddress,
  type Ipv4Address,
  type Ipv6Address,
  parseIpv4,
  parseIpv6,
} from "@posixly/socket";
import { AF_INET, AF_INET6, inetDiagSockid } from "./libc.ts";

/** What a connection is known by. */
export interface Ends {
  readonly family: number;
  /** As `struct inet_diag_sockid`. */
  readonly id: Uint8Array;
}

/** What the connection between two addresses is known by. */
export function endsOf(local: AddressLike, remote: AddressLike): Ends {
  const [near, far] = [internet(local), internet(remote)];
  if (near.family !== far.family) throw new TypeError(NEEDS_TWO);
  const id = inetDiagSockid.encode({
    idiag_sport: near.port,
    idiag_dport: far.port,
    idiag_src: bytesOf(near),
    idiag_dst: bytesOf(far),
    idiag_if: near.family === "ipv6" ? near.scope : 0,
  });
  id.fill(ANY_COOKIE, inetDiagSockid.offsets.idiag_cookie);
  return { family: near.family === "ipv4" ? AF_INET : AF_INET6, id };
}

/** Each byte of `INET_DIAG_NOCOOKIE`: whichever it is. */
export const ANY_COOKIE = 0xff;

const NEEDS_TWO = "A connection over TCP is between two addresses of ipv4, or of ipv6";

function internet(like: AddressLike): Ipv4Address | Ipv6Address {
  const address = decodeAddress(encodeAddress(like)); // whichever way it was written
  if (address.family === "ipv4" || address.family === "ipv6") return address;
  throw new TypeError(NEEDS_TWO);
}

/** Its bytes, as many as one of IPv6 has. */
function bytesOf({ family, host }: Ipv4Address | Ipv6Address): Uint8Array {
  const bytes = new Uint8Array(16);
  bytes.set((family === "ipv4" ? parseIpv4(host) : parseIpv6(host))!);
  return bytes;
}
