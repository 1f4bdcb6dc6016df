import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import {
  capture,
  packetSocket,
  rawSocket,
  receiveRing,
  type TransmitRing,
  transmitRing,
} from "@posixly/raw";
import { MessageBatch, sendMessages } from "@posixly/socket";
import { gc, withoutLeaks } from "@posixly/testing";
import fc from "fast-check";
import { test } from "uvu";
import { frameOf, numberOf, udpFrame } from "./frame_fixture.ts";
import { run, testAlone, untilUp, veth, wait } from "./network_fixture.ts";

const mappings = () => readFileSync("/proc/self/maps", "utf8").match(/socket:\[/g)?.length ?? 0;

/** Everything that arrives at the other end. */
function listener() {
  // What comes slowly has a block of its own, and there are enough for all that may come unread.
  const ring = receiveRing({ interface: "b0", retireMs: 1, blockSize: 65_536, blocks: 256 });
  return {
    async take(count: number): Promise<Uint8Array[]> {
      const found: Uint8Array[] = [];
      while (found.length < count) {
        await ring.read(({ bytes }) => found.push(bytes.slice()), count - found.length, wait);
      }
      return found;
    },
    ring,
    [Symbol.dispose]: () => ring.close(),
  };
}

testAlone(
  [],
  "frames are filled in place or copied, and sent by one call",
  () =>
    withoutLeaks(async () => {
      using _cable = veth();
      using there = listener();
      using ring = transmitRing({ interface: "a0", frames: 64 });
      assert.deepEqual([ring.frames, ring.frameLength], [64, 2016]);
      assert.equal(ring.flush(), 0);
      for (let i = 0; i < 64; i++) {
        if (i % 2 === 0) {
          ring.frame()!.set(frameOf(i, 60 + i));
          ring.commit(60 + i);
        } else {
          assert.ok(ring.add(frameOf(i, 60 + i)));
        }
      }
      assert.equal(ring.waiting, 64);
      assert.equal(ring.frame(), null);
      assert.equal(ring.add(frameOf(0)), false);
      assert.throws(() => ring.commit(60), /not taken before/);
      assert.equal(ring.flush(), 64);
      assert.equal(ring.waiting, 0);
      for (const [i, bytes] of (await there.take(64)).entries()) {
        assert.deepEqual(bytes, frameOf(i, 60 + i));
      }
    }),
);

testAlone(
  [],
  "a ring is a queue, however it is filled and flushed",
  () =>
    withoutLeaks(async () => {
      using _cable = veth();
      using there = listener();
      using ring = transmitRing({ interface: "a0", frames: 32, frameSize: 2048 });
      let next = 0;
      const steps = fc.array(fc.oneof(fc.constant("flush" as const), fc.nat(20)), {
        maxLength: 12,
      });
      await fc.assert(
        fc.asyncProperty(steps, async (list) => {
          const queue: number[] = [];
          for (const step of [...list, "flush" as const]) {
            if (step === "flush") {
              await ring.whenFlushed(wait);
              continue;
            }
            for (let i = 0; i < step && ring.add(frameOf(next)); i++) queue.push(next++ & 0xffff);
            assert.ok(ring.waiting <= 32);
          }
          const arrived = queue.length === 0 ? [] : await there.take(queue.length);
          assert.deepEqual(arrived.map((bytes) => numberOf(bytes)), queue);
        }),
        { numRuns: 25 },
      );
    }),
);

testAlone(
  [],
  "a frame that is rejected is taken out; what is before it goes, what follows stays",
  () =>
    withoutLeaks(async () => {
      using _cable = veth();
      using there = listener();
      using ring = transmitRing({ interface: "a0", frames: 32 });
      for (let round = 0; round < 5; round++) {
        for (let i = 0; i < 3; i++) ring.add(frameOf(i));
        ring.add(frameOf(99, 1600)); // more than an MTU of 1500 lets through
        for (let i = 3; i < 6; i++) ring.add(frameOf(i, 60 + i));
        assert.throws(() => ring.flush(), {
          code: "EMSGSIZE",
          syscall: "send",
          message: /the frame of 1600 bytes is taken out of the ring/,
        });
        assert.equal(ring.waiting, 3);
        ring.add(frameOf(6));
        assert.equal(ring.flush(), 4);
        const arrived = await there.take(7);
        assert.deepEqual(arrived.map((bytes) => numberOf(bytes)), [0, 1, 2, 3, 4, 5, 6]);
        assert.deepEqual(arrived[5], frameOf(5, 65));
      }
      ring.add(new Uint8Array(13));
      assert.throws(() => ring.flush(), { code: "EINVAL" });
      assert.equal(ring.waiting, 0);
    }),
);

testAlone(
  [],
  "who waits for a free frame has what waits sent, and is told when it goes wrong",
  () =>
    withoutLeaks(async () => {
      using _cable = veth();
      using there = listener();
      using ring = transmitRing({ interface: "a0", frames: 32 });
      for (let i = 0; i < 500; i++) {
        (await ring.whenFrame(wait)).set(frameOf(i));
        ring.commit(60);
      }
      await ring.whenFlushed(wait);
      const arrived = await there.take(500);
      assert.deepEqual(arrived.map((bytes) => numberOf(bytes)), [...new Array(500).keys()]);

      run("ip link set a0 down");
      ring.add(frameOf(0));
      assert.throws(() => ring.flush(), { code: "ENETDOWN" });
      assert.equal(ring.waiting, 1);
      run("ip link set a0 up");
      untilUp();
      await ring.whenFlushed(wait);
      assert.equal(ring.waiting, 0);
    }),
);

testAlone(
  [],
  "an interface that is no more ends what waits for it",
  () =>
    withoutLeaks(async () => {
      run("ip link add c0 type veth peer name d0");
      run("ip link set c0 up");
      using ring = transmitRing({ interface: "c0" });
      const ended = assert.rejects(async () => {
        for await (const { from } of capture({ interface: "c0" })) assert.ok(from);
      }, { code: "ENETDOWN" });
      run("ip link del c0");
      await ended;
      ring.add(frameOf(0));
      assert.throws(() => ring.flush(), { code: "ENXIO" });
      await assert.rejects(ring.whenFlushed(wait), { code: "ENXIO" });
    }),
);

testAlone(
  [],
  "a socket with little room sends a part, and the rest when there is room",
  () =>
    withoutLeaks(async () => {
      using _cable = veth();
      run("tc qdisc add dev a0 root tbf rate 2mbit burst 2000 latency 10s");
      using there = listener();
      using ring = transmitRing({ interface: "a0", frames: 64, options: { sendBuffer: 5000 } });
      while (ring.add(frameOf(1, 500)));
      const { waiting } = ring;
      const first = ring.flush()!;
      assert.ok(first > 0 && first < waiting, `${first} of ${waiting}`);
      while (ring.flush() !== null) assert.ok(ring.waiting > 0); // as what has left makes room
      await ring.whenFlushed(wait);
      assert.equal((await there.take(64)).length, 64);
    }),
);

testAlone(
  [],
  "who waits for a slow interface sleeps, and loses nothing though its queue is full",
  async () => {
    for (const room of ["limit 1000000", "limit 4000"]) {
      await withoutLeaks(async () => {
        using _cable = veth();
        run(`tc qdisc add dev a0 root tbf rate 4mbit burst 2000 ${room}`);
        using there = listener();
        using ring = transmitRing({ interface: "a0", frames: 32 });
        let flushed = 0;
        const { flush } = ring;
        ring.flush = () => (flushed++, flush.call(ring));
        const arriving = there.take(200);
        for (let i = 0; i < 200; i++) {
          (await ring.whenFrame(wait)).set(frameOf(i, 500));
          ring.commit(500);
        }
        await ring.whenFlushed(wait);
        const arrived = await arriving;
        assert.deepEqual(arrived.map((bytes) => numberOf(bytes)), [...new Array(200).keys()]);
        assert.ok(flushed < 600, `${room}: ${flushed} calls for 200 frames`);
      });
    }
  },
);

testAlone(
  [],
  "several may wait for a ring that is full; each is told when it is over",
  () =>
    withoutLeaks(async () => {
      using _cable = veth();
      run("tc qdisc add dev a0 root tbf rate 8kbit burst 2000 limit 4000");
      const ring = transmitRing({ interface: "a0", frames: 32 });
      while (ring.add(frameOf(1, 1000)));
      const sent = ring.flush();
      assert.ok(sent! > 0 && ring.waiting === 32 - sent!);
      while (ring.add(frameOf(1, 1000))); // what has left made room
      const controller = new AbortController();
      const { signal } = controller;
      const outcomes = Promise.allSettled([
        ring.whenFrame({ timeout: 20 }),
        ring.whenFrame({ signal }),
        ring.whenFlushed({ signal }),
        ring.whenFrame(),
        ring.whenFlushed(),
      ]);
      await assert.rejects(ring.whenFrame({ timeout: 50 }), { name: "TimeoutError" });
      controller.abort(new Error("enough"));
      await assert.rejects(ring.whenFrame({ signal }), /enough/);
      assert.throws(() => ring.commit(60), /not taken/);
      ring.close();
      const reasons = (await outcomes).map((outcome) =>
        outcome.status === "rejected" && outcome.reason.message
      );
      assert.match(reasons.join("\n"), /the time is over\nenough\nenough\n.*closed\n.*closed$/);
      await assert.rejects(async () => await ring.whenFrame({ timeuot: 1 } as never), TypeError);
    }),
);

testAlone(
  [],
  "what still looks at a ring that was closed sees nothing or zeros, and writes nowhere",
  () =>
    withoutLeaks(async () => {
      using _cable = veth();
      const stale: Uint8Array[] = [];
      for (const close of ["ring", "socket"] as const) {
        const ring: TransmitRing = transmitRing({ interface: "a0" });
        const frame = ring.frame()!;
        frame.fill(7);
        stale.push(frame);
        if (close === "ring") ring.close();
        else ring.socket.close();
        assert.ok(ring.closed);
        assert.ok(!frame[0]);
        frame[0] = 1;
        for (
          const use of [() => ring.frame(), () =>
            ring.add(frameOf(1)), () =>
            ring.flush(), () =>
            ring.fd]
        ) {
          assert.throws(use, /closed/);
        }
        await assert.rejects(ring.whenFrame(), /closed/);
      }
      assert.equal(mappings(), 0);
      await gc();
      for (const bytes of stale) {
        bytes[1] = 1;
      }
      stale.length = 0;
      await gc();
    }),
);

test("what is wrong is refused before a socket is made, or a call", () => {
  const wrong: [object, typeof TypeError | typeof RangeError][] = [
    [{}, TypeError],
    [{ interface: "lo", frames: 0 }, RangeError],
    [{ interface: "lo", frameSize: 1500 }, RangeError],
    [{ interface: "lo", frameSize: 64 }, RangeError],
    [{ interface: "lo", frames: 65_536, frameSize: 65_536 }, RangeError],
    [{ interface: "lo", mode: "raw" }, TypeError],
  ];
  for (const [options, kind] of wrong) {
    assert.throws(() => transmitRing(options as never), kind, JSON.stringify(options));
  }
});

testAlone([], "what is wrong with a frame is refused", () =>
  withoutLeaks(() => {
    using ring = transmitRing({ interface: "lo", frameSize: 128 });
    assert.equal(ring.frameLength, 96);
    assert.throws(() => ring.add(new Uint8Array(97)), RangeError);
    assert.throws(() => ring.add(new Uint8Array(0)), RangeError);
    assert.throws(() => ring.add("frame" as never), TypeError);
    ring.frame();
    for (const length of [0, 97, 1.5]) assert.throws(() => ring.commit(length));
    ring.commit(96);
    assert.throws(() => ring.commit(96), /not taken before/);
  }));

testAlone(
  ["tcpdump"],
  "tcpdump sees what goes out by a ring, a batch, and with a header of ours",
  () =>
    withoutLeaks(async () => {
      using _cable = veth();
      const child = spawn("tcpdump", [
        ..."-i b0 -n -l -vv --immediate-mode -c 15".split(" "),
        "ip",
      ]);
      const output = text(child.stdout);
      for await (const line of createInterface(child.stderr)) {
        if (line.includes("listening on")) break;
      }
      using ring = transmitRing({ interface: "a0" });
      for (let port = 1; port <= 5; port++) ring.add(udpFrame(port));
      assert.equal(ring.flush(), 5);
      using socket = packetSocket({ interface: "a0", protocol: 0 });
      const batch = new MessageBatch();
      for (let port = 6; port <= 10; port++) batch.add(udpFrame(port));
      assert.equal(sendMessages(socket, batch), 5);
      run("ip addr add 10.0.0.1/24 dev a0");
      run("ip neigh add 10.0.0.2 lladdr 02:00:00:00:00:0b dev a0");
      using raw = rawSocket("ipv4", "raw", { interface: "a0" });
      for (let port = 11; port <= 15; port++) {
        await raw.send(udpFrame(port).subarray(14), "10.0.0.2");
      }
      await once(child, "close");
      const seen = await output;
      const ports = [...seen.matchAll(/10\.0\.0\.1\.(\d+) > 10\.0\.0\.2\.9: /g)].map(([, port]) =>
        +port
      );
      assert.deepEqual(ports, [...new Array(16).keys()].slice(1));
      assert.doesNotMatch(seen, /bad cksum|truncated/);
    }),
);

test.run();
