import { requireInteger, requireKnown } from "@posixly/sys";
import { ucred } from "./libc.ts";
import type { Kind } from "./option_kind.ts";

/**
 * Which process it was, and whose: `struct ucred` of unix(7). The numbers are those of our own
 * namespaces; the kernel vouches for them.
 *
 * @example Usage
 * ```ts
 * import { type Credentials, peerCredentials, socketPair } from "@posixly/socket";
 * import assert from "node:assert/strict";
 * import process from "node:process";
 *
 * using pair = socketPair();
 * const peer: Credentials = peerCredentials(pair.first)!;
 * assert.equal(peer.pid, process.pid);
 * ```
 */
export interface Credentials {
  /** The process; 0 if it is of a namespace that we do not see. */
  readonly pid: number;
  /** Its user. */
  readonly uid: number;
  /** Its group. */
  readonly gid: number;
}

const LARGEST_ID = 0xffff_fffe;

export const credentials: Kind<Credentials> = {
  size: ucred.size,
  encode(value, name) {
    requireKnown(value, ["pid", "uid", "gid"]);
    return ucred.encode({
      pid: requireInteger(value.pid, `${name}.pid`),
      uid: requireInteger(value.uid, `${name}.uid`, 0, LARGEST_ID),
      gid: requireInteger(value.gid, `${name}.gid`, 0, LARGEST_ID),
    });
  },
  decode: (bytes) => ucred.decode(bytes),
};
