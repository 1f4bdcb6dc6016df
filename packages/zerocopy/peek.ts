import process from "node:process";
import { type Address, addressAfter, addressOf, type Bytes, errno, ok } from "@posixly/sys";
import { iovec, libc } from "./libc.ts";

/**
 * Has the kernel copy bytes out of our own memory, process_vm_readv(2): where a touch would be a
 * signal that ends the process, it stops. Gives how many it copied.
 */
export function peek(from: Address, into: Bytes, length: number): number {
  let copied = 0;
  while (copied < length) {
    const to = addressAfter(addressOf(into), copied);
    const n = copy(addressAfter(from, copied), to, length - copied);
    if (n === 0) break;
    copied += n; // a call copies no more than 2 GiB less a page
  }
  return copied;
}

function copy(from: Address, to: Address, length: number): number {
  const local = iovec.encode({ iov_base: to, iov_len: length });
  const remote = iovec.encode({ iov_base: from, iov_len: length });
  const n = libc.process_vm_readv(process.pid, local, 1, remote, 1, 0);
  return n === -errno.EFAULT ? 0 : Number(ok(n, "process_vm_readv"));
}

const last = new Uint8Array(new ArrayBuffer(1));

/** Whether a touch would do no harm. */
export function isThere(address: Address): boolean {
  return peek(address, last, 1) === 1;
}
