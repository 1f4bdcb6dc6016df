import { once } from "node:events";
import type { Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import {
  type Connection,
  type HostAndPort,
  type Listener,
  listenTcp,
  shutdown,
} from "@posixly/socket";
import { certificate, key } from "./certificate_fixture.ts";
import { connections } from "./connections.ts";
import type { Endpoint } from "./endpoint.ts";
import { nodeSockets } from "./node_sockets.ts";
import type { Transport } from "./transport.ts";

/** The other end of a connection, and what it may do to one that rests. */
export interface Peer {
  /** Ends its half, and stays. */
  halfClose(): void;
  close(): void;
  reset(): void;
  /** Sends what nobody asked for. */
  say(bytes: Uint8Array): void;
}

/** Whom to connect to. */
export interface Host {
  readonly to: Endpoint;
  /** The other end of the connection that was made last, when it is ready. */
  peer(): Promise<Peer>;
  close(): Promise<void>;
}

/** The kinds of connections that there are, each with somebody to connect to. */
export const kinds: readonly {
  readonly name: string;
  readonly transport: () => Transport<object>;
  readonly listen: () => Promise<Host>;
  /** Waits for a byte, or for some. */
  readonly receive: (connection: object) => Promise<unknown>;
}[] = [
  {
    name: "a Connection",
    transport: connections,
    listen: plainHost,
    receive: (connection) => (connection as Connection).read(new Uint8Array(1)),
  },
  {
    name: "a net.Socket",
    transport: nodeSockets,
    listen: plainHost,
    receive: (socket) => once(socket as Socket, "data"),
  },
  {
    name: "a TLSSocket",
    transport: () => nodeSockets({ tls: { ca: certificate } }),
    listen: tlsHost,
    receive: (socket) => once(socket as Socket, "data"),
  },
];

export const portOf = ({ localAddress }: Listener): number => (localAddress as HostAndPort).port;

function plainHost(): Promise<Host> {
  const listener = listenTcp("127.0.0.1:0");
  const accepted: Connection[] = [];
  return Promise.resolve({
    to: { host: "127.0.0.1", port: portOf(listener) },
    async peer() {
      const connection = await listener.accept();
      accepted.push(connection);
      return {
        halfClose: () => shutdown(connection, "write"),
        close: () => connection.close(),
        reset: () => connection.reset(),
        say: (bytes) => void connection.write(bytes),
      };
    },
    close() {
      listener.close();
      for (const connection of accepted) connection.close();
      return Promise.resolve();
    },
  });
}

async function tlsHost(): Promise<Host> {
  const server = createTlsServer({ cert: certificate, key });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const waiting: Socket[] = [];
  const wanted: ((socket: Socket) => void)[] = [];
  server.on("secureConnection", (socket) => {
    socket.on("error", () => {}); // as when the other side breaks it off
    const want = wanted.shift();
    if (want === undefined) waiting.push(socket);
    else want(socket);
  });
  const all: Socket[] = [];
  return {
    to: { host: "localhost", port: (server.address() as { port: number }).port, tls: true },
    async peer() {
      const socket = waiting.shift() ??
        await new Promise<Socket>((resolve) => void wanted.push(resolve));
      all.push(socket);
      return {
        halfClose: () => void socket.end(),
        close: () => void socket.destroy(),
        reset: () => void socket.destroy(),
        say: (bytes) => void socket.write(bytes),
      };
    },
    async close() {
      server.close();
      for (const socket of all) socket.destroy();
      await once(server, "close");
    },
  };
}
