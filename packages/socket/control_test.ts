import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { test } from "uvu";
import { testNeeding } from "@posixly/testing";
import { type AncillaryData, decodeControl, encodeControl } from "@posixly/socket";
import { messagesIn, spaceFor } from "./control_message.ts";

function record<T>(model: { [Key in keyof T]: fc.Arbitrary<T[Key]> }, requiredKeys?: []) {
  return fc.record(model, { noNullPrototype: true, ...(requiredKeys && { requiredKeys }) });
}

const u32 = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const i31 = fc.integer({ min: 0, max: 2 ** 31 - 1 });
const port = fc.integer({ min: 0, max: 65535 });
const ipv4 = fc.ipV4();
const time = record({
  seconds: fc.oneof(fc.maxSafeNat(), fc.constant(2n ** 62n)),
  nanoseconds: fc.integer({ min: 0, max: 999_999_999 }),
});
const ipv4Address = record({ family: fc.constant("ipv4" as const), host: ipv4, port });
const ipv6Address = record({
  family: fc.constant("ipv6" as const),
  host: fc.constantFrom("::1", "fe80::1", "2001:db8::5"),
  port,
});
const uid = fc.integer({ min: 0, max: 2 ** 32 - 2 });

/** Everything that has a name, in the form in which it is read. */
const anything: fc.Arbitrary<AncillaryData> = record({
  descriptors: fc.array(i31, { maxLength: 253 }),
  credentials: record({ pid: i31, uid, gid: uid }),
  pidfd: fc.integer({ min: -4095, max: 2 ** 31 - 1 }),
  security: fc.stringMatching(/^[a-z_:.]*$/),
  packetInfo: fc.oneof(
    record({ host: ipv4, interface: i31, local: ipv4 }),
    record({ host: fc.constantFrom("::1", "::", "ff02::1"), interface: i31 }),
  ),
  ttl: fc.integer({ min: 0, max: 255 }),
  hopLimit: fc.integer({ min: -1, max: 255 }),
  tos: fc.integer({ min: 0, max: 255 }),
  trafficClass: fc.integer({ min: -1, max: 255 }),
  segmentSize: fc.integer({ min: 1, max: 65535 }),
  mark: u32,
  priority: u32,
  sendTime: fc.oneof(fc.maxSafeNat(), fc.constant(2n ** 64n - 1n)),
  timestamp: time,
  timestamps: fc.oneof(
    fc.constant({}),
    record({ hardware: time.map((time) => ({ ...time, seconds: 5 })) }),
    record({ software: time.map((time) => ({ ...time, seconds: 5 })) }),
  ),
  dropped: u32,
  queued: i31,
  originalAddress: fc.oneof(ipv4Address, ipv6Address),
  fragmentSize: i31,
  netlinkGroup: u32,
  error: record({
    name: fc.constant("ECONNREFUSED"),
    errno: fc.constant(111),
    origin: fc.constantFrom("local", "icmp", "icmp6", "timestamping", "zerocopy", 77),
    type: fc.integer({ min: 0, max: 255 }),
    code: fc.integer({ min: 0, max: 255 }),
    info: u32,
    data: u32,
    offender: fc.oneof(fc.constant(null), ipv4Address, ipv6Address),
  }),
  others: fc.array(
    record({
      level: fc.integer({ min: 1000, max: 2 ** 31 - 1 }),
      type: i31,
      bytes: fc.uint8Array({ maxLength: 40 }),
    }),
    { minLength: 1, maxLength: 4 },
  ),
}, []) as fc.Arbitrary<AncillaryData>;

test("what is written into control messages is read from them", () => {
  fc.assert(fc.property(anything, (data) => {
    const bytes = encodeControl(data);
    assert.equal(bytes.length % 8, 0);
    assert.deepEqual(decodeControl(bytes), data);
  }));
});

test("cut off anywhere, what is whole is there, and descriptors as far as they are whole", () => {
  fc.assert(fc.property(anything, fc.nat({ max: 2000 }), (data, cut) => {
    const bytes = encodeControl(data).slice(0, cut);
    const { others = [], descriptors = [], ...read } = decodeControl(bytes);
    for (const [name, value] of Object.entries(read)) {
      if (name === "security" || name === "error") continue; // of any length
      assert.deepEqual(value, data[name as keyof AncillaryData], name);
    }
    assert.deepEqual(descriptors, data.descriptors?.slice(0, descriptors.length) ?? []);
    const size = others.reduce((sum, { bytes }) => sum + bytes.length, 0) + 4 * descriptors.length;
    assert.ok(size <= bytes.length);
  }));
});

test("any bytes at all are read without going past their end", () => {
  const length = fc.constantFrom(0, 1, 15, 16, 17, 20, 0x7fff_ffff, 2 ** 32 - 1);
  const header = fc.tuple(length, fc.constantFrom(0, 1, 0xffff_ffff), fc.nat(50), fc.nat(110));
  const chaos = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    fc.array(header).map((words) => new Uint8Array(Uint32Array.from(words.flat()).buffer)),
  );
  fc.assert(fc.property(chaos, (bytes) => {
    const around = new Uint8Array(bytes.length + 64).fill(0xa5);
    around.set(bytes, 32);
    const within = around.subarray(32, 32 + bytes.length);
    assert.deepEqual(decodeControl(within), decodeControl(bytes.slice()));
    for (const message of messagesIn(within)) {
      assert.ok(message.bytes.byteOffset + message.bytes.length <= 32 + bytes.length);
    }
  }));
});

