import { table } from "@posixly/fd";
import { errno, ok } from "@posixly/sys";
import { fileActions, libc } from "./libc.ts";

/** What a child does to its descriptors before its program begins, in this order. */
export class FileActions implements Disposable {
  readonly memory: Uint8Array = new Uint8Array(new ArrayBuffer(fileActions.size));

  constructor() {
    ok(libc.posix_spawn_file_actions_init(this.memory), "posix_spawn_file_actions_init");
  }

  /** Makes `to` a duplicate of `from`, which stays open over exec(2). */
  duplicate(from: number, to: number): void {
    const added = libc.posix_spawn_file_actions_adddup2(this.memory, from, to);
    ok(added, "posix_spawn_file_actions_adddup2", { fd: to });
  }

  close(fd: number): void {
    const added = libc.posix_spawn_file_actions_addclose(this.memory, fd);
    ok(added, "posix_spawn_file_actions_addclose", { fd });
  }

  /** Closes this descriptor and all above. */
  closeFrom(first: number): void {
    const added = libc.posix_spawn_file_actions_addclosefrom_np(this.memory, first);
    if (added !== -errno.ENOSYS) {
      ok(added, "posix_spawn_file_actions_addclosefrom_np", { fd: first });
      return;
    }
    // Only glibc from 2.34 has it. Elsewhere what is open now has to be enough, which misses
    // only what another thread opens at this moment without close-on-exec.
    for (const { fd } of table()) if (fd >= first) this.close(fd);
  }

  /** Goes to a directory; glibc has this from 2.29 on. */
  changeDirectory(directory: number): void {
    const added = libc.posix_spawn_file_actions_addfchdir_np(this.memory, directory);
    ok(added, "posix_spawn_file_actions_addfchdir_np", { fd: directory });
  }

  [Symbol.dispose](): void {
    libc.posix_spawn_file_actions_destroy(this.memory);
  }
}
