import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { type PacketSocket, packetSocket } from "@posixly/raw";
import {
  arp,
  dissect,
  ethernet,
  icmpEcho,
  icmpv6Echo,
  ipv4,
  ipv6,
  neighborAdvertisement,
  type NeighborOption,
  neighborSolicitation,
  type Packet,
  packet,
} from "@posixly/raw/wire";
import { test } from "uvu";
import { testAlone } from "./network_fixture.ts";
import { neighbor } from "./routers_fixture.ts";

/** An interface that nobody's kernel has, at addresses that nobody has. */
const OURS = "02:00:00:00:77:77";
const OUR_ADDRESS = { arp: "10.9.0.77", neighbor: "fd09::77" };

/** The first packet that is what is looked for. */
async function next(socket: PacketSocket, isIt: (found: Packet) => boolean): Promise<Packet> {
  for (;;) {
    const { bytes, from } = await socket.receive({ timeout: 10_000 });
    const found = dissect(bytes);
    if (from.packetType !== "outgoing" && isIt(found)) return found;
  }
}

testAlone(
  [],
  "the kernel next door tells its hardware address by ARP, and asks for ours",
  async () => {
    using there = neighbor();
    using socket = packetSocket({ interface: "near0", protocol: "arp", promiscuous: true });
    await socket.send(packet(
      ethernet({ source: OURS, destination: "ff:ff:ff:ff:ff:ff" }),
      arp({ senderHardware: OURS, senderProtocol: OUR_ADDRESS.arp, targetProtocol: "10.9.0.2" }),
    ));
    const reply = await next(socket, ({ arp }) => arp!.operation === 2);
    const { address } = JSON.parse(there.run("ip -j link show far0"))[0];
    assert.equal(reply.arp!.senderHardware, address);
    assert.equal(reply.arp!.senderProtocol, "10.9.0.2");
    assert.equal(reply.arp!.targetHardware, OURS);
    assert.equal(reply.ethernet!.destination, OURS);

    // What it has learnt of us, it believes.
    const [entry] = JSON.parse(there.run(`ip -j neigh show ${OUR_ADDRESS.arp}`));
    assert.equal(entry.lladdr, OURS);
  },
);

testAlone(
  [],
  "the kernel next door tells its hardware address by neighbour discovery",
  async () => {
    using there = neighbor();
    using socket = packetSocket({ interface: "near0", protocol: "ipv6", allMulticast: true });
    const group = "ff02::1:ff00:2"; // the solicited-node address of fd09::2, and its frame's
    const options: NeighborOption[] = [{ kind: "sourceLinkLayer", address: OURS }];
    await socket.send(packet(
      ethernet({ source: OURS, destination: "33:33:ff:00:00:02" }),
      ipv6({ source: OUR_ADDRESS.neighbor, destination: group, hopLimit: 255 }),
      neighborSolicitation({ target: "fd09::2", options }),
    ));
    const { icmpv6, ipv6: header, ip } = await next(socket, ({ icmpv6 }) => icmpv6?.type === 136);
    assert.ok(icmpv6!.verifyChecksum(ip as never));
    assert.equal(header!.hopLimit, 255);
    const { address } = JSON.parse(there.run("ip -j link show far0"))[0];
    const told = icmpv6!.discovery;
    assert.ok(told?.kind === "neighborAdvertisement");
    assert.equal(told.target, "fd09::2");
    assert.deepEqual(told.options, [{ kind: "targetLinkLayer", address }]);
  },
);

/** A host that is nothing but this: it says where it is, and answers pings. */
async function answer(socket: PacketSocket, signal: AbortSignal): Promise<void> {
  for (;;) {
    const { bytes, from } = await socket.receive({ signal });
    if (from.packetType === "outgoing") continue;
    const { ethernet: frame, arp: question, icmp, icmpv6, ip, payload } = dissect(bytes);
    const back = ethernet({ source: OURS, destination: frame!.source });
    const ends = { source: ip?.destination ?? "", destination: ip?.source ?? "" };
    const asked = icmpv6?.discovery;
    if (question?.operation === 1 && question.targetProtocol === OUR_ADDRESS.arp) {
      const { senderHardware, senderProtocol } = question;
      const us = { senderHardware: OURS, senderProtocol: OUR_ADDRESS.arp };
      const them = { targetHardware: senderHardware, targetProtocol: senderProtocol };
      await socket.send(packet(back, arp({ operation: 2, ...us, ...them })));
    } else if (asked?.kind === "neighborSolicitation" && asked.target === OUR_ADDRESS.neighbor) {
      const { target } = asked;
      const options: NeighborOption[] = [{ kind: "targetLinkLayer", address: OURS }];
      await socket.send(packet(
        back,
        ipv6({ source: target, destination: ends.destination, hopLimit: 255 }),
        neighborAdvertisement({ target, solicited: true, override: true, options }),
      ));
    } else if (icmp?.type === 8) {
      const { id, sequence } = icmp;
      await socket.send(packet(back, ipv4(ends), icmpEcho({ id, sequence, reply: true }), payload));
    } else if (icmpv6?.type === 128) {
      const { id, sequence } = icmpv6;
      const reply = icmpv6Echo({ id, sequence, reply: true });
      await socket.send(packet(back, ipv6(ends), reply, payload));
    }
  }
}

testAlone(["ping"], "a host of our own making is found and pinged by ping(8)", async () => {
  using there = neighbor();
  using socket = packetSocket({ interface: "near0", promiscuous: true });
  const leaving = new AbortController();
  const answering = assert.rejects(answer(socket, leaving.signal), { name: "AbortError" });
  for (const address of Object.values(OUR_ADDRESS)) {
    const [program, ...args] = [...there.through, "ping", "-c3", "-i0.01", "-W5", address];
    const { stdout } = await promisify(execFile)(program, args);
    assert.match(stdout, /3 packets transmitted, 3 received, 0% packet loss/);
  }
  leaving.abort();
  await answering;
});

test.run();
