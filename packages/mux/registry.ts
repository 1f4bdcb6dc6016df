import { type AsFd, close, duplicate, fdOf, OwnedFd } from "@posixly/fd";
import { errno, ok, type Watch, watch } from "@posixly/sys";
import { HIGH, LOW, WORDS } from "./epoll_token.ts";
import {
  EPOLL_CLOEXEC,
  EPOLL_CTL_ADD,
  EPOLL_CTL_DEL,
  EPOLL_CTL_MOD,
  epollEvent,
  EPOLLONESHOT,
  libc,
} from "./libc.ts";
import { Registration } from "./registration.ts";

/** The halves of a token: where its registration is, and proof that it is that one. */
export const SLOT: number = LOW;
export const GENERATION: number = HIGH;

/** An epoll set, and the event loop's watch of it. */
interface WatchedSet {
  readonly fd: number;
  readonly loop: Watch;
}

/** What is in the epoll set of a thread, and in which set that is. */
export class Registry {
  readonly #onReady: () => void;
  readonly #onGone: (registration: Registration) => void;
  #set: WatchedSet | undefined;
  #keepsAlive = true;
  readonly #slots: (Registration | undefined)[] = [];
  readonly #freeSlots: number[] = [];
  readonly #byNumber = new Map<number, Registration>();
  #lastGeneration = 0;
  readonly #change = new Int32Array(new ArrayBuffer(epollEvent.size));

  /** Whether anything was forgotten since this was last made false. */
  hasForgotten = false;

  /**
   * @param onReady Called on the event loop when the set has events
   * @param onGone Called with what turns out to have been closed behind our back: forget it
   */
  constructor(onReady: () => void, onGone: (registration: Registration) => void) {
    this.#onReady = onReady;
    this.#onGone = onGone;
  }

  /** Whether there is a set. */
  get isOpen(): boolean {
    return this.#set !== undefined;
  }

  /** Opens a set, if there is none. */
  open(): void {
    this.#set ??= openSet(this.#onReady);
  }

