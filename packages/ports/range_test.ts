import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import {
  bindLate,
  countPorts,
  explainPorts,
  formatPorts,
  localPort,
  mergePorts,
  parsePorts,
  portDefaults,
  type PortRange,
  portRange,
  portSettings,
  preferredFor,
  reservedPorts,
} from "@posixly/ports";
import {
  bind,
  connect,
  listen,
  localAddress,
  setOptions,
  type Socket,
  socket,
  socketPair,
  udp,
} from "@posixly/socket";
import { withoutLeaks } from "@posixly/testing";
import fc from "fast-check";
import { test } from "uvu";
import { portOf, testAlone } from "./crowd_fixture.ts";

const port = fc.integer({ min: 0, max: 65535 });
const range = fc.tuple(port, port).map(([a, b]): PortRange => (
  { first: Math.min(a, b), last: Math.min(Math.max(a, b), Math.min(a, b) + 50) }
));
const ranges = fc.array(range, { maxLength: 20 });

/** The ports themselves: what ranges stand for. */
function portsIn(some: readonly PortRange[]): Set<number> {
  return new Set(some.flatMap(({ first, last }) => (
    Array.from({ length: last - first + 1 }, (_, i) => first + i)
  )));
}

/** As `set` writes the setting, in the network that this file has to itself. */
function set(name: string, value: string): void {
  writeFileSync(`/proc/sys/net/ipv4/${name}`, value);
}

test("merged ranges hold the same ports, in order and apart", () => {
  fc.assert(fc.property(ranges, (some) => {
    const merged = mergePorts(some);
    assert.deepEqual(portsIn(merged), new Set([...portsIn(some)].sort((a, b) => a - b)));
    merged.slice(1).forEach(({ first }, i) => assert.ok(first > merged[i].last + 1));
  }));
});

test("ports that were written are read again", () => {
  fc.assert(fc.property(ranges, (some) => {
    assert.deepEqual(parsePorts(formatPorts(some)), mergePorts(some));
  }));
});

test("the list of ports is read strictly", () => {
  assert.deepEqual(parsePorts("1,2-4,10-10\n"), [{ first: 1, last: 4 }, { first: 10, last: 10 }]);
  assert.deepEqual(parsePorts(""), []);
  assert.deepEqual(parsePorts("0,65535"), [{ first: 0, last: 0 }, { first: 65535, last: 65535 }]);
  for (
    const text of ["1,", ",1", "1-", "-1", "1 2", "1--2", "2-1", "0x1", "010", "1.5", "a", "+1"]
  ) {
    assert.throws(() => parsePorts(text), { name: "TypeError" }, text);
  }
  for (const text of ["65536", "1-65536", "99999999999999999999"]) {
    assert.throws(() => parsePorts(text), { name: "RangeError" }, text);
  }
  assert.throws(() => parsePorts(80 as unknown as string), { name: "TypeError" });
});

test("ports are counted less those that are reserved", () => {
  fc.assert(fc.property(range, ranges, (whole, reserved) => {
    const left = [...portsIn([whole])].filter((each) => !portsIn(reserved).has(each));
    assert.equal(countPorts(whole, reserved), left.length);
  }));
});

testAlone("the kernel reads the ranges that we write, and tells them as we merge them", () => {
  fc.assert(
    fc.property(ranges.filter((some) => some.length > 0), (some) => {
      set("ip_local_reserved_ports", formatPorts(some));
      assert.deepEqual(reservedPorts(), mergePorts(some));
    }),
    { numRuns: 30 },
  );
  set("ip_local_reserved_ports", "\n");
  assert.deepEqual(reservedPorts(), []);
});

testAlone("the settings are those of this network", () => {
  set("ip_local_port_range", "40000 40063");
  set("ip_local_reserved_ports", "40010-40019,8080");
  set("ip_unprivileged_port_start", "80");
  set("tcp_tw_reuse", "1");
  set("tcp_fin_timeout", "30");
  set("tcp_max_tw_buckets", "1000");
  const settings = portSettings();
  assert.deepEqual(settings, {
    range: { first: 40000, last: 40063 },
    reserved: [{ first: 8080, last: 8080 }, { first: 40010, last: 40019 }],
    unprivilegedStart: 80,
    timeWaitReuse: "always",
    timeWaitReuseDelay: settings.timeWaitReuseDelay,
    timestamps: true,
    maxTimeWait: 1000,
    finTimeout: 30,
  });
  assert.equal(countPorts(), 54);
  const meanings = new Map(explainPorts().map(({ setting, meaning }) => [setting, meaning]));
  assert.match(meanings.get("net.ipv4.ip_local_port_range")!, /^54 connections to one destination/);
  assert.match(meanings.get("net.ipv4.tcp_tw_reuse")!, /^connect uses a port again/);
  assert.match(
    meanings.get("net.ipv4.tcp_fin_timeout")!,
    /30 s in FIN_WAIT2.*TIME_WAIT lasts 60 s/,
  );
  assert.equal(meanings.size, 6);
  set("tcp_timestamps", "0");
  assert.ok(
    explainPorts().some(({ meaning }) => meaning === "nothing, since tcp_timestamps is off"),
  );
  set("tcp_timestamps", "1");
  set("ip_local_reserved_ports", "\n");
});

