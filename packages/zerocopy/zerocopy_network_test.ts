// Within one machine the kernel copies what was lent as soon as it arrives. In a network of our own
// there are addresses that nobody has, and others for which packets wait.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import process from "node:process";
import { found, runFresh, testWhere } from "@posixly/testing";
import { test } from "uvu";

/** Runs a program in a network of its own: nobody has 10.9.0.2, and what is for others waits. */
async function inNetwork(program: string, ...through: string[]): Promise<void> {
  const { status, stdout, stderr } = await runFresh(
    `
    import assert from "node:assert/strict";
    import { execFileSync } from "node:child_process";
    import { writeFileSync } from "node:fs";
    import { gc, turns } from "@posixly/testing";
    import { bind, interfaceIndex, receive, socket, udp } from "@posixly/socket";
    import { readable } from "@posixly/mux";
    import { pages, zerocopySender } from "@posixly/zerocopy";

    const ip = (line) => execFileSync("ip", line.split(" "));
    ip("link add here type veth peer name there");
    for (const name of ["here", "there"]) ip("link set " + name + " mtu 65535 up");
    ip("addr add 10.9.0.1/24 dev here");
    // Who answers nothing is asked for as long as it takes.
    writeFileSync("/proc/sys/net/ipv4/neigh/here/retrans_time_ms", "100000");
    ip("neigh add 10.9.0.2 lladdr 02:00:00:00:00:02 dev here");
    const LENGTH = 50_000;
    const [nobody, later, muchLater] = ["10.9.0.2:9", "10.9.0.3:9", "10.9.0.4:9"];
    const us = udp("10.9.0.1:0");
    const sender = zerocopySender(us);

    /** Finds out about an address, and gives the next message that is seen to leave for it. */
    async function seen(address) {
      const wire = socket("packet", "raw", 0x0800);
      bind(wire, { family: "packet", interface: interfaceIndex("there"), protocol: 0x0800 });
      ip("neigh replace " + address.split(":")[0] + " lladdr 02:00:00:00:00:03 dev here");
      const frame = new Uint8Array(65_536);
      await readable(wire);
      const n = receive(wire, frame);
      wire.close();
      return frame.subarray(n - LENGTH, n);
    }
    ${program}
    sender.close();
    us.close();
    console.log("done");
  `,
    { through: [...through, "unshare", "--net"] },
  );
  assert.deepEqual({ status, stdout, stderr }, { status: 0, stdout: "done\n", stderr: "" });
}

function testInNetwork(name: string, program: string): void {
  testWhere(process.getuid!() === 0, "root", name, () => inNetwork(program));
}

testInNetwork(
  "what leaves the machine is not copied, and goes on being lent",
  `
  const bytes = pages(LENGTH);
  for (let i = 0; i < 50; i++) {
    const sent = await sender.send(bytes, { to: nobody });
    assert.deepEqual(sent, { bytes: LENGTH, copied: false, path: "zerocopy" });
  }
  const copy = await sender.send(new Uint8Array(LENGTH), { to: nobody });
  assert.deepEqual(copy, { bytes: LENGTH, copied: true, path: "send" });
  const sendings = Array.from({ length: 200 }, () => sender.send(bytes, { to: nobody }));
  for (const { copied } of await Promise.all(sendings)) assert.ok(!copied);
`,
);

testInNetwork(
  "who writes to memory while it is lent changes what is sent, and is told when it is not",
  `
  const bytes = pages(LENGTH).fill(1);
  let isDone = false;
  const sending = sender.send(bytes, { to: later }).finally(() => isDone = true);
  await turns();
  assert.ok(!isDone);
  bytes.fill(2);
  assert.ok((await seen(later)).every((byte) => byte === 2));
  assert.equal((await sending).path, "zerocopy");
`,
);

testInNetwork(
  "memory is given back in the order in which the kernel is done with it",
  `
  const done = [];
  const send = (to) => sender.send(pages(LENGTH), { to }).then(() => done.push(to));
  const sendings = [send(later), send(muchLater), send(nobody), send(later)];
  while (done.length < 1) await turns(1);
  await seen(muchLater);
  while (done.length < 2) await turns(1);
  await seen(later);
  await Promise.all(sendings);
  assert.deepEqual(done, [nobody, muchLater, later, later]);
  await sender.released();
`,
);

