import assert from "node:assert/strict";
import { attachedFilter, attachFilter, rawSocket } from "@posixly/raw";
import { assemble } from "@posixly/raw/bpf";
import { icmpUnreachable, ipv4, packet } from "@posixly/raw/wire";
import { poll } from "@posixly/mux";
import { errorQueue } from "@posixly/socket";
import { withoutLeaks } from "@posixly/testing";
import { test } from "uvu";
import { testAlone, wait } from "../network_fixture.ts";
import { attachSoundingFilter, soundingOptions } from "./sounding.ts";

const EXPERIMENTAL = 253;
const HOST_UNREACHABLE = 1;

testAlone(
  [],
  "what the network says of others' packets keeps no filter from being attached",
  () =>
    withoutLeaks(async () => {
      const peer = "127.0.0.1";
      const options = soundingOptions("ipv4");
      using socket = rawSocket("ipv4", EXPERIMENTAL, { peer, options });
      using router = rawSocket("ipv4", "icmp");
      const others = packet(
        ipv4({ source: peer, destination: peer, protocol: EXPERIMENTAL }),
        new Uint8Array(8),
      );
      const complaint = packet(icmpUnreachable({ code: HOST_UNREACHABLE }), others);
      const names = () => [...errorQueue(socket)].map(({ error }) => error.name);
      const complain = async () => {
        await router.send(complaint, peer);
        poll([{ fd: socket, readable: true }], wait); // it has an error by then
      };

      await complain();
      assert.throws(() => attachFilter(socket, assemble("ret #0")), { code: "EHOSTUNREACH" });
      assert.deepEqual(names(), ["EHOSTUNREACH"]);
      await complain();
      attachSoundingFilter(socket, "ret #0");
      assert.equal(attachedFilter(socket)?.length, 1);
      assert.deepEqual(names(), ["EHOSTUNREACH"]);
    }),
);

test("what is wrong with a filter is told", () => {
  assert.throws(() => attachSoundingFilter(undefined as never, "rot #0"), { name: "FilterError" });
});

test.run();
