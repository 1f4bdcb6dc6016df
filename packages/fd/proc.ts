import { open } from "./open.ts";
import type { OwnedFd } from "./owned_fd.ts";
import { readAll } from "./read_all.ts";

// What /proc says, read with our own calls: a runtime asks for no permission for those.

/** A small file, whole, as text. */
export function textIn(dir: OwnedFd, name: string): string {
  using file = open(name, { dir });
  return new TextDecoder().decode(readAll(file, { sizeHint: 4096 }));
}
