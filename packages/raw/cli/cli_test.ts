import assert from "node:assert/strict";
import { type HostAndPort, listenTcp } from "@posixly/socket";
import { runFresh } from "@posixly/testing";
import { test } from "uvu";
import { setting, testAlone } from "../network_fixture.ts";
import { routers } from "../routers_fixture.ts";
import { here, lines, main, raw, Running } from "./cli_fixture.ts";
import { pingCommand, readPing, showEvent } from "./ping.ts";
import { portsIn, probeCommand, readProbe, showPort } from "./probe.ts";
import { readSniff, sniffCommand } from "./sniff.ts";
import { readTraceroute, showHop, tracerouteCommand } from "./traceroute.ts";

testAlone([], "as JSON each event is a line; that one does not answer is a status", async () => {
  const { stdout, status } = await here(pingCommand, "-j -c 1 127.0.0.1 ::1 10.77.0.1");
  assert.equal(status, 1);
  const events = lines(stdout);
  const kinds = events.map(({ kind, host, reason }) => [kind, host, reason].join(" ").trim());
  assert.deepEqual(kinds.sort(), [
    "error 10.77.0.1 no route leads there",
    "reply 127.0.0.1",
    "reply ::1",
    "summary",
  ]);
  const summary = events.find(({ kind }) => kind === "summary")!;
  assert.equal((summary.targets as unknown[]).length, 3);
});

testAlone([], "one name that nobody knows does not keep the others from being pinged", async () => {
  const text = await here(pingCommand, "-c 1 127.0.0.1 nobody.invalid ::1");
  assert.equal(text.status, 2);
  assert.match(text.stderr, /^raw: nobody\.invalid: nobody .*this name\n$/);
  assert.equal(text.stdout.match(/1 sent, 1 received/g)?.length, 2);

  const json = await here(pingCommand, "-j -c 1 nobody.invalid 127.0.0.1");
  assert.equal(json.status, 2);
  const [first, second, summary] = lines(json.stdout);
  assert.deepEqual([first.kind, first.target], ["unknown", "nobody.invalid"]);
  assert.deepEqual([second.kind, second.sequence], ["reply", 1]);
  assert.deepEqual([summary.kind, summary.unknown], ["summary", [first]]);

  const alone = await raw("ping -c 1 nobody.invalid");
  assert.deepEqual([alone.status, alone.stdout], [2, ""]);
  assert.match(alone.stderr, /^raw: .*nobody\.invalid\n$/);
});

testAlone([], "ping tells each answer, and Ctrl-C prints the summary", async () => {
  const pinging = new Running("ping -i 0.05 -s 100 127.0.0.1");
  await pinging.until(/seq=3/);
  const { status, said } = await pinging.interrupt();
  assert.equal(status, 0);
  assert.match(said, /^(108 bytes from 127\.0\.0\.1: seq=\d+ ttl=64 time[=<][\d.]+ ms\n){3}/);
  assert.match(
    said,
    /\n\n--- 127\.0\.0\.1 ---\n(\d+) sent, \1 received, 0% lost\nrtt min\/avg\/max\/mdev = ([\d.]+\/?){4} ms\n$/,
  );
});

testAlone([], "who has read enough ends it quietly", async () => {
  const through = ["sh", "-c", '"$@" | head -n 2', "sh"];
  const { status, stdout, stderr } = await raw("ping -i 0.01 127.0.0.1", { through });
  assert.deepEqual([status, stderr, stdout.split("\n").length], [0, "", 3]);
});

test("a full disk is a failure, also of who only prints", async () => {
  const through = ["sh", "-c", 'exec "$@" > /dev/full', "sh"];
  const { status, stderr } = await raw("--help", { through });
  assert.equal(status, 2);
  assert.match(stderr, /^raw: .*no space left.*\n$/i);
});

testAlone([], "traceroute tells each hop", async () => {
  using _chain = routers();
  const found = await here(tracerouteCommand, "10.9.3.2");
  assert.equal(found.status, 0, found.stderr);
  const time = "<?[\\d.]+ ms";
  const hop = (at: string) => `${at.replaceAll(".", "\\.")}  ${time}  ${time}  ${time}`;
  assert.match(
    found.stdout,
    new RegExp(`^traceroute to 10\\.9\\.3\\.2 \\(10\\.9\\.3\\.2\\) by udp, 30 hops at most
 1  ${hop("10.9.1.2")}
 2  ${hop("10.9.2.2")}
 3  ${hop("10.9.3.2")}
$`),
  );
  const six = await here(tracerouteCommand, "-I -j -q 1 -m 2 fd09:3::2");
  assert.equal(six.status, 1);
  assert.deepEqual(lines(six.stdout).map(({ distance, reached }) => [distance, reached]), [
    [1, false],
    [2, false],
  ]);
});

testAlone([], "probe tells open ports, and counts the others", async () => {
  using listener = listenTcp("127.0.0.1:0");
  const { port } = listener.localAddress as HostAndPort;
  const { status, stdout, stderr } = await here(probeCommand, `127.0.0.1 ${port - 1}-${port + 1}`);
  assert.equal(status, 0, stderr);
  assert.match(
    stdout,
    new RegExp(`^${port}/tcp +open time[=<][\\d.]+ ms\n1 open, 2 closed, 0 filtered\n$`),
  );
  const none = await here(probeCommand, `-j 127.0.0.1 ${port + 1}`);
  assert.equal(none.status, 1);
  const states = lines(none.stdout).map(({ kind, state, open }) => state ?? `${kind} ${open}`);
  assert.deepEqual(states, ["closed", "summary 0"]);
});

