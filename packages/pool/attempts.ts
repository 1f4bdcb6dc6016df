import type { Alarm } from "./alarm.ts";
import type { Clock } from "./clock.ts";

/** What becomes of a call that a user's function answers later. */
export interface Outcome<Subject, Result> {
  done(subject: Subject, result: Result): void;
  failed(subject: Subject, error: unknown): void;
  /** It took too long, or was given up. What it brings or throws later goes to the next two. */
  givenUp(subject: Subject): void;
  lateResult?(result: Result): void;
  lateError(error: unknown): void;
}

class Attempt<Subject> {
  readonly subject: Subject;
  readonly deadline: number;

  constructor(subject: Subject, deadline: number) {
    this.subject = subject;
    this.deadline = deadline;
  }
}

/** Calls that are under way. Each has one outcome: an answer, an error, or it is given up. */
export class Attempts<Subject, Result> {
  readonly #pending = new Set<Attempt<Subject>>();
  readonly #timeout: number;
  readonly #clock: Clock;
  readonly #alarm: Alarm;
  readonly #outcome: Outcome<Subject, Result>;

  constructor(timeout: number, clock: Clock, alarm: Alarm, outcome: Outcome<Subject, Result>) {
    this.#timeout = timeout;
    this.#clock = clock;
    this.#alarm = alarm;
    this.#outcome = outcome;
  }

  get size(): number {
    return this.#pending.size;
  }

  /** Waits for the answer to a call. */
  follow(subject: Subject, answer: PromiseLike<Result>): void {
    const attempt = new Attempt(subject, this.#clock.now() + this.#timeout);
    this.#pending.add(attempt);
    this.#alarm.setFor(attempt.deadline);
    // A promise of its own, since nobody knows how often a foreign one calls back.
    Promise.resolve(answer).then(
      (result) => {
        if (this.#pending.delete(attempt)) this.#outcome.done(subject, result);
        else this.#outcome.lateResult?.(result);
      },
      (error) => {
        if (this.#pending.delete(attempt)) this.#outcome.failed(subject, error);
        else this.#outcome.lateError(error);
      },
    );
  }

  /** Gives up what took too long, and tells when to look again. */
  sweep(now: number): number {
    let next = Infinity;
    for (const attempt of [...this.#pending]) {
      if (attempt.deadline > now) next = Math.min(next, attempt.deadline);
      else if (this.#pending.delete(attempt)) this.#outcome.givenUp(attempt.subject);
    }
    return next;
  }

  /** Gives up all. */
  giveUp(): void {
    for (const attempt of [...this.#pending]) {
      if (this.#pending.delete(attempt)) this.#outcome.givenUp(attempt.subject);
    }
  }
}

/** Whether the answer comes later. */
export function isPromise<Result>(
  answer: Result | PromiseLike<Result>,
): answer is PromiseLike<Result> {
  return typeof (answer as PromiseLike<Result> | undefined)?.then === "function";
}
