import assert from "node:assert/strict";
import { memfd, write } from "@posixly/fd";
import { pipe } from "@posixly/pipe";
import { interrupted, withoutLeaks } from "@posixly/testing";
import { copyFileRange, pages, sendfile, splice, tee, vmsplice } from "@posixly/zerocopy";
import { test } from "uvu";
import { libc } from "./libc.ts";

function withFile(step: (file: ReturnType<typeof memfd>, ends: ReturnType<typeof pipe>) => void) {
  return () => {
    using file = memfd("example");
    using ends = pipe();
    write(file, new Uint8Array(3));
    step(file, ends);
  };
}

/** What uses the function that the C side calls so. */
const steps: [keyof typeof libc, () => void][] = [
  [
    "sendfile",
    withFile((file, ends) => {
      assert.equal(sendfile(ends.writer, file, 9, { offset: 1 }), 2);
    }),
  ],
  [
    "splice",
    withFile((file, ends) => {
      assert.equal(splice(file, ends.writer, 9, { fromOffset: 1 }), 2);
    }),
  ],
  [
    "tee",
    withFile((_, ends) => {
      using copy = pipe();
      write(ends.writer, new Uint8Array(3));
      assert.equal(tee(ends.reader, copy.writer, 9), 3);
    }),
  ],
  [
    "vmsplice",
    withFile((_, ends) => {
      assert.equal(vmsplice(ends.writer, [pages(3)]), 3);
    }),
  ],
  [
    "copy_file_range",
    withFile((file) => {
      using copy = memfd("copy");
      assert.equal(copyFileRange(file, copy, 9, { fromOffset: 1 }), 2);
    }),
  ],
];

for (const [name, step] of steps) {
  test(`${name} begins again when a signal interrupts it, as often as that happens`, () =>
    withoutLeaks(() => interrupted(libc, name, step)));
}

test.run();
