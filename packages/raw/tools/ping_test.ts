import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { ping, type PingEvent, type PingReply, type RawSocket, rawSocket } from "@posixly/raw";
import { icmp, icmpRedirect, packet } from "@posixly/raw/wire";
import { runFresh, withoutLeaks } from "@posixly/testing";
import { test } from "uvu";
import { run, setting, testAlone, wait } from "../network_fixture.ts";
import { neighbor, routers } from "../routers_fixture.ts";
import { Target } from "./ping_target.ts";
import { stamped } from "./stamps_fixture.ts";

const ECHO_REQUEST = 8;
const SOURCE_QUENCH = 4;

async function all(events: AsyncIterable<PingEvent>): Promise<PingEvent[]> {
  const seen: PingEvent[] = [];
  for await (const event of events) seen.push(event);
  return seen;
}

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[values.length >> 1];
}

/** A message of ICMP within a packet of IPv4, turned into the answer to it. */
function replyTo(packet: Uint8Array): Uint8Array {
  const reply = packet.slice((packet[0] & 15) * 4);
  reply[0] = 0;
  const sum = (reply[2] << 8 | reply[3]) + (ECHO_REQUEST << 8);
  const folded = (sum & 0xffff) + (sum >>> 16);
  reply.set([folded >> 8, folded & 0xff], 2);
  return reply;
}

function host({ from }: { from: unknown }): string {
  return (from as { host: string }).host;
}

test("what cannot be meant is refused before anything is done", () => {
  for (const targets of [[], [] as string[], undefined, 7]) {
    assert.throws(() => ping(targets as string[]), { name: "TypeError" });
  }
  for (
    const options of [
      { count: 0 },
      { interval: 0 },
      { timeout: NaN },
      { size: 65_508 },
      { ttl: 256 },
      { dontFragment: 1 },
      { way: "icmp" },
      { family: "ipv5" },
      { signal: {} },
      { cuont: 1 },
    ]
  ) {
    const why = { name: /TypeError|RangeError/ };
    assert.throws(() => ping("127.0.0.1", options as object), why, JSON.stringify(options));
  }
});

testAlone(
  [],
  "a name that is an address of the other family is refused",
  () =>
    withoutLeaks(async () => {
      await assert.rejects(ping("::1", { family: "ipv4" }).summary(), { name: "TypeError" });
      await assert.rejects(ping(["::1", ""]).summary(), { name: "TypeError" });
    }),
);

testAlone(
  [],
  "a name that nobody knows is told of first, and the other targets are pinged",
  () =>
    withoutLeaks(async () => {
      const targets = ["127.0.0.1", "nobody.invalid", "127.0.0.2", "no one.invalid"];
      const pinging = ping(targets, { count: 2, interval: 10 });
      const seen = (await all(pinging)).map(({ kind, target }) => `${kind} ${target}`);
      assert.deepEqual(seen.slice(0, 2), ["unknown nobody.invalid", "unknown no one.invalid"]);
      assert.deepEqual(seen.slice(2, 4).sort(), ["reply 127.0.0.1", "reply 127.0.0.2"]);
      assert.equal(seen.length, 6);
      const { targets: told, unknown, received } = await pinging.summary();
      assert.deepEqual(told.map(({ target }) => target), ["127.0.0.1", "127.0.0.2"]);
      assert.deepEqual(unknown.map(({ target }) => target), ["nobody.invalid", "no one.invalid"]);
      assert.ok(unknown.every(({ error, reason }) => error !== "" && reason !== ""));
      assert.equal(received, 4);

      const nobody = ping(["nobody.invalid", "no one.invalid"]).summary();
      await assert.rejects(nobody, { syscall: "getaddrinfo" });
      const controller = new AbortController();
      const asking = ping(["127.0.0.1", "no one.invalid"], { signal: controller.signal }).summary();
      controller.abort("enough");
      await assert.rejects(asking, (reason) => reason === "enough");
    }),
);

