import type { OwnedFd } from "@posixly/fd";

/** Someone who waits for a descriptor. */
export interface Waiter {
  /**
   * What for: the bits of epoll_ctl(2). Errors and hang-ups are told in any case, unless it rests,
   * which is 0.
   */
  interest: number;
  /** Whether it keeps the program alive; so it begins. */
  referenced: boolean;
  /** Where it waits, while it does; kept by the reactor. */
  registration: Registration | undefined;
  /** The descriptor is ready; the bits say for what. */
  ready(bits: number): void;
  /** The descriptor was closed. It does not wait any longer. */
  closed(): void;
}

export const nobody: readonly Waiter[] = [];

/** What the epoll set knows of one descriptor, and who waits for it. */
export class Registration {
  /** The number that the set knows it by. */
  readonly number: number;
  /** Where the reactor finds it again, and proof that it is this one: the token of its events. */
  readonly slot: number;
  readonly generation: number;
  /** `EPOLLET` and its kin, which allow for one waiter only; 0 is level-triggered. */
  readonly mode: number;
  /** A descriptor of ours that stands in for one whose number is in the set in another mode. */
  readonly duplicate: OwnedFd | undefined;
  /** What the kernel is to report: perhaps more than anybody waits for just now, or nothing. */
  armed: number;
  readonly #waiters = new Set<Waiter>();
  #listed: readonly Waiter[] | undefined = nobody;
  /** Beside one in another mode: the level-triggered one of the same descriptor. */
  level: Registration | undefined;
  /** Held only while somebody waits: one that was forgotten is to be collected, with a warning. */
  #owner: OwnedFd | undefined;
  #lastOwner: WeakRef<OwnedFd> | undefined;
  /** Whether it is over: taken out of the set. */
  hasEnded = false;
  #stopListening: (() => void) | undefined;

  constructor(
    number: number,
    slot: number,
    generation: number,
    mode: number,
    armed: number,
    duplicate?: OwnedFd,
  ) {
    this.number = number;
    this.slot = slot;
    this.generation = generation;
    this.mode = mode;
    this.armed = armed;
    this.duplicate = duplicate;
  }

  /** The object that tells us before the number is closed; without one we have to ask. */
  get owner(): OwnedFd | undefined {
    return this.#owner ?? this.#lastOwner?.deref();
  }

  /** Of two objects with one number the later counts: the other's was closed behind its back. */
  ownedBy(owner: OwnedFd, beforeClose: () => void): void {
    this.#stopListening?.();
    this.#stopListening = owner.beforeClose(beforeClose);
    this.#owner = owner;
    this.#lastOwner = new WeakRef(owner);
  }

  join(waiter: Waiter): void {
    waiter.registration = this;
    this.#owner = this.owner;
    this.#waiters.add(waiter);
    this.#listed = undefined;
  }

  leave(waiter: Waiter): void {
    waiter.registration = undefined;
    this.#waiters.delete(waiter);
    this.#listed = undefined;
    if (!this.isWaitedFor) this.#owner = undefined;
  }

  /** Whether anybody waits. */
  get isWaitedFor(): boolean {
    return this.#waiters.size > 0;
  }

  /** Never changed in place, so that a batch goes on with those who waited when it began. */
  get waiters(): readonly Waiter[] {
    return this.#listed ??= [...this.#waiters];
  }

  /** What somebody waits for. */
  get wanted(): number {
    let wanted = 0;
    for (const { interest } of this.waiters) wanted |= interest;
    return wanted;
  }

  /** Nothing is to be heard of it any more. */
  end(): void {
    this.hasEnded = true;
    this.#stopListening?.();
    this.duplicate?.close();
  }
}
