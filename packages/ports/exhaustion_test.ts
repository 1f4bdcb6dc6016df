import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  accept,
  type AddressLike,
  bind,
  connect,
  listen,
  sendTo,
  setOptions,
  type Socket,
  socket,
} from "@posixly/socket";
import { poll } from "@posixly/mux";
import { SyscallError } from "@posixly/sys";
import { withoutLeaks } from "@posixly/testing";
import fc from "fast-check";
import { test } from "uvu";
import {
  bindLate,
  bindShared,
  busiestDestinations,
  closeByReset,
  connectFrom,
  type Cure,
  exhaustionOf,
  forecast,
  localPort,
  PortExhaustedError,
  portUsage,
} from "@posixly/ports";
import { setting, testAlone } from "./network_fixture.ts";

/** A network with 64 ephemeral ports, and two servers outside of them. */
class Crowd implements Disposable {
  readonly servers = [server("127.0.0.1:1001"), server("127.0.0.1:1002")];
  readonly [0] = "127.0.0.1:1001";
  readonly [1] = "127.0.0.1:1002";
  readonly held: Socket[] = [];

  constructor() {
    setting("tcp_tw_reuse", "0");
    setting("ip_local_reserved_ports", "");
    setting("ip_local_port_range", "40000 40063");
  }

  hold(one: Socket): Socket {
    this.held.push(one);
    return one;
  }

  /** Connects until there is no port left, and gives the error. */
  fill(to: string, prepare: (client: Socket) => void = () => {}): SyscallError {
    for (;;) {
      try {
        const client = this.hold(socket("ipv4", "stream"));
        prepare(client);
        connect(client, to);
      } catch (error) {
        assert.ok(error instanceof SyscallError);
        this.held.pop()!.close();
        return error;
      }
    }
  }

  /** Ends connections so that this end is left in TIME_WAIT. */
  closeAll(): void {
    for (const client of this.held.splice(0)) client.close();
    for (const server of this.servers) {
      for (let next = accept(server); next !== null; next = accept(server)) {
        poll([{ fd: next.socket, readable: true }]);
        next.socket.close();
      }
    }
  }

  [Symbol.dispose](): void {
    for (const client of this.held) closeByReset(client);
    for (const server of this.servers) server.close();
    execFileSync("ss", ["-K", "state", "time-wait"], { stdio: "ignore" });
    setting("ip_local_reserved_ports", "");
    setting("ip_local_port_range", "32768 60999");
  }
}

function server(address: string): Socket {
  const listener = socket("ipv4", "stream");
  setOptions(listener, { reuseAddress: true });
  bind(listener, address);
  listen(listener);
  return listener;
}

function canConnect(to: AddressLike, prepare: (client: Socket) => void = () => {}): boolean {
  const client = socket("ipv4", "stream");
  try {
    prepare(client);
    connect(client, to);
    return true;
  } catch (error) {
    assert.ok(error instanceof SyscallError, String(error));
    return false;
  } finally {
    closeByReset(client);
  }
}

function errorOf(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    return error;
  }
}

function names(cures: readonly Cure[]): string[] {
  return cures.map(({ name }) => name);
}

testAlone("what is left is counted as the kernel has it", () =>
  withoutLeaks(() => {
    using crowd = new Crowd();
    for (let open = 0; open < 64; open++) {
      const { ports, connected, free } = portUsage({ to: crowd[0] });
      assert.deepEqual([ports, connected, free], [64, open, 64 - open]);
      connect(crowd.hold(socket("ipv4", "stream")), crowd[0]);
    }
    assert.equal(portUsage({ to: crowd[0] }).free, 0);
    assert.equal(canConnect(crowd[0]), false);
    // The limit is none of the machine.
    assert.equal(portUsage({ to: crowd[1] }).free, 64);
    assert.equal(canConnect(crowd[1]), true);
    assert.equal(portUsage({ to: crowd[0], from: "127.0.0.2" }).free, 64);
    assert.equal(portUsage().free, 0); // for bind to port 0
    const [busiest] = busiestDestinations(1);
    assert.deepEqual(busiest, {
      to: { family: "ipv4", host: "127.0.0.1", port: 1001 },
      from: "127.0.0.1",
      connected: 64,
      timeWait: 0,
    });
  }));

