import { setImmediate } from "node:timers";

/** Resolves when the event loop has gone round. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}

/** How many calls in a row may succeed at once before the event loop has its turn. */
const CALLS_A_TURN = 64;
let calls = 0;

/** Counts a call, and tells whether it may be made before the event loop has its turn. */
export function mayGoOn(): boolean {
  return ++calls < CALLS_A_TURN;
}

/**
 * Counts a call, and is `undefined` or what to await before it. Without it, a peer as quick as we
 * are would keep the thread busy for ever, and no timer would fire and no signal abort.
 */
export function fairTurn(): Promise<void> | undefined {
  if (mayGoOn()) return undefined;
  calls = 0;
  return nextTurn();
}
