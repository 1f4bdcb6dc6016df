// Where the kernel and we write addresses for each other. Every call uses the same room, since no
// two are ever under way.
import type { SocketAddress } from "./address.ts";
import { ADDRESS_SIZE, decodeAddress } from "./sockaddr.ts";

/** The room itself, for any address there is. */
export const room: Uint8Array<ArrayBuffer> = new Uint8Array(ADDRESS_SIZE);

const length = new Uint32Array(1);

/** How much room there is: the kernel makes of it how long the address is. */
export function roomLength(): Uint32Array<ArrayBuffer> {
  length[0] = room.length;
  return length;
}

/** The address that the kernel has left there. */
export function addressInRoom(): SocketAddress {
  return decodeAddress(room, length[0]);
}
