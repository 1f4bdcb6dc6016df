import { open, type OwnedFd, preadv, pwrite } from "@posixly/fd";
import { testWhere } from "@posixly/testing";

/** A temporary file on a disk, with nothing in it. */
export function onDisk(): OwnedFd {
  return open("/var/tmp", { read: true, write: true, temporary: true });
}

/** A test of what is in memory, which overlayfs, of which containers are made, does not say. */
export function testOnDisk(name: string, run: () => void | Promise<void>): void {
  testWhere(saysWhatIsInMemory(), "a disk that says what is in memory", name, run);
}

function saysWhatIsInMemory(): boolean {
  using file = onDisk();
  pwrite(file, new Uint8Array(1), 0);
  try {
    preadv(file, [new Uint8Array(1)], 0, { nonBlocking: true });
    return true;
  } catch (error) {
    if ((error as { code?: string }).code === "EOPNOTSUPP") return false;
    throw error;
  }
}
