import assert from "node:assert/strict";
import { formatMac, ipv4, Ipv4Packet, packet, parseMac } from "@posixly/raw/wire";
import fc from "fast-check";
import { test } from "uvu";
import { bytes, v4 } from "./layers_fixture.ts";

test("a hardware address is read as it is written", () => {
  fc.assert(fc.property(bytes(1, 20), (address) => {
    const text = formatMac(address);
    assert.deepEqual(parseMac(text), address);
    assert.deepEqual(parseMac(text.toUpperCase().replaceAll(":", "-")), address);
  }));
  for (
    const text of ["", "0", "00:", ":00", "00:0", "0g:00", "00-00:00", "00:00-00", "00.00", "0000"]
  ) {
    assert.equal(parseMac(text), null, text);
  }
  fc.assert(fc.property(fc.string(), (text) => {
    const address = parseMac(text);
    if (address) assert.equal(formatMac(address), text.toLowerCase().replaceAll("-", ":"));
  }));
  assert.equal(formatMac(new Uint8Array()), "");
  assert.throws(() => formatMac("00" as never), TypeError);
});

test("an IPv4 address is read as it is written, and nothing else is one", () => {
  const read = (source: string) =>
    Ipv4Packet.parse(packet(ipv4({ source, destination: "0.0.0.0" }))).source;
  fc.assert(fc.property(v4, (text) => assert.equal(read(text), text)));
  const wrong = [
    "",
    "1",
    "1.2.3",
    "1.2.3.4.5",
    "1.2.3.",
    ".1.2.3",
    "1..2.3",
    "01.2.3.4",
    "1.2.3.256",
  ];
  for (
    const text of [
      ...wrong,
      "1.2.3.4 ",
      " 1.2.3.4",
      "0x1.2.3.4",
      "1.2.3.4\0",
      "-1.2.3.4",
      "1,2.3.4",
    ]
  ) {
    assert.throws(() => read(text), TypeError, text);
  }
});

test.run();
