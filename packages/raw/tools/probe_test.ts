import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { probe, type ProbedPort, type ProbeOptions, rawSocket } from "@posixly/raw";
import { ipv4, packet, tcp, type TcpFlags, TcpSegment } from "@posixly/raw/wire";
import { type HostAndPort, listenTcp } from "@posixly/socket";
import { readable } from "@posixly/mux";
import { runFresh, withoutLeaks } from "@posixly/testing";
import { test } from "uvu";
import { stamped } from "./stamps_fixture.ts";
import { type SynAnswer, SynLine } from "./syn_line.ts";
import { testAlone } from "../network_fixture.ts";
import { neighbor, routers } from "../routers_fixture.ts";

async function all(
  host: string,
  ports: number | Iterable<number>,
  options?: ProbeOptions,
): Promise<ProbedPort[]> {
  const seen: ProbedPort[] = [];
  for await (const port of probe(host, ports, options)) seen.push(port);
  return seen;
}

function show(ports: ProbedPort[]): string {
  return ports.map(({ port, state }) => `${port} ${state}`).join(", ");
}

test("what cannot be meant is refused before anything is done", () => {
  for (const ports of [[], [0], [65_536], ["80"], 1.5]) {
    const refused = { name: /TypeError|RangeError/ };
    assert.throws(() => probe("127.0.0.1", ports as number[]), refused, String(ports));
  }
  for (
    const options of [
      { timeout: 0 },
      { retries: 11 },
      { rate: 0 },
      { order: "arrival" },
      { family: "inet" },
      { speed: 1 },
    ]
  ) {
    const refused = { name: /TypeError|RangeError/ };
    assert.throws(() => probe("127.0.0.1", 1, options as object), refused, JSON.stringify(options));
  }
});

testAlone(
  [],
  "open and closed ports are told apart, in both families",
  () =>
    withoutLeaks(async () => {
      for (const [host, address] of [["127.0.0.1", "127.0.0.1:0"], ["::1", "[::1]:0"]]) {
        using listener = listenTcp(address);
        const { port } = listener.localAddress as HostAndPort;
        const found = await all(host, [port - 1, port, port + 1, port], { order: "port" });
        assert.equal(show(found), `${port - 1} closed, ${port} open, ${port + 1} closed`);
        for (const { rtt, ttl, attempts, refusal, host: told } of found) {
          assert.ok(rtt! > 0 && rtt! < 30_000);
          assert.deepEqual([ttl, attempts, refusal, told], [64, 1, undefined, host]);
        }
        // The kernel has taken it back: nobody is there to be accepted.
        await assert.rejects(listener.accept({ timeout: 20 }), { name: "TimeoutError" });
      }
    }),
);

testAlone(
  [],
  "all ports are asked, as fast as it was said and not faster",
  () =>
    withoutLeaks(async () => {
      using listener = listenTcp("127.0.0.1:0");
      const { port } = listener.localAddress as HostAndPort;
      using _stamped = await stamped();
      const began = performance.now();
      const ports = Array.from({ length: 2000 }, (_, i) => port - 1000 + i).filter((it) =>
        it < 65_536
      );
      const found = await all("127.0.0.1", ports, { rate: 4000, timeout: 30_000 });
      assert.ok(performance.now() - began >= (ports.length - 1) / 4 - 64 / 4);
      assert.equal(found.length, ports.length);
      assert.equal(found.at(-1)!.clock, "kernel");
      assert.equal(show(found.filter(({ state }) => state !== "closed")), `${port} open`);
    }),
);

testAlone(
  [],
  "a port from where nothing comes back is filtered, and was asked again",
  () =>
    withoutLeaks(async () => {
      using there = neighbor();
      there.batch(["route add blackhole 10.9.0.1/32"]); // its answers
      const [silent] = await all("10.9.0.2", 80, { timeout: 50, retries: 2 });
      assert.deepEqual([silent.state, silent.attempts, silent.refusal], ["filtered", 3, undefined]);
      there.batch(["route del blackhole 10.9.0.1/32"]);
      const [closed] = await all("10.9.0.2", 80, { timeout: 30_000 });
      assert.equal(closed.state, "closed");
    }),
);

testAlone([], "one who says that it does not get there is told", () =>
  withoutLeaks(async () => {
    using chain = routers();
    chain.first.batch(["route add prohibit 10.9.8.0/24", "route add prohibit fd09:8::/64"]);
    const [four] = await all("10.9.8.1", 80, { timeout: 30_000 });
    assert.deepEqual([four.state, four.refusal?.from, four.attempts], ["filtered", "10.9.1.2", 1]);
    assert.equal(four.refusal?.reason, "administratively filtered");
    const [six] = await all("fd09:8::1", 80, { timeout: 30_000 });
    assert.deepEqual([six.state, six.refusal?.from], ["filtered", "fd09:1::2"]);
    await assert.rejects(all("192.0.2.1", 80), { code: "ENETUNREACH" });
  }));

