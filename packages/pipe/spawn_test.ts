import assert from "node:assert/strict";
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import process from "node:process";
import { test } from "uvu";
import { eventfd, open, OwnedFd, write } from "@posixly/fd";
import { openDescriptors, runFresh, testNeeding, withoutLeaks } from "@posixly/testing";
import { errno } from "@posixly/sys";
import { environment, pipe, spawn, type SpawnOptions } from "@posixly/pipe";
import { libc } from "./libc.ts";

const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const folder = realpathSync(mkdtempSync("/tmp/posixly-spawn-"));
test.after(() => rmSync(folder, { recursive: true }));

/** What a shell command prints. */
async function shell(command: string, options: SpawnOptions = {}): Promise<string> {
  const child = spawn("sh", ["-c", command], { ...options, stdout: "pipe" });
  const { stdout, status } = await child.communicate();
  assert.equal(status.code, 0, `sh ended with ${status.signal ?? status.code}`);
  return decode(stdout!);
}

/** A program by name, in a folder of its own that is made for it. */
function program(name: string, text: string, mode = 0o755): string {
  const path = `${folder}/${name}`;
  mkdirSync(path.replace(/\/[^/]*$/, ""), { recursive: true });
  writeFileSync(path, text);
  chmodSync(path, mode);
  return path;
}

await shell("true"); // the first wait of a thread opens what the event loop watches through

test("a child writes through the inherited end, the parent reads it", async () => {
  using ends = pipe();
  const child = spawn("sh", ["-c", "echo Hello from child >&3"], {
    descriptors: { 3: ends.writer },
  });
  ends.writer.close();
  assert.equal(decode(await ends.reader.readAll()), "Hello from child\n");
  assert.deepEqual(await child.exited, { code: 0, signal: null, coreDumped: false });
});

test("arguments arrive as they are: bytes, spaces, nothing", async () => {
  const args = ["", " ", "a b", "*", "ä", "--", "\n", new Uint8Array([0xff])];
  const child = spawn("printf", ["[%s]", ...args], { stdout: "pipe" });
  const { stdout } = await child.communicate();
  const expected = new TextEncoder().encode("[][ ][a b][*][ä][--][\n][?]");
  expected[expected.indexOf("?".charCodeAt(0))] = 0xff;
  assert.deepEqual(stdout, expected);
});

test("a long list of arguments arrives, one that is too long is E2BIG", async () => {
  const args = Array.from({ length: 20_000 }, (_, i) => String(i));
  const child = spawn("sh", ["-c", "echo $# ${20000}", "sh", ...args], { stdout: "pipe" });
  assert.equal(decode((await child.communicate()).stdout), "20000 19999\n");
  assert.throws(() => spawn("true", ["x".repeat(1 << 21)]), { code: "E2BIG" });
});

test("argv0 is what the program takes for its name", async () => {
  const child = spawn("sh", ["-c", "echo $0"], { stdout: "pipe", argv0: "wren" });
  assert.equal(decode((await child.communicate()).stdout), "wren\n");
});

test("the variables are ours, as C has them now, or exactly those that are given", async () => {
  assert.equal(await shell("echo $HOME"), `${process.env.HOME}\n`);
  process.env.POSIXLY_TEST = "set later";
  try {
    assert.equal(await shell("echo $POSIXLY_TEST"), "set later\n");
    assert.equal(environment().POSIXLY_TEST, "set later");
  } finally {
    delete process.env.POSIXLY_TEST;
  }
  assert.equal(await shell("echo ${POSIXLY_TEST-unset}"), "unset\n");
  const env = { A: "1=2", B: "", C: undefined, Ä: "ö\n" };
  const child = spawn("/usr/bin/env", [], { env, stdout: "pipe" });
  assert.equal(decode((await child.communicate()).stdout), "A=1=2\nB=\nÄ=ö\n\n");
  const none = spawn("/usr/bin/env", [], { env: {}, stdout: "pipe" });
  assert.equal((await none.communicate()).stdout.length, 0);
});

