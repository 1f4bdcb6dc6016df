import { fdOf, type OwnedFd, pread } from "@posixly/fd";
import { errno, ok } from "@posixly/sys";
import { FileTruncatedError } from "../file_truncated.ts";
import { libc, MSG_DONTWAIT, MSG_MORE, MSG_NOSIGNAL } from "../libc.ts";
import { Offset } from "../offset.ts";
import { Warmth } from "../warm.ts";
import type { Answer, Part } from "./answer.ts";
import type { ConnectionOption, HeadWriter } from "./head_writer.ts";
import { outbox, readCached } from "./outbox.ts";

const FLAGS = MSG_DONTWAIT | MSG_NOSIGNAL;

/** Up to this length a file is copied behind its head, and both leave by one call; measured. */
const SMALL = 32_768;

/** The answer is sent. */
export const DONE = -1;

/** The socket takes no more now, or others have their turn first. Any other result is a delay. */
export const WHEN_WRITABLE = 0;

/** What is lent to an exchange until it is over. */
export interface Lent {
  readonly file: OwnedFd;
  /** The `Date` at which all of it was in memory; nothing if nobody has looked. */
  warmAt: string;
  close(): void;
}

const place = new Offset();

/** A request, and its answer on the way. */
export class Exchange {
  readonly method: string;
  readonly target: string;
  readonly answer: Answer;
  /** When it began, on the clock of `performance.now`; 0 if nobody wants to know. */
  readonly began: number;
  /** How many bytes of what follows the head the kernel has taken. */
  sent = 0;
  readonly #lent: Lent | undefined;
  /** What of the head is still to be sent. */
  #head: Uint8Array | undefined;
  /** Which part is being sent, and how far it has come. */
  #part = 0;
  #at = 0;
  #warmth: Warmth | undefined;

  constructor(method: string, target: string, answer: Answer, began: number, lent?: Lent) {
    this.method = method;
    this.target = target;
    this.answer = answer;
    this.began = began;
    this.#lent = lent;
  }

  /**
   * Sends the head, with as much of the rest as goes along; returns as {@linkcode advance}.
   *
   * @param date What time it is, as its head says
   */
  begin(
    to: number,
    heads: HeadWriter,
    connection: ConnectionOption,
    chunk: number,
    date: string,
  ): number {
    const parcel = connection === "" ? heads.parcels.get(this.answer, date) : undefined;
    if (parcel !== undefined) {
      return this.#sendFirst(to, parcel.bytes, parcel.head, parcel.bytes.length, chunk, date);
    }
    const head = heads.write(outbox, this.answer, connection, date);
    const end = head + this.#putAlong(head);
    if (connection === "") heads.parcels.add(this.answer, outbox, head, end, date);
    return this.#sendFirst(to, outbox, head, end, chunk, date);
  }