test("what is not known is not explained", () => {
  const { range } = portSettings();
  const settings = { ...portSettings(), finTimeout: undefined, timeWaitReuse: undefined, range };
  const names = explainPorts(settings).map(({ setting }) => setting);
  assert.ok(names.includes("net.ipv4.ip_local_port_range"));
  assert.ok(!names.includes("net.ipv4.tcp_fin_timeout"));
  assert.ok(!names.includes("net.ipv4.tcp_tw_reuse"));
});

testAlone(
  "connect takes the ports that are preferred for it first, and bind the others",
  () =>
    withoutLeaks(() => {
      set("ip_local_port_range", "40000 40015");
      const open: Socket[] = [];
      const opened = () => open[open.push(socket("ipv4", "stream")) - 1];
      try {
        const server = opened();
        bind(server, "127.0.0.1:9000");
        listen(server);
        const connected = Array.from({ length: 8 }, () => {
          const client = opened();
          connect(client, "127.0.0.1:9000");
          return preferredFor(localPort(client)!);
        });
        assert.deepEqual(connected, Array(8).fill("connect"));
        const bound = Array.from({ length: 8 }, () => {
          const holder = opened();
          bind(holder, "127.0.0.1:0");
          return preferredFor(localPort(holder)!);
        });
        assert.deepEqual(bound, Array(8).fill("bind"));
      } finally {
        for (const each of open) each.close();
      }
    }),
);

test("a port of no range is preferred for nobody", () => {
  assert.equal(preferredFor(9, { first: 10, last: 20 }), null);
  assert.equal(preferredFor(21, { first: 10, last: 20 }), null);
  assert.equal(preferredFor(10, { first: 10, last: 20 }), "connect");
  assert.throws(() => preferredFor(65536), { name: "RangeError" });
});

testAlone("a socket's own range is cut to that of the system, and is the one that it gets", () => {
  set("ip_local_port_range", "40000 40063");
  const cases: [PortRange, PortRange][] = [
    [{ first: 40010, last: 40012 }, { first: 40010, last: 40012 }],
    [{ first: 1000, last: 40012 }, { first: 40000, last: 40012 }],
    [{ first: 40010, last: 65535 }, { first: 40010, last: 40063 }],
    [{ first: 1000, last: 2000 }, { first: 40000, last: 40063 }],
    [{ first: 40010, last: 0 }, { first: 40010, last: 40063 }],
    [{ first: 0, last: 0 }, { first: 40000, last: 40063 }],
  ];
  for (const [asked, effective] of cases) {
    using tcp = socket("ipv4", "stream");
    setOptions(tcp, { ipLocalPortRange: asked });
    assert.deepEqual(portRange(tcp), effective);
    bind(tcp, "127.0.0.1:0");
    const chosen = localPort(tcp)!;
    assert.ok(effective.first <= chosen && chosen <= effective.last, `${chosen}`);
  }
});

testAlone(
  "who binds late has no port until it connects, and then shares it between peers",
  () =>
    withoutLeaks(() => {
      set("ip_local_port_range", "40000 40003");
      const open: Socket[] = [];
      try {
        for (const server of ["127.0.0.1:9001", "127.0.0.1:9002"]) {
          const listener = open[open.push(socket("ipv4", "stream")) - 1];
          bind(listener, server);
          listen(listener);
          for (let i = 0; i < 4; i++) {
            const client = open[open.push(socket("ipv4", "stream")) - 1];
            bindLate(client, "127.0.0.7");
            assert.equal(localPort(client), null);
            assert.equal((localAddress(client) as { host: string }).host, "127.0.0.7");
            connect(client, server);
            assert.ok(localPort(client)! >= 40000);
          }
          using one = socket("ipv4", "stream");
          bindLate(one, "127.0.0.7");
          assert.throws(() => connect(one, server), { code: "EADDRNOTAVAIL" });
        }
      } finally {
        for (const each of open) each.close();
      }
      set("ip_local_port_range", "32768 60999");
    }),
);

test("the port of any socket is told, of either family and protocol", () =>
  withoutLeaks(() => {
    using bound = udp("[::1]:0");
    assert.equal(localPort(bound), (bound.localAddress as { port: number }).port);
    using tcp = socket("ipv6", "stream");
    assert.equal(localPort(tcp), null);
    listen(tcp);
    assert.equal(localPort(tcp), portOf(tcp));
    using pair = socketPair();
    assert.throws(() => localPort(pair.first), { name: "TypeError", message: /unix/ });
    assert.throws(() => localPort(-1), { name: "RangeError" });
  }));

test("late binding refuses what is no address, or no socket", () => {
  using tcp = socket("ipv4", "stream");
  assert.throws(() => bindLate(tcp, "localhost"), { name: "TypeError" });
  assert.throws(() => bindLate(tcp, "192.0.2.1"), { code: "EADDRNOTAVAIL" });
});

testAlone("what Linux does by default is what a new network is set to", () => {
  const text = execFileSync("unshare", ["-n", "cat", "/proc/sys/net/ipv4/ip_local_port_range"]);
  const [first, last] = `${text}`.trim().split(/\s+/).map(Number);
  assert.deepEqual(portDefaults.linux.range, { first, last });
  for (const { range, source, setting } of Object.values(portDefaults)) {
    assert.ok(countPorts(range, []) > 10_000);
    assert.ok(source.length > 0 && setting.length > 0);
  }
});

test.run();
