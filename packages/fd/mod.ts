/**
 * Descriptors: what the kernel calls everything that is open.
 *
 * @module
 */
export { type AsFd, fdOf } from "./as_fd.ts";
export { OwnedFd } from "./owned_fd.ts";
export { read } from "./read.ts";
export { write } from "./write.ts";