testAlone("reserved ports are not among those that there are", () =>
  withoutLeaks(() => {
    using crowd = new Crowd();
    setting("ip_local_reserved_ports", "39990-40009,40011,40060-40070");
    assert.equal(portUsage({ to: crowd[0] }).ports, 49);
    const error = exhaustionOf(crowd.fill(crowd[0]));
    assert.equal(crowd.held.length, 49);
    assert.ok(names(error!.cures).includes("unreserve"));
    setting("ip_local_reserved_ports", "");
    assert.equal(canConnect(crowd[0]), true);
  }));

testAlone(
  "where every port is reserved, sharing those that are not there is no cure",
  () =>
    withoutLeaks(() => {
      using crowd = new Crowd();
      setting("ip_local_reserved_ports", "40000-40063");
      const connected = exhaustionOf(crowd.fill(crowd[0]))!;
      assert.equal(connected.usage.ports, 0);
      assert.deepEqual(names(connected.cures), ["unreserve", "widerRange"]);
      using idle = socket("ipv4", "stream");
      const bound = exhaustionOf(errorOf(() => bind(idle, "127.0.0.1:0")))!;
      assert.deepEqual(names(bound.cures), ["unreserve", "widerRange"]);
      assert.equal(canConnect(crowd[0], (client) => bindLate(client, "127.0.0.1")), false);
      setting("ip_local_port_range", "40000 40065"); // of an odd number, one is not always tried
      assert.equal(canConnect(crowd[0]), true);
    }),
);

testAlone("too many connections: named, and cured", () =>
  withoutLeaks(async () => {
    using crowd = new Crowd();
    const cause = crowd.fill(crowd[0]);
    assert.equal(crowd.held.length, 64);
    const error = exhaustionOf(cause)!;
    assert.ok(error instanceof PortExhaustedError && error.cause === cause);
    assert.deepEqual([error.name, error.code, error.reason], [
      "PortExhaustedError",
      "EADDRNOTAVAIL",
      "connected",
    ]);
    assert.deepEqual(error.usage, {
      range: { first: 40_000, last: 40_063 },
      ports: 64,
      bound: 0,
      connected: 64,
      timeWait: 0,
      reusable: 0,
      elsewhere: 0,
      free: 0,
    });
    assert.deepEqual(names(error.cures), ["reuseConnections", "anotherSource", "widerRange"]);
    assert.match(error.message, /^No port is left to connect 127\.0\.0\.1:1001: of 64 from 40000/);

    using elsewhere = await connectFrom(["127.0.0.1", "127.0.0.2"], crowd[0]);
    assert.equal((elsewhere.localAddress as { host: string }).host, "127.0.0.2");
    setting("ip_local_port_range", "40000 40099");
    assert.equal(canConnect(crowd[0]), true);
    assert.equal(exhaustionOf(cause), null); // there are some now
  }));

testAlone("too many in TIME_WAIT: named, and cured", () =>
  withoutLeaks(() => {
    using crowd = new Crowd();
    crowd.fill(crowd[0]);
    crowd.closeAll();
    const cause = crowd.fill(crowd[0]);
    assert.equal(crowd.held.length, 0);
    const error = exhaustionOf(cause)!;
    assert.equal(error.reason, "timeWait");
    assert.equal(error.usage.timeWait, 64);
    assert.deepEqual(names(error.cures), [
      "reuseConnections",
      "anotherSource",
      "letPeerClose",
      "reset",
      "reuseTimeWait",
      "wait",
      "widerRange",
    ]);
    assert.match(error.cures[5].how, /free again in ([1-5]?\d|60) s/);
    assert.equal(canConnect(crowd[1]), true); // another destination
    assert.equal(canConnect(crowd[0], (client) => bindLate(client, "127.0.0.9")), true);
  }));

