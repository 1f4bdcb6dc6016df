/** How many resources several pools may have together. */
export interface Budget {
  /** Whether there may be one more, and now there is; otherwise the pool is told when to ask again. */
  take(): boolean;
  /** There is one less. */
  give(): void;
  /** One has come to rest that others might rather have. */
  rested(): void;
}
