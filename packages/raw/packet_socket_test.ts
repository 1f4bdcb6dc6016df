import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import {
  type CapturedPacket,
  type PacketSocket,
  packetSocket,
  type PacketSocketOptions,
  type RawAccessError,
  withVlanTag,
} from "@posixly/raw";
import {
  interfaceIndex,
  MessageBatch,
  receiveMessages,
  sendMessages,
  setOptions,
} from "@posixly/socket";
import { runFresh, turns, withoutLeaks } from "@posixly/testing";
import fc from "fast-check";
import { test } from "uvu";
import { EXPERIMENTAL, frameOf, numberOf, udpFrame } from "./frame_fixture.ts";
import { MAC_A, MAC_B, run, testAlone, veth, wait } from "./network_fixture.ts";
import { fanoutNumber } from "./packet_options.ts";

/** Waits until so many have come in all, or were dropped: a busy kernel may be at something else. */
async function arrived(count: number, ...sockets: PacketSocket[]): Promise<void> {
  const come = () => sockets.reduce((sum, socket) => sum + socket.statistics().packets, 0);
  while (come() < count) await turns(1);
}

/** All that has come. */
function received(socket: PacketSocket): CapturedPacket[] {
  const packets: CapturedPacket[] = [];
  for (let packet; (packet = socket.tryReceive()) !== null;) packets.push(packet);
  return packets;
}

const numbers = (socket: PacketSocket) => received(socket).map(({ bytes }) => numberOf(bytes));

testAlone(
  [],
  "a frame goes from one end of a cable to the other, with all that is known of it",
  () =>
    withoutLeaks(async () => {
      using _cable = veth();
      using a = packetSocket({ interface: "a0", protocol: EXPERIMENTAL });
      using b = packetSocket({ interface: "b0", receiveTimestamp: true, auxdata: true });
      assert.equal(b.tryReceive(), null);
      await a.send(frameOf(7));
      const { bytes, from, originalLength, timestamp, vlan, checksum } = await b.receive(wait);
      assert.deepEqual(bytes, frameOf(7));
      assert.deepEqual({ ...from, hardwareAddress: [...from.hardwareAddress!] }, {
        family: "packet",
        protocol: EXPERIMENTAL,
        interface: interfaceIndex("b0"),
        hardwareType: 1,
        packetType: "host",
        hardwareAddress: [...MAC_A],
      });
      assert.equal(originalLength, 60);
      assert.ok(Math.abs(Number(timestamp!.seconds) - Date.now() / 1000) < 60);
      assert.equal(vlan, undefined);
      assert.equal(checksum, "unknown");
      assert.equal(a.tryReceive(), null); // of its own protocol it sees nothing that goes out
    }),
);

testAlone(
  [],
  "without its header a frame is what it carries, and its address is whom it is for",
  () =>
    withoutLeaks(async () => {
      using _cable = veth();
      using a = packetSocket({ interface: "a0", mode: "datagram", protocol: 0 });
      using b = packetSocket({ interface: "b0", mode: "datagram", ignoreOutgoing: true });
      await a.send(new Uint8Array([1, 2, 3]), {
        family: "packet",
        protocol: EXPERIMENTAL,
        interface: interfaceIndex("a0"),
        hardwareAddress: MAC_B,
      });
      const { bytes, from } = await b.receive(wait);
      assert.deepEqual([...bytes], [1, 2, 3]);
      assert.equal(from.protocol, EXPERIMENTAL);
      assert.equal(from.packetType, "host");
    }),
);

testAlone(
  [],
  "what goes out is told apart from what comes in, or stays away",
  () =>
    withoutLeaks(async () => {
      using _cable = veth();
      using sees = packetSocket({ interface: "a0" });
      using ignores = packetSocket({ interface: "a0", ignoreOutgoing: true });
      using sender = packetSocket({ interface: "a0", protocol: 0 });
      using other = packetSocket({ interface: "b0", protocol: 0 });
      await sender.send(frameOf(1));
      const back = frameOf(2);
      back.set(MAC_A);
      await other.send(back);
      await arrived(2, sees);
      await arrived(1, ignores);
      assert.deepEqual(received(sees).map(({ from }) => from.packetType), ["outgoing", "host"]);
      assert.deepEqual(received(ignores).map(({ from }) => from.packetType), ["host"]);
      assert.deepEqual(received(sender), []);
    }),
);

