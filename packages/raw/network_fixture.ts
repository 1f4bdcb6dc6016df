import { execFileSync } from "node:child_process";
import { open, writeAll } from "@posixly/fd";
import { bind } from "@posixly/sys";
import { testNeeding, testWhere } from "@posixly/testing";

const CLONE_NEWNET = 0x4000_0000;

/**
 * Whether this file has a network of its own, as it has if that is allowed: then nobody else comes
 * and goes there.
 */
export const isAlone = bind({ unshare: ["i32", "i32"] }).unshare(CLONE_NEWNET) === 0;
if (isAlone) run("ip link set lo up");

/** Runs a command, without a shell. */
export function run(command: string): string {
  const [program, ...args] = command.split(" ");
  return execFileSync(program, args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
}

/** A test for which the network has to be its own. */
export const testAlone = (
  programs: string[],
  name: string,
  run: () => void | Promise<void>,
): void =>
  isAlone
    ? testNeeding(["ip", ...programs], name, run)
    : testWhere(false, "the right to a network of its own", name, run);

/** Sets something of this network, such as `ipv4/ping_group_range`. */
export function setting(name: string, value: string): void {
  using file = open(`/proc/sys/net/${name}`, { write: true });
  writeAll(file, new TextEncoder().encode(`${value}\n`));
}

/** The hardware addresses of the two ends of {@linkcode veth}. */
export const MAC_A: Uint8Array = new Uint8Array([2, 0, 0, 0, 0, 0xa]);
export const MAC_B: Uint8Array = new Uint8Array([2, 0, 0, 0, 0, 0xb]);

/**
 * A cable between `a0` and `b0`, both here and without addresses, and quiet: IPv6 would speak up
 * by itself. Disposing of it takes it away.
 */
export function veth(): Disposable {
  run(
    "ip link add a0 address 02:00:00:00:00:0a type veth peer name b0 address 02:00:00:00:00:0b",
  );
  for (const name of ["a0", "b0"]) {
    setting(`ipv6/conf/${name}/disable_ipv6`, "1");
    run(`ip link set ${name} up`);
  }
  untilUp();
  return { [Symbol.dispose]: () => void run("ip link del a0") };
}

/** Until the kernel has seen that the cable has a carrier, what is sent is lost. */
export function untilUp(names: readonly string[] = ["a0", "b0"]): void {
  for (const name of names) while (!run(`ip link show ${name}`).includes("state UP"));
}

/** For what comes at once, even on a machine that has much else to do. */
export const wait = { timeout: 30_000 } as const;
