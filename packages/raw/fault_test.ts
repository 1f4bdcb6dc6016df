// What the kernel refuses: who asked is told or it is tried again, nothing hangs, and nothing is left
// behind.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import {
  attachedFilter,
  attachFilter,
  capture,
  ping,
  pingSocket,
  probe,
  rawSocket,
  receiveRing,
  traceroute,
  transmitRing,
} from "@posixly/raw";
import { assemble } from "@posixly/raw/bpf";
import { errno, type ErrnoName } from "@posixly/sys";
import { withFaults, withoutLeaks } from "@posixly/testing";
import { test } from "uvu";
import { frameOf } from "./frame_fixture.ts";
import { libc } from "./libc.ts";
import { isAlone, setting, testAlone, wait } from "./network_fixture.ts";

if (isAlone) setting("ipv4/ping_group_range", "0 2147483647");

/** How many rings are mapped. */
const mappings = () => readFileSync("/proc/self/maps", "utf8").match(/socket:\[/g)?.length ?? 0;

/** Checks that something ends so, whichever calls fail, and is done when none does. */
function fails(
  name: string,
  run: () => void | Promise<void>,
  cases: readonly [faults: string, outcome: string][],
): void {
  for (const [faults, outcome] of cases) {
    testAlone(["strace"], `${name} with ${faults}: ${outcome}`, () =>
      withoutLeaks(async () => {
        const ended = async () => {
          try {
            await run();
            return "done";
          } catch (error) {
            return (error as { code?: string }).code ?? String(error);
          }
        };
        assert.equal(await withFaults(faults.split(" "), ended), outcome);
        assert.equal(mappings(), 0);
        assert.equal(await ended(), "done");
      }));
  }
}

/** Each call of a kind in turn. */
const each = (call: string, code: string, count: number): [string, string][] =>
  Array.from({ length: count }, (_, i) => [`${call}:error=${code}:when=${i + 1}`, code]);

fails("a capture", async () => {
  using packets = capture({ interface: "lo", protocol: "ipv4", count: 1, retireMs: 1 });
  assert.equal(packets.tryReceive(), null); // an empty ring is asked for its error
  using sender = rawSocket("ipv4", 253);
  await sender.send(new Uint8Array(9), "127.0.0.1");
  for await (const { bytes } of packets) assert.equal(bytes.length, 43);
}, [
  ...each("socket", "EMFILE", 2),
  ...each("setsockopt", "ENOMEM", 2),
  ["bind:error=ENODEV:when=1", "ENODEV"],
  ["recvfrom:error=EINTR:when=1+2", "done"],
  ["sendto:error=EINTR:when=1", "done"],
  ["sendto:error=ENOBUFS:when=1", "ENOBUFS"],
  ["sendto:error=EPERM:when=1", "EPERM"],
]);

fails("a ring that sends", async () => {
  using ring = transmitRing({ interface: "lo", frames: 32 });
  for (let i = 0; i < 40; i++) {
    (await ring.whenFrame(wait)).set(frameOf(i));
    ring.commit(60);
  }
  await ring.whenFlushed(wait);
}, [
  ...each("setsockopt", "EINVAL", 2),
  ["sendto:error=EINTR:when=1+2", "done"],
  ["sendto:error=EAGAIN:when=1+2", "done"],
  ["sendto:error=ENOBUFS:when=1..5", "done"],
  ["sendto:error=EPERM:when=2", "EPERM"],
  ["sendto:error=EAGAIN:when=1 timerfd_create:error=EMFILE:when=1", "EMFILE"],
]);

fails("a filter", () => {
  using socket = pingSocket("ipv4");
  attachFilter(socket, assemble("ret #-1"), { drain: true });
  assert.equal(attachedFilter(socket)?.length, 1);
}, [
  ["setsockopt:error=ENOMEM:when=2", "ENOMEM"],
  ["recvfrom:error=EINTR:when=1", "done"],
]);

const pinged = async () => {
  const { received } = await ping("127.0.0.1", { count: 3, interval: 5 }).summary();
  assert.equal(received, 3);
};

fails("ping", pinged, [
  ["timerfd_create:error=EMFILE:when=1", "EMFILE"],
  ["setsockopt:error=ENOMEM:when=3", "ENOMEM"],
  ["sendmmsg:error=EINTR:when=1", "done"],
  ["sendmmsg:error=ENOBUFS:when=1..3", "done"],
  ["sendmmsg:error=ENOMEM:when=2", "ENOMEM"],
  ["recvmsg:error=EINTR:when=1+3", "done"],
  ["recvmsg:error=ENOMEM:when=2", "ENOMEM"],
]);

fails("traceroute", async () => {
  for await (const { reached } of traceroute("127.0.0.1", { method: "tcp" })) assert.ok(reached);
}, [
  ["socket:error=EMFILE:when=2", "EMFILE"],
  ["connect:error=ENOBUFS:when=2", "done"],
]);

fails("probe", async () => {
  for await (const { state } of probe("127.0.0.1", [1, 2])) assert.equal(state, "closed");
}, [
  ["socket:error=EMFILE:when=2", "EMFILE"],
  ["sendmmsg:error=ENOBUFS:when=1..3", "done"],
]);

// What the runtime calls all the time, as well, is made to fail by replacing the function.
for (const code of ["ENOMEM", "EAGAIN", "EPERM"] satisfies ErrnoName[]) {
  testAlone(
    [],
    `a ring whose memory cannot be mapped is told of ${code}, and leaves nothing`,
    () =>
      withoutLeaks(() => {
        const { mmap } = libc;
        libc.mmap = () => -errno[code] as never;
        try {
          for (const make of [receiveRing, transmitRing]) {
            assert.throws(() => make({ interface: "lo" }), { code, syscall: "mmap" });
          }
        } finally {
          libc.mmap = mmap;
        }
        receiveRing({ interface: "lo" }).close();
      }),
  );
}

test.run();
