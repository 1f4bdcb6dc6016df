import { EventEmitter, once } from "node:events";
import { ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Writable } from "node:stream";
import { type AsFd, type OwnedFd, pread } from "@posixly/fd";
import { onAbort } from "@posixly/mux";
import { duplicateNodeSocket } from "@posixly/socket";
import { FileTruncatedError } from "../file_truncated.ts";
import { sendFile } from "../send_file.ts";
import { Warmth } from "../warm.ts";
import type { Answer, Part } from "./answer.ts";

/** How an answer went. */
export interface Responded {
  readonly bytes: number;
  readonly path: "sendfile" | "stream";
  readonly isComplete: boolean;
}

/** What is sent after the head, and how far that has come. */
interface Body {
  readonly parts: readonly Part[];
  readonly file: AsFd;
  readonly chunk: number | undefined;
  /** Aborts when somebody gives up: the client, or who has asked for it. */
  readonly signal: AbortSignal;
  taken(bytes: number): void;
}

/** How much of a file is read at once where it is not the kernel that sends it. */
const CHUNK = 65_536;

/** How node:http writes, unless somebody had replaced that before we were loaded. */
const { write: genuineWrite } = ServerResponse.prototype;

/** What a connection fails with that the client has broken off, or the network. */
const partings = [
  "ECONNRESET",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "EPIPE",
  "ETIMEDOUT",
  "ERR_STREAM_DESTROYED",
];

/**
 * Gives an answer by a response of node:http, of which only headers may have been set. Once the head
 * is on its way, whatever goes wrong ends the connection: a body is whole, or seen not to be.
 */
export async function respond(
  response: ServerResponse,
  { status, headers, parts }: Answer,
  file: AsFd | undefined,
  { chunk, signal }: { readonly chunk?: number; readonly signal?: AbortSignal } = {},
): Promise<Responded> {
  response.removeHeader("Transfer-Encoding"); // with a length as well, nobody would know the end
  for (const [name, value] of headers) setHeader(response, name, value);
  const promised = response.getHeader("Content-Length");
  response.writeHead(status); // who listens for that may change the headers
  const isAsPromised = response.getHeader("Content-Length") === promised;

  const { socket } = response.req;
  const end = new AbortController();
  const leave = () => end.abort();
  const gone = closing(socket);
  if (gone.aborted || signal?.aborted) leave();
  onAbort(gone, leave);
  response.on("error", (error) => end.abort(error)); // for ever: it may come when all is over
  if (signal !== undefined) onAbort(signal, leave);
  let bytes = 0;
  let path: Responded["path"] = "stream";
  const taken = (n: number) => {
    bytes += n;
    if (socket.timeout) socket.setTimeout(socket.timeout); // it is not idle
  };
  try {
    end.signal.throwIfAborted(); // a response that was closed must not be written to
    // While an earlier one on the same connection is not done, it has no socket.
    if (response.socket === null) await once(response, "socket", { signal: end.signal });
    uncork(response);
    uncork(socket); // which has taken over what a response was told that waited
    using to = isAsPromised ? descriptorOf(response) : undefined;
    if (to !== undefined) path = "sendfile";
    if (file !== undefined && parts.some(isOfFile)) {
      const body = { parts, file, chunk, signal: end.signal, taken };
      if (to === undefined) await byStream(response, body);
      else if (!await bySendfile(response, to, body)) path = "stream";
    } else {
      for (const part of parts) write(response, part as Uint8Array, taken);
      response.end();
    }
    return { bytes, path, isComplete: true };
  } catch (error) {
    const cause = end.signal.reason ?? error;
    breakOff(response);
    if (signal?.aborted) throw signal.reason;
    const hasLeft = cause.name === "AbortError" || partings.includes(cause.code);
    if (hasLeft) return { bytes, path, isComplete: false };
    throw cause;
  } finally {
    gone.removeEventListener("abort", leave);
    signal?.removeEventListener("abort", leave);
  }
}

/** By which signal all responses know that a connection has closed. */
const closings = new WeakMap<EventEmitter, AbortSignal>();

/** Aborts when a connection has closed. However many wait for that, it has one listener. */
function closing(socket: Socket): AbortSignal {
  let signal = closings.get(socket);
  if (signal === undefined) {
    const controller = new AbortController();
    closings.set(socket, signal = controller.signal);
    if (socket.destroyed) controller.abort();
    socket.once("close", () => controller.abort());
  }
  return signal;
}

