import {
  accept,
  bind,
  connect,
  type Ipv4Address,
  listen,
  localAddress,
  type PortRange,
  setOptions,
  type SettableOptions,
  type Socket,
  socket,
} from "@posixly/socket";
import { requireName, type SyscallError } from "@posixly/sys";
import { type ChosenPort, type Classified, classify } from "./classify.ts";
import { localPort } from "./local_port.ts";
import { secretRandom } from "./random.ts";
import { portRange } from "./range.ts";

/**
 * Who has a port chosen by the kernel: a TCP socket that connects, one that is bound to port 0, or a
 * UDP socket that is.
 *
 * @example Usage
 * ```ts
 * import { type Chooser, observe } from "@posixly/ports";
 *
 * for (const chooser of ["connect", "bind", "datagram"] satisfies Chooser[]) {
 *   console.log(chooser, "chooses by", observe(chooser).strategy);
 * }
 * ```
 */
export type Chooser = "connect" | "bind" | "datagram";

/**
 * Finds out how this kernel chooses ephemeral ports: has it choose some over loopback, and looks at
 * them. That takes some ten milliseconds, and nothing stays open.
 *
 * How it goes on from a port that is taken shows only where many are. So 32 ports of a range of 64
 * are held for that, which takes a kernel since Linux 6.3; before, what is random has no name.
 *
 * @param chooser Who has a port chosen
 * @returns What it looks like
 * @throws {TypeError} If there is no such chooser
 * @throws {SyscallError} If no socket can be opened
 *
 * @example Usage
 * ```ts
 * import { observe } from "@posixly/ports";
 * import assert from "node:assert/strict";
 *
 * assert.equal(observe("connect").strategy, "doubleHash");
 * ```
 */
export function observe(chooser: Chooser): Classified {
  const choose = choosers[requireName(["connect", "bind", "datagram"], chooser, "chooser")];
  return holding((hold) => {
    // Two destinations share a counter of the kernel's by chance, one time in 65,536: most do not.
    const servers = Array.from({ length: 5 }, () => hold(listener()));
    // Eight for each, and round again: a counter for all would have moved on meanwhile.
    const free = Array.from({ length: 120 }, (_, i): ChosenPort => {
      const server = servers[(i >> 3) % servers.length];
      return { destination: String(localPort(server)), port: choose(server) };
    });
    const type = chooser === "datagram" ? "datagram" : "stream";
    const crowd = holdHalf(type, hold);
    const crowded = crowd === null
      ? undefined
      : choiceIn(crowd, (options) => choose(servers[0], options));
    return classify({ range: portRange(), free, aboveBlock: crowded });
  });
}

type Hold = (socket: Socket) => Socket;
type Choose = (server: Socket, options?: Partial<SettableOptions>) => number;

const choosers: Record<Chooser, Choose> = {
  connect(server, options = {}) {
    using client = socket("ipv4", "stream");
    // Closed by a reset, so that no port is kept in TIME_WAIT.
    setOptions(client, { linger: 0, ...options });
    connect(client, localAddress(server));
    accept(server)?.socket.close();
    return localPort(client)!;
  },
  bind: (_, options) => portOfBound("stream", options),
  datagram: (_, options) => portOfBound("datagram", options),
};

function portOfBound(type: "stream" | "datagram", options: Partial<SettableOptions> = {}): number {
  using client = socket("ipv4", type);
  setOptions(client, options);
  bind(client, "127.0.0.1:0");
  return localPort(client)!;
}

function listener(): Socket {
  const server = socket("ipv4", "stream");
  bind(server, "127.0.0.1:0");
  listen(server);
  return server;
}

/** Sees to it that the lower half of a range of 64 ports is taken; `null` if no range will do. */
function holdHalf(type: "stream" | "datagram", hold: Hold): PortRange | null {
  const { first, last } = portRange();
  for (let attempt = 0; attempt < 100 && last - first >= 64; attempt++) {
    const lowest = first + secretRandom(last - first - 63);
    const above = lowest + 32;
    if (!canBind(type, above) || !canBind(type, above + 1)) continue;
    for (let port = lowest; port < above; port++) {
      if (canBind(type, port)) bind(hold(socket("ipv4", type)), at(port));
    }
    return { first: lowest, last: lowest + 63 };
  }
  return null;
}

function canBind(type: "stream" | "datagram", port: number): boolean {
  using probe = socket("ipv4", type);
  try {
    bind(probe, at(port));
    return true;
  } catch (error) {
    if ((error as SyscallError).code === "EADDRINUSE") return false;
    throw error;
  }
}

function at(port: number): Ipv4Address {
  return { family: "ipv4", host: "127.0.0.1", port };
}

/**
 * So many that chance does not decide: one that goes on from what is taken chooses these two half of
 * the time, and would look like one that does not once in 10^10.
 */
const CHOICES = 160;

/** How often what is chosen is just above the half that is held; nothing before Linux 6.3. */
function choiceIn(crowd: PortRange, choose: (options: Partial<SettableOptions>) => number) {
  const above = crowd.first + 32;
  let chosen = 0;
  try {
    for (let i = 0; i < CHOICES; i++) {
      // The kernel may look at every second port only, so at one of these two.
      if (choose({ ipLocalPortRange: crowd }) <= above + 1) chosen++;
    }
  } catch (error) {
    if ((error as SyscallError).code === "ENOPROTOOPT") return undefined;
    throw error;
  }
  return { chosen, of: CHOICES };
}

/** Runs something, and closes all that it held. */
function holding<T>(run: (hold: Hold) => T): T {
  const held: Socket[] = [];
  try {
    return run((socket) => {
      held.push(socket);
      return socket;
    });
  } finally {
    for (const socket of held) socket.close();
  }
}
