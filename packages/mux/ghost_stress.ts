/**
 * Proves that nobody is told of a descriptor that is not theirs, and that nobody waits in vain: a
 * million random steps open, watch, close, duplicate and replace descriptors, by their owners and
 * behind their backs, and at each look everybody must be told what poll(2) says, or nothing.
 *
 * Run by `npm run stress`, in every runtime.
 */
import assert from "node:assert/strict";
import process from "node:process";
import { pathToFileURL } from "node:url";
import { eventfd, OwnedFd } from "@posixly/fd";
import { bind, errno, ok } from "@posixly/sys";
import {
  EPOLL_CTL_ADD,
  EPOLL_CTL_DEL,
  EPOLL_CTL_MOD,
  EPOLLERR,
  EPOLLET,
  EPOLLEXCLUSIVE,
  EPOLLHUP,
  EPOLLIN,
  EPOLLONESHOT,
  EPOLLOUT,
  EPOLLPRI,
  EPOLLRDHUP,
  libc as used,
  pollfd,
} from "./libc.ts";
import { reactor } from "./reactor.ts";
import type { Registration, Waiter } from "./registration.ts";

const libc = bind({
  close: ["i32", "i32"],
  dup3: ["i32", "i32", "i32", "i32"],
  eventfd: ["i32", "u32", "i32"],
  fcntl: ["i32", "i32", "i32", "i32"],
  pipe2: ["i32", "buffer", "i32"],
  poll: ["i32", "buffer", "u32", "i32"],
  read: ["i32", "i32", "buffer", "u32"],
  socketpair: ["i32", "i32", "i32", "i32", "buffer"],
  write: ["i32", "i32", "buffer", "u32"],
});
const O_NONBLOCK_CLOEXEC = 0x80800;
const SOCK_STREAM_NONBLOCK_CLOEXEC = 0x80801;
const AF_UNIX = 1;
const F_DUPFD_CLOEXEC = 1030;
const O_CLOEXEC = 0x80000;

const ALWAYS = EPOLLERR | EPOLLHUP;
const ANYTHING = EPOLLIN | EPOLLPRI | EPOLLOUT | EPOLLRDHUP;
const INTERESTS = [EPOLLIN, EPOLLIN, EPOLLOUT, EPOLLIN | EPOLLOUT, EPOLLIN | EPOLLRDHUP];
const MODES = [0, 0, 0, EPOLLET, EPOLLONESHOT, EPOLLET | EPOLLONESHOT, EPOLLEXCLUSIVE];

/** How many descriptors and waits there are at most: fewer than one look finds. */
const DESCRIPTORS = 24;
const WAITS = 64;

/** What is written; to a counter it is 1. */
const bytes = new Uint8Array(new ArrayBuffer(1 << 16));
bytes[0] = 1;
const read = new Uint8Array(new ArrayBuffer(1 << 16));
const polled = new Uint8Array(new ArrayBuffer(DESCRIPTORS * pollfd.size));
const polledView = new DataView(polled.buffer);

/** Something that is open, by however many numbers. */
class File {
  readonly numbers = new Set<number>();
  /** Where it ever was: back there, even the kernel takes it for what it was. */
  readonly everAt = new Set<number>();
  /** What poll(2) said last. */
  bits = 0;
}

/** A number that stands for a file. */
interface Descriptor {
  readonly number: number;
  readonly owner: OwnedFd | undefined;
  file: File;
}

/** What a waiter throws now and then. */
class Thrown extends Error {}

/** Someone who waits, and what he must be told. */
class Witness implements Waiter {
  interest: number;
  referenced = true;
  registration: Registration | undefined;
  readonly number: number;
  readonly file: File;
  readonly mode: number;
  /** Whether what he waits for has no owner. */
  readonly isRaw: boolean;
  readonly #react: (witness: Witness) => void;
  isOpen = true;
  /** Whether he left by himself. */
  hasLeft = false;
  /** Whether his number was closed behind his back. */
  isSevered = false;
  /** What he was told at this look, and how often. */
  told = 0;
  times = 0;
  /** What has come since he was told, by edge. */
  owed = 0;
  /** Whether a one-shot may fire. */
  isLoaded = true;

