import assert from "node:assert/strict";
import { eventfd, getFlags, OwnedFd } from "@posixly/fd";
import { openDescriptors, runFresh, withoutLeaks } from "@posixly/testing";
import { test } from "uvu";
import {
  adopt,
  bind,
  type Domain,
  listen,
  localAddress,
  type Protocol,
  Socket,
  socket,
  socketInfo,
  socketPair,
  type SocketType,
} from "@posixly/socket";
import { libc } from "./libc.ts";

/** What socket(2) would have been given. */
function asked(make: () => unknown): number[] {
  const { socket: socketC } = libc;
  let given: number[] = [];
  libc.socket = (...args) => {
    given = args;
    return -1; // EPERM
  };
  try {
    assert.throws(make, { code: "EPERM", syscall: "socket" });
    return given;
  } finally {
    libc.socket = socketC;
  }
}

const CLOEXEC = 0x80000;
const NONBLOCK = 0x800;

test("each name is the number that C has for it", () => {
  const domains = {
    unix: 1,
    ipv4: 2,
    ipv6: 10,
    netlink: 16,
    packet: 17,
    can: 29,
    tipc: 30,
    bluetooth: 31,
    alg: 38,
    vsock: 40,
    xdp: 44,
  };
  for (const [name, number] of Object.entries(domains)) {
    assert.equal(asked(() => socket(name as Domain, "raw"))[0], number);
  }
  const types = { stream: 1, datagram: 2, raw: 3, rdm: 4, seqpacket: 5 };
  for (const [name, number] of Object.entries(types)) {
    assert.equal(asked(() => socket("unix", name as SocketType))[1] & 0xf, number);
  }
  const internet = {
    icmp: 1,
    igmp: 2,
    tcp: 6,
    udp: 17,
    dccp: 33,
    gre: 47,
    esp: 50,
    ah: 51,
    icmpv6: 58,
    sctp: 132,
    udplite: 136,
    raw: 255,
    mptcp: 262,
  };
  const protocols: [Domain, Record<string, number>][] = [
    ["ipv4", internet],
    ["ipv6", internet],
    ["can", { raw: 1, bcm: 2, isotp: 6, j1939: 7 }],
    ["netlink", {
      route: 0,
      sockDiag: 4,
      xfrm: 6,
      audit: 9,
      connector: 11,
      netfilter: 12,
      kobjectUevent: 15,
      generic: 16,
    }],
    ["packet", { all: 0x0300, ipv4: 0x0008, arp: 0x0608, vlan: 0x0081, ipv6: 0xdd86 }],
  ];
  for (const [domain, names] of protocols) {
    for (const [name, number] of Object.entries(names)) {
      const given = asked(() => socket(domain, "raw", name as Protocol));
      assert.equal(given[2], number, `${name} of ${domain}`);
    }
  }
});

test("a number stands for itself, but a protocol of packets is written as people do", () => {
  const made = (...args: Parameters<typeof socket>) => asked(() => socket(...args));
  assert.deepEqual(made(45, 3, 7), [45, 3 | CLOEXEC | NONBLOCK, 7]);
  assert.deepEqual(made(0xffff, 15, 0xffff), [0xffff, 15 | CLOEXEC | NONBLOCK, 0xffff]);
  assert.deepEqual(made(-0, -0, -0).map((n) => n + 0), [0, CLOEXEC | NONBLOCK, 0]);
  assert.equal(made("packet", "raw", 0x0806)[2], 0x0608);
  assert.equal(made(17, "raw", "arp")[2], 0x0608);
  assert.equal(made(2, "stream", "tcp")[2], 6);
});

test("a socket is close-on-exec from birth, and non-blocking unless asked not to be", () =>
  withoutLeaks(() => {
    for (const nonBlocking of [true, false, undefined]) {
      using udp = socket("ipv4", "datagram", "udp", { nonBlocking });
      const flags = getFlags(udp);
      assert.deepEqual([flags.closeOnExec, flags.nonBlocking], [true, nonBlocking ?? true]);
    }
  }));

