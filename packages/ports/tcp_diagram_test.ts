import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "uvu";
import { tcpTransitions } from "@posixly/ports";

/** The diagram of the guide; tests run in the folder of the project. */
const diagram = readFileSync("docs/guide/media/tcp_states.svg", "utf8");

const events: Record<string, string> = {
  "receive SYN": "receiveSyn",
  "receive SYN-ACK": "receiveSynAck",
  "receive ACK": "receiveAck",
  "receive FIN": "receiveFin",
  "receive FIN-ACK": "receiveFinAck",
  "60 s": "timeout",
};

test("the diagram has every state, and no arrow that the machine has not", () => {
  const states = new Set(tcpTransitions.flatMap(({ from, to }) => [from, to]));
  const drawn = [...diagram.matchAll(/data-state="(\w+)"/g)].map(([, state]) => state);
  assert.deepEqual(drawn.sort(), [...states].sort());

  const arrows = diagram.matchAll(
    /data-from="(\w+)"\s+data-to="(\w+)"[^>]*>\s*<text[^>]*>\s*([^<]+?)\s*</g,
  );
  let count = 0;
  for (const [, from, to, text] of arrows) {
    const [event, sends] = text.split(" / ");
    const move = tcpTransitions.find((it) => (
      it.from === from && it.to === to && it.event === (events[event] ?? event)
    ));
    assert.ok(move, `${from} to ${to} by ${text}`);
    assert.equal(move.sends, sends, text);
    count++;
  }
  assert.equal(count, diagram.match(/data-from=/g)!.length);
});

test.run();
