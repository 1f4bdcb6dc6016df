import assert from "node:assert/strict";
import {
  destinationOptions,
  dissect,
  fragment,
  type FragmentHeader,
  hopByHop,
  ipv4,
  type Ipv4Fields,
  Ipv4Packet,
  ipv6,
  Ipv6Packet,
  packet,
  Reassembler,
  type ReassemblerOptions,
  routing,
  udp,
} from "@posixly/raw/wire";
import fc from "fast-check";
import { test } from "uvu";
import { ipv4Options, record, u16 } from "./layers_fixture.ts";

const ends = { source: "10.0.0.1", destination: "10.0.0.2" };
const ends6 = { source: "2001:db8::1", destination: "2001:db8::2" };
const ports = udp({ sourcePort: 1, destinationPort: 2 });

function counted(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => i * 7 + (i >> 8));
}

const headers = [ipv6(ends6)];
const longer = [
  ipv6(ends6),
  hopByHop({ options: [{ kind: "routerAlert", value: 0 }] }),
  destinationOptions({}),
  routing({ routingType: 0, segmentsLeft: 0, addresses: ["2001:db8::3"] }),
  destinationOptions({}),
];

test("a packet that is cut and put together again, in any order, is the same", () => {
  const any = record({
    payload: fc.integer({ min: 0, max: 4000 }),
    mtu: fc.integer({ min: 128, max: 1600 }),
    options: ipv4Options,
    identification: u16,
    kind: fc.constantFrom("ipv4", "ipv6", "longer"),
    seed: fc.infiniteStream(fc.nat()),
  });
  fc.assert(fc.property(any, ({ payload, mtu, options, identification, kind, seed }) => {
    const outer = kind === "ipv4"
      ? [ipv4({ ...ends, options, identification })]
      : kind === "ipv6"
      ? headers
      : longer;
    const bytes = packet(...outer, ports, counted(payload));
    const fragments = fragment(bytes, mtu, { identification });
    if (bytes.length <= mtu) assert.deepEqual(fragments, [bytes]);
    for (const each of fragments) assert.ok(each.length <= mtu);
    if (fragments.length > 1) { for (const each of fragments) dissect(each, { link: "ip" }); }

    const reassembler = new Reassembler();
    const order = fragments.map((each) => ({ each, at: seed.next().value }))
      .sort((a, b) => a.at - b.at).map(({ each }) => each);
    const results = order.map((each) => reassembler.add(each, 0));
    const last = results.pop();
    assert.ok(results.every((result) => result === null));
    assert.deepEqual(new Uint8Array(last!), bytes);
    assert.equal(reassembler.size, 0);
    assert.equal(reassembler.bytes, 0);
  }));
});

test("only options that every fragment has are copied", () => {
  const route = { kind: "looseSourceRoute", pointer: 4, addresses: ["10.0.0.9"] } as const;
  const record = { kind: "recordRoute", pointer: 4, addresses: ["0.0.0.0"] } as const;
  const bytes = packet(
    ipv4({ ...ends, protocol: 17, options: [record, route] }),
    counted(2000),
  );
  const [first, second] = fragment(bytes, 1500).map((each) => Ipv4Packet.parse(each));
  assert.deepEqual(first.options.slice(0, 2), [record, route]);
  assert.deepEqual(second.options[0], route);
  assert.equal(second.headerLength, 28);
  assert.ok(first.verifyChecksum() && second.verifyChecksum());
});

test("a fragment of IPv4 is cut further", () => {
  const bytes = packet(
    ipv4({ ...ends, protocol: 17, moreFragments: true, fragmentOffset: 800 }),
    counted(800),
  );
  const views = fragment(bytes, 420).map((each) => Ipv4Packet.parse(each));
  assert.deepEqual(views.map((each) => each.fragmentOffset), [800, 1200]);
  assert.ok(views.every((each) => each.moreFragments));
});

test("what must not be cut, or cannot be, is not", () => {
  const bytes = packet(ipv4({ ...ends, dontFragment: true }), ports, counted(2000));
  assert.throws(() => fragment(bytes, 1500), {
    name: "RangeError",
    message: "A packet of 2028 bytes must not be fragmented to 1500",
  });
  assert.throws(() => fragment(packet(ipv4(ends), ports, counted(99)), 27), RangeError);
  const once = fragment(packet(...headers, ports, counted(2000)), 1280)[0];
  assert.throws(() => fragment(once, 600), RangeError);
  assert.throws(() => fragment(new Uint8Array(7), 600), { name: "WireError" });
});

