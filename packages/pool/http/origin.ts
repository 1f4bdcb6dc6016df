import type { ClientRequest } from "node:http";
import { Agent as HttpsAgent, type RequestOptions } from "node:https";
import { isIP } from "node:net";
import type { ConnectionOptions } from "node:tls";

/** Where a request goes to, and as what it is made there. */
export interface Origin {
  /** Requests with the same one share connections. */
  readonly key: string;
  /** What the request, or its agent, has said. */
  readonly options: RequestOptions;
}

/** The origin of a request without TLS. */
export function plainOrigin(options: RequestOptions): Origin {
  const { host, port, socketPath, localAddress, family, lookup } = options;
  let key = socketPath ? `unix:${socketPath}` : `${host}:${port}`;
  if (localAddress || family || lookup) {
    key += `|${localAddress ?? ""}|${family ?? ""}|${lookup ? idOf(lookup) : ""}`;
  }
  return { key, options };
}

/** The origin of a request with TLS: what it may be told by is part of it. */
export function secureOrigin(request: ClientRequest, given: RequestOptions): Origin {
  const servername = given.servername ?? serverNameOf(request, given);
  const options = { ...given, servername };
  const { lookup, checkServerIdentity, secureContext, pskCallback } = given as ConnectionOptions;
  const ids = [lookup, checkServerIdentity, secureContext, pskCallback]
    .map((extra) => extra ? idOf(extra) : "");
  const { ALPNProtocols, allowPartialTrustChain, minDHSize, requestOCSP } = given as TlsOptions;
  const told = JSON.stringify([ALPNProtocols, allowPartialTrustChain, minDHSize, requestOCSP]);
  return { key: `${nameOf(options)}|${servername}|${ids.join("|")}|${told}`, options };
}

/** Of which the types of Node do not know all. */
type TlsOptions = ConnectionOptions & {
  readonly allowPartialTrustChain?: boolean;
  readonly requestOCSP?: boolean;
};

/** All that node:https tells connections apart by. */
function nameOf(options: RequestOptions): string {
  const { getName } = HttpsAgent.prototype as unknown as { getName(of: RequestOptions): string };
  return getName.call(HttpsAgent.prototype, options);
}

/** Whom the server has to prove to be: who the request is for. An address has no name. */
function serverNameOf(request: ClientRequest, { host }: RequestOptions): string {
  const header = request.getHeader("host");
  const asked = typeof header === "string" ? header.replace(/:\d*$/, "") : host ?? "";
  return isIP(asked.replace(/^\[(.*)\]$/, "$1")) === 0 ? asked : "";
}

const ids = new WeakMap<object, number>();
let lastId = 0;

/** A number for what can be told from another only by being another. */
function idOf(value: object): number {
  const id = ids.get(value) ?? ++lastId;
  ids.set(value, id);
  return id;
}
