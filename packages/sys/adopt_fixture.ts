import { type OnReadOpts, Socket, type SocketConstructorOpts } from "node:net";

/** Makes a socket of a descriptor, as the backends do. */
export function adopt(fd: number, onread: OnReadOpts): Socket {
  return new Socket({ fd, onread } as SocketConstructorOpts);
}
