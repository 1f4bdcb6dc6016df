import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { runFresh, testNeeding } from "@posixly/testing";
import { test } from "uvu";
import { bind, cstring, LibraryNotFoundError, toAddress } from "@posixly/sys";

const isDeno = "Deno" in globalThis;
/** Of glibc and of musl: bound by name, they are a library like any other. */
const library = ["libc.so.6", "libc.so"];

test("functions of another library return what C returns", () => {
  const other = bind({
    abs: ["i32", "i32"],
    close: ["i32", "i32"],
    getuid: ["u32"],
    lseek: ["i64", "i32", "i64", "i32"],
    mmap: ["address", "address", "u64", "i32", "i32", "i32", "i64"],
    open: ["i32", "buffer", "i32"],
    posix_fadvise: ["errno", "i32", "i64", "i64", "i32"],
  }, { library });
  assert.equal(other.abs(-7), 7);
  assert.equal(other.close(-1), -1);
  assert.ok(other.getuid() >= 0);
  assert.equal(other.lseek(-1, 0, 0), -1);
  assert.equal(BigInt(other.mmap(toAddress(0), 4096, 1, 2, -1, 0)), 2n ** 64n - 1n);
  assert.equal(other.posix_fadvise(-1, 0, 0, 0), -9);
  const path = cstring("/nonexistent");
  for (let i = 0; i < 5; i++) assert.equal(other.open(path, 0), -1);
});

test("a function that the library lacks throws, and spares the others", () => {
  const other = bind({ no_such_function: ["i32"], getppid: ["i32"] }, { library });
  assert.throws(() => other.no_such_function(), {
    message: "There is no function no_such_function in libc.so.6 or libc.so",
  });
  assert.ok(other.getppid() >= 0);
});

testNeeding("cc", "a function may have the name of anything in JavaScript, or of ours", () => {
  const folder = mkdtempSync("/tmp/posixly-library-");
  try {
    const names = ["raw", "lent", "again", "wide", "narrow", "failed", "a0", "n", "delete", "in"];
    const source = names.map((name, i) => `int ${name}(int n) { return n + ${i}; }`).join("\n");
    const path = `${folder}/names.so`;
    execFileSync("cc", ["-shared", "-fPIC", "-o", path, "-x", "c", "-"], { input: source });
    for (const result of ["i32", "u32", "i64", "address", "errno"] as const) {
      const signatures = names.map((name) => [name, [result, "i32"] as const]);
      const other = bind(Object.fromEntries(signatures), { library: path });
      const sign = result === "errno" ? -1 : 1;
      names.forEach((name, i) => assert.equal(Number(other[name](7)), sign * (7 + i), name));
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("the first name that can be opened is taken", () => {
  const names = ["libnothing.so.1", "/dev/null", ...library];
  assert.ok(bind({ getppid: ["i32"] }, { library: names }).getppid() >= 0);
  assert.ok(bind({ getppid: ["i32"] }, { library: undefined }).getppid() >= 0);
});

test("a library that is not there is an error at the first use, each time", () => {
  const names = ["libnothing.so.1", "libnothing.so.0"];
  const nothing = bind({ one: ["i32"], two: ["i32"] }, { library: names, hint: "try elsewhere" });
  for (let i = 0; i < 2; i++) {
    assert.throws(() => nothing.one(), (error: LibraryNotFoundError) => {
      assert.ok(error instanceof LibraryNotFoundError);
      assert.equal(error.name, "LibraryNotFoundError");
      assert.equal(
        error.message,
        "Cannot open the library libnothing.so.1 or libnothing.so.0; try elsewhere",
      );
      assert.deepEqual(error.libraries, names);
      assert.match(String(error.cause), /no such file|not found/i);
      return true;
    });
  }
  assert.throws(() => bind({ one: ["i32"] }, { library: "/dev/null" }).one(), {
    message: "Cannot open the library /dev/null",
  });
});

test("options that are none are refused before anything is opened", () => {
  for (const library of ["", [], [""], "a\0b", 7, [7], null]) {
    assert.throws(() => bind({}, { library: library as never }), {
      name: "TypeError",
      message: /^library must be the name of a library, or several, not /,
    });
  }
  assert.throws(() => bind({}, { libary: "libc.so.6" } as never), /there is no option libary/);
  assert.throws(() => bind({}, { library, hint: 7 as never }), TypeError);
});

test("binding another library opens nothing, and using it takes no more than the right to call C", async () => {
  const program = (use: string) => `
    import { bind } from "@posixly/sys";
    const other = bind({ getppid: ["i32"] }, { library: ${JSON.stringify(library)} });
    bind({ nothing: ["i32"] }, { library: "libnothing.so.1" });
    ${use}
    console.log("fine");
  `;
  const unused = await runFresh(program(""), { flags: isDeno ? [] : ["--no-addons"] });
  assert.equal(unused.stdout, "fine\n", unused.stderr);
  const used = await runFresh(program("other.getppid();"), { confined: true });
  assert.equal(used.stdout, "fine\n", used.stderr);
});

test("without permission the first call says which flag to add", async () => {
  const program = `
    import { bind } from "@posixly/sys";
    const other = bind({ getppid: ["i32"] }, { library: "libc.so.6" });
    try { other.getppid(); } catch (error) { console.log(error.message); }
  `;
  const { stdout } = await runFresh(program, { flags: isDeno ? [] : ["--no-addons"] });
  assert.match(stdout, isDeno ? /--allow-ffi/ : /no-addons|addon/);
});

test("it is the same where code from strings is forbidden", async () => {
  const flag = "--disallow-code-generation-from-strings";
  const program = `
    import { bind, toAddress } from "@posixly/sys";
    const other = bind({
      abs: ["i32", "i32"],
      close: ["i32", "i32"],
      getuid: ["u32"],
      lseek: ["i64", "i32", "i64", "i32"],
      mmap: ["address", "address", "u64", "i32", "i32", "i32", "i64"],
      posix_fadvise: ["errno", "i32", "i64", "i64", "i32"],
    }, { library: ${JSON.stringify(library)} });
    console.log(JSON.stringify([
      other.abs(-7),
      other.close(-1),
      other.getuid() >= 0,
      other.lseek(-1, 0, 0),
      String(other.mmap(toAddress(0), 4096, 1, 2, -1, 0)),
      other.posix_fadvise(-1, 0, 0n, 0),
    ]));
  `;
  const flags = isDeno ? ["--allow-ffi", `--v8-flags=${flag}`] : [flag];
  const { stdout, stderr } = await runFresh(program, { flags });
  const expected = [7, -1, true, -1, String(2n ** 64n - 1n), -9];
  assert.deepEqual(JSON.parse(stdout || "null"), expected, stderr);
});

test.run();