testAlone(
  "who ends connections by a reset keeps no port, nor who lets the peer close first",
  () =>
    withoutLeaks(() => {
      using crowd = new Crowd();
      crowd.fill(crowd[0]);
      for (const client of crowd.held.splice(0)) closeByReset(client);
      assert.equal(portUsage({ to: crowd[0] }).timeWait, 0);
      for (let i = 0; i < 64; i++) {
        poll([{ fd: crowd.servers[0], readable: true }]);
        accept(crowd.servers[0])!.socket.close();
      }

      crowd.fill(crowd[0]);
      for (const client of crowd.held.splice(0)) {
        poll([{ fd: crowd.servers[0], readable: true }]);
        accept(crowd.servers[0])!.socket.close();
        poll([{ fd: client, readable: true }]);
        client.close();
      }
      assert.equal(portUsage({ to: crowd[0] }).timeWait, 0);
      assert.equal(canConnect(crowd[0]), true);
    }),
);

testAlone(
  "tcp_tw_reuse gives ports back, once they have been there for a while",
  () =>
    withoutLeaks(() => {
      using crowd = new Crowd();
      crowd.fill(crowd[0]);
      crowd.closeAll();
      setting("tcp_tw_reuse", "1");
      assert.equal(canConnect(crowd[0]), false);
      assert.equal(portUsage({ to: crowd[0] }).reusable, 0);
      const error = exhaustionOf(crowd.fill(crowd[0]))!;
      assert.ok(!names(error.cures).includes("reuseTimeWait")); // it is on already
      poll([], { timeout: 1200 }); // the kernel's clock is what the test is about
      assert.equal(portUsage({ to: crowd[0] }).reusable, 64);
      assert.equal(portUsage({ to: crowd[0] }).free, 64);
      assert.equal(canConnect(crowd[0]), true);
    }),
);

testAlone(
  "clients that bind first have fewer ports, unless they bind late",
  () =>
    withoutLeaks(() => {
      using crowd = new Crowd();
      const cause = crowd.fill(crowd[0], (client) => bind(client, "127.0.0.1:0"));
      assert.deepEqual([cause.code, cause.syscall], ["EADDRINUSE", "bind"]);
      const error = exhaustionOf(cause)!;
      assert.deepEqual([error.reason, error.usage.connected], ["connected", 64]);
      assert.deepEqual(names(error.cures), ["bindLate", "shareAddress", "widerRange"]);
      // What is bound is taken from everyone, whomever they connect to.
      const other = exhaustionOf(crowd.fill(crowd[1]))!;
      assert.equal(other.reason, "bound");
      assert.ok(!names(other.cures).includes("anotherSource"));
      assert.equal(canConnect(crowd[1], (client) => bindLate(client, "127.0.0.2")), false);

      for (const client of crowd.held.splice(0)) closeByReset(client);
      crowd.fill(crowd[0], (client) => bindLate(client, "127.0.0.1"));
      assert.equal(crowd.held.length, 64);
      assert.equal(canConnect(crowd[1], (client) => bindLate(client, "127.0.0.1")), true);
    }),
);

testAlone("sockets that are bound and do nothing have their ports", () =>
  withoutLeaks(() => {
    using crowd = new Crowd();
    for (let i = 0; i < 64; i++) {
      assert.equal(portUsage({ to: crowd[0] }).bound, i);
      bind(crowd.hold(socket("ipv4", "stream")), "127.0.0.1:0");
    }
    const error = exhaustionOf(crowd.fill(crowd[0]))!;
    assert.deepEqual([error.reason, error.usage.bound], ["bound", 64]);
    assert.ok(names(error.cures).includes("bindLate"));
  }));

testAlone(
  "sockets that are bound to share, share when no other port is left",
  () =>
    withoutLeaks(() => {
      using crowd = new Crowd();
      crowd.fill(crowd[0], (client) => bindShared(client, "127.0.0.1"));
      assert.equal(crowd.held.length, 64);
      const client = crowd.hold(socket("ipv4", "stream"));
      bindShared(client, "127.0.0.1"); // of the 64, which are all taken
      assert.ok(localPort(client)! >= 40_000);
      connect(client, crowd[1]);
    }),
);

