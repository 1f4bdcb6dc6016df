import { type AsFd, fdOf, type TimerFd, timerfd } from "@posixly/fd";
import { watch, type Watcher } from "@posixly/mux";
import {
  getOption,
  localAddress,
  remoteAddress,
  type SocketAddress,
  tcpInfo,
  type TcpState,
} from "@posixly/socket";
import type { SyscallError } from "@posixly/sys";
import { whenDestroyed } from "./destroyed.ts";
import { findConnection } from "./find_connection.ts";
import { SocketEntry } from "./socket_entry.ts";
import type { ConnectionState } from "./tcp_machine.ts";

/** Looks at a connection, and knows when to look again. */
export class Follower implements Disposable {
  /** The socket while it is open here, and what tells it from another with its number. */
  readonly #fd: number | undefined;
  readonly #cookie: bigint | undefined;
  /** By which everyone knows the connection, once there is one. */
  #ends: { readonly local: SocketAddress; readonly remote: SocketAddress } | undefined;
  readonly #interval: number;
  readonly #timer: TimerFd;
  readonly #watcher: Watcher | undefined;
  readonly #destroyed: Disposable | undefined;
  /** Whether it was found in any other state than closed. */
  #hasBegun = false;
  #isOpen = false;
  /** Whether the kernel tells of the next state by itself. */
  #isTold = false;
  #hasNews = false;
  #wake: (() => void) | undefined;

  constructor(socket: AsFd | SocketEntry, interval: number) {
    const isEntry = socket instanceof SocketEntry;
    if (!isEntry) tcpInfo(socket); // refuses what is not TCP
    const cookie = isEntry ? socket.cookie : cookieOf(fdOf(socket, "socket"));
    this.#fd = isEntry ? undefined : fdOf(socket, "socket");
    this.#cookie = cookie;
    this.#ends = isEntry ? endsOf(socket) : undefined;
    this.#interval = interval;
    const tell = () => this.#tell();
    this.#timer = timerfd();
    try {
      watch(this.#timer, { readable: true }, () => {
        this.#timer.stop();
        tell();
      });
      // By edge: any change of state is one, but bytes that wait to be read are not.
      this.#watcher = isEntry
        ? undefined
        : watch(socket, { writable: true, readHangUp: true, edge: true }, tell);
      this.#watcher?.ended.then(tell);
      this.#destroyed = cookie === undefined ? undefined : whenDestroyed(cookie, tell);
    } catch (error) {
      this[Symbol.dispose]();
      throw error;
    }
  }

  /** The state that it is in now. */
  look(): ConnectionState {
    this.#hasNews = false;
    const here = this.#stateHere();
    this.#isOpen = here !== undefined;
    this.#isTold = this.#isOpen && !this.#watcher!.closed;
    if (here !== undefined && here !== "closed") this.#learnEnds();
    const state = here === undefined || here === "closed" ? this.#remains() : here;
    this.#hasBegun ||= state !== "closed";
    return state;
  }

  /** Whether nothing follows: one that was closed, unless it is open here and may yet begin. */
  hasEnded(state: ConnectionState): boolean {
    return state === "closed" && (this.#hasBegun || !this.#isOpen);
  }

  /** Resolves when it is time to look again. */
  async woken(): Promise<void> {
    if (this.#hasNews) return;
    if (!this.#isTold) this.#timer.set({ after: this.#interval });
    await new Promise<void>((resolve) => this.#wake = resolve);
  }

  [Symbol.dispose](): void {
    this.#destroyed?.[Symbol.dispose]();
    this.#watcher?.close();
    this.#timer.close();
  }

  #tell(): void {
    this.#hasNews = true;
    this.#wake?.();
  }

  /** As long as it is open here. */
  #stateHere(): ConnectionState | undefined {
    if (this.#fd === undefined) return undefined;
    try {
      if (cookieOf(this.#fd) !== this.#cookie) return undefined;
      return named(tcpInfo(this.#fd).state);
    } catch (error) {
      const { code } = error as SyscallError;
      if (code === "EBADF" || code === "ENOTSOCK") return undefined; // closed
      throw error;
    }
  }

  #learnEnds(): void {
    const remote = remoteAddress(this.#fd!);
    if (remote !== null) this.#ends ??= { local: localAddress(this.#fd!), remote };
  }

  /** What it has left behind where the kernel keeps it: its own, or the one that waits. */
  #remains(): ConnectionState {
    const entry = this.#ends && findConnection(this.#ends.local, this.#ends.remote);
    if (!entry) return "closed";
    this.#isTold = false;
    const state = named(entry.state as TcpState);
    // What waits for the last segments, or for the last minute, has a cookie of its own.
    const isIts = entry.cookie === this.#cookie || this.#cookie === undefined;
    return isIts || state === "timeWait" || state === "finWait2" ? state : "closed";
  }
}

function cookieOf(fd: number): bigint {
  return BigInt(getOption(fd, "cookie"));
}

function endsOf(entry: SocketEntry): { local: SocketAddress; remote: SocketAddress } {
  const { local, remote } = entry;
  if (entry.protocol !== "tcp" || remote === null) {
    throw new TypeError("socket must be a connection over TCP");
  }
  return { local, remote };
}

function named(state: TcpState): ConnectionState {
  if (state === "newSynReceived") return "synReceived";
  return state === "unknown" || state === "boundInactive" ? "closed" : state;
}
