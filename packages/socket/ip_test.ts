import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { isIPv4, isIPv6 } from "node:net";
import { testNeeding } from "@posixly/testing";
import fc from "fast-check";
import { test } from "uvu";
import { formatIpv4, formatIpv6, parseIpv4, parseIpv6 } from "@posixly/socket";

const bytesOf4 = fc.uint8Array({ minLength: 4, maxLength: 4 });
/** Mostly zeros, so that runs of them come in all lengths and places. */
const bytesOf16 = fc.oneof(
  fc.uint8Array({ minLength: 16, maxLength: 16 }),
  fc.array(fc.constantFrom(0, 0, 0, 1, 0xff), { minLength: 16, maxLength: 16 })
    .map((bytes) => Uint8Array.from(bytes)),
  fc.tuple(fc.constantFrom(0, 0xff), bytesOf4)
    .map(([byte, last]) => Uint8Array.of(...Array(10).fill(0), byte, byte, ...last)),
);

const edit = fc.record({
  at: fc.nat(),
  removed: fc.integer({ min: 0, max: 3 }),
  added: fc.oneof(
    fc.string({ unit: fc.constantFrom(..."0123456789abcdefABCDEF:.%xg -+/\0é"), maxLength: 3 }),
    fc.constantFrom("::", "0", "00", ":0:", "1.2.3.4", ".0", "256", "ffff", "10000"),
  ),
});

/** Addresses, and what comes of them when somebody mistypes. */
const nearlyAddresses = fc.tuple(
  fc.oneof(
    bytesOf4.map(formatIpv4),
    bytesOf16.map(formatIpv6),
    bytesOf16.map((bytes) => Buffer.from(bytes).toString("hex").match(/..../g)!.join(":")),
    fc.ipV4Extended(),
    fc.ipV6(),
  ),
  fc.array(edit, { maxLength: 3 }),
).map(([text, edits]) =>
  edits.reduce((text, { at, removed, added }) => {
    const from = at % (text.length + 1);
    return text.slice(0, from) + added + text.slice(from + removed);
  }, text)
);

const hex = (bytes: Uint8Array | null) => bytes && Buffer.from(bytes).toString("hex");

testNeeding("python3", "the C library reads and prints the same, however odd the text", () => {
  const texts = fc.sample(nearlyAddresses, 20_000);
  const fours = fc.sample(bytesOf4, 500);
  const sixes = fc.sample(bytesOf16, 5000);
  const script = `
import json, socket, sys
def pton(family, text):
    try: return socket.inet_pton(family, text).hex()
    except (OSError, ValueError): return None
def ntop(family, digits): return socket.inet_ntop(family, bytes.fromhex(digits))
texts, fours, sixes = json.load(sys.stdin)
json.dump([
    [[pton(socket.AF_INET, text), pton(socket.AF_INET6, text)] for text in texts],
    [ntop(socket.AF_INET, digits) for digits in fours],
    [ntop(socket.AF_INET6, digits) for digits in sixes],
], sys.stdout)
`;
  const input = JSON.stringify([texts, fours.map(hex), sixes.map(hex)]);
  const { stdout, stderr } = spawnSync("python3", ["-c", script], {
    input,
    encoding: "utf8",
    maxBuffer: 2 ** 26,
  });
  assert.equal(stderr, "");
  const [parsed, printed4, printed6] = JSON.parse(stdout);
  texts.forEach((text, i) => {
    assert.deepEqual([hex(parseIpv4(text)), hex(parseIpv6(text))], parsed[i], JSON.stringify(text));
  });
  assert.deepEqual(fours.map(formatIpv4), printed4);
  assert.deepEqual(sixes.map(formatIpv6), printed6);
  for (const answers of [0, 1].map((i) => parsed.map((both: unknown[]) => both[i]))) {
    assert.ok(answers.includes(null) && answers.some((answer: unknown) => answer !== null));
  }
});

