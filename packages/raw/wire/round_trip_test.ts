import assert from "node:assert/strict";
import {
  arp,
  ArpPacket,
  authentication,
  AuthenticationHeader,
  DestinationOptions,
  destinationOptions,
  ethernet,
  EthernetFrame,
  FragmentHeader,
  fragmentHeader,
  hopByHop,
  HopByHopOptions,
  icmp,
  IcmpMessage,
  icmpv6,
  Icmpv6Message,
  icmpv6Redirect,
  ipv4,
  Ipv4Packet,
  ipv6,
  Ipv6Packet,
  type Layer,
  neighborAdvertisement,
  neighborSolicitation,
  packet,
  packetInto,
  routerAdvertisement,
  routerSolicitation,
  routing,
  RoutingHeader,
  tcp,
  TcpSegment,
  udp,
  UdpDatagram,
  vlan,
  VlanTag,
} from "@posixly/raw/wire";
import fc from "fast-check";
import { test } from "uvu";
import * as any from "./layers_fixture.ts";

/** The values come back, and every byte of the header was written. */
function roundTrip<F extends object>(
  name: string,
  fields: fc.Arbitrary<F>,
  build: (fields: never) => Layer,
  view: { parse(bytes: Uint8Array): { values(): object; payload: Uint8Array } },
): void {
  test(`${name}: what is built is read again`, () => {
    fc.assert(fc.property(fields, any.bytes(0, 64), (fields, payload) => {
      const layer = build(fields as never);
      const bytes = packet(layer, payload);
      const found = view.parse(bytes);
      assert.deepEqual(found.values(), layer);
      assert.deepEqual(found.values(), { ...fields, layer: layer.layer });

      const dirty = new Uint8Array(bytes.length + 6).fill(0xa5);
      assert.equal(packetInto(dirty, 3, layer, payload), bytes.length);
      assert.deepEqual(dirty.subarray(3, -3), bytes);
      assert.deepEqual([...dirty.subarray(0, 3), ...dirty.subarray(-3)], Array(6).fill(0xa5));
    }));
  });
}

const type = fc.integer({ min: 0x600, max: 0xffff });
roundTrip(
  "ethernet",
  any.record<object>({ source: any.mac, destination: any.mac, type }),
  ethernet,
  EthernetFrame,
);
const id = fc.integer({ min: 0, max: 0xfff });
const priority = fc.integer({ min: 0, max: 7 });
roundTrip(
  "vlan",
  any.record<object>({ id, priority, dropEligible: fc.boolean(), type }),
  vlan,
  VlanTag,
);
roundTrip("arp", any.arpFields, arp, ArpPacket);
roundTrip("ipv4", any.ipv4Fields, ipv4, Ipv4Packet);
roundTrip("ipv6", any.ipv6Fields, ipv6, Ipv6Packet);
roundTrip("hopByHop", any.optionsFields, hopByHop, HopByHopOptions);
roundTrip("destinationOptions", any.optionsFields, destinationOptions, DestinationOptions);
roundTrip("routing", any.routingFields, routing, RoutingHeader);
roundTrip("fragmentHeader", any.fragmentFields, fragmentHeader, FragmentHeader);
roundTrip("authentication", any.authenticationFields, authentication, AuthenticationHeader);
roundTrip("icmp", any.icmpFields, icmp, IcmpMessage);
roundTrip("icmpv6", any.icmpFields, icmpv6, Icmpv6Message);
roundTrip("udp", any.udpFields, udp, UdpDatagram);
roundTrip("tcp", any.tcpFields, tcp, TcpSegment);

const { boolean } = fc;
const options = any.neighborOptions;
const discoveries = {
  routerSolicitation: [any.record<object>({ options }), routerSolicitation],
  routerAdvertisement: [
    any.record<object>({
      hopLimit: any.u8,
      managed: boolean(),
      otherConfiguration: boolean(),
      homeAgent: boolean(),
      preference: fc.constantFrom("low", "medium", "high", "reserved"),
      lifetime: any.u16,
      reachableTime: any.u32,
      retransmitTime: any.u32,
      options,
    }),
    routerAdvertisement,
  ],
  neighborSolicitation: [any.record<object>({ target: any.v6, options }), neighborSolicitation],
  neighborAdvertisement: [
    any.record<object>({
      target: any.v6,
      router: boolean(),
      solicited: boolean(),
      override: boolean(),
      options,
    }),
    neighborAdvertisement,
  ],
  redirect: [any.record<object>({ target: any.v6, destination: any.v6, options }), icmpv6Redirect],
} as const;

for (const [kind, [fields, build]] of Object.entries(discoveries)) {
  test(`${kind}: what is built is read again`, () => {
    fc.assert(fc.property(fields as fc.Arbitrary<object>, (fields) => {
      const { discovery } = Icmpv6Message.parse(packet(build(fields as never)));
      assert.deepEqual(discovery, { kind, ...fields });
    }));
  });
}

test("arp: addresses may be of other lengths", () => {
  const fields = {
    hardwareType: 32,
    hardwareLength: 20,
    protocolLength: 16,
    senderHardware: Array(20).fill("0a").join(":"),
    senderProtocol: Array(16).fill("0b").join(":"),
  };
  const found = ArpPacket.parse(packet(arp(fields)));
  assert.equal(found.senderHardware, fields.senderHardware);
  assert.equal(found.senderProtocol, fields.senderProtocol);
  assert.equal(found.targetProtocol, Array(16).fill("00").join(":"));
});

test.run();
