import { performance } from "node:perf_hooks";
import { setImmediate } from "node:timers";
import { type AsFd, OwnedFd } from "@posixly/fd";
import { errno, ok } from "@posixly/sys";
import { WORDS } from "./epoll_token.ts";
import { EPOLLERR, EPOLLHUP, EPOLLONESHOT } from "./libc.ts";
import { nobody, type Registration, type Waiter } from "./registration.ts";
import { GENERATION, Registry, SLOT } from "./registry.ts";
import { nextTurn } from "./turn.ts";

/** Reported whether asked for or not. */
const ALWAYS = EPOLLERR | EPOLLHUP;

/** How many ready descriptors one look finds at most; the kernel begins with others next time. */
const BATCH = 256;

/**
 * After how many turns of the event loop a set is closed that nobody waits for: they take about as
 * long as opening another. A timer instead might never fire, in a thread that ends.
 */
const IDLE_TURNS = 8;

/** How many looks in a row a thread that polls busily takes before the event loop goes round. */
const LOOKS_A_TURN = 4096;

/**
 * Those who wait in one thread: an epoll set, of which the event loop has to know only that it
 * is readable. The first wait opens it; it is closed some turns after the last one, so that a
 * thread which ends leaves nothing behind.
 *
 * A descriptor stays in the set when a wait for it is over, if its owner will tell us before it
 * closes: whoever waits again then costs no call. An event that nobody waits for takes it out.
 */
class Reactor {
  /** For how many microseconds to look again and again before the event loop may sleep. */
  busyPoll = 0;
  /** Leaves the rest of the batch for later. */
  isHalted = false;
  /** How many batches were looked for so far. */
  looks = 0;

