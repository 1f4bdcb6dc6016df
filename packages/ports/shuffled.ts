import type { PortRange } from "@posixly/socket";
import { secretRandom } from "./random.ts";

/** Each port of a range once, in any order. */
export function* shuffled({ first, last }: PortRange): Generator<number> {
  const moved = new Map<number, number>();
  for (let left = last - first + 1; left > 0; left--) {
    const i = secretRandom(left);
    yield first + (moved.get(i) ?? i);
    moved.set(i, moved.get(left - 1) ?? left - 1);
  }
}
