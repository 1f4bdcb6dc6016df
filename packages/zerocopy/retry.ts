import { errno } from "@posixly/sys";

/** Makes a call, and makes it again for as long as signals interrupt it. */
export function retry<T extends number | bigint>(call: () => T): T {
  for (;;) {
    const result = call();
    if (result !== -errno.EINTR) return result;
  }
}
