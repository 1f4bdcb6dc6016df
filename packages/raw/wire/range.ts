import { requireBytes } from "../arguments.ts";

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
