import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import process from "node:process";
import { runFresh, testWhere, withoutLeaks } from "@posixly/testing";
import fc from "fast-check";
import { test } from "uvu";
import {
  bind,
  blockSource,
  getOption,
  joinGroup,
  leaveGroup,
  localAddress,
  type MembershipOptions,
  receive,
  sendTo,
  setMulticastInterface,
  setOptions,
  type Socket,
  socket,
  unblockSource,
} from "@posixly/socket";

const LOOPBACK = 1;
const isRoot = process.getuid?.() === 0;

function listener(): Socket {
  const listener = socket("ipv4", "datagram");
  bind(listener, "0.0.0.0:0");
  setOptions(listener, { ipMulticastAll: false });
  return listener;
}

/** Whether what one sends to a group comes. The loopback interface is done when we are. */
function hears(listener: Socket, group: string, from = "127.0.0.1"): boolean {
  using sender = socket("ipv4", "datagram");
  bind(sender, `${from}:0`);
  setMulticastInterface(sender, LOOPBACK);
  const { port } = localAddress(listener) as { port: number };
  sendTo(sender, new Uint8Array([1]), `${group}:${port}`);
  return receive(listener, new Uint8Array(8)) !== null;
}

test("what is sent to a group comes to its members, until they leave", () =>
  withoutLeaks(() => {
    for (const via of [LOOPBACK, "lo", "127.0.0.1"]) {
      using member = listener();
      assert.equal(hears(member, "239.1.2.3"), false);
      joinGroup(member, "239.1.2.3", { interface: via });
      assert.equal(hears(member, "239.1.2.3"), true);
      assert.equal(hears(member, "239.1.2.4"), false);
      leaveGroup(member, "239.1.2.3", { interface: via });
      assert.equal(hears(member, "239.1.2.3"), false);
    }
  }));

test("a member for a source hears no other", () =>
  withoutLeaks(() => {
    for (const via of [LOOPBACK, "lo", "127.0.0.1"]) {
      using member = listener();
      const source = "127.0.0.2";
      joinGroup(member, "232.1.2.3", { interface: via, source });
      assert.equal(hears(member, "232.1.2.3", source), true);
      assert.equal(hears(member, "232.1.2.3", "127.0.0.3"), false);
      joinGroup(member, "232.1.2.3", { interface: via, source: "127.0.0.3" });
      assert.equal(hears(member, "232.1.2.3", "127.0.0.3"), true);
      leaveGroup(member, "232.1.2.3", { interface: via, source });
      assert.equal(hears(member, "232.1.2.3", source), false);
      assert.equal(hears(member, "232.1.2.3", "127.0.0.3"), true);
    }
  }));

test("a source that is blocked is not heard until it is unblocked", () =>
  withoutLeaks(() => {
    for (const via of [LOOPBACK, "lo", "127.0.0.1"]) {
      using member = listener();
      joinGroup(member, "239.1.2.3", { interface: via });
      blockSource(member, "239.1.2.3", "127.0.0.2", { interface: via });
      assert.equal(hears(member, "239.1.2.3", "127.0.0.2"), false);
      assert.equal(hears(member, "239.1.2.3", "127.0.0.3"), true);
      unblockSource(member, "239.1.2.3", "127.0.0.2", { interface: via });
      assert.equal(hears(member, "239.1.2.3", "127.0.0.2"), true);
    }
  }));

test("memberships are those that were joined and not left, in every order", () =>
  withoutLeaks(() => {
    const groups = ["239.1.2.3", "239.1.2.4", "224.0.1.5"];
    const step = fc.record({ group: fc.constantFrom(...groups), joins: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
        using member = listener();
        const joined = new Set<string>();
        for (const { group, joins } of steps) {
          const options: MembershipOptions = { interface: "lo" };
          if (joins === joined.has(group)) {
            const code = joins ? "EADDRINUSE" : "EADDRNOTAVAIL";
            const deed = joins ? joinGroup : leaveGroup;
            assert.throws(() => deed(member, group, options), { code });
          } else if (joins) {
            joinGroup(member, group, options);
            joined.add(group);
          } else {
            leaveGroup(member, group, options);
            joined.delete(group);
          }
        }
        for (const group of groups) assert.equal(hears(member, group), joined.has(group));
      }),
      { numRuns: 30 },
    );
  }));