testInNetwork(
  "memory that everybody has forgotten stays as it was until it is sent",
  `
  const controller = new AbortController();
  await assert.rejects((() => {
    const sending = sender.send(pages(LENGTH).fill(1), { to: later, signal: controller.signal });
    setImmediate(() => controller.abort());
    return sending;
  })());
  sender.close();
  const garbage = [];
  for (let i = 0; i < 20; i++) {
    await gc();
    garbage.push(pages(LENGTH).fill(2), new Uint8Array(LENGTH).fill(2));
  }
  assert.ok((await seen(later)).every((byte) => byte === 1));
`,
);

testInNetwork(
  "memory that was lent by a socket that is closed is sent as it was",
  `
  const rejected = assert.rejects(sender.send(pages(LENGTH).fill(1), { to: later }), /closed/);
  await turns();
  us.close();
  await rejected;
  await gc();
  assert.ok((await seen(later)).every((byte) => byte === 1));
`,
);

testInNetwork(
  "with no room to note more, it is copied rather than waited for; with room again, it is lent",
  `
  writeFileSync("/proc/sys/net/core/optmem_max", "1500");
  const bytes = pages(LENGTH);
  const sendings = Array.from({ length: 3 }, () => sender.send(bytes, { to: later }));
  assert.deepEqual(await sendings[2], { bytes: LENGTH, copied: true, path: "send" });
  await seen(later);
  const { path, copied } = await sendings[0];
  assert.deepEqual([path, copied], ["zerocopy", true]); // by whoever looked on
  await sender.released();
  let sent;
  do sent = await sender.send(bytes, { to: nobody }); while (sent.path === "send");
  assert.ok(!sent.copied);
`,
);

testInNetwork(
  "a datagram that a full queue drops fails, is counted all the same, and disturbs no other",
  `
  const { setOptions } = await import("@posixly/socket");
  setOptions(us, { ipReceiveError: true }); // so that it fails
  const bytes = pages(LENGTH);
  const waiting = sender.send(bytes, { to: later });
  execFileSync("tc", "qdisc add dev here root pfifo limit 0".split(" "));
  let failed = 0;
  for (let i = 0; i < 5; i++) {
    await sender.send(bytes, { to: nobody }).catch(({ code }) => failed += code === "ENOBUFS");
  }
  execFileSync("tc", "qdisc del dev here root".split(" "));
  assert.ok(failed > 0);
  let isDone = false;
  waiting.then(() => isDone = true);
  let sent;
  do sent = await sender.send(bytes, { to: nobody }); while (sent.path === "send");
  assert.ok(!sent.copied);
  await turns();
  assert.ok(!isDone);
  await seen(later);
  await waiting;
  await sender.released();
`,
);

testInNetwork(
  "a program that waits for nobody ends, whatever is lent",
  `
  sender.send(pages(LENGTH), { to: later, timeout: 5 }).catch(() => {});
  await turns();
`,
);

testWhere(
  process.getuid!() === 0 && found("strace"),
  "root, strace",
  "nobody asks again and again whether the kernel is done, while others wait for the socket as well",
  async () => {
    const folder = mkdtempSync("/tmp/posixly-zerocopy-");
    const trace = [
      "-f",
      "-qq",
      "-o",
      `${folder}/log`,
      "-e",
      "trace=recvmsg,epoll_wait,epoll_pwait",
    ];
    const program = `
      ip("link set lo up");
      const receiving = us.receive({ timeout: 10_000 });
      const options = { to: later, timeout: 300 };
      await assert.rejects(sender.send(pages(LENGTH), options), { name: "TimeoutError" });
      await sender.send(pages(LENGTH), { to: us.localAddress });
      await receiving;
    `;
    await inNetwork(program, "strace", ...trace);
    const calls = readFileSync(`${folder}/log`, "utf8").split("\n");
    rmSync(folder, { recursive: true });
    const asked = calls.filter((call) => call.includes("MSG_ERRQUEUE")).length;
    assert.ok(asked > 1 && asked < 12, `${asked} times`);
    // Who asks without a pause makes thousands, even while each is noted down.
    assert.ok(calls.length < 1500, `${calls.length} calls`);
  },
);

test.run();
