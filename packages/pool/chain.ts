/** What can stand in a chain, in one at a time. */
export interface Link<Item> {
  before: Item | null;
  after: Item | null;
  isLinked: boolean;
}

/** Items in a row, each of which can leave from wherever it stands, at the same low price. */
export class Chain<Item extends Link<Item>> {
  first: Item | null = null;
  last: Item | null = null;
  size = 0;

  push(item: Item): void {
    const { last } = this;
    if (last === null) this.first = item;
    else {
      last.after = item;
      item.before = last;
    }
    this.last = item;
    item.isLinked = true;
    this.size++;
  }

  remove(item: Item): void {
    const { before, after } = item;
    if (before === null) this.first = after;
    else before.after = after;
    if (after === null) this.last = before;
    else after.before = before;
    item.before = item.after = null;
    item.isLinked = false;
    this.size--;
  }

  /** All of them as they stand now, so that they may leave while one looks at them. */
  toArray(): Item[] {
    const items: Item[] = [];
    for (let item = this.first; item !== null; item = item.after) items.push(item);
    return items;
  }
}
