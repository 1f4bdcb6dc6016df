import assert from "node:assert/strict";
import { ffi } from "#ffi";
import { runFresh } from "@posixly/testing";
import fc from "fast-check";
import { test } from "uvu";
import { bind, cstring, errno, toAddress } from "@posixly/sys";

const isDeno = "Deno" in globalThis;
const SEEK_SET = 0;

test("a call returns what the kernel does: n >= 0, or -errno", () => {
  const libc = bind({
    close: ["i32", "i32"],
    getppid: ["i32"],
    getuid: ["u32"],
    open: ["i32", "buffer", "i32"],
  });
  assert.ok(libc.getppid() >= 0);
  assert.ok(libc.getuid() >= 0);
  assert.equal(libc.close(-1), -errno.EBADF);
  assert.equal(libc.open(cstring("/nonexistent"), 0), -errno.ENOENT);
  assert.equal(libc.open(null, 0), -errno.EFAULT);
});

test("64-bit arguments and results keep every bit", () => {
  const libc = bind({
    close: ["i32", "i32"],
    ftruncate: ["i32", "i32", "i64"],
    lseek: ["i64", "i32", "i64", "i32"],
    memfd_create: ["i32", "buffer", "u32"],
  });
  const fd = libc.memfd_create(cstring("far"), 0);
  try {
    fc.assert(fc.property(fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }), (offset) => {
      const safe = offset <= 2n ** 53n - 1n ? Number(offset) : offset;
      assert.equal(libc.lseek(fd, offset, SEEK_SET), safe);
      assert.equal(libc.lseek(fd, safe, SEEK_SET), safe);
    }));
    for (const edge of [2n ** 53n - 1n, 2n ** 53n, 2n ** 53n + 1n, 2n ** 63n - 1n]) {
      const expected = edge < 2n ** 53n ? Number(edge) : edge;
      assert.equal(libc.lseek(fd, edge, SEEK_SET), expected);
    }
    assert.equal(libc.lseek(fd, -1, SEEK_SET), -errno.EINVAL);
    assert.equal(libc.lseek(fd, -1n, SEEK_SET), -errno.EINVAL);
  } finally {
    libc.close(fd);
  }
});

test("a failed pointer result is -errno as well", () => {
  const libc = bind({ mmap: ["address", "address", "u64", "i32", "i32", "i32", "i64"] });
  assert.equal(libc.mmap(toAddress(0), 4096, 1, 2, -1, 0) as number, -errno.EBADF);
});

test("a function that returns the error number itself is negated", () => {
  const libc = bind({ posix_fadvise: ["errno", "i32", "i64", "i64", "i32"] });
  assert.equal(libc.posix_fadvise(-1, 0, 0, 0), -errno.EBADF);
});

test("a name may carry the name of an argument shape", () => {
  const F_GETFD = 1;
  const libc = bind({ fcntl$int: ["i32", "i32", "i32", "i32"], fcntl$none: ["i32", "i32", "i32"] });
  assert.equal(libc.fcntl$none(-1, F_GETFD), -errno.EBADF);
  assert.equal(libc.fcntl$int(-1, F_GETFD, 0), -errno.EBADF);
});

test("the name of a shape may hold any character", () => {
  const libc = bind({ "getpgid$a-b": ["i32", "i32"], 'getpgid$"\n}': ["i32", "i32"] });
  assert.ok(libc["getpgid$a-b"](0) > 0);
  assert.equal(libc['getpgid$"\n}'](-1), -errno.ESRCH);
  assert.equal(libc["getpgid$a-b"].name, "getpgid$a-b");
});

test("a type that there is not is refused when it is bound, and named", () => {
  const bad: [unknown, string][] = [
    [
      { getppid: ["int"] },
      'the result of getppid must be one of i32, u32, i64, address, errno, not "int"',
    ],
    [
      { getppid: [] },
      "the result of getppid must be one of i32, u32, i64, address, errno, not undefined",
    ],
    [
      { getppid: ["buffer"] },
      'the result of getppid must be one of i32, u32, i64, address, errno, not "buffer"',
    ],
    [
      { getpgid: ["i32", "toString"] },
      'an argument of getpgid must be one of i32, u32, i64, u64, buffer, address, not "toString"',
    ],
  ];
  for (const [signatures, message] of bad) {
    assert.throws(() => bind(signatures as never), { name: "TypeError", message });
  }
});

test("a function that this C library lacks is ENOSYS, and spares the others", () => {
  const libc = bind({ no_such_function: ["i32"], getppid: ["i32"] });
  assert.equal(libc.no_such_function(), -errno.ENOSYS);
  assert.ok(libc.getppid() >= 0);
});

test("a function can be replaced, before its first use and after", () => {
  const libc = bind({ getppid: ["i32"], getuid: ["u32"] });
  libc.getppid = () => -errno.EPERM;
  assert.equal(libc.getppid(), -errno.EPERM);
  assert.ok(libc.getuid() >= 0);
  libc.getuid = () => 7;
  assert.equal(libc.getuid(), 7);
});

test("errno is that of the call, whatever was allocated in between", () => {
  const libc = bind({ close: ["i32", "i32"], lseek: ["i64", "i32", "i64", "i32"] });
  for (let i = 0; i < 50_000; i++) {
    assert.equal(libc.close(-1), -errno.EBADF);
    assert.equal(libc.lseek(0, -1, 99), -errno.EINVAL);
  }
});

