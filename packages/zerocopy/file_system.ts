import { ok, retry } from "@posixly/sys";
import { libc, statfs } from "./libc.ts";

/** What a file system says of itself, see {@linkcode fileSystemOf}. */
export interface FileSystem {
  /** Its magic number. */
  readonly type: number;
  /** How large its blocks are, in bytes. */
  readonly blockSize: number;
}

/** What a file lies on, fstatfs(2). */
export function fileSystemOf(fd: number): FileSystem {
  const found = new Uint8Array(statfs.size);
  ok(retry(() => libc.fstatfs(fd, found)), "fstatfs", { fd });
  const { f_type, f_bsize } = statfs.decode(found);
  return { type: Number(f_type), blockSize: Number(f_bsize) };
}
