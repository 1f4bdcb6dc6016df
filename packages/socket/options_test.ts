import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import process from "node:process";
import { setFlags } from "@posixly/fd";
import { errno, type SyscallError } from "@posixly/sys";
import { found, testNeeding, testWhere, withoutLeaks } from "@posixly/testing";
import fc from "fast-check";
import { test } from "uvu";
import {
  accept,
  bind,
  connect,
  getOption,
  getsockopt,
  listen,
  localAddress,
  type ReadableOptions,
  receive,
  send,
  sendTo,
  setOptions,
  setsockopt,
  socket,
  socketPair,
} from "@posixly/socket";
import {
  IP_TTL,
  IPPROTO_IP,
  IPPROTO_TCP,
  libc,
  SO_KEEPALIVE,
  SOL_SOCKET,
  TCP_CONGESTION,
  TCP_KEEPIDLE,
} from "./libc.ts";
import { readable } from "./options.ts";
import { tcpPair, untilReadable } from "./tcp_pair_fixture.ts";

const isRoot = process.getuid?.() === 0;

test("all that can be read of a connection is read, or refused by name", () =>
  withoutLeaks(() => {
    using ends = tcpPair();
    const values: Partial<Record<keyof ReadableOptions, unknown>> = {};
    const refused: Record<string, string> = {};
    for (const name of Object.keys(readable) as (keyof ReadableOptions)[]) {
      try {
        values[name] = getOption(ends.client, name);
      } catch (error) {
        const { code, message } = error as SyscallError;
        refused[name] = code;
        assert.match(message, new RegExp(`; the option is ${name}\\b`));
      }
    }
    assert.equal(values.domain, "ipv4");
    assert.equal(values.type, "stream");
    assert.equal(values.protocol, IPPROTO_TCP);
    assert.equal(values.acceptsConnections, false);
    assert.equal(values.error, undefined);
    assert.equal(values.sendLowWater, 1);
    assert.deepEqual(values.savedSyn, new Uint8Array());
    assert.ok(values.ipMtu as number > 0);
    assert.ok("cookie" in values && "memory" in values && "incomingQueue" in values);
    // Nothing is refused that is of a socket like this.
    for (const [name, code] of Object.entries(refused)) {
      assert.match(name, /^(ipv6|udp|netlink|pass|peer|namespaceCookie|reserveMemory)/);
      assert.match(code, /^(ENOPROTOOPT|EOPNOTSUPP|EINVAL|ENODATA)$/, name);
    }
  }));

test("what is known of a socket is what it was made as", () =>
  withoutLeaks(() => {
    using udp = socket("ipv6", "datagram");
    assert.deepEqual(
      (["domain", "type", "protocol"] as const).map((name) => getOption(udp, name)),
      ["ipv6", "datagram", 17],
    );
    using listener = socket("ipv4", "stream");
    bind(listener, "127.0.0.1:0");
    assert.equal(getOption(listener, "acceptsConnections"), false);
    listen(listener);
    assert.equal(getOption(listener, "acceptsConnections"), true);
    assert.notEqual(getOption(listener, "cookie"), getOption(udp, "cookie"));
    assert.equal(getOption(udp, "cookie"), getOption(udp, "cookie"));
  }));

test("an error is told once, by its name", () =>
  withoutLeaks(() => {
    using nobody = socket("ipv4", "datagram");
    bind(nobody, "127.0.0.1:0");
    using client = socket("ipv4", "datagram");
    connect(client, localAddress(nobody));
    nobody.close();
    send(client, new Uint8Array(1));
    assert.equal(getOption(client, "error"), "ECONNREFUSED");
    assert.equal(getOption(client, "error"), undefined);
  }));

test("memory tells what waits", () =>
  withoutLeaks(() => {
    using receiver = socket("ipv4", "datagram");
    bind(receiver, "127.0.0.1:0");
    using sender = socket("ipv4", "datagram");
    setOptions(receiver, { receiveBuffer: 20_000 });
    assert.equal(getOption(receiver, "memory").receiveUsed, 0);
    sendTo(sender, new Uint8Array(1000), localAddress(receiver));
    const { receiveUsed, receiveLimit, drops } = getOption(receiver, "memory");
    assert.ok(receiveUsed >= 1000);
    assert.equal(receiveLimit, getOption(receiver, "receiveBuffer"));
    assert.equal(drops, 0);
    for (let i = 0; i < 200; i++) {
      sendTo(sender, new Uint8Array(1000), localAddress(receiver));
    }
    assert.ok(getOption(receiver, "memory").drops > 0);
  }));