test("importing opens nothing and asks for nothing", async () => {
  const flags = isDeno ? [] : ["--no-addons"];
  const program = `
    import { bind, struct } from "@posixly/sys";
    bind({ getppid: ["i32"] });
    console.log(struct({ a: "u8" }).size);
  `;
  const { status, stdout, stderr } = await runFresh(program, { flags });
  assert.deepEqual({ status, stdout }, { status: 0, stdout: "1\n" }, stderr);
});

test("without permission the first call says which flag to add", async () => {
  const program = `
    import { bind } from "@posixly/sys";
    const libc = bind({ getppid: ["i32"] });
    try { libc.getppid(); } catch (error) { console.log(error.message); }
  `;
  const { stdout } = await runFresh(program, { flags: isDeno ? [] : ["--no-addons"] });
  assert.match(stdout, isDeno ? /--allow-ffi/ : /no-addons|addon/);
});

test("a program needs --allow-ffi and no other permission", async () => {
  const program = `
    import { bind, watch } from "@posixly/sys";
    const libc = bind({ eventfd: ["i32", "u32", "i32"] });
    const watching = watch(libc.eventfd(1, 0), () => { watching.close(); console.log("ready"); });
  `;
  const { stdout, stderr } = await runFresh(program, { confined: true });
  assert.equal(stdout, "ready\n", stderr);
});

test("calls work where code from strings is forbidden, and -0 is 0 there", async () => {
  const flag = "--disallow-code-generation-from-strings";
  const program = `
    import { bind, cstring, toAddress } from "@posixly/sys";
    let forbidden = false;
    try { new Function(""); } catch { forbidden = true; }
    const libc = bind({
      close: ["i32", "i32"],
      eventfd: ["i32", "u32", "i32"],
      getuid: ["u32"],
      lseek: ["i64", "i32", "i64", "i32"],
      mmap: ["address", "address", "u64", "i32", "i32", "i32", "i64"],
      open: ["i32", "buffer", "i32"],
      posix_fadvise: ["errno", "i32", "i64", "i64", "i32"],
    });
    console.log(JSON.stringify([
      forbidden,
      libc.close(-1),
      libc.getuid() >= 0,
      libc.lseek(-1, 5, 0),
      libc.mmap(toAddress(0), 4096, 1, 2, -1, 0),
      libc.open(cstring("/nonexistent"), 0),
      libc.posix_fadvise(-1, 0, 0n, 0),
      libc.close(libc.eventfd(-0, -0)),
    ]));
  `;
  const flags = isDeno ? ["--allow-ffi", `--v8-flags=${flag}`] : [flag];
  const { stdout, stderr } = await runFresh(program, { flags });
  assert.deepEqual(JSON.parse(stdout || "null"), [true, -9, true, -9, -9, -2, -9, 0], stderr);
});

test("-0 is 0", () => {
  const libc = bind({ close: ["i32", "i32"], eventfd: ["i32", "u32", "i32"] });
  const fd = libc.eventfd(-0, -0);
  assert.ok(fd > 0);
  assert.equal(libc.close(fd), -0 + 0);
});

const pipes = bind({
  pipe: ["i32", "buffer"],
  read: ["i32", "i32", "buffer", "u32"],
  write: ["i32", "i32", "buffer", "u32"],
  close: ["i32", "i32"],
});

test("it makes no difference how often a buffer is lent, and which ones in turn", () => {
  const ends = new Int32Array(2);
  pipes.pipe(ends);
  const memory = new ArrayBuffer(64);
  const views = [
    new Uint8Array(4).fill(1),
    new Uint8Array(memory, 8, 4).fill(2),
    new Uint8Array(memory, 12, 4).fill(3),
    new DataView(memory, 8, 4),
    new Uint8Array(70_000).fill(4),
  ];
  const first = (view: ArrayBufferView) => new Uint8Array(view.buffer, view.byteOffset, 1)[0];
  const into = new Uint8Array(4);
  fc.assert(
    fc.property(fc.array(fc.nat(views.length - 1), { maxLength: 30 }), (turns) => {
      for (const turn of turns) {
        assert.equal(pipes.write(ends[1], views[turn], 4), 4);
        assert.equal(pipes.read(ends[0], into, 4), 4);
        assert.deepEqual([...into], Array(4).fill(first(views[turn])));
      }
    }),
  );
  ends.forEach((end) => pipes.close(end));
});

test("a buffer that was lent often and then detached is not used any more", () => {
  const ends = new Int32Array(2);
  pipes.pipe(ends);
  const bytes = new Uint8Array(4);
  for (let i = 0; i < 4; i++) assert.equal(pipes.write(ends[1], bytes, 4), 4);
  structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
  assert.equal(pipes.write(ends[1], bytes, 4), -14); // -EFAULT
  ends.forEach((end) => pipes.close(end));
});

test("nothing more is bound after the first call, unless that may be done at any time", () => {
  const libc = bind({
    close: ["i32", "i32"],
    lseek: ["i64", "i32", "i64", "i32"],
    read: ["i32", "i32", "buffer", "u32"],
  });
  libc.close(-1);
  const { functions } = ffi;
  let later = 0;
  ffi.functions = (...args) => {
    later++;
    return functions(...args);
  };
  try {
    const bytes = new Uint8Array(4);
    for (let i = 0; i < 4; i++) assert.equal(libc.read(-1, bytes, 4), -errno.EBADF);
    for (let i = 0; i < 4; i++) assert.equal(libc.lseek(-1, 0, 0), -errno.EBADF);
  } finally {
    ffi.functions = functions;
  }
  assert.equal(later, ffi.bindsAnyTime ? 2 : 0);
});

test.run();
