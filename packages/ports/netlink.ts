import type { AsFd } from "@posixly/fd";
import { receive, send, type Socket, socket } from "@posixly/socket";
import { ok, type SyscallContext } from "@posixly/sys";
import {
  NLM_F_DUMP,
  NLM_F_DUMP_INTR,
  NLM_F_REQUEST,
  NLMSG_DONE,
  NLMSG_ERROR,
  nlmsghdr,
  SOCK_DIAG_BY_FAMILY,
  TCPDIAG_GETSOCK,
} from "./libc.ts";

/** What sock_diag(7) has answered: messages one after the other, and where each begins. */
export interface Answer {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly starts: readonly number[];
  /** Whether something changed on the way, so that something may be missing, or there twice. */
  readonly interrupted: boolean;
}

const HEADER = nlmsghdr.size;

/** The kernel sends pieces of 32 KiB at most; one that it cuts is an error all the same. */
const room = new Uint8Array(64 * 1024);
const roomData = new DataView(room.buffer);

let sequence = 0;

/** A socket for questions to sock_diag(7). */
export function diagSocket(): Socket {
  return socket("netlink", "raw", "sockDiag");
}

/** Sends a question; the result is the number that its answers bear. */
export function ask(diag: AsFd, type: number, flags: number, body: Uint8Array): number {
  sequence = (sequence + 1) >>> 0;
  const message = new Uint8Array(HEADER + body.length);
  message.set(nlmsghdr.encode({
    nlmsg_len: message.length,
    nlmsg_type: type,
    nlmsg_flags: NLM_F_REQUEST | flags,
    nlmsg_seq: sequence,
  }));
  message.set(body, HEADER);
  send(diag, message);
  return sequence;
}

/** How often to ask for a list if something came in between. */
const ATTEMPTS = 8;

/** Asks for all there are, and again if something came in between, but not for ever. */
export function list(diag: AsFd, type: number, body: Uint8Array): Answer {
  for (let attempt = 1;; attempt++) {
    const answer = answersTo(diag, ask(diag, type, NLM_F_DUMP, body));
    if (!answer.interrupted || attempt === ATTEMPTS) return answer;
  }
}

/** Hears all answers to a question, up to the one that says that it was the last. */
export function answersTo(diag: AsFd, question: number): Answer {
  const pieces: Uint8Array[] = [];
  const starts: number[] = [];
  let interrupted = false;
  let total = 0;
  for (;;) {
    const length = hear(diag);
    let isLast = false;
    for (let at = 0; at + HEADER <= length;) {
      const size = roomData.getUint32(at, true);
      if (size < HEADER || at + size > length) throw new Error("sock_diag sent half a message");
      if (roomData.getUint32(at + 8, true) === question) {
        const type = roomData.getUint16(at + 4, true);
        interrupted ||= (roomData.getUint16(at + 6, true) & NLM_F_DUMP_INTR) !== 0;
        if (type === SOCK_DIAG_BY_FAMILY || type === TCPDIAG_GETSOCK) starts.push(total + at);
        else if (type === NLMSG_DONE || type === NLMSG_ERROR) {
          if (size >= HEADER + 4) ok(roomData.getInt32(at + HEADER, true), "sock_diag");
          isLast = true;
        }
      }
      at += (size + 3) & ~3;
    }
    pieces.push(room.slice(0, length));
    total += length;
    if (isLast) return { bytes: joined(pieces, total), starts, interrupted };
  }
}

/** The one answer to a question about one socket. */
export function answerTo(diag: AsFd, question: number, context?: SyscallContext): Answer {
  const length = hear(diag);
  if (roomData.getUint32(8, true) !== question) throw new Error("sock_diag answers something else");
  const type = roomData.getUint16(4, true);
  if (type === NLMSG_ERROR) ok(roomData.getInt32(HEADER, true), "sock_diag", context);
  const starts = type === SOCK_DIAG_BY_FAMILY ? [0] : [];
  return { bytes: room.slice(0, length), starts, interrupted: false };
}

/** One message to a group, if there is any; it is gone when the next one is heard. */
export function hearAny(group: AsFd): DataView | null {
  return receive(group, room) === null ? null : roomData;
}

/** Receives what there is; the kernel has answered by the time that it was asked. */
function hear(diag: AsFd): number {
  const length = receive(diag, room, { truncate: true });
  if (length === null) throw new Error("sock_diag does not answer");
  if (length > room.length) throw new Error(`sock_diag sent ${length} bytes at once`);
  return length;
}

function joined(pieces: readonly Uint8Array[], total: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(total);
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}