test("a listener that keeps the first packets gives each once", () =>
  withoutLeaks(() => {
    using ends = tcpPair((listener) => setOptions(listener, { saveSyn: 1 }));
    const syn = getOption(ends.server, "savedSyn");
    assert.equal(syn[0] >> 4, 4); // IPv4, and over it TCP
    assert.equal(syn[9], IPPROTO_TCP);
    assert.equal(syn[(syn[0] & 15) * 4 + 13] & 2, 2); // SYN
    assert.deepEqual(getOption(ends.server, "savedSyn"), new Uint8Array());
  }));

test("linger of 0 resets the connection", () =>
  withoutLeaks(() => {
    using ends = tcpPair();
    setOptions(ends.client, { linger: 0 });
    ends.client.close();
    untilReadable(ends.server);
    assert.throws(() => receive(ends.server, new Uint8Array(1)), { code: "ECONNRESET" });
  }));

test("the mtu of the path takes a peer", () =>
  withoutLeaks(() => {
    for (const [family, name] of [["ipv4", "ipMtu"], ["ipv6", "ipv6Mtu"]] as const) {
      using udp = socket(family, "datagram");
      assert.throws(() => getOption(udp, name), { code: "ENOTCONN", syscall: "getsockopt" });
      connect(udp, family === "ipv4" ? "127.0.0.1:9" : "[::1]:9");
      assert.ok(getOption(udp, name) >= 1280);
    }
    using six = socket("ipv6", "datagram");
    setOptions(six, { ipv6Mtu: 1280 });
    assert.throws(() => setOptions(six, { ipv6Mtu: 1279 }), { code: "EINVAL" });
  }));

test("memory is put aside where it can be accounted for, and else refused", () =>
  withoutLeaks(() => {
    using tcp = socket("ipv4", "stream");
    try {
      setOptions(tcp, { reserveMemory: 8192 });
      assert.ok(getOption(tcp, "reserveMemory") >= 8192);
    } catch (error) {
      assert.match((error as SyscallError).code, /^(EOPNOTSUPP|ENOPROTOOPT|EPERM|ENOMEM)$/);
    }
  }));

test("what is above TCP has to be there", () =>
  withoutLeaks(() => {
    using ends = tcpPair();
    assert.equal(getOption(ends.client, "upperLayer"), "");
    assert.throws(() => setOptions(ends.client, { upperLayer: "no such layer" }), {
      code: "ENOENT",
    });
  }));

// ret 0, ret -1, and ret 1, in the words of classic BPF
const instruction = (code: number, k: number) => {
  const bytes = new Uint8Array(8);
  const data = new DataView(bytes.buffer);
  data.setUint16(0, code, true);
  data.setUint32(4, k, true);
  return bytes;
};
const ret = (value: number) => instruction(6, value);

test("a filter keeps packets out until it is taken off, or for good", () =>
  withoutLeaks(() => {
    using receiver = socket("ipv4", "datagram");
    bind(receiver, "127.0.0.1:0");
    using sender = socket("ipv4", "datagram");
    const comes = () => {
      sendTo(sender, new Uint8Array([7]), localAddress(receiver));
      return receive(receiver, new Uint8Array(8)) !== null;
    };
    assert.equal(comes(), true);
    setOptions(receiver, { filter: ret(0) });
    assert.equal(comes(), false);
    setOptions(receiver, { detachFilter: true });
    assert.equal(comes(), true);

    setOptions(receiver, { filter: ret(0xffff), lockFilter: true });
    assert.throws(() => setOptions(receiver, { detachFilter: true }), { code: "EPERM" });
    assert.throws(() => setOptions(receiver, { filter: ret(0) }), { code: "EPERM" });
    assert.equal(comes(), true);
    assert.throws(() => setOptions(sender, { detachFilter: true }), { code: "ENOENT" });
    assert.throws(() => setOptions(sender, { filter: instruction(0xffff, 0) }), {
      code: "EINVAL",
    });
  }));