  /** Closes the set, in which nobody waits for anything any more. */
  close(): void {
    closeSet(this.#set!);
    this.#set = undefined;
    this.#keepsAlive = true;
    for (const registration of this.#slots) registration?.end();
    this.#slots.length = 0;
    this.#freeSlots.length = 0;
    this.#byNumber.clear();
  }

  /** Whether the program lives for as long as the set is open; so it begins. */
  keepAlive(keepsAlive: boolean): void {
    if (this.#keepsAlive === keepsAlive) return;
    this.#keepsAlive = keepsAlive;
    this.#set!.loop[keepsAlive ? "ref" : "unref"]();
  }

  /** Fetches events as epoll_wait(2), and returns as a bound function does. */
  fetch(events: Int32Array, timeout: number): number {
    return libc.epoll_wait(this.#set!.fd, events, events.length / WORDS, timeout);
  }

  /** Whose token it is; `undefined` if that is gone. */
  find(slot: number, generation: number): Registration | undefined {
    const registration = this.#slots[slot];
    return registration?.generation === generation ? registration : undefined;
  }

  /** The registration of a descriptor that somebody is about to wait for, armed for at least this. */
  registrationOf(fd: AsFd, interest: number, mode: number): Registration {
    const number = fdOf(fd);
    const known = this.#known(number, fd, mode);
    if (known === undefined) return this.#register(number, interest, mode);
    const level = known.mode === 0 ? known : known.level;
    const isForUs = known.mode === 0 || fd instanceof OwnedFd;
    if (mode === 0 && isForUs && level !== undefined && !level.hasEnded) {
      const armed = this.arm(level, level.armed | interest);
      if (armed === 0) return level;
      if (this.isCurrent(level)) ok(armed, "epoll_ctl", { fd: number });
      this.#onGone(level);
      return this.registrationOf(fd, interest, mode);
    }
    // The set takes a number once, and has this one in another mode.
    if (!(fd instanceof OwnedFd)) {
      throw new Error(
        `Cannot wait for descriptor ${number} in two modes by its number: pass its owner`,
      );
    }
    const standIn = duplicate(number);
    try {
      const second = this.#register(standIn.fd, interest, mode, standIn);
      if (mode === 0) known.level = second;
      return second;
    } catch (error) {
      standIn.close();
      throw error;
    }
  }

  /** Has the kernel report this, from now on or once more; returns as a bound function does. */
  arm(registration: Registration, armed: number): number {
    const { mode, owner } = registration;
    if (armed === registration.armed && mode === 0 && owner !== undefined) return 0;
    const changed = this.#control(EPOLL_CTL_MOD, registration, armed);
    if (changed === 0) registration.armed = armed;
    return changed;
  }

  /** Whether the number still stands for what was registered, which the kernel refuses twice. */
  isCurrent(registration: Registration): boolean {
    const added = this.#control(EPOLL_CTL_ADD, registration, 0);
    if (added === 0) this.#control(EPOLL_CTL_DEL, registration, 0);
    return added === -errno.EEXIST;
  }

  /** Takes out a registration, if it is still in. */
  forget(registration: Registration): void {
    if (registration.hasEnded) return;
    const { slot, number } = registration;
    this.#slots[slot] = undefined;
    this.#freeSlots.push(slot);
    this.hasForgotten = true;
    if (this.#byNumber.get(number) === registration) {
      this.#byNumber.delete(number);
      // It fails if the number was closed behind our back: then it is gone, or a ghost.
      this.#control(EPOLL_CTL_DEL, registration, 0);
    }
    registration.end();
  }

  /**
   * Moves to a new set, which is the one way to be rid of ghosts: what lives on elsewhere after its
   * number was closed goes on being reported, and can be taken out by nothing but that number.
   *
   * @returns Whether there was room for another set; if not, all is as it was
   */
  renew(): boolean {
    const before = this.#set!;
    let set: WatchedSet | undefined;
    try {
      set = openSet(this.#onReady);
      for (const registration of this.#slots) {
        if (registration === undefined) continue;
        if (!this.isCurrent(registration)) this.#onGone(registration);
        else ok(this.#control(EPOLL_CTL_ADD, registration, registration.armed, set), "epoll_ctl");
      }
    } catch {
      if (set !== undefined) closeSet(set);
      return false;
    }
    closeSet(before);
    this.#set = set;
    if (!this.#keepsAlive) set.loop.unref();
    return true;
  }

  /** The registration of a number, unless that stands for something else by now. */
  #known(number: number, fd: AsFd, mode: number): Registration | undefined {
    const known = this.#byNumber.get(number);
    if (known === undefined) return undefined;
    if (known.owner !== fd && !this.isCurrent(known)) this.#onGone(known);
    else if (mode !== 0 && !known.isWaitedFor) this.forget(known); // only in the way
    else return known;
    return undefined;
  }

  /** Puts a number into the set. */
  #register(number: number, interest: number, mode: number, standIn?: OwnedFd): Registration {
    // That of a duplicate must have been closed behind our back, to be given out once more.
    const before = this.#byNumber.get(number);
    if (before !== undefined) this.#onGone(before);
    const slot = this.#freeSlots.pop() ?? this.#slots.length;
    const generation = this.#lastGeneration = (this.#lastGeneration + 1) | 0;
    const armed = interest | mode;
    const registration = new Registration(number, slot, generation, mode, armed, standIn);
    let added = this.#control(EPOLL_CTL_ADD, registration, armed);
    if (added === -errno.EEXIST) {
      // A ghost that is flesh again: the number was closed, and stands for the same file once more.
      this.#control(EPOLL_CTL_DEL, registration, 0);
      added = this.#control(EPOLL_CTL_ADD, registration, armed);
    }
    if (added < 0) {
      if (slot < this.#slots.length) this.#freeSlots.push(slot);
      ok(added, "epoll_ctl", { fd: number });
    }
    this.#slots[slot] = registration;
    this.#byNumber.set(number, registration);
    return registration;
  }

  #control(operation: number, registration: Registration, armed: number, set = this.#set!): number {
    // Armed for nothing it would report errors and hang-ups, again and again; so at most once.
    this.#change[0] = armed || EPOLLONESHOT;
    this.#change[SLOT] = registration.slot;
    this.#change[GENERATION] = registration.generation;
    return libc.epoll_ctl(set.fd, operation, registration.number, this.#change);
  }
}

function openSet(onReady: () => void): WatchedSet {
  const fd = ok(libc.epoll_create1(EPOLL_CLOEXEC), "epoll_create1");
  try {
    return { fd, loop: watch(fd, onReady) };
  } catch (error) {
    close(fd);
    throw error;
  }
}

function closeSet({ fd, loop }: WatchedSet): void {
  loop.close();
  close(fd);
}
