import assert from "node:assert/strict";
import { dissect, dissectLax, packet } from "@posixly/raw/wire";
import { test } from "uvu";
import { bytesOf, vectors } from "./vectors_fixture.ts";

for (const { name, hex, link, cut } of vectors) {
  test(`${name}: is taken apart, and made again of its values`, () => {
    const bytes = bytesOf(hex);
    const found = cut ? dissectLax(bytes, { link }) : dissect(bytes, { link });
    assert.deepEqual(packet(...found.parts()), bytes);
    if (found.ipv4) assert.ok(found.ipv4.verifyChecksum(), "ipv4");
    if (found.isFragment || cut) return;
    for (const view of [found.tcp, found.udp, found.icmp, found.icmpv6]) {
      if (view) assert.ok(view.verifyChecksum(found.ip!), view.layer);
    }
  });
}

test.run();