test("a fragment of IPv6 has what routers look at, and no more, in front", () => {
  const bytes = packet(...longer, ports, counted(1500));
  const [first] = fragment(bytes, 1280, { identification: 7 });
  const { layers } = dissect(first, { link: "ip" });
  assert.deepEqual(layers.map(({ layer }) => layer).slice(0, 6), [
    ...["ipv6", "hopByHop", "destinationOptions", "routing", "fragment", "destinationOptions"],
  ]);
  assert.equal((layers[4] as FragmentHeader).identification, 7);
});

/** A fragment of IPv4 with some bytes. */
function piece(
  from: number,
  data: number[] | Uint8Array,
  more: boolean,
  fields: Partial<Ipv4Fields> = {},
) {
  const header = ipv4({
    ...ends,
    protocol: 17,
    identification: 7,
    fragmentOffset: from,
    moreFragments: more,
    ...fields,
  });
  return packet(header, Uint8Array.from(data));
}

const eights = (byte: number, count = 1) => new Uint8Array(8 * count).fill(byte);

for (const overlap of ["drop", "first", "last"] as const) {
  test(`fragments that overlap: ${overlap}`, () => {
    const step = record({
      from: fc.integer({ min: 0, max: 12 }),
      length: fc.integer({ min: 1, max: 6 }),
      byte: fc.integer({ min: 1, max: 3 }),
    });
    fc.assert(fc.property(fc.array(step, { minLength: 1, maxLength: 12 }), (steps) => {
      const reassembler = new Reassembler({ overlap });
      const model: number[] = []; // of each eight bytes
      let isDead = false;
      for (const { from, length, byte } of steps) {
        const units = Array.from({ length }, (_, i) => from + i);
        const covered = units.filter((unit) => model[unit] !== undefined);
        if (overlap === "drop" && covered.length > 0) {
          const before = reassembler.counts.duplicate;
          reassembler.add(piece(from * 8, eights(byte, length), true), 0);
          if (!isDead && reassembler.counts.duplicate === before) isDead = true;
          else if (!isDead) assert.ok(units.every((unit) => model[unit] === byte));
          continue;
        }
        for (const unit of units) {
          if (overlap === "last" || model[unit] === undefined) model[unit] = byte;
        }
        assert.equal(reassembler.add(piece(from * 8, eights(byte, length), true), 0), null);
      }
      // Fill what is missing, then end it.
      const end = 20;
      let result: Uint8Array | null = null;
      for (let unit = 0; unit < end; unit++) {
        if (model[unit] !== undefined) continue;
        model[unit] = 9;
        result = reassembler.add(piece(unit * 8, eights(9), unit < end - 1), 0);
      }
      if (isDead) return assert.equal(result, null);
      const { payload } = Ipv4Packet.parse(result!);
      assert.deepEqual(Array.from({ length: end }, (_, unit) => payload[unit * 8]), model);
      assert.equal(reassembler.bytes, 0);
    }));
  });
}

test("overlap ends a packet for good, and a duplicate does not", () => {
  const reassembler = new Reassembler();
  reassembler.add(piece(0, eights(1, 2), true), 0);
  reassembler.add(piece(0, eights(1, 2), true), 0);
  assert.equal(reassembler.counts.duplicate, 1);
  reassembler.add(piece(8, eights(2), true), 0);
  assert.equal(reassembler.counts.overlap, 1);
  reassembler.add(piece(0, eights(1, 2), true), 1);
  assert.equal(reassembler.add(piece(16, [1], false), 1), null);
  assert.equal(reassembler.counts.late, 2);
  assert.equal(reassembler.size, 1);
  assert.deepEqual(reassembler.expire(60_000), []);
  assert.equal(reassembler.size, 0);
});

test("overlap of IPv6 always ends the packet", () => {
  const reassembler = new Reassembler({ overlap: "first" });
  const [first, second] = fragment(packet(...headers, ports, counted(2000)), 1280, {
    identification: 7,
  });
  second[43] = second[43] - 8; // eight bytes earlier
  reassembler.add(first, 0);
  assert.equal(reassembler.add(second, 0), null);
  assert.equal(reassembler.counts.overlap, 1);
});

