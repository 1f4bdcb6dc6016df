import type { OnReadOpts, Socket } from "node:net";
import type { Waker } from "./backend.ts";
import { ok } from "./error.ts";
import {
  AF_UNIX,
  IORING_OP_ASYNC_CANCEL,
  IORING_OP_POLL_ADD,
  IORING_OP_SEND,
  IOSQE_CQE_SKIP_SUCCESS,
  IOSQE_IO_LINK,
  libc,
  POLLIN,
  SOCK_CLOEXEC,
  SOCK_NONBLOCK,
  SOCK_STREAM,
} from "./libc.ts";
import { Uring } from "./uring.ts";

/**
 * Makes one of the runtime's own sockets of a descriptor, a connected stream socket, which it
 * closes from then on, and which reads as it is told, or as it likes.
 */
type Adopt = (fd: number, onread: OnReadOpts) => Socket;

/**
 * A waker that takes no thread and no timer: the kernel polls the descriptor, and when that is
 * done, it sends a byte to a socket that the event loop reads.
 *
 * @returns `undefined` where the kernel grants no ring, or the runtime does not take the socket
 */
export function openUringWaker(fd: number, wake: () => void, adopt: Adopt): Waker | undefined {
  let ring: Uring | undefined;
  let bell: Bell | undefined;
  try {
    ring = new Uring();
    bell = new Bell(adopt);
    return new UringWaker(fd, wake, ring, bell);
  } catch {
    bell?.close();
    ring?.close();
    return undefined;
  }
}

/**
 * Into how many bytes the event loop reads, in place of a new buffer of 64 KiB each time. There is
 * one byte at most: since it does not fill them, nobody looks for another.
 */
const ROOM = 2;

/** A socket pair: what the kernel sends at `fd` rings at the event loop's `socket`. */
class Bell {
  readonly fd: number;
  readonly socket: Socket;
  /** Called whenever it rings. */
  onRing = (): void => {};

  constructor(adopt: Adopt) {
    const ends = new Int32Array(2);
    const type = SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK;
    ok(libc.socketpair(AF_UNIX, type, 0, ends), "socketpair");
    this.fd = ends[0];
    try {
      const callback = () => {
        this.onRing();
        return true;
      };
      this.socket = adopt(ends[1], { buffer: new Uint8Array(ROOM), callback });
      this.socket.on("data", callback); // Bun knows of no `onread`
    } catch (error) {
      for (const end of ends) libc.close(end);
      throw error;
    }
  }

  close(): void {
    this.socket.destroy();
    libc.close(this.fd);
  }
}

/** The requests by number: a poll with a send that follows it, and what ends a poll. */
const POLL = 0;
const SEND = 1;
const CANCEL = 2;

/** What a poll is known by to who cancels it. */
const POLL_ID = 1;

class UringWaker implements Waker {
  readonly #wake: () => void;
  readonly #ring: Uring;
  readonly #bell: Bell;
  #isOpen = true;

  constructor(fd: number, wake: () => void, ring: Uring, bell: Bell) {
    this.#wake = wake;
    this.#ring = ring;
    this.#bell = bell;
    ring.write(POLL, {
      opcode: IORING_OP_POLL_ADD,
      flags: IOSQE_CQE_SKIP_SUCCESS | IOSQE_IO_LINK,
      fd,
      poll32_events: POLLIN,
      user_data: POLL_ID,
    });
    ring.write(SEND, {
      opcode: IORING_OP_SEND,
      flags: IOSQE_CQE_SKIP_SUCCESS,
      fd: bell.fd,
      addr: ring.byte,
      len: 1,
    });
    ring.write(CANCEL, {
      opcode: IORING_OP_ASYNC_CANCEL,
      flags: IOSQE_CQE_SKIP_SUCCESS,
      fd: -1,
      addr: POLL_ID,
    });
    this.#poll();
    bell.onRing = () => this.#rung();
  }

  #poll(): void {
    this.#ring.submit(POLL, 2);
  }

  #rung(): void {
    this.#wake();
    if (this.#isOpen) this.#poll();
  }

  ref(): void {
    this.#bell.socket.ref();
  }

  unref(): void {
    this.#bell.socket.unref();
  }

  close(): void {
    this.#isOpen = false;
    // A poll holds what it polls open; the ring, once closed, would end it later.
    this.#ring.submit(CANCEL, 1);
    this.#bell.close();
    this.#ring.close();
  }
}