  constructor(
    { number, file, owner }: Descriptor,
    interest: number,
    mode: number,
    react: (witness: Witness) => void,
  ) {
    this.number = number;
    this.file = file;
    this.interest = interest;
    this.mode = mode | 0;
    this.isRaw = owner === undefined;
    this.#react = react;
  }

  /** What he is to be told of; nothing while he rests. */
  get wanted(): number {
    return this.interest === 0 ? 0 : this.interest | ALWAYS;
  }

  /** What is the case of what he waits for. */
  get due(): number {
    return this.file.bits & this.wanted;
  }

  ready(bits: number): void {
    assert.ok(this.isOpen, `told after the end: ${this}`);
    assert.ok(!this.isRaw || !this.isSevered, `told of a number that was closed: ${this}`);
    assert.ok(this.isLoaded, `a one-shot fired twice: ${this}`);
    if (this.mode & EPOLLONESHOT) this.isLoaded = false;
    this.told = bits;
    this.times++;
    this.owed = 0;
    this.#react(this);
  }

  closed(): void {
    assert.ok(this.isOpen, `closed twice: ${this}`);
    this.isOpen = false;
  }

  toString(): string {
    return JSON.stringify({ ...this, file: undefined, registration: undefined, due: this.due });
  }
}

/** Descriptors and those who wait for them. */
export class World {
  readonly #choose: (n: number) => number;
  readonly #descriptors: Descriptor[] = [];
  #witnesses: Witness[] = [];
  /** Objects whose number was closed behind their back. */
  readonly #betrayed: OwnedFd[] = [];
  #isLooking = false;
  /** Whether those who were told have done anything during this look. */
  #isTurbulent = false;
  /** Whether anything was done since the last look. */
  #isTouched = false;
  /** Whether the kernel may be out of memory and descriptors. */
  #isScarce = false;
  /** How many sets the reactor has moved to, or tried to. */
  #moves = 0;
  readonly #reactions: ((witness: Witness) => void)[];
  readonly #restore: () => void;
  /** Never ready; it keeps the set open. */
  readonly #anchor = eventfd();

  /** How many looks there were, how often somebody was told something, and nothing was left. */
  looks = 0;
  tellings = 0;
  rests = 0;

