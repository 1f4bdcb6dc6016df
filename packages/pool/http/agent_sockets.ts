import { lookup as systemLookup } from "node:dns";
import type { LookupFunction, Socket } from "node:net";
import type { ConnectionOptions } from "node:tls";
import { unlessAborted } from "@posixly/mux";
import {
  type Connection,
  connectTcp,
  connectUnix,
  type HostAndPort,
  type SettableOptions,
  type UnixAddress,
} from "@posixly/socket";
import { adopted, isNodeSocketIntact } from "../tcp/node_socket.ts";
import { Tls } from "../tcp/tls.ts";
import type { TlsSettings } from "../tcp/node_sockets.ts";
import type { Care } from "../tcp/transport.ts";
import { watchful } from "../tcp/watchful.ts";
import type { Origin } from "./origin.ts";

/** What is done with sockets once they are there. Their end is heard by the agent. */
export const care: Care<Socket> = {
  close: (socket) => void socket.destroy(),
  watch(socket, onEvent) {
    socket.on("data", onEvent);
    if (!socket.readableFlowing) socket.resume();
    socket.unref();
    return () => {
      // It flows on: node:http listens before anything can arrive.
      socket.off("data", onEvent);
      socket.ref();
    };
  },
  isIntact: isNodeSocketIntact,
};

/** How an agent connects to where its requests go. */
export class Connector {
  readonly #settings: Partial<SettableOptions>;
  readonly #tlsSettings: TlsSettings | undefined;
  readonly #tls = new Tls();

  /** @param tlsSettings What counts for all requests; `undefined` is without TLS */
  constructor(settings: Partial<SettableOptions>, tlsSettings: TlsSettings | undefined) {
    this.#settings = { ...watchful, noDelay: true, ...settings };
    this.#tlsSettings = tlsSettings;
  }

  async connect({ key, options }: Origin, signal: AbortSignal): Promise<Socket> {
    const socket = adopted(await this.#connected(options, signal));
    if (this.#tlsSettings === undefined) return socket;
    const { path: _path, socketPath: _socketPath, timeout: _timeout, ...given } = options;
    const told = { ALPNProtocols: ["http/1.1"], ...given, ...this.#tlsSettings };
    return await this.#tls.secure(socket, key, told as ConnectionOptions, signal);
  }

  async #connected(options: Origin["options"], signal: AbortSignal): Promise<Connection> {
    const { socketPath, localAddress, localPort = 0 } = options;
    if (socketPath) return await connectUnix(unixAddress(socketPath), { signal });
    const from = localAddress ? addressOf(localAddress, localPort) : undefined;
    return await connectTcp(await placeOf(options, signal), {
      from,
      signal,
      options: this.#settings,
    });
  }
}

/** An abstract name begins with a NUL in Node; servers of Node 20 fill it up with more of them. */
function unixAddress(socketPath: string): UnixAddress {
  return socketPath.startsWith("\0")
    ? { family: "unix", abstract: socketPath.slice(1) }
    : { family: "unix", path: socketPath };
}

/** Where to connect to; a request may say how its name is to be looked up. */
async function placeOf(
  { host, port, family, lookup }: Origin["options"],
  signal: AbortSignal,
): Promise<HostAndPort | string> {
  const place = { host: host ?? "localhost", port: Number(port) };
  if (!family && lookup === undefined) return place;
  const find = lookup as LookupFunction | undefined ?? systemLookup as LookupFunction;
  const looking = new Promise<string>((resolve, reject) => {
    find(place.host, { family: Number(family ?? 0) }, (error, found) => {
      if (error) return reject(error);
      const address = typeof found === "string" ? found : found[0]?.address;
      if (address) resolve(address);
      else reject(new Error(`lookup has found no address of ${place.host}`));
    });
  });
  return addressOf(await unlessAborted(looking, signal), place.port);
}

function addressOf(host: string, port: number): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}
