import assert from "node:assert/strict";
import fc from "fast-check";
import { test } from "uvu";
import {
  assemble,
  decodeFilter,
  disassemble,
  encodeFilter,
  FilterError,
  filterFunction,
  formatDecimal,
  operationsOf,
  parseDecimal,
  runFilter,
} from "@posixly/raw/bpf";
import { anyProgram, validProgram } from "./program_fixture.ts";

test("a program goes through bytes and through decimal text", () => {
  fc.assert(fc.property(anyProgram, (program) => {
    assert.deepEqual(decodeFilter(encodeFilter(program)), program);
    assert.deepEqual(parseDecimal(formatDecimal(program)), program);
    assert.deepEqual(parseDecimal(formatDecimal(program).replaceAll("\n", ",") + ","), program);
  }));
});

test("bytes and decimal text that are no program are refused", () => {
  assert.throws(() => decodeFilter(new Uint8Array(9)), {
    name: "FilterError",
    message: "an instruction has 8 bytes, and 1 are left over",
  });
  assert.throws(() => decodeFilter([] as never), TypeError);
  assert.throws(() => encodeFilter([{ code: 1, jt: 0, jf: 0, k: -1 }]), FilterError);
  assert.throws(() => parseDecimal(7 as never), TypeError);
  for (
    const text of ["", "1", "2\n6 0 0 0", "1\n6 0 0", "1\n6 0 0 -1", "1\n6 256 0 0", "x\n", "1e0"]
  ) {
    assert.throws(() => parseDecimal(text), FilterError, text);
  }
  assert.deepEqual(parseDecimal("0\n"), []);
});

test("what is no instruction is refused everywhere", () => {
  const wrong = [undefined, null, 7, {}, { code: 6, jt: 0, jf: 0 }, {
    code: 6,
    jt: 0,
    jf: 0,
    k: "0",
  }];
  const takers = [encodeFilter, disassemble, operationsOf, formatDecimal, filterFunction];
  for (const take of takers) {
    for (const step of wrong) {
      assert.throws(() => take([step as never]), { name: "FilterError", instruction: 0 });
    }
    assert.throws(() => take(Array(1)), { name: "FilterError" }); // a hole
    assert.throws(() => take("ret" as never), { name: "TypeError" });
  }
});

test("a long text that is no program is refused at once", () => {
  const spaces = " ".repeat(200_000);
  for (const text of [`1${spaces}x`, `1\n6 0 0 1${spaces}x`, `${spaces},${spaces}`]) {
    assert.throws(() => parseDecimal(text), { name: "FilterError", code: "ERR_FILTER" });
  }
});

/** Nothing but the error that is documented; and it ends. */
function survives(run: () => unknown): void {
  try {
    run();
  } catch (error) {
    if (!(error instanceof FilterError)) throw error;
  }
}

test("bytes that are changed anywhere do no harm", () => {
  const packet = Uint8Array.from({ length: 60 }, (_, i) => i * 7);
  const changes = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 4 });
  fc.assert(
    fc.property(validProgram, changes, (valid, changes) => {
      const bytes = encodeFilter(valid);
      for (const [at, value] of changes) bytes[at % bytes.length] = value;
      const program = decodeFilter(bytes);
      survives(() => runFilter(program, packet, { network: 14, link: 0 }));
      survives(() => operationsOf(program));
      survives(() => assemble(disassemble(program)));
      assert.deepEqual(parseDecimal(formatDecimal(program)), program);
    }),
    { numRuns: 3000 },
  );
});

test.run();
