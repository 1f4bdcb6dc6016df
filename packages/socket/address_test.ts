import assert from "node:assert/strict";
import fc from "fast-check";
import { test } from "uvu";
import {
  ADDRESS_SIZE,
  decodeAddress,
  encodeAddress,
  formatAddress,
  formatIpv4,
  formatIpv6,
  type PacketType,
  parseAddress,
  sameAddress,
  type SocketAddress,
  writeAddress,
} from "@posixly/socket";

const bytes = (minLength: number, maxLength = minLength) => fc.uint8Array({ minLength, maxLength });
const upTo = (max: number) => fc.integer({ min: 0, max });
const port = upTo(0xffff);
const u32 = upTo(0xffff_ffff);
const index = upTo(0x7fff_ffff);
/** Text of every kind, also such as would break a line, or show as an escape. */
const text = (unit = fc.string({ unit: "binary", maxLength: 1 })) =>
  fc.string({
    unit: fc.oneof(unit, fc.constantFrom("@", "\\", "x", "4", ":", "\n")),
    maxLength: 26,
  });
const name = fc.oneof(text(), bytes(0, 107));
const hasNul = (name: string | Uint8Array) =>
  typeof name === "string" ? name.includes("\0") : name.includes(0);
const packetTypes: PacketType[] = ["host", "broadcast", "otherHost", "outgoing", "kernel"];

/** Any address at all, with what may be left out sometimes left out. */
const anyAddress: fc.Arbitrary<SocketAddress> = fc.oneof(
  fc.record({ family: fc.constant("ipv4"), host: bytes(4).map(formatIpv4), port }),
  fc.record({
    family: fc.constant("ipv6"),
    host: bytes(16).map(formatIpv6),
    port,
    scope: u32,
    flow: upTo(0x0fff_ffff),
  }, { requiredKeys: ["family", "host", "port"] }),
  fc.constant({ family: "unix" }),
  fc.record({
    family: fc.constant("unix"),
    path: fc.oneof(name, bytes(108)).filter((path) => path.length > 0 && !hasNul(path)),
  }),
  fc.record({ family: fc.constant("unix"), abstract: name }),
  fc.record({ family: fc.constant("vsock"), cid: u32, port: u32, flags: upTo(0xff) }, {
    requiredKeys: ["family", "cid", "port"],
  }),
  fc.record({ family: fc.constant("netlink"), pid: u32, groups: u32 }),
  fc.record({
    family: fc.constant("packet"),
    protocol: port,
    interface: index,
    hardwareType: port,
    packetType: fc.oneof(fc.constantFrom(...packetTypes), upTo(0xff)),
    hardwareAddress: bytes(0, 32),
  }, { requiredKeys: ["family", "protocol", "interface"] }),
  fc.record({ family: fc.constant("can"), interface: index, detail: bytes(0, 16) }, {
    requiredKeys: ["family", "interface"],
  }),
  fc.record({ family: fc.integer({ min: 41, max: 0xffff }), bytes: bytes(0, ADDRESS_SIZE - 2) }),
) as fc.Arbitrary<SocketAddress>;

test("what was encoded is decoded to the same", () => {
  fc.assert(
    fc.property(anyAddress, (address) => {
      const bytes = encodeAddress(address);
      const decoded = decodeAddress(bytes);
      assert.deepEqual(encodeAddress(decoded), bytes);
      assert.deepEqual(decodeAddress(encodeAddress(decoded)), decoded);
      assert.equal(decoded.family, address.family);
      assert.ok(sameAddress(address, decoded));
    }),
    { numRuns: 1000 },
  );
});

test("an address that is cut off anywhere is decoded all the same, and nothing of it is lost", () => {
  fc.assert(fc.property(anyAddress, (address) => {
    const bytes = encodeAddress(address);
    for (let length = 0; length <= bytes.length; length++) {
      const cut = bytes.slice(0, length);
      const decoded = decodeAddress(cut);
      assert.deepEqual(decodeAddress(bytes, length), decoded);
      if (typeof decoded.family === "number" && length >= 2) {
        assert.deepEqual(encodeAddress(decoded), cut);
      }
    }
  }));
});

test("any bytes are an address of some kind", () => {
  const families = fc.constantFrom(0, 1, 2, 10, 16, 17, 29, 31, 40);
  const noise = fc.uint8Array({ maxLength: ADDRESS_SIZE - 2 });
  fc.assert(
    fc.property(families, noise, fc.nat(200), (family, noise, length) => {
      const bytes = Uint8Array.of(family, 0, ...noise);
      const decoded = decodeAddress(bytes, length);
      assert.equal(typeof decoded, "object");
      assert.deepEqual(decodeAddress(encodeAddress(decoded)), decoded);
    }),
    { numRuns: 2000 },
  );
});

test("a buffer that is used again holds nothing of the last address", () => {
  fc.assert(fc.property(anyAddress, fc.nat(8), (address, more) => {
    const into = new Uint8Array(ADDRESS_SIZE + more).fill(0xa5);
    const length = writeAddress(address, into);
    assert.deepEqual(into.slice(0, length), encodeAddress(address));
    assert.ok(into.subarray(length, ADDRESS_SIZE).every((byte) => byte === 0));
    assert.ok(into.subarray(ADDRESS_SIZE).every((byte) => byte === 0xa5));
  }));
});

test("what was printed is parsed to the same, and is one line that shows all there is", () => {
  fc.assert(
    fc.property(anyAddress, (address) => {
      const text = formatAddress(address);
      assert.ok(sameAddress(parseAddress(text), address), text);
      assert.deepEqual(parseAddress(text), decodeAddress(encodeAddress(address)));
      assert.equal(formatAddress(text), text);
      assert.doesNotMatch(text, /[\p{C}\p{Zl}\p{Zp}]/u);
    }),
    { numRuns: 2000 },
  );
});

test("two addresses have the same text if they are the same, and only then", () => {
  fc.assert(fc.property(anyAddress, anyAddress, (a, b) => {
    assert.equal(formatAddress(a) === formatAddress(b), sameAddress(a, b));
  }));
});

test("text that is no address is refused as an argument is, however it was mistyped", () => {
  const edit = fc.tuple(fc.nat(), fc.nat(2), fc.oneof(text(), fc.constantFrom("[", "]", "%", "?")));
  fc.assert(
    fc.property(anyAddress.map(formatAddress), edit, (text, [at, removed, added]) => {
      const from = at % (text.length + 1);
      const mistyped = text.slice(0, from) + added + text.slice(from + removed);
      try {
        assert.deepEqual(parseAddress(formatAddress(mistyped)), parseAddress(mistyped));
      } catch (error) {
        const { name, code } = error as Error & { code?: string };
        assert.ok(["TypeError", "RangeError"].includes(name) || code === "ENODEV", `${error}`);
      }
    }),
    { numRuns: 2000 },
  );
});

test.run();
