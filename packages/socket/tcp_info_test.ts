import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { testNeeding, withoutLeaks } from "@posixly/testing";
import fc from "fast-check";
import { test } from "uvu";
import {
  bind,
  connect,
  decodeTcpInfo,
  listen,
  localAddress,
  receive,
  send,
  setOptions,
  shutdown,
  socket,
  socketPair,
  type TcpInfo,
  tcpInfo,
} from "@posixly/socket";
import * as c from "./libc.ts";
import { type TcpPair, tcpPair, untilReadable } from "./tcp_pair_fixture.ts";

const OLDEST = 104;
const NEWEST = 280;

/** Sends from one end and receives at the other, which then ends, so that all is acknowledged. */
function exchange({ client, server }: TcpPair, length: number): void {
  const bytes = new Uint8Array(length);
  for (let sent = 0, got = 0; got < length;) {
    sent += send(client, bytes.subarray(sent)) ?? 0;
    untilReadable(server);
    got += receive(server, bytes)!;
  }
  shutdown(server, "write");
  untilReadable(client);
}

test("every field is read from where C has it", () => {
  const bytes = Uint8Array.from({ length: NEWEST }, (_, i) => i);
  const info = decodeTcpInfo(bytes);
  const at = (offset: number) => new DataView(bytes.buffer).getUint32(offset, true);
  const at64 = (offset: number) => new DataView(bytes.buffer).getBigUint64(offset, true);
  // Offsets as C gives them.
  assert.deepEqual({
    retransmits: info.retransmits,
    probes: info.probes,
    backoff: info.backoff,
    retransmitTimeout: info.retransmitTimeout,
    unacked: info.unacked,
    lastDataSent: info.lastDataSent,
    rtt: info.rtt,
    congestionWindow: info.congestionWindow,
    totalRetransmits: info.totalRetransmits,
    pacingRate: info.pacingRate,
    bytesAcked: info.bytesAcked,
    minRtt: info.minRtt,
    deliveryRate: info.deliveryRate,
    bytesSent: info.bytesSent,
    sendWindow: info.sendWindow,
    receiveWindow: info.receiveWindow,
    timeouts: info.timeouts,
    timeoutRecoveries: info.timeoutRecoveries,
    timeoutRecoveryTime: info.timeoutRecoveryTime,
    receivedCe: info.receivedCe,
    receivedCeBytes: info.receivedCeBytes,
  }, {
    retransmits: 2,
    probes: 3,
    backoff: 4,
    retransmitTimeout: at(8),
    unacked: at(24),
    lastDataSent: at(44),
    rtt: at(68),
    congestionWindow: at(80),
    totalRetransmits: at(100),
    pacingRate: at64(104),
    bytesAcked: at64(120),
    minRtt: at(148),
    deliveryRate: at64(160),
    bytesSent: at64(200),
    sendWindow: at(228),
    receiveWindow: at(232),
    timeouts: 0xf1f0,
    timeoutRecoveries: 0xf3f2,
    timeoutRecoveryTime: at(244),
    receivedCe: at(248),
    receivedCeBytes: 0x1312_1110,
  });
  assert.deepEqual([info.sendWindowScale, info.receiveWindowScale], [6, 0]);
  assert.deepEqual([info.isDeliveryRateAppLimited, info.fastOpenFailure], [
    true,
    "synRetransmitted",
  ]);
  assert.deepEqual(info.features, ["timestamps", "windowScale"]);
});

