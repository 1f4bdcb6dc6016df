// Tests without descriptors.
import assert from "node:assert/strict";
import * as fs from "node:fs";
import { limit, setLimit } from "@posixly/fd";
import { openDescriptors } from "@posixly/testing";

/** Runs something with so many descriptors left. */
export function withSpareDescriptors<T>(spare: number, run: () => T): T {
  const before = limit("openFiles");
  const taken: number[] = [];
  setLimit("openFiles", { soft: Math.max(...openDescriptors().map(({ fd }) => fd)) + 8 });
  try {
    try {
      for (;;) taken.push(fs.openSync("/dev/null", "r"));
    } catch (error) {
      assert.equal((error as { code: string }).code, "EMFILE");
    }
    for (const fd of taken.splice(taken.length - spare)) fs.closeSync(fd);
    return run();
  } finally {
    setLimit("openFiles", before);
    for (const fd of taken) fs.closeSync(fd);
  }
}