test("a filter chooses which socket of a group gets a packet", () =>
  withoutLeaks(() => {
    using first = socket("ipv4", "datagram");
    using second = socket("ipv4", "datagram");
    using sender = socket("ipv4", "datagram");
    setOptions(first, { reusePort: true });
    bind(first, "127.0.0.1:0");
    setOptions(second, { reusePort: true });
    bind(second, localAddress(first));
    const members = [first, second];
    for (const chosen of [1, 0]) {
      setOptions(first, { reusePortFilter: ret(chosen) });
      for (let i = 0; i < 20; i++) {
        sendTo(sender, new Uint8Array([i]), localAddress(first));
        const got = members.map((member) => receive(member, new Uint8Array(8)));
        assert.deepEqual(got, chosen === 0 ? [1, null] : [null, 1]);
      }
    }
    setOptions(first, { detachReusePortFilter: true });
    assert.throws(() => setOptions(first, { detachReusePortFilter: true }), { code: "ENOENT" });
  }));

testWhere(
  isRoot,
  "root",
  "a buffer may be forced beyond what everyone may have",
  () =>
    withoutLeaks(() => {
      using udp = socket("ipv4", "datagram");
      setOptions(udp, { receiveBuffer: 2 ** 28, sendBuffer: 2 ** 28 });
      assert.ok(getOption(udp, "receiveBuffer") < 2 ** 29);
      assert.ok(getOption(udp, "sendBuffer") < 2 ** 29);
      setOptions(udp, { forceReceiveBuffer: 2 ** 28, forceSendBuffer: 2 ** 28 });
      assert.equal(getOption(udp, "receiveBuffer"), 2 ** 29);
      assert.equal(getOption(udp, "sendBuffer"), 2 ** 29);
    }),
);

testWhere(isRoot, "root", "a budget for polling is taken", () =>
  withoutLeaks(() => {
    using udp = socket("ipv4", "datagram");
    setOptions(udp, { busyPollBudget: 8 });
    assert.throws(() => setOptions(udp, { busyPollBudget: 0x10000 }), RangeError);
  }));

test("groups of netlink are those that were joined and not left", () =>
  withoutLeaks(() => {
    const group = fc.integer({ min: 1, max: 25 });
    const steps = fc.array(fc.record({ group, joins: fc.boolean() }), { maxLength: 20 });
    fc.assert(fc.property(steps, (steps) => {
      using routes = socket("netlink", "raw", "route");
      const joined = new Set<number>();
      for (const { group, joins } of steps) {
        setOptions(routes, joins ? { netlinkJoin: group } : { netlinkLeave: group });
        if (joins) joined.add(group);
        else joined.delete(group);
        const expected = [...joined].sort((a, b) => a - b);
        assert.deepEqual(getOption(routes, "netlinkGroups"), expected);
      }
    }));
  }));

test("the number of a namespace is one, where there are any", () =>
  withoutLeaks(() => {
    using one = socket("ipv4", "stream");
    using other = socket("unix", "stream");
    try {
      assert.equal(getOption(one, "namespaceCookie"), getOption(other, "namespaceCookie"));
    } catch (error) {
      assert.match((error as SyscallError).code, /^(EINVAL|ENOPROTOOPT)$/);
    }
  }));

testWhere(
  isRoot && found("python3"),
  "root and python3",
  "all groups of a peer are told, be they ever so many",
  () =>
    withoutLeaks(() => {
      using listener = socket("unix", "stream");
      bind(listener, { family: "unix" });
      listen(listener);
      const { abstract } = localAddress(listener) as { abstract: string };
      const program = `import os, socket
os.setgroups(range(1000, 1100))
socket.socket(socket.AF_UNIX).connect("\\0" + ${JSON.stringify(abstract)})`;
      assert.equal(spawnSync("python3", ["-c", program]).status, 0);
      using server = accept(listener)!.socket;
      assert.deepEqual(
        getOption(server, "peerGroups"),
        Array.from({ length: 100 }, (_, i) => 1000 + i),
      );
    }),
);

