import { setImmediate } from "node:timers";
import { performance } from "node:perf_hooks";
import { type AsFd, close, duplicate, fdOf, OwnedFd } from "@posixly/fd";
import { errno, ok, type Watch, watch } from "@posixly/sys";
import {
  EPOLL_CLOEXEC,
  EPOLL_CTL_ADD,
  EPOLL_CTL_DEL,
  EPOLL_CTL_MOD,
  EPOLLERR,
  epollEvent,
  EPOLLHUP,
  libc,
} from "./libc.ts";
import { Registration, type Waiter } from "./registration.ts";
import { nextTurn } from "./turn.ts";

/** Reported whether asked for or not. */
const ALWAYS = EPOLLERR | EPOLLHUP;

/** How many ready descriptors one look finds at most; the kernel begins with others next time. */
const BATCH = 256;

/** How many looks in a row a thread that polls busily takes before the event loop goes round. */
const SPINS_A_TURN = 4096;

/** An event in words of 32 bits: `events` is the first, the token are two others. */
const WORDS = epollEvent.size / 4;
const SLOT = epollEvent.offsets.data / 4;
const GENERATION = SLOT + 1;

/**
 * The descriptors that one thread waits for: an epoll set, of which the event loop has to know
 * only that it is readable. The first wait opens it; it is closed a turn after the last one, so
 * that a thread which ends leaves nothing behind.
 *
 * A descriptor stays in the set when a wait for it is over, if its owner will tell us before it
 * closes: whoever waits again then costs no call. An event that nobody waits for takes it out.
 */
export class Reactor {
  static #ofThread: Reactor | undefined;

  /** The one of this thread. */
  static ofThread(): Reactor {
    return Reactor.#ofThread ??= new Reactor();
  }

  /** For how many microseconds a thread looks again and again before its event loop may sleep. */
  static busyPoll = 0;

  #epoll = ok(libc.epoll_create1(EPOLL_CLOEXEC), "epoll_create1");
  #loop: Watch | undefined;
  #isClosing = false;
  readonly #registrations: (Registration | undefined)[] = [];
  readonly #freeSlots: number[] = [];
  readonly #byNumber = new Map<number, Registration>();
  #lastGeneration = 0;
  #waiting = 0;
  #referenced = 0;
  #isSpinning = false;

  readonly #events = new Int32Array(new ArrayBuffer(BATCH * epollEvent.size));
  readonly #change = new Int32Array(new ArrayBuffer(epollEvent.size));
  /** Which event of the batch comes next, and where the batch ends. */
  #next = 0;
  #end = 0;
  /** Whether the batch may hold events of what was taken out since it was fetched. */
  #mayBeStale = false;

  /** Leaves the rest of the batch for later. */
  isHalted = false;

  /** How many are waiting. */
  get waiting(): number {
    return this.#waiting;
  }

