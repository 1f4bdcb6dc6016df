import assert from "node:assert/strict";
import fc from "fast-check";
import { test } from "uvu";
import {
  assemble,
  FilterError,
  type Instruction,
  type Program,
  runFilter,
  validateFilter,
} from "@posixly/raw/bpf";
import { validProgram } from "./program_fixture.ts";

const step = (code: number, k = 0, jt = 0, jf = 0): Instruction => ({ code, jt, jf, k });
const ret = step(0x06);

test("what is wrong is said, and with which instruction", () => {
  const wrong: [program: Program, message: string][] = [
    [[], "a program has 1 to 4096 instructions, not 0"],
    [Array(4097).fill(ret), "a program has 1 to 4096 instructions, not 4097"],
    [[ret, step(0x0e), ret], "instruction 1: there is no code 0xe"],
    [[step(0x106), ret], "instruction 0: there is no code 0x106"],
    [[step(0x34, 0), ret], "instruction 0: it divides by 0"],
    [[step(0x94, 0), ret], "instruction 0: it divides by 0"],
    [[step(0x64, 32), ret], "instruction 0: it shifts by 32, and there are 32 bits"],
    [[step(0x02, 16), ret], "instruction 0: there is no M[16]"],
    [[step(0x61, 3), ret], "instruction 0: M[3] is read before it was written"],
    [[step(0x05, 1), ret], "instruction 0: it jumps 1 past the end"],
    [[step(0x05, 0xffff_ffff), ret], "instruction 0: it jumps back"],
    [[step(0x15, 0, 0, 2), ret], "instruction 0: it jumps 2 past the end"],
    [[step(0x20, 0xffff_f001), ret], "instruction 0: there is nothing to load at -4095"],
    [[ret, step(0x07)], "instruction 1: the last one must be a ret"],
    [[step(-1), ret], "instruction 0: code must be a whole number from 0 to 65535, not -1"],
    [[step(0x15, 0, 256), ret], "instruction 0: jt must be a whole number from 0 to 255, not 256"],
    [[step(0, 1.5), ret], "instruction 0: k must be a whole number from 0 to 4294967295, not 1.5"],
    [[undefined!, ret], "instruction 0: an instruction is an object, not undefined"],
  ];
  for (const [program, message] of wrong) {
    assert.throws(() => validateFilter(program), { name: "FilterError", message });
  }
  assert.throws(() => validateFilter("ret" as never), { name: "TypeError" });
  assert.throws(() => validateFilter([[ret]].flat(2).with(0, 7 as never)), FilterError);
});

test("a program of 4096 instructions is good, and jumps over all of them", () => {
  validateFilter([step(0x05, 4094), ...Array(4095).fill(ret)]);
});

test("memory is to be written on every way", () => {
  const oneWay = assemble("jeq #0, write, read\nwrite: st M[0]\nread: ld M[0]\nret a");
  assert.throws(() => validateFilter(oneWay), { message: /^instruction 2: M\[0\] is read before/ });
  const bothWays = assemble(`
    jeq #0, one, two
    one: st M[0]
    ja both
    two: stx M[0]
    both: ldx M[0]
    ret a
  `);
  validateFilter(bothWays);
});

test("as in the kernel, a ret is believed to lead on", () => {
  const good = assemble("st M[1]\njeq #0, out, load\nout: ret a\nload: ld M[1]\nret a");
  validateFilter(good);
  const unreached = assemble("ret a\nld M[1]\nret a");
  assert.throws(() => validateFilter(unreached), { message: /^instruction 1: M\[1\]/ });
});

test("programs that are valid as they were made are found to be", () => {
  fc.assert(fc.property(validProgram, (program) => {
    validateFilter(program);
    runFilter(program, new Uint8Array(40));
  }));
});

test.run();
