import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import process from "node:process";
import { runFresh, testWhere, withoutLeaks } from "@posixly/testing";
import fc from "fast-check";
import { test } from "uvu";
import {
  bandwidthDelayProduct,
  bufferLimits,
  type BufferSize,
  getOption,
  measurePath,
  receive,
  send,
  setOptions,
  socket,
  socketPair,
  tuneBuffers,
} from "@posixly/socket";
import { type TcpPair, tcpPair, untilReadable } from "./tcp_pair_fixture.ts";

const isRoot = process.getuid?.() === 0;

function transfer({ client, server }: TcpPair, length: number): void {
  const bytes = new Uint8Array(65_536);
  for (let sent = 0, got = 0; got < length;) {
    if (sent < length) sent += send(client, bytes.subarray(0, length - sent)) ?? 0;
    untilReadable(server);
    got += receive(server, bytes)!;
  }
}

test("what fills a path is what goes through it in the time there and back", () => {
  const bits = fc.integer({ min: 1, max: 1e12 });
  const micros = fc.integer({ min: 1, max: 1e7 });
  fc.assert(fc.property(bits, micros, (bitsPerSecond, micros) => {
    const bytes = bandwidthDelayProduct({ bitsPerSecond, rttSeconds: micros / 1e6 });
    const exact = (BigInt(bitsPerSecond) * BigInt(micros) + 7_999_999n) / 8_000_000n;
    const difference = Number(exact - BigInt(bytes));
    assert.ok(exact < 1e8 ? difference === 0 : difference === 0 || difference === 1);
  }));
  fc.assert(fc.property(bits, micros, fc.integer({ min: 1, max: 100 }), (bits, micros, factor) => {
    const rttSeconds = micros / 1e6;
    const one = bandwidthDelayProduct({ bitsPerSecond: bits, rttSeconds });
    const more = bandwidthDelayProduct({ bitsPerSecond: bits * factor, rttSeconds });
    assert.ok(more <= one * factor && more > (one - 1) * factor - 1);
  }));
  assert.equal(bandwidthDelayProduct({ bitsPerSecond: 3e9, rttSeconds: 0.07 }), 26_250_000);
});

test("a path that is none is refused", () => {
  for (const bad of [0, -1, Infinity, -Infinity]) {
    assert.throws(() => bandwidthDelayProduct({ bitsPerSecond: bad, rttSeconds: 1 }), RangeError);
    assert.throws(() => bandwidthDelayProduct({ bitsPerSecond: 1, rttSeconds: bad }), RangeError);
  }
  for (const bad of [NaN, "1", undefined, null, 1n]) {
    const value = bad as number;
    assert.throws(() => bandwidthDelayProduct({ bitsPerSecond: value, rttSeconds: 1 }), TypeError);
    assert.throws(() => bandwidthDelayProduct({ bitsPerSecond: 1, rttSeconds: value }), TypeError);
  }
});

test("limits are those of the system", () =>
  withoutLeaks(() => {
    const numbers = (setting: string) =>
      readFileSync(`/proc/sys/net/${setting}`, "utf8").trim().split(/\s+/).map(Number);
    const range = ([min, initial, max]: number[]) => ({ min, initial, max });
    assert.deepEqual(bufferLimits(), {
      receiveMax: numbers("core/rmem_max")[0],
      sendMax: numbers("core/wmem_max")[0],
      tcpReceive: range(numbers("ipv4/tcp_rmem")),
      tcpSend: range(numbers("ipv4/tcp_wmem")),
    });
  }));

test("a buffer is as large as was asked, or as the system allows, and the report says so", () =>
  withoutLeaks(() => {
    const { receiveMax, sendMax } = bufferLimits();
    const bytes = fc.oneof(
      fc.integer({ min: 1, max: 200_000 }),
      fc.integer({ min: 1, max: 2 ** 40 }),
    );
    const make = fc.constantFrom(
      () => socket("ipv4", "datagram"),
      () => socket("ipv6", "stream"),
      () => socket("unix", "seqpacket"),
    );
    fc.assert(fc.property(bytes, make, (bytes, make) => {
      using target = make();
      const report = tuneBuffers(target, { bytes });
      for (
        const [{ asked, usable, granted, clampedBy }, option, max, setting] of [
          [report.send, "sendBuffer", sendMax!, "net.core.wmem_max"],
          [report.receive, "receiveBuffer", receiveMax!, "net.core.rmem_max"],
        ] as const
      ) {
        assert.equal(asked, bytes);
        assert.equal(granted, getOption(target, option));
        assert.equal(usable, Math.floor(granted / 2));
        assert.equal(clampedBy, bytes > max ? setting : undefined);
        if (bytes > max) assert.equal(granted, 2 * max);
        else if (bytes > 10_000) assert.equal(granted, 2 * bytes);
        else assert.ok(granted >= 2 * bytes); // the kernel has a least size
      }
      assert.equal(report.autotuning, "off");
      assert.equal(report.windowMax, undefined);
      assert.deepEqual(report.limits, bufferLimits());
      assert.deepEqual(getOption(target, "bufferLock"), { send: true, receive: true });
    }));
  }));

test("a path is as good as bytes", () =>
  withoutLeaks(() => {
    using tcp = socket("ipv4", "stream");
    const { send } = tuneBuffers(tcp, { bitsPerSecond: 8e6, rttSeconds: 0.05 });
    assert.deepEqual([send.asked, send.usable], [50_000, 50_000]);
  }));

