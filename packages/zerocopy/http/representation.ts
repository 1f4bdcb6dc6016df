import type { Stat } from "@posixly/fd";
import { contentType } from "./content_type.ts";

/** What of a file its reader is told. */
export interface Representation {
  /** How many bytes it has. */
  readonly size: number;
  /** When it last changed, in seconds since 1970, and never in the future. */
  readonly modified: number;
  /** Names this state of the file, quotes included; a weak one until the file is settled. */
  readonly etag: string;
  /** Whether it is some time since it changed: one that has just changed may do so again unseen. */
  readonly isSettled: boolean;
  /** Whether nobody has done anything to it for as long, not even to its dates. */
  readonly isUntouched?: boolean;
  /** What it is, a media type. */
  readonly type: string;
  /** What it is packed with. */
  readonly encoding?: string;
  /** Whether a client that takes other encodings gets another. */
  readonly varies?: boolean;
  /** The `Cache-Control` it goes with. */
  readonly cacheControl?: string;
}

/** How it is sent, beyond what the file itself says. */
export type Manner = Pick<Representation, "encoding" | "varies" | "cacheControl">;

/** How long a file must have been left alone to be settled, in ms: no clock of files is coarser. */
const REST = 2000;

/** What a reader is told of a file, by what it is, a name that says its type, and how it is sent. */
export function representationOf(
  { size, modified, changed }: Stat,
  name: string,
  manner: Manner,
): Representation {
  const now = Date.now();
  const seconds = Number(modified.seconds);
  const isPast = (time: Stat["modified"]) =>
    Number(time.seconds) * 1000 + time.nanoseconds / 1e6 < now - REST;
  const isSettled = isPast(modified);
  const state = [seconds, modified.nanoseconds, size].map((part) => part.toString(16)).join("-");
  const tag = manner.encoding === undefined ? `"${state}"` : `"${state}-${manner.encoding}"`;
  return {
    size: Number(size),
    // Neither a date to come nor one before all dates makes sense to a cache.
    modified: Math.max(0, Math.min(seconds, Math.floor(now / 1000))),
    etag: isSettled ? tag : `W/${tag}`,
    isSettled,
    isUntouched: isPast(changed),
    type: contentType(name),
    ...manner,
  };
}
