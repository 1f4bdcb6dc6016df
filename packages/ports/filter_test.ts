import assert from "node:assert/strict";
import { type Filter, parseFilter, sockets } from "@posixly/ports";
import fc from "fast-check";
import { test } from "uvu";
import { Crowd, portOf, rows, ss, testAlone } from "./crowd_fixture.ts";

/** Filters as text, with brackets wherever precedence could be read in two ways. */
function filters(known: readonly number[]): fc.Arbitrary<string> {
  const port = fc.oneof(fc.constantFrom(...known), fc.integer({ min: 1, max: 65534 }));
  const comparison = fc.constantFrom("=", "!=", "<", ">", "<=", ">=", "eq", "ne", "lt", "gt");
  const host = fc.constantFrom(
    "127.0.0.1",
    "127.0.0.9",
    "127.0.0.0/8",
    "127/8",
    "127.0.0.8/29",
    "[::1]",
    "[::ffff:0:0/96]",
    "*",
  );
  const { filter } = fc.letrec<{ filter: string; leaf: string }>((tie) => ({
    leaf: fc.oneof(
      fc.tuple(fc.constantFrom("sport", "dport"), comparison, port).map((words) => words.join(" ")),
      fc.tuple(fc.constantFrom("src", "dst"), host).map((words) => words.join(" ")),
      fc.tuple(fc.constantFrom("src", "dst"), host, port)
        .filter(([, host]) => !host.includes("/"))
        .map(([side, host, port]) => `${side} ${host}:${port}`),
      fc.constant("autobound"),
    ),
    filter: fc.oneof(
      { maxDepth: 4, withCrossShrink: true },
      tie("leaf"),
      tie("filter").map((inner) => `not ( ${inner} )`),
      fc.tuple(tie("filter"), fc.constantFrom("and", "&&", "or", "||", ""), tie("filter"))
        .map(([a, operator, b]) => `( ( ${a} ) ${operator} ( ${b} ) )`),
    ),
  }));
  return filter;
}

testAlone("filters let through what those of ss do, in the kernel and by hand", async () => {
  using crowd = await new Crowd().gather();
  fc.assert(
    fc.property(filters([...crowd.listeners, ...crowd.datagrams].map(portOf)), (filter) => {
      const found = rows(sockets({ protocol: "tcp", filter }));
      assert.deepEqual(found, ss("-ta", filter));
      assert.deepEqual(rows(sockets({ protocol: "udp", filter })), ss("-ua", filter));
      if (!filter.includes("autobound")) {
        assert.deepEqual(
          rows(sockets({ protocol: "tcp", filter, source: "proc" })).length,
          found.length,
        );
      }
      const rest = rows(sockets({ protocol: "tcp", filter: `not ( ${filter} )` }));
      assert.equal(found.length + rest.length, sockets({ protocol: "tcp" }).length);
    }),
    { numRuns: 80 },
  );
});

testAlone("a state may be combined with anything, which ss cannot", async () => {
  using crowd = await new Crowd().gather();
  const [port] = crowd.listeners.map(portOf);
  const all = [...sockets({ protocol: "tcp" })];
  const filter = `state listening or ( sport = ${port} and not state time-wait )`;
  const expected = all.filter(({ state, localPort }) =>
    state === "listening" || (localPort === port && state !== "timeWait")
  );
  assert.deepEqual(rows(sockets({ protocol: "tcp", filter })), rows(expected));
  assert.deepEqual(
    rows(sockets({ protocol: "tcp", filter: "exclude connected exclude listening" })),
    [],
  );
});

test("text becomes data", () => {
  const cases: [string, Filter][] = [
    ["", { and: [] }],
    ["sport = :80", { localPort: 80 }],
    ["sport 80", { localPort: 80 }],
    ["dport lt 1024", { not: { remotePort: { first: 1024, last: 65535 } } }],
    ["dport > 65535", { not: { remotePort: { first: 0, last: 65535 } } }],
    ["sport != 0", { not: { localPort: 0 } }],
    ["src 10.0.0.0/8", { local: "10.0.0.0/8" }],
    ["src 10/8", { local: "10.0.0.0/8" }],
    ["dst 127.0/16:22", { and: [{ remote: "127.0.0.0/16" }, { remotePort: 22 }] }],
    ["src 10.1.2/24", { local: "10.1.2.0/24" }],
    ["dst != [fe80::/10]:22", { not: { and: [{ remote: "fe80::/10" }, { remotePort: 22 }] } }],
    ["dst [fe80::]/10:22", { and: [{ remote: "fe80::/10" }, { remotePort: 22 }] }],
    ["dst ::1", { remote: "::1" }],
    ["src *:80", { localPort: 80 }],
    ["src *", { and: [] }],
    ["dev lo", { interface: "lo" }],
    ["dev != 1", { not: { interface: 1 } }],
    ["autobound", { autoBound: true }],
    ["exclude listening", { not: { state: ["listening"] } }],
    ["not sport = 1 and dport = 2 or dport = 3", {
      or: [{ and: [{ not: { localPort: 1 } }, { remotePort: 2 }] }, { remotePort: 3 }],
    }],
    ["(sport=1||sport=2)dport=3", {
      and: [{ or: [{ localPort: 1 }, { localPort: 2 }] }, { remotePort: 3 }],
    }],
  ];
  for (const [text, filter] of cases) assert.deepEqual(parseFilter(text), filter, text);
});

