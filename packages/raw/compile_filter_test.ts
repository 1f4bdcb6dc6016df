import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import process from "node:process";
import { found, runFresh, testNeeding, testWhere, withoutLeaks } from "@posixly/testing";
import { test } from "uvu";
import {
  attachFilter,
  compileFilter,
  type CompileFilterOptions,
  ExpressionError,
  type FilterLink,
} from "@posixly/raw";
import { formatDecimal, runFilter } from "@posixly/raw/bpf";
import { socketPair } from "@posixly/socket";
import { expressions, tcpdump } from "./bpf/expressions_fixture.ts";

/** Where tcpdump is, its library is. */
const isThere = found("tcpdump");
const compileTest = (name: string, run: () => void | Promise<void>) =>
  testWhere(isThere, "libpcap", name, run);
const liveTest = (name: string, run: () => void | Promise<void>) =>
  testWhere(isThere && process.getuid!() === 0, "libpcap and root", name, run);

const names: Readonly<Record<string, FilterLink>> = {
  EN10MB: "ethernet",
  RAW: "ip",
  LINUX_SLL: "cooked",
  LINUX_SLL2: "cooked2",
  NULL: "loopback",
  IEEE802_11_RADIO: "radiotap",
};

testNeeding("tcpdump", "expressions give what tcpdump makes of them", () => {
  for (const [type, expression] of expressions) {
    for (const optimize of [true, false]) {
      const expected = tcpdump(type, expression, "-ddd", ...optimize ? [] : ["-O"]);
      const program = compileFilter(expression, { link: names[type], optimize });
      assert.equal(formatDecimal(program), expected, expression);
    }
  }
});

compileTest("every program can be attached", () => {
  using pair = socketPair("datagram");
  for (const [type, expression] of expressions) {
    attachFilter(pair.first, compileFilter(expression, { link: names[type] }));
  }
});

compileTest("a filter runs on packets", () => {
  const packet = new Uint8Array(60);
  packet.set([0x08, 0x00, 0x45], 12);
  packet.set([6], 23);
  packet.set([0x04, 0x00, 0, 80], 34);
  assert.equal(runFilter(compileFilter("tcp port 80", { snapLength: 96 }), packet), 96);
  assert.equal(runFilter(compileFilter("tcp port 81"), packet), 0);
  assert.equal(runFilter(compileFilter("ip", { link: "ip" }), packet.subarray(14)), 262144);
  assert.deepEqual(compileFilter("", { link: 113 }), compileFilter("", { link: "cooked" }));
});

compileTest("what libpcap does not understand is an error with its words", () => {
  const wrong: [expression: string, reason: RegExp, options?: CompileFilterOptions][] = [
    ["tcp prt 80", /syntax error/],
    ["port 99999", /99999/],
    ["vlan 5", /no VLAN support/, { link: "ip" }],
    ["ip broadcast", /netmask not known/],
    ["ip host 1.2.3.4 \u{1f600}", /./],
    ["tcp", /unknown data link type/, { link: 9999 }],
  ];
  for (const [expression, reason, options] of wrong) {
    assert.throws(() => compileFilter(expression, options), (error: ExpressionError) => {
      assert.ok(error instanceof ExpressionError, String(error));
      assert.equal(error.expression, expression);
      assert.match(error.reason, reason);
      assert.ok(error.message.startsWith(`Cannot compile filter ${JSON.stringify(expression)}: `));
      return true;
    });
  }
});

compileTest("a loop is refused, since the kernel would", () => {
  assert.throws(() => compileFilter("ip protochain 6"), {
    name: "FilterError",
    message: /it jumps back$/,
  });
});

compileTest("a mask makes broadcasts known", () => {
  const program = compileFilter("ip broadcast", { netmask: "255.255.255.0" });
  const packet = new Uint8Array(60);
  packet.set([0x08, 0x00, 0x45], 12);
  packet.set([192, 0, 2, 255], 30);
  assert.ok(runFilter(program, packet) > 0);
  packet[33] = 254;
  assert.equal(runFilter(program, packet), 0);
});