test("environment() is what the runtime says", () => {
  assert.deepEqual(environment(), { ...process.env });
});

test("the same where the C library does not let us look at its variables", async () => {
  const { stdout, stderr } = await runFresh(
    `
    import { environment, spawn } from "@posixly/pipe";
    import { libc } from "${import.meta.url.replace("spawn_test", "libc")}";
    import { deepEqual } from "node:assert/strict";
    libc.dlsym = () => -38;
    deepEqual(environment(), { ...process.env });
    await spawn("sh", ["-c", "echo \\"$POSIXLY_TEST\\""]).exited;
  `,
    { env: { POSIXLY_TEST: "a=b\nc" } },
  );
  assert.equal(stdout, "a=b\nc\n", stderr);
});

test("a command is looked for in the PATH that the child gets", async () => {
  program("first/greet", "#!/bin/sh\necho first", 0o644); // found, but it may not be run
  program("second/greet", "#!/bin/sh\necho second");
  program("third/greet", "#!/bin/sh\necho third");
  const greet = async (PATH: string, options: SpawnOptions = {}) => {
    const child = spawn("greet", [], { ...options, env: { PATH }, stdout: "pipe" });
    return decode((await child.communicate()).stdout!);
  };
  const path = (...names: string[]) => names.map((name) => `${folder}/${name}`).join(":");
  assert.equal(await greet(path("second", "third")), "second\n");
  assert.equal(await greet(path("nowhere", "first", "third", "second")), "third\n");
  assert.equal(await greet(`${folder}/second/greet:${path("third")}`), "third\n"); // ENOTDIR
  assert.equal(await greet("", { cwd: `${folder}/second` }), "second\n"); // the working directory
  assert.equal(await greet("nowhere:../third", { cwd: `${folder}/second` }), "third\n");
  await assert.rejects(greet(path("nowhere")), { code: "ENOENT", path: "greet" });
  await assert.rejects(greet(path("first", "nowhere")), {
    code: "EACCES",
    path: `${folder}/first/greet`,
  });
  // Without a PATH there is a default.
  assert.equal(await spawn("true", [], { env: {} }).exited.then(({ code }) => code), 0);
});

test("what is wrong with a program is said, and which file it is about", () => {
  const missing = program("interpreter", "#!/no/such/interpreter\n");
  const text = program("text", "echo no program\n");
  const link = `${folder}/loop`;
  symlinkSync(link, link);
  const failures: [string, string][] = [
    ["/no/such/program", "ENOENT"],
    ["", "ENOENT"],
    [missing, "ENOENT"],
    [text, "ENOEXEC"],
    [folder, "EACCES"],
    [`${text}/below`, "ENOTDIR"],
    [link, "ELOOP"],
    ["x".repeat(300), "ENAMETOOLONG"],
  ];
  for (const [path, code] of failures) {
    assert.throws(() => spawn(path), (error: { path: string; code: string; syscall: string }) => {
      assert.deepEqual([error.code, error.syscall], [code, "posix_spawn"], path);
      assert.ok(error.path.endsWith(path));
      return true;
    });
  }
});

test("what is wrong with the directory is not mistaken for the program", () => {
  const file = program("file", "");
  for (const [cwd, code] of [["/no/such", "ENOENT"], ["", "ENOENT"], [file, "ENOTDIR"]]) {
    assert.throws(() => spawn("true", [], { cwd }), { code, syscall: "chdir", path: cwd });
  }
  using noDirectory = open(file);
  const { fd } = noDirectory;
  assert.throws(() => spawn("true", [], { cwd: fd }), { code: "ENOTDIR", syscall: "fchdir", fd });
  assert.throws(() => spawn("/no/such/program", [], { cwd: folder }), {
    syscall: "posix_spawn",
    path: "/no/such/program",
  });
});