test("what comes twice, or too short, is kept as bytes", () => {
  const twice = new Uint8Array([...encodeControl({ ttl: 1 }), ...encodeControl({ ttl: 2 })]);
  assert.deepEqual(decodeControl(twice), {
    ttl: 1,
    others: [{ level: 0, type: 2, bytes: new Uint8Array([2, 0, 0, 0]) }],
  });
  const credentials = encodeControl({ credentials: { pid: 1, uid: 2, gid: 3 } });
  assert.deepEqual(decodeControl(credentials.slice(0, 24)), {
    others: [{ level: 1, type: 2, bytes: new Uint8Array([1, 0, 0, 0, 2, 0, 0, 0]) }],
  });
  assert.deepEqual(decodeControl(credentials.slice(0, 15)), {});
  assert.deepEqual(decodeControl(new Uint8Array(64)), {}); // a length of 0 would never end
});

test("what is read is a copy", () => {
  const others = [{ level: 9999, type: 1, bytes: new Uint8Array([1, 2]) }];
  const bytes = encodeControl({ others });
  const read = decodeControl(bytes);
  bytes.fill(0xa5);
  assert.deepEqual(read, { others });
});

test("times of either option are told alike, and one byte is enough for a type of service", () => {
  const SOL_SOCKET = 1, SO_TIMESTAMP = 29;
  const bytes = new Uint8Array(new BigInt64Array([7n, 250_000n]).buffer);
  const others = [{ level: SOL_SOCKET, type: SO_TIMESTAMP, bytes }];
  assert.deepEqual(decodeControl(encodeControl({ others })), {
    timestamp: { seconds: 7, nanoseconds: 250_000_000 },
  });
  const tos = [{ level: 0, type: 1, bytes: new Uint8Array([0x10]) }];
  assert.deepEqual(decodeControl(encodeControl({ others: tos })), { tos: 0x10 });
  const UDP_GRO = 104;
  const gro = [{ level: 17, type: UDP_GRO, bytes: new Uint8Array([0xe8, 3, 0, 0]) }];
  assert.deepEqual(decodeControl(encodeControl({ others: gro })), { segmentSize: 1000 });
});

test("values that do not fit are refused, and names that are misspelt", () => {
  const wrong: [object, { name: string; message?: RegExp }][] = [
    [{ ttl: 256 }, { name: "RangeError", message: /ttl must be between 0 and 255/ }],
    [{ ttl: "1" }, { name: "TypeError" }],
    [{ hopLimit: -2 }, { name: "RangeError" }],
    [{ tos: 256 }, { name: "RangeError" }],
    [{ segmentSize: 0 }, { name: "RangeError" }],
    [{ segmentSize: 65536 }, { name: "RangeError" }],
    [{ sendTime: -1 }, { name: "RangeError" }],
    [{ descriptors: [-1] }, { name: "RangeError", message: /descriptors\[0\]/ }],
    [{ descriptors: 1 }, { name: "TypeError" }],
    [{ credentials: { pid: 1, uid: 2 ** 32 - 1, gid: 0 } }, { name: "RangeError" }],
    [{ credentials: { pid: 1, uid: 0 } }, { name: "TypeError" }],
    [{ packetInfo: { host: "localhost" } }, { name: "TypeError", message: /addresses of one/ }],
    [{ packetInfo: { host: "127.0.0.1", local: "::1" } }, { name: "TypeError" }],
    [{ packetInfo: { host: "::1", index: 1 } }, { name: "TypeError", message: /option index/ }],
    [{ packetInfo: null }, { name: "TypeError" }],
    [{ others: {} }, { name: "TypeError" }],
    [{ others: [{ level: 1, type: -1, bytes: new Uint8Array() }] }, { name: "RangeError" }],
    [{ others: [{ level: 1, type: 1, bytes: [1] }] }, { name: "TypeError" }],
    [{ timeToLive: 1 }, { name: "TypeError", message: /there is no option timeToLive/ }],
  ];
  for (const [data, error] of wrong) {
    assert.throws(() => encodeControl(data as AncillaryData), error, JSON.stringify(data));
  }
  assert.throws(() => decodeControl([] as never), TypeError);
  assert.equal(encodeControl({ ttl: undefined }).length, 0);
});

testNeeding("python3", "a control message takes as much room as C gives it", () => {
  const script = "import socket; print(*[socket.CMSG_SPACE(n) for n in range(300)])";
  const spaces = execFileSync("python3", ["-c", script], { encoding: "utf8" }).split(" ");
  assert.deepEqual(spaces.map(Number), Array.from({ length: 300 }, (_, n) => spaceFor(n)));
});

test.run();
