import type { AddressLike, SocketAddress } from "./address.ts";

export const ADDRESS_SIZE = 128;
export function encodeAddress(_address: AddressLike): Uint8Array<ArrayBuffer> {
  throw new Error("not yet");
}
export function writeAddress(_address: AddressLike, _into: Uint8Array): number {
  throw new Error("not yet");
}
export function decodeAddress(_bytes: Uint8Array, _length = _bytes.length): SocketAddress {
  throw new Error("not yet");
}
