import assert from "node:assert/strict";
import process from "node:process";
import { poll } from "@posixly/mux";
import { testWhere } from "@posixly/testing";
import { test } from "uvu";
import {
  accept,
  bind,
  connect,
  interfaceIndex,
  listen,
  localAddress,
  MessageBatch,
  type ReceivedControl,
  type ReceivedMessage,
  receiveMessage,
  receiveMessages,
  send,
  sendMessage,
  sendMessages,
  sendTo,
  setOptions,
  setsockopt,
  type SettableOptions,
  type Socket,
  socket,
  socketPair,
} from "@posixly/socket";

const isRoot = process.getuid!() === 0;
const loopback = interfaceIndex("lo");

/** Waits until something has come, and takes it. */
function received(server: Socket, size = 100): ReceivedMessage {
  assert.equal(poll([{ fd: server, readable: true }], { timeout: 10_000 }).length, 1);
  return receiveMessage(server, new Uint8Array(size))!;
}

/** A server at a port of its own, which asks for what messages come with. */
function listening(at: string, options: Partial<SettableOptions>): Socket {
  const server = socket(at.startsWith("[") ? "ipv6" : "ipv4", "datagram");
  setOptions(server, options);
  bind(server, at);
  return server;
}

function isNow({ seconds }: { seconds: number | bigint }): boolean {
  return Math.abs(Date.now() / 1000 - Number(seconds)) < 60;
}

const version4 = {
  at: "127.0.0.1:0",
  family: "ipv4",
  ask: {
    ipPacketInfo: true,
    ipReceiveTtl: true,
    ipReceiveTos: true,
    ipReceiveOriginalAddress: true,
  },
  info: { host: "127.0.0.1", interface: loopback, local: "127.0.0.1" },
  tell: { ttl: 7, tos: 0x48 },
  told: (control: ReceivedControl) => ({ ttl: control.ttl, tos: control.tos }),
} as const;

const version6 = {
  at: "[::1]:0",
  family: "ipv6",
  ask: {
    ipv6PacketInfo: true,
    ipv6ReceiveHopLimit: true,
    ipv6ReceiveTrafficClass: true,
    ipv6ReceiveOriginalAddress: true,
  },
  info: { host: "::1", interface: loopback },
  tell: { hopLimit: 7, trafficClass: 0x48 },
  told: (control: ReceivedControl) => ({
    hopLimit: control.hopLimit,
    trafficClass: control.trafficClass,
  }),
} as const;

