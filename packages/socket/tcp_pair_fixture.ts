import assert from "node:assert/strict";
import { poll } from "@posixly/mux";
import { accept, bind, connect, listen, localAddress, type Socket, socket } from "@posixly/socket";

/** Two ends of a connection over TCP, and closed together. */
export interface TcpPair extends Disposable {
  readonly client: Socket;
  readonly server: Socket;
}

/** Connects two sockets over loopback; what has to be done with one before that, the caller does. */
export function tcpPair(
  prepareListener: (listener: Socket) => void = () => {},
  prepareClient: (client: Socket) => void = () => {},
): TcpPair {
  using listener = socket("ipv4", "stream");
  prepareListener(listener);
  bind(listener, "127.0.0.1:0");
  listen(listener);
  const client = socket("ipv4", "stream");
  prepareClient(client);
  connect(client, localAddress(listener));
  untilReadable(listener);
  const { socket: server } = accept(listener)!;
  return {
    client,
    server,
    [Symbol.dispose]() {
      client.close();
      server.close();
    },
  };
}

/** Blocks until there is something to read, and fails if nothing comes. */
export function untilReadable(fd: Socket): void {
  assert.equal(poll([{ fd, readable: true }], { timeout: 10_000 }).length, 1);
}