test("a child begins in its directory, by path, bytes or descriptor; ours stays", async () => {
  const before = process.cwd();
  using dir = open(folder, { directory: true });
  for (const cwd of [folder, new TextEncoder().encode(folder), dir, dir.fd]) {
    assert.equal(await shell("pwd -P", { cwd }), `${folder}\n`);
  }
  program("bin/here", "#!/bin/sh\nexit 3");
  assert.equal((await spawn("./here", [], { cwd: `${folder}/bin` }).exited).code, 3);
  assert.equal(process.cwd(), before);
});

test("every signal is as if nobody had ever touched it", async () => {
  const status = await shell("cat /proc/self/status");
  for (const name of ["SigBlk", "SigIgn", "SigPnd"]) {
    assert.match(status, new RegExp(`^${name}:\t0{16}$`, "m"));
  }
  // SIGPIPE above all: without it, this would go on for ever, or complain.
  assert.equal(await shell("yes | head -n 2", { stderr: "stdout" }), "y\ny\n");
});

test("a session, a process group", async () => {
  const ids = "echo $$ $(cut -d' ' -f5,6 /proc/$$/stat)";
  const [pid, group, session] = (await shell(ids, { session: true })).trim().split(" ");
  assert.deepEqual([group, session], [pid, pid]);

  const [pid2, group2, session2] = (await shell(ids, { processGroup: 0 })).trim().split(" ");
  assert.equal(group2, pid2);
  assert.notEqual(session2, pid2);

  await using leader = spawn("sleep", ["60"], { processGroup: 0 });
  const [, group3] = (await shell(ids, { processGroup: leader.pid })).trim().split(" ");
  assert.equal(group3, String(leader.pid));
  assert.throws(() => spawn("true", [], { processGroup: 1 }), { code: "EPERM" });
});

testNeeding("python3", "a peer that opens its pipes again", async () => {
  const script = `
import os, stat, sys
for name in "/dev/stdin", "/dev/stdout", "/dev/stderr":
    assert stat.S_ISFIFO(os.stat(name).st_mode), name
    assert os.get_blocking(["/dev/stdin", "/dev/stdout", "/dev/stderr"].index(name))
print(open("/dev/stdin").read().upper(), file=open("/dev/stdout", "w"))
print("done", file=open("/dev/stderr", "w"))
`;
  const child = spawn("python3", ["-c", script], { stdin: "pipe", stdout: "pipe", stderr: "pipe" });
  const { stdout, stderr } = await child.communicate({ input: "text" });
  assert.deepEqual([decode(stdout), decode(stderr)], ["TEXT\n", "done\n"]);
});

test("cat opens /dev/stdin", async () => {
  const child = spawn("cat", ["/dev/stdin"], { stdin: "pipe", stdout: "pipe" });
  assert.equal(decode((await child.communicate({ input: "again" })).stdout), "again");
});

test("an end that we have does not block, the same end in a child does", async () => {
  using ends = pipe();
  const flags = (fd: number) => `sed -n 's/^flags:.*\\(.\\)...$/\\1/p' /proc/self/fdinfo/${fd}`;
  const command = `${flags(3)}; ${flags(4)}`;
  const child = await shell(command, { descriptors: { 3: ends.writer, 4: ends.reader } });
  assert.equal(child, "0\n0\n"); // O_NONBLOCK is the digit 4
  assert.equal(write(ends.writer, new Uint8Array(1 << 20)), 65_536); // and ours still does not
});

test("a packet pipe is one in the child as well", async () => {
  using ends = pipe({ packet: true });
  assert.equal(await shell("printf a >&3; printf b >&3", { descriptors: { 3: ends.writer } }), "");
  assert.equal(await ends.reader.read(new Uint8Array(8)), 1);
});

