import assert from "node:assert/strict";
import { test } from "uvu";
import { type Ancillary, assemble, filterFunction, runFilter } from "@posixly/raw/bpf";

const packet = Uint8Array.from({ length: 20 }, (_, i) => 0xf0 + i & 0xff);
const run = (text: string, options = {}) => runFilter(assemble(`${text}\nret a`), packet, options);

test("loads are of the byte order of the network, and end the program where nothing is", () => {
  assert.equal(run("ld [1]"), 0xf1f2_f3f4);
  assert.equal(run("ldh [18]"), 0x0203);
  assert.equal(run("ldb [19]"), 3);
  assert.equal(run("ldi 7\nldb [20]"), 0);
  assert.equal(run("ldi 7\nldh [19]"), 0);
  assert.equal(run("ldi 7\nld [17]"), 0);
  assert.equal(run("ldi 7\nld [0x7fffffff]"), 0);
  assert.equal(run("ldxi 4\nldb [x + -3]"), 0xf1);
  assert.equal(run("ldxi 4\nldb [x + -5]"), 0);
  assert.equal(run("ldx 4*([15]&0xf)\ntxa"), 60);
  assert.equal(run("ldi 7\nldx 4*([20]&0xf)"), 0);
  assert.equal(run("ld len"), 20);
  assert.equal(run("ldx len\ntxa", { length: 1514 }), 1514);
});

test("arithmetic has 32 bits and no sign", () => {
  assert.equal(run("ldi -1\nadd #2"), 1);
  assert.equal(run("sub #1"), 0xffff_ffff);
  assert.equal(run("ldi 0x10001\nmul #0x10001"), 0x20001);
  assert.equal(run("ldi -1\nmul #-1"), 1);
  assert.equal(run("ldi -1\ndiv #1"), 0xffff_ffff);
  assert.equal(run("ldi -1\ndiv #10"), 429_496_729);
  assert.equal(run("ldi -1\nmod #10"), 5);
  assert.equal(run("ldi 5\nmod #-1"), 5);
  assert.equal(run("ldi 9\ndiv x"), 0);
  assert.equal(run("ldi 9\nmod x"), 0);
  assert.equal(run("ldi 1\nneg"), 0xffff_ffff);
  assert.equal(run("ldi 1\nldxi 33\nlsh x"), 2);
  assert.equal(run("ldi -2\nrsh #1"), 0x7fff_ffff);
  assert.equal(run("ldi -1\njgt #0x7fffffff, 2, 3\nret #1"), 1);
});

test("what was left in memory by another program is not there", () => {
  assert.equal(run("ldi 9\nst M[3]\nldi 1\nld M[3]"), 9);
  assert.equal(run("ldi 1\nst M[3]\nldi 9\nldx M[3]\ntxa"), 1);
});

test("an option that is misspelt is refused, and not passed over", () => {
  assert.throws(() => run("ld len", { lenght: 1514 }), {
    name: "TypeError",
    message: "there is no option lenght, only start, network, link, length, ancillary",
  });
  assert.throws(() => run("ldb [vlanp]", { ancillary: { vlantag: 5 } }), {
    name: "TypeError",
    message: /^there is no option vlantag, only protocol, .*, random$/,
  });
  assert.throws(() => run("ld len", null as never), { name: "TypeError" });
  const filter = filterFunction(assemble("ld len\nret a"));
  const wrong = { lenght: 1514 } as object;
  for (let times = 0; times < 2; times++) assert.throws(() => filter(packet, wrong), TypeError);
});

test("headers are found where the packet has them", () => {
  assert.equal(run("ldi 1\nldb [-0x100000]"), 0);
  assert.equal(run("ldb [-0x100000]", { network: 14 }), 0xfe);
  assert.equal(run("ldb [-0xffffb]", { network: 14 }), 3);
  assert.equal(run("ldb [-0xffffa]", { network: 14 }), 0);
  assert.equal(run("ldb [-0x200000]", { link: 0, start: 14 }), 0xf0);
  assert.equal(run("ldb [0]", { link: 0, start: 14 }), 0xfe);
  assert.equal(run("ld len", { start: 14 }), 6);
  assert.equal(run("ldb [-0x200001]", { link: 0, network: 0 }), 0);
});

test("what is beside the packet is what was said", () => {
  const ancillary: Required<Ancillary> = {
    protocol: 0x800,
    packetType: 4,
    interface: 3,
    hardwareType: 1,
    mark: 0xffff_ffff,
    queue: 2,
    hash: 0x8000_0000,
    cpu: 6,
    vlanTag: 0x2005,
    vlanProtocol: 0x88a8,
    payloadOffset: 42,
    random: 4,
  };
  const asked: [name: string, value: number, otherwise: number][] = [
    ["proto", 0x800, 0],
    ["type", 4, 0],
    ["ifidx", 3, 77],
    ["hatype", 1, 77],
    ["mark", 0xffff_ffff, 0],
    ["queue", 2, 0],
    ["rxhash", 0x8000_0000, 0],
    ["cpu", 6, 0],
    ["vlan_tci", 0x2005, 0],
    ["vlanp", 1, 0],
    ["vlan_tpid", 0x88a8, 0],
    ["poff", 42, 0],
    ["xor_x", 77 ^ 5, 77 ^ 5],
  ];
  for (const [name, value, otherwise] of asked) {
    assert.equal(run(`ldxi 5\nldi 77\nld ${name}`, { ancillary }), value, name);
    assert.equal(run(`ldxi 5\nldi 77\nld ${name}`), otherwise, name);
  }
  assert.equal(run("ld random", { ancillary }), 4);
  assert.equal(run("ld vlan_tpid", { ancillary: { vlanTag: 1 } }), 0x8100);
  const random = new Set(Array.from({ length: 20 }, () => run("ld random")));
  assert.ok(random.size > 10);
});

test("attributes of netlink are looked for from A on, or within the one at A", () => {
  const bytes = new Uint8Array([
    ...[0xee, 0xee, 0xee, 0xee],
    ...[5, 0, 1, 0, 0xaa, 0, 0, 0], // at 4, type 1
    ...[12, 0, 2, 0x80], // at 12, type 2, nested
    ...[8, 0, 3, 0, 1, 2, 3, 4], // at 16, type 3
  ]);
  const find = (name: string, from: number, type: number) =>
    runFilter(assemble(`ldxi ${type}\nldi ${from}\nld ${name}\nret a`), bytes);
  assert.equal(find("nla", 4, 1), 4);
  assert.equal(find("nla", 4, 2), 12);
  assert.equal(find("nla", 4, 3), 0);
  assert.equal(find("nla", 0, 1), 0); // one that is too long
  assert.equal(find("nla", 24, 1), 0);
  assert.equal(find("nla", 0xffff_ffff, 1), 0);
  assert.equal(find("nlan", 12, 3), 16);
  assert.equal(find("nlan", 4, 3), 0);
  assert.equal(find("nlan", 21, 3), 0);
});

test("arguments that are none are refused", () => {
  const filter = filterFunction(assemble("ret a"));
  assert.throws(() => filter([] as never), TypeError);
  assert.throws(() => filter(packet, { start: 21 }), RangeError);
  assert.throws(() => filter(packet, { start: -1 }), RangeError);
  assert.throws(() => filter(packet, { start: 0.5 }), TypeError);
  for (const name of ["network", "link", "length"]) {
    assert.throws(() => filter(packet, { [name]: 0.5 }), TypeError);
    assert.throws(() => filter(packet, { [name]: -1 }), RangeError);
  }
  assert.throws(() => runFilter([], packet), { name: "FilterError" });
});

test.run();
