import assert from "node:assert/strict";
import { bind, errno, MappedView, ok, toAddress } from "@posixly/sys";
import { gc } from "@posixly/testing";
import { test } from "uvu";
import { MAP_ANONYMOUS, MAP_PRIVATE, PROT_READ, PROT_WRITE } from "./libc.ts";

const libc = bind({
  mmap: ["address", "address", "u64", "i32", "i32", "i32", "i64"],
  mprotect: ["i32", "address", "u64", "i32"],
  munmap: ["i32", "address", "u64"],
});
const LENGTH = 65_536;

function viewed(calls = libc): MappedView {
  const flags = MAP_PRIVATE | MAP_ANONYMOUS;
  const address = libc.mmap(toAddress(0), LENGTH, PROT_READ | PROT_WRITE, flags, -1, 0);
  return new MappedView(calls, { address: ok(address, "mmap"), length: LENGTH });
}

test("what looks at a view that was closed sees nothing or zeros, and writes nowhere", () => {
  const view = viewed();
  const part = view.bytes.subarray(8, 16);
  view.bytes.fill(0xee);
  assert.equal(part[0], 0xee);
  view.close();
  for (const bytes of [view.bytes, part]) {
    assert.ok(!bytes[0]);
    bytes[0] = 1;
  }
});

test("addresses are given back once nobody has the bytes, and not before", async () => {
  let given = 0;
  const counting = {
    ...libc,
    munmap: (...args: Parameters<typeof libc.munmap>) => {
      given++;
      return libc.munmap(...args);
    },
  };
  const held: Uint8Array[] = [];
  (() => {
    const view = viewed(counting);
    held.push(view.bytes.subarray(5));
    view.close();
  })();
  await gc();
  assert.equal(given, 0);
  held.length = 0;
  await gc();
  assert.equal(given, 1);
});

test("a view that cannot be closed stays as it is", () => {
  const calls = { ...libc };
  const view = viewed(calls);
  view.bytes[0] = 7;
  calls.mmap = () => -errno.ENOMEM as never;
  assert.throws(() => view.close(), { code: "ENOMEM", syscall: "mmap" });
  assert.equal(view.bytes[0], 7);
  calls.mmap = libc.mmap;
  view.close();
});

test.run();
