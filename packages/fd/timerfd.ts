import { bitsOf, errno, ok, oneOf, type SyscallError } from "@posixly/sys";
import { readCount } from "./count.ts";
import {
  CLOCK_BOOTTIME,
  CLOCK_BOOTTIME_ALARM,
  CLOCK_MONOTONIC,
  CLOCK_REALTIME,
  CLOCK_REALTIME_ALARM,
  itimerspec,
  libc,
  TFD_CLOEXEC,
  TFD_NONBLOCK,
  TFD_TIMER_ABSTIME,
  TFD_TIMER_CANCEL_ON_SET,
} from "./libc.ts";
import { OwnedFd } from "./owned_fd.ts";
import { type ExactTime, type Time, type Timespec, toTimespec } from "./time.ts";

const clocks: Record<Clock, number> = {
  monotonic: CLOCK_MONOTONIC,
  realtime: CLOCK_REALTIME,
  boottime: CLOCK_BOOTTIME,
  realtimeAlarm: CLOCK_REALTIME_ALARM,
  boottimeAlarm: CLOCK_BOOTTIME_ALARM,
};

const times = ["after", "at", "every"];

/** What zero means to the kernel. */
const NEVER: Timespec = { tv_sec: 0, tv_nsec: 0 };

function isZero({ tv_sec, tv_nsec }: Timespec): boolean {
  return Number(tv_sec) === 0 && tv_nsec === 0;
}

/** What zero means to us: at once. */
function notZero(time: Timespec): Timespec {
  return isZero(time) ? { tv_sec: 0, tv_nsec: 1 } : time;
}

/**
 * What a timer goes by, clock_gettime(2).
 *
 * - `monotonic`: never jumps, stands still while the machine sleeps
 * - `boottime`: never jumps, goes on while the machine sleeps
 * - `realtime`: what `Date.now()` reads; jumps when somebody sets it
 * - `realtimeAlarm`, `boottimeAlarm`: wake the machine as well; need `CAP_WAKE_ALARM`
 *
 * @example Usage
 * ```ts
 * import { type Clock, timerfd } from "@posixly/fd";
 *
 * const clock: Clock = "realtime";
 * using timer = timerfd(clock);
 * timer.set({ at: Date.now() + 60_000 });
 * ```
 */
export type Clock = "monotonic" | "realtime" | "boottime" | "realtimeAlarm" | "boottimeAlarm";

/**
 * When a timer expires, see {@linkcode TimerFd.set}. Give `after` or `at`, not both.
 *
 * @example Usage
 * ```ts
 * import { timerfd, type TimerSetting } from "@posixly/fd";
 *
 * const setting: TimerSetting = { after: 10, every: 0.5 };
 * using timer = timerfd();
 * timer.set(setting);
 * ```
 */
export interface TimerSetting {
  /** How long from now, in milliseconds or exactly; 0 is at once. By default `every`. */
  readonly after?: Time;
  /** When on the timer's clock, in milliseconds or exactly; what is past is at once. */
  readonly at?: Time;
  /** How long from one expiration to the next; by default there is only one. */
  readonly every?: Time;
  /**
   * Whether to be told when somebody sets the clock, see {@linkcode TimerFd.expirations}.
   * Only for `at` on a realtime clock.
   */
  readonly cancelOnSet?: boolean;
}

/**
 * A timer as a descriptor, timerfd_create(2), readable once it has expired. Exact to
 * some microseconds, where `setTimeout` knows whole milliseconds.
 *
 * @param clock What it goes by
 * @returns The timer, not yet set
 * @throws {SyscallError} `EPERM` for an alarm without `CAP_WAKE_ALARM`, `EMFILE` or
 * `ENFILE` if too many descriptors are open
 * @throws {TypeError} If there is no such clock
 *
 * @example Usage
 * ```ts
 * import { timerfd } from "@posixly/fd";
 * import { watch } from "@posixly/sys";
 * import assert from "node:assert/strict";
 *
 * using timer = timerfd();
 * timer.set({ after: 0.2, every: 0.1 }); // milliseconds
 * await new Promise<void>((resolve) => {
 *   const watching = watch(timer.fd, () => {
 *     watching.close();
 *     resolve();
 *   });
 * });
 * assert.ok(timer.expirations()! >= 1);
 * ```
 */