testAlone([], "what cannot be done is told in a line, which names what is missing", async () => {
  setting("ipv4/ping_group_range", "1 0");
  const program = `
    import { bind } from "@posixly/sys";
    import process from "node:process";
    bind({ setresuid: ["i32", "u32", "u32", "u32"] }).setresuid(65534, 65534, 65534);
    await import(process.env.MAIN);
  `;
  const options = { args: ["ping", "127.0.0.1"], env: { MAIN: main.href } };
  const { status, stdout, stderr } = await runFresh(program, options);
  assert.deepEqual([status, stdout], [2, ""]);
  assert.match(stderr, /^raw: .*EPERM.*CAP_NET_RAW.*\n$/);
});

test("what makes no sense is refused in a line", async () => {
  const wrong: [(args: string[]) => unknown, string[]][] = [
    [readPing, ["", "-c x host", "-i 1e3 host", "--cuont 1 host", "-4 -6 host"]],
    [readTraceroute, ["", "a b", "-I -T host", "-m -1 host"]],
    [readProbe, ["", "host", "host 0", "host 80-22", "host 65536", "host 1,,2", "host http"]],
    [readSniff, ["-c x", "-c 00", "-T -j", "-w - -j"]],
    [readSniff, ["-r file -i lo", "-r file -s 60", "-r file -P", "-r file -B 8"]],
  ];
  for (const [read, commands] of wrong) {
    for (const command of commands) {
      const args = command === "" ? [] : command.split(" ");
      assert.throws(() => read(args), { name: "UsageError" }, command);
    }
  }
  const unknown = await raw("pnig host");
  assert.equal(unknown.status, 2);
  assert.equal(unknown.stderr, 'raw: there is no command "pnig" (--help tells more)\n');
  await assert.rejects(here(pingCommand, "-t 0 127.0.0.1"), {
    name: "UsageError",
    message: "ttl must be between 1 and 255, not 0",
  });
});

test("help is printed, of all and of each", async () => {
  const { status, stdout } = await raw("--help");
  assert.equal(status, 0);
  assert.match(stdout, /^Usage: raw COMMAND/);
  const commands = { ping: pingCommand, traceroute: tracerouteCommand, probe: probeCommand };
  for (const [name, { help }] of Object.entries({ ...commands, sniff: sniffCommand })) {
    assert.match(stdout, new RegExp(`^  ${name} `, "m"));
    assert.match(help, new RegExp(`^Usage: raw ${name} `));
  }
});

test("arguments are read", () => {
  assert.deepEqual(portsIn("22,80-82"), [22, 80, 81, 82]);
  assert.equal(portsIn("all").length, 65_535);
  const { targets, options, quiet } = readPing("a b -c 3 -i .2 -F -6 -q -I lo".split(" "));
  assert.deepEqual([targets, quiet], [["a", "b"], true]);
  const { count, interval, dontFragment, family, interface: name } = options;
  assert.deepEqual([count, interval, dontFragment, family, name], [3, 200, true, "ipv6", "lo"]);
  assert.equal(readTraceroute(["-T", "host"]).options.method, "tcp");
  assert.equal(readSniff(["tcp", "port", "80"]).expression, "tcp port 80");
  assert.equal(readSniff(["-w", "file"]).shows, "nothing");
  assert.equal(readSniff(["-w", "file", "--print"]).shows, "lines");
});

test("events are told as ping(8), traceroute(8) and nmap tell them", () => {
  const echo = { target: "x", host: "192.0.2.1", sequence: 7 };
  const reply = {
    kind: "reply",
    from: "192.0.2.1",
    rtt: 12.345,
    clock: "process",
    ttl: 50,
    bytes: 64,
    duplicate: true,
    late: false,
    way: "ping",
  } as const;
  assert.equal(
    showEvent({ ...echo, ...reply }, true),
    "64 bytes from 192.0.2.1 for x: seq=7 ttl=50 time<12.3 ms (duplicate)",
  );
  assert.equal(showEvent({ ...echo, kind: "timeout" }, false), "No answer from 192.0.2.1: seq=7");
  const refusal = {
    ...{ from: "192.0.2.9", error: "EMSGSIZE", type: 3, code: 4 },
    ...{ reason: "too long", mtu: 1400 },
  };
  assert.equal(
    showEvent({ ...echo, kind: "error", ...refusal }, false),
    "From 192.0.2.9 about 192.0.2.1: seq=7 too long (mtu 1400)",
  );

  const silence = {
    ...{ from: null, rtt: undefined, clock: undefined, ttl: undefined },
    ...{ reached: false, note: "", refusal: undefined },
  };
  const answer = { ...silence, from: "192.0.2.1", rtt: 1, clock: "kernel", note: "!X" } as const;
  const other = { ...answer, from: "192.0.2.2", rtt: 100, clock: "process", note: "" } as const;
  const answers = [answer, silence, answer, answer, other];
  assert.equal(
    showHop({ distance: 3, answers, reached: false }),
    " 3  192.0.2.1  1.000 ms !X  *  192.0.2.1  1.000 ms !X  1.000 ms !X  192.0.2.2  <100 ms",
  );

  const port = { ...silence, host: "x", port: 80, state: "filtered", attempts: 1 } as const;
  assert.equal(showPort(port), "80/tcp    filtered");
  assert.equal(showPort({ ...port, refusal }), "80/tcp    filtered 192.0.2.9: too long");
});

test.run();
