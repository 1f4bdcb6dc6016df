import { Chain, type Link } from "./chain.ts";

/**
 * A chain whose newest item stands apart until another one comes: mostly it is the next to leave,
 * and then nothing had to be tied or untied.
 */
export class Pile<Item extends Link<Item>> {
  readonly #others = new Chain<Item>();
  #newest: Item | null = null;

  get size(): number {
    return this.#newest === null ? this.#others.size : this.#others.size + 1;
  }

  get first(): Item | null {
    return this.#others.first ?? this.#newest;
  }

  get last(): Item | null {
    return this.#newest ?? this.#others.last;
  }

  push(item: Item): void {
    if (this.#newest !== null) this.#others.push(this.#newest);
    this.#newest = item;
    item.isLinked = true;
  }

  /** Takes the newest away, if there is one. */
  pop(): Item | null {
    const item = this.#newest;
    if (item === null) return this.#popOther();
    this.#newest = null;
    item.isLinked = false;
    return item;
  }

  #popOther(): Item | null {
    const item = this.#others.last;
    if (item !== null) this.#others.remove(item);
    return item;
  }

  remove(item: Item): void {
    if (item === this.#newest) this.pop();
    else this.#others.remove(item);
  }

  /** The first of them that is so. */
  find(isSo: (item: Item) => boolean): Item | null {
    for (let item = this.#others.first; item !== null; item = item.after) {
      if (isSo(item)) return item;
    }
    return this.#newest !== null && isSo(this.#newest) ? this.#newest : null;
  }

  /** All of them as they stand now, so that they may leave while one looks at them. */
  toArray(): Item[] {
    const items = this.#others.toArray();
    if (this.#newest !== null) items.push(this.#newest);
    return items;
  }
}