test("what an older kernel did not fill in is undefined, and all else is the same", () => {
  const bytes = fc.uint8Array({ minLength: NEWEST, maxLength: NEWEST });
  fc.assert(fc.property(bytes, fc.integer({ min: OLDEST, max: NEWEST }), (bytes, length) => {
    const whole = decodeTcpInfo(bytes);
    const part = decodeTcpInfo(bytes.slice(0, length));
    assert.deepEqual(Object.keys(part).sort(), Object.keys(whole).sort());
    for (const name of Object.keys(whole) as (keyof TcpInfo)[]) {
      if (part[name] !== undefined) assert.deepEqual(part[name], whole[name]);
    }
    // A field is there as soon as its last byte is.
    assert.equal(part.deliveryRate === undefined, length < 168);
    assert.equal(part.bytesSent === undefined, length < 208);
    assert.equal(part.sendWindow === undefined, length < 232);
    assert.equal(part.timeouts === undefined, length < 242);
    assert.equal(part.timeoutRecoveryTime === undefined, length < 248);
    assert.equal(part.receivedCeBytes === undefined, length < 276);
  }));
  const longer = new Uint8Array(NEWEST + 100).fill(1);
  assert.deepEqual(decodeTcpInfo(longer), decodeTcpInfo(longer.subarray(0, NEWEST)));
});

test("what has no limit, and what is not known, is not a large number", () => {
  const info = decodeTcpInfo(new Uint8Array(NEWEST).fill(0xff));
  assert.equal(info.pacingRate, "unlimited");
  assert.equal(info.maxPacingRate, "unlimited");
  assert.equal(info.minRtt, undefined);
  assert.equal(info.state, "unknown");
  assert.equal(info.congestionState, "unknown");
  assert.equal(info.bytesAcked, 2n ** 64n - 1n);

  const bytes = c.tcpInfo.encode({ tcpi_snd_ssthresh: 0x7fff_ffff, tcpi_bytes_sent: 2n ** 53n });
  assert.equal(decodeTcpInfo(bytes).sendThreshold, "unlimited");
  assert.equal(decodeTcpInfo(bytes).bytesSent, 2n ** 53n);
});

test("bytes are counted exactly", () =>
  withoutLeaks(() => {
    const length = fc.integer({ min: 1, max: 300_000 });
    fc.assert(
      fc.property(length, (length) => {
        using ends = tcpPair();
        exchange(ends, length);
        const client = tcpInfo(ends.client);
        const server = tcpInfo(ends.server);
        assert.equal(client.bytesAcked, length + 1); // the beginning is a byte, too
        assert.equal(Number(client.bytesSent) - Number(client.bytesRetransmitted), length);
        assert.equal(client.bytesNotSent, 0);
        assert.equal(server.bytesReceived, length);
        assert.ok(client.dataSegmentsSent > 0 && client.rtt > 0 && client.minRtt! > 0);
        assert.ok(client.deliveryRate > 0);
        assert.ok(client.features.includes("sack"));
        assert.ok(client.sendWindowScale > 0);
      }),
      { numRuns: 10 },
    );
  }));

test("a connection goes from state to state", () =>
  withoutLeaks(() => {
    using fresh = socket("ipv4", "stream");
    assert.equal(tcpInfo(fresh).state, "closed");
    using ends = tcpPair();
    const states = () => [tcpInfo(ends.client).state, tcpInfo(ends.server).state];
    assert.deepEqual(states(), ["established", "established"]);
    shutdown(ends.client, "write");
    untilReadable(ends.server);
    assert.match(states().join(), /^finWait[12],closeWait$/); // acknowledged, or soon
    shutdown(ends.server, "write");
    untilReadable(ends.client);
    assert.deepEqual(states(), ["closed", "closed"]); // the kernel alone keeps it in TIME-WAIT
  }));

test("of a listener it tells how many wait to be accepted", () =>
  withoutLeaks(() => {
    using listener = socket("ipv4", "stream");
    bind(listener, "127.0.0.1:0");
    listen(listener, 7);
    using first = socket("ipv4", "stream");
    using second = socket("ipv4", "stream");
    for (const client of [first, second]) connect(client, localAddress(listener));
    untilReadable(listener);
    const { state, unacked, sacked } = tcpInfo(listener);
    assert.deepEqual({ state, unacked, sacked }, { state: "listening", unacked: 2, sacked: 7 });
  }));

