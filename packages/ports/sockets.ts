import { matches } from "./filter_match.ts";
import { socketOwners } from "./owners.ts";
import { type ListOptions, searchOf } from "./search.ts";
import { SocketEntry, type Told } from "./socket_entry.ts";
import { type Part, SocketList } from "./socket_list.ts";
import { tell } from "./socket_table.ts";

/**
 * Lists the sockets of TCP and UDP of this network namespace, as ss(8): by sock_diag(7), where the
 * kernel itself leaves out what was not asked for. It takes no right; only what others have open
 * ({@linkcode SocketEntry.owners}) is told to root alone.
 *
 * A connection within this machine is two sockets. One in TIME_WAIT belongs to nobody any more, but
 * has its port.
 *
 * @param options Which, and what of them
 * @returns The sockets
 * @throws {SyscallError} `EMFILE` or `ENFILE` if too many descriptors are open; with `source:
 * "netlink"`, `EAFNOSUPPORT`, `EACCES` or `ENOENT` if netlink may not be asked here; `ENOENT` if
 * `/proc` has to be asked and is not there
 * @throws {TypeError | RangeError} If an option is not as described
 * @throws {Error} If the filter asks what `/proc` does not tell, and netlink could not be asked
 *
 * @example Who holds a port
 * ```ts
 * import { sockets } from "@posixly/ports";
 * import { listenTcp } from "@posixly/socket";
 * import assert from "node:assert/strict";
 * import process from "node:process";
 *
 * using listener = listenTcp("127.0.0.1:0");
 * const { port } = listener.localAddress as { port: number };
 *
 * const [holder] = sockets({ filter: `sport = ${port}`, states: ["listening"], owners: true });
 * assert.deepEqual(holder.local, { family: "ipv4", host: "127.0.0.1", port });
 * assert.equal(holder.owners![0].pid, process.pid);
 * ```
 *
 * @example What holds up each connection
 * ```ts
 * import { sockets } from "@posixly/ports";
 *
 * for (const { remote, info } of sockets({ states: ["established"], info: true })) {
 *   if (info?.totalRetransmits) console.log(remote!.host, info.rtt, info.totalRetransmits);
 * }
 * ```
 */
export function sockets(options: ListOptions = {}): SocketList {
  const search = searchOf(options);
  const tellings = tell(search);
  const owners = search.owners ? socketOwners() : undefined;
  const parts = tellings.map(({ protocol, bytes, starts, isNetlink }): Part => {
    const told: Told = { bytes, data: new DataView(bytes.buffer), isNetlink, owners };
    const plans = isNetlink ? search.rest : [search.plan];
    const isWanted = (start: number) =>
      plans.every((plan) => matches(plan, new SocketEntry(told, start, protocol)));
    return { told, starts: plans.length === 0 ? starts : starts.filter(isWanted), protocol };
  });
  return new SocketList(parts, tellings.some(({ interrupted }) => interrupted));
}
