import { setImmediate } from "node:timers";

/** Resolves when the event loop has gone round. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}
