import assert from "node:assert/strict";
import process from "node:process";
import { testWhere } from "@posixly/testing";
import fc from "fast-check";
import { test } from "uvu";
import {
  getOption,
  type ReadableOptions,
  setOptions,
  type SettableOptions,
  socket,
} from "@posixly/socket";

const isRoot = process.getuid?.() === 0;

const sockets = {
  tcp: () => socket("ipv4", "stream"),
  tcp6: () => socket("ipv6", "stream"),
  udp: () => socket("ipv4", "datagram"),
  udp6: () => socket("ipv6", "datagram"),
  raw: () => socket("ipv4", "raw", "udp"),
  raw6: () => socket("ipv6", "raw", 200),
  unix: () => socket("unix", "datagram"),
  netlink: () => socket("netlink", "raw", "route"),
};

/** How to try an option: on which socket, with which values, and what is read then. */
interface Trial<Value> {
  readonly on: keyof typeof sockets;
  readonly values: fc.Arbitrary<Value>;
  /** What is read after it was set; by default the same. */
  readonly check?: (read: Value, set: Value) => void;
  /** Takes root, or a capability that root has. */
  readonly privileged?: boolean;
}

const oneOf = fc.constantFrom;
const flag = fc.boolean();
const atLeast = (read: number, set: number) => assert.ok(read >= set, `${read} < ${set}`);
const on = (kind: keyof typeof sockets) => ({ on: kind, values: flag });
const numbers = (kind: keyof typeof sockets, min: number, max: number) => (
  { on: kind, values: fc.integer({ min, max }) }
);
const record = <T>(model: { [Name in keyof T]: fc.Arbitrary<T[Name]> }) => (
  fc.record(model, { noNullPrototype: true })
);
const onlyTrue = fc.constant(true);

const LOOPBACK = 1;
const port = fc.integer({ min: 1024, max: 0xffff });

/** Those that this machine may not have, or that read otherwise than they are set. */
type Special = "reserveMemory" | "ipv6Mtu" | "upperLayer";

type Both = {
  [Name in Exclude<keyof SettableOptions & keyof ReadableOptions, Special>]: Trial<
    SettableOptions[Name]
  >;
};

