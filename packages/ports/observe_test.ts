import assert from "node:assert/strict";
import { withoutLeaks } from "@posixly/testing";
import { test } from "uvu";
import { type Chooser, observe } from "@posixly/ports";

test("Linux connects by double hash, and looks at every second port", () =>
  withoutLeaks(() => {
    const { strategy, step, distances } = observe("connect");
    assert.equal(strategy, "doubleHash");
    assert.equal(step, 2);
    assert.equal(distances.length, 105); // 120 ports, less one where each block begins
  }));

test("Linux binds to any port, and goes on from a taken one upwards", () =>
  withoutLeaks(() => {
    assert.equal(observe("bind").strategy, "simpleRandom");
    assert.equal(observe("datagram").strategy, "simpleRandom");
  }));

test("who chooses no ports is refused", () => {
  assert.throws(() => observe("listen" as Chooser), {
    name: "TypeError",
    message: 'chooser must be one of connect, bind, datagram, not "listen"',
  });
});

test.run();
