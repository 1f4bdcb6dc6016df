// What the kernel refuses to whoever maps memory: who asked is told, what was written stays, and
// nothing is left behind.
import assert from "node:assert/strict";
import { pread, stat } from "@posixly/fd";
import { errno, type ErrnoName } from "@posixly/sys";
import { withoutLeaks } from "@posixly/testing";
import { map, type Mapping, sharedMemory } from "@posixly/zerocopy";
import { test } from "uvu";
import { bytes, codeOf, fails, fileOf, type Transfer } from "./fault_fixture.ts";
import { libc } from "./libc.ts";

/** A mapping, and what is done with it; what was written is in the file in the end. */
function mapping(use: (mapping: Mapping) => void): Transfer {
  return async () => {
    using file = fileOf(bytes);
    let outcome = "done";
    {
      using mapping = map(file, { protection: "readWrite" });
      mapping.bytes[5] = 99;
      const { length } = mapping;
      try {
        use(mapping);
      } catch (error) {
        outcome = codeOf(error);
        assert.equal(mapping.length, length);
      }
      assert.deepEqual([mapping.bytes[5], mapping.bytes[70_000]], [99, bytes[70_000]]);
    }
    const found = new Uint8Array(1);
    pread(file, found, 5);
    assert.equal(found[0], 99);
    return await Promise.resolve(outcome);
  };
}

fails("flush of a mapping", mapping((mapping) => mapping.flush()), [
  ["msync:error=EINTR:when=1", "done"],
  ["msync:error=EIO:when=1", "EIO"],
  ["msync:error=ENOMEM:when=1", "ENOMEM"],
  ["msync:error=EBUSY:when=1", "EBUSY"],
]);
fails("lock of a mapping", mapping((mapping) => (mapping.lock(), mapping.unlock())), [
  ["mlock:error=EINTR:when=1", "done"],
  ["mlock:error=ENOMEM:when=1", "ENOMEM"],
  ["mlock:error=EPERM:when=1", "EPERM"],
  ["mlock:error=EAGAIN:when=1", "EAGAIN"],
  ["munlock:error=ENOMEM:when=1", "ENOMEM"],
]);
fails("resize of a mapping", mapping((mapping) => mapping.resize(100_000)), [
  ["mremap:error=ENOMEM:when=1", "ENOMEM"],
  ["mremap:error=ENOMEM:when=2", "ENOMEM"],
  ["mremap:error=EAGAIN:when=1", "EAGAIN"],
  ["mremap:error=EINVAL:when=1", "EINVAL"],
]);
fails("resident of a mapping", mapping((mapping) => void mapping.resident()), [
  ["mincore:error=EAGAIN:when=1", "EAGAIN"],
  ["mincore:error=ENOMEM:when=1", "ENOMEM"],
]);
fails("read of a mapping", mapping((mapping) => void mapping.read(new Uint8Array(10), 0)), [
  ["process_vm_readv:error=ENOMEM", "ENOMEM"],
  ["process_vm_readv:error=EPERM", "EPERM"],
]);

fails("map", async () => {
  using file = fileOf(bytes);
  try {
    using mapping = map(file, { locked: true });
    return mapping.bytes[9] === bytes[9] ? "mapped" : "wrong";
  } catch (error) {
    return await Promise.resolve(codeOf(error));
  }
}, [
  ["fstatfs:error=EINTR:when=1", "mapped"],
  ["fstatfs:error=EIO:when=1", "EIO"],
  ["mlock2:error=ENOMEM:when=1", "ENOMEM"],
  ["mlock2:error=EPERM:when=1", "EPERM"],
]);

fails("sharedMemory", async () => {
  try {
    using memory = sharedMemory("shared", 1000);
    memory.resize(20_000);
    return stat(memory).size === 20_000 ? "shared" : "wrong";
  } catch (error) {
    return await Promise.resolve(codeOf(error));
  }
}, [
  ["memfd_create:error=EMFILE:when=1", "EMFILE"],
  ["memfd_create:error=ENFILE:when=1", "ENFILE"],
  ["memfd_create:error=ENOMEM:when=1", "ENOMEM"],
  ["ftruncate:error=EINTR:when=1+2", "shared"],
  ["ftruncate:error=EIO:when=1", "EIO"],
  ["ftruncate:error=EFBIG:when=2", "EFBIG"],
  ["mremap:error=ENOMEM:when=1", "ENOMEM"],
]);

// What the runtime calls all the time, as well, is made to fail by replacing the function.
const inMemory: [name: "mmap" | "madvise", codes: ErrnoName[], use: () => void][] = [
  ["mmap", ["ENOMEM", "EAGAIN", "EMFILE", "ENFILE", "EACCES", "EPERM"], () => {
    using file = fileOf(bytes);
    map(file)[Symbol.dispose]();
  }],
  ["mmap", ["ENOMEM", "EAGAIN"], () => sharedMemory("shared", 100)[Symbol.dispose]()],
  ["madvise", ["EAGAIN", "EINVAL", "EIO", "ENOMEM"], () => {
    using memory = map(null, { length: 5000 });
    memory.advise("willNeed");
  }],
];

for (const [name, codes, use] of inMemory) {
  for (const code of codes) {
    test(`what needs ${name} is told of ${code}, and leaves nothing behind`, () =>
      withoutLeaks(() => {
        const working = { ...libc };
        libc[name] = () => -errno[code] as never;
        try {
          assert.throws(use, { code, syscall: name });
        } finally {
          Object.assign(libc, working);
        }
        use();
      }));
  }
}

test("a mapping that the kernel has no memory to close stays open, and can be closed later", () => {
  using memory = map(null, { length: 5000 });
  const { mmap } = libc;
  libc.mmap = () => -errno.ENOMEM as never;
  try {
    assert.throws(() => memory.close(), { code: "ENOMEM" });
  } finally {
    libc.mmap = mmap;
  }
  memory.bytes[0] = 1;
  assert.ok(!memory.closed);
  memory.close();
  assert.ok(memory.closed);
});

test.run();