testAlone("listening without an address is as binding to port 0", () =>
  withoutLeaks(() => {
    using crowd = new Crowd();
    crowd.fill(crowd[0]);
    using listener = socket("ipv4", "stream");
    const exhausted = exhaustionOf(errorOf(() => listen(listener)))!;
    assert.deepEqual([exhausted.code, exhausted.reason], ["EADDRINUSE", "connected"]);
  }));

testAlone("UDP says EAGAIN, and each of its sockets has a port alone", () =>
  withoutLeaks(() => {
    using crowd = new Crowd();
    for (let i = 0; i < 64; i++) {
      sendTo(crowd.hold(socket("ipv4", "datagram")), new Uint8Array(1), "127.0.0.1:9");
    }
    using client = socket("ipv4", "datagram");
    for (
      const run of [
        () => sendTo(client, new Uint8Array(1), "127.0.0.1:9"),
        () => connect(client, "127.0.0.1:9"),
      ]
    ) {
      const exhausted = exhaustionOf(errorOf(run))!;
      assert.deepEqual([exhausted.code, exhausted.reason], ["EAGAIN", "bound"]);
      assert.deepEqual(names(exhausted.cures), ["oneSocket", "widerRange"]);
    }
  }));

testAlone("a socket with a range of its own has no more than that", () =>
  withoutLeaks(() => {
    using crowd = new Crowd();
    const own = { ipLocalPortRange: { first: 40_010, last: 40_013 } };
    const cause = crowd.fill(crowd[0], (client) => setOptions(client, own));
    assert.equal(crowd.held.length, 4);
    using client = socket("ipv4", "stream");
    setOptions(client, own);
    assert.equal(exhaustionOf(cause), null); // the others have ports enough
    assert.equal(exhaustionOf(cause, { socket: client })!.usage.ports, 4);
  }));

testAlone("what is something else is not called exhaustion", () =>
  withoutLeaks(() => {
    using crowd = new Crowd();
    crowd.fill(crowd[0]);
    using tcp = socket("ipv4", "stream");
    for (
      const run of [
        () => bind(tcp, "127.0.0.1:1001"), // somebody has that one
        () => bind(tcp, "192.0.2.1:0"), // not our address
        () => connect(tcp, "unix:@nobody"),
        () => connect(tcp, "127.0.0.1:1003"), // nobody there, but ports are
      ]
    ) {
      assert.equal(exhaustionOf(errorOf(run)), null);
    }
    assert.equal(exhaustionOf(new Error("EADDRNOTAVAIL")), null);
    assert.equal(exhaustionOf(undefined), null);
  }));

/**
 * Whether a second socket gets the port that a first has, by how each came by it. What cannot be
 * had says EADDRINUSE or EADDRNOTAVAIL.
 */
const truth: [first: string, second: string, toTheSame: boolean, toAnother: boolean][] = [
  ["bind", "bind", false, false],
  ["bind", "late", false, false],
  ["bind", "connect", false, false],
  ["shared", "shared", false, true],
  ["shared", "bind", false, false],
  ["shared", "late", false, false],
  ["late", "bind", false, false],
  ["late", "shared", false, false],
  ["late", "late", false, true],
  ["late", "connect", false, true],
  ["connect", "bind", false, false],
  ["connect", "shared", false, false],
  ["connect", "late", false, true],
  ["connect", "connect", false, true],
];

testAlone(
  "who shares a port with whom, between bind, late bind and connect",
  () =>
    withoutLeaks(() => {
      const one = { ipLocalPortRange: { first: 40_030, last: 40_030 } };
      const prepare: Record<string, (client: Socket) => void> = {
        bind: (client) => bind(client, "127.0.0.1:40030"),
        shared: (client) => {
          setOptions(client, { reuseAddress: true });
          bind(client, "127.0.0.1:40030");
        },
        late: (client) => {
          setOptions(client, one);
          bindLate(client, "127.0.0.1");
        },
        connect: (client) => setOptions(client, one),
      };
      for (const [first, second, toTheSame, toAnother] of truth) {
        using crowd = new Crowd();
        const holder = crowd.hold(socket("ipv4", "stream"));
        prepare[first](holder);
        connect(holder, crowd[0]);
        assert.equal(localPort(holder), 40_030);
        assert.equal(canConnect(crowd[0], prepare[second]), toTheSame, `${first}, ${second}`);
        assert.equal(
          canConnect(crowd[1], prepare[second]),
          toAnother,
          `${first}, ${second}: other`,
        );
      }
    }),
);

