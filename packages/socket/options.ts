import { type AsFd, fdOf } from "@posixly/fd";
import { show, SyscallError } from "@posixly/sys";
import { type IpFacts, ipFacts, type IpOptions, ipOptions } from "./ip_options.ts";
import { type Ipv6Options, ipv6Options } from "./ipv6_options.ts";
import { libc } from "./libc.ts";
import {
  type NetlinkCommands,
  netlinkCommands,
  type NetlinkFacts,
  netlinkFacts,
  type NetlinkOptions,
  netlinkOptions,
} from "./netlink_options.ts";
import type { CommandTable, FactTable, Option } from "./option.ts";
import type { Decoder, Encoder } from "./option_kind.ts";
import { type SocketCommands, socketCommands } from "./socket_commands.ts";
import { type SocketFacts, socketFacts } from "./socket_facts.ts";
import { type SocketLevelOptions, socketOptions } from "./socket_options.ts";
import { ask } from "./sockopt.ts";
import { type TcpFacts, tcpFacts, type TcpOptions, tcpOptions } from "./tcp_options.ts";
import { type UdpOptions, udpOptions } from "./udp_options.ts";

/**
 * All options that can be set by {@linkcode setOptions}. Those of a protocol begin with its name,
 * but for those of sockets of any kind and of TCP.
 *
 * @example Usage
 * ```ts
 * import { setOptions, type SettableOptions, socket } from "@posixly/socket";
 *
 * const quick: Partial<SettableOptions> = { noDelay: true, notSentLowWater: 16_384 };
 * using tcp = socket("ipv4", "stream");
 * setOptions(tcp, quick);
 * ```
 */
export interface SettableOptions
  extends
    SocketLevelOptions,
    SocketCommands,
    IpOptions,
    Ipv6Options,
    TcpOptions,
    UdpOptions,
    NetlinkOptions,
    NetlinkCommands {}

/**
 * All that {@linkcode getOption} can be asked for.
 *
 * @example Usage
 * ```ts
 * import { getOption, type ReadableOptions, socket } from "@posixly/socket";
 * import assert from "node:assert/strict";
 *
 * const names: (keyof ReadableOptions)[] = ["noDelay", "keepAlive", "acceptsConnections"];
 * using tcp = socket("ipv4", "stream");
 * assert.deepEqual(names.map((name) => getOption(tcp, name)), [false, false, false]);
 * ```
 */
export interface ReadableOptions
  extends
    SocketLevelOptions,
    SocketFacts,
    IpOptions,
    IpFacts,
    Ipv6Options,
    TcpOptions,
    TcpFacts,
    UdpOptions,
    NetlinkOptions,
    NetlinkFacts {}

const both = {
  ...socketOptions,
  ...ipOptions,
  ...ipv6Options,
  ...tcpOptions,
  ...udpOptions,
  ...netlinkOptions,
};

export const settable: CommandTable<SettableOptions> = {
  ...both,
  ...socketCommands,
  ...netlinkCommands,
};

export const readable: FactTable<ReadableOptions> = {
  ...both,
  ...socketFacts,
  ...ipFacts,
  ...tcpFacts,
  ...netlinkFacts,
};

/**
 * What an option of a socket is, getsockopt(2).
 *
 * @param fd The socket
 * @param name Which option
 * @returns Its value, of the type that {@linkcode ReadableOptions} says
 * @throws {SyscallError} `ENOPROTOOPT` or `EOPNOTSUPP` if there is no such option of such a socket,
 * or if this kernel is too old for it, which the message says then; `ENOTCONN` if it takes a
 * peer; `ENOTSOCK` if it is no socket
 * @throws {TypeError} If there is no such name, or it can only be set
 *
 * @example Usage
 * ```ts
 * import { getOption, socket } from "@posixly/socket";
 * import assert from "node:assert/strict";
 *
 * using tcp = socket("ipv4", "stream");
 * assert.equal(getOption(tcp, "type"), "stream");
 * assert.equal(getOption(tcp, "linger"), false);
 * assert.ok(getOption(tcp, "keepIdle") > 0); // seconds: two hours as a rule
 * ```
 */
