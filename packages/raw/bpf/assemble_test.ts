import assert from "node:assert/strict";
import fc from "fast-check";
import { test } from "uvu";
import { assemble, disassemble, FilterError, type Operation, operationsOf } from "@posixly/raw/bpf";
import { meant, validProgram } from "./program_fixture.ts";

/** An instruction as `code jt jf k`. */
const numbers = (text: string | Operation[]) =>
  assemble(text).map(({ code, jt, jf, k }) => [code, jt, jf, k]);

test("every way to write an instruction gives its code", () => {
  const written: [text: string, code: number, k: number][] = [
    ["ld [12]", 0x20, 12],
    ["ldh [12]", 0x28, 12],
    ["ldb [ 12 ]", 0x30, 12],
    ["ld [x + 4]", 0x40, 4],
    ["ldh [x+4]", 0x48, 4],
    ["ldb [%x + 4]", 0x50, 4],
    ["ldb [x + -4]", 0x50, 0xffff_fffc],
    ["ld #5", 0x00, 5],
    ["ldi 5", 0x00, 5],
    ["ldi #5", 0x00, 5],
    ["ldxi 5", 0x01, 5],
    ["ldx #0x10", 0x01, 16],
    ["ld M[15]", 0x60, 15],
    ["ldx M[0]", 0x61, 0],
    ["ld len", 0x80, 0],
    ["ld #len", 0x80, 0],
    ["ld #pktlen", 0x80, 0],
    ["ldx len", 0x81, 0],
    ["ldxb 4*([14]&0xf)", 0xb1, 14],
    ["ldx 4 * ( [14] & 0xf )", 0xb1, 14],
    ["st M[3]", 0x02, 3],
    ["stx M[3]", 0x03, 3],
    ["add #1", 0x04, 1],
    ["add x", 0x0c, 0],
    ["sub #1", 0x14, 1],
    ["mul %x", 0x2c, 0],
    ["div #2", 0x34, 2],
    ["mod x", 0x9c, 0],
    ["and #0b1010", 0x54, 10],
    ["or #010", 0x44, 8],
    ["xor #-1", 0xa4, 0xffff_ffff],
    ["lsh #31", 0x64, 31],
    ["rsh x", 0x7c, 0],
    ["neg", 0x84, 0],
    ["tax", 0x07, 0],
    ["txa", 0x87, 0],
    ["ret #+7", 0x06, 7],
    ["ret a", 0x16, 0],
    ["RET %a", 0x16, 0],
    ["ret", 0x16, 0],
    ["ld proto", 0x20, 0xffff_f000],
    ["ldh #type", 0x28, 0xffff_f004],
    ["ldb [vlanp]", 0x30, 0xffff_f030],
    ["ld vlan_avail", 0x20, 0xffff_f030],
    ["ld rand", 0x20, 0xffff_f038],
    ["ld [-0x100000]", 0x20, 0xfff0_0000],
  ];
  for (const [text, code, k] of written) assert.deepEqual(numbers(text), [[code, 0, 0, k]], text);
});

test("jumps go to labels and numbers, and conditions have opposites", () => {
  assert.deepEqual(
    numbers(`
      /* a comment
         of two lines */
      start:
      jeq #1, there            ; one target: the other is next
      jne #1, there            // the other way round
      jneq x, there, 4
      jlt #9, there
      jle x, 5, there
      jset #1, there, there
      ja there
      jmp there
      there: also:
      ret #0
    `),
    [
      [0x15, 7, 0, 1],
      [0x15, 0, 6, 1],
      [0x1d, 1, 5, 0],
      [0x35, 0, 4, 9],
      [0x2d, 3, 0, 0],
      [0x45, 2, 2, 1],
      [0x05, 0, 0, 1],
      [0x05, 0, 0, 0],
      [0x06, 0, 0, 0],
    ],
  );
});