for (const { at, family, ask, info, tell, told } of [version4, version6]) {
  test(`${family}: all that was asked for comes with a datagram, alone and in a batch`, () => {
    using server = listening(at, { ...ask, timestampNs: true, receiveOverflow: true });
    using client = socket(family, "datagram");
    const to = localAddress(server);
    const check = (control: ReceivedControl) => {
      const { packetInfo, originalAddress, timestamp, ...others } = control;
      assert.deepEqual({ packetInfo, originalAddress }, { packetInfo: info, originalAddress: to });
      assert.ok(isNow(timestamp!));
      assert.deepEqual(others, tell);
    };
    sendMessage(client, { bytes: new Uint8Array(3), to, control: tell });
    check(received(server).control);

    const batch = new MessageBatch();
    const message = batch.add(new Uint8Array(3), to)!;
    message.control = tell;
    receiveMessages(server, batch); // nothing, which forgets what was to be sent
    assert.equal(batch.count, 0);
    const lengths: number[] = [];
    for (let i = 0; i < 3; i++) {
      sendMessage(client, { bytes: new Uint8Array(i), to, control: tell });
    }
    while (lengths.length < 3) {
      poll([{ fd: server, readable: true }], { timeout: 10_000 });
      receiveMessages(server, batch);
      for (const { control, length } of batch) check(control), lengths.push(length);
    }
    assert.deepEqual(lengths, [0, 1, 2]);
  });

  test(`${family}: what is told of one message is not told of the next`, () => {
    using server = listening(at, ask);
    using client = socket(family, "datagram");
    connect(client, localAddress(server));
    const bytes = new Uint8Array(1);
    send(client, bytes);
    const usual = told(received(server).control);
    sendMessage(client, { bytes, control: tell });
    assert.deepEqual(told(received(server).control), tell);
    sendMessage(client, { bytes });
    assert.deepEqual(told(received(server).control), usual);

    const batch = new MessageBatch();
    batch.add(bytes)!.control = tell;
    batch.add(bytes);
    assert.equal(sendMessages(client, batch), 2);
    assert.deepEqual(told(received(server).control), tell);
    assert.deepEqual(told(received(server).control), usual);
  });

  test(`${family}: an answer goes from where the question went to`, () => {
    const everywhere = family === "ipv4" ? "0.0.0.0:0" : "[::]:0";
    const host = family === "ipv4" ? "127.0.0.5" : "::1";
    using server = listening(everywhere, ask);
    const { port } = localAddress(server) as { port: number };
    using client = socket(family, "datagram");
    connect(client, { family, host, port });
    send(client, new Uint8Array(4));
    const { from, control: { packetInfo } } = received(server);
    assert.equal(packetInfo!.host, host);
    // The client is connected, so that it takes nothing from another address.
    sendMessage(server, { bytes: new Uint8Array(5), to: from!, control: { packetInfo } });
    assert.equal(received(client).length, 5);
  });

  test(`${family}: datagrams are parted and joined by the kernel`, () => {
    using server = listening(at, {});
    using client = socket(family, "datagram");
    connect(client, localAddress(server));
    const bytes = Uint8Array.from({ length: 2500 }, (_, i) => i);
    sendMessage(client, { bytes, control: { segmentSize: 1000 } });
    const lengths = [1, 2, 3].map(() => received(server, 3000).length);
    assert.deepEqual(lengths, [1000, 1000, 500]);

    setOptions(server, { udpJoin: true });
    sendMessage(client, { bytes, control: { segmentSize: 1000 } });
    const joined = received(server, 3000);
    assert.deepEqual([joined.length, joined.control.segmentSize], [2500, 1000]);
  });

  test(`${family}: when a datagram came, by three options`, () => {
    const options: Partial<SettableOptions>[] = [
      { timestamp: true },
      { timestampNs: true },
      { timestamping: { receiveSoftware: true, software: true } },
    ];
    for (const option of options) {
      using server = listening(at, option);
      using client = socket(family, "datagram");
      let control: ReceivedControl = {};
      // A kernel that has taken no times until now begins a moment later.
      for (let i = 0; i < 100_000 && Object.keys(control).length === 0; i++) {
        sendTo(client, new Uint8Array(1), localAddress(server));
        control = received(server).control;
      }
      const { timestamp, timestamps } = control;
      assert.ok(isNow(timestamp ?? timestamps!.software!));
      assert.equal(timestamps !== undefined, "timestamping" in option);
      if ("timestamp" in option) assert.equal(timestamp!.nanoseconds % 1000, 0);
    }
  });

  test(`${family}: how many were lost for want of room`, () => {
    using server = listening(at, { receiveOverflow: true, receiveBuffer: 4096 });
    using client = socket(family, "datagram");
    connect(client, localAddress(server));
    for (let i = 0; i < 100; i++) send(client, new Uint8Array(1000));
    let taken = 0;
    while (receiveMessage(server, new Uint8Array(1000)) !== null) taken++;
    send(client, new Uint8Array(1)); // for which there is room
    let last: ReceivedMessage;
    while ((last = received(server, 1000)).length === 1000) taken++;
    assert.ok(taken < 100);
    assert.equal(last.control.dropped, 100 - taken);
  });

  testWhere(isRoot, "root", `${family}: a mark goes along, and is told`, () => {
    using server = listening(at, { receiveMark: true });
    using client = socket(family, "datagram");
    connect(client, localAddress(server));
    sendMessage(client, { bytes: new Uint8Array(1), control: { mark: 0x8000_0001 } });
    assert.equal(received(server).control.mark, 0x8000_0001);
  });

  test(`${family}: when to send is told only where it was agreed on`, () => {
    using server = listening(at, {});
    using client = socket(family, "datagram");
    connect(client, localAddress(server));
    const message = { bytes: new Uint8Array(1), control: { sendTime: 1n } };
    assert.throws(() => sendMessage(client, message), { code: "EINVAL" });
    const CLOCK_MONOTONIC = 1;
    setOptions(client, { sendTime: { clock: CLOCK_MONOTONIC } });
    assert.equal(sendMessage(client, message), 1); // long ago: at once
    assert.equal(received(server).length, 1);
  });
}