test("what a listener accepts has its buffers, and a window for them", () =>
  withoutLeaks(() => {
    using ends = tcpPair((listener) => tuneBuffers(listener, { bytes: 150_000 }));
    assert.equal(getOption(ends.server, "receiveBuffer"), 300_000);
    assert.equal(getOption(ends.server, "sendBuffer"), 300_000);
  }));

test("a window is fixed when the connection begins", () =>
  withoutLeaks(() => {
    using ends = tcpPair(undefined, (client) => {
      // The least scale that goes with it: later the buffer may grow, the window not.
      setOptions(client, { receiveBuffer: 10_000, windowClamp: 10_000 });
    });
    const { receive, windowMax } = tuneBuffers(ends.client, { bytes: 200_000 });
    assert.equal(receive.usable, 200_000);
    assert.equal(windowMax, 65_535);
    const plain = tuneBuffers(ends.server, { bytes: 200_000 });
    assert.ok(plain.windowMax! > 65_535);
  }));

test("a connection measures its path, once enough went through it", () =>
  withoutLeaks(() => {
    using ends = tcpPair();
    assert.equal(measurePath(ends.client), null);
    assert.throws(() => tuneBuffers(ends.client), {
      name: "Error",
      message: /^Cannot tell how large buffers should be/,
    });
    assert.deepEqual(getOption(ends.client, "bufferLock"), { send: false, receive: false });

    transfer(ends, 4_000_000);
    const path = measurePath(ends.client)!;
    assert.ok(path.rttSeconds > 0 && path.rttSeconds < 10);
    assert.ok(path.bitsPerSecond > 1000);
    assert.equal(typeof path.isAtLeast, "boolean");
    const { send } = tuneBuffers(ends.client);
    assert.ok(send.asked >= 1 && send.granted > 0);

    const received = measurePath(ends.server)!; // which has sent nothing
    assert.ok(received.bitsPerSecond > 1000 && received.rttSeconds > 0);
    assert.equal(received.isAtLeast, true);
  }));

test("only TCP measures", () =>
  withoutLeaks(() => {
    using udp = socket("ipv4", "datagram");
    assert.throws(() => measurePath(udp), { code: /^(EOPNOTSUPP|ENOPROTOOPT)$/ });
    assert.throws(() => tuneBuffers(udp), { code: /^(EOPNOTSUPP|ENOPROTOOPT)$/ });
    using pair = socketPair("stream");
    assert.equal(tuneBuffers(pair.first, { bytes: 60_000 }).send.usable, 60_000);
  }));

test("bad input is refused before the call", () =>
  withoutLeaks(() => {
    using udp = socket("ipv4", "datagram");
    const before = getOption(udp, "sendBuffer");
    const bad = [
      { bytes: 0 },
      { bytes: -1 },
      { bytes: 1.5 },
      { bytes: "1" },
      { bytes: 1, rttSeconds: 1 },
      { bitsPerSecond: 1 },
      { rttSeconds: 0, bitsPerSecond: 1 },
      {},
      null,
      7,
    ];
    for (const size of bad) {
      assert.throws(
        () => tuneBuffers(udp, size as BufferSize),
        (error) => error instanceof TypeError || error instanceof RangeError,
      );
    }
    assert.throws(() => tuneBuffers(udp, { bytes: 1 }, { force: 1 } as object), TypeError);
    assert.throws(() => tuneBuffers(udp, { bytes: 1 }, { forced: true } as object), TypeError);
    assert.equal(getOption(udp, "sendBuffer"), before);
  }));

testWhere(
  isRoot,
  "root",
  "force goes beyond what everyone may have, up to what there is",
  () =>
    withoutLeaks(() => {
      const bytes = Math.max(bufferLimits().receiveMax!, bufferLimits().sendMax!) + 100_000;
      using udp = socket("ipv4", "datagram");
      const { send, receive } = tuneBuffers(udp, { bytes }, { force: true });
      for (const buffer of [send, receive]) {
        assert.deepEqual(buffer, {
          asked: bytes,
          usable: bytes,
          granted: 2 * bytes,
          clampedBy: undefined,
        });
      }
      const most = tuneBuffers(udp, { bytes: 2 ** 40 }, { force: true });
      assert.equal(most.send.clampedBy, "the kernel");
      assert.equal(most.send.granted, 2 ** 31 - 2);
    }),
);

testWhere(isRoot, "root", "force takes a right", async () => {
  const { stdout, stderr } = await runFresh(`
import { bind, ok } from "@posixly/sys";
import { socket, tuneBuffers } from "@posixly/socket";
const udp = socket("ipv4", "datagram");
tuneBuffers(udp, { bytes: 1000 });
const nobody = 65534;
ok(bind({ setresuid: ["i32", "u32", "u32", "u32"] }).setresuid(nobody, nobody, nobody), "setresuid");
try {
  tuneBuffers(udp, { bytes: 100_000 }, { force: true });
} catch (error) {
  console.log(error.message);
}
udp.close();
`);
  assert.equal(stderr, "");
  assert.match(stdout, /operation not permitted \(EPERM\); the option is forceSendBuffer\n$/);
});

test.run();