test("an error says in which line", () => {
  const wrong: [text: string, message: RegExp][] = [
    ["ret #0\nfoo #1", /^line 2: there is no instruction foo$/],
    ["ldb 23", /^line 1: ldb cannot be done with 23$/],
    ["ldb [vlan]", /^line 1: ldb cannot be done with \[vlan\]$/],
    ["ldb [vlanp", /^line 1: ldb cannot be done with \[vlanp$/],
    ["ld 4*([14]&0xf)", /^line 1: ld cannot be done with 4\*\(\[14\]&0xf\)$/],
    ["ldi x", /^line 1: ld takes a number, not x$/],
    ["ret #4294967296", /^line 1: value must be a whole number of 32 bits, not 4294967296$/],
    ["ret #089", /^line 1: 089 is no number$/],
    ["a: b: a: ret", /^line 1: label a is there twice$/],
    ["ret\nend:", /^nothing comes after label end$/],
    ["jeq #1", /^line 1: jeq takes something to compare with and one or two targets$/],
    ["jeq #1, a, b, c", /^line 1: jeq takes something/],
    ["jeq #1, nowhere", /^line 1: there is no label nowhere$/],
    ["ja", /^line 1: a jump goes to a label or a number, not to nothing$/],
    ["ja [3]", /^line 1: a jump goes to a label or a number, not to \[3\]$/],
    ["ret\nback: ret\nja back", /^line 3: a jump goes forward, not to back$/],
    ["jmp 0", /^line 1: a jump goes forward, not to 0$/],
    [
      `jeq #1, far\n${"ret\n".repeat(256)}far: ret`,
      /^line 1: .* 255 instructions at most, not 256$/,
    ],
    ["(001) ret", /^line 1: instruction 0 says that it is 1$/],
    ["unimp 0x81", /^line 1: there is no instruction unimp$/],
    ["[12]", /^line 1: \[12\] is no instruction$/],
    ["jxx #1, 1", /^line 1: there is no instruction jxx$/],
    ["neg #1", /^line 1: neg cannot be done with #1$/],
    ["add", /^line 1: add cannot be done with nothing$/],
  ];
  for (const [text, message] of wrong) {
    assert.throws(() => assemble(text), { name: "FilterError", message }, text);
  }
});

test("operations that are none are refused, and say which", () => {
  const wrong: [operation: unknown, message: RegExp][] = [
    [{ op: "ld", at: 1, value: 2 }, /^instruction 1: there is no instruction ld with at, value$/],
    [
      { op: "jeq", value: 1, esle: 3 },
      /^instruction 1: there is no instruction jeq with value, es/,
    ],
    [{ op: "neg", then: 3 }, /^instruction 1: there is no instruction neg with then$/],
    [{ op: "ld" }, /^instruction 1: there is no instruction ld with nothing$/],
    [{ op: "ld", at: 1.5 }, /^instruction 1: at must be a whole number of 32 bits, not 1.5$/],
    [{ op: "ld", ancillary: "toString" }, /^instruction 1: there is no ancillary toString$/],
    [
      { op: "ldx", ancillary: "proto" },
      /^instruction 1: there is no instruction ldx with ancillary$/,
    ],
    [{ op: "add", x: false }, /^instruction 1: x must be true, not false$/],
    [{ op: "neg", value: 1 }, /^instruction 1: there is no instruction neg with value$/],
    [{ op: "ret", value: 1n }, /^instruction 1: value must be/],
    [{ op: "toString", value: 1n }, /^instruction 1: there is no instruction toString with value$/],
    [{ op: "jeq", value: 1, then: 1 }, /^instruction 1: a jump goes forward, not to 1$/],
    [{ op: "ja", to: Symbol("x") }, /^instruction 1: there is no label Symbol\(x\)$/],
    [null, /^instruction 1: an operation is an object, not null$/],
  ];
  for (const [operation, message] of wrong) {
    const operations = [{ op: "ret", value: 0 }, operation] as Operation[];
    assert.throws(() => assemble(operations), { name: "FilterError", message });
  }
  assert.throws(() => assemble(7 as never), TypeError);
  assert.throws(() => assemble(new Array(1)), { name: "FilterError", instruction: 0 });
});

test("what was disassembled is assembled again, and operations as well", () => {
  fc.assert(fc.property(validProgram.map(meant), (program) => {
    const text = disassemble(program);
    assert.deepEqual(assemble(text), program);
    assert.equal(disassemble(assemble(operationsOf(program))), text);
    assert.deepEqual(assemble(operationsOf(program)), program);
  }));
});

test("any text gives a program or an error that says so", () => {
  const piece = fc.oneof(
    fc.constantFrom(
      ..."ld ldh ldx ldxb jeq jne ja ret st add # [ ] x + M len , \n : ; ( ) * & jt jf"
        .split(" "),
    ),
    fc.constantFrom("0xf", "4*([14]&0xf)", "12", "-1", "(000)", "l1", "/*", "*/", "#12", "M[3]"),
    fc.string(),
  );
  fc.assert(
    fc.property(fc.array(piece).map((pieces) => pieces.join(" ")), (text) => {
      try {
        assemble(text);
      } catch (error) {
        assert.ok(error instanceof FilterError, String(error));
      }
    }),
    { numRuns: 5000 },
  );
});

test("a long text takes no longer than its length", () => {
  assert.throws(() => assemble(`${"a".repeat(200_000)} ${" ".repeat(200_000)}x`), FilterError);
  assert.throws(() => assemble(`jeq ${" jt".repeat(100_000)}`), FilterError);
  assert.throws(() => assemble(`jeq #1${" ".repeat(200_000)}jt`), FilterError);
  assert.throws(() => assemble(`ld [${" ".repeat(200_000)}x${" ".repeat(200_000)}+`), FilterError);
  assert.throws(() => assemble("/*".repeat(100_000) + "\nx"), FilterError);
});

test("a comment may speak of others", () => {
  const program = assemble("ret #1").length;
  for (
    const text of [
      "ret #1 ; as /etc/pcap/* says\nret #2",
      "ret #1 // deny /* all\nret #2 ; */",
      "ret #1 /* ; and // \n */ ret #2".replace("ret #2", "\nret #2"),
    ]
  ) {
    assert.equal(assemble(text).length, 2 * program, text);
  }
});

test.run();