test("what is no filter is refused, and the message says where", () => {
  assert.throws(() => parseFilter("sport = 80 and"), {
    name: "TypeError",
    message: 'Cannot parse filter: there should be a condition in "sport = 80 and <here>"',
  });
  assert.throws(() => parseFilter("sport = 65536"), { name: "RangeError" });
  for (const text of ["( sport = 1", "sport =", "sport = http", "port = 1", "state open", ")"]) {
    assert.throws(() => parseFilter(text), { name: "TypeError" }, text);
  }
  for (const text of ["src > 1.2.3.4", "= 5", "not", "src 1.2.3.4:x", "sport = -1", "sport ++ 1"]) {
    assert.throws(() => parseFilter(text), { name: "TypeError" }, text);
  }
  for (const filter of [{ and: "sport 1" }, { or: null }, { x: 1n }, { localPort: "1" }]) {
    assert.throws(() => sockets({ filter: filter as never }), {
      name: "TypeError",
      message: /must be an array of filters|has one of and, .* and not x|must be a whole number/,
    });
  }
  for (const text of ["src 127.", "src 127./8", "src 127", "src 1.2.3.4.5/8", "src /8"]) {
    assert.throws(() => sockets({ filter: text }), { name: "TypeError" }, text);
  }
  const filters: unknown[] = [{}, { and: [], or: [] }, { port: 1 }, null, { autoBound: false }, {
    local: "1.2.3.4/33",
  }];
  for (const filter of filters) {
    assert.throws(() => sockets({ filter: filter as Filter }), /Error/, JSON.stringify(filter));
  }
  assert.throws(() => sockets({ filter: { local: "1.2.3" } }), { name: "TypeError" });
  assert.throws(() => sockets({ filter: { localPort: { first: 2, last: 1 } } }), {
    name: "TypeError",
  });
  assert.throws(() => sockets({ filter: { interface: "nowhere" } }), { code: "ENODEV" });
});

test("a filter is nested only so deep, and has only so much code", () => {
  for (const [open, close] of [["(", ")"], ["!", ""], ["not ( ", " )"]]) {
    const inside = (depth: number) => `${open.repeat(depth)} sport 1 ${close.repeat(depth)}`;
    const levels = open.startsWith("not") ? 100 : 200;
    parseFilter(`${inside(levels)} and ${inside(levels)}`);
    for (const depth of [levels + 1, 100_000]) {
      assert.throws(() => parseFilter(inside(depth)), tooDeep);
    }
  }
  const cyclic: { not: Filter } = { not: { and: [] } };
  cyclic.not = { and: [{ or: [cyclic] }] };
  assert.throws(() => sockets({ filter: cyclic }), tooDeep);
  const many = Array.from({ length: 100_000 }, (): Filter => ({ localPort: 1 }));
  assert.throws(() => sockets({ filter: { or: [{ and: many }, { localPort: 1 }] } }), {
    name: "RangeError",
    message: "A filter cannot have 1200000 bytes of code, only 65531",
  });
});

const tooDeep = {
  name: "RangeError",
  message: "A filter may be nested 200 levels deep, and no deeper",
};

test("any text is a filter or an error, and never anything else", () => {
  const words = [
    "sport",
    "dst",
    "=",
    "(",
    ")",
    "not",
    "or",
    "and",
    "80",
    "::1",
    "state",
    "!",
    "[",
    "/",
  ];
  const text = fc.oneof(
    fc.string({ maxLength: 30 }),
    fc.array(fc.constantFrom(...words), { maxLength: 8 }).map((some) => some.join(" ")),
    fc.tuple(fc.constantFrom("(", "not ", "! (", "sport "), fc.nat(100_000))
      .map(([word, times]) => word.repeat(times)),
  );
  fc.assert(fc.property(text, (text) => {
    try {
      parseFilter(text);
    } catch (error) {
      assert.ok(error instanceof TypeError || error instanceof RangeError, text);
      assert.doesNotMatch(error.message, /call stack/, text);
    }
  }));
});

testAlone("all and nothing are filters, too, and a long one is run", async () => {
  using _crowd = await new Crowd().gather();
  const count = (filter: Filter) => sockets({ protocol: "tcp", filter }).length;
  const all = count({ and: [] });
  assert.ok(all > 0);
  assert.equal(count({ or: [] }), 0);
  assert.equal(count({ not: { or: [] } }), all);
  assert.equal(count({ not: { and: [] } }), 0);
  assert.equal(count({ or: [{ or: [] }, { and: [] }] }), all);
  assert.equal(count({ localPort: { first: 0, last: 65535 } }), all);
  assert.equal(count({ local: "0.0.0.0/0" }) + count({ not: { local: "0.0.0.0/0" } }), all);
  assert.equal(count({ interface: 0 }), all);
  const none = Array.from({ length: 1000 }, (_, i): Filter => ({ localPort: i + 1 }));
  assert.equal(count({ or: [...none, { localPort: { first: 1, last: 65535 } }] }), all);
  assert.throws(() => count({ or: [...none, ...none, ...none, ...none, ...none] }), RangeError);
});

test.run();
