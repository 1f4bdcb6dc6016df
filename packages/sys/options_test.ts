import assert from "node:assert/strict";
import { bitsOf, requireKnown } from "@posixly/sys";
import { test } from "uvu";

test("what is no object has no options, and is refused", () => {
  for (const bad of [null, undefined, 5, true, "read", Symbol("read"), () => {}]) {
    const message = /^TypeError: options must be an object, not /;
    assert.throws(() => bitsOf({ read: 1 }, bad as never), message);
    assert.throws(() => requireKnown(bad as never, ["read"]), message);
  }
});

test("an error names the options that stand for no bits, too", () => {
  assert.throws(() => bitsOf({ read: 1 }, { raed: true } as object, ["mode"]), {
    name: "TypeError",
    message: "there is no option raed, only read, mode",
  });
});

test("options on a prototype are options", () => {
  const options = Object.create({ read: true });
  assert.equal(bitsOf({ read: 4 }, options), 4);
  requireKnown(options, ["read"]);
  assert.throws(() => requireKnown(options, ["write"]), /there is no option read, only write/);
});

test.run();