testAlone(
  [],
  "both families of the loopback answer, and our requests are not taken for answers",
  () =>
    withoutLeaks(async () => {
      const events = await all(ping(["127.0.0.1", "::1", "localhost"], { count: 3, interval: 30 }));
      assert.equal(events.length, 9);
      for (const event of events) {
        assert.equal(event.kind, "reply");
        const { from, host, rtt, ttl, bytes, duplicate, late, way } = event as PingReply;
        assert.deepEqual({ from, ttl, bytes, duplicate, late, way }, {
          from: host,
          ttl: 64,
          bytes: 64,
          duplicate: false,
          late: false,
          way: "raw",
        });
        assert.ok(rtt > 0 && rtt < 30_000);
      }
      const sequences = (events as PingReply[])
        .filter(({ target }) => target === "::1").map(({ sequence }) => sequence);
      assert.deepEqual(sequences, [1, 2, 3]);
    }),
);

testAlone(
  [],
  "others that ping at the same time do not get our answers, nor we theirs",
  () =>
    withoutLeaks(async () => {
      const runs = [1, 2, 3].map(() => ping(["127.0.0.1", "::1"], { count: 5, interval: 10 }));
      for (
        const { sent, received, targets } of await Promise.all(runs.map((run) => run.summary()))
      ) {
        assert.deepEqual([sent, received], [10, 10]);
        assert.deepEqual(targets.map(({ duplicates, late }) => duplicates + late), [0, 0]);
      }
    }),
);

testAlone([], "five hundred targets at once, by one socket", () =>
  withoutLeaks(async () => {
    const targets = Array.from({ length: 500 }, (_, i) => `127.0.${i >> 8}.${i & 255}`).slice(1);
    const summary = await ping(targets, { count: 1, interval: 100, timeout: 30_000 }).summary();
    assert.deepEqual([summary.sent, summary.received], [499, 499]);
    assert.deepEqual(summary.targets.map(({ host }) => host), targets);
  }));

testAlone(
  [],
  "a short or empty content is matched by who answers; a long one comes in fragments",
  () =>
    withoutLeaks(async () => {
      for (const size of [0, 7, 8, 65_507]) {
        const targets = ["127.0.0.1", "127.0.0.2", "::1"];
        const events = await all(ping(targets, { count: 2, interval: 5, size, timeout: 30_000 }));
        assert.deepEqual(
          events.map((event) => (event as PingReply).bytes),
          Array(6).fill(size + 8),
        );
      }
      const twice = ping(["127.0.0.1", "127.0.0.1"], { count: 1, size: 7 });
      await assert.rejects(twice.summary(), { message: /^size must be 8 or more/ });
      const { received } = await ping(["127.0.0.1", "127.0.0.1"], { count: 1, size: 8 }).summary();
      assert.equal(received, 2);
    }),
);

testAlone(["ping"], "times agree with those of ping(8)", () =>
  withoutLeaks(async () => {
    using _there = neighbor();
    using _stamped = await stamped();
    const theirs = promisify(execFile)("ping", ["-c", "50", "-i", "0.01", "10.9.0.2"]);
    const ours = await all(ping("10.9.0.2", { count: 50, interval: 10 }));
    const { stdout } = await theirs;
    const rtts = ours.map((event) => (event as PingReply).rtt);
    assert.equal(rtts.length, 50);
    assert.ok(ours.every((event) => (event as PingReply).clock === "kernel"));
    const times = [...stdout.matchAll(/time=([\d.]+) ms/g)].map(([, time]) => Number(time));
    assert.equal(times.length, 50);
    const ratio = median(rtts) / median(times);
    assert.ok(ratio > 0.01 && ratio < 100, `the ratio of the medians is ${ratio}`);
  }));

testAlone(["ping"], "ping(8) is answered by us alone", () =>
  withoutLeaks(async () => {
    using there = neighbor();
    setting("ipv4/icmp_echo_ignore_all", "1");
    using responder = rawSocket("ipv4", "icmp", { icmpTypes: [ECHO_REQUEST] });
    const answering = (async () => {
      for await (const packet of responder) {
        await responder.send(replyTo(packet.bytes), host(packet));
      }
    })();
    const [program, ...args] = [...there.through, "ping", "-c", "3", "-i", "0.01", "10.9.0.1"];
    const { stdout } = await promisify(execFile)(program, args);
    assert.match(stdout, /3 packets transmitted, 3 received, 0% packet loss/);
    responder.close();
    await answering;
    setting("ipv4/icmp_echo_ignore_all", "0");
  }));

