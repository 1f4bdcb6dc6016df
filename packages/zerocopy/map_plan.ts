import { type AsFd, fdOf, seals, type Stat, stat } from "@posixly/fd";
import {
  bitsOf,
  oneOf,
  requireBoolean,
  requireInteger,
  requireInteger64,
  requireKnown,
} from "@posixly/sys";
import { fileSystemOf } from "./file_system.ts";
import {
  HUGETLBFS_MAGIC,
  libc,
  MAP_ANONYMOUS,
  MAP_HUGE_SHIFT,
  MAP_HUGETLB,
  MAP_NORESERVE,
  MAP_POPULATE,
  MAP_PRIVATE,
  MAP_SHARED,
} from "./libc.ts";
import type { MapOptions } from "./map_options.ts";
import { MappedFile } from "./mapped_file.ts";

/** What the kernel is going to be asked for. */
export interface Plan {
  readonly fd: number;
  /** What is mapped, if it has an end. */
  readonly file: MappedFile | undefined;
  readonly offset: number | bigint;
  /** How many bytes before the first one its page begins. */
  readonly shift: number;
  readonly length: number;
  readonly unit: number;
  readonly flags: number;
  readonly isReadOnly: boolean;
}

const flagsOf = { populate: MAP_POPULATE, noReserve: MAP_NORESERVE };
const known = [
  ...["offset", "length", "protection", "shared", "hugePages", "locked", "sealed"],
  ...Object.keys(flagsOf),
];

/** What is to be asked for, if the options make sense. */
export function planOf(fd: AsFd | null, options: MapOptions): Plan {
  requireKnown(options, known);
  requireBoolean(options.locked, "locked");
  requireBoolean(options.sealed, "sealed");
  return fd === null ? memoryPlan(options) : filePlan(fdOf(fd), options);
}

function filePlan(fd: number, options: MapOptions): Plan {
  const { offset = 0, length, protection = "read", shared = true, hugePages, sealed } = options;
  const isReadOnly = oneOf(protections, protection, "protection") === protections.read;
  const { populate, noReserve } = options;
  const flags = bitsOf(flagsOf, { populate, noReserve });
  requireBoolean(shared, "shared");
  if (hugePages !== undefined) {
    throw new TypeError("hugePages must be left out with a file: it is made of what it is made of");
  }
  requireInteger64(offset, "offset");
  if (length !== undefined) requireInteger64(length, "length", 0n, LONGEST);
  if (sealed && !seals(fd).shrink) {
    throw new Error(`Cannot map descriptor ${fd}: it is not sealed against becoming shorter`);
  }
  const unit = pageSizeOf(fd);
  if (unit !== libc.getpagesize()) requireReserve(noReserve);
  const shift = Number(BigInt(offset) % BigInt(unit));
  const start = typeof offset === "bigint" ? offset - BigInt(shift) : offset - shift;
  const found = stat(fd);
  return {
    fd,
    file: found.kind === "file" ? new MappedFile(fd, start, found) : undefined,
    offset: start,
    shift,
    length: lengthIn(fd, found, offset, length),
    unit,
    flags: isReadOnly ? windowFlags(unit) : flags | (shared ? MAP_SHARED : MAP_PRIVATE),
    isReadOnly,
  };
}

function memoryPlan(options: MapOptions): Plan {
  const { offset = 0, length, protection = "readWrite", shared, sealed } = options;
  const { hugePages, populate, noReserve } = options;
  const flags = bitsOf(flagsOf, { populate, noReserve });
  if (length === undefined) throw new TypeError("length must be given: memory has no end");
  requireInteger64(length, "length", 0n, LONGEST);
  requireInteger64(offset, "offset", 0n, 0n);
  if (oneOf(protections, protection, "protection") === protections.read) {
    throw new TypeError("protection must be readWrite for memory, which is empty");
  }
  if (requireBoolean(shared, "shared")) {
    throw new TypeError("shared must be false without a file; see sharedMemory");
  }
  if (sealed) throw new TypeError("sealed must be false without a file");
  return {
    fd: -1,
    file: undefined,
    offset: 0,
    shift: 0,
    length: Number(length),
    unit: hugePages ?? libc.getpagesize(),
    flags: flags | MAP_PRIVATE | MAP_ANONYMOUS | hugePageFlags(hugePages, noReserve),
    isReadOnly: false,
  };
}

const protections = { read: 0, readWrite: 1 };
const LONGEST = BigInt(Number.MAX_SAFE_INTEGER);

/** A private mapping that is only read takes no memory of its own, so none is to be put aside. */
function windowFlags(unit: number): number {
  return MAP_PRIVATE | (unit === libc.getpagesize() ? MAP_NORESERVE : 0);
}

/** The size of huge pages goes as its logarithm, into the upper bits. */
function hugePageFlags(size: number | undefined, noReserve: boolean | undefined): number {
  if (size === undefined) return 0;
  const log = Math.log2(requireInteger(size, "hugePages", 2, 2 ** 52));
  if (!Number.isInteger(log)) throw new RangeError(`hugePages must be a power of 2, not ${size}`);
  requireReserve(noReserve);
  return MAP_HUGETLB | (log << MAP_HUGE_SHIFT);
}

/** A huge page that was not put aside and is not there when it is touched is SIGBUS. */
function requireReserve(noReserve: boolean | undefined): void {
  if (noReserve) throw new TypeError("noReserve must be false with huge pages");
}

/** How large the pages of a file are. */
function pageSizeOf(fd: number): number {
  const { type, blockSize } = fileSystemOf(fd);
  return type === HUGETLBFS_MAGIC ? blockSize : libc.getpagesize();
}

/** How many bytes from a place in a file are meant, which are there. */
function lengthIn(
  fd: number,
  { kind, size }: Stat,
  offset: number | bigint,
  length: number | bigint | undefined,
): number {
  if (kind !== "file") {
    if (length !== undefined) return Number(length);
    throw new TypeError(`length must be given: descriptor ${fd} is a ${kind} and has no end`);
  }
  const left = BigInt(size) > BigInt(offset) ? BigInt(size) - BigInt(offset) : 0n;
  if (length === undefined) return Number(left);
  if (length <= left) return Number(length);
  throw new RangeError(`length must be at most ${left}, which the file has there, not ${length}`);
}
