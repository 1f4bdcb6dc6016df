import { type AsFd, type Stat, stat } from "@posixly/fd";

/** What tells one file from all others. */
export type FileIdentity = Pick<Stat, "inode" | "device">;

/** Whether two descriptors are of the same regular file, so that what is written is read again. */
export function isSameFile(one: AsFd, other: AsFd): boolean {
  const first = stat(one);
  return first.kind === "file" && isOneFile(first, stat(other));
}

/** Whether both are of one file. */
export function isOneFile(first: FileIdentity, second: FileIdentity): boolean {
  return first.inode === second.inode && first.device.major === second.device.major &&
    first.device.minor === second.device.minor;
}
