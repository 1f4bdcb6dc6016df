import assert from "node:assert/strict";
import { test } from "uvu";
import { setFlags } from "@posixly/fd";
import { pipe } from "@posixly/pipe";
import { F_GETFL, libc } from "./libc.ts";

test("whether an end blocks is looked at once", async () => {
  using ends = pipe();
  const { fcntl } = libc;
  let looks = 0;
  libc.fcntl = (fd, command, argument) => {
    if (command === F_GETFL) looks++;
    return fcntl(fd, command, argument);
  };
  try {
    for (let round = 0; round < 3; round++) {
      await ends.writer.write(new Uint8Array(5));
      assert.equal(await ends.reader.read(new Uint8Array(8)), 5);
    }
  } finally {
    libc.fcntl = fcntl;
  }
  assert.equal(looks, 2);
});

test("an end that blocks can be waited for once it does not", async () => {
  using ends = pipe({ nonBlocking: false });
  const { reader, writer } = ends;
  for (let round = 0; round < 2; round++) {
    await assert.rejects(reader.read(new Uint8Array(1)), /an end that blocks/);
    await assert.rejects(writer.write(new Uint8Array(1)), /an end that blocks/);
  }
  for (const end of [reader, writer]) setFlags(end, { nonBlocking: true });
  const reading = reader.read(new Uint8Array(8));
  await writer.write(new Uint8Array(3));
  assert.equal(await reading, 3);
});

test("one that was closed has not become another", async () => {
  const { reader, writer } = pipe();
  await writer.write(new Uint8Array(1));
  await reader.read(new Uint8Array(1));
  reader.close();
  writer.close();
  using _blocking = pipe({ nonBlocking: false }); // takes the same numbers
  await assert.rejects(reader.read(new Uint8Array(0)), /was closed/);
  await assert.rejects(writer.write(new Uint8Array(0)), /was closed/);
});

test.run();
