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
if (isAlone) execFileSync("ip", ["link", "set", "lo", "up"]);

/** A test for which the network has to be its own. */
export const testAlone = (name: string, run: () => void | Promise<void>): void =>
  isAlone
    ? testNeeding(["ip", "ss", "python3"], name, run)
    : testWhere(false, "the right to a network of its own", name, run);

/** Sets something of this network. */
export function setting(name: string, value: string): void {
  using file = open(`/proc/sys/net/ipv4/${name}`, { write: true });
  writeAll(file, new TextEncoder().encode(`${value}\n`));
}
