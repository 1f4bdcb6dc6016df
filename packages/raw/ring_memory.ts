import type { Socket } from "@posixly/socket";
import { MappedView, ok, requireInteger, toAddress } from "@posixly/sys";
import { libc, MAP_SHARED, PROT_READ, PROT_WRITE } from "./libc.ts";

/** The smallest page there is, of which a block is a multiple on any processor. */
const PAGE = 4096;
/** What words of 32 bits, signed, can count; and a buffer may have. */
const LARGEST = 2 ** 31 - 1;

/** Maps the ring of a socket: one piece of memory that the kernel has, too. */
export function mapRing(socket: Socket, length: number): MappedView {
  const protection = PROT_READ | PROT_WRITE;
  const { fd } = socket;
  const address = libc.mmap(toAddress(0), length, protection, MAP_SHARED, fd, 0);
  ok(address, "mmap", { fd });
  try {
    return new MappedView(libc, { address, length });
  } catch (error) {
    libc.munmap(address, length);
    throw error;
  }
}

/** Checks a size of a ring that has to be whole pages. */
export function requirePages(value: number, name: string): number {
  requireInteger(value, name, PAGE, LARGEST);
  if (value % PAGE === 0) return value;
  throw new RangeError(`${name} must be a multiple of ${PAGE}, not ${value}`);
}

/** Checks that a ring is not more than a buffer can be. */
export function requireTotal(size: number, count: number): number {
  if (size * count <= LARGEST) return size * count;
  throw new RangeError(`a ring must have ${LARGEST} bytes at most, not ${size * count}`);
}