export function timerfd(clock: Clock = "monotonic"): TimerFd {
  const fd = libc.timerfd_create(oneOf(clocks, clock, "clock"), TFD_CLOEXEC | TFD_NONBLOCK);
  return new TimerFd(ok(fd, "timerfd_create"), clock);
}

/**
 * The timer that {@linkcode timerfd} makes; or take one over that came from elsewhere.
 *
 * @example Usage
 * ```ts
 * import { TimerFd, timerfd } from "@posixly/fd";
 * import assert from "node:assert/strict";
 *
 * using timer = new TimerFd(timerfd("boottime").release(), "boottime");
 * assert.equal(timer.left(), null);
 * ```
 */
export class TimerFd extends OwnedFd {
  /** What it goes by. */
  readonly clock: Clock;

  /**
   * Takes over a timer that nobody else will close.
   *
   * @param fd The number
   * @param clock What it goes by
   */
  constructor(fd: number, clock: Clock) {
    oneOf(clocks, clock, "clock");
    super(fd);
    this.clock = clock;
  }

  /**
   * Sets the timer anew, timerfd_settime(2). What had expired and was not read is forgotten.
   *
   * @param setting When it expires; the fraction of a nanosecond is rounded
   * @throws {TypeError | RangeError} If the setting is not one
   */
  set(setting: TimerSetting): void {
    const { after, at, every, ...named } = setting;
    const cancel = bitsOf({ cancelOnSet: TFD_TIMER_CANCEL_ON_SET }, named, times);
    if (after !== undefined && at !== undefined) {
      throw new TypeError("a timer is set either after a time or at one, not both");
    }
    if (cancel && (at === undefined || !this.clock.startsWith("realtime"))) {
      throw new TypeError("cancelOnSet is only for a time at which a realtime clock arrives");
    }
    const interval = every === undefined ? NEVER : toTimespec(every, "every");
    if (every !== undefined && isZero(interval)) throw new RangeError("every must be more than 0");
    if (at !== undefined) {
      this.#set(TFD_TIMER_ABSTIME | cancel, notZero(toTimespec(at, "at")), interval);
    } else if (after !== undefined) {
      this.#set(0, notZero(toTimespec(after, "after")), interval);
    } else if (every !== undefined) {
      this.#set(0, interval, interval);
    } else {
      throw new TypeError("a timer needs a time: after, at or every");
    }
  }

  /** Stops the timer. What had expired and was not read is forgotten. */
  stop(): void {
    this.#set(0, NEVER, NEVER);
  }

  #set(flags: number, it_value: Timespec, it_interval: Timespec): void {
    const { fd } = this;
    const setting = itimerspec.encode({ it_value, it_interval });
    const result = libc.timerfd_settime(fd, flags, setting, null);
    // Set all the same; the kernel mentions that the clock was set since the last read.
    if (result !== -errno.ECANCELED) ok(result, "timerfd_settime", { fd });
  }

  /**
   * How long until it expires, timerfd_gettime(2).
   *
   * @returns The time left, or `null` if it is not set or has expired for good
   */
  left(): ExactTime | null {
    const { fd } = this;
    const setting = new Uint8Array(itimerspec.size);
    ok(libc.timerfd_gettime(fd, setting), "timerfd_gettime", { fd });
    const { tv_sec: seconds, tv_nsec } = itimerspec.decode(setting).it_value;
    const nanoseconds = Number(tv_nsec);
    return seconds === 0 && nanoseconds === 0 ? null : { seconds, nanoseconds };
  }

  /**
   * How many times it has expired since this was asked, or since it was set.
   *
   * @returns How many times; `null` if it would block because it has not; 0 if somebody has set
   * the clock and `cancelOnSet` asked for that to be told
   */
  expirations(): number | bigint | null {
    try {
      return readCount(this);
    } catch (error) {
      if ((error as SyscallError).code === "ECANCELED") return 0;
      throw error;
    }
  }
}
