import { requireBytes, requireInteger } from "../arguments.ts";

/** Bytes, and which of them are meant. */
export function requireRange(bytes: Uint8Array, start: number, end: number): void {
  if (
    bytes instanceof Uint8Array && start >= 0 && start <= end && end <= bytes.length &&
    start % 1 === 0 && end % 1 === 0
  ) return;
  requireBytes(bytes, "bytes");
  throw new RangeError(
    `start and end must be whole numbers from 0 to ${bytes.length}, in this order, ` +
      `not ${String(start)} and ${String(end)}`,
  );
}

/** A sum to go on with, which is no number if an address lies outside of the bytes. */
export function requireSum(sum: number): void {
  requireInteger(sum, "initial", 0, Number.MAX_SAFE_INTEGER);
}
