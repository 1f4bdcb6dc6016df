import assert from "node:assert/strict";
import { test } from "uvu";
import {
  ADDRESS_SIZE,
  type AddressLike,
  decodeAddress,
  encodeAddress,
  type PacketType,
  sameAddress,
  type SocketAddress,
  type UnixAddress,
  writeAddress,
} from "@posixly/socket";

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
const hexOf = (address: AddressLike) => hex(encodeAddress(address));
const utf8 = (text: string) => new TextEncoder().encode(text);

test("every number is in the byte order that C wants", () => {
  assert.equal(
    hexOf({ family: "ipv4", host: "1.2.3.4", port: 0x1234 }),
    "0200" + "1234" + "01020304" + "00".repeat(8),
  );
  assert.equal(
    hexOf({ family: "ipv6", host: "1:203::f", port: 0x1234, scope: 0x56789abc, flow: 0xbcdef }),
    "0a00" + "1234" + "000bcdef" + "00010203" + "00".repeat(11) + "0f" + "bc9a7856",
  );
  assert.equal(
    hexOf({ family: "vsock", cid: 0x12345678, port: 0x9abcdef0, flags: 1 }),
    "2800" + "0000" + "f0debc9a" + "78563412" + "01000000",
  );
  assert.equal(
    hexOf({ family: "netlink", pid: 0x12345678, groups: 0x80000001 }),
    "1000" + "0000" + "78563412" + "01000080",
  );
  assert.equal(
    hexOf({
      family: "packet",
      protocol: 0x86dd,
      interface: 0x1234567,
      hardwareType: 0x1234,
      packetType: "otherHost",
      hardwareAddress: Uint8Array.of(1, 2, 3, 4, 5, 6),
    }),
    "1100" + "86dd" + "67452301" + "3412" + "03" + "06" + "0102030405060000",
  );
  assert.equal(
    hexOf({ family: "can", interface: 0x1234567, detail: Uint8Array.of(1, 2, 3) }),
    "1d00" + "0000" + "67452301" + "010203" + "00".repeat(13),
  );
  assert.equal(hexOf({ family: 0x1234, bytes: Uint8Array.of(0xa5) }), "3412" + "a5");
});

test("an address of Unix is as long as its name says", () => {
  const lengthOf = (address: Omit<UnixAddress, "family">) =>
    encodeAddress({ family: "unix", ...address }).length;
  assert.equal(lengthOf({}), 2);
  assert.equal(lengthOf({ path: "abc" }), 2 + 3 + 1);
  assert.equal(lengthOf({ path: "é" }), 2 + 2 + 1);
  assert.equal(lengthOf({ path: "x".repeat(107) }), 2 + 107 + 1);
  assert.equal(lengthOf({ path: "x".repeat(108) }), 2 + 108); // there is no room for a NUL
  assert.equal(lengthOf({ abstract: "" }), 3);
  assert.equal(lengthOf({ abstract: "abc" }), 2 + 1 + 3);
  assert.equal(lengthOf({ abstract: "x".repeat(107) }), 110);
});

test("what is usual is decoded to the very same value", () => {
  const addresses: SocketAddress[] = [
    { family: "ipv4", host: "127.0.0.1", port: 80 },
    { family: "ipv6", host: "::1", port: 80 },
    { family: "ipv6", host: "fe80::1", port: 80, scope: 2 },
    { family: "ipv6", host: "fe80::1", port: 80, flow: 0x12345 },
    { family: "unix" },
    { family: "unix", path: "/run/x.sock" },
    { family: "unix", path: "\u{feff}é" },
    { family: "unix", path: Uint8Array.of(0xff, 0x41) },
    { family: "unix", abstract: "" },
    { family: "unix", abstract: "a\0b\0" },
    { family: "unix", abstract: Uint8Array.of(0, 0xff) },
    { family: "vsock", cid: 2, port: 1024 },
    { family: "vsock", cid: 2, port: 1024, flags: 1 },
    { family: "netlink", pid: 7, groups: 1 },
    { family: "can", interface: 3 },
    { family: 31, bytes: Uint8Array.of(1, 2) },
  ];
  for (const address of addresses) {
    assert.deepEqual(decodeAddress(encodeAddress(address)), address);
  }
});

test("a length beyond the bytes there are is that of a path without room for its NUL", () => {
  const path = "/" + "x".repeat(107);
  const bytes = new Uint8Array(ADDRESS_SIZE).fill(0xa5);
  bytes.set(encodeAddress({ family: "unix", path }));
  assert.deepEqual(decodeAddress(bytes, 111), { family: "unix", path });
  assert.deepEqual(decodeAddress(bytes.subarray(0, 110), 111), { family: "unix", path });
});

