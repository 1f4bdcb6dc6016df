import assert from "node:assert/strict";
import { runFresh } from "@posixly/testing";
import { test } from "uvu";
import {
  encodeAddress,
  formatAddress,
  interfaceIndex,
  parseAddress,
  type SocketAddress,
} from "@posixly/socket";

const ethernet = Uint8Array.of(2, 0, 0x5e, 0x10, 0, 1);
const packet = {
  family: "packet",
  protocol: 0x800,
  interface: 2,
  hardwareType: 0,
  packetType: "host",
  hardwareAddress: new Uint8Array(),
} as const;

const written: [string, SocketAddress][] = [
  ["127.0.0.1:80", { family: "ipv4", host: "127.0.0.1", port: 80 }],
  ["0.0.0.0:0", { family: "ipv4", host: "0.0.0.0", port: 0 }],
  ["[::]:65535", { family: "ipv6", host: "::", port: 65535 }],
  ["[::ffff:1.2.3.4]:80", { family: "ipv6", host: "::ffff:1.2.3.4", port: 80 }],
  ["[fe80::1%2]:80", { family: "ipv6", host: "fe80::1", port: 80, scope: 2 }],
  [
    "[fe80::1%2]:80?flow=0x12345",
    { family: "ipv6", host: "fe80::1", port: 80, scope: 2, flow: 0x12345 },
  ],
  ["unix:", { family: "unix" }],
  ["unix:/run/x.sock", { family: "unix", path: "/run/x.sock" }],
  ["unix:a b:c?d=%", { family: "unix", path: "a b:c?d=%" }],
  ["unix:é", { family: "unix", path: "é" }],
  ["unix:\\x40x@", { family: "unix", path: "@x@" }],
  ["unix:a\\\\x40\\x0a", { family: "unix", path: "a\\x40\n" }],
  ["unix:\\xe2\\x80\\xae", { family: "unix", path: "\u202e" }], // turns what follows around
  ["unix:\\xffA\\\\", { family: "unix", path: Uint8Array.of(0xff, 0x41, 0x5c) }],
  ["unix:@", { family: "unix", abstract: "" }],
  ["unix:@x", { family: "unix", abstract: "x" }],
  ["unix:@@", { family: "unix", abstract: "@" }],
  ["unix:@\\x00a\\x00", { family: "unix", abstract: "\0a\0" }],
  ["vsock:2:1024", { family: "vsock", cid: 2, port: 1024 }],
  ["vsock:4294967295:1024:1", { family: "vsock", cid: 0xffff_ffff, port: 1024, flags: 1 }],
  ["netlink:0:3", { family: "netlink", pid: 0, groups: 3 }],
  ["packet:2:0x0800", packet],
  ["packet:2:0x0800:0:outgoing", { ...packet, packetType: "outgoing" }],
  ["packet:2:0x0800:1:99", { ...packet, hardwareType: 1, packetType: 99 }],
  [
    "packet:2:0x0800:1:host:02:00:5e:10:00:01",
    { ...packet, hardwareType: 1, hardwareAddress: ethernet },
  ],
  ["can:3", { family: "can", interface: 3 }],
  [
    "can:3:01000000000000000000000000000000",
    { family: "can", interface: 3, detail: Uint8Array.of(1, ...Array(15).fill(0)) },
  ],
  ["family:31:00ff", { family: 31, bytes: Uint8Array.of(0, 0xff) }],
  ["family:0:", { family: 0, bytes: new Uint8Array() }],
];

for (const [text, address] of written) {
  test(`${text} is how an address is written`, () => {
    assert.equal(formatAddress(address), text);
    assert.deepEqual(parseAddress(text), address);
  });
}

test("text is taken that is not as we write it", () => {
  const rewritten: [string, string][] = [
    ["[0:0:0::1]:80", "[::1]:80"],
    ["[FE80::1%2]:80", "[fe80::1%2]:80"],
    ["[::1%0]:80", "[::1]:80"],
    ["[::1]:80?flow=74565", "[::1]:80?flow=0x12345"],
    ["unix:\\x41\\x42", "unix:AB"],
    ["unix:\\xC3\\xa9", "unix:é"],
    ["vsock:0x2:0x400:0", "vsock:2:1024"],
    ["packet:2:2048:0:0", "packet:2:0x0800"],
    ["can:3:", "can:3"],
    ["can:3:00", "can:3"],
    ["family:2:" + "1234" + "01020304" + "00".repeat(8), "1.2.3.4:4660"],
  ];
  for (const [text, canonical] of rewritten) assert.equal(formatAddress(text), canonical);
});