  /**
   * @param choose Gives the next choice of `n`, from 0
   * @param canThrow Whether a waiter may throw, which is uncaught on the event loop
   */
  constructor(choose: (n: number) => number, canThrow = true) {
    this.#choose = choose;
    const nothing = () => {};
    const leave = (witness: Witness) => this.#leave(witness);
    const act = () => {
      for (let left = choose(3); left > 0; left--) this.step();
    };
    const fail = () => {
      throw new Thrown();
    };
    this.#reactions = [nothing, nothing, leave, act, ...canThrow ? [fail] : []];
    this.#restore = this.#makeScarce();
    const file = new File();
    const anchor = { number: this.#anchor.fd, owner: this.#anchor, file };
    reactor.add(this.#anchor, new Witness(anchor, EPOLLIN, 0, nothing));
  }

  /** Lets calls fail now and then, as they do where there is no room. */
  #makeScarce(): () => void {
    const { epoll_create1, epoll_ctl } = used;
    const isRefused = () => this.#isScarce && this.#choose(2) === 0;
    used.epoll_create1 = (flags) => {
      this.#moves++;
      return isRefused() ? -errno.EMFILE : epoll_create1(flags);
    };
    used.epoll_ctl = (set, operation, fd, event) => {
      if (operation === EPOLL_CTL_MOD && isRefused()) return -errno.ENOMEM;
      const result = epoll_ctl(set, operation, fd, event);
      if (operation !== EPOLL_CTL_ADD || result < 0 || !isRefused()) return result;
      epoll_ctl(set, EPOLL_CTL_DEL, fd, event); // whether there is room is asked last
      return -errno.ENOMEM;
    };
    return () => Object.assign(used, { epoll_create1, epoll_ctl });
  }

  /** Does one thing. */
  step(): void {
    this.#isScarce = this.#choose(8) === 0;
    const step = this.#choose(32);
    if (step > 26) {
      if (!this.#isLooking) step === 27 ? this.#settle() : this.look();
      return;
    }
    this.#isTouched = true;
    if (this.#isLooking) this.#isTurbulent = true;
    if (step < 3) this.#open();
    else if (step < 10) this.#watch();
    else if (step < 12) this.#leave(this.#any(this.#witnesses));
    else if (step < 13) this.#modify();
    else if (step < 15) this.#close();
    else if (step < 16) this.#closeBehindBack();
    else if (step < 17) this.#duplicate();
    else if (step < 18) this.#replace();
    else if (step < 19) this.#betrayed.pop()?.release();
    else if (step < 23) this.#write();
    else this.#drain();
    this.#ask();
  }

  /** Looks once, and sees whether everybody is told what is so. */
  look(): void {
    this.#begin();
    do {
      try {
        reactor.dispatch(0);
      } catch (error) {
        if (!(error instanceof Thrown)) throw error;
      }
    } while (reactor.hasRest);
    for (const witness of this.#witnesses) {
      assert.ok(witness.times <= 1, `told twice at one look: ${witness}`);
    }
    this.#judge();
  }

  /** The same on the event loop, which may look several times. */
  async lookOnLoop(): Promise<void> {
    this.#isScarce = false;
    this.#begin();
    const number = ok(libc.eventfd(1, O_NONBLOCK_CLOEXEC), "eventfd");
    await new Promise<void>((resolve) => {
      const last = { number, owner: undefined, file: new File() };
      reactor.add(
        number,
        new Witness(last, EPOLLIN, 0, (witness) => {
          reactor.remove(witness);
          resolve();
        }),
      );
    });
    libc.close(number);
    this.#judge();
  }

  /** Ends everything. */
  end(): void {
    for (const witness of this.#witnesses) this.#leave(witness);
    for (const { owner, number } of this.#descriptors) owner ? owner.close() : libc.close(number);
    for (const owner of this.#betrayed) owner.release();
    this.#anchor.close();
    this.#restore();
  }

  /** When nobody has anything due, the set must come to rest. */
  #settle(): void {
    this.#isScarce = false;
    if (this.#choose(4) === 0) this.#witnesses.forEach((witness) => this.#leave(witness));
    for (let looks = 0; looks < 4; looks++) {
      this.look();
      if (this.#isTouched) return;
    }
    const isDue = ({ isOpen, isSevered, mode, due }: Witness) =>
      isOpen && (isSevered || due !== 0 && (mode & (EPOLLET | EPOLLONESHOT)) === 0);
    if (this.#witnesses.some(isDue)) return;
    assert.ok(!reactor.dispatch(0), "the set reports what nobody waits for");
    this.rests++;
  }

  #begin(): void {
    this.#isLooking = true;
    this.#isTurbulent = false;
    this.#moves = 0;
    this.looks++;
    this.#witnesses = this.#witnesses.filter(({ isOpen }) => isOpen);
    for (const witness of this.#witnesses) {
      witness.owed &= witness.due;
      witness.told = witness.times = 0;
    }
  }

  #judge(): void {
    this.#isLooking = false;
    // Whoever left may have closed the last duplicate of something.
    if (this.#ask()) this.#isTurbulent = true;
    for (const witness of this.#witnesses) {
      this.tellings += witness.times;
      if (!this.#isTurbulent) this.#judgeOne(witness);
    }
    this.#isTouched = this.#isTurbulent || this.#moves > 0;
  }

  #judgeOne(witness: Witness): void {
    const { mode, isOpen, hasLeft, isSevered, isRaw, isLoaded, told, due, owed } = witness;
    // Of what nobody has a number of any more, poll(2) cannot be asked.
    const isKnown = witness.file.numbers.size > 0;
    if (isKnown) assert.equal(told & ~due, 0, `told what is not so: ${witness}`);
    if (isSevered) {
      const isNoticed = isRaw && mode === 0 && due !== 0;
      assert.ok(!isNoticed || !isOpen, `goes on with a number that was closed: ${witness}`);
      return;
    }
    assert.ok(isOpen || hasLeft, `ended for no reason: ${witness}`);
    if (mode & EPOLLET) {
      assert.ok(!isLoaded || owed === 0, `an edge was lost: ${witness}`);
      const isNew = this.#isTouched || this.#moves > 0;
      assert.ok(isNew || told === 0, `an edge came from nowhere: ${witness}`);
    } else if (mode & EPOLLONESHOT) {
      assert.ok(!isLoaded || due === 0, `a one-shot was lost: ${witness}`);
    } else {
      assert.equal(told, due, `was to be told something else: ${witness}`);
    }
  }

  #any<T>(list: readonly T[]): T | undefined {
    return list[this.#choose(Math.max(list.length, 1))];
  }

  #open(): void {
    if (this.#descriptors.length + 2 > DESCRIPTORS) return;
    const numbers = new Int32Array(2);
    const kind = this.#choose(3);
    if (kind === 0) numbers[0] = ok(libc.eventfd(this.#choose(2), O_NONBLOCK_CLOEXEC), "eventfd");
    else if (kind === 1) ok(libc.pipe2(numbers, O_NONBLOCK_CLOEXEC), "pipe2");
    else ok(libc.socketpair(AF_UNIX, SOCK_STREAM_NONBLOCK_CLOEXEC, 0, numbers), "socketpair");
    for (const number of kind === 0 ? [numbers[0]] : numbers) this.#place(number, new File());
  }

  /** A number stands for a file from now on, with an owner or without. */
  #place(number: number, file: File): void {
    const owner = this.#choose(3) > 0 ? new OwnedFd(number) : undefined;
    this.#descriptors.push({ number, owner, file });
    file.numbers.add(number);
    file.everAt.add(number);
  }

  #watch(): void {
    const descriptor = this.#any(this.#descriptors);
    if (descriptor === undefined || this.#witnesses.length === WAITS) return;
    const { owner, number } = descriptor;
    const mode = this.#any(MODES)!;
    const interest = mode === EPOLLEXCLUSIVE ? EPOLLIN : this.#any(INTERESTS)!;
    const witness = new Witness(descriptor, interest, mode, this.#any(this.#reactions)!);
    const fd = owner === undefined || this.#choose(8) === 0 ? number : owner;
    const isRefused = fd === number &&
      this.#witnesses.some((other) =>
        other.registration?.number === number && !other.isSevered &&
        (mode !== 0 || other.mode !== 0)
      );
    try {
      reactor.add(fd, witness, witness.mode);
    } catch (error) {
      const isExpected = isRefused && /in two modes/.test(String(error)) || this.#isScarcity(error);
      if (!isExpected) throw error;
      return;
    }
    assert.ok(!isRefused, `two modes by the number alone: ${witness}`);
    this.#witnesses.push(witness);
    witness.owed = witness.due;
  }

  #isScarcity(error: unknown): boolean {
    return this.#isScarce && /ENOMEM|EMFILE/.test(String(error));
  }

  #leave(witness: Witness | undefined): void {
    if (!witness?.isOpen) return;
    reactor.remove(witness);
    witness.isOpen = false;
    witness.hasLeft = true;
  }

  #modify(): void {
    const witness = this.#any(this.#witnesses);
    if (!witness?.isOpen || witness.isSevered || witness.mode & EPOLLEXCLUSIVE) return;
    try {
      reactor.modify(witness, this.#choose(3) === 0 ? 0 : this.#any(INTERESTS)!);
    } catch (error) {
      if (!this.#isScarcity(error)) throw error;
      return;
    }
    witness.isLoaded = true;
    witness.owed = witness.due;
  }

  #close(): void {
    const descriptor = this.#any(this.#descriptors);
    if (descriptor?.owner === undefined) return;
    const { owner } = descriptor;
    const theirs = this.#witnesses.filter(({ registration }) => registration?.owner === owner);
    owner.close();
    for (const witness of theirs) {
      assert.ok(!witness.isOpen, `waits for what its owner has closed: ${witness}`);
      witness.hasLeft = true;
    }
    this.#gone(descriptor);
  }

  #closeBehindBack(): void {
    const descriptor = this.#any(this.#descriptors);
    if (descriptor === undefined) return;
    libc.close(descriptor.number);
    if (descriptor.owner) this.#betrayed.push(descriptor.owner);
    this.#gone(descriptor);
  }

  #gone(descriptor: Descriptor): void {
    this.#descriptors.splice(this.#descriptors.indexOf(descriptor), 1);
    this.#sever(descriptor);
  }

  #sever({ number, file }: Descriptor): void {
    file.numbers.delete(number);
    if (file.numbers.size === 0) file.bits = 0;
    for (const witness of this.#witnesses) {
      if (witness.number === number) witness.isSevered = true;
    }
  }

  #duplicate(): void {
    const descriptor = this.#any(this.#descriptors);
    if (descriptor === undefined || this.#descriptors.length === DESCRIPTORS) return;
    const number = ok(libc.fcntl(descriptor.number, F_DUPFD_CLOEXEC, 0), "fcntl");
    if (descriptor.file.everAt.has(number)) libc.close(number);
    else this.#place(number, descriptor.file);
  }

  /** Has a number that nobody owns stand for another file. */
  #replace(): void {
    const from = this.#any(this.#descriptors);
    const to = this.#any(this.#descriptors);
    if (!from || !to || to.owner || from.file.everAt.has(to.number)) return;
    ok(libc.dup3(from.number, to.number, O_CLOEXEC), "dup3");
    this.#sever(to);
    to.file = from.file;
    to.file.numbers.add(to.number);
    to.file.everAt.add(to.number);
  }

  #write(): void {
    const descriptor = this.#any(this.#descriptors);
    if (descriptor === undefined) return;
    const length = this.#choose(4) === 0 ? bytes.length : 8;
    for (let left = length === 8 ? 1 : 8; left > 0; left--) {
      if (libc.write(descriptor.number, bytes, length) < 0) break;
    }
  }

  #drain(): void {
    const descriptor = this.#any(this.#descriptors);
    if (descriptor === undefined) return;
    while (libc.read(descriptor.number, read, read.length) > 0);
  }

