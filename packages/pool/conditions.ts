/** What somebody waits for to be so. */
export class Conditions {
  size = 0;
  readonly #looks = new Set<() => void>();

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
        this.size--;
      };
      this.#looks.add(look);
      this.size++;
    });
  }

  /** Looks at all of them, since something has changed. */
  look(): void {
    for (const look of this.#looks) look();
  }
}
