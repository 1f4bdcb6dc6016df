import type { SyscallError } from "@posixly/sys";
import type { AddressLike, UnixAddress } from "./address.ts";
import { bind } from "./bind.ts";
import { BoundFile } from "./bound_file.ts";
import { connect } from "./connect.ts";
import { socket } from "./create.ts";
import { parseAddress } from "./parse_address.ts";
import type { Socket } from "./socket.ts";

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
 * @param replaceStale Whether to replace a socket that nobody has any more
 */
export function bindAt(bound: Socket, address: UnixAddress, replaceStale = false): void {
  const { path } = address;
  try {
    bind(bound, address);
  } catch (error) {
    const isInTheWay = path !== undefined && (error as SyscallError).code === "EADDRINUSE";
    if (!isInTheWay || !replaceStale || !removeStale(path)) throw error;
    bind(bound, address);
  }
  if (path !== undefined) bound.unlinkOnClose(path);
}

/** Removes a socket that nobody has any more, if that is what is there. */
function removeStale(path: string | Uint8Array): boolean {
  const file = new BoundFile(path);
  const isStale = file.isSocket && isNobody(path) && file.isThere;
  if (isStale) file.remove();
  return isStale;
}

/**
 * Asks for a socket of messages: any other that lives is of the wrong type then, also before it
 * listens, and one that listens does not meet a stranger.
 */
function isNobody(path: string | Uint8Array): boolean {
  using probe = socket("unix", "datagram");
  try {
    connect(probe, { family: "unix", path });
    return false;
  } catch (refusal) {
    return (refusal as SyscallError).code === "ECONNREFUSED";
  }
}
