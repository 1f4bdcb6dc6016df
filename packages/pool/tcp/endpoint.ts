import { isIP } from "node:net";
import { type AddressLike, formatAddress, parseAddress, type SocketAddress } from "@posixly/socket";

/**
 * Where a connection goes, and as what it is made.
 *
 * @example Usage
 * ```ts
 * import { type Endpoint, endpointKey } from "@posixly/pool/tcp";
 * import assert from "node:assert/strict";
 *
 * const web: Endpoint = { host: "Example.COM", tls: true };
 * assert.equal(endpointKey(web), endpointKey({ host: "example.com", port: 443, tls: true }));
 * ```
 */
export interface Endpoint {
  /** A name, which is looked up as the system does, or an address. */
  readonly host: string;
  /** The port; by default 443 with TLS, and 80 without. */
  readonly port?: number;
  /** Whether it is encrypted by TLS, for transports that can; by default not. */
  readonly tls?: boolean;
  /** Whom the other side proves to be, with TLS; by default `host`. */
  readonly serverName?: string;
  /** Which address of ours to connect from; by default the kernel chooses. */
  readonly from?: AddressLike;
}

/**
 * What may be written for an {@linkcode Endpoint}: also `host:port`, `127.0.0.1:80`, `[::1]:80`.
 *
 * @example Usage
 * ```ts
 * import { endpointKey, type EndpointLike } from "@posixly/pool/tcp";
 * import assert from "node:assert/strict";
 *
 * const written: EndpointLike[] = ["[::1]:80", { host: "0:0::1" }, { host: "[::1]", port: 80 }];
 * assert.equal(new Set(written.map(endpointKey)).size, 1);
 * ```
 */
export type EndpointLike = string | Endpoint;

/**
 * An endpoint with nothing left to be guessed, each spelt in one way only: what a transport is told.
 *
 * @example Usage
 * ```ts
 * import { type Destination, TcpPool } from "@posixly/pool/tcp";
 * import assert from "node:assert/strict";
 *
 * const told: Destination[] = [];
 * const pool = new TcpPool({
 *   transport: { connect: async (to) => ({ number: told.push(to) }), close() {} },
 * });
 * await pool.use({ host: "Example.ORG", tls: true }, () => {});
 * const { host, port, serverName } = told[0];
 * assert.deepEqual([host, port, serverName], ["example.org", 443, "example.org"]);
 * await pool.close();
 * ```
 */
export interface Destination extends Endpoint {
  /** The port. */
  readonly port: number;
  /** Whether it is encrypted by TLS. */
  readonly tls: boolean;
  /** With TLS: always there, unless `host` is an address, which has no name to ask for. */
  readonly serverName: string | undefined;
  /** Which address of ours to connect from, as a text. */
  readonly from: string | undefined;
}

/**
 * What tells one endpoint from another. Endpoints with the same key share their connections: the
 * case of names does not matter, nor how an address is spelt, nor whether a default is written out.
 * A name and the address it stands for are two, since what a name stands for may change.
 *
 * @param to The endpoint
 * @returns The key
 * @throws {TypeError | RangeError} If it is none
 *
 * @example Usage
 * ```ts
 * import { endpointKey } from "@posixly/pool/tcp";
 * import assert from "node:assert/strict";
 *
 * assert.equal(endpointKey("LOCALHOST:80"), endpointKey({ host: "localhost" }));
 * const ours = { host: "10.0.0.1", port: 443, tls: true };
 * assert.notEqual(endpointKey({ ...ours, serverName: "a.example" }), endpointKey(ours));
 * ```
 */
export function endpointKey(to: EndpointLike): string {
  const { host, port, tls, serverName = "", from = "" } = destinationOf(to);
  const place = `${host.includes(":") ? `[${host}]` : host}:${port}`;
  return tls || from !== "" ? `${place}|${tls ? `tls=${serverName}` : ""}|${from}` : place;
}

/** The endpoint that is meant. */
export function destinationOf(to: EndpointLike): Destination {
  const { host, port, tls = false, serverName, from, ...others } = typeof to === "string"
    ? fromText(to)
    : requireEndpoint(to);
  for (const name in others) throw new TypeError(`an endpoint has no ${name}`);
  if (typeof tls !== "boolean") throw new TypeError(`tls must be true or false, not ${tls}`);
  const number = requirePort(port ?? (tls ? 443 : 80));
  const name = hostOf(host, number);
  return {
    host: name,
    port: number,
    tls,
    serverName: tls ? nameToProve(serverName, name) : undefined,
    from: from === undefined ? undefined : formatAddress(from),
  };
}

/** `host:port`: the last colon counts, for an address of version 6 has more of them. */
function fromText(text: string): Endpoint {
  const parts = /^(?<host>\[[^\]]+\]|[^:[\]]+):(?<port>\d{1,5})$/.exec(text)?.groups;
  if (parts === undefined) throw new TypeError(`an endpoint is host:port, not ${text}`);
  return { host: parts.host, port: Number(parts.port) };
}

/** An address of the internet, as a listener tells its own, is an endpoint as well. */
function requireEndpoint(to: Endpoint): Endpoint {
  if (typeof to !== "object" || to === null) {
    throw new TypeError(`an endpoint is an object or host:port, not ${String(to)}`);
  }
  if (!("family" in to)) return to;
  const { family, ...address } = to;
  return family === "ipv4" ? address : fromText(formatAddress(to as unknown as SocketAddress));
}

function requirePort(port: number): number {
  if (typeof port !== "number") throw new TypeError(`port must be a number, not ${String(port)}`);
  if (Number.isInteger(port) && port > 0 && port <= 65_535) return port;
  throw new RangeError(`port must be an integer from 1 to 65535, not ${port}`);
}

function hostOf(host: string, port: number): string {
  if (typeof host !== "string" || host === "" || host.includes("\0")) {
    throw new TypeError(`host must be a name or an address, not ${String(host)}`);
  }
  const bare = host.replace(/^\[(.*)\]$/, "$1");
  if (!bare.includes(":")) return bare.toLowerCase();
  const address = formatAddress(parseAddress(`[${bare}]:${port}`));
  return address.slice(1, address.lastIndexOf("]"));
}

/** The name that TLS asks for. An address is none, RFC 6066; it is proved as the host. */
function nameToProve(name: string | undefined, host: string): string | undefined {
  if (name === undefined) return isIP(host) === 0 ? host : undefined;
  if (typeof name === "string" && name !== "" && isIP(name) === 0) return name.toLowerCase();
  throw new TypeError(`serverName must be a name, and no address, not ${String(name)}`);
}
