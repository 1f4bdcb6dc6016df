import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { ExactTime } from "@posixly/fd";
import { type TraceHop, traceroute, type TracerouteOptions } from "@posixly/raw";
import { type HostAndPort, listenTcp, udp } from "@posixly/socket";
import { found, runFresh, withoutLeaks } from "@posixly/testing";
import { test } from "uvu";
import { setting, testAlone } from "../network_fixture.ts";
import { routers } from "../routers_fixture.ts";
import { Vigil } from "../vigil.ts";
import { stamped } from "./stamps_fixture.ts";
import { realTime, roundTrip } from "./round_trip.ts";
import { verdictOn } from "./trace_hop.ts";
import { TcpTracer } from "./trace_tcp.ts";
import type { TraceListening, TracePacket } from "./tracer.ts";

const methods = ["udp", "icmp", "tcp"] as const;

async function all(target: string, options?: TracerouteOptions): Promise<TraceHop[]> {
  const hops: TraceHop[] = [];
  for await (const hop of traceroute(target, options)) hops.push(hop);
  return hops;
}

/** Who answered, hop by hop, and how it ends. */
function show(hops: TraceHop[]): string {
  return hops.map(({ distance, answers, reached }) => {
    const told = new Set(answers.map(({ from, note }) => `${from ?? "*"}${note && ` ${note}`}`));
    return `${distance} ${[...told].join(" ")}${reached ? "." : ""}`;
  }).join(", ");
}

test("what cannot be meant is refused before anything is done", () => {
  for (
    const options of [
      { method: "sctp" },
      { maxHops: 0 },
      { maxHops: 256 },
      { firstHop: 31 },
      { queries: 11 },
      { timeout: 0 },
      { parallel: 0 },
      { port: 65_500 },
      { size: 7 },
      { hops: 3 },
    ]
  ) {
    const refused = { name: /TypeError|RangeError/ };
    assert.throws(
      () => traceroute("127.0.0.1", options as object),
      refused,
      JSON.stringify(options),
    );
  }
});

/** The addresses that traceroute(8) tells, hop by hop. */
async function theirs(target: string, method: string): Promise<string[]> {
  const flag = { udp: "-U", icmp: "-I", tcp: "-T" }[method]!;
  const port = method === "udp" ? ["-p", "33434"] : [];
  const args = ["-n", "-q", "1", ...method === "udp" ? [] : [flag], ...port, target];
  const { stdout } = await promisify(execFile)("traceroute", args);
  return [...stdout.matchAll(/^ *\d+ +([\da-f.:*]+)/gm)].map(([, address]) => address);
}

testAlone(
  [],
  "the way across two routers is found by every method, in both families",
  () =>
    withoutLeaks(async () => {
      using _chain = routers();
      using _stamped = await stamped();
      for (
        const [target, ...way] of [
          ["10.9.3.2", "10.9.1.2", "10.9.2.2", "10.9.3.2"],
          ["fd09:3::2", "fd09:1::2", "fd09:2::2", "fd09:3::2"],
        ]
      ) {
        for (const method of methods) {
          const hops = await all(target, { method });
          const expected = `1 ${way[0]}, 2 ${way[1]}, 3 ${way[2]}.`;
          assert.equal(show(hops), expected, method);
          for (const { answers } of hops) {
            assert.equal(answers.length, 3);
            for (const { rtt, clock } of answers) {
              assert.ok(rtt! > 0, `${rtt}`);
              if (method !== "tcp") assert.equal(clock, "kernel");
            }
          }
          if (found("traceroute")) assert.deepEqual(await theirs(target, method), way, method);
        }
        assert.equal(show(await all(target, { maxHops: 2 })), `1 ${way[0]}, 2 ${way[1]}`);
        const second = { firstHop: 2, maxHops: 2, queries: 1, parallel: 1 };
        assert.equal(show(await all(target, second)), `2 ${way[1]}`);
        assert.equal(show(await all(target, { firstHop: 20, queries: 1 })), `20 ${way[2]}.`);
      }
    }),
);

