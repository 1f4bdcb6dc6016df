import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { readFileSync } from "node:fs";
import {
  capture,
  type CapturedPacket,
  packetSocket,
  type ReceiveRing,
  receiveRing,
  type ReceiveRingOptions,
  type RingPacket,
} from "@posixly/raw";
import { assemble, decodeFilter, encodeFilter, filterFunction } from "@posixly/raw/bpf";
import { poll } from "@posixly/mux";
import { interfaceIndex, MessageBatch, sendMessages } from "@posixly/socket";
import { gc, turns, withoutLeaks } from "@posixly/testing";
import fc from "fast-check";
import { test } from "uvu";
import { EXPERIMENTAL, frameOf, numberOf, udpFrame } from "./frame_fixture.ts";
import { MAC_A, run, testAlone, untilUp, veth, wait } from "./network_fixture.ts";
import { cutTo } from "./snap_length.ts";

const small: ReceiveRingOptions = { interface: "b0", blockSize: 4096, blocks: 4, retireMs: 1 };

/** Sends frames with numbers from one to another. */
function send(from: number, to: number, length = 60): void {
  using socket = packetSocket({ interface: "a0", protocol: 0 });
  const batch = new MessageBatch({ messages: 256 });
  for (let i = from; i < to;) {
    batch.clear();
    for (; i < to && batch.add(frameOf(i, length)) !== null; i++);
    for (let sent = 0; sent < batch.count;) sent += sendMessages(socket, batch, { first: sent })!;
  }
}

/** The numbers of so many packets. */
async function numbers(ring: ReceiveRing, count: number): Promise<number[]> {
  const found: number[] = [];
  while (found.length < count) {
    const most = count - found.length; // those that are there may be fewer, for now
    await ring.read(({ memory, start }) => found.push(numberOf(memory, start)), most, wait);
  }
  return found;
}

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);

/** Whether there is something to read that nobody has taken. */
const isReadable = (ring: ReceiveRing) =>
  poll([{ fd: ring, readable: true }], { timeout: 0 }).length > 0;