/** Whether a second listener gets the port, by the addresses of both. */
const stacks: [first: string, second: string, both: boolean][] = [
  ["0.0.0.0", "0.0.0.0", false],
  ["0.0.0.0", "127.0.0.1", false],
  ["127.0.0.1", "127.0.0.2", true],
  ["127.0.0.1", "127.0.0.1", false],
  ["::", "0.0.0.0", false],
  ["::", "127.0.0.1", false],
  ["::", "::1", false],
  ["only ::", "0.0.0.0", true],
  ["only ::", "127.0.0.1", true],
  ["only ::", "::1", false],
  ["only ::", "::", false],
  ["::1", "127.0.0.1", true],
  ["::1", "0.0.0.0", true],
  ["::ffff:127.0.0.1", "127.0.0.1", false],
  ["::ffff:127.0.0.1", "127.0.0.2", true],
];

testAlone(
  "which addresses of the two versions stand in each other's way",
  () =>
    withoutLeaks(() => {
      const bound = (address: string) => {
        const host = address.replace("only ", "");
        const isSix = host.includes(":");
        const one = socket(isSix ? "ipv6" : "ipv4", "stream");
        try {
          if (isSix) setOptions(one, { ipv6Only: address !== host });
          bind(one, isSix ? `[${host}]:2000` : `${host}:2000`);
          return one;
        } catch (error) {
          one.close();
          assert.equal((error as { code: string }).code, "EADDRINUSE");
          return null;
        }
      };
      for (const [first, second, both] of stacks) {
        for (const [one, other] of [[first, second], [second, first]]) {
          using holder = bound(one)!;
          assert.equal(localPort(holder), 2000);
          using next = bound(other);
          assert.equal(next !== null, both, `${one}, then ${other}`);
        }
      }
    }),
);

test("a forecast is what a simulation of the same load comes to", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 20 }),
      fc.integer({ min: 0, max: 10 }),
      fc.integer({ min: 1, max: 1500 }),
      fc.constantFrom("here" as const, "there" as const),
      (perSecond, seconds, ports, closedFirst) => {
        const { inUse, exhaustedIn } = forecast({ perSecond, seconds, ports, closedFirst });
        const held = seconds + (closedFirst === "here" ? 60 : 0);
        let open = 0;
        let failedAt: number | null = null;
        for (let i = 0; i < perSecond * (held + 5) && failedAt === null; i++) {
          if (i >= perSecond * held) open--; // the one that was made so long ago
          if (open === ports) failedAt = i / perSecond;
          else open++;
        }
        assert.equal(failedAt, exhaustedIn);
        if (failedAt === null) assert.equal(open, inUse);
      },
    ),
  );
});

test("a load that is none is refused", () => {
  for (const load of [{ perSecond: -1 }, { perSecond: NaN }, { perSecond: "5" }]) {
    assert.throws(() => forecast(load as { perSecond: number }), { name: "RangeError" });
  }
  assert.throws(() => forecast({ perSecond: 1, closedFirst: "me" as "here" }), {
    name: "TypeError",
  });
  assert.throws(() => portUsage({ to: "unix:@x" }), { name: "TypeError" });
  assert.throws(() => portUsage({ protocol: "sctp" as "tcp" }), { name: "TypeError" });
});

test("who connects from nowhere is refused", async () => {
  await assert.rejects(connectFrom([], "127.0.0.1:1"), { name: "RangeError" });
  await assert.rejects(connectFrom(["localhost"], "127.0.0.1:1"), { message: /node:dns/ });
  await assert.rejects(connectFrom(["127.0.0.2", "127.0.0.3"], "127.0.0.1:1"), {
    code: "ECONNREFUSED",
  });
});

test.run();