/** Lets go of what somebody has held back, who waits for us now. */
function uncork(stream: Pick<Writable, "writableCorked" | "uncork">): void {
  while (stream.writableCorked > 0) stream.uncork();
}

/**
 * Ends the connection, or the stream of HTTP/2. That one by an error: to some clients a stream that is
 * cancelled has simply ended.
 */
function breakOff(response: ServerResponse): void {
  response.destroy(isOfHttp2(response) ? new Error("The body was broken off") : undefined);
}

function isOfHttp2(
  response: ServerResponse,
): response is ServerResponse & { stream: EventEmitter } {
  return response.req.httpVersionMajor === 2;
}

/** Sets a header; what a response varies by is added to what it varied by before. */
function setHeader(response: ServerResponse, name: string, value: string): void {
  const before = name === "Vary" ? response.getHeader(name) : undefined;
  response.setHeader(name, before === undefined ? value : `${before}, ${value}`);
}

/**
 * The connection, for calls of our own; `undefined` if its bytes are not those of the file, or if
 * somebody in between has replaced `write` to see them.
 */
function descriptorOf(response: ServerResponse): OwnedFd | undefined {
  const { httpVersionMajor, socket } = response.req;
  const isSeen = Object.hasOwn(response, "write") || response.write !== genuineWrite;
  if (isSeen || response.chunkedEncoding || httpVersionMajor !== 1 || "encrypted" in socket) {
    return undefined;
  }
  try {
    return duplicateNodeSocket(socket);
  } catch {
    return undefined; // not every Duplex that one may serve has a descriptor
  }
}

/**
 * What lies in memory goes through node:http, what is of the file from the page cache; `false` if
 * the file is of a kind that has to be read and written.
 */
async function bySendfile(response: ServerResponse, to: OwnedFd, body: Body): Promise<boolean> {
  let isSent = true;
  response.flushHeaders();
  for (const part of body.parts) {
    body.signal.throwIfAborted();
    if (!isOfFile(part)) {
      write(response, part, body.taken);
      continue;
    }
    await flushed(response, body.signal);
    let sent = 0;
    const onProgress = (all: number) => {
      body.taken(all - sent);
      sent = all;
    };
    const { chunk, signal } = body;
    const { path } = await sendFile(to, body.file, { ...part, chunk, signal, onProgress });
    isSent &&= path === "sendfile";
  }
  response.strictContentLength = false; // it knows nothing of what went past it
  response.end();
  return isSent;
}

/** Waits until the kernel has all that node:http was given, so that nothing overtakes it. */
async function flushed(response: ServerResponse, signal: AbortSignal): Promise<void> {
  if (response.writableLength === 0) return;
  await new Promise((resolve, reject) => {
    onAbort(signal, () => reject(signal.reason));
    response.req.socket.write("", resolve);
  });
}

async function byStream(response: ServerResponse, body: Body): Promise<void> {
  const { signal } = body;
  const flow = new EventEmitter();
  // Once and for all: whoever replaces `write` and `on` may not know how to remove a listener.
  response.on("drain", () => flow.emit("drain"));
  for await (const bytes of chunksOf(body)) {
    signal.throwIfAborted();
    if (!response.write(bytes)) await once(flow, "drain", { signal });
    body.taken(bytes.length);
  }
  // A response of HTTP/2 calls itself finished also when its stream was reset.
  const finished = once(isOfHttp2(response) ? response.stream : response, "finish", { signal });
  response.end();
  await finished;
}

async function* chunksOf({ parts, file, signal }: Body): AsyncGenerator<Uint8Array> {
  const warmth = new Warmth(file);
  for (const part of parts) {
    if (!isOfFile(part)) {
      yield part;
      continue;
    }
    for (let sent = 0, n; sent < part.length; sent += n) {
      const at = part.offset + sent;
      const chunk = new Uint8Array(Math.min(CHUNK, part.length - sent));
      await warmth.of(at, chunk.length, signal);
      n = pread(file, chunk, at) ?? 0;
      if (n === 0) throw new FileTruncatedError(part.length, sent);
      yield chunk.subarray(0, n);
    }
  }
}

function write(response: ServerResponse, bytes: Uint8Array, taken: Body["taken"]): void {
  response.write(bytes);
  taken(bytes.length);
}

function isOfFile(part: Part): part is Exclude<Part, Uint8Array> {
  return !(part instanceof Uint8Array);
}
