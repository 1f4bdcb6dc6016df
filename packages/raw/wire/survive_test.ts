import assert from "node:assert/strict";
import { dissect, dissectLax, packet, quotedPacket, type View, WireError } from "@posixly/raw/wire";
import fc from "fast-check";
import { test } from "uvu";
import { bytesOf, type Vector, vectors } from "./vectors_fixture.ts";

type Link = Vector["link"];

/** All that can be asked of a packet; nothing but a WireError may come of it. */
function look(bytes: Uint8Array, link: Link | "ipv4" | "ipv6"): WireError | undefined {
  const found = dissectLax(bytes, { link });
  for (const view of found.layers) {
    assert.ok(view.start <= view.payloadStart && view.payloadStart <= view.payloadEnd);
    assert.ok(view.payloadEnd <= bytes.length);
    readAll(view);
    found.checksumOf(view);
  }
  const error = found.icmp ?? found.icmpv6;
  if (error) quotedPacket(error);
  assert.deepEqual(packet(...found.parts()), bytes);
  try {
    dissect(bytes, { link });
    assert.equal(found.problem, undefined);
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    assert.equal(error.message, found.problem?.message);
  }
  return found.problem;
}

function readAll(view: object): void {
  for (let type = Object.getPrototypeOf(view); type !== null; type = Object.getPrototypeOf(type)) {
    for (const [name, { get }] of Object.entries(Object.getOwnPropertyDescriptors(type))) {
      if (get && name !== "__proto__") get.call(view);
    }
  }
}

for (const { name, hex, link } of vectors) {
  test(`${name}: is read however much of it is there`, () => {
    const bytes = bytesOf(hex);
    const whole = dissectLax(bytes, { link });
    const last = whole.layers.at(-1)!.payloadEnd;
    for (let length = 0; length < bytes.length; length++) {
      const problem = look(bytes.slice(0, length), link);
      if (length >= last && whole.problem === undefined) {
        assert.equal(problem, undefined, "only padding is missing");
        continue;
      }
      assert.ok(problem && problem.needed > problem.available, `${length}: ${problem}`);
      assert.equal(problem.reason, "truncated");
      const { layers } = dissectLax(bytes.slice(0, length), { link });
      const fit = whole.layers.filter(({ payloadStart }) => payloadStart <= length);
      assert.deepEqual(layers.map(({ layer }) => layer), fit.map(({ layer }) => layer));
    }
  });

  test(`${name}: is read whichever bit is wrong`, () => {
    const bytes = bytesOf(hex);
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      bytes[bit >> 3] ^= 1 << (bit & 7);
      look(bytes, link);
      bytes[bit >> 3] ^= 1 << (bit & 7);
    }
  });

  test(`${name}: a checksum tells which byte is wrong`, () => {
    const bytes = bytesOf(hex);
    const { ip, layers, isFragment, problem } = dissectLax(bytes, { link });
    for (const view of layers) {
      if (!("verifyChecksum" in view)) continue;
      const { start, payloadStart, payloadEnd, layer } = view;
      if (layer !== "ipv4" && (isFragment || problem)) continue;
      if (layer === "udp" && Reflect.get(view, "checksum") === 0) continue;
      const summed = view as View & { verifyChecksum(within: typeof ip): boolean };
      for (let at = start; at < (layer === "ipv4" ? payloadStart : payloadEnd); at++) {
        for (const flip of [0x01, 0x80, 0xff]) {
          bytes[at] ^= flip;
          assert.ok(!summed.verifyChecksum(ip), `${at}`);
          bytes[at] ^= flip;
        }
      }
      assert.ok(summed.verifyChecksum(ip));
    }
  });
}

test("whatever the bytes are, nothing but a WireError is thrown", () => {
  const links = fc.constantFrom("ethernet", "ip", "ipv4", "ipv6");
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), links, (bytes, link) => void look(bytes, link)),
    { numRuns: 2000 },
  );
});

test("a vector with any bytes over it is read", () => {
  const any = fc.record({
    vector: fc.constantFrom(...vectors),
    at: fc.nat(120),
    over: fc.uint8Array({ maxLength: 24 }),
    length: fc.nat(140),
  });
  fc.assert(
    fc.property(any, ({ vector, at, over, length }) => {
      const bytes = bytesOf(vector.hex);
      bytes.set(over.subarray(0, Math.max(0, bytes.length - at)), Math.min(at, bytes.length));
      look(bytes.slice(0, length), vector.link);
    }),
    { numRuns: 2000 },
  );
});

test.run();
