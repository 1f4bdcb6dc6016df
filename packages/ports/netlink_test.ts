import assert from "node:assert/strict";
import { errno } from "@posixly/sys";
import { send, type SocketPair, socketPair } from "@posixly/socket";
import { withoutLeaks } from "@posixly/testing";
import fc from "fast-check";
import { test } from "uvu";
import { attribute, encodeAttribute } from "./attribute.ts";
import { NLM_F_DUMP_INTR, NLMSG_DONE, NLMSG_ERROR, nlmsghdr, SOCK_DIAG_BY_FAMILY } from "./libc.ts";
import { answersTo, answerTo, ask, list } from "./netlink.ts";

// A socket takes the place of the kernel, which answers only what is right.

const QUESTION = 7;

interface Said {
  type?: number;
  flags?: number;
  question?: number;
  body?: Uint8Array;
  claimed?: number;
}

function message(said: Said): Uint8Array {
  const { type = SOCK_DIAG_BY_FAMILY, flags = 0, question = QUESTION } = said;
  const body = said.body ?? new Uint8Array(0);
  const length = nlmsghdr.size + body.length;
  const bytes = new Uint8Array(length + 3 & ~3);
  bytes.set(nlmsghdr.encode({
    nlmsg_len: said.claimed ?? length,
    nlmsg_type: type,
    nlmsg_flags: flags,
    nlmsg_seq: question,
  }));
  bytes.set(body, nlmsghdr.size);
  return bytes;
}

const int = (value: number) => new Uint8Array(Int32Array.of(value).buffer);
const done: Said = { type: NLMSG_DONE, body: int(0) };

/** What comes of it if the kernel says this, piece by piece. */
function heard<T>(pieces: readonly (readonly Said[])[], hear: (pair: SocketPair) => T): T {
  using pair = socketPair("datagram");
  for (const piece of pieces) {
    send(pair.second, new Uint8Array(piece.flatMap((said) => [...message(said)])));
  }
  return hear(pair);
}

const all = ({ first }: SocketPair) => answersTo(first, QUESTION);

test("answers are put together from pieces, up to the last message", () =>
  withoutLeaks(() => {
    const rows = [1, 2, 3].map((n): Said => ({ body: new Uint8Array(n).fill(n) }));
    const { bytes, starts, interrupted } = heard([[rows[0], rows[1]], [rows[2]], [done]], all);
    const bodies = starts.map((start) => bytes[start + nlmsghdr.size]);
    assert.deepEqual([bodies, interrupted], [[1, 2, 3], false]);
  }));

test("what answers another question is left out", () => {
  const stale: Said[] = [{ question: 6 }, { ...done, question: 6 }];
  assert.equal(heard([stale, [{}, done]], all).starts.length, 1);
});

test("a list in which something came in between says so", () => {
  assert.ok(heard([[{ flags: NLM_F_DUMP_INTR }, done]], all).interrupted);
  assert.ok(heard([[{}], [{ ...done, flags: NLM_F_DUMP_INTR }]], all).interrupted);
});

test("a list that was interrupted is asked for again, and given as it is after 8 attempts", () => {
  const attempts = (isInterrupted: (attempt: number) => boolean) => {
    using pair = socketPair("datagram");
    const body = new Uint8Array(4);
    const before = ask(pair.first, SOCK_DIAG_BY_FAMILY, 0, body); // the next ones count on
    for (let attempt = 1; attempt <= 10; attempt++) {
      const question = before + attempt;
      const flags = isInterrupted(attempt) ? NLM_F_DUMP_INTR : 0;
      const answer: Said = { question, flags, body: new Uint8Array([attempt]) };
      send(pair.second, message(answer));
      send(pair.second, message({ ...done, question }));
    }
    const { bytes, starts, interrupted } = list(pair.first, SOCK_DIAG_BY_FAMILY, body);
    return [starts.map((start) => bytes[start + nlmsghdr.size]), interrupted];
  };
  assert.deepEqual(attempts(() => false), [[1], false]);
  assert.deepEqual(attempts((attempt) => attempt < 3), [[3], false]);
  assert.deepEqual(attempts(() => true), [[8], true]);
});

test("an error is thrown, whether it comes as such or at the end of a list", () => {
  const refusal = { code: "ENOENT", syscall: "sock_diag" };
  const error: Said = { type: NLMSG_ERROR, body: int(-errno.ENOENT) };
  assert.throws(() => heard([[error]], all), refusal);
  assert.throws(() => heard([[{}, { ...done, body: int(-errno.ENOENT) }]], all), refusal);
  assert.throws(() => heard([[error]], ({ first }) => answerTo(first, QUESTION)), refusal);
});

test("nonsense is an error, and not read beyond its end", () => {
  assert.throws(() => heard([[{ claimed: 5 }]], all), /half a message/);
  assert.throws(() => heard([[{ claimed: 500 }]], all), /half a message/);
  assert.throws(() => heard([[{}]], all), /does not answer/);
  assert.throws(
    () => heard([[{ question: 6 }]], ({ first }) => answerTo(first, QUESTION)),
    /something else/,
  );
});

test("whatever is said, it is heard or an error", () => {
  const anything = fc.array(fc.uint8Array({ maxLength: 100 }), { maxLength: 4 });
  fc.assert(fc.property(anything, (pieces) => {
    using pair = socketPair("datagram");
    for (const piece of pieces) send(pair.second, piece);
    send(pair.second, message(done));
    try {
      const { bytes, starts } = answersTo(pair.first, QUESTION);
      assert.ok(starts.every((start) => start + nlmsghdr.size <= bytes.length));
    } catch (error) {
      assert.match(String(error), /half a message|sock_diag/);
    }
  }));
});

test("an attribute is found as it was written, among others", () => {
  const attributes = fc.uniqueArray(
    fc.record({ type: fc.integer({ min: 1, max: 0xffff }), value: fc.uint8Array() }),
    { selector: ({ type }) => type, minLength: 1 },
  );
  fc.assert(fc.property(attributes, (some) => {
    const bytes = new Uint8Array(some.flatMap(({ type, value }) => [
      ...encodeAttribute(type, value),
    ]));
    for (const { type, value } of some) {
      assert.deepEqual(attribute(bytes, 0, bytes.length, type), value);
    }
  }));
});

test("attributes that are cut off are not there", () => {
  const whole = encodeAttribute(3, new Uint8Array(8).fill(1));
  for (let end = 0; end < whole.length; end++) {
    assert.equal(attribute(whole, 0, end, 3), undefined);
  }
  assert.equal(attribute(new Uint8Array(16), 0, 16, 3), undefined); // of no length
});

test.run();