test("1000 children that cannot start leave nothing behind", () =>
  withoutLeaks(() => {
    const WNOHANG = 1;
    using ends = pipe();
    const before = openDescriptors().length;
    for (let i = 0; i < 250; i++) {
      const options: SpawnOptions = {
        stdin: "pipe",
        stdout: "pipe",
        stderr: "pipe",
        descriptors: { 3: ends.writer, 9: ends.reader },
        cwd: "/",
      };
      assert.throws(() => spawn("/no/such/program", [], options), { code: "ENOENT" });
      assert.throws(() => spawn("no-such-program", [], options), { code: "ENOENT" });
      assert.throws(() => spawn("true", [], { ...options, cwd: "/no/such" }), { syscall: "chdir" });
      const closed = { ...options, descriptors: { 5: 1_000_000_000 } };
      assert.throws(() => spawn("true", [], closed), { code: "EBADF", fd: 1_000_000_000 });
    }
    assert.equal(openDescriptors().length, before);
    assert.equal(libc.waitpid(-1, null, WNOHANG), -errno.ECHILD); // no zombies either
  }));

test("every call that fails in between leaves nothing behind", () =>
  withoutLeaks(() => {
    using ends = pipe();
    const options = {
      stdin: "pipe",
      stdout: "pipe",
      cwd: "/",
      descriptors: { 3: ends.writer, 4: ends.reader },
    } as const;
    const names = [
      "pipe2",
      "fcntl",
      "posix_spawn$environ",
      "posix_spawn_file_actions_init",
      "posix_spawn_file_actions_adddup2",
      "posix_spawn_file_actions_addclosefrom_np",
      "posix_spawn_file_actions_addfchdir_np",
      "posix_spawnattr_init",
      "posix_spawnattr_setflags",
    ] as const;
    for (const name of names) {
      const original = libc[name] as (...args: unknown[]) => number;
      for (let working = 0; working < 12; working++) {
        let calls = 0;
        libc[name] = ((...args: unknown[]) => calls++ < working ? original(...args) : -12) as never;
        try {
          const child = spawn("true", [], options);
          for (const end of [child.stdin, child.stdout]) end.close();
        } catch (error) {
          assert.equal((error as { code: string }).code, "ENOMEM", name);
        } finally {
          libc[name] = original as never;
        }
      }
    }
  }));

test("what makes no sense is refused before anything is opened", () =>
  withoutLeaks(() => {
    const types: [unknown, unknown?, unknown?][] = [
      [null],
      [undefined],
      [1],
      ["a\0b"],
      ["true", "args"],
      ["true", [1]],
      ["true", [null]],
      ["true", ["a\0b"]],
      ["true", ["\ud800"]],
      ["true", [, "a"]],
      ["true", [], null],
      ["true", [], { stdot: "pipe" }],
      ["true", [], { stdin: "stdout" }],
      ["true", [], { stdin: null }],
      ["true", [], { stdout: "pipes" }],
      ["true", [], { stdout: {} }],
      ["true", [], { stdout: 1.5 }],
      ["true", [], { descriptors: { x: 1 } }],
      ["true", [], { descriptors: { "3.5": 1 } }],
      ["true", [], { descriptors: { 3: "pipe" } }],
      ["true", [], { descriptors: 3 }],
      ["true", [], { descriptors: null }],
      ["true", [], { descriptors: new Map([[3, 1]]) }],
      ["true", [], { keep: ["3"] }],
      ["true", [], { keep: 3 }],
      ["true", [], { cwd: "a\0b" }],
      ["true", [], { cwd: {} }],
      ["true", [], { env: "A=1" }],
      ["true", [], { env: ["A=1"] }],
      ["true", [], { env: new Map([["A", "1"]]) }],
      ["true", [], { env: { "A=B": "1" } }],
      ["true", [], { env: { "": "1" } }],
      ["true", [], { env: { A: "a\0b" } }],
      ["true", [], { env: { "A\0": "a" } }],
      ["true", [], { env: { A: 1 } }],
      ["true", [], { env: { A: "\ud800" } }],
      ["true", [], { argv0: "a\0b" }],
      ["true", [], { session: 1 }],
      ["true", [], { processGroup: "1" }],
      ["true", [], { uid: "root" }],
      ["true", [], { gid: 1.5 }],
      ["true", [], { groups: 1 }],
      ["true", [], { groups: ["1"] }],
      ["true", [], { groups: [, 1] }],
    ];
    const ranges: SpawnOptions[] = [
      { stdin: -1 },
      { stdout: 2 ** 31 },
      { descriptors: { 0: 1 } },
      { descriptors: { 2: 1 } },
      { descriptors: { [2 ** 31]: 1 } },
      { descriptors: { 3: -1 } },
      { stdout: "null", keep: [1] },
      { keep: [-1] },
      { descriptors: { 3: 1 }, keep: [3] },
      { cwd: -1 },
      { processGroup: -1 },
      { processGroup: 2 ** 31 },
      { session: true, processGroup: 0 },
      { uid: -1 },
      { uid: 2 ** 32 - 1 },
      { gid: 2 ** 32 },
      { groups: [-1] },
    ];
    const calls = countCalls();
    for (const [command, args, options] of types) {
      const call = () => spawn(command as string, args as string[], options as SpawnOptions);
      assert.throws(call, TypeError, JSON.stringify([command, args, options]));
    }
    for (const options of ranges) {
      assert.throws(() => spawn("true", [], options), RangeError, JSON.stringify(options));
    }
    const closed = new OwnedFd(eventfd().release());
    closed.close();
    for (const options of [{ stdin: closed }, { descriptors: { 3: closed } }, { keep: [closed] }]) {
      assert.throws(() => spawn("true", [], options), /was closed/);
    }
    assert.equal(calls.stop(), 0);
  }));

