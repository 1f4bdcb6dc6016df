import assert from "node:assert/strict";
import process from "node:process";
import { seals, stat, truncate } from "@posixly/fd";
import { spawn } from "@posixly/pipe";
import { receiveDescriptors, sendDescriptors, socketPair } from "@posixly/socket";
import { errno } from "@posixly/sys";
import { runFresh, testNeeding, withoutLeaks } from "@posixly/testing";
import { map, sharedMemory } from "@posixly/zerocopy";
import { test } from "uvu";
import { libc } from "./libc.ts";

test("shared memory is zeros, of the size that was asked for", () =>
  withoutLeaks(() => {
    using memory = sharedMemory("test", 10_000);
    assert.deepEqual(memory.bytes, new Uint8Array(10_000));
    assert.equal(stat(memory).size, 10_000);
  }));

test("it never becomes smaller, so that nobody who maps it can be hurt", () =>
  withoutLeaks(() => {
    using memory = sharedMemory("test", 10_000);
    assert.throws(() => truncate(memory, 9_999), { code: "EPERM" });
    truncate(memory, 20_000);
    using same = map(memory, { protection: "readWrite", sealed: true });
    assert.equal(same.length, 20_000);
  }));

test("it grows, and whoever has it sees the same once they resize as well", () =>
  withoutLeaks(() => {
    using memory = sharedMemory("test", 5000);
    using same = map(memory, { protection: "readWrite" });
    memory.bytes[4999] = 1;
    memory.resize(50_000);
    memory.bytes[49_999] = 2;
    assert.equal(same.length, 5000);
    same.resize(50_000);
    assert.deepEqual([same.bytes[4999], same.bytes[49_999]], [1, 2]);
    memory.resize(100); // of what is mapped, not of what there is
    assert.equal(memory.length, 100);
    assert.equal(stat(memory).size, 50_000);
  }));

test("it does not grow if it must not", () =>
  withoutLeaks(() => {
    using memory = sharedMemory("test", 5000, { growable: false });
    assert.equal(seals(memory).grow, true);
    assert.throws(() => memory.resize(5001), { code: "EPERM" });
    assert.throws(() => truncate(memory, 5001), { code: "EPERM" });
  }));

test("closing it closes both, once", () =>
  withoutLeaks(() => {
    const memory = sharedMemory("test", 10);
    memory.close();
    memory.close();
    assert.ok(memory.closed);
    assert.throws(() => memory.fd, { message: "Cannot use a descriptor that was closed" });
    assert.throws(() => memory.bytes, { message: "Cannot use a mapping that was closed" });
    assert.throws(() => memory.resize(20), { message: /^Cannot use/ });
  }));

test("nothing stays open when a later step fails", () =>
  withoutLeaks(() => {
    const { mmap } = libc;
    libc.mmap = () => -errno.ENOMEM as never;
    try {
      assert.throws(() => sharedMemory("test", 10), { code: "ENOMEM", syscall: "mmap" });
    } finally {
      libc.mmap = mmap;
    }
    assert.throws(() => sharedMemory("test", Number.MAX_SAFE_INTEGER));
  }));

test("bad input is refused", () =>
  withoutLeaks(() => {
    for (const bad of [0, -1, 0.5, NaN, 2 ** 53, "10", 10n, null, undefined]) {
      assert.throws(() => sharedMemory("test", bad as number), /^(Type|Range)Error: size must be/);
    }
    assert.throws(() => sharedMemory("a\0b", 10), TypeError);
    assert.throws(() => sharedMemory("test", 10, { grow: true } as object), TypeError);
    assert.throws(() => sharedMemory("test", 10, { growable: 1 } as object), TypeError);
    using memory = sharedMemory("test", 10);
    for (const bad of [0, -1, 0.5, NaN, 2 ** 53, "10", 10n]) {
      assert.throws(() => memory.resize(bad as number), /^(Type|Range)Error: length must be/);
    }
  }));

