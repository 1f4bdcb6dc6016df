/** What can stand in a chain, in one at a time. */
export interface Link<Item> {
  before: Item | null;
  after: Item | null;
  isLinked: boolean;
}

/**
 * Items in a row, each of which can leave from wherever it stands, at the same low price. The newest
 * is tied to the others only when another comes: mostly it is the next to leave.
 */
export class Chain<Item extends Link<Item>> {
  size = 0;
  #newest: Item | null = null;
  /** The ends of those that are tied together. */
  #head: Item | null = null;
  #tail: Item | null = null;

  get first(): Item | null {
    return this.#head ?? this.#newest;
  }

  get last(): Item | null {
    return this.#newest ?? this.#tail;
  }

  push(item: Item): void {
    if (this.#newest !== null) this.#tie(this.#newest);
    this.#newest = item;
    item.isLinked = true;
    this.size++;
  }

  /** Takes the newest away, if there is one. */
  pop(): Item | null {
    const item = this.#newest;
    if (item === null) return this.#popTied();
    this.#newest = null;
    item.isLinked = false;
    this.size--;
    return item;
  }

  #popTied(): Item | null {
    const item = this.#tail;
    if (item !== null) this.remove(item);
    return item;
  }

  #tie(item: Item): void {
    const tail = this.#tail;
    if (tail === null) this.#head = item;
    else {
      tail.after = item;
      item.before = tail;
    }
    this.#tail = item;
  }

  remove(item: Item): void {
    if (item === this.#newest) this.#newest = null;
    else this.#untie(item);
    item.isLinked = false;
    this.size--;
  }

  #untie(item: Item): void {
    const { before, after } = item;
    if (before === null) this.#head = after;
    else before.after = after;
    if (after === null) this.#tail = before;
    else after.before = before;
    item.before = item.after = null;
  }

  /** The first of them that is so. */
  find(isSo: (item: Item) => boolean): Item | null {
    for (let item = this.#head; item !== null; item = item.after) if (isSo(item)) return item;
    return this.#newest !== null && isSo(this.#newest) ? this.#newest : null;
  }

  /** All of them as they stand now, so that they may leave while one looks at them. */
  toArray(): Item[] {
    const items: Item[] = [];
    for (let item = this.#head; item !== null; item = item.after) items.push(item);
    if (this.#newest !== null) items.push(this.#newest);
    return items;
  }
}
