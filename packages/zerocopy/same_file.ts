import { type AsFd, stat } from "@posixly/fd";

/** Whether two descriptors are of the same regular file, so that what is written is read again. */
export function isSameFile(one: AsFd, other: AsFd): boolean {
  const first = stat(one);
  if (first.kind !== "file") return false;
  const second = stat(other);
  return first.inode === second.inode && first.device.major === second.device.major &&
    first.device.minor === second.device.minor;
}