test("node:net takes the same texts for addresses", () => {
  fc.assert(
    fc.property(nearlyAddresses, (text) => {
      assert.equal(parseIpv4(text) !== null, isIPv4(text));
      fc.pre(!text.includes("%")); // which it takes for a scope
      assert.equal(parseIpv6(text) !== null, isIPv6(text));
    }),
    { numRuns: 3000 },
  );
});

test("what is printed is read back as it was", () => {
  fc.assert(fc.property(bytesOf4, (bytes) => {
    assert.deepEqual(parseIpv4(formatIpv4(bytes)), bytes);
  }));
  fc.assert(
    fc.property(bytesOf16, (bytes) => {
      assert.deepEqual(parseIpv6(formatIpv6(bytes)), bytes);
    }),
    { numRuns: 1000 },
  );
});

test("addresses of version 4 are four plain numbers", () => {
  assert.deepEqual(parseIpv4("1.22.255.0"), Uint8Array.of(1, 22, 255, 0));
  for (const text of ["", "1", "1.2", "1.2.3", "1.2.3.4.", ".1.2.3.4", "1..2.3", "1.2.3.4.5"]) {
    assert.equal(parseIpv4(text), null, text);
  }
  for (const text of ["01.2.3.4", "1.2.3.00", "256.1.1.1", "0x1.2.3.4", "1.2.3.4 ", " 1.2.3.4"]) {
    assert.equal(parseIpv4(text), null, text);
  }
  for (const text of ["1.2.3.-4", "1.2.3.+4", "١.2.3.4", "1.2.3.4\0", "1.2.3.4\n"]) {
    assert.equal(parseIpv4(text), null, text);
  }
});

test("addresses of version 6 are printed as RFC 5952 wants", () => {
  const canonical = (text: string) => formatIpv6(parseIpv6(text)!);
  assert.equal(canonical("2001:0DB8:0000:0000:0000:0000:0000:0001"), "2001:db8::1");
  assert.equal(canonical("2001:db8::1:1:1:1:1"), "2001:db8:0:1:1:1:1:1"); // one group stays
  assert.equal(canonical("2001:0:0:1:0:0:0:1"), "2001:0:0:1::1"); // the longest
  assert.equal(canonical("2001:db8:0:0:1:0:0:1"), "2001:db8::1:0:0:1"); // the first
  assert.equal(canonical("::FFFF:1.2.3.4"), "::ffff:1.2.3.4");
  assert.equal(canonical("::102:304"), "::1.2.3.4");
  assert.equal(canonical("0:0:0:0:0:0:0:0"), "::");
  assert.equal(canonical("1:0:0:0:0:0:0:0"), "1::");
  assert.equal(canonical("64:ff9b::1.2.3.4"), "64:ff9b::102:304");
});

test("texts that are nearly addresses of version 6 are none", () => {
  for (const text of ["", ":", ":::", "1", "1::2::3", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9"]) {
    assert.equal(parseIpv6(text), null, text);
  }
  for (const text of ["1:2:3:4:5:6:7:8::", "::1:2:3:4:5:6:7:8", ":1::", "1::2:", "12345::"]) {
    assert.equal(parseIpv6(text), null, text);
  }
  for (
    const text of ["::1.2.3", "::1.2.3.4:5", "1.2.3.4::", "1:2:3:4:5:6:7:1.2.3.4", "::01.2.3.4"]
  ) {
    assert.equal(parseIpv6(text), null, text);
  }
  for (const text of ["[::1]", "::1%lo", "::1/64", "::g", ":: 1", "::１"]) {
    assert.equal(parseIpv6(text), null, text);
  }
});

test("what is no address is printed by nobody", () => {
  assert.throws(() => formatIpv4(new Uint8Array(16)), {
    name: "RangeError",
    message: "bytes must be 4, not 16",
  });
  assert.throws(() => formatIpv6(new Uint8Array(4)), RangeError);
  assert.throws(() => formatIpv6([0, 1] as never), TypeError);
});

test.run();
