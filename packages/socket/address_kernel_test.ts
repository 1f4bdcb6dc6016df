import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import process from "node:process";
import { test } from "uvu";
import { testWhere } from "@posixly/testing";
import {
  type AddressLike,
  bind,
  type Domain,
  interfaceIndex,
  localAddress,
  receiveFrom,
  sameAddress,
  sendTo,
  socket,
  type SocketAddress,
  type SocketType,
} from "@posixly/socket";

const folder = mkdtempSync("/tmp/posixly-address-");
test.after(() => rmSync(folder, { recursive: true }));

/** What the kernel says the address is that was bound. */
function told(domain: Domain, type: SocketType, address: AddressLike): SocketAddress {
  using bound = socket(domain, type);
  bind(bound, address);
  return localAddress(bound);
}

/** Whether this kernel, and who we are, allow such a socket. */
function canHave(domain: Domain, type: SocketType): boolean {
  try {
    socket(domain, type).close();
    return true;
  } catch {
    return false;
  }
}

test("the kernel tells an address of version 4 as it was bound", () => {
  const address = told("ipv4", "datagram", "127.0.0.2:0");
  assert.ok(address.family === "ipv4" && address.port > 0);
  assert.equal(address.host, "127.0.0.2");
});

testWhere(canHave("ipv6", "datagram"), "IPv6", "and one of version 6, with its scope", () => {
  const address = told("ipv6", "datagram", "[ff02::1234%lo]:0");
  assert.ok(address.family === "ipv6" && address.port > 0);
  assert.deepEqual([address.host, address.scope], ["ff02::1234", interfaceIndex("lo")]);
});

test("the kernel tells a path as it was bound, up to the longest", () => {
  for (const name of ["x", "é\n", Uint8Array.of(0xff, 0xfe)]) {
    const path = Buffer.concat([Buffer.from(`${folder}/`), Buffer.from(name)]);
    const address = told("unix", "datagram", { family: "unix", path: new Uint8Array(path) });
    assert.ok(sameAddress(address, { family: "unix", path: new Uint8Array(path) }));
  }
  for (const length of [107, 108]) {
    const path = `${folder}/`.padEnd(length, "x");
    assert.deepEqual(told("unix", "datagram", { family: "unix", path }), { family: "unix", path });
  }
});

test("a datagram from a path of 108 bytes can be answered", () => {
  const path = `${folder}/`.padEnd(108, "y");
  using server = socket("unix", "datagram");
  bind(server, "unix:");
  using client = socket("unix", "datagram");
  bind(client, { family: "unix", path });
  sendTo(client, Uint8Array.of(1), localAddress(server));
  const { from } = receiveFrom(server, new Uint8Array(8))!;
  assert.deepEqual(from, { family: "unix", path });
  sendTo(server, Uint8Array.of(2), from!);
  assert.equal(receiveFrom(client, new Uint8Array(8))?.length, 1);
});

test("the kernel tells an abstract name as it was bound, byte for byte", () => {
  const unique = `posixly-${process.pid}-${Math.random()}`;
  const names = [unique, `${unique}\0`, `${unique}\0x`, unique.padEnd(107, "\0")];
  for (const abstract of names) {
    assert.deepEqual(told("unix", "stream", { family: "unix", abstract }), {
      family: "unix",
      abstract,
    });
  }
  const odd = Uint8Array.of(0xff, ...new TextEncoder().encode(unique));
  assert.deepEqual(told("unix", "stream", { family: "unix", abstract: odd }), {
    family: "unix",
    abstract: odd,
  });
});

test("the kernel chooses an abstract name where there is none", () => {
  const { abstract, path } = told("unix", "stream", "unix:") as {
    abstract?: string;
    path?: string;
  };
  assert.match(abstract!, /^[\da-f]{5}$/);
  assert.equal(path, undefined);
  using nameless = socket("unix", "stream");
  assert.deepEqual(localAddress(nameless), { family: "unix" });
});

testWhere(canHave("netlink", "raw"), "netlink", "the kernel gives a number to netlink", () => {
  const address = told("netlink", "raw", "netlink:0:1");
  assert.ok(address.family === "netlink" && address.pid > 0);
  assert.equal(address.groups, 1);
});

testWhere(canHave("packet", "raw"), "CAP_NET_RAW", "the kernel tells the address of a card", () => {
  assert.deepEqual(told("packet", "raw", "packet:lo:0x1234"), {
    family: "packet",
    protocol: 0x1234,
    interface: interfaceIndex("lo"),
    hardwareType: 772, // ARPHRD_LOOPBACK
    packetType: "host",
    hardwareAddress: new Uint8Array(6),
  });
});

testWhere(canHave("vsock", "stream"), "vsock", "the kernel chooses a port of vsock", () => {
  const any = 0xffff_ffff;
  const address = told("vsock", "stream", { family: "vsock", cid: any, port: any });
  assert.ok(address.family === "vsock" && address.port < any);
  assert.equal(address.cid, any);
});

test.run();
