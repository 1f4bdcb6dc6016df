import assert from "node:assert/strict";
import {
  type ConnectionState,
  mayReachTimeWait,
  type TcpEvent,
  tcpPath,
  tcpTransitions,
  transition,
} from "@posixly/ports";
import fc from "fast-check";
import { test } from "uvu";

const states = [...new Set(tcpTransitions.map(({ from }) => from))];
const events = [...new Set(tcpTransitions.map(({ event }) => event))];

test("there are the states of rfc9293, and each can be reached and left", () => {
  assert.deepEqual(new Set(states), new Set(tcpTransitions.map(({ to }) => to)));
  assert.equal(states.length, 11);
});

test("a state and an event lead to one state at most", () => {
  const keys = tcpTransitions.map(({ from, event }) => `${from} ${event}`);
  assert.equal(new Set(keys).size, keys.length);
});

test("a transition is made if it is in the table, and refused if it is not", () => {
  for (const state of states) {
    for (const event of events) {
      const move = tcpTransitions.find((each) => each.from === state && each.event === event);
      if (move) assert.equal(transition(state, event), move.to);
      else assert.throws(() => transition(state, event), new RegExp(`^Error: ${state} has no`));
    }
  }
});

test("a way through the machine is as long as what happens, step by step", () => {
  fc.assert(fc.property(fc.array(fc.nat(), { maxLength: 30 }), (choices) => {
    let state: ConnectionState = "closed";
    const happening: TcpEvent[] = [];
    const expected: ConnectionState[] = [];
    for (const choice of choices) {
      const possible = tcpTransitions.filter(({ from }) => from === state);
      const { event, to } = possible[choice % possible.length];
      happening.push(event);
      expected.push(state = to);
    }
    assert.deepEqual(tcpPath("closed", happening), expected);
  }));
});

test("a FIN is sent once, and who has sent none and has got one never waits", () => {
  fc.assert(fc.property(fc.array(fc.nat(), { maxLength: 30 }), (choices) => {
    let state: ConnectionState = "established";
    let sent = 0;
    for (const choice of choices) {
      const possible = tcpTransitions.filter(({ from }) => from === state);
      const move = possible[choice % possible.length];
      if (move.sends === "FIN") sent++;
      if (state === "closeWait" || state === "lastAck") assert.notEqual(move.to, "timeWait");
      state = move.to;
      if (state === "closed" || state === "timeWait") break;
    }
    assert.ok(sent <= 1);
    if (state === "timeWait") assert.equal(sent, 1);
  }));
});

test("who may still come to TIME_WAIT is whoever has not left it to the other end", () => {
  const never = states.filter((state) => !mayReachTimeWait(state));
  assert.deepEqual(never.sort(), ["closeWait", "lastAck"]);
});

test("what is no state, event, or way is refused", () => {
  assert.throws(() => transition("open" as "closed", "close"), { name: "TypeError" });
  assert.throws(() => transition("closed", "open" as "listen"), { name: "TypeError" });
  assert.throws(() => mayReachTimeWait("open" as "closed"), { name: "TypeError" });
  assert.throws(() => tcpPath("open" as "closed", []), { name: "TypeError" });
  assert.throws(() => tcpPath("established", ["close", "listen"]), /finWait1 has no listen/);
});

test.run();