for (const method of methods) {
  testAlone(
    [],
    `where it does not go on, it is told why, and silence is waited for: ${method}`,
    () =>
      withoutLeaks(async () => {
        using chain = routers(); // of its own: a router says such things but five times in a row
        chain.second.batch([
          "route add unreachable 10.9.5.0/24",
          "route add prohibit 10.9.6.0/24",
          "route add blackhole 10.9.7.0/24",
          "route add unreachable fd09:5::/64",
          "route add prohibit fd09:6::/64",
          "route add blackhole fd09:7::/64",
        ]);
        const networks = ["5", "6", "7"];
        chain.first.batch(networks.flatMap((network) => [
          `route add 10.9.${network}.0/24 via 10.9.2.2`,
          `route add fd09:${network}::/64 via fd09:2::2`,
        ]));
        const to = async (host: string, timeout = 30_000) =>
          show(await all(host, { method, queries: 1, maxHops: 3, timeout }));
        assert.equal(await to("10.9.5.1"), "1 10.9.1.2, 2 10.9.2.2 !H");
        assert.equal(await to("10.9.6.1"), "1 10.9.1.2, 2 10.9.2.2 !X");
        assert.equal(await to("10.9.7.1", 1000), "1 10.9.1.2, 2 *, 3 *");
        assert.equal(await to("fd09:5::1"), "1 fd09:1::2, 2 fd09:2::2 !N");
        assert.equal(await to("fd09:6::1"), "1 fd09:1::2, 2 fd09:2::2 !X");
        assert.equal(await to("fd09:7::1", 1000), "1 fd09:1::2, 2 *, 3 *");
        const [{ answers: [{ from, note, refusal }] }] = await all("192.0.2.1", { method });
        assert.deepEqual([from, note, refusal?.error], [null, "!", "ENETUNREACH"]);
      }),
  );
}

testAlone(
  [],
  "a target that answers by itself is reached: a service of UDP or TCP",
  () =>
    withoutLeaks(async () => {
      using listener = listenTcp("127.0.0.1:0");
      const { port } = listener.localAddress as HostAndPort;
      const [{ reached, answers }] = await all("127.0.0.1", { method: "tcp", port, queries: 2 });
      assert.deepEqual([reached, answers.length, answers[0].refusal], [true, 2, undefined]);
      assert.equal(answers[0].clock, "kernel");

      using service = udp("127.0.0.1:0");
      const answering = (async () => {
        for await (const { bytes, from } of service) await service.send(bytes, from!);
      })();
      const at = (service.localAddress as HostAndPort).port;
      const hops = await all("127.0.0.1", { port: at, queries: 1, maxHops: 1 });
      assert.deepEqual([show(hops), hops[0].answers[0].refusal], ["1 127.0.0.1.", undefined]);
      assert.equal(hops[0].answers[0].ttl, 64);
      service.close();
      await answering;
    }),
);

testAlone(
  [],
  "by TCP, what routers say has the time at which the kernel had it",
  () =>
    withoutLeaks(async () => {
      using _chain = routers();
      using _stamped = await stamped();
      using vigil = new Vigil(undefined);
      const unbound = { interface: undefined, address: undefined };
      for (
        const [family, host, router] of [
          ["ipv4", "10.9.3.2", "10.9.1.2"],
          ["ipv6", "fd09:3::2", "fd09:1::2"],
        ] as const
      ) {
        const target = { family, host, port: 0 };
        using tracer = new TcpTracer({ target, port: 80, size: 32, ...unbound, vigil });
        const packet: TracePacket = { number: 7, distance: 1, began: 0, left: undefined };
        const told: [number, string | null, ExactTime | undefined][] = [];
        const listening: TraceListening = {
          answered: () => assert.fail("it cannot get there"),
          refused: (number, { from }, arrived) => told.push([number, from, arrived]),
        };
        tracer.send(packet, listening);
        while (told.length === 0) {
          await vigil.until(Infinity);
          tracer.take(listening);
        }
        const [[number, from, arrived]] = told;
        assert.deepEqual([number, from], [7, router]);
        const { rtt } = roundTrip(packet, arrived, Infinity);
        const whole = roundTrip(packet, realTime(), Infinity);
        assert.ok(rtt > 0 && rtt < whole.rtt, `${rtt} of ${whole.rtt} ms`);
      }
    }),
);