test("fragments that disagree about the length, or make too much, end the packet", () => {
  const outcomes = (...pieces: Uint8Array[]) => {
    const reassembler = new Reassembler();
    for (const each of pieces) assert.equal(reassembler.add(each, 0), null);
    const { conflict, malformed, whole } = reassembler.counts;
    return { conflict, malformed, whole };
  };
  const conflict = { conflict: 1, malformed: 0, whole: 0 };
  assert.deepEqual(outcomes(piece(8, [1], false), piece(16, [1], false)), conflict);
  assert.deepEqual(outcomes(piece(8, [1], false), piece(16, eights(1), true)), conflict);
  assert.deepEqual(outcomes(piece(16, eights(1), true), piece(8, [1], false)), conflict);
  assert.deepEqual(outcomes(piece(65528, eights(1), false)), conflict);
  const options = [{
    kind: "recordRoute",
    pointer: 4,
    addresses: Array(9).fill("0.0.0.0"),
  }] as const;
  const long = piece(0, eights(1, 1024), true, { options });
  const rest = [1, 2, 3, 4, 5, 6].map((i) => piece(8192 * i, eights(1, 1024), true));
  const last = piece(57344, counted(8168), false); // 65532 with a short header
  assert.deepEqual(outcomes(long, ...rest, last), conflict);
  assert.deepEqual(outcomes(piece(8, [1], true)), { conflict: 0, malformed: 1, whole: 0 });
  assert.deepEqual(outcomes(piece(8, [], false)), { conflict: 0, malformed: 1, whole: 0 });
});

test("what is not whole in time is given up, and its first fragment told", () => {
  const reassembler = new Reassembler({ timeout: 30 });
  const first = piece(0, eights(1), true);
  reassembler.add(first, 100);
  reassembler.add(piece(8, eights(1), true, { identification: 8 }), 110);
  assert.deepEqual(reassembler.expire(129), []);
  assert.equal(reassembler.size, 2);
  assert.deepEqual(reassembler.expire(130), [first]);
  assert.equal(reassembler.add(piece(0, eights(1), true, { identification: 8 }), 150), null);
  assert.equal(reassembler.add(piece(8, [1], false, { identification: 8 }), 150)?.length, 29);
  assert.equal(reassembler.counts.expired, 2);
  assert.equal(reassembler.size, 0);
  assert.equal(reassembler.bytes, 0);
});

test("what is held is bounded, whatever is sent", () => {
  const limits: ReassemblerOptions = { maxDatagrams: 10, maxBytes: 20_000, maxFragments: 5 };
  const step = record({
    identification: fc.integer({ min: 0, max: 40 }),
    from: fc.integer({ min: 0, max: 100 }),
    length: fc.integer({ min: 1, max: 400 }),
    more: fc.boolean(),
  });
  fc.assert(fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
    const reassembler = new Reassembler(limits);
    for (const [now, { identification, from, length, more }] of steps.entries()) {
      reassembler.add(piece(from * 8, eights(1, length), more, { identification }), now);
      assert.ok(reassembler.size <= 10 && reassembler.bytes <= 20_000);
      assert.ok(reassembler.bytes >= 0);
    }
    reassembler.expire(1e9);
    assert.equal(reassembler.size, 0);
    assert.equal(reassembler.bytes, 0);
  }));
});

test("a packet that is no fragment is whole, without its padding", () => {
  const reassembler = new Reassembler();
  const bytes = packet(ipv4(ends), ports);
  assert.deepEqual(reassembler.add(new Uint8Array([...bytes, 0, 0]), 0), bytes);
  const atomic = fragment(packet(...headers, ports, counted(2000)), 1280)[0];
  atomic.set([0, 0], 42);
  const whole = Ipv6Packet.parse(reassembler.add(atomic, 0)!);
  assert.equal(whole.nextHeader, 17);
  assert.equal(whole.lengthField, atomic.length - 48);
  assert.throws(() => reassembler.add(bytes.subarray(0, 25), 0), { name: "WireError" });
  assert.throws(() => reassembler.add(bytes, NaN), TypeError);
  assert.throws(() => new Reassembler({ overlap: "best" as never }), TypeError);
});

test("a header alone that does not fit is told", () => {
  for (const whole of [packet(ipv4(ends)), packet(ipv6(ends6))]) {
    assert.throws(() => fragment(whole, 10), RangeError);
    assert.deepEqual(fragment(whole, 100), [whole]);
  }
});

test.run();
