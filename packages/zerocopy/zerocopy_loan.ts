import type { Bytes } from "@posixly/sys";
import type { ZerocopySent } from "./zerocopy_options.ts";

/** What is sent, and as much of it as was lent: held until the kernel is done with all of that. */
export class ZerocopyLoan {
  readonly bytes: Bytes;
  #lent = 0;
  #sent = 0;
  #wasCopied = false;
  /** How many calls the kernel is not done with. */
  #calls = 0;
  #failure: { readonly reason: unknown } | undefined;
  #resolve: (() => void) | undefined;
  #reject: ((reason: unknown) => void) | undefined;

  constructor(bytes: Bytes) {
    this.bytes = bytes;
  }

  /** How it went. */
  get outcome(): ZerocopySent {
    const [lent, sent] = [this.#lent, this.#sent];
    const path = lent === 0 ? "send" : sent === 0 ? "zerocopy" : "both";
    return { bytes: this.taken, copied: sent > 0 || this.#wasCopied, path };
  }

  /** How many bytes the kernel has taken so far. */
  get taken(): number {
    return this.#lent + this.#sent;
  }

  /** A call has lent some bytes. */
  lent(bytes: number): void {
    this.#lent += bytes;
    this.#calls++;
  }

  /** A call has sent some bytes as ever. */
  sent(bytes: number): void {
    this.#sent += bytes;
  }

  /** The kernel is done with what a call has lent, and has copied it or not. */
  returned(isCopied: boolean): void {
    this.#wasCopied ||= isCopied;
    if (--this.#calls === 0) this.#resolve?.();
  }

  /** Nobody tells when the kernel is done, for this reason. */
  lost(reason: unknown): void {
    this.#failure = { reason };
    this.#reject?.(reason);
  }

  /** Whether the kernel is done with all of it. */
  get isReturned(): boolean {
    return this.#calls === 0;
  }

  /** Waits until the kernel is done with all of it. */
  whenReturned(): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#calls === 0) resolve();
      else if (this.#failure !== undefined) reject(this.#failure.reason);
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }
}
