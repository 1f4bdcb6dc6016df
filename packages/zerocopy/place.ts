import type { AsFd } from "@posixly/fd";
import { ok } from "@posixly/sys";
import { libc, PROT_READ, PROT_WRITE } from "./libc.ts";
import type { MapOptions } from "./map_options.ts";
import { type Plan, planOf } from "./map_plan.ts";
import type { MappedFile } from "./mapped_file.ts";
import { ANYWHERE } from "./move.ts";
import { type Region, roundUp, View } from "./region.ts";

/** Where the bytes of a mapping are, and how. */
export interface Place {
  /** What JavaScript sees; nothing if there are no bytes. */
  readonly view: View | undefined;
  /** What is mapped, if it has an end. */
  readonly file: MappedFile | undefined;
  /** How many bytes before the first one its page begins. */
  readonly shift: number;
  /** How large a page is. */
  readonly unit: number;
  /** Whether a page that is written becomes a copy that nobody asked for. */
  readonly isReadOnly: boolean;
}

/** Maps as the options say. */
export function placeOf(fd: AsFd | null, options: MapOptions): Place {
  const plan = planOf(fd, options);
  const { file, shift, unit, length, isReadOnly } = plan;
  const view = length === 0 ? undefined : lookAt(regionOf(plan), shift, length);
  return { view, file, shift, unit, isReadOnly };
}

function regionOf({ fd, offset, shift, length, unit, flags }: Plan): Region {
  const whole = roundUp(shift + length, unit);
  const address = libc.mmap(ANYWHERE, whole, PROT_READ | PROT_WRITE, flags, fd, offset);
  return { address: ok(address, "mmap", fd === -1 ? {} : { fd }), length: whole };
}

/** A view of a new region, which is given back if there can be none. */
function lookAt(region: Region, shift: number, length: number): View {
  try {
    return new View(region, shift, length);
  } catch (error) {
    libc.munmap(region.address, region.length);
    throw error;
  }
}