testAlone(
  [],
  "a signal ends it, at once or meanwhile, and leaving the loop does",
  () =>
    withoutLeaks(async () => {
      const signal = AbortSignal.abort("enough");
      await assert.rejects(all("127.0.0.1", { signal }), (reason) => reason === "enough");
      for (const method of methods) {
        using _chain = routers();
        const controller = new AbortController();
        const hops = traceroute("10.9.3.77", { method, signal: controller.signal });
        const seen: TraceHop[] = [];
        const iterate = async () => {
          for await (const hop of hops) {
            seen.push(hop);
            setImmediate(() => controller.abort());
          }
        };
        await assert.rejects(iterate, { name: "AbortError" });
        assert.equal(seen[0].answers[0].from, "10.9.1.2");
        for await (const _ of traceroute("10.9.3.2", { method })) break;
      }
    }),
);

test("messages are told by the letters of traceroute(8)", () => {
  const message = (type: number | undefined, code: number, error = "EPROTO") => ({
    ...{ from: null, type, code, error, reason: "" },
    mtu: error === "EMSGSIZE" ? 1400 : undefined,
  });
  const note = (family: "ipv4" | "ipv6", ...rest: Parameters<typeof message>) =>
    verdictOn(family, message(...rest)).note;
  const four = Array.from({ length: 16 }, (_, code) => note("ipv4", 3, code));
  assert.equal(four.join(" "), "!N !H !P  !F !S !6 !7 !8 !X !X !11 !12 !X !V !C");
  assert.equal(
    [0, 1, 2, 3, 4, 5].map((code) => note("ipv6", 1, code)).join(" "),
    "!N !X !S !H  !5",
  );
  assert.equal(note("ipv4", 12, 0), "!<12-0>");
  assert.equal(note("ipv4", 3, 4, "EMSGSIZE"), "!F-1400");
  assert.equal(note("ipv6", 2, 0, "EMSGSIZE"), "!F-1400");
  assert.deepEqual(verdictOn("ipv4", message(11, 0)), { reached: false, isEnd: false, note: "" });
  assert.deepEqual(verdictOn("ipv6", message(3, 0)), { reached: false, isEnd: false, note: "" });
  assert.equal(verdictOn("ipv4", message(3, 3)).reached, true);
  assert.equal(verdictOn("ipv6", message(1, 4)).reached, true);
});

testAlone(
  [],
  "UDP and TCP take no right; ICMP says which it lacks, or takes a ping socket",
  async () => {
    using _chain = routers();
    const program = `
    import { bind } from "@posixly/sys";
    import { traceroute } from "@posixly/raw";
    bind({ setresuid: ["i32", "u32", "u32", "u32"] }).setresuid(65534, 65534, 65534);
    for (const method of ["udp", "tcp", "icmp"]) {
      for (const target of ["10.9.3.2", "fd09:3::2"]) {
        const seen = [];
        try {
          for await (const { answers } of traceroute(target, { method })) seen.push(answers[0].from);
        } catch ({ code, capability }) {
          seen.push(code, capability);
        }
        console.log(method, ...seen);
      }
    }
  `;
    const way = {
      four: "10.9.1.2 10.9.2.2 10.9.3.2",
      six: "fd09:1::2 fd09:2::2 fd09:3::2",
    };
    const free = ["udp", "tcp"].map((it) => `${it} ${way.four}\n${it} ${way.six}\n`).join("");
    setting("ipv4/ping_group_range", "1 0");
    const without = await runFresh(program);
    const lacks = "icmp EPERM CAP_NET_RAW\n";
    assert.equal(without.stdout, `${free}${lacks}${lacks}`, without.stderr);
    setting("ipv4/ping_group_range", "0 2147483647");
    const allowed = await runFresh(program);
    assert.equal(allowed.stdout, `${free}icmp ${way.four}\nicmp ${way.six}\n`, allowed.stderr);
  },
);

test.run();