test("too little room for what is said: it is cut, and the message is whole", () => {
  using server = listening("127.0.0.1:0", { ...version4.ask, timestampNs: true });
  using client = socket("ipv4", "datagram");
  connect(client, localAddress(server));
  for (let control = 0; control < 150; control++) {
    send(client, new Uint8Array(5));
    poll([{ fd: server, readable: true }], { timeout: 10_000 });
    const message = receiveMessage(server, new Uint8Array(9), { control })!;
    assert.equal(message.length, 5);
    const { others = [], ...named } = message.control;
    assert.equal(message.controlTruncated, Object.keys(named).length < 5, String(control));
    const size = others.reduce((sum, { bytes }) => sum + 16 + bytes.length, 0);
    assert.ok(size <= control);
    if (named.packetInfo !== undefined) assert.deepEqual(named.packetInfo, version4.info);
  }
});

test("a socket for both versions tells of either in its own words", () => {
  using server = listening("[::]:0", { ...version6.ask, ...version4.ask });
  const { port } = localAddress(server) as { port: number };
  using client = socket("ipv4", "datagram");
  sendTo(client, new Uint8Array(2), { family: "ipv4", host: "127.0.0.1", port });
  const { from, control } = received(server);
  assert.equal(from?.family === "ipv6" && from.host, "::ffff:127.0.0.1");
  assert.equal(control.packetInfo!.host, "::ffff:127.0.0.1");
  assert.equal(control.ttl, 64);
  // The same once more as IPv4 has it: nothing of what the kernel says is thrown away.
  assert.ok(control.others!.some(({ level, type }) => level === 0 && type === 8));
});

test("how much of a stream is left comes with what is received", () => {
  using server = socket("ipv4", "stream");
  bind(server, "127.0.0.1:0");
  listen(server);
  using client = socket("ipv4", "stream", 0, { nonBlocking: false });
  connect(client, localAddress(server));
  using accepted = accept(server)!.socket;
  setOptions(accepted, { receiveQueued: true });
  send(client, new Uint8Array(10));
  assert.equal(received(accepted, 4).control.queued, 6);
  assert.equal(received(accepted, 10).control.queued, 0);
});

test("how much is left of a unix stream, where the kernel tells", () => {
  using pair = socketPair();
  const SOL_SOCKET = 1, SO_INQ = 84;
  let isTold = true;
  try {
    setsockopt(pair.second, SOL_SOCKET, SO_INQ, 1);
  } catch (error) {
    assert.equal((error as { code: string }).code, "ENOPROTOOPT"); // before Linux 6.17
    isTold = false;
  }
  send(pair.first, new Uint8Array(10));
  assert.equal(received(pair.second, 4).control.queued, isTold ? 6 : undefined);
});

test("which group of netlink a message is of", () => {
  using route = socket("netlink", "raw", "route");
  bind(route, { family: "netlink", pid: 0, groups: 0 });
  setOptions(route, { netlinkPacketInfo: true });
  const [NLMSG_NOOP, NLM_F_REQUEST, NLM_F_ACK] = [1, 1, 4];
  const header = new DataView(new ArrayBuffer(16));
  header.setUint32(0, 16, true);
  header.setUint16(4, NLMSG_NOOP, true);
  header.setUint16(6, NLM_F_REQUEST | NLM_F_ACK, true);
  sendMessage(route, { bytes: header, to: { family: "netlink", pid: 0, groups: 0 } });
  const { from, control } = received(route);
  assert.deepEqual(from, { family: "netlink", pid: 0, groups: 0 });
  assert.deepEqual(control, { netlinkGroup: 0 });
});

test.run();
