import { inetDiagMsg, nlmsghdr } from "./libc.ts";
import { SocketEntry, type Told } from "./socket_entry.ts";

/** Where the ports are in what was told of a socket: its own, and then that of its peer. */
const ID = nlmsghdr.size + inetDiagMsg.offsets.id;

/**
 * Sockets, in the order of the kernel: what {@linkcode sockets} returns. They are decoded when they
 * are looked at, so that a list of many thousand costs little more than the kernel's work.
 *
 * @example Usage
 * ```ts
 * import { type SocketList, sockets } from "@posixly/ports";
 * import { udp } from "@posixly/socket";
 * import assert from "node:assert/strict";
 *
 * using socket = udp("127.0.0.1:0");
 * const list: SocketList = sockets({ protocol: "udp" });
 * assert.ok(list.length > 0);
 * assert.equal(list.localPorts().length, list.length);
 * assert.equal(list.at(0)!.protocol, "udp");
 * ```
 */
export class SocketList implements Iterable<SocketEntry> {
  /** Who has told: netlink, or the files of `/proc`, which know less and take longer. */
  readonly source: "netlink" | "proc";
  /**
   * Whether sockets came and went so fast that some may be missing, or be there twice, after several
   * attempts.
   */
  readonly interrupted: boolean;
  readonly #parts: readonly Part[];

  /**
   * Made by {@linkcode sockets} alone.
   *
   * @param parts What was told, question by question
   * @param interrupted Whether something came in between
   */
  constructor(parts: readonly Part[], interrupted: boolean) {
    this.#parts = parts;
    this.source = parts.every(({ told }) => told.isNetlink) ? "netlink" : "proc";
    this.interrupted = interrupted;
  }

  /** How many there are. */
  get length(): number {
    return this.#parts.reduce((sum, { starts }) => sum + starts.length, 0);
  }

  /**
   * One of them.
   *
   * @param index Which, from 0
   * @returns The socket; `undefined` if there are not so many
   */
  at(index: number): SocketEntry | undefined {
    for (const { told, starts, protocol } of this.#parts) {
      if (index < starts.length) {
        return index < 0 ? undefined : new SocketEntry(told, starts[index], protocol);
      }
      index -= starts.length;
    }
    return undefined;
  }

  /** All of them, one after the other. */
  *[Symbol.iterator](): IterableIterator<SocketEntry> {
    for (const { told, starts, protocol } of this.#parts) {
      for (const start of starts) yield new SocketEntry(told, start, protocol);
    }
  }

  /**
   * The local ports of all: what it takes to count without an object for each.
   *
   * @returns The ports, in the order of the sockets
   */
  localPorts(): Uint16Array<ArrayBuffer> {
    return this.#ports(0);
  }

  /**
   * The ports of the peers of all.
   *
   * @returns The ports, in the order of the sockets; 0 for who has none
   */
  remotePorts(): Uint16Array<ArrayBuffer> {
    return this.#ports(2);
  }

  #ports(offset: number): Uint16Array<ArrayBuffer> {
    const ports = new Uint16Array(this.length);
    let i = 0;
    for (const { told: { data }, starts } of this.#parts) {
      for (const start of starts) ports[i++] = data.getUint16(start + ID + offset);
    }
    return ports;
  }
}

/** The answer to one question. */
export interface Part {
  readonly told: Told;
  readonly starts: readonly number[];
  readonly protocol: "tcp" | "udp";
}
