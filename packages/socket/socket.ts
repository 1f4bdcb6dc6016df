import { OwnedFd } from "@posixly/fd";

/**
 * A socket: whatever talks to others through the kernel, here or on another machine.
 * {@linkcode socket} makes one, {@linkcode accept} and {@linkcode socketPair} do, and
 * {@linkcode adopt} takes one over that came from elsewhere.
 *
 * @example Usage
 * ```ts
 * import { socket, Socket } from "@posixly/socket";
 * import assert from "node:assert/strict";
 *
 * using udp = socket("ipv4", "datagram");
 * assert.ok(udp instanceof Socket);
 * ```
 */
export class Socket extends OwnedFd {}