/** How many mappings of packet sockets this process has. */
const mappings = () => readFileSync("/proc/self/maps", "utf8").match(/socket:\[/g)?.length ?? 0;

testAlone(
  [],
  "packets are read where they lie, with all that is known of them",
  () =>
    withoutLeaks(async () => {
      using _cable = veth();
      using ring = receiveRing({ interface: "b0", retireMs: 1 });
      send(7, 8, 100);
      let seen = 0;
      await ring.read(
        (packet) => {
          seen++;
          const { memory, start, end, length, originalLength } = packet;
          assert.deepEqual(memory.slice(start, end), frameOf(7, 100));
          assert.deepEqual(packet.bytes, frameOf(7, 100));
          assert.deepEqual([length, originalLength], [100, 100]);
          assert.ok(Math.abs(packet.seconds - Date.now() / 1000) < 60);
          assert.ok(packet.nanoseconds >= 0 && packet.nanoseconds < 1e9);
          assert.equal(packet.networkStart, start + 14);
          assert.equal(packet.interface, interfaceIndex("b0"));
          assert.equal(packet.protocol, EXPERIMENTAL);
          assert.equal(packet.packetType, "host");
          assert.equal(packet.vlan, undefined);
          assert.equal(packet.checksum, "unknown");
          const { bytes, from, timestamp, ...others } = packet.copy();
          assert.deepEqual(bytes, frameOf(7, 100));
          assert.deepEqual({ ...from, hardwareAddress: [...from.hardwareAddress!] }, {
            family: "packet",
            protocol: EXPERIMENTAL,
            interface: interfaceIndex("b0"),
            hardwareType: 1,
            packetType: "host",
            hardwareAddress: [...MAC_A],
          });
          assert.equal(timestamp!.nanoseconds, packet.nanoseconds);
          assert.deepEqual(others, { originalLength: 100, vlan: undefined, checksum: "unknown" });
        },
        1,
        wait,
      );
      assert.equal(seen, 1);
    }),
);

testAlone([], "a ring is a queue, however it is read", () =>
  withoutLeaks(async () => {
    using _cable = veth();
    using ring = receiveRing({ ...small, blocks: 16 });
    let sent = 0;
    const steps = fc.array(fc.record({ send: fc.nat(40), read: fc.integer({ min: 1, max: 50 }) }), {
      maxLength: 6,
    });
    await fc.assert(
      fc.asyncProperty(steps, async (list) => {
        const queue: number[] = [];
        for (const step of list) {
          send(sent, sent + step.send);
          queue.push(...range(sent, sent + step.send).map((number) => number & 0xffff));
          sent += step.send;
          while (queue.length > 0) {
            const expected = queue.splice(0, step.read);
            assert.deepEqual(await numbers(ring, expected.length), expected);
          }
        }
      }),
      { numRuns: 25 },
    );
    assert.deepEqual(ring.statistics(), { packets: sent, drops: 0, freezes: 0 });
  }));

testAlone(
  [],
  "what is not read stays until the ring is full; what is lost then is counted",
  () =>
    withoutLeaks(async () => {
      using _cable = veth();
      using ring = receiveRing({ ...small, retireMs: 300 });
      send(0, 500);
      const { packets, drops, freezes } = ring.statistics();
      assert.equal(packets, 500);
      assert.ok(drops > 0 && drops < 500);
      assert.equal(freezes, 1);
      assert.deepEqual(await numbers(ring, 500 - drops), range(0, 500 - drops));
      send(500, 510); // it goes on
      assert.deepEqual(await numbers(ring, 10), range(500, 510));
      assert.deepEqual(ring.statistics(), { packets: 510, drops, freezes });
    }),
);

testAlone(
  [],
  "what is too long for a ring, or for what is kept, is cut and says so",
  () =>
    withoutLeaks(async () => {
      using _cable = veth();
      for (const length of [0, 60, 61, 128, 2000]) {
        const snapLength = Math.max(1, length);
        using ring = receiveRing({ ...small, snapLength });
        send(3, 4, 100);
        const { bytes, originalLength } = await ring.receive(wait);
        assert.deepEqual(bytes, frameOf(3, 100).subarray(0, snapLength));
        assert.equal(originalLength, 100);
      }
      run("ip link set a0 mtu 9000");
      run("ip link set b0 mtu 9000");
      using ring = receiveRing(small);
      using sender = packetSocket({ interface: "a0", protocol: 0 });
      await sender.send(frameOf(5, 9000));
      const { bytes, originalLength } = await ring.receive(wait);
      assert.ok(bytes.length > 3800 && bytes.length < 4096);
      assert.deepEqual(bytes, frameOf(5, 9000).subarray(0, bytes.length));
      assert.equal(originalLength, 9000);
    }),
);

test("a program is cut where it returns, and nowhere else", () => {
  const program = encodeFilter(assemble("ldh [500]\nret #0\nret #70\nret #-1"));
  const cut = decodeFilter(cutTo(64, program));
  assert.deepEqual(cut.map(({ k }) => k), [500, 0, 64, 64]);
  assert.equal(decodeFilter(program)[2].k, 70); // a copy
  assert.deepEqual([...cutTo(300)], [6, 0, 0, 0, 44, 1, 0, 0]);
});

test("what a program computes is cut, too, wherever it returns it", () => {
  const text = "ldb [0]\njge #100, far, near\nnear: ret a\nfar: ldb [1]\nret a";
  const cut = filterFunction(decodeFilter(cutTo(64, encodeFilter(assemble(text)))));
  const results = [[0, 9], [7, 9], [64, 9], [65, 9], [99, 9], [100, 3], [255, 255]]
    .map((bytes) => cut(new Uint8Array(bytes)));
  assert.deepEqual(results, [0, 7, 64, 64, 64, 3, 64]);
});

testAlone([], "a filter holds from the first packet on", () =>
  withoutLeaks(async () => {
    using _cable = veth();
    const filter = new Uint8Array(4 * 8);
    const words = new DataView(filter.buffer);
    const lines = [[0x28, 0, 0, 12], [0x15, 0, 1, 0x800], [6, 0, 0, 96], [6, 0, 0, 0]];
    for (const [i, [code, jt, jf, k]] of lines.entries()) { // ether proto ip
      words.setUint16(i * 8, code, true);
      filter.set([jt, jf], i * 8 + 2);
      words.setUint32(i * 8 + 4, k, true);
    }
    using ring = receiveRing({ ...small, snapLength: 34, options: { filter } });
    using sender = packetSocket({ interface: "a0", protocol: 0 });
    await sender.send(frameOf(1));
    await sender.send(udpFrame(5));
    assert.deepEqual((await ring.receive(wait)).bytes, udpFrame(5).subarray(0, 34));
    assert.equal(ring.tryReceive(), null);
    assert.equal(ring.statistics().packets, 1);
  }));

testAlone([], "a VLAN tag comes beside the bytes", () =>
  withoutLeaks(async () => {
    using _cable = veth();
    using ring = receiveRing(small);
    using sender = packetSocket({ interface: "a0", protocol: 0 });
    const tagged = new Uint8Array(64);
    tagged.set(frameOf(3).subarray(0, 12));
    tagged.set([0x88, 0xa8, 0x20, 7, 0x88, 0xb5], 12);
    await sender.send(tagged);
    const { vlan, bytes } = await ring.receive(wait);
    assert.deepEqual(vlan, { id: 7, priority: 1, dropEligible: false, type: 0x88a8 });
    assert.equal(bytes.length, 60);
  }));

testAlone(
  [],
  "what was kept of a ring shows nothing of what came later",
  () =>
    withoutLeaks(async () => {
      using _cable = veth();
      using ring = receiveRing(small);
      const kept: RingPacket[] = [];
      send(1, 3);
      for (let read = 0; read < 2;) {
        read += await ring.read((packet) => kept.push(packet), 2, wait);
      }
      assert.equal(kept[0].memory.length, 0);
      assert.deepEqual([kept[0].start, kept[0].end, kept[0].bytes.length], [0, 0, 0]);
      assert.equal(kept[0].originalLength, undefined);
      assert.throws(() => kept[0].copy(), /after its callback has returned/);
      send(9, 10);
      await ring.read(
        ({ memory, start }) => {
          assert.equal(numberOf(memory, start), 9);
          assert.equal(kept[0].bytes.length, 0);
        },
        1,
        wait,
      );
    }),
);

testAlone(
  [],
  "a callback that throws has read its packet, and leaves the others",
  () =>
    withoutLeaks(async () => {
      using _cable = veth();
      using ring = receiveRing(small);
      send(0, 5);
      const found: number[] = [];
      for (let i = 0; i < 5; i++) {
        await assert.rejects(
          ring.read(
            ({ memory, start }) => {
              found.push(numberOf(memory, start));
              throw new RangeError("mine");
            },
            5,
            wait,
          ),
          { message: "mine" },
        );
      }
      assert.deepEqual(found, [0, 1, 2, 3, 4]);
      assert.equal(ring.drain(() => {}), 0);
    }),
);

testAlone(
  [],
  "a ring can be closed from within its own callback, and not be read",
  () =>
    withoutLeaks(async () => {
      using _cable = veth();
      using ring = receiveRing(small);
      send(0, 5);
      let seen = 0;
      await ring.read(
        (packet) => {
          seen++;
          assert.throws(() => ring.drain(() => {}), /from within its own callback/);
          assert.throws(() => ring.tryReceive(), /from within its own callback/);
          const { memory, start } = packet;
          ring.close();
          assert.ok(!memory[start + 15]);
          assert.deepEqual([packet.length, packet.bytes.length, packet.memory.length], [0, 0, 0]);
        },
        5,
        wait,
      );
      assert.equal(seen, 1);
      assert.ok(ring.closed);
      for (const use of [() => ring.drain(() => {}), () => ring.tryReceive(), () => ring.fd]) {
        assert.throws(use, /closed/);
      }
      assert.equal(mappings(), 0);
    }),
);

testAlone(
  [],
  "closing ends the iteration, and whoever waits is told",
  () =>
    withoutLeaks(async () => {
      using _cable = veth();
      for (const close of ["ring", "socket"] as const) {
        using ring = receiveRing(small);
        const found: number[] = [];
        const iterating = (async () => {
          for await (const { bytes } of ring) found.push(numberOf(bytes));
        })();
        const waiting = ring.receive().then( // one of the two gets the packet
          ({ bytes }) => void found.push(numberOf(bytes)),
          ({ message }) => assert.match(message, /closed/),
        );
        send(1, 2);
        while (found.length === 0) await turns(1);
        if (close === "ring") ring.close();
        else ring.socket.close();
        await Promise.all([iterating, waiting]);
        assert.deepEqual(found, [1]);
        assert.ok(ring.closed);
      }
    }),
);

testAlone(
  [],
  "a signal ends waiting, and an interface that goes down is told of",
  () =>
    withoutLeaks(async () => {
      using _cable = veth();
      using ring = receiveRing(small);
      const controller = new AbortController();
      const waiting = ring.receive({ signal: controller.signal });
      controller.abort(new Error("enough"));
      await assert.rejects(waiting, { message: "enough" });
      await assert.rejects(ring.receive({ timeout: 1 }), { name: "TimeoutError" });
      run("ip link set b0 down");
      await assert.rejects(ring.receive(wait), { code: "ENETDOWN" });
      run("ip link set b0 up");
      untilUp();
      send(4, 5);
      assert.equal(numberOf((await ring.receive(wait)).bytes), 4);
    }),
);

testAlone([], "rings of a group share the packets", () =>
  withoutLeaks(async () => {
    using _cable = veth();
    using first = receiveRing({ ...small, fanout: { mode: "loadBalance" } });
    const group = first.socket.fanoutGroup;
    using second = receiveRing({ ...small, fanout: { mode: "loadBalance", group } });
    send(0, 20);
    const shares = [await numbers(first, 10), await numbers(second, 10)];
    assert.deepEqual(shares.flat().sort((a, b) => a - b), range(0, 20));
  }));

testAlone([], "a capture gives copies that stay what they are", () =>
  withoutLeaks(async () => {
    using _cable = veth();
    const packets = capture({ ...small, count: 50 });
    const kept: CapturedPacket[] = [];
    send(0, 25);
    const capturing = (async () => {
      for await (const packet of packets) {
        kept.push(packet);
        if (kept.length === 20) send(25, 60);
      }
    })();
    await capturing;
    assert.deepEqual(kept.map(({ bytes }) => numberOf(bytes)), range(0, 50));
    for (const [i, { bytes }] of kept.entries()) assert.deepEqual(bytes, frameOf(i));
    assert.ok(packets.closed);
    assert.equal(packets.statistics().drops, 0);
    assert.equal(packets.statistics().packets, 60);
  }));

testAlone(
  [],
  "a capture that is paused gives nothing and loses nothing until the ring is full",
  () =>
    withoutLeaks(async () => {
      using _cable = veth();
      using packets = capture({ ...small, retireMs: 300 });
      const found: number[] = [];
      packets.pause();
      packets.pause();
      const capturing = (async () => {
        for await (const { bytes } of packets) {
          found.push(numberOf(bytes));
          if (found.length === 50) packets.pause();
        }
      })();
      send(0, 500);
      await turns(50);
      assert.deepEqual([found.length, packets.paused], [0, true]);
      const { drops } = packets.statistics();
      assert.ok(drops > 0);
      packets.resume();
      while (found.length < 50) await turns(1);
      await turns(50);
      assert.deepEqual(found, range(0, 50));
      packets.resume();
      while (found.length < 500 - drops - 60) await turns(1); // the last block may not be full
      packets.close();
      packets.resume();
      await capturing;
      assert.deepEqual(found, range(0, found.length));
      assert.equal(packets.statistics().drops, drops);
    }),
);

testAlone(
  [],
  "a quiet network does not fill a capture that is paused: what comes is kept, in its order",
  () =>
    withoutLeaks(async () => {
      using _cable = veth();
      for (const isWaiting of [false, true]) {
        using packets = capture(small);
        const iterator = packets[Symbol.asyncIterator]();
        const begin = () => iterator.next().then(({ value }) => numberOf(value!.bytes));
        const first = isWaiting ? begin() : undefined;
        await turns(5);
        packets.pause();
        // Each has a block to itself, and there are four.
        for (let i = 0; i < 20; i++) {
          send(i, i + 1);
          poll([{ fd: packets.ring, readable: true }], wait);
          while (isReadable(packets.ring)) await turns(1);
        }
        assert.equal(numberOf(packets.tryReceive()!.bytes), 0);
        packets.resume();
        assert.equal(await (first ?? begin()), 1); // though nothing more comes
        packets.pause();
        send(20, 21);
        packets.resume();
        for (let i = 2; i <= 20; i++) assert.equal(await begin(), i);
        assert.equal(packets.statistics().drops, 0);
      }
    }),
);

testAlone(
  [],
  "what is kept of a capture that is paused has a limit, and what comes then is in the ring",
  () =>
    withoutLeaks(async () => {
      using _cable = veth();
      for (const backlog of [0, 1, 2000]) {
        using packets = capture({ ...small, backlog });
        packets.pause();
        for (let i = 0; i < 4; i++) {
          send(i, i + 1);
          poll([{ fd: packets.ring, readable: true }], wait);
          await turns(20);
        }
        packets.resume();
        const found: number[] = [];
        for await (const { bytes } of packets) {
          found.push(numberOf(bytes));
          if (found.length === 4) break;
        }
        assert.deepEqual(found, range(0, 4));
      }
      assert.throws(() => capture({ ...small, backlog: -1 }), RangeError);
      const packets = capture(small);
      packets.pause();
      run("ip link set b0 down");
      await turns(20);
      packets.resume();
      await assert.rejects(packets[Symbol.asyncIterator]().next(), { code: "ENETDOWN" });
    }),
);

testAlone(
  [],
  "a capture ends by its signal, even while it is paused, and by leaving the loop",
  () =>
    withoutLeaks(async () => {
      using _cable = veth();
      for (const paused of [false, true]) {
        const controller = new AbortController();
        const packets = capture({ ...small, signal: controller.signal });
        if (paused) packets.pause();
        const next = packets[Symbol.asyncIterator]().next();
        await turns(5);
        controller.abort(new Error("enough"));
        await assert.rejects(next, { message: "enough" });
        assert.ok(packets.closed);
      }
      const packets = capture(small);
      send(0, 3);
      for await (const { bytes } of packets) {
        assert.equal(numberOf(bytes), 0);
        break;
      }
      assert.ok(packets.closed);
    }),
);

testAlone(
  [],
  "a capture whose ring or socket is closed ends, even while it is paused, and knows its counts",
  () =>
    withoutLeaks(async () => {
      using _cable = veth();
      for (const end of [(of: ReceiveRing) => of.close(), (of: ReceiveRing) => of.socket.close()]) {
        for (const isPaused of [false, true]) {
          const packets = capture(small);
          send(0, 3);
          while (packets.statistics().packets < 3) await turns(1);
          if (isPaused) packets.pause();
          const found: number[] = [];
          const capturing = (async () => {
            for await (const { bytes } of packets) found.push(numberOf(bytes));
          })();
          while (!isPaused && found.length < 3) await turns(1);
          end(packets.ring);
          await capturing;
          assert.deepEqual(found, isPaused ? [] : [0, 1, 2]);
          assert.equal(packets.statistics().packets, 3);
          packets.close();
        }
      }
    }),
);

testAlone(
  [],
  "what still looks at a ring that was closed sees nothing or zeros, and writes nowhere",
  () =>
    withoutLeaks(async () => {
      using _cable = veth();
      const stale: Uint8Array[] = [];
      for (let round = 0; round < 30; round++) {
        using ring = receiveRing(small);
        send(1, 3);
        await ring.read((packet) => stale.push(packet.bytes, packet.memory), 2, wait);
        ring.close();
        if (round % 10 === 0) await gc();
        for (const bytes of stale) {
          assert.ok(!bytes[0] || bytes[0] === 1);
          if (bytes.length > 0) bytes[0] = 1;
        }
      }
      assert.equal(mappings(), 0);
      stale.length = 0;
      await gc();
    }),
);

test("what is wrong is refused before a socket is made", () => {
  const wrong: [object, typeof TypeError | typeof RangeError][] = [
    [{ auxdata: true }, TypeError],
    [{ blocksize: 1 }, TypeError],
    [{ blockSize: 4095 }, RangeError],
    [{ blockSize: 5000 }, RangeError],
    [{ blocks: 0 }, RangeError],
    [{ blockSize: 2 ** 30, blocks: 2 }, RangeError],
    [{ retireMs: -1 }, RangeError],
    [{ snapLength: 0 }, RangeError],
    [{ mode: "cooked" }, TypeError],
  ];
  for (const [options, kind] of wrong) {
    assert.throws(() => receiveRing(options), kind, JSON.stringify(options));
  }
  assert.throws(() => capture({ count: 0 }), RangeError);
  assert.throws(() => capture({ signal: 1 as never }), TypeError);
});

testAlone([], "a ring that cannot be had leaves nothing behind", () =>
  withoutLeaks(() => {
    using other = packetSocket({ interface: "lo", fanout: { mode: "hash" } });
    const group = other.fanoutGroup;
    assert.throws(() => receiveRing({ interface: "lo", fanout: { mode: "cpu", group } }), {
      code: "EINVAL",
    });
    assert.equal(mappings(), 0);
  }));

test("the filter that is cut is a copy", () => {
  const whole = new Uint8Array([6, 0, 0, 0, 0xff, 0xff, 0xff, 0xff]);
  for (const given of [Buffer.from(whole), new Uint8Array(whole)]) {
    assert.deepEqual(cutTo(60, given).subarray(4), Uint8Array.of(60, 0, 0, 0));
    assert.deepEqual(new Uint8Array(given), whole);
  }
});

test.run();