test("an interface may be called by its name, and is shown by its index", () => {
  const lo = interfaceIndex("lo");
  assert.equal(formatAddress("[fe80::1%lo]:80"), `[fe80::1%${lo}]:80`);
  assert.equal(formatAddress("packet:lo:3"), `packet:${lo}:0x0003`);
  assert.equal(formatAddress("can:lo"), `can:${lo}`);
});

test("an interface that is not there is told by its name", () => {
  assert.throws(() => parseAddress("[fe80::1%nowhere]:80"), {
    code: "ENODEV",
    address: "nowhere",
    message: "Cannot ioctl nowhere: no such device (ENODEV)",
  });
  assert.throws(() => parseAddress("[fe80::1%]:80"), RangeError);
  assert.throws(() => parseAddress("[fe80::1%sixteen-letters.]:80"), RangeError);
});

test("names of hosts are not resolved", () => {
  assert.throws(() => parseAddress("localhost:80"), {
    name: "TypeError",
    message:
      'host must be an IPv4 address, not "localhost"; a name is resolved with node:dns first',
  });
  assert.throws(() => parseAddress("[localhost]:80"), { message: /must be an IPv6 address/ });
  assert.throws(() => parseAddress(":80"), TypeError);
});

test("text that means nothing is refused with examples of what does", () => {
  assert.throws(() => parseAddress("127.0.0.1"), {
    name: "TypeError",
    message:
      'Cannot parse address "127.0.0.1": it must be like 127.0.0.1:80, [::1]:80, unix:/run/x.sock',
  });
  const unclear = [
    "",
    "unix",
    "::1",
    "::1:80",
    "[::1]",
    "[::1]80",
    "[::1]:",
    "1.2.3.4:",
    "1.2.3.4:http",
  ];
  for (const text of unclear) assert.throws(() => parseAddress(text), /Cannot parse address/, text);
  const ports = ["1.2.3.4:080", "1.2.3.4:+80", "1.2.3.4: 80", "1.2.3.4:0x50", "1.2.3.4:80 "];
  for (const text of ports) assert.throws(() => parseAddress(text), /Cannot parse address/, text);
  const parts = ["vsock:2", "vsock:1:2:3:4", "netlink:1", "packet:1", "can:1:00:00", "family:31"];
  for (const text of parts) assert.throws(() => parseAddress(text), /Cannot parse address/, text);
});

test("parts that mean nothing are refused by their names", () => {
  const refused: [string, RegExp][] = [
    ["1.2.3.4:65536", /^port must be between 0 and 65535, not 65536$/],
    ["[::1]:80?flow=", /^flow must be a whole number/],
    ["[::1]:80?flow=0x10000000", /^flow must be between/],
    ["[::1%4294967296]:80", /^scope must be between/],
    ["vsock:any:1", /^cid must be a whole number, not "any"$/],
    ["vsock:1:01", /^port must be a whole number/],
    ["packet:1:ip", /^protocol must be a whole number/],
    ["packet:1:3:1:nobody", /^packetType must be one of host/],
    ["packet:1:3:1:host:1:2", /^bytes must be pairs of hexadecimal digits, not "1"$/],
    ["family:31:0g", /^bytes must be pairs/],
    ["family:31:000", /^bytes must be pairs/],
    ["family:31:00\n", /^bytes must be pairs/],
    ["family:x:00", /^family must be a whole number/],
    ["unix:a\\b", /^a backslash must be followed by/],
    ["unix:\\x4", /^a backslash must be followed by/],
    ["unix:\\x00", /^path must not contain a NUL/],
    ["unix:\ud800", /must be well-formed Unicode/],
  ];
  for (const [text, message] of refused) {
    assert.throws(() => parseAddress(text), (error: Error) => message.test(error.message), text);
  }
});

test("parsing takes text, and printing either", () => {
  assert.throws(() => parseAddress(parseAddress("1.2.3.4:5") as never), TypeError);
  assert.throws(() => parseAddress(undefined as never), TypeError);
  assert.throws(() => formatAddress(undefined as never), TypeError);
  assert.equal(formatAddress("1.2.3.4:5"), "1.2.3.4:5");
  assert.deepEqual(encodeAddress("unix:@x"), Uint8Array.of(1, 0, 0, 0x78));
});

test("no permission is asked for until an interface is named", async () => {
  const program = `
    import { formatAddress, parseAddress } from "@posixly/socket";
    console.log(["1.2.3.4:5", "[fe80::1%2]:80", "unix:@x"].map(parseAddress).map(formatAddress).join());
  `;
  const { stdout, stderr } = await runFresh(program, { flags: [] });
  assert.equal(stdout, "1.2.3.4:5,[fe80::1%2]:80,unix:@x\n", stderr);
});

test.run();