/** Counts the calls that open or start anything. */
function countCalls() {
  const names = ["pipe2", "fcntl", "posix_spawn", "posix_spawn$environ"] as const;
  const originals = names.map((name) => libc[name]);
  let calls = 0;
  for (const name of names) libc[name] = (() => (calls++, -1)) as never;
  return {
    stop() {
      names.forEach((name, i) => libc[name] = originals[i] as never);
      return calls;
    },
  };
}

test("a number beyond the limit is an error of the kernel", () =>
  withoutLeaks(() => {
    const options = { descriptors: { [2 ** 31 - 2]: 1 } };
    assert.throws(() => spawn("true", [], options), { code: "EINVAL", syscall: "fcntl" });
  }));

test("the last number there is, which leaves none above, is refused before the call", () =>
  withoutLeaks(() => {
    assert.throws(() => spawn("true", [], { descriptors: { [2 ** 31 - 1]: 1 } }), {
      name: "RangeError",
      message: 'the number "2147483647" in descriptors must be between 0 and 2147483646, ' +
        "not 2147483647",
    });
  }));

test("children start from a Worker", async () => {
  const { status, stdout, stderr } = await runFresh(`
    import { isMainThread, parentPort, Worker } from "node:worker_threads";
    import { spawn } from "@posixly/pipe";
    const greet = async (name) => {
      const child = spawn("cat", [], { stdin: "pipe", stdout: "pipe" });
      const { stdout } = await child.communicate({ input: "Hello from " + name });
      return new TextDecoder().decode(stdout);
    };
    if (isMainThread) {
      const workers = [1, 2].map(() => new Worker(new URL(import.meta.url)));
      const messages = workers.map((worker) =>
        new Promise((resolve) => worker.once("message", resolve)));
      console.log(await greet("the main thread"), await Promise.all(messages));
    } else {
      parentPort.postMessage(await greet("a Worker"));
    }
  `);
  const expected = "Hello from the main thread [ 'Hello from a Worker', 'Hello from a Worker' ]\n";
  assert.deepEqual([status, stdout.replaceAll('"', "'"), stderr], [0, expected, ""]);
});

test("nothing but the right to call C is asked for, not even to read variables", async () => {
  const { stdout, stderr } = await runFresh(
    `
    import { environment, spawn } from "@posixly/pipe";
    const child = spawn("sh", ["-c", "echo Hello"], { cwd: "/", stdout: "pipe" });
    const { stdout } = await child.communicate();
    console.log(new TextDecoder().decode(stdout).trim(), environment().PATH.length > 0);
  `,
    { confined: true },
  );
  assert.equal(stdout, "Hello true\n", stderr);
});

test.run();
