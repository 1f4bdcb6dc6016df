// What the tests of `sendFile` share: a folder of files, and a server of node:http.
import { Buffer } from "node:buffer";
import { once } from "node:events";
import { mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { createServer, get, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo, Server } from "node:net";
import { buffer } from "node:stream/consumers";
import { type Connection, connectTcp } from "@posixly/socket";
import { withoutLeaks } from "@posixly/testing";
import { sendFile, type SendFileOptions, type SentFile } from "@posixly/zerocopy/http";
import { test } from "uvu";

export const folder = mkdtempSync("/var/tmp/posixly-http-");
test.after(() => rmSync(folder, { recursive: true }));

export const bytes = Buffer.from(Uint8Array.from({ length: 3_000_000 }, (_, i) => (i * 7) % 251));
writeFileSync(`${folder}/large.bin`, bytes);
writeFileSync(`${folder}/small.txt`, "small");
writeFileSync(`${folder}/empty.txt`, "");
writeFileSync(`${folder}/.hidden`, "hidden");
writeFileSync(`${folder}/100% ü.html`, "<p>");
symlinkSync("/etc/passwd", `${folder}/link`);

/** More than any two sockets hold. */
export const HUGE = 50_000_000;
writeFileSync(`${folder}/huge.bin`, "");
truncateSync(`${folder}/huge.bin`, HUGE);

export type Handler = (response: ServerResponse, request: IncomingMessage) => unknown;

export interface Site {
  readonly server: Server;
  readonly port: number;
  /** What became of each call of `sendFile`, in the order of their ends. */
  readonly sent: SentFile[];
}

/** Serves for as long as something runs; a handler's result is kept, and its error thrown. */
export async function serving(handler: Handler, run: (site: Site) => Promise<void>): Promise<void> {
  await withoutLeaks(async () => {
    const sent: SentFile[] = [];
    const errors: unknown[] = [];
    const server = createServer(async (request, response) => {
      try {
        const result = await handler(response, request);
        if (result) sent.push(result as SentFile);
      } catch (error) {
        errors.push(error);
      }
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    try {
      await run({ server, port: (server.address() as AddressInfo).port, sent });
    } finally {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    }
    if (errors.length > 0) throw errors[0];
  });
}

/** Serves the folder to whoever asks by name. */
export const byName = (options: SendFileOptions = {}): Handler => (response, { url }) =>
  sendFile(response, decodeURIComponent(url!.slice(1)), { root: folder, ...options });

export async function ask(port: number, path: string, headers = {}, method = "GET") {
  const request = get({ port, host: "127.0.0.1", path, headers, method, agent: false });
  const [response] = await once(request, "response") as [IncomingMessage];
  return { status: response.statusCode, headers: response.headers, body: await buffer(response) };
}

export const encode = (words: string) => new TextEncoder().encode(words);
export const request = (path: string, more = "") =>
  encode(`GET ${path} HTTP/1.1\r\nHost: a\r\n${more}\r\n`);

/** One answer of known length, read from a connection byte by byte as far as it goes. */
export async function answerOf(connection: Connection, length: number) {
  let head = "";
  const one = new Uint8Array(1);
  while (!head.endsWith("\r\n\r\n") && await connection.read(one)) {
    head += String.fromCharCode(one[0]);
  }
  const body = Buffer.alloc(length);
  let n = 0;
  while (n < length) {
    const more = await connection.read(body.subarray(n));
    if (more === 0) break;
    n += more;
  }
  return { head, body: body.subarray(0, n) };
}

export function dial(port: number): Promise<Connection> {
  return connectTcp({ family: "ipv4", host: "127.0.0.1", port });
}

/** What is behind the head of an answer. */
export function bodyOf(answer: Uint8Array): Buffer {
  const all = Buffer.from(answer);
  return all.subarray(all.indexOf("\r\n\r\n") + 4);
}
