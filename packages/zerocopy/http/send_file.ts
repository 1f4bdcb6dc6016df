import { type ServerResponse, validateHeaderValue } from "node:http";
import type { Http2ServerResponse } from "node:http2";
import { basename, normalize, resolve } from "node:path";
import { requireBoolean, requireInteger, requireKnown } from "@posixly/sys";
import { type Answer, answerTo } from "./answer.ts";
import { attachment } from "./attachment.ts";
import { DocumentRoot, type DocumentRootOptions, type FoundFile } from "./document_root.ts";
import { HttpError } from "./http_error.ts";
import { isShortage, refused } from "./open_in.ts";
import type { Question } from "./question.ts";
import { refusal } from "./refusal.ts";
import type { Representation } from "./representation.ts";
import { respond } from "./respond.ts";

/**
 * How a file is sent, see {@linkcode sendFile}.
 *
 * @example Usage
 * ```ts
 * import { sendFile, type SendFileOptions } from "@posixly/zerocopy/http";
 * import assert from "node:assert/strict";
 * import { once } from "node:events";
 * import { createServer, get } from "node:http";
 *
 * const download: SendFileOptions = { root: "/etc", attachment: "users.txt", maxAge: 60 };
 * const server = createServer((_, response) => void sendFile(response, "passwd", download));
 * server.listen(0, "127.0.0.1");
 * await once(server, "listening");
 *
 * const { port } = server.address() as { port: number };
 * const [response] = await once(get({ port, host: "127.0.0.1", agent: false }), "response");
 * assert.equal(response.headers["content-disposition"], 'attachment; filename="users.txt"');
 * assert.equal(response.headers["cache-control"], "public, max-age=60");
 * response.resume();
 * await once(response, "end");
 * server.close();
 * ```
 */
export interface SendFileOptions
  extends Pick<DocumentRootOptions, "symlinks" | "dotfiles" | "precompressed"> {
  /**
   * The folder that the file must be in. With it, `path` may come from a client: nothing else is
   * ever opened, whatever links and dots there are. Without it, `path` is trusted.
   */
  readonly root?: string;
  /** Headers of the answer if there is a file. What describes the body is not up to them. */
  readonly headers?: Readonly<Record<string, string | number | readonly string[]>>;
  /** For how many seconds the file may be kept without asking again. By default nothing is said. */
  readonly maxAge?: number;
  /** Whether the file never changes within that time, so that reloading does not ask either. */
  readonly immutable?: boolean;
  /** The media type; by default that of the name, or what the response has been given. */
  readonly contentType?: string;
  /**
   * Whether it is to be stored and not shown, and under which name, which must not be empty; `true`
   * is that of the file.
   */
  readonly attachment?: boolean | string;
  /** What becomes of a file that is not there: `answer`, the default, or `throw`. */
  readonly refusal?: "answer" | "throw";
  /** How many bytes at most before everything else in this thread has its turn; 2 MiB by default. */
  readonly chunk?: number;
  /** Ends it, and the connection with it. */
  readonly signal?: AbortSignal;
}

/**
 * What was answered, see {@linkcode sendFile}.
 *
 * @example Usage
 * ```ts
 * import { sendFile, type SentFile } from "@posixly/zerocopy/http";
 * import assert from "node:assert/strict";
 * import { once } from "node:events";
 * import { createServer, get } from "node:http";
 *
 * const server = createServer();
 * server.listen(0, "127.0.0.1");
 * await once(server, "listening");
 *
 * const { port } = server.address() as { port: number };
 * const request = get({ port, host: "127.0.0.1", agent: false });
 * request.on("response", (response) => response.resume());
 * const [, response] = await once(server, "request");
 * const sent: SentFile = await sendFile(response, "/no/such/file");
 * assert.deepEqual([sent.status, sent.isComplete], [404, true]);
 * server.close();
 * ```
 */
