import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import { promisify } from "node:util";
import { rawSocket } from "@posixly/raw";
import { type CapturePacket, readCapture } from "@posixly/raw/pcap";
import { dissect, packet, Reassembler } from "@posixly/raw/wire";
import { connectTcp, udp } from "@posixly/socket";
import { test } from "uvu";
import { run, testAlone } from "./network_fixture.ts";

const command = promisify(execFile);

/** A protocol for trials; a packet of it is the last. */
const LAST = 253;

/** What tcpdump(1) sees of loopback while something runs. */
async function* captured(traffic: () => Promise<void>): AsyncGenerator<CapturePacket> {
  const tcpdump = spawn("tcpdump", [
    "-i",
    "lo",
    "--immediate-mode",
    "-B",
    "40000",
    "-s",
    "70000",
    "-U",
    "-w",
    "-",
  ]);
  const ended = once(tcpdump, "close");
  let said = "";
  tcpdump.stderr.setEncoding("utf8").on("data", (text) => said += text);
  while (!said.includes("listening on")) await once(tcpdump.stderr, "data");
  try {
    await traffic();
    using last = rawSocket("ipv4", LAST);
    await last.send(new Uint8Array(1), "127.0.0.1");
    for await (const packet of readCapture(tcpdump.stdout)) {
      if (dissect(packet.bytes).ipv4?.protocol === LAST) tcpdump.kill("SIGINT");
      yield packet;
    }
  } finally {
    tcpdump.kill("SIGKILL"); // unless it has ended
    await ended;
  }
  assert.match(said, /\b0 packets dropped by kernel/);
}

/** A bit of everything. */
async function traffic(): Promise<void> {
  const server = createServer((_, response) => response.end("x".repeat(300_000))).listen(0, "::");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  for (const host of ["127.0.0.1", "[::1]"]) {
    await command("curl", ["--silent", "--show-error", `http://${host}:${port}/`]);
    await command("ping", ["-c", "2", "-i", "0.01", "-s", "9000", host.replace(/[[\]]/g, "")]);
    using gone = udp(`${host}:0`);
    const nobody = gone.localAddress;
    gone.close();
    using client = udp(`${host}:0`);
    await client.send(new Uint8Array(60_000), nobody); // in parts, and refused
  }
  server.close();
  await assert.rejects(connectTcp(`127.0.0.1:${port}`), { code: "ECONNREFUSED" });
}

testAlone(
  ["tcpdump", "curl", "ping"],
  "all that tcpdump captures is understood, and written again as it was",
  async () => {
    run("ip link set lo mtu 1500");
    const kinds = new Map<string, number>();
    const reassembler = new Reassembler();
    let whole = 0;
    for await (const { bytes } of captured(traffic)) {
      const found = dissect(bytes);
      assert.deepEqual(packet(...found.parts()), new Uint8Array(bytes));
      assert.ok(found.ipv4?.verifyChecksum() ?? true);
      const { layer } = found.layers.at(-1)!;
      kinds.set(layer, (kinds.get(layer) ?? 0) + 1);
      if (!found.isFragment) continue;
      const datagram = reassembler.add(found.ethernet!.payload, 0);
      if (datagram === null) continue;
      whole++;
      const { icmp, icmpv6, udp, ip } = dissect(datagram, { link: "ip" });
      assert.ok((icmp ?? icmpv6 ?? udp)!.verifyChecksum(ip as never));
    }
    assert.equal(whole, 2 * (2 * 2 + 1)); // of each family two pings, their answers, a datagram
    for (const kind of ["tcp", "udp", "icmp", "icmpv6"]) assert.ok(kinds.get(kind)! > 1, kind);
  },
);

test.run();