testAlone(
  [],
  "what is for others comes only as that, and tells the card to be promiscuous",
  () =>
    withoutLeaks(async () => {
      using _cable = veth();
      using a = packetSocket({ interface: "a0", protocol: 0 });
      const foreign = frameOf(1);
      foreign.set([2, 9, 9, 9, 9, 9]);
      const promiscuity = () => Number(run("ip -d link show b0").match(/promiscuity (\d+)/)![1]);
      const allMulticast = () => Number(run("ip -d link show b0").match(/allmulti (\d+)/)![1]);
      assert.equal(promiscuity(), 0);
      {
        using b = packetSocket({ interface: "b0", promiscuous: true, allMulticast: true });
        assert.deepEqual([promiscuity(), allMulticast()], [1, 1]);
        await a.send(foreign);
        assert.equal((await b.receive(wait)).from.packetType, "otherHost");
        b.leave({ kind: "promiscuous", interface: "b0" });
        assert.equal(promiscuity(), 0);
        b.leave({ kind: "promiscuous", interface: "b0" }); // the kernel does not mind
        const group = { kind: "multicast", interface: "b0", address: new Uint8Array(6).fill(1) };
        b.join(group as never);
        assert.match(run("ip maddr show dev b0"), /01:01:01:01:01:01/);
      }
      assert.equal(allMulticast(), 0);
      assert.doesNotMatch(run("ip maddr show dev b0"), /01:01:01:01:01:01/);
    }),
);

testAlone(
  [],
  "a VLAN tag comes beside the bytes, and goes back into its place",
  () =>
    withoutLeaks(async () => {
      using _cable = veth();
      using a = packetSocket({ interface: "a0", protocol: 0 });
      using b = packetSocket({ interface: "b0", auxdata: true });
      const tagged = new Uint8Array(64);
      tagged.set(frameOf(3).subarray(0, 12));
      tagged.set([0x81, 0, 0xb0, 100, EXPERIMENTAL >> 8, EXPERIMENTAL & 0xff, 42], 12);
      await a.send(tagged);
      const packet = await b.receive(wait);
      assert.deepEqual(packet.vlan, { id: 100, priority: 5, dropEligible: true, type: 0x8100 });
      assert.equal(packet.bytes.length, 60);
      assert.deepEqual(withVlanTag(packet), tagged);
      assert.equal(withVlanTag({ bytes: packet.bytes, vlan: undefined }), packet.bytes);
    }),
);

testAlone(
  [],
  "a checksum that is not written yet is said to be so",
  () =>
    withoutLeaks(async () => {
      using socket = packetSocket({ interface: "lo", protocol: "ipv4", auxdata: true });
      const { udp } = await import("@posixly/socket");
      using sender = udp("127.0.0.1:0");
      await sender.send(new Uint8Array(10), sender.localAddress);
      assert.equal((await socket.receive(wait)).checksum, "partial");
    }),
);

testAlone(
  [],
  "a filter cuts packets, which tell how long they were",
  () =>
    withoutLeaks(async () => {
      using _cable = veth();
      using a = packetSocket({ interface: "a0", protocol: 0 });
      const filter = new Uint8Array([6, 0, 0, 0, 20, 0, 0, 0]); // ret 20
      using b = packetSocket({ interface: "b0", auxdata: true, options: { filter } });
      await a.send(frameOf(5));
      const { bytes, originalLength } = await b.receive(wait);
      assert.deepEqual(bytes, frameOf(5).subarray(0, 20));
      assert.equal(originalLength, 60);
    }),
);

testAlone([], "many frames go by one call and come by one call", () =>
  withoutLeaks(async () => {
    using _cable = veth();
    using a = packetSocket({ interface: "a0", protocol: 0 });
    using b = packetSocket({ interface: "b0" });
    const batch = new MessageBatch({ messages: 256, bytes: 128 });
    for (let i = 0; i < 256; i++) batch.add(frameOf(i));
    for (let sent = 0; sent < 256;) sent += sendMessages(a, batch, { first: sent })!;
    await arrived(256, b);
    const found: number[] = [];
    const into = new MessageBatch({ messages: 64, bytes: 128 });
    while (receiveMessages(b, into) !== null) {
      for (const { bytes } of into) found.push(numberOf(bytes));
    }
    assert.deepEqual(found, [...new Array(256).keys()]);
    assert.equal(b.statistics().packets, 256);
  }));