test("fields are there as far as this kernel tells", () =>
  withoutLeaks(() => {
    using tcp = socket("ipv4", "stream");
    const bytes = new Uint8Array(c.tcpInfo.size);
    const length = Uint32Array.of(bytes.length);
    assert.equal(c.libc.getsockopt(tcp.fd, c.IPPROTO_TCP, c.TCP_INFO, bytes, length), 0);
    const info = tcpInfo(tcp);
    assert.equal(info.receivedCe === undefined, length[0] < 252);
    assert.equal(info.receiveWindow === undefined, length[0] < 236);
    assert.notEqual(info.delivered, undefined);
  }));

test("only TCP has it", () =>
  withoutLeaks(() => {
    using udp = socket("ipv4", "datagram");
    using pair = socketPair("stream");
    for (const other of [udp, pair.first]) {
      assert.throws(() => tcpInfo(other), {
        code: /^(EOPNOTSUPP|ENOPROTOOPT)$/,
        syscall: "getsockopt",
        fd: other.fd,
      });
    }
    assert.throws(() => tcpInfo(0x7fff_ffff), { code: "EBADF" });
    assert.throws(() => tcpInfo(-1), RangeError);
    assert.throws(() => decodeTcpInfo(new Uint8Array(OLDEST - 1)), {
      name: "RangeError",
      message: "bytes must be at least 104, not 103",
    });
    assert.throws(() => decodeTcpInfo([] as never), TypeError);
  }));

testNeeding("ss", "ss says the same", () =>
  withoutLeaks(() => {
    using ends = tcpPair();
    setOptions(ends.client, { keepAlive: true, keepIdle: 77, congestion: "reno" });
    exchange(ends, 100_000);
    const { port } = localAddress(ends.client) as { port: number };
    // What was put off, as an acknowledgement may be, is counted when it is sent.
    let [before, text, info] = [tcpInfo(ends.client), "", tcpInfo(ends.client)];
    do {
      before = info;
      text = execFileSync("ss", ["-tinoH", `sport = :${port}`], { encoding: "utf8" });
      info = tcpInfo(ends.client);
    } while (
      before.segmentsSent !== info.segmentsSent ||
      before.segmentsReceived !== info.segmentsReceived
    );
    const said = (name: string) => text.match(new RegExp(`[ \\t]${name}:([\\d.]+)`))?.[1];
    const number = (name: string) => Number(said(name));
    const millis = (micros?: number) => micros! / 1000;

    assert.match(text, /^CLOSE-WAIT/);
    assert.match(text, /\breno\b/);
    assert.match(text, /timer:\(keepalive,1min1\dsec,0\)/);
    assert.equal(number("rtt"), millis(info.rtt));
    assert.equal(number("minrtt"), millis(info.minRtt));
    assert.equal(number("rto"), millis(info.retransmitTimeout));
    assert.equal(number("mss"), info.sendSegment);
    assert.equal(number("pmtu"), info.pathMtu);
    assert.equal(number("rcvmss"), info.receiveSegment);
    assert.equal(number("advmss"), info.advertisedSegment);
    assert.equal(number("cwnd"), info.congestionWindow);
    assert.equal(number("bytes_sent"), info.bytesSent);
    assert.equal(number("bytes_acked"), info.bytesAcked);
    assert.equal(number("segs_out"), info.segmentsSent);
    assert.equal(number("segs_in"), info.segmentsReceived);
    assert.equal(number("data_segs_out"), info.dataSegmentsSent);
    assert.equal(number("delivered"), info.delivered);
    assert.equal(number("rcv_space"), info.receiveSpace);
    const [, send, receive] = text.match(/wscale:(\d+),(\d+)/)!;
    assert.deepEqual([Number(send), Number(receive)], [
      info.sendWindowScale,
      info.receiveWindowScale,
    ]);
  }));

test.run();