testAlone(
  [],
  "an answer that acknowledges no number of ours is none",
  () =>
    withoutLeaks(async () => {
      using _there = neighbor();
      const target = { family: "ipv4", host: "10.9.0.2", port: 0 } as const;
      using line = new SynLine(target, 2, { interface: undefined, address: undefined });
      const { sourcePort, sequence } = TcpSegment.parse(line.syn(80, 0));
      assert.equal(TcpSegment.parse(line.syn(80, 1)).sequence, sequence + 1 >>> 0);
      assert.notEqual(TcpSegment.parse(line.syn(81, 0)).sequence, sequence);

      using forger = rawSocket("ipv4", "tcp", { headerIncluded: true });
      const forge = async (port: number, acknowledgment: number, flags: TcpFlags) => {
        const ip = ipv4({ source: "10.9.0.2", destination: "10.9.0.1" });
        const ports = { sourcePort: port, destinationPort: sourcePort };
        await forger.send(
          packet(ip, tcp({ ...ports, acknowledgment: acknowledgment >>> 0, flags })),
          "10.9.0.1",
        );
      };
      const synAck = { syn: true, ack: true };
      for (const wrong of [0, sequence, sequence + 3]) await forge(80, wrong, synAck);
      await forge(81, sequence + 1, synAck);
      await forge(80, sequence + 1, { rst: true });
      await forge(80, sequence + 1, { ack: true });
      await forge(80, sequence + 2, synAck);
      await forge(80, sequence + 1, { rst: true, ack: true });

      const seen: SynAnswer[] = [];
      const listening = { answered: (answer: SynAnswer) => void seen.push(answer), refused() {} };
      while (seen.length < 2) {
        await readable(line.socket, { timeout: 30_000 });
        line.take(listening);
      }
      assert.deepEqual(seen.map(({ port, attempt, says }) => [port, attempt, says]), [
        [80, 1, "syn-ack"],
        [80, 0, "rst"],
      ]);
    }),
);

testAlone(["nginx"], "our SYN gets the SYN-ACK of nginx", () =>
  withoutLeaks(async () => {
    using there = neighbor();
    const folder = mkdtempSync(join(tmpdir(), "nginx-"));
    const configuration = join(folder, "nginx.conf");
    writeFileSync(
      configuration,
      `daemon off; master_process off; pid ${folder}/pid; error_log stderr notice;
      events {} http { access_log off; server { listen 80; listen [::]:80; } }`,
    );
    const [program, ...args] = [...there.through, "nginx", "-c", configuration, "-p", folder];
    const nginx = spawn(program, args, { stdio: ["ignore", "ignore", "pipe"] });
    try {
      await new Promise<void>((resolve, reject) => {
        let said = "";
        nginx.on("close", () => reject(new Error(said)));
        nginx.stderr.setEncoding("utf8").on("data", (text) => {
          if ((said += text).includes("using the")) resolve(); // it listens before it says so
        });
      });
      for (const host of ["10.9.0.2", "fd09::2"]) {
        const found = await all(host, [79, 80, 81], { order: "port", timeout: 30_000 });
        assert.equal(show(found), "79 closed, 80 open, 81 closed");
      }
    } finally {
      nginx.kill();
      await once(nginx, "close");
      rmSync(folder, { recursive: true });
    }
  }));

testAlone(
  [],
  "a signal ends it, at once or meanwhile, and leaving the loop does",
  () =>
    withoutLeaks(async () => {
      const signal = AbortSignal.abort("enough");
      await assert.rejects(all("127.0.0.1", 1, { signal }), (reason) => reason === "enough");
      const controller = new AbortController();
      const slow = probe("127.0.0.1", [1, 2, 3], { rate: 1, signal: controller.signal });
      const iterate = async () => {
        for await (const _ of slow) setImmediate(() => controller.abort());
      };
      await assert.rejects(iterate, { name: "AbortError" });
      for await (const _ of probe("127.0.0.1", [1, 2, 3])) break;
    }),
);

testAlone([], "without the right it says which, and how to get it", async () => {
  const { stdout, stderr } = await runFresh(`
    import { bind } from "@posixly/sys";
    import { probe } from "@posixly/raw";
    bind({ setresuid: ["i32", "u32", "u32", "u32"] }).setresuid(65534, 65534, 65534);
    try {
      for await (const _ of probe("127.0.0.1", 80));
    } catch ({ code, capability, remedies }) {
      console.log(code, capability, remedies.length);
    }
  `);
  assert.equal(stdout, "EPERM CAP_NET_RAW 3\n", stderr);
});

test.run();