export function getOption<Name extends keyof ReadableOptions>(
  fd: AsFd,
  name: Name,
): ReadableOptions[Name] {
  const number = fdOf(fd);
  const option = found(readable, name, "read") as Option<Decoder<ReadableOptions[Name]>>;
  let value = new Uint8Array(option.kind.size);
  let answer = ask(number, option.level, option.number, value);
  if (answer.wanted > value.length) { // a list that is longer than most
    value = new Uint8Array(answer.wanted);
    answer = ask(number, option.level, option.number, value);
  }
  if (answer.result < 0) throw refusal("getsockopt", answer.result, number, name, option);
  return option.kind.decode(value.subarray(0, answer.size));
}

/**
 * Sets options of a socket, setsockopt(2), in the order in which they are given.
 *
 * All values are checked before the first is set. If the kernel then refuses one, those before it
 * are set, and those after it are not.
 *
 * @param fd The socket
 * @param options What to set; `undefined` leaves an option as it is
 * @throws {SyscallError} `ENOPROTOOPT` or `EOPNOTSUPP` if there is no such option of such a socket,
 * or if this kernel is too old for it, which the message says then; `EPERM` if it takes a right
 * that we lack; `EINVAL` if the value is not good, or comes too late; `ENOTSOCK` if it is no socket
 * @throws {TypeError | RangeError} If there is no such option, or its value is not as described
 *
 * @example Usage
 * ```ts
 * import { getOption, setOptions, socket } from "@posixly/socket";
 * import assert from "node:assert/strict";
 *
 * using tcp = socket("ipv4", "stream");
 * setOptions(tcp, { noDelay: true, keepAlive: true, keepIdle: 30, congestion: "reno" });
 * assert.equal(getOption(tcp, "keepIdle"), 30);
 * assert.equal(getOption(tcp, "congestion"), "reno");
 * ```
 */
export function setOptions(fd: AsFd, options: Partial<SettableOptions>): void {
  const number = fdOf(fd);
  for (const { name, option, bytes } of changesOf(options)) {
    const result = libc.setsockopt(number, option.level, option.number, bytes, bytes.length);
    if (result < 0) throw refusal("setsockopt", result, number, name, option);
  }
}

interface Change {
  readonly name: string;
  readonly option: Option<unknown>;
  readonly bytes: Uint8Array;
}

/** What is to be set, all of it checked. */
function changesOf(options: Partial<SettableOptions>): Change[] {
  if (typeof options !== "object" || options === null) {
    throw new TypeError(`options must be an object, not ${show(options)}`);
  }
  const changes: Change[] = [];
  for (const name in options) { // also on a prototype
    const value = options[name as keyof SettableOptions];
    const option = found(settable, name, "set") as Option<Encoder<unknown>>;
    if (value !== undefined) changes.push({ name, option, bytes: option.kind.encode(value, name) });
  }
  return changes;
}

function found(
  table: Readonly<Record<string, Option<unknown>>>,
  name: string,
  use: "read" | "set",
): Option<unknown> {
  if (Object.hasOwn(table, name)) return table[name];
  const exists = Object.hasOwn(settable, name) || Object.hasOwn(readable, name);
  throw new TypeError(
    exists ? `option ${name} cannot be ${use}` : `there is no option ${String(name)}`,
  );
}

/** The error for an option that the kernel refused, with its name. */
function refusal(
  syscall: string,
  result: number,
  fd: number,
  name: string,
  { since }: Option<unknown>,
): SyscallError {
  const error = new SyscallError(-result, syscall, { fd });
  error.message += `; the option is ${name}`;
  if (error.code === "ENOPROTOOPT" && since !== undefined) {
    error.message += `, which there is since Linux ${since}`;
  }
  return error;
}
