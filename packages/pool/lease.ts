import type { Resource } from "./resource.ts";
import { LeaseError } from "./errors.ts";

/**
 * The right to use a resource, for one, until it is given back: by {@linkcode Lease.release}, by
 * {@linkcode Lease.discard}, by {@linkcode Lease.take}, or at the end of a `using` block.
 *
 * @example Usage
 * ```ts
 * import { Pool } from "@posixly/pool";
 * import assert from "node:assert/strict";
 *
 * const pool = new Pool({ create: () => ({ name: "first" }) });
 * {
 *   using lease = await pool.acquire();
 *   assert.equal(lease.value.name, "first");
 * } // it is back
 * assert.equal(pool.stats.idle, 1);
 * ```
 */
export class Lease<T> implements Disposable {
  /** For which time the resource is leased: 1 if it was made for this lease. */
  readonly uses: number;
  #resource: Resource<T> | null;

  /** @param resource What is leased */
  constructor(resource: Resource<T>) {
    this.#resource = resource;
    this.uses = resource.uses;
  }

  /**
   * The resource.
   *
   * @throws {LeaseError} If the lease has ended
   */
  get value(): T {
    const resource = this.#resource;
    if (resource === null || resource.leases === 0) throw ended("use a resource");
    return resource.value;
  }

  /** Whether the lease has ended, or the pool was closed by force. */
  get ended(): boolean {
    return this.#resource === null || this.#resource.leases === 0;
  }

  /**
   * Gives the resource back, for others to use.
   *
   * @throws {LeaseError} If the lease has ended
   */
  release(): void {
    const resource = this.#resource;
    if (resource === null) throw ended("release a resource");
    this.#resource = null;
    resource.home.giveBack(resource, this);
  }

  /**
   * Gives the resource back to be destroyed, since it is broken or in a state that is not known. If
   * others have leased it too, when the last of them is done.
   *
   * @throws {LeaseError} If the lease has ended
   */
  discard(): void {
    const resource = this.#resource;
    if (resource === null) throw ended("discard a resource");
    this.#resource = null;
    resource.home.discard(resource, this);
  }

  /**
   * Takes the resource out of the pool for good. Destroying it is up to the caller, and the pool
   * may make another in its place.
   *
   * @returns The resource
   * @throws {LeaseError} If the lease has ended, or others have leased the resource as well
   */
  take(): T {
    const resource = this.#resource;
    if (resource === null || resource.leases === 0) throw ended("take a resource");
    if (resource.leases > 1) {
      throw new LeaseError("LEASE_SHARED", "Cannot take a resource that others have leased too");
    }
    this.#resource = null;
    resource.home.takeOut(resource, this);
    return resource.value;
  }

  /** Releases the resource at the end of a `using` block, unless that was done before. */
  [Symbol.dispose](): void {
    if (this.#resource !== null) this.release();
  }
}

// Whatever a promise is fulfilled with is searched for a `then`, and so is all that it inherits from.
// Here the search ends, which spares an acquire that is awaited 5 to 18 ns.
Object.defineProperty(Lease.prototype, "then", { value: undefined });

function ended(action: string): LeaseError {
  return new LeaseError("LEASE_ENDED", `Cannot ${action} after its lease has ended`);
}
