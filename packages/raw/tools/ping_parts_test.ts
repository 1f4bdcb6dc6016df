import assert from "node:assert/strict";
import fc from "fast-check";
import { test } from "uvu";
import { Deadlines } from "./deadlines.ts";
import { EchoRequest, identifierIn, sequenceIn } from "./echo.ts";
import { Fifo } from "./fifo.ts";
import { reasonOf } from "./icmp_reason.ts";
import type { EchoEvent } from "./ping_event.ts";
import { Tally } from "./ping_statistics.ts";
import { type Departure, roundTrip } from "./round_trip.ts";
import { checksum } from "../wire/checksum.ts";

test("a queue is an array that is taken from in front", () => {
  const commands = fc.array(fc.oneof(
    fc.record({ push: fc.integer() }),
    fc.record({ skip: fc.integer({ min: 0, max: 3000 }) }),
    fc.record({ many: fc.integer({ min: 0, max: 2000 }) }),
  ));
  fc.assert(fc.property(commands, (steps) => {
    const queue = new Fifo<number>();
    let model: number[] = [];
    for (const step of steps) {
      if ("push" in step) {
        queue.push(step.push);
        model.push(step.push);
      } else if ("many" in step) {
        for (let i = 0; i < step.many; i++) {
          queue.push(i);
          model.push(i);
        }
      } else {
        const count = Math.min(step.skip, model.length);
        assert.deepEqual(queue.peek(count), model.slice(0, count));
        queue.skip(count);
        model = model.slice(count);
      }
      assert.deepEqual([queue.length, queue.first], [model.length, model[0]]);
    }
  }));
});

test("who is due comes out once, in order, and not before his time", () => {
  const times = fc.array(fc.record({ gap: fc.nat(50), isOver: fc.boolean() }), { maxLength: 60 });
  fc.assert(fc.property(times, fc.array(fc.nat(200)), (all, looks) => {
    const deadlines = new Deadlines<Departure & { isOver: boolean }>(100);
    let began = 0;
    const waiting = all.map(({ gap, isOver }) => ({
      began: began += gap,
      left: undefined,
      isOver,
    }));
    for (const one of waiting) deadlines.add(one);
    const seen: object[] = [];
    let now = 0;
    for (const look of [...looks, 10_000]) {
      for (const one of deadlines.due(now += look, ({ isOver }) => isOver)) {
        assert.ok(one.began + 100 <= now);
        seen.push(one);
      }
      assert.ok(deadlines.next > now);
    }
    assert.deepEqual(seen, waiting.filter(({ isOver }) => !isOver));
    assert.equal(deadlines.next, Infinity);
  }));
});

test("statistics are those that a list of all times gives", () => {
  const rtts = fc.array(fc.double({ min: 0.001, max: 10_000, noNaN: true }), { minLength: 1 });
  fc.assert(fc.property(rtts, (times) => {
    const tally = new Tally();
    for (const rtt of times) {
      tally.count({ kind: "reply", rtt, duplicate: false, late: false } as EchoEvent);
      tally.count({ kind: "reply", rtt: 1e9, duplicate: true, late: false } as EchoEvent);
    }
    tally.count({ kind: "timeout" } as EchoEvent);
    const { received, duplicates, lost, ...seen } = tally.statistics("x", "x", "raw");
    assert.deepEqual([received, duplicates, lost], [times.length, times.length, 1]);
    const mean = times.reduce((sum, time) => sum + time, 0) / times.length;
    const squares = times.reduce((sum, time) => sum + (time - mean) ** 2, 0) / times.length;
    const near = (value: number | undefined, expected: number) =>
      assert.ok(
        Math.abs(value! - expected) <= 1e-6 * Math.max(1, expected),
        `${value} ${expected}`,
      );
    assert.deepEqual([seen.minimum, seen.maximum], [Math.min(...times), Math.max(...times)]);
    near(seen.average, mean);
    near(seen.deviation, Math.sqrt(squares));
  }));
});

test("an echo request has its numbers and its checksum, and its mark is known again", () => {
  const sizes = fc.nat(100);
  const numbers = fc.nat(0xffff);
  fc.assert(fc.property(sizes, numbers, numbers, fc.nat(), fc.nat(), (size, id, seq, token, i) => {
    const request = new EchoRequest("ipv4", size, id, token);
    const bytes = request.numbered(seq, i);
    assert.equal(checksum(bytes), 0);
    assert.deepEqual([bytes[0], identifierIn(bytes), sequenceIn(bytes)], [8, id, seq]);
    assert.equal(request.indexIn(bytes), size >= 8 ? i : undefined);
    const other = new EchoRequest("ipv4", size, id, token + 1);
    assert.equal(other.indexIn(bytes), size >= 8 ? null : undefined);
    assert.equal(request.indexIn(bytes.subarray(0, 8)), undefined); // a quote may be short
  }));
});

test("a time of flight that cannot be is not believed", () => {
  const at = (milliseconds: number) => ({
    seconds: 1_800_000_000 + Math.floor(milliseconds / 1000),
    nanoseconds: (milliseconds % 1000) * 1e6,
  });
  const left = (milliseconds: number): Departure => ({ began: 1000, left: at(milliseconds) });
  assert.deepEqual(roundTrip(left(500), at(520), 1030), { rtt: 20, clock: "kernel" });
  assert.deepEqual(roundTrip(left(999), at(1001), 1030), { rtt: 2, clock: "kernel" });
  const process = { rtt: 30, clock: "process" };
  assert.deepEqual(roundTrip(left(500), at(499), 1030), process); // the clock was set back
  assert.deepEqual(roundTrip(left(500), at(5000), 1030), process); // or ahead
  assert.deepEqual(roundTrip(left(500), undefined, 1030), process);
  const begun = { began: 1000, left: undefined };
  assert.deepEqual(roundTrip(begun, at(520), 1030), process);
  const asked = (milliseconds: number): Departure => ({ ...begun, asked: at(milliseconds) });
  assert.deepEqual(roundTrip(asked(500), at(520), 1030), { rtt: 20, clock: "process" });
  assert.deepEqual(roundTrip(asked(500), at(499), 1030), process);
  assert.deepEqual(roundTrip(asked(500), undefined, 1030), process);
});

test("messages that have no name are told by their numbers", () => {
  assert.equal(reasonOf("ipv4", 3, 13), "administratively filtered");
  assert.equal(reasonOf("ipv4", 3, 99), "destination unreachable, code 99");
  assert.equal(reasonOf("ipv4", 12, 0), "parameter problem");
  assert.equal(reasonOf("ipv6", 2, 0), "packet too big");
  assert.equal(reasonOf("ipv6", 200, 7), "message of type 200, code 7");
});

test.run();
