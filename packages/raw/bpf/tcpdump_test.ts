import assert from "node:assert/strict";
import { testNeeding } from "@posixly/testing";
import { test } from "uvu";
import {
  assemble,
  decodeFilter,
  disassemble,
  encodeFilter,
  formatDecimal,
  operationsOf,
  parseDecimal,
  validateFilter,
} from "@posixly/raw/bpf";
import { expressions, tcpdump } from "./expressions_fixture.ts";
import { meant } from "./program_fixture.ts";

testNeeding("tcpdump", "programs look as tcpdump prints them, in both ways, and are valid", () => {
  for (const [type, expression] of expressions) {
    for (const flags of [[], ["-O"]]) {
      const decimal = tcpdump(type, expression, ...flags, "-ddd");
      const text = tcpdump(type, expression, ...flags, "-d");
      const program = parseDecimal(decimal);
      validateFilter(program);
      assert.equal(formatDecimal(program), decimal);
      assert.equal(disassemble(program), text, expression);
      assert.deepEqual(assemble(text), meant(program), expression);
      assert.deepEqual(assemble(operationsOf(program)), meant(program), expression);
      assert.deepEqual(decodeFilter(encodeFilter(program)), program);
    }
  }
});

test.run();