test("an interface knows its groups", () =>
  withoutLeaks(() => {
    using four = listener();
    joinGroup(four, "239.77.66.55", { interface: "lo" });
    assert.match(readFileSync("/proc/net/igmp", "utf8"), /\b37424DEF\b/);
    using six = socket("ipv6", "datagram");
    joinGroup(six, "ff02::7766:5544", { interface: "lo" });
    assert.match(readFileSync("/proc/net/igmp6", "utf8"), /lo +ff020000000000000000000077665544/);
    joinGroup(six, "239.77.66.54", { interface: "lo" }); // one of the other family, too
    assert.match(readFileSync("/proc/net/igmp", "utf8"), /\b36424DEF\b/);
    leaveGroup(six, "ff02::7766:5544", { interface: LOOPBACK });
    assert.doesNotMatch(readFileSync("/proc/net/igmp6", "utf8"), /77665544/);
  }));

test("packets to groups go by the interface that was chosen", () =>
  withoutLeaks(() => {
    using six = socket("ipv6", "datagram");
    setMulticastInterface(six, "lo");
    assert.equal(getOption(six, "ipv6MulticastInterface"), LOOPBACK);
    setMulticastInterface(six, 0);
    assert.equal(getOption(six, "ipv6MulticastInterface"), 0);
    using four = socket("ipv4", "datagram");
    for (const chosen of ["127.0.0.1", "lo", LOOPBACK, 0]) setMulticastInterface(four, chosen);
    assert.throws(() => setMulticastInterface(four, "nowhere"), { code: "ENODEV" });
    assert.throws(() => setMulticastInterface(four, 0x7fff_ffff), { code: "EADDRNOTAVAIL" });
    assert.throws(() => setMulticastInterface(six, 0x7fff_ffff), { code: "ENODEV" });
    assert.throws(() => setMulticastInterface(four, "192.0.2.99"), { code: "EADDRNOTAVAIL" });
    assert.throws(() => setMulticastInterface(six, "127.0.0.1"), { code: "ENODEV" });
    assert.throws(() => setMulticastInterface(six, null as never), TypeError);
    assert.throws(() => setMulticastInterface(six, -1), RangeError);
    using tcp = socket("ipv4", "stream");
    assert.throws(() => setMulticastInterface(tcp, "lo"), { code: "EINVAL" });
  }));

test("the kernel's objections are errors that name the group", () =>
  withoutLeaks(() => {
    using member = listener();
    assert.throws(() => joinGroup(member, "10.1.2.3", { interface: "lo" }), {
      code: "EINVAL",
      syscall: "setsockopt",
      address: "10.1.2.3",
      fd: member.fd,
    });
    assert.throws(() => joinGroup(member, "239.1.2.3", { interface: 0x7fff_ffff }), {
      code: "ENODEV",
    });
    assert.throws(() => joinGroup(member, "239.1.2.3", { interface: "nowhere" }), {
      code: "ENODEV",
    });
    assert.throws(() => joinGroup(member, "239.1.2.3", { interface: "192.0.2.99" }), {
      code: "ENODEV",
    });
    assert.throws(() => joinGroup(member, "ff02::1", { interface: "lo" }), {
      code: /^(ENOPROTOOPT|EOPNOTSUPP)$/,
    });
    using unix = socket("unix", "datagram");
    assert.throws(() => joinGroup(unix, "239.1.2.3"), { code: "EOPNOTSUPP" });
  }));

