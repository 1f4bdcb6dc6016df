import type { Plan, Prefix } from "./filter.ts";
import { AF_INET } from "./libc.ts";
import { addressBytesOf, type SocketEntry } from "./socket_entry.ts";
import { stateNumbers } from "./states.ts";

/** Whether a socket is wanted: what the kernel would have said, for where it was not asked. */
export function matches(plan: Plan, entry: SocketEntry): boolean {
  switch (plan.kind) {
    case "and":
      return plan.parts.every((part) => matches(part, entry));
    case "or":
      return plan.parts.some((part) => matches(part, entry));
    case "not":
      return !matches(plan.part, entry);
    case "state":
      return (plan.mask & 1 << stateNumbers[entry.state]) !== 0;
    case "address":
      return hasPrefix(addressBytesOf(entry, plan.side), plan.prefix);
    case "port": {
      const port = plan.side === "local" ? entry.localPort : entry.remotePort;
      return plan.first <= port && port <= plan.last;
    }
    case "interface":
      return entry.interface === plan.index;
    case "autoBound":
      throw new Error("Who chose a port is not told by /proc, and netlink could not be asked");
  }
}

function hasPrefix(address: Uint8Array, { family, bytes, bits }: Prefix): boolean {
  if (address.length === bytes.length) return sameBits(address, bytes, bits);
  return family === AF_INET && isMapped(address) && sameBits(address.subarray(12), bytes, bits);
}

/** Whether it is one of IPv4, in the clothes of IPv6. */
function isMapped(address: Uint8Array): boolean {
  return address.subarray(0, 10).every((byte) => byte === 0) &&
    address[10] === 0xff && address[11] === 0xff;
}

function sameBits(a: Uint8Array, b: Uint8Array, bits: number): boolean {
  const whole = bits >> 3;
  for (let i = 0; i < whole; i++) if (a[i] !== b[i]) return false;
  const rest = bits & 7;
  return rest === 0 || (a[whole] ^ b[whole]) >> (8 - rest) === 0;
}
