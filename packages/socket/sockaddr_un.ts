import { cstring, requireKnown } from "@posixly/sys";
import type { UnixAddress } from "./address.ts";
import { AF_UNIX, sockaddrUn } from "./libc.ts";
import { bytesOf, textOf } from "./text.ts";

/** Where the name begins, and where a struct that is full ends. */
const { sun_path: START } = sockaddrUn.offsets;
const END = sockaddrUn.size;
const ROOM = END - START;

export function writeUn(address: UnixAddress, into: Uint8Array): number {
  requireKnown(address, ["family", "path", "abstract"]);
  const { path, abstract } = address;
  into[0] = AF_UNIX;
  if (path === undefined) return abstract === undefined ? START : writeAbstract(abstract, into);
  if (abstract !== undefined) throw new TypeError("an address has a path or is abstract, not both");
  return writePath(path, into);
}

/** The NUL after a path counts, but a path that fills the struct has none. */
function writePath(path: string | Uint8Array, into: Uint8Array): number {
  const terminated = cstring(path, "path");
  const length = terminated.length - 1;
  if (length === 0) throw new RangeError("path must not be empty; leave it out to have no name");
  if (length > ROOM) {
    throw new RangeError(
      `path must be ${ROOM} bytes at most, not ${length}; a relative one may be shorter`,
    );
  }
  into.set(terminated.subarray(0, ROOM), START);
  return Math.min(START + terminated.length, END);
}

/** A NUL comes first and is no part of the name, whose length is all that ends it. */
function writeAbstract(abstract: string | Uint8Array, into: Uint8Array): number {
  const name = bytesOf(abstract, "abstract");
  if (name.length > ROOM - 1) {
    throw new RangeError(`abstract must be ${ROOM - 1} bytes at most, not ${name.length}`);
  }
  into.set(name, START + 1);
  return START + 1 + name.length;
}

export function readUn(bytes: Uint8Array, length: number): UnixAddress {
  const name = bytes.subarray(START, Math.min(length, END));
  if (name.length === 0) return { family: "unix" };
  if (name[0] === 0) return { family: "unix", abstract: textOf(name.subarray(1)) };
  const end = name.indexOf(0);
  return { family: "unix", path: textOf(end === -1 ? name : name.subarray(0, end)) };
}
