import type { SyscallError } from "@posixly/sys";
import type { AddressLike, UnixAddress } from "./address.ts";
import { bind } from "./bind.ts";
import { BoundFile } from "./bound_file.ts";
import { connect } from "./connect.ts";
import { socket } from "./create.ts";
import { parseAddress } from "./parse_address.ts";
import type { Socket } from "./socket.ts";
import type { SocketType } from "./type.ts";

/** Checks that an address is one of this machine; a text is a path, or begins with `unix:`. */
export function unixAddress(address: AddressLike): UnixAddress {
  if (typeof address === "string") {
    return address.startsWith("unix:")
      ? unixAddress(parseAddress(address))
      : { family: "unix", path: address };
  }
  if (address?.family === "unix") return address;
  throw new TypeError('address must be one of this machine: a path or { family: "unix", … }');
}

/**
 * Binds a socket, and has its file removed when it is closed.
 *
 * @param stale Of which type a socket may be that nobody listens at, and that is replaced
 */
export function bindAt(bound: Socket, address: UnixAddress, stale?: SocketType): void {
  const { path } = address;
  try {
    bind(bound, address);
  } catch (error) {
    const isInTheWay = path !== undefined && (error as SyscallError).code === "EADDRINUSE";
    if (!isInTheWay || stale === undefined || !removeStale(path, stale)) throw error;
    bind(bound, address);
  }
  if (path !== undefined) bound.unlinkOnClose(path);
}

/** Removes a socket at whose other end nobody is any more, if that is what is there. */
function removeStale(path: string | Uint8Array, type: SocketType): boolean {
  const file = new BoundFile(path);
  const isStale = file.isSocket && isRefused(path, type) && file.isThere;
  if (isStale) file.remove();
  return isStale;
}

function isRefused(path: string | Uint8Array, type: SocketType): boolean {
  using probe = socket("unix", type);
  try {
    connect(probe, { family: "unix", path });
    return false;
  } catch (refusal) {
    return (refusal as SyscallError).code === "ECONNREFUSED";
  }
}
