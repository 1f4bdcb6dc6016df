import type { SyscallContext } from "@posixly/sys";
import type { AddressLike } from "./address.ts";
import { formatAddress } from "./format_address.ts";

/** What a call was about that was given an address. */
export function contextOf(fd: number, address: AddressLike): SyscallContext {
  return { fd, address: typeof address === "string" ? address : formatAddress(address) };
}