  /**
   * Begins to wait, and asks the kernel to report what is waited for.
   *
   * @throws {SyscallError} `EPERM` if the descriptor cannot be polled; nothing is left behind
   */
  add(fd: AsFd, waiter: Waiter, mode = 0): void {
    try {
      this.#loop ??= watch(this.#epoll, () => this.#turn());
      const registration = this.#registrationOf(fd, waiter.interest, mode);
      if (fd instanceof OwnedFd) registration.ownedBy(fd, () => this.#forgetAll(registration));
      registration.join(waiter);
    } catch (error) {
      if (this.#waiting === 0) this.#closeSoon();
      throw error;
    }
    this.#waiting++;
    if (waiter.referenced) this.#reference(+1);
    else if (this.#referenced === 0) this.#loop.unref();
    if (Reactor.busyPoll > 0) this.#spin();
  }

  /** Ends a wait, if it has not ended already. */
  remove(waiter: Waiter): void {
    const { registration } = waiter;
    if (registration === undefined) return;
    registration.leave(waiter);
    this.#left(waiter);
    // Without an owner nobody will say when the number is given to something else.
    const mayStay = registration.mode === 0 && registration.owner !== undefined;
    if (!mayStay && registration.waiters.length === 0) this.#forget(registration);
  }

  /** Changes what a waiter waits for, and lets a one-shot fire once more. */
  modify(waiter: Waiter, interest: number): void {
    const registration = waiter.registration!;
    const { mode } = registration;
    const others = registration.wanted & ~waiter.interest;
    const armed = mode === 0 ? registration.armed | others | interest : interest | mode;
    ok(this.#control(EPOLL_CTL_MOD, registration, armed), "epoll_ctl", { fd: registration.number });
    waiter.interest = interest;
    registration.armed = armed;
  }

  /** Whether a waiter keeps the program alive. */
  refer(waiter: Waiter, referenced: boolean): void {
    if (waiter.referenced === referenced) return;
    waiter.referenced = referenced;
    if (waiter.registration !== undefined) this.#reference(referenced ? +1 : -1);
  }

  /**
   * Looks what is ready and tells who waits for it.
   *
   * @param timeout How many milliseconds to hold up the thread if nothing is; -1 is for ever
   * @returns How many descriptors were ready
   * @throws What a waiter throws; the next call goes on with the one after it
   */
  dispatch(timeout: number): number {
    if (this.#next === this.#end) {
      const ready = libc.epoll_wait(this.#epoll, this.#events, BATCH, timeout);
      if (ready === -errno.EINTR) return 0;
      this.#end = ok(ready, "epoll_wait");
      this.#next = 0;
      this.#mayBeStale = false;
    }
    const found = this.#end - this.#next;
    while (this.#next < this.#end && !this.isHalted) {
      const at = this.#next++ * WORDS;
      const registration = this.#registrations[this.#events[at + SLOT]];
      if (registration?.generation === this.#events[at + GENERATION]) {
        this.#deliver(registration, this.#events[at]);
      } else if (!this.#mayBeStale) {
        this.#rebuild();
      }
    }
    return found;
  }

  /** One turn of the event loop. What a waiter throws is uncaught, and holds up nobody else. */
  #turn(): number {
    let found = 0;
    do {
      try {
        found = this.dispatch(0);
      } catch (error) {
        queueMicrotask(() => {
          throw error;
        });
      }
    } while (this.#next < this.#end);
    return found;
  }

  async #spin(): Promise<void> {
    if (this.#isSpinning) return;
    this.#isSpinning = true;
    let until = performance.now() + Reactor.busyPoll / 1000;
    for (let turns = 1; this.#waiting > 0; turns++) {
      // Whoever was told goes first; timers and the like have their turn now and then.
      await (turns % SPINS_A_TURN === 0 ? nextTurn() : undefined);
      if (this.#turn() > 0) until = performance.now() + Reactor.busyPoll / 1000;
      else if (performance.now() > until) break;
    }
    this.#isSpinning = false;
  }

  #deliver(registration: Registration, bits: number): void {
    if (registration.owner === undefined && !this.#isCurrent(registration)) {
      // The number was closed behind our back, and what it stood for lives on elsewhere. The
      // kernel would go on reporting it, and takes it out by a number alone which it has no more.
      this.#forgetAll(registration);
      this.#rebuild();
      return;
    }
    const { waiters, wanted } = registration;
    for (const waiter of waiters) {
      const ready = bits & (waiter.interest | ALWAYS);
      // One before it may have ended the wait.
      if (ready !== 0 && waiter.registration === registration) waiter.ready(ready);
    }
    const unwanted = bits & ~wanted & ~ALWAYS;
    if (registration.mode === 0 && (unwanted !== 0 || waiters.length === 0)) {
      this.#disarm(registration);
    }
  }

  /** Has the kernel report only what somebody waits for. */
  #disarm(registration: Registration): void {
    if (this.#registrations[registration.slot] !== registration) return; // forgotten meanwhile
    const { wanted } = registration;
    if (wanted === 0) return this.#forget(registration);
    this.#control(EPOLL_CTL_MOD, registration, wanted);
    registration.armed = wanted;
  }

  /** The registration of a descriptor, armed for at least this. */
  #registrationOf(fd: AsFd, interest: number, mode: number): Registration {
    const number = fdOf(fd);
    const known = this.#byNumber.get(number);
    if (mode === 0) {
      const shared = known?.mode === 0 ? known : known?.level;
      if (shared !== undefined && this.#arm(shared, interest)) return shared;
    }
    const armed = interest | mode;
    const registration = this.#register(number, armed, mode);
    if (registration !== undefined) return registration;
    // The set has this number already, in another mode.
    if (!(fd instanceof OwnedFd)) {
      throw new Error(
        `Cannot wait for descriptor ${number} in two modes by its number: pass its owner`,
      );
    }
    const standIn = duplicate(number);
    try {
      const second = this.#register(standIn.fd, armed, mode, standIn)!;
      if (mode === 0) this.#byNumber.get(number)!.level = second;
      return second;
    } catch (error) {
      standIn.close();
      throw error;
    }
  }

  /** Whether it could be armed: not if the number stands for something else by now. */
  #arm(registration: Registration, interest: number): boolean {
    const armed = registration.armed | interest;
    if (this.#registrations[registration.slot] !== registration) return false;
    if (registration.owner !== undefined && armed === registration.armed) return true;
    const changed = this.#control(EPOLL_CTL_MOD, registration, armed);
    if (changed === -errno.ENOENT || changed === -errno.EBADF) {
      this.#forgetAll(registration);
      return false;
    }
    ok(changed, "epoll_ctl", { fd: registration.number });
    registration.armed = armed;
    return true;
  }

  /** Puts a number into the set; `undefined` if it is there already. */
  #register(
    number: number,
    armed: number,
    mode: number,
    standIn?: OwnedFd,
  ): Registration | undefined {
    const slot = this.#freeSlots.pop() ?? this.#registrations.length;
    const generation = this.#lastGeneration = (this.#lastGeneration + 1) | 0;
    const registration = new Registration(number, slot, generation, mode, armed, standIn);
    const added = this.#control(EPOLL_CTL_ADD, registration, armed);
    if (added < 0) {
      if (slot < this.#registrations.length) this.#freeSlots.push(slot);
      if (added === -errno.EEXIST) return undefined;
      ok(added, "epoll_ctl", { fd: number });
    }
    this.#registrations[slot] = registration;
    // The kernel took it, so whatever had this number before was closed behind our back.
    const before = this.#byNumber.get(number);
    this.#byNumber.set(number, registration);
    if (before !== undefined) this.#forgetAll(before);
    return registration;
  }

  /** Ends a registration, and every wait for it. */
  #forgetAll(registration: Registration): void {
    const { waiters } = registration;
    this.#forget(registration);
    for (const waiter of waiters) {
      if (waiter.registration !== registration) continue;
      registration.leave(waiter);
      this.#left(waiter);
      waiter.closed();
    }
  }

  #forget(registration: Registration): void {
    const { slot, number } = registration;
    if (this.#registrations[slot] !== registration) return;
    this.#registrations[slot] = undefined;
    this.#freeSlots.push(slot);
    this.#mayBeStale = true;
    if (this.#byNumber.get(number) === registration) {
      this.#byNumber.delete(number);
      // It fails if the number was closed before, and then there is nothing to take out.
      this.#control(EPOLL_CTL_DEL, registration, 0);
    }
    registration.end();
  }

  /** Whether the number still stands for what was registered, which the kernel refuses twice. */
  #isCurrent(registration: Registration): boolean {
    const added = this.#control(EPOLL_CTL_ADD, registration, 0);
    if (added === 0) this.#control(EPOLL_CTL_DEL, registration, 0);
    return added === -errno.EEXIST;
  }

  /** Moves to a new set, which is the one way to be rid of what nobody has a number of. */
  #rebuild(): void {
    this.#mayBeStale = true;
    const before = this.#epoll;
    this.#epoll = ok(libc.epoll_create1(EPOLL_CLOEXEC), "epoll_create1");
    this.#loop?.close();
    this.#loop = this.#loop && watch(this.#epoll, () => this.#turn());
    if (this.#referenced === 0) this.#loop?.unref();
    close(before);
    for (const registration of this.#registrations) {
      if (registration === undefined) continue;
      const added = this.#control(EPOLL_CTL_ADD, registration, registration.armed);
      if (added < 0) this.#forgetAll(registration);
    }
  }

  #control(operation: number, registration: Registration, armed: number): number {
    this.#change[0] = armed;
    this.#change[SLOT] = registration.slot;
    this.#change[GENERATION] = registration.generation;
    return libc.epoll_ctl(this.#epoll, operation, registration.number, this.#change);
  }

  #left(waiter: Waiter): void {
    this.#waiting--;
    if (waiter.referenced) this.#reference(-1);
    if (this.#waiting === 0) this.#closeSoon();
  }

  #reference(change: number): void {
    const before = this.#referenced;
    this.#referenced += change;
    if (before === 0) this.#loop?.ref();
    else if (this.#referenced === 0) this.#closeSoon();
  }

  /** Not at once: whoever waits often, waits again before the event loop has gone round. */
  #closeSoon(): void {
    if (this.#isClosing) return;
    this.#isClosing = true;
    setImmediate(() => {
      this.#isClosing = false;
      if (this.#waiting === 0) this.#close();
      else if (this.#referenced === 0) this.#loop?.unref();
    });
  }

  #close(): void {
    Reactor.#ofThread = undefined;
    this.#loop?.close();
    for (const registration of this.#registrations) registration?.end();
    close(this.#epoll);
  }
}