export interface SentFile {
  /** The status: 200, 206, 304, 404 and so on. */
  readonly status: number;
  /** How many bytes of a body the connection has taken. */
  readonly bytes: number;
  /**
   * What files are sent by on this connection: sendfile(2), or read here and written to the
   * response where that cannot be.
   */
  readonly path: "sendfile" | "stream";
  /** Whether that was all of it; `false` if the client has left before. */
  readonly isComplete: boolean;
}

/**
 * Answers a request with a file, by a server of node:http, and so of express, fastify and others:
 * with the headers that caches and players want, the ranges that were asked for, or the word that
 * nothing has changed. The kernel sends the bytes straight from its memory.
 *
 * Headers that were set before go along, and so does a status from 400 on: with it the file is the
 * page of an error, and sent whole whatever was asked. Koa begins with 404: set `statusCode` to 200
 * there before. Where sendfile(2) cannot be, the file is read and written to the response, and `path`
 * says so: through TLS and HTTP/2, and where somebody has replaced the response's `write`, to compress
 * what is sent or to look at it.
 *
 * What is no file, or may not be read, is answered by 404, 403 and so on. A client that leaves is no
 * error either: `isComplete` tells. A file that becomes shorter while it is sent is one: the
 * connection is closed, since its length was promised.
 *
 * @param response The response, of which nothing was sent yet. Leave it alone until it is done
 * @param path The file; relative to `root`, or to the working directory
 * @param options What else to say of it, and how to give up
 * @returns Resolves when the kernel has all of it
 * @throws {FileTruncatedError} If the file became shorter
 * @throws {SyscallError} `ENOENT`, `ENOTDIR` or `EACCES` if there is no such `root`; `EIO` if the
 * disk fails, and what else the kernel may say of a file
 * @throws {Error} With a `status`, if there is no such file and `refusal` is `throw`: nothing was
 * sent then. Or if something was sent before
 * @throws {TypeError | RangeError} If an option is not as described
 * @throws The signal's reason
 *
 * @example Usage
 * ```ts
 * import { sendFile } from "@posixly/zerocopy/http";
 * import assert from "node:assert/strict";
 * import { once } from "node:events";
 * import { createServer, get } from "node:http";
 * import { text } from "node:stream/consumers";
 *
 * const server = createServer(async (_, response) => {
 *   const { path, bytes } = await sendFile(response, "/etc/hostname");
 *   assert.equal(path, "sendfile");
 *   assert.ok(bytes > 0);
 *   server.close();
 * });
 * server.listen(0, "127.0.0.1");
 * await once(server, "listening");
 *
 * const { port } = server.address() as { port: number };
 * const [response] = await once(get({ port, host: "127.0.0.1", agent: false }), "response");
 * assert.equal(response.headers["accept-ranges"], "bytes");
 * assert.ok((await text(response)).length > 0);
 * ```
 */
export async function sendFile(
  response: ServerResponse | Http2ServerResponse,
  path: string,
  options: SendFileOptions = {},
): Promise<SentFile> {
  return await answerWith(response as ServerResponse, path, options); // all that we use both have
}

/** What describes a body; it is the answer that knows. */
const ofBody = [
  "accept-ranges",
  "content-encoding",
  "content-length",
  "content-range",
  "content-type",
  "etag",
  "last-modified",
  "transfer-encoding",
];

/** What else is said of a file, and not of why there is none. */
const ofFile = ["cache-control", "content-disposition", "expires"];

async function answerWith(
  response: ServerResponse,
  path: string,
  options: SendFileOptions,
): Promise<SentFile> {
  requireOptions(path, options);
  options.signal?.throwIfAborted();
  if (response.headersSent) throw new Error("Cannot send a file: the headers were sent before");
  const question = questionOf(response);
  try {
    using found = find(path, question, options);
    const told = describe(found.representation, response, options.contentType);
    const answer = answerOf(response, question, told);
    setHeaders(response, path, options);
    return { status: answer.status, ...await respond(response, answer, found.file, options) };
  } catch (error) {
    if (!(error instanceof HttpError) || options.refusal === "throw") throw error;
    const answer = refusal(error, question);
    for (const name of [...ofBody, ...ofFile]) response.removeHeader(name);
    return { status: answer.status, ...await respond(response, answer, undefined, options) };
  }
}

