import { isIPv6 } from "node:net";

const authority = /^(?:(?:[!$&'()*+,;=._~\w-]|%[\da-f]{2})+|\[([\da-f:.]+)\])(?::\d*)?$/i;

/** Whether that is a host, by its name or address, and a port if there is one; RFC 3986 section 3.2. */
export function isAuthority(text: string): boolean {
  const found = authority.exec(text);
  return found !== null && (found[1] === undefined || isIPv6(found[1]));
}
