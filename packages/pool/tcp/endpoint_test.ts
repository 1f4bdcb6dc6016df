import assert from "node:assert/strict";
import fc from "fast-check";
import { test } from "uvu";
import { listenTcp } from "@posixly/socket";
import { destinationOf, endpointKey, type EndpointLike } from "./endpoint.ts";

const same = (...spelt: EndpointLike[]) => assert.equal(new Set(spelt.map(endpointKey)).size, 1);
const differ = (...spelt: EndpointLike[]) =>
  assert.equal(new Set(spelt.map(endpointKey)).size, spelt.length);

test("case, spelling and defaults make no difference", () => {
  same("Example.COM:80", "example.com:80", { host: "EXAMPLE.com" }, {
    host: "example.com",
    port: 80,
  });
  same({ host: "a.test", tls: true }, {
    host: "A.test",
    port: 443,
    tls: true,
    serverName: "a.TEST",
  });
  same("[::1]:80", "[0:0:0:0:0:0:0:1]:80", { host: "::1" }, { host: "[::1]" }, { host: "0::1" });
  same({ host: "a", tls: false }, { host: "a" }, { host: "a", from: undefined, port: undefined });
  same(
    { host: "a", from: "[::1]:0" },
    { host: "a", from: { family: "ipv6", host: "0::1", port: 0 } },
  );
  same({ host: "a", serverName: "ignored.without.tls" }, { host: "a" });
});

test("port, TLS, its name, and our own address do make one", () => {
  differ(
    "a:80",
    "a:81",
    "b:80",
    { host: "a", port: 80, tls: true },
    { host: "a", port: 80, tls: true, serverName: "b" },
    { host: "a", port: 80, from: "127.0.0.1:0" },
    { host: "a", port: 80, from: "127.0.0.2:0" },
    { host: "a", port: 80, tls: true, from: "127.0.0.1:0" },
    "127.0.0.1:80",
    "[::1]:80",
    "[::127.0.0.1]:80",
  );
});

test("no two places that differ have the same key", () => {
  const endpoint = fc.record({
    host: fc.oneof(fc.domain(), fc.ipV4(), fc.ipV6(), fc.constantFrom("a", "b")),
    port: fc.integer({ min: 1, max: 65_535 }),
    tls: fc.boolean(),
    serverName: fc.option(fc.domain(), { nil: undefined }),
    from: fc.constantFrom(undefined, "127.0.0.1:0", "127.0.0.2:0", "[::1]:0"),
  });
  fc.assert(fc.property(endpoint, endpoint, (one, other) => {
    const alike = JSON.stringify(destinationOf(one)) === JSON.stringify(destinationOf(other));
    assert.equal(endpointKey(one) === endpointKey(other), alike);
    assert.equal(endpointKey(destinationOf(one)), endpointKey(one)); // said in full, it stays so
  }));
});

test("an address as a listener tells its own is an endpoint", () => {
  using listener = listenTcp("[::1]:0");
  const { localAddress } = listener;
  assert.ok(localAddress.family === "ipv6");
  same(localAddress, { host: "::1", port: localAddress.port });
});

test("an address has no name to be asked for, and a name has one", () => {
  const nameOf = (to: EndpointLike) => destinationOf(to).serverName;
  assert.equal(nameOf({ host: "127.0.0.1", tls: true }), undefined);
  assert.equal(nameOf({ host: "::1", tls: true }), undefined);
  assert.equal(nameOf({ host: "127.0.0.1", tls: true, serverName: "A.test" }), "a.test");
  assert.equal(nameOf({ host: "A.test", tls: true }), "a.test");
  assert.equal(nameOf({ host: "a.test" }), undefined);
});

test("what is no endpoint is said so", () => {
  const wrong = [
    "",
    "a",
    ":80",
    "a:",
    "a:b",
    "a:80:90",
    "http://a:80",
    "::1:80",
    "[::1]",
    null,
    7,
    {},
    { host: "" },
    { host: 7 },
    { host: "a\0b" },
    { host: "[:::]" },
    { host: "a", port: "80" },
    { host: "a", tls: "yes" },
    { host: "a", path: "/" },
    { host: "a", tls: true, serverName: "" },
    { host: "a", tls: true, serverName: "127.0.0.1" },
    { host: "a", from: "nowhere" },
    { family: "unix", path: "/run/x" },
  ];
  for (const to of wrong) assert.throws(() => endpointKey(to as string), TypeError, String(to));
  for (const port of [0, -1, 65_536, 1.5, NaN]) {
    assert.throws(() => endpointKey({ host: "a", port }), RangeError);
  }
  assert.throws(() => endpointKey("a:65536"), RangeError);
});

test.run();
