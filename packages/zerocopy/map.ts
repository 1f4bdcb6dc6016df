import type { AsFd } from "@posixly/fd";
import type { MapOptions } from "./map_options.ts";
import { Mapping } from "./mapping.ts";
import { placeOf } from "./place.ts";

/**
 * Maps a file into memory, mmap(2), or memory without a file. No byte is copied: pages
 * come when they are touched, and those that many have mapped are there once.
 *
 * A file that becomes shorter while it is mapped takes its last pages with it, and to touch one of
 * them is `SIGBUS`, which ends the process; so does a sparse file on a device that is full
 * when it is written, and a device that cannot be read. Map files that nobody cuts short,
 * ask for `sealed`, or read with {@linkcode Mapping.read}, which the kernel checks.
 *
 * @param fd The file, which may be closed afterwards; `null` for memory, filled with zeros
 * @param options What part of it, and what for
 * @returns The mapping
 * @throws {SyscallError} `EACCES` if the file is not open for reading, or for writing too where
 * that is needed; `EPERM` if it is sealed against writing; `ENODEV` if it cannot be mapped;
 * `ENOMEM` if there is no room or too much is mapped, `EAGAIN` or `ENOMEM` if too much is locked;
 * `EINVAL` from fcntl if only a sealed file will do and this can have no seals
 * @throws {TypeError | RangeError} If an option is not as described, there is less in the file than
 * `length`, or this is more than a buffer may have, which is 4 GiB in Node 20
 * @throws {Error} If only a sealed file will do and this is not
 *
 * @example Usage
 * ```ts
 * import { open } from "@posixly/fd";
 * import { map } from "@posixly/zerocopy";
 * import assert from "node:assert/strict";
 *
 * using program = open("/proc/self/exe");
 * using mapping = map(program, { offset: 1, length: 3 });
 * assert.equal(new TextDecoder().decode(mapping.bytes), "ELF");
 * ```
 */
export function map(fd: AsFd | null, options: MapOptions = {}): Mapping {
  const place = placeOf(fd, options);
  const mapping = new Mapping(place);
  try {
    if (options.populate && place.isReadOnly) populate(mapping);
    if (options.locked) mapping.lock();
  } catch (error) {
    mapping.close();
    throw error;
  }
  return mapping;
}

/** `MAP_POPULATE` would have pages copied that could be written. */
function populate(mapping: Mapping): void {
  try {
    mapping.advise("populateRead");
  } catch {
    mapping.advise("willNeed"); // before Linux 5.14
  }
}
