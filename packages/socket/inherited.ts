import process from "node:process";
import { OwnedFd, setFlags, stat } from "@posixly/fd";
import { Connection } from "./connection.ts";
import { DatagramSocket } from "./datagram_socket.ts";
import { remoteAddress } from "./endpoints.ts";
import { socketInfo } from "./info.ts";
import { Listener } from "./listener.ts";
import { SeqpacketConnection } from "./seqpacket_connection.ts";
import { SeqpacketListener } from "./seqpacket_listener.ts";
import { Socket } from "./socket.ts";
import { takeVariable } from "./variable.ts";

/**
 * A socket that this program was started with, see {@linkcode inheritedSockets}.
 *
 * @example Usage
 * ```ts
 * import { type InheritedSocket, inheritedSockets, Listener } from "@posixly/socket";
 * import assert from "node:assert/strict";
 *
 * const isControl = ({ name, socket }: InheritedSocket) =>
 *   name === "control" && socket instanceof Listener;
 * assert.equal(inheritedSockets().find(isControl), undefined); // nobody has passed one here
 * ```
 */
export interface InheritedSocket {
  /** What the activator calls it, such as `web.socket`; `unknown` if it does not say. */
  readonly name: string;
  /**
   * What it is: a `Listener` or a connection of streams or of messages, a socket for datagrams;
   * another `Socket`; or what is no socket at all, such as a FIFO.
   */
  readonly socket:
    | Listener
    | SeqpacketListener
    | Connection
    | SeqpacketConnection
    | DatagramSocket
    | Socket
    | OwnedFd;
}

/** Where the descriptors that are passed begin: `SD_LISTEN_FDS_START`. */
const FIRST = 3;

/**
 * The sockets that the program which started this one has opened for it, as systemd does for a
 * service with a `.socket` unit, sd_listen_fds(3). A server that is started so needs no right to
 * its port, and loses no connection while it restarts.
 *
 * They are ours from now on, and made close-on-exec and non-blocking; the variables that tell of
 * them, `LISTEN_PID`, `LISTEN_FDS` and `LISTEN_FDNAMES`, are removed. So the second call gives none,
 * nor do children take them for theirs. It needs no permission to read the environment. Call it
 * early: before anything else is opened, if somebody might say untrue things there.
 *
 * @returns The sockets, in the order of their descriptors; none if nobody has passed any to this
 * process
 * @throws {SyscallError} `EBADF` if a descriptor is told of and not open; then none is taken
 *
 * @example A server that listens for itself where nobody does it for it
 * ```ts
 * import { inheritedSockets, Listener, listenTcp } from "@posixly/socket";
 *
 * const passed = inheritedSockets().find(({ socket }) => socket instanceof Listener);
 * using listener = passed?.socket as Listener ?? listenTcp("127.0.0.1:0");
 * ```
 */
export function inheritedSockets(): InheritedSocket[] {
  const [pid, count, names] = ["LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"].map(takeVariable);
  if (numberIn(pid) !== process.pid) return [];
  const length = numberIn(count);
  for (let i = 0; i < length; i++) setFlags(FIRST + i, { closeOnExec: true });
  const named = names === undefined ? [] : names.split(":");
  return Array.from({ length }, (_, i) => ({
    name: named[i] ?? "unknown",
    socket: ownerOf(FIRST + i),
  }));
}

function numberIn(text: string | undefined): number {
  return text !== undefined && /^[1-9]\d{0,8}$/.test(text) ? Number(text) : 0;
}

/** Takes over a descriptor as what it is. */
function ownerOf(fd: number): InheritedSocket["socket"] {
  if (stat(fd).kind !== "socket") return new OwnedFd(fd);
  setFlags(fd, { nonBlocking: true });
  const { type, listening } = socketInfo(fd);
  if (type === "datagram") return new DatagramSocket(fd);
  const kind = kinds.get(type);
  if (kind !== undefined && listening) return new kind.listener(fd);
  if (kind !== undefined && remoteAddress(fd) !== null) return new kind.connection(fd);
  return new Socket(fd);
}

const kinds = new Map<unknown, Kind>([
  ["stream", { listener: Listener, connection: Connection }],
  ["seqpacket", { listener: SeqpacketListener, connection: SeqpacketConnection }],
]);

/** What a socket that goes by connections may be. */
interface Kind {
  readonly listener: typeof Listener | typeof SeqpacketListener;
  readonly connection: typeof Connection | typeof SeqpacketConnection;
}
