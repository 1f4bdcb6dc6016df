import { ok } from "@posixly/sys";
import {
  libc,
  POSIX_SPAWN_SETPGROUP,
  POSIX_SPAWN_SETSID,
  POSIX_SPAWN_SETSIGDEF,
  POSIX_SPAWN_SETSIGMASK,
  sigset,
  spawnAttributes,
} from "./libc.ts";

/**
 * How a child begins apart from its descriptors. Every signal is as if nobody had ever touched
 * it: runtimes ignore `SIGPIPE`, Node also `SIGXFSZ`, and exec(2) would hand that on.
 */
export class SpawnAttributes implements Disposable {
  readonly memory: Uint8Array = new Uint8Array(new ArrayBuffer(spawnAttributes.size));

  constructor(options: { session?: boolean; processGroup?: number }) {
    ok(libc.posix_spawnattr_init(this.memory), "posix_spawnattr_init");
    try {
      this.#set(options);
    } catch (error) {
      this[Symbol.dispose]();
      throw error;
    }
  }

  #set({ session, processGroup }: { session?: boolean; processGroup?: number }): void {
    // All bits and not what sigfillset(3) sets, which leaves out those the C library uses: glibc
    // would have the child ignore them.
    const all = new Uint8Array(sigset.size).fill(0xff);
    const none = new Uint8Array(sigset.size);
    libc.posix_spawnattr_setsigdefault(this.memory, all);
    libc.posix_spawnattr_setsigmask(this.memory, none);

    let flags = POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK;
    if (session) flags |= POSIX_SPAWN_SETSID;
    if (processGroup !== undefined) {
      flags |= POSIX_SPAWN_SETPGROUP;
      libc.posix_spawnattr_setpgroup(this.memory, processGroup);
    }
    ok(libc.posix_spawnattr_setflags(this.memory, flags), "posix_spawnattr_setflags");
  }

  [Symbol.dispose](): void {
    libc.posix_spawnattr_destroy(this.memory);
  }
}
