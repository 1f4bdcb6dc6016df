import { Buffer } from "node:buffer";
import { errno, ok } from "@posixly/sys";
import { libc, MSG_DONTWAIT } from "../libc.ts";

/** How much is received at once; a head is shorter, see {@linkcode HEAD_LIMIT}. */
const SIZE = 65_536;

/** How long the head of a request may be. */
export const HEAD_LIMIT = 32_768;

/**
 * Where requests arrive. It is used for no longer than a call, so that one serves all
 * connections: what of a request is there too early is kept elsewhere.
 */
export const inbox: Buffer = Buffer.from(new ArrayBuffer(SIZE));

/**
 * Receives what has come, after what was kept.
 *
 * @returns Where it ends in the inbox: 0 is the end of all; `null` if nothing has come
 * @throws {SyscallError} If the connection is broken
 */
export function receive(from: number, kept: Uint8Array | undefined): number | null {
  if (kept === undefined) return take(from, inbox);
  inbox.set(kept);
  const n = take(from, inbox.subarray(kept.length));
  return n === null || n === 0 ? n : kept.length + n;
}

function take(from: number, into: Uint8Array): number | null {
  let n: number;
  do n = libc.recv(from, into, into.length, MSG_DONTWAIT); while (n === -errno.EINTR);
  return n === -errno.EAGAIN ? null : ok(n, "recv", { fd: from });
}