test("who receives the descriptor has the same memory", () =>
  withoutLeaks(() => {
    using pair = socketPair();
    using memory = sharedMemory("test", 100);
    sendDescriptors(pair.first, [memory]);
    using received = receiveDescriptors(pair.second, 1)!;
    using same = map(received.descriptors[0], { protection: "readWrite", sealed: true });
    same.bytes[5] = 1;
    assert.equal(memory.bytes[5], 1);
  }));

const TIMES = 200_000;

test("processes count together, and lose nothing", async () => {
  using memory = sharedMemory("counter", 8);
  const counter = new Int32Array(memory.bytes.buffer);
  const count = `
    import { open } from "@posixly/fd";
    import { map } from "@posixly/zerocopy";
    import process from "node:process";
    const file = open(process.argv[2], { read: true, write: true });
    const mapping = map(file, { protection: "readWrite", sealed: true });
    const counter = new Int32Array(mapping.bytes.buffer);
    Atomics.add(counter, 1, 1);
    while (Atomics.load(counter, 1) < 2);
    for (let i = 0; i < ${TIMES}; i++) Atomics.add(counter, 0, 1);
    mapping.close();
    file.close();
  `;
  const args = [`/proc/${process.pid}/fd/${memory.fd}`];
  const ended = await Promise.all([runFresh(count, { args }), runFresh(count, { args })]);
  assert.deepEqual(ended.map(({ status, stderr }) => [status, stderr]), [[0, ""], [0, ""]]);
  assert.equal(Atomics.load(counter, 0), 2 * TIMES);
});

testNeeding("python3", "Python shares memory with us", async () => {
  using memory = sharedMemory("test", 100);
  memory.bytes[0] = 41;
  const text = "import mmap; m = mmap.mmap(3, 100); m[99] = m[0] + 1";
  const child = spawn("python3", ["-c", text], { descriptors: { 3: memory } });
  assert.equal((await child.exited).code, 0);
  assert.equal(memory.bytes[99], 42);
});

test("a Worker maps the same memory by the number of the descriptor", async () => {
  const { status, stdout, stderr } = await runFresh(`
    import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
    import { map, sharedMemory } from "@posixly/zerocopy";
    const add = (bytes) => {
      const counter = new Int32Array(bytes.buffer);
      for (let i = 0; i < ${TIMES}; i++) Atomics.add(counter, 0, 1);
    };
    if (isMainThread) {
      const memory = sharedMemory("counter", 64);
      const worker = new Worker(new URL(import.meta.url), { workerData: memory.fd });
      const done = new Promise((resolve) => worker.once("message", resolve));
      add(memory.bytes);
      await done;
      console.log(new Int32Array(memory.bytes.buffer)[0]);
      memory.close();
      await worker.terminate();
    } else {
      const mapping = map(workerData, { protection: "readWrite" });
      add(mapping.bytes);
      mapping.close();
      parentPort.postMessage("done");
    }
  `);
  assert.deepEqual({ status, stdout, stderr }, {
    status: 0,
    stdout: `${2 * TIMES}\n`,
    stderr: "",
  });
});

test("a Worker that is terminated with something mapped harms nobody", async () => {
  const { status, stdout } = await runFresh(`
    import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
    import { map, sharedMemory } from "@posixly/zerocopy";
    if (isMainThread) {
      const memory = sharedMemory("test", 4096);
      for (let i = 1; i <= 5; i++) {
        const worker = new Worker(new URL(import.meta.url), { workerData: memory.fd });
        await new Promise((resolve) => worker.once("message", resolve));
        await worker.terminate();
        memory.bytes[1] += memory.bytes[0] === i ? 1 : 0;
      }
      console.log(memory.bytes[1]);
      memory.close();
    } else {
      const { bytes } = map(workerData, { protection: "readWrite" });
      bytes[0]++;
      parentPort.postMessage("done");
      for (let i = 0;; i++) bytes[100 + i % 1000] = i;
    }
  `);
  assert.deepEqual({ status, stdout }, { status: 0, stdout: "5\n" });
});

test.run();
