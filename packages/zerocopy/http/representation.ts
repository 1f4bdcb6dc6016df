/** What of a file its reader is told, see {@linkcode answerTo}. */
export interface Representation {
  /** How many bytes it has. */
  readonly size: number;
  /** When it last changed, in seconds since 1970; not later than when it was looked at. */
  readonly modified: number;
  /** Names this state of the file, quotes included. */
  readonly etag: string;
  /** Whether the file rests: one that has just changed may change again and keep its time. */
  readonly isSettled: boolean;
  /** What it is: a media type. */
  readonly type: string;
  /** What it is packed by. */
  readonly encoding?: string;
  /** Whether it is another for a client that takes other encodings. */
  readonly varies?: boolean;
  readonly cacheControl?: string;
}
