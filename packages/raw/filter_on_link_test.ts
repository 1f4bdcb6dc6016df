import assert from "node:assert/strict";
import { test } from "uvu";
import { readable } from "@posixly/mux";
import { attachedFilter, attachFilter, compileFilter } from "@posixly/raw";
import { type Ancillary, assemble, runFilter } from "@posixly/raw/bpf";
import { bind, interfaceIndex, receive, send, type Socket, socket } from "@posixly/socket";
import { MAC_A, MAC_B, testAlone, veth } from "./network_fixture.ts";

const ETH_P_ALL = 3;
const buffer = new Uint8Array(256);

/** A packet socket that sees what an interface gets. */
function tap(name: string): Socket {
  const created = socket("packet", "raw");
  bind(created, { family: "packet", protocol: ETH_P_ALL, interface: interfaceIndex(name) });
  return created;
}

/** A datagram of UDP over IPv4 over Ethernet, 60 bytes without a tag. */
function frame(to: Uint8Array, tag: readonly number[] = []): Uint8Array {
  const payload = Array.from({ length: 18 }, (_, i) => 0xa0 + i);
  return Uint8Array.from([
    ...to,
    ...MAC_A,
    ...tag,
    ...[0x08, 0x00],
    ...[0x45, 0, 0, 46, 0, 1, 0, 0, 64, 17, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2],
    ...[0x04, 0x00, 0, 53, 0, 26, 0, 0],
    ...payload,
  ]);
}

/** Lets out what is in A by the length that arrives. */
const loads = [
  "ld len",
  "ldh [12]",
  "ldb [59]",
  "ld [-0x100000]", // from the header of the network on
  "ldh [-0xfffe8]",
  "ldb [-0xfffd3]",
  "ldxi 20\nldb [x + -0x100000]",
  "ld [-0x200000]", // from the header of the link on
  "ldh [-0x1ffff4]",
  "ldx 4*([14]&0xf)\nldh [x + 16]",
  ...["proto", "type", "ifidx", "hatype", "mark", "vlan_tci", "vlanp", "vlan_tpid", "poff"]
    .map((name) => `ld ${name}`),
];

testAlone(
  [],
  "what the kernel knows of a packet on a link, a filter in JavaScript is told",
  async () => {
    using _cable = veth();
    using sender = tap("a0");
    const known: Ancillary = {
      protocol: 0x800,
      interface: interfaceIndex("b0"),
      hardwareType: 1,
      payloadOffset: 42,
    };
    const tagged: Ancillary = { ...known, vlanTag: 0x6005, vlanProtocol: 0x88a8 };
    const sent: [frame: Uint8Array, ancillary: Ancillary][] = [
      [frame(MAC_B), { ...known, packetType: 0 }],
      [frame(new Uint8Array(6).fill(0xff)), { ...known, packetType: 1 }],
      [frame(new Uint8Array([2, 0, 0, 0, 0, 9])), { ...known, packetType: 3 }],
      [frame(MAC_B, [0x88, 0xa8, 0x60, 0x05]), tagged],
      [frame(MAC_B, [0x81, 0x00, 0x00, 0x01]), { ...known, vlanTag: 1 }],
    ];
    for (const load of loads) {
      using receiver = tap("b0");
      const program = assemble(`${load}\nmod #50\nadd #1\nret a`);
      attachFilter(receiver, program);
      for (const [bytes, ancillary] of sent) {
        send(sender, bytes);
        const seen = ancillary.vlanTag === undefined ? bytes : frame(bytes.subarray(0, 6));
        const kept = runFilter(program, seen, { link: 0, network: 14, ancillary });
        await readable(receiver);
        assert.equal(receive(receiver, buffer), kept, `${load} of ${JSON.stringify(ancillary)}`);
      }
    }
  },
);

testAlone([], "a packet socket has nothing that came before its filter", async () => {
  using _cable = veth();
  using sender = tap("a0");
  using receiver = tap("b0");
  send(sender, frame(MAC_B));
  await readable(receiver);
  attachFilter(receiver, assemble("ret #20"));
  assert.equal(receive(receiver, buffer), null);
  send(sender, frame(MAC_B));
  await readable(receiver);
  assert.equal(receive(receiver, buffer), 20);
  assert.equal(attachedFilter(receiver)!.length, 1);
});

testAlone(
  ["tcpdump"],
  "only for an interface libpcap looks for a tag where it is kept",
  async () => {
    using _cable = veth();
    using sender = tap("a0");
    for (const [options, length] of [[{ interface: "b0" }, 60], [{}, 64]] as const) {
      using receiver = tap("b0");
      attachFilter(receiver, compileFilter("vlan 5 and udp port 53", options));
      send(sender, frame(MAC_B, [0x81, 0x00, 0x00, 0x04]));
      send(sender, frame(MAC_B));
      send(sender, frame(MAC_B, [0x81, 0x00, 0x00, 0x05]));
      send(sender, frame(MAC_B, [0x88, 0xa8, 0x00, 0x04, 0x81, 0x00, 0x00, 0x05])); // one stays
      await readable(receiver);
      assert.equal(receive(receiver, buffer), length);
      assert.equal(receive(receiver, buffer), null);
    }
  },
);

test.run();
