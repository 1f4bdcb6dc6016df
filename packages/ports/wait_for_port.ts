import { setTimeout as pause } from "node:timers/promises";
import { signalOf, unlessAborted, type WaitOptions } from "@posixly/mux";
import { connectTcp } from "@posixly/socket";
import { requireInteger, requireKnown, requireName, SyscallError } from "@posixly/sys";
import { hold } from "./hold.ts";
import { addressAt } from "./host.ts";

/**
 * What to wait for, see {@linkcode waitForPort}.
 *
 * @example Usage
 * ```ts
 * import { waitForPort, type WaitForPortOptions } from "@posixly/ports";
 * import { listenTcp, type HostAndPort } from "@posixly/socket";
 *
 * const patient: WaitForPortOptions = { timeout: 30_000, interval: 100 };
 * using server = listenTcp("127.0.0.1:0");
 * await waitForPort((server.localAddress as HostAndPort).port, "busy", patient);
 * ```
 */
export interface WaitForPortOptions extends WaitOptions {
  /** Whose port, an address; by default `127.0.0.1`. Only one of this machine becomes free. */
  readonly host?: string;
  /** How long to wait between two looks, in milliseconds; by default 50. */
  readonly interval?: number;
}

/**
 * Waits until a server takes connections at a port of TCP, or until the port is free. The kernel
 * tells nobody when either happens, so one has to look again and again: by a connection, which is
 * closed at once, or by binding to the port for a moment.
 *
 * @param port The port
 * @param state `busy` when somebody takes connections there, `free` when a server could
 * be started there: at every address of this machine, and with `SO_REUSEADDR`, which passes over
 * TIME_WAIT
 * @param options Where, how often to look, and how to give up
 * @throws {SyscallError} What else is wrong than that it is not so yet: `EACCES` if the port takes
 * `CAP_NET_BIND_SERVICE`, `EADDRNOTAVAIL` if the host is none of this machine
 * @throws {TypeError | RangeError} If an argument is none
 * @throws The signal's reason, or a `TimeoutError`
 *
 * @example Usage
 * ```ts
 * import { freePort, waitForPort } from "@posixly/ports";
 * import { spawn } from "node:child_process";
 * import { once } from "node:events";
 *
 * const port = freePort();
 * const python = spawn("python3", ["-m", "http.server", String(port)], { stdio: "ignore" });
 * await waitForPort(port, "busy", { timeout: 20_000 });
 * python.kill();
 * await once(python, "exit");
 * await waitForPort(port, "free", { timeout: 20_000 });
 * ```
 */
export async function waitForPort(
  port: number,
  state: "busy" | "free",
  options: WaitForPortOptions = {},
): Promise<void> {
  requireInteger(port, "port", 1, 65_535);
  requireName(["busy", "free"], state, "state");
  const { host, interval, signal } = check(options);
  signal?.throwIfAborted();
  const isSo = state === "busy" ? () => isBusy(host, port, signal) : () => isFree(host, port);
  while (!await isSo()) await unlessAborted(pause(interval), signal);
}

function check(options: WaitForPortOptions) {
  requireKnown(options, ["host", "interval", "signal", "timeout"]);
  const { host = "127.0.0.1", interval = 50, signal, timeout } = options;
  addressAt(host, 1);
  requireInteger(interval, "interval", 1);
  return { host, interval, signal: signalOf({ signal, timeout }) };
}

async function isBusy(host: string, port: number, signal?: AbortSignal): Promise<boolean> {
  try {
    using connection = await connectTcp(addressAt(host, port), { signal });
    // Whom the kernel gives that very port to connect from is answered by himself.
    return !isSame(connection.localAddress, connection.remoteAddress!);
  } catch (error) {
    if (isNotYet(error)) return false;
    throw error;
  }
}

function isSame(one: object, other: object): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

const NOT_YET = ["ECONNREFUSED", "ECONNRESET", "ETIMEDOUT", "EHOSTUNREACH", "ENETUNREACH"];

function isNotYet(error: unknown): boolean {
  return error instanceof SyscallError && NOT_YET.includes(error.code);
}

function isFree(host: string, port: number): boolean {
  try {
    hold(port, { host, family: "both", protocol: "tcp", reuseAddress: true }).tcp!.close();
    return true;
  } catch (error) {
    if (error instanceof SyscallError && error.code === "EADDRINUSE") return false;
    throw error;
  }
}
