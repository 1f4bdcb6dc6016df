import { Agenda } from "./agenda.ts";
import type { Variants } from "./variants.ts";

/** For how long a file stays open that nobody asks for, in milliseconds at most. */
const TIME = 1000;

/**
 * Files that stay open for a moment after they were asked for, since opening one takes longer than
 * asking whether it is still the same. Every second all are forgotten: what was deleted is gone
 * then, and whatever is in the folder by now is seen.
 */
export class HeldFiles {
  readonly #most: number;
  readonly #files = new Map<string, Variants>();
  #count = 0;
  #agenda: Agenda | undefined;

  constructor(most: number) {
    this.#most = most;
  }

  /** What a way led to, if it still does. */
  get(way: string, look?: number): Variants | undefined {
    const files = this.#files.get(way);
    if (files === undefined || files.isCurrent(look)) return files;
    this.#drop(way, files);
  }

  /** Holds what a way leads to; if there are too many files, not the oldest any longer. */
  add(way: string, files: Variants): void {
    if (this.#files.size === 0 && !this.#isToForget()) return files.retire();
    this.#files.set(way, files);
    this.#count += files.count;
    for (const [oldestWay, oldest] of this.#files) {
      if (this.#count <= this.#most) return;
      this.#drop(oldestWay, oldest);
    }
  }

  /** Lets all go that nobody sends. */
  readonly forget = (): void => {
    for (const files of this.#files.values()) files.retire();
    this.#files.clear();
    this.#count = 0;
  };

  close(): void {
    this.forget();
    this.#agenda?.close();
  }

  #drop(way: string, files: Variants): void {
    this.#files.delete(way);
    this.#count -= files.count;
    files.retire();
  }

  /** Sees to it that all are forgotten in a second; not where there are no descriptors left. */
  #isToForget(): boolean {
    try {
      this.#agenda ??= new Agenda();
    } catch {
      return false;
    }
    this.#agenda.refer(false);
    this.#agenda.after(TIME, this.forget);
    return true;
  }
}
