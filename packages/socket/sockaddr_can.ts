import { requireBytes, requireInteger, requireKnown } from "@posixly/sys";
import type { CanAddress } from "./address.ts";
import { AF_CAN, sockaddrCan } from "./libc.ts";

/** Where the addresses of the protocols begin, a union of which all members end by its size. */
const { can_addr: START } = sockaddrCan.offsets;
const ROOM = sockaddrCan.size - START;

export function writeCan(address: CanAddress, into: Uint8Array): number {
  requireKnown(address, ["family", "interface", "detail"]);
  const { detail = new Uint8Array() } = address;
  if (!(detail instanceof Uint8Array)) throw new TypeError("detail must be a Uint8Array");
  if (requireBytes(detail, "detail").length > ROOM) {
    throw new RangeError(`detail must be ${ROOM} bytes at most, not ${detail.length}`);
  }
  into.set(sockaddrCan.encode({
    can_family: AF_CAN,
    can_ifindex: requireInteger(address.interface, "interface"),
  }));
  into.set(detail, START);
  return sockaddrCan.size;
}

/** Protocols without addresses of their own tell the interface alone. */
export function readCan(bytes: Uint8Array, length: number): CanAddress | undefined {
  if (length < START) return undefined;
  const whole = new Uint8Array(sockaddrCan.size);
  whole.set(bytes.subarray(0, Math.min(length, whole.length)));
  const { can_ifindex } = sockaddrCan.view(whole);
  if (can_ifindex < 0) return undefined;
  const detail = whole.slice(START);
  const rest = detail.every((byte) => byte === 0) ? {} : { detail };
  return { family: "can", interface: can_ifindex, ...rest };
}
