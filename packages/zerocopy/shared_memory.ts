import { addSeals, memfd, type OwnedFd, stat, truncate } from "@posixly/fd";
import { requireBoolean, requireInteger, requireKnown } from "@posixly/sys";
import { Mapping } from "./mapping.ts";
import { type Place, placeOf } from "./place.ts";

/**
 * What kind of memory is shared, see {@linkcode sharedMemory}.
 *
 * @example Usage
 * ```ts
 * import { sharedMemory, type SharedMemoryOptions } from "@posixly/zerocopy";
 * import assert from "node:assert/strict";
 *
 * const forever: SharedMemoryOptions = { growable: false };
 * using memory = sharedMemory("table", 4096, forever);
 * assert.throws(() => memory.resize(8192), { code: "EPERM" });
 * ```
 */
export interface SharedMemoryOptions {
  /** Whether it can become larger, which it can by default. Smaller it never becomes. */
  readonly growable?: boolean;
}

/**
 * Memory to share with other threads and processes, see {@linkcode sharedMemory}: a mapping, and
 * the descriptor of what is mapped.
 *
 * @example Usage
 * ```ts
 * import { map, sharedMemory, SharedMemory } from "@posixly/zerocopy";
 * import assert from "node:assert/strict";
 *
 * using memory: SharedMemory = sharedMemory("counters", 64);
 * using same = map(memory, { protection: "readWrite", sealed: true });
 * same.bytes[0] = 1;
 * assert.equal(memory.bytes[0], 1);
 * ```
 */
export class SharedMemory extends Mapping {
  readonly #file: OwnedFd;

  /**
   * Made by {@linkcode sharedMemory} alone.
   *
   * @param place Where it is
   * @param file What is mapped
   */
  constructor(place: Place, file: OwnedFd) {
    super(place);
    this.#file = file;
  }

  /**
   * The descriptor, for others to map.
   *
   * @throws {Error} If it was closed
   */
  get fd(): number {
    return this.#file.fd;
  }

  /** Ends our mapping, and closes our descriptor. Whoever else has mapped it keeps it. */
  override close(): void {
    super.close();
    this.#file.close();
  }

  /**
   * Makes what is mapped here longer or shorter, and the memory itself longer where that is
   * needed. Others who have mapped it see what they saw, until they resize as well.
   *
   * @param length How many bytes, at least 1
   * @throws {SyscallError} `EPERM` if it is not growable; as {@linkcode Mapping.resize}
   * @throws {TypeError | RangeError} If `length` is no such number
   * @throws {Error} If it was closed
   */
  override resize(length: number): void {
    requireInteger(length, "length", 1, Number.MAX_SAFE_INTEGER);
    if (length > stat(this.#file).size) truncate(this.#file, length);
    super.resize(length);
  }
}

/**
 * Makes memory that can be shared: a memfd, mapped, and sealed so that it never becomes smaller.
 * Hence nobody who maps it can be hurt by whoever else has it.
 *
 * Another process gets the descriptor, by `sendDescriptors` of `@posixly/socket` or at `spawn`, and
 * maps it; a Worker does so with the number. The buffer is an `ArrayBuffer` and no
 * `SharedArrayBuffer`: `Atomics` loads, stores, adds and exchanges in it, but can neither wait nor
 * notify, for which there is `eventfd`.
 *
 * @param name What `/proc` calls it, up to 249 bytes; need not be unique
 * @param size How many bytes, at least 1
 * @param options Whether it can become larger
 * @returns The memory, filled with zeros
 * @throws {SyscallError} `EMFILE` or `ENFILE` if too many descriptors are open, `ENOMEM` if there is
 * no room
 * @throws {TypeError | RangeError} If the name holds a NUL or is too long, or `size` is no such
 * number, or more than a buffer may have
 *
 * @example Usage
 * ```ts
 * import { sharedMemory } from "@posixly/zerocopy";
 * import assert from "node:assert/strict";
 *
 * using memory = sharedMemory("counters", 64);
 * const counters = new Int32Array(memory.bytes.buffer);
 * Atomics.add(counters, 0, 5);
 * assert.equal(Atomics.load(counters, 0), 5);
 * ```
 */
export function sharedMemory(
  name: string | Uint8Array,
  size: number,
  options: SharedMemoryOptions = {},
): SharedMemory {
  requireKnown(options, ["growable"]);
  const growable = requireBoolean(options.growable, "growable") ?? true;
  requireInteger(size, "size", 1, Number.MAX_SAFE_INTEGER);
  const file = memfd(name, { sealable: true });
  try {
    truncate(file, size);
    addSeals(file, { shrink: true, grow: !growable });
    return new SharedMemory(placeOf(file, { protection: "readWrite" }), file);
  } catch (error) {
    file.close();
    throw error;
  }
}
