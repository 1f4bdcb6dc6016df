import { requireInteger } from "@posixly/sys";
import type { NetlinkAddress } from "./address.ts";
import { AF_NETLINK, sockaddrNl } from "./libc.ts";

export function writeNl({ pid, groups }: NetlinkAddress, into: Uint8Array): number {
  into.set(sockaddrNl.encode({
    nl_family: AF_NETLINK,
    nl_pid: requireInteger(pid, "pid", 0, 0xffff_ffff),
    nl_groups: requireInteger(groups, "groups", 0, 0xffff_ffff),
  }));
  return sockaddrNl.size;
}

export function readNl(bytes: Uint8Array, length: number): NetlinkAddress | undefined {
  if (length < sockaddrNl.size) return undefined;
  const { nl_pid, nl_groups } = sockaddrNl.view(bytes);
  return { family: "netlink", pid: nl_pid, groups: nl_groups };
}
