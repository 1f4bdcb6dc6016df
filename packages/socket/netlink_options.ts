import * as c from "./libc.ts";
import { type CommandTable, type FactTable, optionsOf, type OptionTable } from "./option.ts";
import { type Decoder, flag, integer } from "./option_kind.ts";

/**
 * Options of netlink sockets, netlink(7), to be read and set.
 *
 * @example Errors that say what was wrong
 * ```ts
 * import { type NetlinkOptions, setOptions, socket } from "@posixly/socket";
 *
 * const talkative: Partial<NetlinkOptions> = { netlinkExtendedAck: true, netlinkStrict: true };
 * using routes = socket("netlink", "raw", "route");
 * setOptions(routes, talkative);
 * ```
 */
export interface NetlinkOptions {
  /** Messages come with the group that they were sent to: `NETLINK_PKTINFO`. */
  readonly netlinkPacketInfo: boolean;
  /** A sender to all is told of an error of any receiver: `NETLINK_BROADCAST_ERROR`. */
  readonly netlinkBroadcastError: boolean;
  /** What is lost is lost without an `ENOBUFS`: `NETLINK_NO_ENOBUFS`. */
  readonly netlinkNoBufferError: boolean;
  /** Messages of all network namespaces that have an id: `NETLINK_LISTEN_ALL_NSID`. */
  readonly netlinkAllNamespaces: boolean;
  /** Errors come without the request that caused them: `NETLINK_CAP_ACK`. */
  readonly netlinkCappedAck: boolean;
  /** Errors come with a text, and where in the request they are: `NETLINK_EXT_ACK`. */
  readonly netlinkExtendedAck: boolean;
  /** Requests for lists are checked, and filtered: `NETLINK_GET_STRICT_CHK`. */
  readonly netlinkStrict: boolean;
}

/**
 * Options of netlink sockets, netlink(7), that can be set only.
 *
 * @example Hear of every interface that comes and goes
 * ```ts
 * import { getOption, type NetlinkCommands, setOptions, socket } from "@posixly/socket";
 * import assert from "node:assert/strict";
 *
 * const RTNLGRP_LINK = 1;
 * const links: Partial<NetlinkCommands> = { netlinkJoin: RTNLGRP_LINK };
 * using routes = socket("netlink", "raw", "route");
 * setOptions(routes, links);
 * assert.deepEqual(getOption(routes, "netlinkGroups"), [RTNLGRP_LINK]);
 * ```
 */
export interface NetlinkCommands {
  /** Joins a group, by its number from 1: `NETLINK_ADD_MEMBERSHIP`. */
  readonly netlinkJoin: number;
  /** Leaves a group: `NETLINK_DROP_MEMBERSHIP`. */
  readonly netlinkLeave: number;
}

/**
 * What there is to know of a netlink socket, netlink(7), besides its options.
 *
 * @example Usage
 * ```ts
 * import { getOption, type NetlinkFacts, socket } from "@posixly/socket";
 * import assert from "node:assert/strict";
 *
 * using routes = socket("netlink", "raw", "route");
 * const groups: NetlinkFacts["netlinkGroups"] = getOption(routes, "netlinkGroups");
 * assert.deepEqual(groups, []);
 * ```
 */
export interface NetlinkFacts {
  /** The groups that it is in, by their numbers: `NETLINK_LIST_MEMBERSHIPS`. */
  readonly netlinkGroups: readonly number[];
}

/** A bit for each group, from 1. */
const groups: Decoder<readonly number[]> = {
  size: 64,
  decode: (bytes) =>
    Array.from({ length: bytes.length * 8 }, (_, bit) => bit)
      .filter((bit) => (bytes[bit >> 3] >> (bit & 7) & 1) === 1)
      .map((bit) => bit + 1),
};

const option = optionsOf(c.SOL_NETLINK);

export const netlinkOptions: OptionTable<NetlinkOptions> = {
  netlinkPacketInfo: option(c.NETLINK_PKTINFO, flag),
  netlinkBroadcastError: option(c.NETLINK_BROADCAST_ERROR, flag),
  netlinkNoBufferError: option(c.NETLINK_NO_ENOBUFS, flag),
  netlinkAllNamespaces: option(c.NETLINK_LISTEN_ALL_NSID, flag),
  netlinkCappedAck: option(c.NETLINK_CAP_ACK, flag),
  netlinkExtendedAck: option(c.NETLINK_EXT_ACK, flag),
  netlinkStrict: option(c.NETLINK_GET_STRICT_CHK, flag),
};

export const netlinkCommands: CommandTable<NetlinkCommands> = {
  netlinkJoin: option(c.NETLINK_ADD_MEMBERSHIP, integer(1)),
  netlinkLeave: option(c.NETLINK_DROP_MEMBERSHIP, integer(1)),
};

export const netlinkFacts: FactTable<NetlinkFacts> = {
  netlinkGroups: option(c.NETLINK_LIST_MEMBERSHIPS, groups),
};
