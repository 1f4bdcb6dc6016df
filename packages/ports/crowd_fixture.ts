import { execFileSync } from "node:child_process";
import type { AsFd } from "@posixly/fd";
import { readable } from "@posixly/mux";
import {
  accept,
  bind,
  connect,
  Connection,
  connectTcp,
  type DatagramSocket,
  listen,
  localAddress,
  parseAddress,
  type Socket,
  socket,
  udp,
} from "@posixly/socket";
import { bind as bindC } from "@posixly/sys";
import { testNeeding, testWhere } from "@posixly/testing";
import { follow } from "./follow.ts";
import type { SocketEntry } from "./socket_entry.ts";
import type { SocketState } from "./states.ts";

// Whoever imports this is in a network of its own, if it may be: nobody else comes and goes there.
const CLONE_NEWNET = 0x4000_0000;
const isAlone = bindC({ unshare: ["i32", "i32"] }).unshare(CLONE_NEWNET) === 0;
if (isAlone) execFileSync("ip", ["link", "set", "lo", "up"]);

/** A test of such a network. */
export const testAlone = (name: string, run: () => void | Promise<void>) =>
  isAlone
    ? testNeeding(["ip", "ss", "python3"], name, run)
    : testWhere(false, "the right to a network of its own", name, run);

const ssStates: Readonly<Record<string, SocketState>> = {
  ESTAB: "established",
  "SYN-SENT": "synSent",
  "SYN-RECV": "synReceived",
  "FIN-WAIT-1": "finWait1",
  "FIN-WAIT-2": "finWait2",
  "TIME-WAIT": "timeWait",
  UNCONN: "unconnected",
  "CLOSE-WAIT": "closeWait",
  "LAST-ACK": "lastAck",
  LISTEN: "listening",
  CLOSING: "closing",
};

/** What ss(8) says, a line for each socket, with its addresses as we write them. */
export function ss(...args: string[]): string[] {
  const text = execFileSync("ss", ["-Hn", ...args], { encoding: "utf8", maxBuffer: 2 ** 26 });
  return text.trimEnd().split("\n").filter((line) => line !== "").map((line) => {
    const [state, receiveQueue, sendQueue, local, remote] = line.split(/\s+/);
    return [ssStates[state], receiveQueue, sendQueue, plain(local), plain(remote)].join(" ");
  }).sort();
}

/** `*` is any address of either family, and so is `::`. */
function plain(address: string): string {
  return address.replace(/%\w+/, "").replace(/^(\*|0\.0\.0\.0|\[::\]):/, "*:").replace(":0", ":*")
    .replace(/:\*$/, ":*").replace(/^\*:\*$/, "*:*");
}

function row({ state, receiveQueue, sendQueue, local, remote }: SocketEntry): string {
  const text = (address: typeof remote) => {
    if (address === null) return "*:*";
    const host = address.family === "ipv6" ? `[${address.host}]` : address.host;
    return plain(`${host}:${address.port}`);
  };
  return [state, receiveQueue, sendQueue, text(local), text(remote)].join(" ");
}

/** The same of what we found. */
export const rows = (entries: Iterable<SocketEntry>) => [...entries].map(row).sort();

/** Sockets of all kinds, in all states that hold still. */
export class Crowd implements Disposable {
  readonly listeners: Socket[] = [];
  readonly datagrams: DatagramSocket[] = [];
  readonly held: Disposable[] = [];

  async gather(): Promise<this> {
    for (const address of ["127.0.0.1:0", "127.0.0.9:0", "[::1]:0", "[::]:0"]) {
      const listener = this.#listener(address);
      for (let i = 0; i < 3; i++) this.held.push(...await this.#pair(listener));
      const [closed, halfOpen] = await this.#pair(listener);
      await closed.end();
      for await (const { state } of follow(closed)) if (state === "finWait2") break;
      this.held.push(closed, halfOpen); // finWait2 and closeWait
      const [first, second] = await this.#pair(listener);
      first.close();
      second.close(); // timeWait
      const [writer, reader] = await this.#pair(listener);
      await writer.write(new Uint8Array(100)); // which nobody reads
      this.held.push(writer, reader);
    }
    this.#fill();
    this.datagrams.push(udp("127.0.0.1:0"), udp("[::1]:0"), udp("0.0.0.0:0"));
    this.datagrams.push(udp("127.0.0.1:0", { peer: "127.0.0.1:9" }));
    return this;
  }

  #listener(address: string): Socket {
    const listener = socket(parseAddress(address).family as "ipv4", "stream");
    bind(listener, address);
    listen(listener, 50);
    this.listeners.push(listener);
    return listener;
  }

  async #pair(listener: Socket): Promise<[Connection, Connection]> {
    const address = localAddress(listener) as { family: "ipv4"; host: string; port: number };
    const host = address.host.replace(/^::$/, "::ffff:127.0.0.1");
    const client = await connectTcp({ ...address, host });
    await readable(listener);
    return [client, new Connection(accept(listener)!.socket.release())];
  }

  /** A queue that is full leaves whoever connects then without an answer. */
  #fill(): void {
    const full = socket("ipv4", "stream");
    bind(full, "127.0.0.1:0");
    listen(full, 0);
    this.held.push(full);
    for (let i = 0; i < 3; i++) {
      const client = socket("ipv4", "stream");
      connect(client, localAddress(full));
      this.held.push(client);
    }
  }

  [Symbol.dispose](): void {
    for (const each of [...this.held, ...this.listeners, ...this.datagrams]) each[Symbol.dispose]();
  }
}

/** The port of a socket. */
export const portOf = (fd: AsFd) => (localAddress(fd) as { port: number }).port;
