import { open, readAll } from "@posixly/fd";
import type { SyscallError } from "@posixly/sys";
import { AF_INET, AF_INET6, inetDiagMsg, inetDiagSockid, nlmsghdr } from "./libc.ts";
import type { Answer } from "./netlink.ts";

// `/proc/net/tcp` and its like, for where netlink may not be asked. What it says is put down as
// netlink would have, so that all else is the same.

const SIZE = nlmsghdr.size + inetDiagMsg.size;
const { offsets } = inetDiagMsg;
const id = inetDiagSockid.offsets;
const NEWLINE = 10;
const SPACE = 32;

/** Timers are told in hundredths of a second. */
const TICK = 10;

/** The sockets of a protocol and family whose states are in the mask, proc_pid_net(5). */
export function readProc(protocol: "tcp" | "udp", family: number, states: number): Answer {
  const text = textOf(protocol, family);
  let bytes = new Uint8Array(SIZE * (2 + (text.length >> 7)));
  const starts: number[] = [];
  const lines = new Lines(text);
  for (let at = 0; lines.next();) {
    if (at + SIZE > bytes.length) bytes = larger(bytes);
    if (record(lines, new DataView(bytes.buffer, at, SIZE), family, states)) {
      starts.push(at);
      at += SIZE;
    }
  }
  return { bytes, starts, interrupted: false };
}

function textOf(protocol: string, family: number): Uint8Array {
  const isIpv6 = family === AF_INET6;
  try {
    using file = open(`/proc/thread-self/net/${protocol}${isIpv6 ? "6" : ""}`);
    return readAll(file);
  } catch (error) {
    // A kernel may do without IPv6. Without IPv4 there is no /proc, and silence would be a lie.
    if (isIpv6 && (error as SyscallError).code === "ENOENT") return new Uint8Array(0);
    throw error;
  }
}

function larger(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const copy = new Uint8Array(2 * bytes.length);
  copy.set(bytes);
  return copy;
}

/** Puts down one line; false if its state was not asked for. */
function record(lines: Lines, data: DataView, family: number, states: number): boolean {
  const message = nlmsghdr.size;
  const sockid = message + offsets.id;
  const words = family === AF_INET ? 1 : 4;
  lines.skip(); // its number in the list
  for (let i = 0; i < words; i++) data.setUint32(sockid + id.idiag_src + 4 * i, lines.hex(8), true);
  data.setUint16(sockid + id.idiag_sport, lines.hex());
  for (let i = 0; i < words; i++) data.setUint32(sockid + id.idiag_dst + 4 * i, lines.hex(8), true);
  data.setUint16(sockid + id.idiag_dport, lines.hex());
  const state = lines.hex();
  if ((states & 1 << state) === 0) return false;
  data.setUint32(0, SIZE, true);
  data.setUint8(message, family);
  data.setUint8(message + offsets.idiag_state, state);
  data.setUint32(message + offsets.idiag_wqueue, lines.hex(), true);
  data.setUint32(message + offsets.idiag_rqueue, lines.hex(), true);
  data.setUint8(message + offsets.idiag_timer, lines.hex());
  data.setUint32(message + offsets.idiag_expires, lines.hex() * TICK, true);
  data.setUint8(message + offsets.idiag_retrans, lines.hex());
  data.setUint32(message + offsets.idiag_uid, lines.decimal(), true);
  lines.skip(); // probes of the window
  data.setUint32(message + offsets.idiag_inode, lines.decimal(), true);
  return true;
}

/** A cursor over the lines after the first, and the fields in them. */
class Lines {
  readonly #text: Uint8Array;
  #at = 0;

  constructor(text: Uint8Array) {
    this.#text = text;
  }

  /** Goes to the next line; false if there is none. */
  next(): boolean {
    const end = this.#text.indexOf(NEWLINE, this.#at);
    this.#at = end + 1;
    return end !== -1 && this.#at < this.#text.length;
  }

  /** Goes past the next field. */
  skip(): void {
    while (this.#text[this.#at] === SPACE) this.#at++;
    while (this.#text[this.#at] > SPACE) this.#at++;
  }

  /** A number up to what is no digit, or so many digits long. */
  hex(digits = Infinity): number {
    return this.#number(16, digits);
  }

  decimal(): number {
    return this.#number(10, Infinity);
  }

  #number(base: number, digits: number): number {
    const { length } = this.#text;
    while (this.#at < length && valueOf(this.#text[this.#at]) >= base) this.#at++;
    let number = 0;
    for (; digits > 0; digits--, this.#at++) {
      const value = valueOf(this.#text[this.#at]);
      if (value >= base) break;
      number = number * base + value;
    }
    return number >>> 0;
  }
}

/** What a digit stands for; 99 if it is none. */
function valueOf(code: number): number {
  if (code >= 48 && code <= 57) return code - 48;
  if (code >= 65 && code <= 70) return code - 55;
  return 99;
}
