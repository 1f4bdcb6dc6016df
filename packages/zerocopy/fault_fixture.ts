// What the tests have in common in which the kernel refuses what is asked of it.
import assert from "node:assert/strict";
import { memfd, type OwnedFd, pwrite } from "@posixly/fd";
import { testNeeding, withFaults, withoutLeaks } from "@posixly/testing";
import { pages } from "@posixly/zerocopy";

/** How many bytes are moved. */
export const LENGTH = 700_000;
/** The bytes. */
export const bytes: Uint8Array<ArrayBuffer> = pages(LENGTH);
for (let i = 0; i < LENGTH; i++) bytes[i] = (i * 7) % 251;

/** A file that has them, or others. */
export function fileOf(content: Uint8Array): OwnedFd {
  const file = memfd("source");
  pwrite(file, content, 0);
  return file;
}

/** What somebody who failed says. */
export function codeOf(error: unknown): string {
  return (error as { code?: string }).code ?? String(error);
}

/** How it ended: the way that the bytes went, or why they did not. */
export type Outcome = string;

/** Something that moves bytes, and checks what has arrived. */
export type Transfer = () => Promise<Outcome>;

/** Checks that a transfer ends so, whichever calls fail. */
export function fails(
  name: string,
  transfer: Transfer,
  cases: readonly [faults: string, outcome: Outcome][],
): void {
  for (const [faults, outcome] of cases) {
    testNeeding("strace", `${name} with ${faults}: ${outcome}`, () =>
      withoutLeaks(async () => {
        assert.equal(await withFaults(faults.split(" "), transfer), outcome);
      }));
  }
}