test("what a socket was made of is what it says of itself", () =>
  withoutLeaks(() => {
    const made: [Domain, SocketType, Protocol | number, (Protocol | number)?][] = [
      ["ipv4", "stream", 0, "tcp"],
      ["ipv4", "stream", "tcp"],
      ["ipv6", "datagram", 0, "udp"],
      ["ipv6", "datagram", "udp"],
      ["unix", "stream", 0],
      ["unix", "datagram", 0],
      ["unix", "seqpacket", 0],
      ["netlink", "raw", 0, "route"],
      ["netlink", "datagram", "kobjectUevent"],
      ["netlink", "raw", "generic"],
    ];
    for (const [domain, type, protocol, told = protocol] of made) {
      using each = socket(domain, type, protocol);
      assert.ok(each instanceof Socket && each instanceof OwnedFd);
      assert.deepEqual(socketInfo(each), { domain, type, protocol: told, listening: false });
    }
  }));

test("what is no name is refused before the call", () =>
  withoutLeaks(() => {
    const { socket: socketC } = libc;
    libc.socket = () => assert.fail("the kernel was asked");
    const make = socket as (...args: unknown[]) => Socket;
    try {
      for (
        const bad of ["inet", "IPv4", "", "toString", "__proto__", null, undefined, {}, [], true]
      ) {
        assert.throws(() => make(bad, "stream"), TypeError, `domain ${String(bad)}`);
        assert.throws(() => make("ipv4", bad), TypeError, `type ${String(bad)}`);
        if (bad === undefined) continue;
        assert.throws(() => make("ipv4", "stream", bad), TypeError, `protocol ${String(bad)}`);
      }
      for (const bad of [1.5, NaN]) {
        assert.throws(() => make(bad, "stream"), TypeError);
        assert.throws(() => make("ipv4", bad), TypeError);
        assert.throws(() => make("ipv4", "stream", bad), TypeError);
      }
      for (const bad of [-1, 2 ** 16, 2 ** 32, Infinity]) {
        assert.throws(() => make(bad, "stream"), RangeError);
        assert.throws(() => make("ipv4", bad), RangeError);
        assert.throws(() => make("ipv4", "stream", bad), RangeError);
      }
      const ofOthers = /protocol must be one of .*\bsctp\b.*, not "route"/;
      assert.throws(() => make("ipv4", "raw", "route"), ofOthers);
      assert.throws(() => make("unix", "stream", "tcp"), /protocol must be a number/);
      assert.throws(() => make("ipv4", 1 | NONBLOCK), RangeError); // that is an option
      assert.throws(() => make("ipv4", "stream", 0, { nonblocking: true }), TypeError);
      assert.throws(() => make("ipv4", "stream", 0, { nonBlocking: 0 }), TypeError);
      assert.throws(() => make("ipv4", "stream", 0, null), TypeError);
      assert.throws(() => make("ipv4", "stream", 0, true), TypeError);
    } finally {
      libc.socket = socketC;
    }
  }));

test("what this kernel has not is an error that says so", () =>
  withoutLeaks(() => {
    assert.throws(() => socket(0xffff, "stream"), { code: "EAFNOSUPPORT", syscall: "socket" });
    assert.throws(() => socket("ipv4", 14), { code: "EINVAL" });
    assert.throws(() => socket("unix", "rdm"), { code: "ESOCKTNOSUPPORT" });
    assert.throws(() => socket("ipv4", "stream", "udp"), { code: "EPROTONOSUPPORT" });
    assert.throws(() => socket("unix", "stream", 9), { code: "EPROTONOSUPPORT" });
  }));

