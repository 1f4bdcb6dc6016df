import { addressAfter, ok } from "@posixly/sys";
import { libc } from "./libc.ts";
import { type Region, roundUp } from "./region.ts";

/** How many pages are asked about at a time. */
const AT_A_TIME = 65_536;

/** How many bytes of a region are in memory, counted by pages. */
export function residentBytes({ address, length }: Region): number {
  const page = libc.getpagesize();
  const pages = new Uint8Array(Math.min(roundUp(length, page) / page, AT_A_TIME));
  let found = 0;
  for (let at = 0; at < length; at += AT_A_TIME * page) {
    const part = Math.min(length - at, AT_A_TIME * page);
    ok(libc.mincore(addressAfter(address, at), part, pages), "mincore");
    for (let i = 0; i < part / page; i++) found += pages[i] & 1; // the other bits mean nothing yet
  }
  return found * page;
}
