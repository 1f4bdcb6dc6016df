import type { AsFd } from "@posixly/fd";
import { getOption, getsockopt, receive, setOptions } from "@posixly/socket";
import { requireBoolean, requireKnown } from "@posixly/sys";
import { decodeFilter, encodeFilter } from "./bpf/bytes.ts";
import { LONGEST } from "./bpf/codes.ts";
import type { Instruction, Program } from "./bpf/instruction.ts";
import { validateFilter } from "./bpf/validate.ts";
import { SO_GET_FILTER, SOL_SOCKET } from "./libc.ts";

/**
 * How a filter is attached.
 *
 * @example Usage
 * ```ts
 * import { attachFilter, type AttachFilterOptions } from "@posixly/raw";
 * import { assemble } from "@posixly/raw/bpf";
 * import { receive, send, socketPair } from "@posixly/socket";
 * import assert from "node:assert/strict";
 *
 * using pair = socketPair("datagram");
 * send(pair.first, new Uint8Array(8));
 * const clean: AttachFilterOptions = { drain: true };
 * attachFilter(pair.second, assemble("ret #-1"), clean);
 * assert.equal(receive(pair.second, new Uint8Array(8)), null); // it was there before
 * ```
 */
export interface AttachFilterOptions {
  /**
   * Whether what is in the queue already is thrown away, which no filter has seen. By default it is
   * for packet sockets and raw sockets, which are sent everything from their birth on, and kept for
   * all others.
   */
  readonly drain?: boolean;
}

/**
 * Attaches a filter to a socket, `SO_ATTACH_FILTER` of socket(7): the kernel runs it on everything
 * that arrives, before it is copied. It says how many bytes to keep of it, and with 0 it is as if it
 * had never come. The filter takes the place of one that was there before.
 *
 * What came between the birth of the socket and now lies in its queue unfiltered. With `drain` it
 * does not mix with what was asked for: first a filter is attached that drops everything, then the
 * queue is emptied, then the filter asked for is attached. What arrives meanwhile is lost. A ring is no
 * queue, and keeps what it has; like a packet socket it can be made with a filter from the first
 * packet on, the `filter` of its `options`.
 *
 * A filter sees of a packet what the socket would receive: from the header of the link on if it is a
 * packet socket of type `raw`, from IPv4 or IPv6 on if `datagram`; a raw socket of IPv4 from the
 * header of IPv4 on, and of IPv6 from what is behind that of IPv6; one of UDP from the header of UDP
 * on. The tag of a VLAN is taken off before, and can be asked for as `vlan_tci`.
 *
 * @param socket The socket
 * @param program The filter, such as of `assemble` or {@linkcode compileFilter}
 * @param options Whether to empty the queue before
 * @throws {FilterError} If the program is not valid
 * @throws {SyscallError} `EPERM` if a filter was locked, `ENOMEM` if it is larger than
 * `net.core.optmem_max` allows, `EINVAL` if it is too long once the kernel has translated it,
 * `ENOTSOCK` if it is no socket, or an error of the socket that was to be received, such as
 * `ENETDOWN`; it has no filter then
 * @throws {TypeError} If an option is none, or a stream is to be drained
 *
 * @example Only what begins with a 7
 * ```ts
 * import { attachFilter } from "@posixly/raw";
 * import { assemble } from "@posixly/raw/bpf";
 * import { receive, send, socketPair } from "@posixly/socket";
 * import assert from "node:assert/strict";
 *
 * using pair = socketPair("datagram");
 * attachFilter(pair.second, assemble("ldb [0]\njeq #7, 2, 3\nret #-1\nret #0"));
 * send(pair.first, new Uint8Array([6, 6]));
 * send(pair.first, new Uint8Array([7, 7, 7]));
 * assert.equal(receive(pair.second, new Uint8Array(8)), 3);
 * ```
 */
export function attachFilter(
  socket: AsFd,
  program: Program,
  options: AttachFilterOptions = {},
): void {
  requireKnown(options, ["drain"]);
  const drains = requireBoolean(options.drain, "drain");
  validateFilter(program);
  const filter = encodeFilter(program);
  if (drains ?? isSentEverything(socket)) drain(socket);
  setOptions(socket, { filter });
}