testAlone(
  [],
  "what there is no room for is counted, since the beginning",
  () =>
    withoutLeaks(async () => {
      using _cable = veth();
      using a = packetSocket({ interface: "a0", protocol: 0 });
      using b = packetSocket({ interface: "b0", options: { receiveBuffer: 4000 } });
      let sent = 0;
      for (let round = 1; round <= 2; round++) {
        for (let i = 0; i < 100; i++, sent++) await a.send(frameOf(i));
        await arrived(sent, b);
        const { packets, drops, freezes } = b.statistics();
        assert.equal(packets, sent);
        assert.equal(freezes, 0);
        assert.ok(drops > (round - 1) * 10);
        if (round === 2) assert.equal(received(b).length, packets - drops);
      }
    }),
);

testAlone(
  [],
  "sockets of a group share the packets, each of which comes to one of them",
  () =>
    withoutLeaks(async () => {
      using _cable = veth();
      using a = packetSocket({ interface: "a0", protocol: 0 });
      const common: PacketSocketOptions = { interface: "b0" };
      for (const mode of ["hash", "loadBalance", "random"] as const) {
        using first = packetSocket({ ...common, fanout: { mode } });
        const group = first.fanoutGroup;
        using second = packetSocket({ ...common, fanout: { mode, group } });
        assert.throws(() => packetSocket({ ...common, fanout: { mode: "cpu", group } }), {
          code: "EINVAL",
        });
        for (let port = 1; port <= 200; port++) await a.send(udpFrame(port));
        await arrived(200, first, second);
        const shares = [first, second].map((socket) =>
          received(socket).map(({ bytes }) => bytes[34] << 8 | bytes[35])
        );
        assert.deepEqual(shares.flat().sort((x, y) => x - y), [...new Array(201).keys()].slice(1));
        assert.ok(
          shares.every(({ length }) => length > 20),
          `${mode}: ${shares.map((s) => s.length)}`,
        );
        if (mode !== "hash") continue;
        const again = shares[0].at(-1)!;
        for (let i = 0; i < 10; i++) await a.send(udpFrame(again)); // a flow stays where it is
        await arrived(shares[0].length + 10, first);
        assert.equal(received(first).length, 10);
      }
    }),
);

testAlone(
  [],
  "when the first of a group is full, it rolls over to the next",
  () =>
    withoutLeaks(async () => {
      using _cable = veth();
      using a = packetSocket({ interface: "a0", protocol: 0 });
      const common: PacketSocketOptions = { interface: "b0", options: { receiveBuffer: 8000 } };
      using first = packetSocket({ ...common, fanout: { mode: "rollover" } });
      using second = packetSocket({
        ...common,
        fanout: { mode: "rollover", group: first.fanoutGroup },
      });
      for (let i = 0; i < 100; i++) await a.send(frameOf(i));
      await arrived(100, first, second);
      const shares = [numbers(first), numbers(second)];
      assert.ok(shares.every(({ length }) => length > 0), String(shares.map((s) => s.length)));
    }),
);

testAlone(
  [],
  "a filter of a group holds from the first packet on, and can be locked",
  () =>
    withoutLeaks(async () => {
      using _cable = veth();
      using a = packetSocket({ interface: "a0", protocol: 0 });
      const filter = new Uint8Array([6, 0, 0, 0, 16, 0, 0, 0]);
      using b = packetSocket({
        interface: "b0",
        fanout: { mode: "loadBalance" },
        options: { filter, lockFilter: true },
      });
      await a.send(frameOf(9));
      assert.equal((await b.receive(wait)).bytes.length, 16);
      assert.throws(() => setOptions(b, { detachFilter: true }), { code: "EPERM" });
    }),
);

test("a fanout is a number that has all of it", () => {
  const modes = ["hash", "loadBalance", "cpu", "rollover", "random", "queueMapping"] as const;
  const fanouts = fc.record({
    group: fc.integer({ min: 0, max: 0xffff }),
    mode: fc.constantFrom(...modes),
    defragment: fc.boolean(),
    rollover: fc.boolean(),
  });
  fc.assert(fc.property(fanouts, (fanout) => {
    const number = fanoutNumber(fanout);
    assert.equal(number & 0xffff, fanout.group);
    assert.equal(number >>> 16 & 0xff, modes.indexOf(fanout.mode));
    assert.equal((number >>> 31) === 1, fanout.defragment);
    assert.equal((number >>> 28 & 1) === 1, fanout.rollover);
  }));
});

