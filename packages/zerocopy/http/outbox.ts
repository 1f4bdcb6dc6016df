import { Buffer } from "node:buffer";
import { type AsFd, fdOf } from "@posixly/fd";
import { addressOf } from "@posixly/sys";
import { iovec, libc, RWF_NOWAIT, SYS_preadv2 } from "../libc.ts";

/** How long an answer may be that is put together here. */
const SIZE = 131_072;

/**
 * Where an answer is put together before it goes out; it is used for no longer than a call, so that
 * one serves all connections.
 */
export const outbox: Buffer = Buffer.from(new ArrayBuffer(SIZE));

/** A `struct iovec` in words of 32 bits, and the address of the outbox, which is less than 2 ** 53. */
const vector = new Int32Array(iovec.size / 4);
let address = 0;

/**
 * Reads a part of a file into the outbox, if all of it is in memory.
 *
 * @param at Where in the outbox it goes
 * @returns Whether it did
 */
export function readCached(file: AsFd, offset: number, length: number, at: number): boolean {
  if (at + length > SIZE) return false;
  address ||= Number(addressOf(outbox));
  vector[0] = address + at; // the lower half of it
  vector[1] = (address + at) / 2 ** 32;
  vector[2] = length;
  return libc.syscall$preadv2(SYS_preadv2, fdOf(file), vector, 1, offset, 0, RWF_NOWAIT) === length;
}
