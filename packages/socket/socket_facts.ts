import { errnoName } from "@posixly/sys";
import { type Domain, domainName } from "./domain.ts";
import * as c from "./libc.ts";
import { type FactTable, optionsOf } from "./option.ts";
import { type Decoder, flag, integer, long, text } from "./option_kind.ts";
import { type SocketType, typeName } from "./type.ts";

/**
 * What a socket's memory is used for, in bytes: `SO_MEMINFO`.
 *
 * @example Usage
 * ```ts
 * import { getOption, socket, type SocketMemory } from "@posixly/socket";
 * import assert from "node:assert/strict";
 *
 * using tcp = socket("ipv4", "stream");
 * const { sendQueued, drops }: SocketMemory = getOption(tcp, "memory");
 * assert.deepEqual([sendQueued, drops], [0, 0]);
 * ```
 */
export interface SocketMemory {
  /** What has come in, with what the kernel notes by the way. */
  readonly receiveUsed: number;
  /** How much that may be, as `receiveBuffer`. */
  readonly receiveLimit: number;
  /** What packets on their way out take. */
  readonly sendUsed: number;
  /** How much may wait to be sent, as `sendBuffer`. */
  readonly sendLimit: number;
  /** What is put aside for what comes next. */
  readonly forward: number;
  /** What waits to be sent, or to be acknowledged. */
  readonly sendQueued: number;
  /** What options and filters take. */
  readonly options: number;
  /** What has come while the socket was busy. */
  readonly backlog: number;
  /** How many packets were thrown away: no bytes. */
  readonly drops: number;
}

/**
 * What there is to know of a socket of any family, socket(7), besides its options.
 *
 * @example Usage
 * ```ts
 * import { getOption, socket, type SocketFacts } from "@posixly/socket";
 * import assert from "node:assert/strict";
 *
 * using udp = socket("ipv4", "datagram");
 * const error: SocketFacts["error"] = getOption(udp, "error");
 * assert.equal(error, undefined);
 * ```
 */
export interface SocketFacts {
  /** Its family, or the number of one without a name: `SO_DOMAIN`. */
  readonly domain: Domain | number;
  /** How it talks: `SO_TYPE`. */
  readonly type: SocketType | number;
  /** The number of its protocol: `SO_PROTOCOL`. */
  readonly protocol: number;
  /** Whether it is listening: `SO_ACCEPTCONN`. */
  readonly acceptsConnections: boolean;
  /**
   * The name of what went wrong since it was asked last, such as `ECONNREFUSED`. Asking clears
   * it: `SO_ERROR`.
   */
  readonly error: string | undefined;
  /** A number that no other socket has had since the machine started: `SO_COOKIE`. */
  readonly cookie: number | bigint;
  /** The same for its network namespace: `SO_NETNS_COOKIE`. Since Linux 5.14. */
  readonly namespaceCookie: number | bigint;
  /** From how many bytes of room on it is writable; always 1: `SO_SNDLOWAT`. */
  readonly sendLowWater: number;
  /** Which queue of which network card packets came by; 0 if not known: `SO_INCOMING_NAPI_ID`. */
  readonly incomingQueue: number;
  /** What its memory is used for: `SO_MEMINFO`. */
  readonly memory: SocketMemory;
  /** The groups that the user on the other side was in, of `unix`: `SO_PEERGROUPS`. */
  readonly peerGroups: readonly number[];
  /** Its security context, where there is such a thing: `SO_PEERSEC`. */
  readonly peerSecurity: string;
}

/** An `int` that stands for something. */
function meaning<Value>(of: (number: number) => Value): Decoder<Value> {
  const number = integer();
  return { size: number.size, decode: (bytes) => of(number.decode(bytes)) };
}

function wordsOf(bytes: Uint8Array): Uint32Array {
  return new Uint32Array(bytes.slice().buffer);
}

const memory: Decoder<SocketMemory> = {
  size: 9 * 4,
  decode(bytes) {
    const [
      receiveUsed,
      receiveLimit,
      sendUsed,
      sendLimit,
      forward,
      sendQueued,
      options,
      backlog,
      drops,
    ] = wordsOf(bytes);
    return {
      receiveUsed,
      receiveLimit,
      sendUsed,
      sendLimit,
      forward,
      sendQueued,
      options,
      backlog,
      drops,
    };
  },
};

const groups: Decoder<readonly number[]> = {
  size: 64 * 4,
  decode: (bytes) => [...wordsOf(bytes)],
};

const option = optionsOf(c.SOL_SOCKET);

export const socketFacts: FactTable<SocketFacts> = {
  domain: option(c.SO_DOMAIN, meaning(domainName)),
  type: option(c.SO_TYPE, meaning(typeName)),
  protocol: option(c.SO_PROTOCOL, integer()),
  acceptsConnections: option(c.SO_ACCEPTCONN, flag),
  error: option(c.SO_ERROR, meaning((errno) => errno === 0 ? undefined : errnoName(errno))),
  cookie: option(c.SO_COOKIE, long),
  namespaceCookie: option(c.SO_NETNS_COOKIE, long, "5.14"),
  sendLowWater: option(c.SO_SNDLOWAT, integer()),
  incomingQueue: option(c.SO_INCOMING_NAPI_ID, integer()),
  memory: option(c.SO_MEMINFO, memory),
  peerGroups: option(c.SO_PEERGROUPS, groups),
  peerSecurity: option(c.SO_PEERSEC, text(256)),
};