  /** Asks the kernel what everything is ready for, and notes what has come: whether anything has. */
  #ask(): boolean {
    let hasChanged = false;
    let at = 0;
    for (const { number } of this.#descriptors) {
      pollfd.write(polledView, at, { fd: number, events: ANYTHING, revents: 0 });
      at += pollfd.size;
    }
    ok(libc.poll(polled, this.#descriptors.length, 0), "poll");
    at = 0;
    for (const { file } of this.#descriptors) {
      const bits = polledView.getUint16(at + pollfd.offsets.revents, true);
      at += pollfd.size;
      if (bits === file.bits) continue;
      hasChanged = true;
      const gained = bits & ~file.bits;
      file.bits = bits;
      for (const witness of this.#witnesses) {
        if (witness.file === file) witness.owed |= gained & witness.wanted;
      }
    }
    return hasChanged;
  }
}

const STEPS = 1_000_000;

/** Numbers that look random, the same each time. */
function chooser(seed: number): (n: number) => number {
  let state = seed;
  return (n) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor(state / 2 ** 32 * n);
  };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const seed = Number(process.argv[2] ?? 1);
  const world = new World(chooser(seed));
  for (let step = 0; step < STEPS; step++) world.step();
  const { looks, tellings, rests } = world;
  console.log(`${STEPS} steps: ${looks} looks, ${tellings} times told, ${rests} times at rest`);
  world.end();
}