function requireOptions(path: string, options: SendFileOptions): void {
  if (typeof path !== "string") throw new TypeError("path must be a string");
  requireKnown(options, [
    "root",
    "symlinks",
    "dotfiles",
    "precompressed",
    "headers",
    "maxAge",
    "immutable",
    "contentType",
    "attachment",
    "refusal",
    "chunk",
    "signal",
  ]);
  const { root, maxAge, immutable, contentType, attachment, chunk, refusal = "answer" } = options;
  requireText(root, "root");
  requireText(contentType, "contentType");
  if (contentType !== undefined) validateHeaderValue("contentType", contentType); // for parts, too
  if (maxAge !== undefined) requireInteger(maxAge, "maxAge", 0);
  requireBoolean(immutable, "immutable");
  if (typeof attachment === "string") requireText(attachment, "attachment");
  else requireBoolean(attachment, "attachment");
  if (chunk !== undefined) requireInteger(chunk, "chunk", 1);
  if (refusal !== "answer" && refusal !== "throw") {
    throw new TypeError(`refusal must be answer or throw, not ${String(refusal)}`);
  }
}

function requireText(text: string | undefined, name: string): void {
  if (text === undefined || (typeof text === "string" && text !== "")) return;
  throw new TypeError(`${name} must be a string that is not empty, not ${JSON.stringify(text)}`);
}

function questionOf({ req: { method = "GET", headers } }: ServerResponse): Question {
  return {
    method,
    header(name) {
      const value = headers[name];
      return Array.isArray(value) ? value.join(", ") : value;
    },
  };
}

function find(path: string, question: Question, options: SendFileOptions): FoundFile {
  const { root, symlinks, dotfiles, precompressed, maxAge, immutable } = options;
  const cacheControl = maxAge === undefined
    ? undefined
    : `public, max-age=${maxAge}${immutable ? ", immutable" : ""}`;
  const shown = root === undefined
    ? { symlinks: "follow", dotfiles: "allow" } as const
    : { symlinks, dotfiles };
  const manner = { ...shown, index: [], precompressed, cacheControl, hold: 0 }; // for this file alone
  using folder = open(root ?? "/", manner);
  const target = targetOf(path, root === undefined ? resolve : normalize);
  const found = folder.find(target, question.header("accept-encoding"));
  if (found.kind === "file") return found;
  throw new HttpError(404, "Not found");
}

function open(root: string, options: DocumentRootOptions): DocumentRoot {
  try {
    return new DocumentRoot(root, options);
  } catch (error) {
    throw isShortage(error) ? refused(503, error) : error;
  }
}

/** What to answer. The page of an error is told as that error, and whole. */
function answerOf({ statusCode }: ServerResponse, question: Question, of: Representation): Answer {
  if (statusCode < 400) return answerTo(question, of);
  const { method } = question;
  return { ...answerTo({ method, header: () => null }, of), status: statusCode };
}

/** A path as a request has it: everything in a name is that name, and a slash at the end stays. */
function targetOf(path: string, simplify: (path: string) => string): string {
  const end = /\/\.?$/.test(path) ? "/" : ""; // which may get lost: a file has none
  return `/${simplify(path).split("/").map(encoded).join("/")}${end}`;
}

function encoded(name: string): string {
  return encodeURIComponent(name.toWellFormed());
}

function setHeaders(response: ServerResponse, path: string, options: SendFileOptions): void {
  for (const [name, value] of Object.entries(options.headers ?? {})) {
    if (!ofBody.includes(name.toLowerCase())) response.setHeader(name, value);
  }
  if (options.attachment) {
    const name = options.attachment === true ? basename(path) : options.attachment;
    response.setHeader("Content-Disposition", attachment(name));
  }
}

/** The file as it is to be told of: a type that somebody has chosen is better than that of a name. */
function describe(of: Representation, response: ServerResponse, chosen?: string): Representation {
  const type = chosen ?? response.getHeader("Content-Type");
  return type === undefined ? of : { ...of, type: String(type) };
}
