import { type AsFd, fdOf } from "@posixly/fd";
import { type Bytes, ok, requireBytes, requireInteger } from "@posixly/sys";
import { libc } from "./libc.ts";

/** The kernel reads here how long an answer may be, and writes how long it is. */
const answered = new Uint32Array(1);
const integer = new Int32Array(1);

/** The longest value of an option that we take or ask for. */
const LONGEST = 2 ** 24;

/**
 * Asks for an option by its numbers, getsockopt(2). {@linkcode getOption} knows most of them by
 * name; this is for all others.
 *
 * @param fd The socket
 * @param level Who has the option, such as `SOL_SOCKET` or `IPPROTO_TCP`
 * @param option Which one
 * @param length How many bytes the answer may have: 4 by default, as most options are an `int`
 * @returns The answer, which may be shorter
 * @throws {SyscallError} `ENOPROTOOPT` or `EOPNOTSUPP` if there is no such option of such a socket,
 * `ENOTSOCK` if it is no socket, `EINVAL` or `ERANGE` if `length` is too small
 * @throws {TypeError | RangeError} If a number is none, or out of range
 *
 * @example Usage
 * ```ts
 * import { getsockopt, socket } from "@posixly/socket";
 * import assert from "node:assert/strict";
 *
 * const IPPROTO_TCP = 6;
 * const TCP_CC_INFO = 26; // what the congestion control has to tell
 * using tcp = socket("ipv4", "stream");
 * const vegas = getsockopt(tcp, IPPROTO_TCP, TCP_CC_INFO, 20);
 * assert.ok(vegas.length <= 20);
 * ```
 */
export function getsockopt(
  fd: AsFd,
  level: number,
  option: number,
  length = 4,
): Uint8Array<ArrayBuffer> {
  const number = fdOf(fd);
  requireNumbers(level, option);
  const value = new Uint8Array(requireInteger(length, "length", 0, LONGEST));
  const { result, size } = ask(number, level, option, value);
  ok(result, "getsockopt", { fd: number });
  return value.subarray(0, size);
}

/**
 * Sets an option by its numbers, setsockopt(2). {@linkcode setOptions} knows most of them by name;
 * this is for all others.
 *
 * @param fd The socket
 * @param level Who has the option, such as `SOL_SOCKET` or `IPPROTO_TCP`
 * @param option Which one
 * @param value A number for an `int` or an `unsigned`, or the bytes
 * @throws {SyscallError} `ENOPROTOOPT` or `EOPNOTSUPP` if there is no such option of such a socket,
 * `ENOTSOCK` if it is no socket, `EINVAL` if the value is not good, `EPERM` if it takes a right we
 * lack
 * @throws {TypeError | RangeError} If a number is none, or out of range
 *
 * @example Usage
 * ```ts
 * import { getsockopt, setsockopt, socket } from "@posixly/socket";
 * import assert from "node:assert/strict";
 *
 * const IPPROTO_TCP = 6;
 * const TCP_THIN_LINEAR_TIMEOUTS = 16;
 * using tcp = socket("ipv4", "stream");
 * setsockopt(tcp, IPPROTO_TCP, TCP_THIN_LINEAR_TIMEOUTS, 1);
 * assert.equal(getsockopt(tcp, IPPROTO_TCP, TCP_THIN_LINEAR_TIMEOUTS)[0], 1);
 * ```
 */
export function setsockopt(
  fd: AsFd,
  level: number,
  option: number,
  value: number | Bytes,
): void {
  const number = fdOf(fd);
  requireNumbers(level, option);
  const bytes = typeof value === "number" ? word(value) : requireBytes(value, "value");
  requireInteger(bytes.byteLength, "the length of value", 0, LONGEST);
  const result = libc.setsockopt(number, level, option, bytes, bytes.byteLength);
  ok(result, "setsockopt", { fd: number });
}

function requireNumbers(level: number, option: number): void {
  requireInteger(level, "level");
  requireInteger(option, "option");
}

/** An `int` or an `unsigned`, which look the same. */
function word(value: number): Int32Array {
  integer[0] = requireInteger(value, "value", -(2 ** 31), 2 ** 32 - 1);
  return integer;
}

/**
 * What `getsockopt` returned, how many bytes it has filled in, and how many there would have been:
 * some options tell when there was not room enough.
 */
export function ask(fd: number, level: number, option: number, value: Uint8Array): {
  readonly result: number;
  readonly size: number;
  readonly wanted: number;
} {
  answered[0] = value.length;
  const result = libc.getsockopt(fd, level, option, value, answered);
  const wanted = answered[0];
  return { result, size: Math.min(wanted, value.length), wanted };
}