test("arguments that are none are refused before libpcap is asked", () => {
  const wrong: [options: unknown, message: RegExp][] = [
    [{ link: "ether" }, /^link must be/],
    [{ link: -1 }, /^link must be between/],
    [{ link: "ip", interface: "lo" }, /not both$/],
    [{ interface: true }, /^interface must be/],
    [{ interface: 0 }, /^interface must be between 1/],
    [{ snapLength: 0 }, /^snapLength must be between/],
    [{ snapLen: 1 }, /^there is no option snapLen/],
    [{ optimize: 1 }, /^optimize must be true or false/],
    [{ netmask: "24" }, /^netmask must be/],
  ];
  for (const [options, message] of wrong) {
    assert.throws(() => compileFilter("tcp", options as never), { message });
  }
  assert.throws(() => compileFilter(7 as never), TypeError);
});

compileTest("an expression with a NUL is refused", () => {
  assert.throws(() => compileFilter("tcp\0"), { message: /^expression must not contain a NUL/ });
});

liveTest(
  "for an interface, the tag of a VLAN is looked for where the kernel has it",
  async () => {
    await withoutLeaks(() => {
      for (const expression of ["vlan 5 and tcp", "outbound and udp", "port 53"]) {
        const flags = ["-i", "lo", "-ddd", expression];
        const expected = execFileSync("tcpdump", flags, { encoding: "utf8", stdio: "pipe" }).trim();
        const program = compileFilter(expression, { interface: "lo" });
        assert.equal(formatDecimal(program), expected);
      }
      assert.throws(() => compileFilter("tcp", { interface: "nowhere0" }), {
        name: "ExpressionError",
        message: /nowhere0/,
      });
      assert.throws(() => compileFilter("tcp", { interface: "" }), { name: "ExpressionError" });
    });
  },
);

compileTest("nothing is left over, however often", async () => {
  const program = `
    import { compileFilter } from "@posixly/raw";
    import assert from "node:assert/strict";
    const kilobytes = () => process.memoryUsage().rss / 1024;
    const compile = (times) => {
      for (let i = 0; i < times; i++) {
        compileFilter("tcp port 80 and host 192.0.2.1");
        assert.throws(() => compileFilter("tcp prt"), { name: "ExpressionError" });
      }
    };
    compile(2000);
    const before = kilobytes();
    compile(6000);
    console.log(kilobytes() - before);
  `;
  const { stdout, stderr } = await runFresh(`import process from "node:process";${program}`);
  assert.ok(Number(stdout) < 20_000, `${stdout} ${stderr}`);
});

/** Starts a program where libpcap seems broken, and is none. */
const withoutLibpcap = [
  "unshare",
  "--mount",
  "sh",
  "-c",
  'for f in /usr/lib*/libpcap.so.* /usr/lib/*/libpcap.so.*; do [ -e "$f" ] && ' +
  'mount --bind /dev/null "$f"; done; exec "$@"',
  "sh",
];

liveTest(
  "where there is no libpcap, the error says how to get it, and all else works",
  async () => {
    const program = `
    import { attachFilter, compileFilter } from "@posixly/raw";
    import { assemble } from "@posixly/raw/bpf";
    import { socketPair } from "@posixly/socket";
    const pair = socketPair("datagram");
    attachFilter(pair.first, assemble("ret #1"));
    try { compileFilter("tcp"); } catch (error) { console.log(error.name, error.message); }
  `;
    const { stdout, stderr } = await runFresh(program, { through: withoutLibpcap });
    assert.equal(
      stdout,
      "LibraryNotFoundError Cannot open the library libpcap.so.1 or libpcap.so.0.8; get it by " +
        "apt install libpcap0.8, dnf install libpcap, or apk add libpcap\n",
      stderr,
    );
  },
);

compileTest("it takes no more than the right to call C", async () => {
  const program = `
    import { compileFilter } from "@posixly/raw";
    console.log(compileFilter("tcp port 80").length > 4);
  `;
  const { stdout, stderr } = await runFresh(program, { confined: true });
  assert.equal(stdout, "true\n", stderr);
});

test.run();