test("options are set in order, up to one that the kernel refuses", () =>
  withoutLeaks(() => {
    using tcp = socket("ipv4", "stream");
    assert.throws(
      () => setOptions(tcp, { noDelay: true, congestion: "none of these", keepAlive: true }),
      {
        code: "ENOENT",
        syscall: "setsockopt",
        fd: tcp.fd,
        message: `Cannot setsockopt descriptor ${tcp.fd}: no such file or directory (ENOENT); ` +
          "the option is congestion",
      },
    );
    assert.equal(getOption(tcp, "noDelay"), true);
    assert.equal(getOption(tcp, "keepAlive"), false);
  }));

test("all values are checked before the first is set", () =>
  withoutLeaks(() => {
    using tcp = socket("ipv4", "stream");
    const bad: object[] = [
      { keepIdle: 0 },
      { keepIdle: 1.5 },
      { keepIdle: "30" },
      { keepAlive: 1 },
      { congestion: "a name that is too long" },
      { congestion: "a\0b" },
      { linger: true },
      { linger: -1 },
      { ipMtuDiscover: "always" },
      { ipMtuDiscover: -1 },
      { ipLocalPortRange: { first: 1, last: 65_536 } },
      { ipLocalPortRange: { first: 1, lsat: 2 } },
      { ipLocalPortRange: 4000 },
      { timestamping: true },
      { timestamping: { sofware: true } },
      { sendTime: { deadline: true } },
      { sendTime: null },
      { filter: new Uint8Array(7) },
      { filter: [6, 0] },
      { filter: new Uint8Array(8 * 5000) },
      { fastOpenKey: new Uint8Array(33) },
      { maxPacingRate: -1 },
      { maxPacingRate: 2n ** 64n },
      { maxPacingRate: "fast" },
      { receiveTimeout: -1 },
      { receiveTimeout: NaN },
      { mark: 2 ** 32 },
      { nodelay: true },
      { type: "stream" },
      { toString: 1 },
      { keepAlive: null },
    ];
    for (const options of bad) {
      assert.throws(
        () => setOptions(tcp, { noDelay: true, ...options } as object),
        (error) => error instanceof TypeError || error instanceof RangeError,
        Object.keys(options)[0],
      );
      assert.equal(getOption(tcp, "noDelay"), false);
    }
    assert.throws(() => setOptions(tcp, { type: "stream" } as object), {
      message: "option type cannot be set",
    });
    assert.throws(() => setOptions(tcp, { nodelay: true } as object), {
      message: "there is no option nodelay",
    });
    assert.throws(() => getOption(tcp, "filter" as "type"), {
      message: "option filter cannot be read",
    });
    assert.throws(() => getOption(tcp, "nodelay" as "type"), TypeError);
    for (const options of [undefined, null, "noDelay", 7]) {
      assert.throws(() => setOptions(tcp, options as never), TypeError);
    }
    assert.throws(() => setOptions(-1, {}), RangeError);
    assert.throws(() => getOption("1" as never, "type"), TypeError);
    setOptions(tcp, { noDelay: undefined });
  }));

test("an option that the kernel does not have says since when there is one", () =>
  withoutLeaks(() => {
    using tcp = socket("ipv4", "stream");
    const { setsockopt, getsockopt } = libc;
    libc.setsockopt = libc.getsockopt = () => -errno.ENOPROTOOPT;
    const error = {
      code: "ENOPROTOOPT",
      message: `Cannot setsockopt descriptor ${tcp.fd}: protocol not available (ENOPROTOOPT); ` +
        "the option is retryMax, which there is since Linux 6.15",
    };
    try {
      assert.throws(() => setOptions(tcp, { retryMax: 2000 }), error);
      assert.throws(() => getOption(tcp, "retryMax"), {
        ...error,
        message: error.message.replace("setsockopt", "getsockopt"),
      });
      assert.throws(() => getOption(tcp, "noDelay"), { message: /the option is noDelay$/ });
    } finally {
      Object.assign(libc, { setsockopt, getsockopt });
    }
  }));