/** Answers to pings only as we like, while something runs. */
async function answeringOurselves(
  run: (responder: RawSocket) => Promise<void>,
): Promise<void> {
  setting("ipv4/icmp_echo_ignore_all", "1");
  try {
    using responder = rawSocket("ipv4", "icmp", { icmpTypes: [ECHO_REQUEST] });
    await run(responder);
  } finally {
    setting("ipv4/icmp_echo_ignore_all", "0");
  }
}

testAlone(
  [],
  "who does not answer is lost, and is late when he does; twice is a duplicate",
  () =>
    withoutLeaks(() =>
      answeringOurselves(async (responder) => {
        const pinging = ping("127.0.0.1", { count: 2, interval: 2000, timeout: 100 });
        const seen: string[] = [];
        for await (const event of pinging) {
          if (event.kind !== "reply") seen.push(event.kind);
          else seen.push(`${event.late ? "late " : ""}${event.duplicate ? "duplicate " : ""}reply`);
          if (seen.length > 1) continue;
          const { bytes } = await responder.receive({ timeout: 30_000 });
          for (let i = 0; i < 3; i++) await responder.send(replyTo(bytes), "127.0.0.1");
        }
        assert.deepEqual(seen, [
          "timeout",
          "late reply",
          "duplicate reply",
          "duplicate reply",
          "timeout",
        ]);
        const { sent, received, late, duplicates, lost, average } = pinging.statistics[0];
        assert.deepEqual([sent, received, late, duplicates, lost], [2, 0, 1, 2, 2]);
        assert.equal(average, undefined);
      })
    ),
);

testAlone([], "the time of flight is not that of a slow reader", () =>
  withoutLeaks(async () => {
    using _stamped = await stamped();
    const rtts: number[] = [];
    for await (const event of ping(["127.0.0.1"], { count: 4, interval: 20 })) {
      const { rtt, clock } = event as PingReply;
      assert.equal(clock, "kernel");
      rtts.push(rtt);
      const until = performance.now() + 50;
      while (performance.now() < until);
    }
    assert.ok(Math.min(...rtts) < 40, `${rtts}`);
  }));

testAlone(
  [],
  "who says that it does not arrive is told, and what he says",
  () =>
    withoutLeaks(async () => {
      using chain = routers();
      chain.first.batch([
        "route add unreachable 10.9.7.0/24",
        "route add prohibit 10.9.8.0/24",
        "route add unreachable fd09:7::/64",
        "route add prohibit fd09:8::/64",
      ]);
      const told = async (target: string, options = {}) => {
        const [event] = await all(ping(target, { count: 1, timeout: 30_000, ...options }));
        if (event.kind !== "error") return event.kind;
        return [event.from, event.type, event.code, event.reason, event.sequence];
      };
      assert.equal(await told("10.9.3.2"), "reply");
      assert.equal(await told("fd09:3::2"), "reply");
      const [four, six] = ["10.9.1.2", "fd09:1::2"];
      assert.deepEqual(await told("10.9.3.2", { ttl: 1 }), [
        ...[four, 11, 0],
        "time exceeded in transit",
        1,
      ]);
      assert.deepEqual(await told("fd09:3::2", { ttl: 1 }), [
        ...[six, 3, 0],
        "hop limit exceeded in transit",
        1,
      ]);
      assert.deepEqual(await told("10.9.3.2", { ttl: 2 }), [
        ...["10.9.2.2", 11, 0],
        "time exceeded in transit",
        1,
      ]);
      assert.deepEqual(await told("10.9.7.1"), [four, 3, 1, "host unreachable", 1]);
      assert.deepEqual(await told("10.9.8.1"), [four, 3, 13, "administratively filtered", 1]);
      assert.deepEqual(await told("fd09:7::1"), [six, 1, 0, "no route to destination", 1]);
      assert.deepEqual(await told("fd09:8::1"), [six, 1, 1, "administratively prohibited", 1]);
      assert.deepEqual(await told("192.0.2.1"), [
        null,
        undefined,
        undefined,
        "no route leads there",
        1,
      ]);

      run("ip link set down1 mtu 9000");
      chain.first.batch(["link set up1 mtu 9000"]);
      const large = { size: 3000, dontFragment: true };
      const [event] = await all(ping("10.9.3.2", { count: 1, timeout: 30_000, ...large }));
      assert.ok(event.kind === "error");
      assert.deepEqual([event.error, event.mtu, event.from], ["EMSGSIZE", 1500, four]);
    }),
);

