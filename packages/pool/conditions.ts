/** What somebody waits for to be so. */
export class Conditions {
  readonly #looks = new Set<() => void>();

  get size(): number {
    return this.#looks.size;
  }

  /** Resolves as soon as it is so, or rejects with what it throws. */
  until(isSo: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const look = () => {
        try {
          if (!isSo()) return;
          resolve();
        } catch (error) {
          reject(error);
        }
        this.#looks.delete(look);
      };
      this.#looks.add(look);
    });
  }

  /** Looks at all of them, since something has changed. */
  look(): void {
    for (const look of this.#looks) look();
  }
}