test("the kernel's objections are errors", () =>
  withoutLeaks(() => {
    using pair = socketPair("stream");
    assert.throws(() => setOptions(pair.first, { noDelay: true }), { code: "EOPNOTSUPP" });
    assert.throws(() => getOption(pair.first, "ipTtl"), { code: "EOPNOTSUPP" });
    using udp = socket("ipv4", "datagram");
    assert.throws(() => setOptions(udp, { keepIdle: 3 }), { code: "ENOPROTOOPT" });
    assert.throws(() => setOptions(udp, { bindToDevice: "nowhere" }), { code: "ENODEV" });
    assert.throws(() => setOptions(udp, { ipTtl: 0 }), { code: "EINVAL" });
    assert.throws(() => getsockopt(udp, 9999, 1), { code: "EOPNOTSUPP", syscall: "getsockopt" });
    assert.throws(() => setsockopt(0x7fff_ffff, 1, 1, 1), { code: "EBADF" });
    assert.throws(() => getOption(1023, "type"), { code: "EBADF" });
  }));

test("an answer is as long as the kernel says", () =>
  withoutLeaks(() => {
    using tcp = socket("ipv4", "stream");
    assert.equal(getsockopt(tcp, IPPROTO_TCP, TCP_CONGESTION, 64).length, 16);
    assert.equal(getsockopt(tcp, IPPROTO_TCP, TCP_CONGESTION, 3).length, 3);
    assert.equal(getsockopt(tcp, SOL_SOCKET, SO_KEEPALIVE, 64).length, 4);
    assert.deepEqual(getsockopt(tcp, SOL_SOCKET, SO_KEEPALIVE, 0), new Uint8Array());
    assert.deepEqual(getsockopt(tcp, IPPROTO_IP, IP_TTL, 1), new Uint8Array([64]));
    setsockopt(tcp, IPPROTO_IP, IP_TTL, new Uint8Array([7])); // one byte will do
    assert.equal(getOption(tcp, "ipTtl"), 7);
  }));

test("numbers and bytes are set as they are", () =>
  withoutLeaks(() => {
    using tcp = socket("ipv4", "stream");
    setsockopt(tcp, IPPROTO_TCP, TCP_KEEPIDLE, 77);
    assert.deepEqual(getsockopt(tcp, IPPROTO_TCP, TCP_KEEPIDLE), new Uint8Array([77, 0, 0, 0]));
    setsockopt(tcp, IPPROTO_TCP, TCP_KEEPIDLE, Int32Array.of(78));
    assert.equal(getOption(tcp, "keepIdle"), 78);
    setsockopt(tcp, IPPROTO_TCP, TCP_CONGESTION, new TextEncoder().encode("reno"));
    assert.equal(getOption(tcp, "congestion"), "reno");
    for (const bad of [2 ** 32, -(2 ** 31) - 1, Infinity]) {
      assert.throws(() => setsockopt(tcp, 6, 4, bad), RangeError);
    }
    for (const bad of [1.5, NaN, "1", null, [1]]) {
      assert.throws(() => setsockopt(tcp, 6, 4, bad as number), TypeError);
    }
    assert.throws(() => setsockopt(tcp, -1, 4, 1), RangeError);
    assert.throws(() => getsockopt(tcp, 6, -1), RangeError);
    assert.throws(() => getsockopt(tcp, 6, 4, -1), RangeError);
    assert.throws(() => getsockopt(tcp, 6, 4, 2 ** 31), RangeError);
  }));