testAlone(
  [],
  "one that no firewall lets through is told, and does not end the others",
  () =>
    withoutLeaks(async () => {
      run("ip route add prohibit 192.0.2.7");
      const targets = ["192.0.2.7", "127.0.0.1", "::1"];
      const { targets: [refused, ...others] } = await ping(targets, { count: 3, interval: 10 })
        .summary();
      run("ip route del prohibit 192.0.2.7");
      assert.deepEqual([refused.errors, refused.received], [3, 0]);
      assert.deepEqual(others.map(({ received }) => received), [3, 3]);
    }),
);

testAlone(
  [],
  "a signal ends it, at once or meanwhile, and leaving the loop does",
  () =>
    withoutLeaks(async () => {
      const early = ping("127.0.0.1", { signal: AbortSignal.abort("enough") });
      await assert.rejects(early.summary(), (reason) => reason === "enough");
      const controller = new AbortController();
      const pinging = ping("127.0.0.1", { interval: 50_000, signal: controller.signal });
      await assert.rejects(
        async () => {
          for await (const _ of pinging) setImmediate(() => controller.abort());
        },
        { name: "AbortError" },
      );
      assert.equal(pinging.statistics[0].received, 1);
      for await (const _ of ping("127.0.0.1")) break;
    }),
);

test("sequence numbers begin anew after 65535", () => {
  const target = new Target("x", { family: "ipv4", host: "127.0.0.1", port: 0 }, 0);
  target.tally.sent = 65_534;
  const requests = [1, 2, 3].map(() => target.request());
  assert.deepEqual(requests.map(({ sequence }) => sequence), [65_535, 65_536, 65_537]);
  assert.deepEqual([65_535, 0, 1].map((number) => target.find(number)), requests);
  target.tally.sent = 65_536 + 65_534;
  const again = target.request();
  target.forget(requests[0]); // whose place another has taken
  assert.equal(target.find(65_535), again);
});

const asNobody = `
  import { bind } from "@posixly/sys";
  import { ping } from "@posixly/raw";
  bind({ setresuid: ["i32", "u32", "u32", "u32"] }).setresuid(65534, 65534, 65534);
  try {
    for await (const event of ping(["127.0.0.1", "::1"], { count: 2, interval: 10, ttl: 9 })) {
      console.log(event.kind, event.way, event.from, event.ttl, event.bytes, event.clock);
    }
    const far = ping("10.9.3.2", { count: 1, ttl: 1, timeout: 30_000 });
    for await (const { kind, from, reason, way } of far) console.log(kind, from, reason);
  } catch ({ name, code, capability, remedies }) {
    console.log(name, code, capability, remedies.length);
  }
`;

testAlone(
  [],
  "a router that knows a better way does not end a ping, nor does one that has too much to do",
  () =>
    withoutLeaks(async () => {
      const host = "127.0.0.1";
      setting("ipv4/ping_group_range", "0 2147483647");
      using router = rawSocket("ipv4", "icmp", { icmpTypes: [ECHO_REQUEST] });
      for (
        const advice of [icmpRedirect({ gateway: "127.0.0.9" }), icmp({ type: SOURCE_QUENCH })]
      ) {
        const kinds: string[] = [];
        const pings = ping(host, { way: "ping", count: 3, interval: 5, timeout: 30_000 });
        for await (const { kind } of pings) {
          kinds.push(kind);
          const { bytes } = await router.receive(wait);
          await router.send(packet(advice, bytes), host);
        }
        assert.deepEqual(kinds, ["reply", "reply", "reply"]);
        assert.equal(pings.statistics[0].errors, 0);
      }
    }),
);

testAlone([], "without the right a ping socket is taken", async () => {
  using _chain = routers();
  setting("ipv4/ping_group_range", "0 2147483647");
  const { stdout, stderr, status } = await runFresh(asNobody);
  assert.equal(status, 0, stderr);
  assert.match(stdout.replaceAll(/ (kernel|process)$/gm, ""), /^(reply ping [\d.:]+ 64 64\n){4}/);
  assert.match(stdout, /^error 10\.9\.1\.2 time exceeded in transit$/m);
});

testAlone([], "without any right it is told which are missing", async () => {
  setting("ipv4/ping_group_range", "1 0");
  const { stdout, stderr } = await runFresh(asNobody);
  assert.equal(stdout, "SyscallError EPERM CAP_NET_RAW 3\n", stderr);
});

test.run();
