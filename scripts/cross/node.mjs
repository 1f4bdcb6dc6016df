// Node elsewhere: on another processor, or on another C library.
import process from "node:process";

/** The program that starts it, which `cross_check.sh` or `musl_check.sh` makes. */
export const node = process.env.CROSS_NODE;

/** How many times as much time as here is enough for it. */
export const slower = Number(process.env.CROSS_SLOWER);