  readonly #registry = new Registry(
    () => this.#wake(),
    (registration) => this.#closed(registration),
  );
  #waiting = 0;
  #referenced = 0;
  #isClosing = false;
  #idleTurns = 0;
  #isSpinning = false;

  readonly #events = new Int32Array(new ArrayBuffer(BATCH * WORDS * 4));
  /** Which event of the batch comes next, and where the batch ends. */
  #next = 0;
  #end = 0;
  /** The event that is being told: of what, its bits, who is told and who of them comes next. */
  #told: Registration | undefined;
  #bits = 0;
  #waiters = nobody;
  #nextWaiter = 0;
  /** Whether the set reports what lives on after its number was closed. */
  #hasGhosts = false;

  /** Whether some of a batch were not told yet. */
  get hasRest(): boolean {
    return this.#nextWaiter < this.#waiters.length || this.#next < this.#end;
  }

  /** Whether anybody waits who keeps the program alive. */
  get isNeeded(): boolean {
    return this.#referenced > 0;
  }

  /**
   * Begins to wait, and asks the kernel to report what is waited for.
   *
   * @throws {SyscallError} `EPERM` if the descriptor cannot be polled; nothing is left behind
   */
  add(fd: AsFd, waiter: Waiter, mode = 0): void {
    this.#registry.open();
    try {
      const registration = this.#registry.registrationOf(fd, waiter.interest, mode);
      if (registration.owner !== fd && fd instanceof OwnedFd) {
        registration.ownedBy(fd, () => this.#closed(registration));
      }
      registration.join(waiter);
    } catch (error) {
      if (this.#waiting === 0) this.#closeSoon();
      throw error;
    }
    this.#waiting++;
    if (waiter.referenced) this.#reference(+1);
    if (this.busyPoll > 0) this.#spin();
  }

  /** Ends a wait, if it has not ended already. */
  remove(waiter: Waiter): void {
    const { registration } = waiter;
    if (registration === undefined) return;
    this.#leave(registration, waiter);
    // Without an owner nobody will say when the number is given to something else.
    const mayStay = registration.mode === 0 && registration.owner !== undefined;
    if (!mayStay && !registration.isWaitedFor) this.#registry.forget(registration);
  }

  /** Changes what a waiter waits for, and lets a one-shot fire once more; with 0 it rests. */
  modify(waiter: Waiter, interest: number): void {
    const registration = waiter.registration!;
    const { number, mode, armed } = registration;
    const changed = this.#registry.arm(registration, interest | (mode === 0 ? armed : mode));
    ok(changed, "epoll_ctl", { fd: number });
    waiter.interest = interest;
  }

  /** Whether a waiter keeps the program alive. */
  refer(waiter: Waiter, referenced: boolean): void {
    if (waiter.referenced === referenced) return;
    waiter.referenced = referenced;
    if (waiter.registration !== undefined) this.#reference(referenced ? +1 : -1);
  }

  /**
   * Looks what is ready and tells who waits for it, or goes on where it was halted before.
   *
   * @param timeout How many milliseconds to hold up the thread if nothing is; -1 is for ever
   * @returns Whether anything was ready
   * @throws What a waiter throws; the next call goes on with the one after it
   */
  dispatch(timeout: number): boolean {
    if (!this.hasRest && !this.#fetch(timeout)) return false;
    while (!this.isHalted) {
      if (this.#nextWaiter < this.#waiters.length) {
        this.#tell(this.#waiters[this.#nextWaiter++]);
      } else if (this.#next < this.#end) {
        this.#take(this.#next++ * WORDS);
      } else {
        break;
      }
    }
    return true;
  }

  /** Has the event loop go on with the rest of a batch, which the kernel may not report again. */
  goOnSoon(): void {
    if (this.hasRest) setImmediate(() => this.look());
  }

  /** Fetches a batch, unless there is none. */
  #fetch(timeout: number): boolean {
    if (this.#hasGhosts) this.#hasGhosts = !this.#registry.renew();
    this.#registry.hasForgotten = false;
    this.looks++;
    const ready = this.#registry.fetch(this.#events, timeout);
    if (ready === -errno.EINTR) return false;
    this.#next = 0;
    this.#end = ok(ready, "epoll_wait");
    return ready > 0;
  }

  /** Begins with an event of the batch. */
  #take(at: number): void {
    const bits = this.#events[at];
    const registration = this.#registry.find(
      this.#events[at + SLOT],
      this.#events[at + GENERATION],
    );
    if (registration === undefined) {
      // Forgotten since the batch was fetched, or long before, and lives on elsewhere.
      this.#hasGhosts ||= !this.#registry.hasForgotten;
    } else {
      this.#told = registration;
      this.#bits = bits;
      this.#waiters = this.#waitersFor(registration, bits);
      this.#nextWaiter = 0;
    }
  }

  /** Who is to be told of an event; what nobody waits for the kernel reports no more. */
  #waitersFor(registration: Registration, bits: number): readonly Waiter[] {
    const { waiters, mode, armed, wanted } = registration;
    if (mode !== 0) {
      if ((mode & EPOLLONESHOT) === 0) return waiters;
      if (armed === mode) return nobody; // has fired, and was armed again only by a new set
      if ((bits & (wanted | ALWAYS)) !== 0) registration.armed = mode;
    } else if ((bits & ~wanted & ~ALWAYS) !== 0 || (wanted === 0 && armed !== 0)) {
      const isKnown = this.#registry.arm(registration, wanted) === 0 ||
        this.#registry.isCurrent(registration);
      if (!isKnown) this.#closed(registration);
    }
    return waiters;
  }

  #tell(waiter: Waiter): void {
    const { registration, interest } = waiter;
    const ready = interest === 0 ? 0 : this.#bits & (interest | ALWAYS);
    // One before it may have ended the wait.
    if (ready === 0 || registration === undefined || registration !== this.#told) return;
    const isCurrent = registration.owner !== undefined || this.#registry.isCurrent(registration);
    if (isCurrent) waiter.ready(ready);
    else this.#closed(registration);
  }

  /** Ends every wait for what was closed. */
  #closed(registration: Registration): void {
    const { waiters } = registration;
    this.#registry.forget(registration);
    for (const waiter of waiters) {
      if (waiter.registration !== registration) continue;
      this.#leave(registration, waiter);
      waiter.closed();
    }
  }

  #leave(registration: Registration, waiter: Waiter): void {
    registration.leave(waiter);
    this.#waiting--;
    if (waiter.referenced) this.#reference(-1);
    if (this.#waiting === 0) this.#closeSoon();
  }

  #reference(change: number): void {
    this.#referenced += change;
    if (this.#referenced === 0) this.#closeSoon();
    else this.#registry.keepAlive(true);
  }

  /** Not at once: whoever waits often, waits again before the event loop has gone round. */
  #closeSoon(): void {
    this.#idleTurns = 0;
    if (!this.#isClosing) this.#lookNextTurn();
  }

  #lookNextTurn(): void {
    this.#isClosing = true;
    setImmediate(() => {
      this.#isClosing = false;
      if (this.#waiting === 0) this.#idle();
      else if (this.#referenced === 0) this.#registry.keepAlive(false);
    });
  }

  #idle(): void {
    if (++this.#idleTurns < IDLE_TURNS) this.#lookNextTurn();
    else this.#close();
  }

  #close(): void {
    this.#registry.close();
    this.#next = this.#end = 0;
    this.#waiters = nobody;
    this.#told = undefined;
    this.#hasGhosts = false;
  }

  /** Called on the event loop. */
  #wake(): void {
    if (this.look() && this.busyPoll > 0) this.#spin();
  }

  /**
   * Looks what is ready, on the event loop: what a waiter throws is uncaught, and holds up nobody.
   *
   * @returns Whether anything was ready
   */
  look(): boolean {
    let found = false;
    do {
      try {
        if (this.#registry.isOpen) found = this.dispatch(0);
      } catch (error) {
        queueMicrotask(() => {
          throw error;
        });
      }
    } while (this.hasRest);
    return found;
  }

  async #spin(): Promise<void> {
    if (this.#isSpinning) return;
    this.#isSpinning = true;
    let last = performance.now();
    for (let looks = 1;; looks++) {
      // Whoever was told goes first; timers and the like have their turn now and then.
      await (looks % LOOKS_A_TURN === 0 ? nextTurn() : undefined);
      if (!this.isNeeded) break;
      const now = performance.now();
      if (this.look()) last = now;
      else if (now - last > this.busyPoll / 1000) break;
    }
    this.#isSpinning = false;
  }
}

/** The one of this thread. */
export const reactor: Reactor = new Reactor();