  /** Sends a head, and what stands behind it; then what does not. */
  #sendFirst(
    to: number,
    bytes: Uint8Array,
    head: number,
    end: number,
    chunk: number,
    date: string,
  ): number {
    const isAll = end - head === this.answer.length;
    const n = send(to, bytes, end, isAll ? FLAGS : FLAGS | MSG_MORE);
    if (n < head) this.#head = new Uint8Array(bytes.subarray(n, head));
    else this.#took(n - head);
    if (n < end) return WHEN_WRITABLE;
    return isAll ? DONE : this.advance(to, chunk, date);
  }

  /** Puts the first part behind the head, if it is short; returns how many bytes it has. */
  #putAlong(head: number): number {
    const [part] = this.answer.parts;
    if (part === undefined || part.length > SMALL) return 0;
    if (part instanceof Uint8Array) outbox.set(part, head);
    else if (!readCached(this.#lent!.file, part.offset, part.length, head)) return 0;
    return part.length;
  }

  /**
   * Sends as much as there is room for, a chunk at most.
   *
   * @param date What time it is
   * @returns {@linkcode DONE}, {@linkcode WHEN_WRITABLE}, or after how many milliseconds to try
   * again, since the file is not in memory
   * @throws {FileTruncatedError} If the file ends early
   * @throws {SyscallError} If the connection is broken, or the disk is
   */
  advance(to: number, chunk: number, date: string): number {
    const { parts } = this.answer;
    for (let left = chunk; this.#part < parts.length;) {
      const part = parts[this.#part];
      const length = Math.min(part.length - this.#at, left);
      if (length > 0) {
        const delay = this.#delayOf(part, length, date);
        if (delay > 0) return delay;
        if (!this.#sendHead(to)) return WHEN_WRITABLE;
        const n = isBytes(part)
          ? this.#sendBytes(to, part, length)
          : this.#sendFile(to, part, length);
        this.#took(n);
        left -= n;
        if (n < length) return WHEN_WRITABLE;
      }
      if (this.#at < part.length) return WHEN_WRITABLE;
      this.#part++;
      this.#at = 0;
    }
    return this.#sendHead(to) ? DONE : WHEN_WRITABLE;
  }

  /** Gives back what was lent. */
  close(): void {
    this.#lent?.close();
  }

  #took(n: number): void {
    this.#at += n;
    this.sent += n;
  }

  /** Whether more follows the part that is being sent. */
  get #moreFlag(): number {
    return this.#part < this.answer.parts.length - 1 ? MSG_MORE : 0;
  }

  /** Sends what is left of the head; whether nothing is. */
  #sendHead(to: number): boolean {
    const head = this.#head;
    if (head === undefined) return true;
    const n = send(to, head, head.length, this.answer.length > 0 ? FLAGS | MSG_MORE : FLAGS);
    this.#head = n < head.length ? head.subarray(n) : undefined;
    return this.#head === undefined;
  }

  #sendBytes(to: number, part: Uint8Array, length: number): number {
    return send(to, part.subarray(this.#at, this.#at + length), length, FLAGS | this.#moreFlag);
  }

  #sendFile(to: number, { offset, length: whole }: FilePart, length: number): number {
    const file = fdOf(this.#lent!.file);
    const from = offset + this.#at;
    let n: number;
    do n = libc.sendfile(to, file, place.at(from, "offset")!, length); while (n === -errno.EINTR);
    if (n === -errno.EAGAIN) return 0;
    if (n === -errno.EINVAL) return this.#copy(to, from, length);
    if (n === 0) throw new FileTruncatedError(whole, this.#at);
    return ok(n, "sendfile", { fd: to });
  }

  /** Reads and writes what sendfile(2) refuses, as some file systems have it do. */
  #copy(to: number, from: number, length: number): number {
    const room = outbox.subarray(0, length);
    const n = pread(this.#lent!.file, room, from)!;
    if (n === 0) throw new FileTruncatedError(length, 0);
    return send(to, room, n, FLAGS);
  }

  /** For when the part is in memory; 0, or after how many milliseconds it may be. */
  #delayOf(part: Part, length: number, date: string): number {
    const lent = this.#lent!;
    if (isBytes(part) || lent.warmAt === date) return 0;
    this.#warmth ??= new Warmth(lent.file);
    const delay = this.#warmth.delayOf(part.offset + this.#at, length);
    const isAll = this.answer.status === 200 && length === part.length;
    if (delay === 0 && isAll && length <= SOON_SENT) lent.warmAt = date;
    return delay;
  }
}

/** Up to this length a file is not looked at again in the second in which all was in memory. */
const SOON_SENT = 262_144;

type FilePart = Exclude<Part, Uint8Array>;

function isBytes(part: Part): part is Uint8Array {
  return part instanceof Uint8Array;
}

/** Sends what there is room for, send(2); 0 if there is none. */
function send(to: number, bytes: Uint8Array, length: number, flags: number): number {
  let n: number;
  do n = libc.send(to, bytes, length, flags); while (n === -errno.EINTR);
  return n === -errno.EAGAIN ? 0 : ok(n, "send", { fd: to });
}
