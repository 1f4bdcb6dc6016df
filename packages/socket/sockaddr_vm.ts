import { requireInteger, requireKnown } from "@posixly/sys";
import type { VsockAddress } from "./address.ts";
import { AF_VSOCK, sockaddrVm } from "./libc.ts";

export function writeVm(address: VsockAddress, into: Uint8Array): number {
  requireKnown(address, ["family", "cid", "port", "flags"]);
  const { cid, port, flags = 0 } = address;
  into.set(sockaddrVm.encode({
    svm_family: AF_VSOCK,
    svm_cid: requireInteger(cid, "cid", 0, 0xffff_ffff),
    svm_port: requireInteger(port, "port", 0, 0xffff_ffff),
    svm_flags: requireInteger(flags, "flags", 0, 0xff),
  }));
  return sockaddrVm.size;
}

export function readVm(bytes: Uint8Array, length: number): VsockAddress | undefined {
  if (length < sockaddrVm.size) return undefined;
  const { svm_cid, svm_port, svm_flags } = sockaddrVm.view(bytes);
  const flags = svm_flags === 0 ? {} : { flags: svm_flags };
  return { family: "vsock", cid: svm_cid, port: svm_port, ...flags };
}