test("a path ends at its NUL, an abstract name only where the kernel says", () => {
  const padded = Uint8Array.of(1, 0, 0x61, 0, 0x62, 0);
  assert.deepEqual(decodeAddress(padded), { family: "unix", path: "a" });
  const abstract = Uint8Array.of(1, 0, 0, 0x61, 0, 0);
  assert.deepEqual(decodeAddress(abstract), { family: "unix", abstract: "a\0\0" });
});

test("no address at all is family 0", () => {
  assert.deepEqual(decodeAddress(new Uint8Array(16), 0), { family: 0, bytes: new Uint8Array() });
  assert.deepEqual(decodeAddress(new Uint8Array()), { family: 0, bytes: new Uint8Array() });
});

test("the kernel tells a card by as many bytes as its address has", () => {
  const ethernet = Uint8Array.of(17, 0, 8, 0, 2, 0, 0, 0, 1, 0, 4, 6, 2, 0, 0x5e, 0x10, 0, 1);
  assert.deepEqual(decodeAddress(ethernet), {
    family: "packet",
    protocol: 0x800,
    interface: 2,
    hardwareType: 1,
    packetType: "outgoing",
    hardwareAddress: Uint8Array.of(2, 0, 0x5e, 0x10, 0, 1),
  });
  const infiniband = { family: "packet", protocol: 3, interface: 2, hardwareType: 32 } as const;
  const long = { ...infiniband, hardwareAddress: new Uint8Array(20).fill(7) };
  assert.equal(encodeAddress(long).length, 32);
  assert.deepEqual(decodeAddress(encodeAddress(long)), { ...long, packetType: "host" });
  assert.deepEqual(decodeAddress(encodeAddress({ ...long, packetType: 99 })), {
    ...long,
    packetType: 99,
  });
});

test("what is told does not change with the buffer it was told in", () => {
  const addresses: AddressLike[] = [
    { family: "unix", path: Uint8Array.of(0xff) },
    { family: "unix", abstract: Uint8Array.of(0xff) },
    "packet:1:0x0800:1:host:01:02",
    "can:1:0102",
    "family:31:0102",
  ];
  for (const address of addresses) {
    const bytes = encodeAddress(address);
    const decoded = decodeAddress(bytes);
    const expected = structuredClone(decoded);
    bytes.fill(0xa5);
    assert.deepEqual(decoded, expected);
  }
});

test("the same address may be written in several ways", () => {
  const same: [AddressLike, AddressLike][] = [
    ["127.0.0.1:80", { family: "ipv4", host: "127.0.0.1", port: 80 }],
    ["[0:0::1]:80", "[::0.0.0.1]:80"],
    ["[::1]:80", { family: "ipv6", host: "::1", port: 80, scope: 0, flow: 0 }],
    ["unix:/é", { family: "unix", path: utf8("/é") }],
    ["unix:@é", { family: "unix", abstract: utf8("é") }],
    ["unix:", { family: "unix" }],
  ];
  for (const [a, b] of same) assert.ok(sameAddress(a, b) && sameAddress(b, a), `${a}`);
});

test("another host, port, scope, flow, kind or length of name is another address", () => {
  const different = [
    "127.0.0.1:80",
    "127.0.0.2:80",
    "127.0.0.1:81",
    "[::ffff:127.0.0.1]:80",
    "[fe80::1]:80",
    "[fe80::1%1]:80",
    "[fe80::1%2]:80",
    "[fe80::1]:80?flow=1",
    "unix:",
    "unix:a",
    "unix:@",
    "unix:@a",
    "unix:@a\\x00",
    "vsock:1:2",
    "netlink:1:2",
    "family:31:",
  ];
  for (const [i, a] of different.entries()) {
    for (const [j, b] of different.entries()) assert.equal(sameAddress(a, b), i === j, `${a} ${b}`);
  }
});

test("a host that is a name is refused with a hint", () => {
  assert.throws(() => encodeAddress({ family: "ipv4", host: "localhost", port: 80 }), {
    name: "TypeError",
    message:
      'host must be an IPv4 address, not "localhost"; a name is resolved with node:dns first',
  });
  assert.throws(() => encodeAddress({ family: "ipv6", host: "127.0.0.1", port: 80 }), TypeError);
  assert.throws(() => encodeAddress({ family: "ipv6", host: "fe80::1%lo", port: 80 }), {
    message: /the interface after the % goes into scope/,
  });
  assert.throws(() => encodeAddress({ family: "ipv4", host: "", port: 80 }), TypeError);
  assert.throws(() => encodeAddress({ family: "ipv4", port: 80 } as never), TypeError);
  assert.throws(() => encodeAddress({ family: "ipv4", host: 1n, port: 80 } as never), TypeError);
});