const trials: Both = {
  reuseAddress: on("tcp"),
  reusePort: on("udp"),
  keepAlive: on("tcp"),
  broadcast: on("udp"),
  linger: {
    on: "tcp",
    values: fc.oneof(fc.constant<false>(false), fc.nat(0xffff)),
  },
  sendBuffer: { ...numbers("tcp", 0, 100_000), check: (read, set) => atLeast(read, 2 * set) },
  receiveBuffer: { ...numbers("udp", 0, 100_000), check: (read, set) => atLeast(read, 2 * set) },
  bufferLock: { on: "tcp", values: record({ send: flag, receive: flag }) },
  receiveLowWater: {
    ...numbers("tcp", 0, 10_000),
    check: (read, set) => assert.equal(read, set || 1),
  },
  receiveTimeout: {
    on: "tcp",
    values: fc.double({ min: 0, max: 1e7, noNaN: true }),
    check: atLeast,
  },
  sendTimeout: { on: "unix", values: fc.double({ min: 0, max: 1e7, noNaN: true }), check: atLeast },
  priority: numbers("udp", 0, 6),
  mark: { ...numbers("udp", 0, 2 ** 32 - 1), privileged: true },
  bindToDevice: { on: "udp", values: oneOf("lo", "") },
  bindToInterface: { on: "udp", values: oneOf(LOOPBACK, 0) },
  doNotRoute: on("udp"),
  outOfBandInline: on("tcp"),
  passCredentials: on("unix"),
  passPidfd: on("unix"),
  passSecurity: on("unix"),
  passRights: on("unix"),
  timestamp: on("udp"),
  timestampNs: on("udp"),
  timestamping: {
    on: "udp",
    values: record({ receiveSoftware: flag, software: flag, id: flag, both: flag }),
    check: (read, set) => {
      for (const name of ["receiveSoftware", "software", "id", "both"] as const) {
        assert.equal(read[name], set[name], name);
      }
      assert.equal(read.sendHardware, false);
    },
  },
  receiveOverflow: on("udp"),
  receiveMark: { ...on("udp"), privileged: true },
  receivePriority: on("udp"),
  peekOffset: numbers("unix", -1, 2 ** 31 - 1),
  zeroCopy: on("tcp"),
  sendTime: {
    on: "udp",
    values: record({ clock: oneOf(1), deadline: flag, reportErrors: flag }),
  },
  maxPacingRate: {
    on: "tcp",
    values: fc.oneof(
      fc.nat(),
      fc.bigInt(2n ** 60n, 2n ** 64n - 2n),
      fc.constant<"unlimited">("unlimited"),
    ),
  },
  busyPoll: { ...numbers("udp", 0, 10_000), privileged: true },
  preferBusyPoll: { ...on("udp"), privileged: true },
  incomingCpu: numbers("tcp", -1, 8),
  retryElsewhere: numbers("tcp", 0, 1),
  noChecksum: on("udp"),
  selectErrorQueue: on("udp"),
  lockFilter: { on: "udp", values: onlyTrue },
  debug: { ...on("tcp"), privileged: true },

  ipTtl: numbers("udp", 1, 255),
  ipTos: numbers("udp", 0, 255),
  ipMinTtl: numbers("tcp", 0, 255),
  ipMtuDiscover: {
    on: "udp",
    values: oneOf("dont", "want", "do", "probe", "interface", "omit"),
  },
  ipFreeBind: on("tcp"),
  ipTransparent: { ...on("tcp"), privileged: true },
  ipBindAddressNoPort: on("tcp"),
  ipLocalPortRange: {
    on: "tcp",
    values: fc.tuple(port, port).map(([a, b]) => ({ first: Math.min(a, b), last: Math.max(a, b) })),
  },
  ipUnicastInterface: { on: "udp", values: oneOf(0, LOOPBACK) },
  ipMulticastTtl: numbers("udp", 0, 255),
  ipMulticastLoop: on("udp"),
  ipMulticastAll: on("udp"),
  ipPacketInfo: on("udp"),
  ipReceiveTtl: on("udp"),
  ipReceiveTos: on("udp"),
  ipReceiveOptions: on("udp"),
  ipReceiveOriginalAddress: on("udp"),
  ipReceiveFragmentSize: on("raw"),
  ipReceiveChecksum: on("udp"),
  ipReceiveError: on("udp"),
  ipReceiveErrorExtensions: on("udp"),
  ipHeaderIncluded: on("raw"),
  ipNoDefragment: on("raw"),

  ipv6Only: on("tcp6"),
  ipv6HopLimit: numbers("udp6", 1, 255),
  ipv6TrafficClass: numbers("udp6", 0, 255),
  ipv6MinHopLimit: numbers("tcp6", 0, 255),
  ipv6MtuDiscover: {
    on: "udp6",
    values: oneOf("dont", "want", "do", "probe", "interface", "omit"),
  },
  ipv6DontFragment: on("udp6"),
  ipv6FreeBind: on("tcp6"),
  ipv6Transparent: { ...on("tcp6"), privileged: true },
  ipv6UnicastInterface: { on: "udp6", values: oneOf(0, LOOPBACK) },
  ipv6MulticastInterface: { on: "udp6", values: oneOf(0, LOOPBACK) },
  ipv6MulticastHopLimit: numbers("udp6", 0, 255),
  ipv6MulticastLoop: on("udp6"),
  ipv6MulticastAll: on("udp6"),
  ipv6Source: { on: "udp6", values: oneOf("temporary", "public", "default") },
  ipv6AutoFlowLabel: on("udp6"),
  ipv6SendFlow: on("udp6"),
  ipv6ReceiveFlow: on("udp6"),
  ipv6PacketInfo: on("udp6"),
  ipv6ReceiveHopLimit: on("udp6"),
  ipv6ReceiveTrafficClass: on("udp6"),
  ipv6ReceiveHopOptions: { ...on("raw6"), privileged: true },
  ipv6ReceiveRouting: on("udp6"),
  ipv6ReceiveDestinationOptions: { ...on("raw6"), privileged: true },
  ipv6ReceiveOriginalAddress: on("udp6"),
  ipv6ReceiveFragmentSize: on("raw6"),
  ipv6ReceivePathMtu: on("udp6"),
  ipv6ReceiveError: on("udp6"),
  ipv6ReceiveErrorExtensions: on("udp6"),
  ipv6HeaderIncluded: on("raw6"),
  ipv6Checksum: { on: "raw6", values: fc.integer({ min: 0, max: 100 }).map((n) => n * 2) },

  noDelay: on("tcp"),
  cork: on("tcp"),
  quickAck: on("tcp"),
  keepIdle: numbers("tcp", 1, 32767),
  keepInterval: numbers("tcp", 1, 32767),
  keepCount: numbers("tcp", 1, 127),
  userTimeout: numbers("tcp", 0, 2 ** 31 - 1),
  congestion: { on: "tcp", values: fc.constant("reno") },
  fastOpen: numbers("tcp", 0, 1000),
  fastOpenConnect: on("tcp"),
  fastOpenNoCookie: on("tcp"),
  fastOpenKey: {
    on: "tcp",
    values: fc.oneof(
      fc.uint8Array({ minLength: 16, maxLength: 16 }),
      fc.uint8Array({ minLength: 32, maxLength: 32 }),
    ),
    check: (read, set) => assert.deepEqual(new Uint8Array(read), new Uint8Array(set)),
  },
  deferAccept: { ...numbers("tcp", 0, 60), check: atLeast },
  maxSegment: numbers("tcp", 88, 32767),
  notSentLowWater: numbers("tcp", 0, 2 ** 32 - 1),
  finWait: { ...numbers("tcp", 1, 120) },
  synCount: numbers("tcp", 1, 127),
  windowClamp: { on: "tcp", values: oneOf(0, 10_000, 65_535) },
  saveSyn: numbers("tcp", 0, 2),
  thinLinearTimeouts: on("tcp"),
  receiveQueued: on("tcp"),
  sendDelay: numbers("tcp", 0, 1_000_000),
  retryMax: { ...numbers("tcp", 1000, 120_000), check: atLeast },
  retryMin: { ...numbers("tcp", 10_000, 100_000), check: atLeast },
  delayedAckMax: { ...numbers("tcp", 10_000, 100_000), check: atLeast },

  udpCork: on("udp"),
  udpSegment: numbers("udp", 0, 0xffff),
  udpJoin: on("udp"),
  udpSendNoChecksum: on("udp6"),
  udpReceiveNoChecksum: on("udp6"),
  udpEncapsulation: { on: "udp", values: fc.constant(2) },

  netlinkPacketInfo: on("netlink"),
  netlinkBroadcastError: on("netlink"),
  netlinkNoBufferError: on("netlink"),
  netlinkAllNamespaces: { ...on("netlink"), privileged: true },
  netlinkCappedAck: on("netlink"),
  netlinkExtendedAck: on("netlink"),
  netlinkStrict: on("netlink"),
};

for (const [name, trial] of Object.entries(trials) as [keyof Both, Trial<unknown>][]) {
  const needsRoot = trial.privileged || trial.on.startsWith("raw");
  testWhere(!needsRoot || isRoot, "root", `${name} is read as it was set`, () => {
    fc.assert(
      fc.property(trial.values, (value) => {
        using target = sockets[trial.on]();
        setOptions(target, { [name]: value });
        const check: (read: unknown, set: unknown) => void = trial.check ?? assert.deepEqual;
        check(getOption(target, name), value);
      }),
      { numRuns: 25 },
    );
  });
}

test.run();