/** Whether it receives from its birth on, without being bound or connected. */
function isSentEverything(socket: AsFd): boolean {
  const domain = getOption(socket, "domain");
  if (domain === "packet") return true;
  return (domain === "ipv4" || domain === "ipv6") && getOption(socket, "type") === "raw";
}

/** `ret #0` */
const dropAll = encodeFilter([{ code: 0x06, jt: 0, jf: 0, k: 0 }]);

function drain(socket: AsFd): void {
  if (getOption(socket, "type") === "stream") {
    throw new TypeError("a stream cannot be drained: its bytes have no borders");
  }
  setOptions(socket, { filter: dropAll });
  try {
    while (receive(socket, nothing, { nonBlocking: true }) !== null);
  } catch (error) {
    detachFilter(socket); // nobody asked for one that drops everything
    throw error;
  }
}

const nothing = new Uint8Array(0);

/**
 * Takes the filter off a socket, `SO_DETACH_FILTER` of socket(7).
 *
 * @param socket The socket
 * @throws {SyscallError} `ENOENT` if it has none, `EPERM` if it is locked, `ENOTSOCK` if it is no
 * socket
 *
 * @example Usage
 * ```ts
 * import { attachFilter, detachFilter } from "@posixly/raw";
 * import { assemble } from "@posixly/raw/bpf";
 * import { socketPair } from "@posixly/socket";
 * import assert from "node:assert/strict";
 *
 * using pair = socketPair("datagram");
 * attachFilter(pair.first, assemble("ret #0"));
 * detachFilter(pair.first);
 * assert.throws(() => detachFilter(pair.first), { code: "ENOENT" });
 * ```
 */
export function detachFilter(socket: AsFd): void {
  setOptions(socket, { detachFilter: true });
}

/**
 * Locks the filter of a socket, `SO_LOCK_FILTER` of socket(7), since Linux 3.9: it can neither be
 * taken off nor changed any more, also by whoever is handed the socket. One without a filter stays
 * without.
 *
 * @param socket The socket
 * @throws {SyscallError} `ENOTSOCK` if it is no socket
 *
 * @example Usage
 * ```ts
 * import { attachFilter, detachFilter, lockFilter } from "@posixly/raw";
 * import { assemble } from "@posixly/raw/bpf";
 * import { socketPair } from "@posixly/socket";
 * import assert from "node:assert/strict";
 *
 * using pair = socketPair("datagram");
 * attachFilter(pair.first, assemble("ret #0"));
 * lockFilter(pair.first);
 * assert.throws(() => detachFilter(pair.first), { code: "EPERM" });
 * ```
 */
export function lockFilter(socket: AsFd): void {
  setOptions(socket, { lockFilter: true });
}

/**
 * The filter of a socket, `SO_GET_FILTER` of socket(7), since Linux 3.8.
 *
 * @param socket The socket
 * @returns The program, or `null` if it has none
 * @throws {SyscallError} `EACCES` if it is one of extended BPF, `ENOTSOCK` if it is no socket
 *
 * @example Usage
 * ```ts
 * import { attachedFilter, attachFilter } from "@posixly/raw";
 * import { assemble, disassemble } from "@posixly/raw/bpf";
 * import { socketPair } from "@posixly/socket";
 * import assert from "node:assert/strict";
 *
 * using pair = socketPair("datagram");
 * assert.equal(attachedFilter(pair.first), null);
 * attachFilter(pair.first, assemble("ret #96"));
 * assert.equal(disassemble(attachedFilter(pair.first)!), "(000) ret      #96");
 * ```
 */
export function attachedFilter(socket: AsFd): Instruction[] | null {
  // The kernel counts instructions and not bytes: the room is eight times what it takes for enough,
  // and the length of the answer is that of the program.
  const answer = getsockopt(socket, SOL_SOCKET, SO_GET_FILTER, LONGEST * 8);
  return answer.length === 0
    ? null
    : decodeFilter(new Uint8Array(answer.buffer, 0, answer.length * 8));
}
