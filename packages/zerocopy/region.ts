import { addressAfter, MappedView, type Region } from "@posixly/sys";
import { markLendable } from "./lendable.ts";
import { libc } from "./libc.ts";

export type { Region };

/** Bytes of JavaScript over a region, which they can outlive without harm, and that can be lent. */
export class View extends MappedView {
  /**
   * @param region The region
   * @param shift Where in it the bytes begin
   * @param length How many bytes there are
   */
  constructor(region: Region, shift: number, length: number) {
    super(libc, region, shift, length);
    markLendable(this.bytes.buffer);
  }
}

/** The part of a region from one byte to another, in whole pages: all that these bytes touch. */
export function pagesAround(region: Region, unit: number, from: number, to: number): Region {
  const start = from - from % unit;
  return { address: addressAfter(region.address, start), length: roundUp(to, unit) - start };
}

/** The same, without the pages that the bytes do not fill. */
export function pagesWithin(region: Region, unit: number, from: number, to: number): Region {
  const start = roundUp(from, unit);
  const length = Math.max(to - to % unit - start, 0);
  return { address: addressAfter(region.address, start), length };
}

/** So many bytes and what is missing to whole pages. */
export function roundUp(length: number, unit: number): number {
  return Math.ceil(length / unit) * unit;
}