test("bad input is refused before the call", () =>
  withoutLeaks(() => {
    using member = listener();
    for (const group of ["239.1.2", "group", "", 7, null, "ff02::1%lo", "239.1.2.3:80"]) {
      assert.throws(() => joinGroup(member, group as string), TypeError);
      assert.throws(() => leaveGroup(member, group as string), TypeError);
      assert.throws(() => blockSource(member, group as string, "127.0.0.1"), TypeError);
      assert.throws(() => unblockSource(member, "239.1.2.3", group as string), TypeError);
    }
    for (
      const options of [
        { source: "ff02::1" },
        { source: 7 },
        { interfaec: "lo" },
        { interface: null },
        { interface: 1.5 },
        7,
      ]
    ) {
      assert.throws(() => joinGroup(member, "239.1.2.3", options as object), TypeError);
    }
    assert.throws(() => joinGroup(member, "239.1.2.3", { interface: -1 }), RangeError);
    assert.throws(() => joinGroup(member, "239.1.2.3", { interface: "" }), RangeError);
    assert.throws(
      () => blockSource(member, "239.1.2.3", "127.0.0.1", { source: "127.0.0.2" } as object),
      TypeError,
    );
    assert.throws(() => joinGroup(-1, "239.1.2.3"), RangeError);
  }));

// IPv6 has no groups on the loopback interface, so it takes a network of one's own.
const program = `
import { execFileSync } from "node:child_process";
import assert from "node:assert/strict";
import { bind as bindC, ok } from "@posixly/sys";
import {
  bind, blockSource, joinGroup, leaveGroup, localAddress, receive, sendTo, setMulticastInterface,
  setOptions, socket, unblockSource,
} from "@posixly/socket";

const CLONE_NEWNET = 0x4000_0000;
ok(bindC({ unshare: ["i32", "i32"] }).unshare(CLONE_NEWNET), "unshare");
const ip = (line) => execFileSync("ip", line.split(" "));
ip("link add there type veth peer name here");
for (const name of ["lo", "here", "there"]) ip("link set " + name + " up");
for (const host of ["fd00::1", "fd00::2"]) ip("addr add " + host + "/64 dev here nodad");

const member = socket("ipv6", "datagram");
bind(member, "[::]:0");
setOptions(member, { ipv6MulticastAll: false });
const { port } = localAddress(member);
function hears(group, from) {
  const sender = socket("ipv6", "datagram");
  bind(sender, "[" + from + "]:0");
  setMulticastInterface(sender, "here");
  sendTo(sender, new Uint8Array([1]), "[" + group + "]:" + port);
  sender.close();
  return receive(member, new Uint8Array(8)) !== null;
}
const one = "fd00::1";
const other = "fd00::2";
const both = (group) => [hears(group, one), hears(group, other)];

assert.deepEqual(both("ff05::7"), [false, false]);
joinGroup(member, "ff05::7", { interface: "here" });
assert.deepEqual(both("ff05::7"), [true, true]);
blockSource(member, "ff05::7", one, { interface: "here" });
assert.deepEqual(both("ff05::7"), [false, true]);
unblockSource(member, "ff05::7", one, { interface: "here" });
assert.deepEqual(both("ff05::7"), [true, true]);
leaveGroup(member, "ff05::7", { interface: "here" });
assert.deepEqual(both("ff05::7"), [false, false]);

joinGroup(member, "ff35::7", { interface: "here", source: other });
assert.deepEqual(both("ff35::7"), [false, true]);
leaveGroup(member, "ff35::7", { interface: "here", source: other });
assert.deepEqual(both("ff35::7"), [false, false]);
member.close();
console.log("done");
`;

testWhere(isRoot, "root", "all of that holds for IPv6", async () => {
  const { stdout, stderr, status } = await runFresh(program);
  assert.deepEqual({ stdout, stderr, status }, { stdout: "done\n", stderr: "", status: 0 });
});

test.run();