test("numbers beyond their field are refused, and nothing is cut off", () => {
  const ipv6 = { family: "ipv6", host: "::1", port: 80 } as const;
  const packet = { family: "packet", protocol: 3, interface: 1 } as const;
  const refused: [SocketAddress, string][] = [
    [{ family: "ipv4", host: "1.2.3.4", port: 65536 }, "port must be between 0 and 65535"],
    [{ ...ipv6, port: -1 }, "port must be between 0 and 65535"],
    [{ ...ipv6, scope: 2 ** 32 }, "scope must be between 0 and 4294967295"],
    [{ ...ipv6, flow: 2 ** 28 }, "flow must be between 0 and 268435455"],
    [{ family: "vsock", cid: 2 ** 32, port: 1 }, "cid must be between"],
    [{ family: "vsock", cid: 1, port: -1 }, "port must be between"],
    [{ family: "vsock", cid: 1, port: 1, flags: 256 }, "flags must be between 0 and 255"],
    [{ family: "netlink", pid: -1, groups: 0 }, "pid must be between"],
    [{ family: "netlink", pid: 0, groups: 2 ** 32 }, "groups must be between"],
    [{ ...packet, protocol: 65536 }, "protocol must be between"],
    [{ ...packet, interface: -1 }, "interface must be between"],
    [{ ...packet, hardwareType: 65536 }, "hardwareType must be between"],
    [{ ...packet, packetType: 256 }, "packetType must be between"],
    [{ ...packet, hardwareAddress: new Uint8Array(33) }, "hardwareAddress must be 32 bytes"],
    [{ family: "can", interface: 2 ** 31 }, "interface must be between"],
    [{ family: "can", interface: 0, detail: new Uint8Array(17) }, "detail must be 16 bytes"],
    [{ family: 65536, bytes: new Uint8Array() }, "family must be between 0 and 65535"],
    [{ family: 31, bytes: new Uint8Array(127) }, "bytes must be 126 at most"],
  ];
  for (const [address, message] of refused) {
    assert.throws(
      () => encodeAddress(address),
      (error: Error) => error instanceof RangeError && error.message.startsWith(message),
      message,
    );
  }
});

test("names of Unix that the kernel has no room for, or would cut, are refused", () => {
  const unix = (address: object) => () => encodeAddress({ family: "unix", ...address });
  assert.throws(unix({ path: "x".repeat(109) }), {
    name: "RangeError",
    message: /^path must be 108 bytes at most, not 109/,
  });
  assert.throws(unix({ path: "é".repeat(55) }), /not 110/);
  assert.throws(unix({ path: "" }), RangeError);
  assert.throws(unix({ path: "a\0b" }), { message: /path must not contain a NUL/ });
  assert.throws(unix({ path: Uint8Array.of(0) }), TypeError);
  assert.throws(unix({ path: "\ud800" }), TypeError);
  assert.throws(unix({ abstract: "\ud800" }), TypeError);
  assert.throws(unix({ abstract: "x".repeat(108) }), {
    name: "RangeError",
    message: "abstract must be 107 bytes at most, not 108",
  });
  assert.throws(unix({ path: "a", abstract: "b" }), { message: /not both/ });
  assert.throws(unix({ path: 7 }), TypeError);
  assert.throws(unix({ abstract: 7 }), TypeError);
});

test("a misspelt property is refused, which would be left out otherwise", () => {
  const misspelt = [
    { family: "unix", name: "x" },
    { family: "ipv6", host: "::1", port: 80, scopeId: 2 },
    { family: "vsock", cid: 1, port: 1, flag: 1 },
    { family: "packet", protocol: 3, interface: 1, hatype: 1 },
    { family: "can", interface: 1, bytes: new Uint8Array() },
  ];
  for (const address of misspelt) {
    assert.throws(() => encodeAddress(address as never), { message: /there is no option/ });
  }
});

test("what is no address is refused", () => {
  for (const address of [undefined, null, 7, {}, { family: "inet", host: "::1", port: 1 }]) {
    assert.throws(() => encodeAddress(address as never), TypeError);
  }
  const packet = { family: "packet", protocol: 3, interface: 1 } as const;
  const nobody = "nobody" as PacketType;
  assert.throws(() => encodeAddress({ ...packet, packetType: nobody }), { message: /one of host/ });
  const array = [1, 2] as never;
  assert.throws(() => encodeAddress({ ...packet, hardwareAddress: array }), TypeError);
  assert.throws(() => encodeAddress({ family: "can", interface: 1, detail: array }), TypeError);
  assert.throws(() => encodeAddress({ family: 31, bytes: array }), TypeError);
  assert.throws(() => encodeAddress({ family: "netlink" } as never), TypeError);
  assert.throws(() => writeAddress("[::1]:1", new Uint8Array(ADDRESS_SIZE - 1)), RangeError);
  assert.throws(() => writeAddress("[::1]:1", new Uint16Array(ADDRESS_SIZE) as never), TypeError);
  assert.throws(() => decodeAddress([2, 0] as never), TypeError);
  assert.throws(() => decodeAddress(undefined as never), TypeError);
  assert.throws(() => decodeAddress(new Uint8Array(2), -1), RangeError);
});

test.run();
