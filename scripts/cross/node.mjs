// Node in the emulator.
import { join } from "node:path";
import { root } from "../files.mjs";

/** The program that starts it, which `cross_check.sh` makes. */
export const node = join(root, "node_modules/.cache/cross/node");

/** How many times as much time as elsewhere is enough for what is emulated. */
export const SLOWER = 5;
