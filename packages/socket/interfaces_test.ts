import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { networkInterfaces } from "node:os";
import { test } from "uvu";
import { testNeeding, withoutLeaks } from "@posixly/testing";
import { interfaceIndex, interfaceName, interfaces } from "@posixly/socket";

test("every interface is found by its name and by its index", () =>
  withoutLeaks(() => {
    const all = interfaces();
    assert.ok(all.length > 0);
    for (const { index, name } of all) {
      assert.equal(interfaceIndex(name), index);
      assert.equal(interfaceName(index), name);
    }
  }));

test("all that have an address are among them", () => {
  const names = interfaces().map(({ name }) => name);
  for (const name of Object.keys(networkInterfaces())) assert.ok(names.includes(name), name);
});

testNeeding("python3", "the C library knows the same interfaces", () => {
  const script = "import json, socket; print(json.dumps(socket.if_nameindex()))";
  const known: [number, string][] = JSON.parse(
    execFileSync("python3", ["-c", script], { encoding: "utf8" }),
  );
  assert.deepEqual(
    interfaces().sort((a, b) => a.index - b.index),
    known.map(([index, name]) => ({ index, name })).sort((a, b) => a.index - b.index),
  );
});

test("an interface that is not there is an error, and nothing stays open", () =>
  withoutLeaks(() => {
    assert.throws(() => interfaceIndex("nowhere"), { code: "ENODEV", address: "nowhere" });
    assert.throws(() => interfaceName(0x7fff_ffff), {
      code: "ENODEV",
      address: "interface 2147483647",
    });
  }));

test("what cannot be an interface is refused", () => {
  assert.throws(() => interfaceIndex(""), RangeError);
  assert.throws(() => interfaceIndex("sixteen-letters."), {
    name: "RangeError",
    message: "name must be 1 to 15 bytes, not 16",
  });
  assert.throws(() => interfaceIndex("lo\0"), TypeError);
  assert.throws(() => interfaceIndex(1 as never), TypeError);
  assert.throws(() => interfaceName(0), RangeError);
  assert.throws(() => interfaceName(2 ** 31), RangeError);
  assert.throws(() => interfaceName("lo" as never), TypeError);
});

test.run();