testAlone(
  [],
  "what is too short or too long is refused, and the interface goes down",
  () =>
    withoutLeaks(async () => {
      using _cable = veth();
      using a = packetSocket({ interface: "a0" });
      using all = packetSocket({ protocol: 0 });
      await assert.rejects(a.send(new Uint8Array(13)), {
        name: "RangeError",
        message: "a frame must begin with a header of 14 bytes, not have 13",
      });
      await assert.rejects(a.send(new Uint8Array(1600)), { code: "EMSGSIZE" });
      await assert.rejects(all.send(frameOf(1)), { code: "ENXIO" });
      await all.send(frameOf(1), {
        family: "packet",
        interface: interfaceIndex("a0"),
        protocol: EXPERIMENTAL,
      });
      assert.equal((await a.receive(wait)).from.packetType, "outgoing");
      run("ip link set a0 down");
      await assert.rejects(a.receive(wait), { code: "ENETDOWN" });
      await assert.rejects(a.send(frameOf(1)), { code: "ENETDOWN" });
    }),
);

test("what is wrong is refused before a socket is made", () => {
  const wrong: [PacketSocketOptions | object, typeof TypeError | typeof RangeError | object][] = [
    [{ interfaces: "lo" }, TypeError],
    [{ mode: "cooked" }, TypeError],
    [{ protocol: "tcp" }, TypeError],
    [{ protocol: 0x1_0000 }, RangeError],
    [{ interface: 0 }, RangeError],
    [{ interface: "nowhere" }, { code: "ENODEV" }],
    [{ promiscuous: true }, TypeError],
    [{ interface: "lo", promiscuous: 1 }, TypeError],
    [{ auxdata: 1 }, TypeError],
    [{ fanout: { mode: "none" } }, TypeError],
    [{ fanout: { mode: "hash", group: -1 } }, RangeError],
    [{ fanout: { mode: "hash", groups: 1 } }, TypeError],
  ];
  for (const [options, kind] of wrong) {
    assert.throws(() => packetSocket(options), kind as never, JSON.stringify(options));
  }
});

testAlone(
  [],
  "what is wrong with a membership is refused before the call",
  () =>
    withoutLeaks(() => {
      using socket = packetSocket({ interface: "lo" });
      const address = new Uint8Array(9);
      for (
        const [membership, kind] of [
          [{ kind: "some", interface: "lo" }, TypeError],
          [{ kind: "multicast", interface: "lo" }, TypeError],
          [{ kind: "promiscuous", interface: "lo", address }, TypeError],
          [{ kind: "unicast", interface: "lo", address }, RangeError],
        ] as const
      ) {
        assert.throws(() => socket.join(membership as never), kind);
      }
    }),
);

testAlone(
  ["python3"],
  "python's packet sockets hear ours, and ours theirs",
  () =>
    withoutLeaks(async () => {
      using _cable = veth();
      const child = spawn("python3", [
        "-uc",
        `
import socket
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(${EXPERIMENTAL}))
s.bind(("b0", ${EXPERIMENTAL}))
print("ready")
frame, (name, protocol, kind, hardware, address) = s.recvfrom(2000)
print(frame.hex(), name, hex(protocol), kind, address.hex())
s.send(frame[6:12] + frame[0:6] + frame[12:14] + b"from python")
`,
      ]);
      const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
      const line = async () => (await lines.next()).value as string;
      assert.equal(await line(), "ready");
      using a = packetSocket({ interface: "a0", protocol: EXPERIMENTAL });
      await a.send(frameOf(0xab));
      const hex = [...frameOf(0xab)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
      assert.equal(await line(), `${hex} b0 0x88b5 0 02000000000a`);
      const { bytes } = await a.receive(wait);
      assert.equal(new TextDecoder().decode(bytes.subarray(14)), "from python");
      await once(child, "close");
    }),
);

testAlone([], "without the right the error says which ways lead to it", async () => {
  const { stdout } = await runFresh(`
    import { bind } from "@posixly/sys";
    import { packetSocket, RawAccessError, receiveRing, transmitRing } from "@posixly/raw";
    bind({ setresuid: ["i32", "u32", "u32", "u32"] }).setresuid(65534, 65534, 65534);
    const makers = [packetSocket, receiveRing, () => transmitRing({ interface: "lo" })];
    console.log(JSON.stringify(makers.map((make) => {
      try {
        make();
      } catch (error) {
        const { code, capability, remedies } = error;
        return { code, capability, remedies, isOurs: error instanceof RawAccessError };
      }
    })));
  `);
  for (const error of JSON.parse(stdout) as (RawAccessError & { isOurs: boolean })[]) {
    assert.deepEqual([error.code, error.capability, error.isOurs], ["EPERM", "CAP_NET_RAW", true]);
    assert.equal(error.remedies.length, 3);
  }
});

test.run();
