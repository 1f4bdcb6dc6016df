import { type SignalName, signalNumber } from "@posixly/fd";
import { sigset } from "./libc.ts";

/** The `sigset_t` of the wait under way: a thread never has two. */
const mask = new Uint32Array(new ArrayBuffer(sigset.size));

/** Signals as a `sigset_t`; `null` leaves those that are blocked as they are. */
export function sigsetOf(
  signals: readonly (SignalName | number)[] | undefined,
): Uint32Array | null {
  if (signals === undefined) return null;
  if (!Array.isArray(signals)) throw new TypeError("signalMask must be an array of signals");
  mask.fill(0);
  for (const signal of signals) {
    const bit = signalNumber(signal) - 1;
    mask[bit >> 5] |= 1 << (bit & 31);
  }
  return mask;
}