testNeeding("python3", "python reads what we set", () =>
  withoutLeaks(() => {
    using tcp = socket("ipv4", "stream");
    using six = socket("ipv6", "datagram");
    for (const fd of [tcp, six]) setFlags(fd, { closeOnExec: false });
    setOptions(tcp, {
      reuseAddress: true,
      keepAlive: true,
      keepIdle: 33,
      keepInterval: 7,
      keepCount: 5,
      noDelay: true,
      userTimeout: 12_345,
      linger: 9,
      receiveTimeout: 2000,
      sendBuffer: 50_000,
      congestion: "reno",
      bindToDevice: "lo",
      maxSegment: 1000,
      ipTtl: 9,
      ipMtuDiscover: "do",
      priority: 3,
    });
    setOptions(six, { ipv6Only: true, ipv6HopLimit: 8, ipv6MulticastInterface: 1 });
    const program = `import socket, struct, json
from socket import *
import sys
t = socket(fileno=${tcp.fd}); u = socket(fileno=${six.fd})
i = lambda s, l, o: s.getsockopt(l, o)
b = lambda s, l, o, f: struct.unpack(f, s.getsockopt(l, o, struct.calcsize(f)))
print(json.dumps([
  [int(t.family), int(t.type), t.proto, i(t, SOL_SOCKET, SO_REUSEADDR), i(t, SOL_SOCKET, SO_KEEPALIVE)],
  [i(t, IPPROTO_TCP, o) for o in (TCP_KEEPIDLE, TCP_KEEPINTVL, TCP_KEEPCNT, TCP_NODELAY,
                                  TCP_USER_TIMEOUT, TCP_MAXSEG)],
  b(t, SOL_SOCKET, SO_LINGER, "ii"), b(t, SOL_SOCKET, 20, "qq"),
  i(t, SOL_SOCKET, SO_SNDBUF), t.getsockopt(IPPROTO_TCP, TCP_CONGESTION, 16).rstrip(b"\\0").decode(),
  t.getsockopt(SOL_SOCKET, SO_BINDTODEVICE, 16).rstrip(b"\\0").decode(),
  i(t, IPPROTO_IP, IP_TTL), i(t, IPPROTO_IP, 10), i(t, SOL_SOCKET, SO_PRIORITY),
  i(u, IPPROTO_IPV6, IPV6_V6ONLY), i(u, IPPROTO_IPV6, IPV6_UNICAST_HOPS),
  i(u, IPPROTO_IPV6, IPV6_MULTICAST_IF)]))`;
    const { stdout, stderr } = spawnSync("python3", ["-c", program], { encoding: "utf8" });
    assert.equal(stderr, "");
    assert.deepEqual(JSON.parse(stdout), [
      [2, 1, 6, 1, 1],
      [33, 7, 5, 1, 12_345, 1000],
      [1, 9],
      [2, 0],
      100_000,
      "reno",
      "lo",
      9,
      2,
      3,
      1,
      8,
      1,
    ]);
  }));

testNeeding("python3", "we read what python sets", () =>
  withoutLeaks(() => {
    using tcp = socket("ipv4", "stream");
    setFlags(tcp, { closeOnExec: false });
    const program = `import struct
from socket import *
t = socket(fileno=${tcp.fd})
for o, v in ((TCP_NODELAY, 1), (TCP_KEEPIDLE, 44), (TCP_USER_TIMEOUT, 999), (TCP_SYNCNT, 3)):
  t.setsockopt(IPPROTO_TCP, o, v)
t.setsockopt(SOL_SOCKET, SO_LINGER, struct.pack("ii", 1, 0))
t.setsockopt(SOL_SOCKET, 21, struct.pack("qq", 1, 500000))
t.setsockopt(IPPROTO_IP, IP_TOS, 0x20)`;
    assert.equal(spawnSync("python3", ["-c", program], { encoding: "utf8" }).stderr, "");
    const names = ["noDelay", "keepIdle", "userTimeout", "synCount", "linger", "ipTos"] as const;
    assert.deepEqual(names.map((name) => getOption(tcp, name)), [true, 44, 999, 3, 0, 0x20]);
    assert.equal(getOption(tcp, "sendTimeout"), 1500);
  }));

test("-1 sets what the system has, where the description says so", () => {
  using udp = socket("ipv4", "datagram");
  using udp6 = socket("ipv6", "datagram");
  for (const name of ["ipTtl", "ipMulticastTtl"] as const) {
    const usual = getOption(udp, name);
    setOptions(udp, { [name]: 9 });
    setOptions(udp, { [name]: -1 });
    assert.equal(getOption(udp, name), usual, name);
  }
  for (const name of ["ipv6HopLimit", "ipv6MulticastHopLimit", "ipv6TrafficClass"] as const) {
    const usual = getOption(udp6, name);
    setOptions(udp6, { [name]: 9 });
    setOptions(udp6, { [name]: -1 });
    assert.equal(getOption(udp6, name), usual, name);
  }
});

test.run();
