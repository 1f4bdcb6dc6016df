/** Who wants to know that a signal aborts. */
export interface Follower {
  aborted(reason: unknown): void;
}

/**
 * One listener for each signal, however many wait with it: more than ten at once, and Node takes
 * them for a leak and warns.
 */
const listeners = new WeakMap<AbortSignal, AbortListener>();

class AbortListener {
  readonly followers = new Set<Follower>();

  handleEvent({ target }: { target: unknown }): void {
    const signal = target as AbortSignal;
    listeners.delete(signal);
    for (const follower of [...this.followers]) follower.aborted(signal.reason);
  }
}

export function follow(signal: AbortSignal, follower: Follower): void {
  let listener = listeners.get(signal);
  if (listener === undefined) {
    listener = new AbortListener();
    listeners.set(signal, listener);
    signal.addEventListener("abort", listener);
  }
  listener.followers.add(follower);
}

export function unfollow(signal: AbortSignal, follower: Follower): void {
  const listener = listeners.get(signal);
  if (listener === undefined) return;
  listener.followers.delete(follower);
  if (listener.followers.size > 0) return;
  listeners.delete(signal);
  signal.removeEventListener("abort", listener);
}