test("without CAP_NET_RAW raw sockets are EPERM", async () => {
  const { status, stdout, stderr } = await runFresh(`
    import { bind, ok } from "@posixly/sys";
    import { socket } from "@posixly/socket";
    const VERSION_3 = 0x20080522;
    const { capset } = bind({ capset: ["i32", "buffer", "buffer"] });
    ok(capset(new Uint32Array([VERSION_3, 0]), new Uint32Array(6)), "capset"); // no right at all
    for (const [domain, type, protocol] of [["ipv4", "raw", "icmp"], ["packet", "raw", "all"]]) {
      try {
        socket(domain, type, protocol);
      } catch (error) {
        console.log(error.code, error.message);
      }
    }
    socket("ipv4", "stream").close();
  `);
  const message = "EPERM Cannot socket: operation not permitted (EPERM); it takes CAP_NET_RAW\n";
  assert.deepEqual([status, stdout, stderr], [0, message + message, ""]);
});

test("too many open descriptors are an error, and the table stays as it was", async () => {
  const { status, stdout, stderr } = await runFresh(`
    import { accept, acceptSocket, bind, connect, listen, localAddress, receive, send, socket,
      socketPair } from "@posixly/socket";
    import { limit, setLimit } from "@posixly/fd";
    const listener = socket("unix", "stream");
    bind(listener, { family: "unix" });
    listen(listener);
    const client = socket("unix", "stream");
    connect(client, localAddress(listener));
    send(client, new Uint8Array(3));

    const all = [];
    const fails = (call) => {
      try {
        for (;;) all.push(call());
      } catch (error) {
        console.log(error.code, error.syscall);
      }
    };
    fails(() => socket("unix", "stream"));
    fails(() => accept(listener));
    fails(() => acceptSocket(listener));
    all.pop().close();
    fails(() => socketPair());
    for (const each of all) each.close();
    const server = accept(listener).socket; // it has waited
    console.log(receive(server, new Uint8Array(9)));
    for (const each of [server, client, listener]) each.close();
  `);
  assert.deepEqual([status, stderr], [0, ""]);
  assert.deepEqual(stdout.split("\n"), [
    "EMFILE socket",
    "EMFILE accept4",
    "EMFILE accept4",
    "EMFILE socketpair",
    "3",
    "",
  ]);
});

test("adopt() takes over a number or an owner, and tells at once what is no socket", () =>
  withoutLeaks(() => {
    using listener = socket("ipv4", "stream");
    bind(listener, "127.0.0.1:0");
    listen(listener);
    const address = localAddress(listener);
    const expected = { domain: "ipv4", type: "stream", protocol: "tcp", listening: true };

    const number = listener.release();
    const adopted = adopt(number);
    assert.equal(adopted.fd, number);
    assert.ok(adopted instanceof Socket);
    assert.deepEqual(socketInfo(adopted), expected);
    assert.deepEqual(localAddress(adopted), address);

    const owner = new OwnedFd(adopted.release());
    using again = adopt(owner);
    assert.ok(owner.closed);
    assert.deepEqual(socketInfo(again), expected);
  }));

test("what cannot be adopted stays with whoever had it", () =>
  withoutLeaks(() => {
    using counter = eventfd();
    const refused = {
      code: "ENOTSOCK",
      syscall: "getsockopt",
      fd: counter.fd,
      message: /socket/,
    };
    assert.throws(() => adopt(counter), refused);
    assert.throws(() => adopt(counter.fd), refused);
    assert.throws(() => socketInfo(counter), refused);
    assert.equal(counter.closed, false);
    assert.ok(openDescriptors().some(({ fd }) => fd === counter.fd));
    assert.throws(() => adopt(1_000_000), { code: "EBADF", fd: 1_000_000 });
    for (const bad of [-1, 2 ** 31]) assert.throws(() => adopt(bad), RangeError);
    for (const bad of [null, undefined, "0", {}, 0.5]) {
      assert.throws(() => adopt(bad as number), TypeError);
    }
    const { first, second } = socketPair();
    first.close();
    assert.throws(() => adopt(first), { message: "Cannot use a descriptor that was closed" });
    second.close();
  }));

test("a socket that is adopted is left as it is", () =>
  withoutLeaks(() => {
    using pair = socketPair("stream", { nonBlocking: false });
    using adopted = adopt(pair.first);
    assert.equal(getFlags(adopted).nonBlocking, false);
    assert.ok(pair.first.closed);
  }));

test.run();
