import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import process from "node:process";
import { test } from "uvu";
import { errno } from "@posixly/sys";
import { runFresh, testWhere, withoutLeaks } from "@posixly/testing";
import { spawn, type SpawnOptions } from "@posixly/pipe";
import { libc, PR_GET_DUMPABLE, PR_SET_PDEATHSIG } from "./libc.ts";

const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const folder = mkdtempSync("/tmp/posixly-user-");
test.after(() => rmSync(folder, { recursive: true }));

const isRoot = process.getuid?.() === 0;
const testAsRoot = (name: string, run: () => void | Promise<void>) =>
  testWhere(isRoot, "root", name, run);

/** What the kernel says about who a thread is: real, effective, saved and file system ids. */
function identity(status: string): Record<string, string> {
  const names = ["Uid", "Gid", "Groups", "CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"];
  const lines = status.matchAll(/^(\w+):[ \t]*(.*?)[ \t]*$/gm);
  const fields = [...lines].map(([, name, value]) => [name, value.replaceAll("\t", " ")]);
  return Object.fromEntries(fields.filter(([name]) => names.includes(name)));
}

function identitiesOfThreads(): Record<string, string>[] {
  return readdirSync("/proc/self/task").flatMap((thread) => {
    try {
      return [identity(readFileSync(`/proc/self/task/${thread}/status`, "utf8"))];
    } catch {
      return []; // it ended meanwhile
    }
  });
}

async function identityOfChild(options: SpawnOptions): Promise<Record<string, string>> {
  const child = spawn("cat", ["/proc/self/status"], { ...options, stdout: "pipe" });
  return identity(decode((await child.communicate()).stdout!));
}

await spawn("true").exited; // the first wait of a thread opens what it watches through

testAsRoot("a child runs as another user, for good", async () => {
  const before = identitiesOfThreads();
  const child = await identityOfChild({ uid: 1234, gid: 2345, groups: [7, 5, 7] });
  const none = "0000000000000000";
  assert.deepEqual(child, {
    Uid: "1234 1234 1234 1234", // the saved one as well: there is no way back
    Gid: "2345 2345 2345 2345",
    Groups: "5 7 7",
    CapInh: before[0].CapInh,
    CapPrm: none,
    CapEff: none,
    CapBnd: before[0].CapBnd,
    CapAmb: none,
  });
  for (const thread of identitiesOfThreads()) assert.deepEqual(thread, before[0]);
});

testAsRoot("another user has no groups of ours, unless they are given", async () => {
  const groups = async (options: SpawnOptions) => (await identityOfChild(options)).Groups;
  assert.equal(await groups({ uid: 1234 }), "");
  assert.equal(await groups({ gid: 1234 }), "");
  assert.equal(await groups({ uid: 1234, groups: [] }), "");
  assert.equal(await groups({ groups: [99] }), "99");
  assert.equal(await groups({}), identitiesOfThreads()[0].Groups);
});

testAsRoot("uid alone leaves the group, gid alone the user", async () => {
  const { Uid, Gid } = identitiesOfThreads()[0];
  assert.equal((await identityOfChild({ uid: 1234 })).Gid, Gid);
  assert.equal((await identityOfChild({ gid: 1234 })).Uid, Uid);
  assert.equal((await identityOfChild({ gid: 1234 })).Gid, "1234 1234 1234 1234");
  assert.equal((await identityOfChild({ uid: 4294967294 })).Uid.split(" ")[0], "4294967294");
});

testAsRoot("only this thread is another user meanwhile, and none afterwards", () => {
  const { posix_spawn$environ: original } = libc;
  const before = identitiesOfThreads();
  let meanwhile: Record<string, string>[] = [];
  libc.posix_spawn$environ = (...args) => {
    meanwhile = identitiesOfThreads();
    return original(...args);
  };
  try {
    spawn("true", [], { uid: 1234, gid: 1234 });
  } finally {
    libc.posix_spawn$environ = original;
  }
  assert.equal(meanwhile.filter(({ Uid }) => Uid !== before[0].Uid).length, 1);
  assert.ok(meanwhile.length > 1);
  for (const thread of identitiesOfThreads()) assert.deepEqual(thread, before[0]);
});

testAsRoot("what a change of user changes by the way is put back", () => {
  const deathSignal = () => {
    const signal = new Int32Array(1);
    libc.prctl$bytes(2, signal);
    return signal[0];
  };
  libc.prctl(PR_SET_PDEATHSIG, 12, 0, 0, 0);
  try {
    const dumpable = libc.prctl(PR_GET_DUMPABLE, 0, 0, 0, 0);
    spawn("true", [], { uid: 1234 });
    assert.equal(libc.prctl(PR_GET_DUMPABLE, 0, 0, 0, 0), dumpable);
    assert.equal(deathSignal(), 12);
  } finally {
    libc.prctl(PR_SET_PDEATHSIG, 0, 0, 0, 0);
  }
});

testAsRoot("ambient capabilities do not go to another user, and come back to us", async () => {
  // A process of its own, since what is inheritable is so for all that it starts.
  const { stdout, stderr } = await runFresh(`
    import { bind } from "@posixly/sys";
    import { spawn } from "@posixly/pipe";
    import { readFileSync } from "node:fs";
    const libc = bind({
      syscall: ["i32", "i32", "buffer", "buffer"],
      prctl: ["i32", "i32", "u64", "u64", "u64", "u64"],
    });
    const arm = process.arch === "arm64";
    const header = new Uint32Array([0x20080522, 0]), data = new Uint32Array(6);
    libc.syscall(arm ? 90 : 125, header, data); // capget
    data[2] = data[5] = 0;
    data[2] = 1 << 10; // CAP_NET_BIND_SERVICE is inheritable
    libc.syscall(arm ? 91 : 126, header, data); // capset
    libc.prctl(47, 2, 10, 0, 0); // and ambient
    const own = () => readFileSync("/proc/thread-self/status", "utf8").match(/CapAmb:\\t(\\w+)/)[1];
    const child = async (options) => {
      const { stdout } = await spawn("grep", ["CapAmb", "/proc/self/status"],
        { ...options, stdout: "pipe" }).communicate();
      return new TextDecoder().decode(stdout).trim().split("\\t")[1];
    };
    console.log(own(), await child({}), await child({ uid: 1234 }), own());
  `);
  const one = "0000000000000400";
  assert.equal(stdout, `${one} ${one} ${"0".repeat(16)} ${one}\n`, stderr);
});

testAsRoot("the rights that count are the child's", () => {
  const secret = `${folder}/secret`;
  writeFileSync(secret, "#!/bin/sh\n");
  chmodSync(secret, 0o700);
  chmodSync(folder, 0o755);
  const other = { uid: 1234, gid: 1234 };
  assert.throws(() => spawn(secret, [], other), { code: "EACCES", path: secret });
  chmodSync(folder, 0o700);
  assert.throws(() => spawn("true", [], { ...other, cwd: folder }), {
    code: "EACCES",
    syscall: "chdir",
    path: folder,
  });
});

testAsRoot("another user can open its pipes again", async () => {
  const options = { uid: 1234, gid: 1234, stdin: "pipe", stdout: "pipe" } as const;
  const child = spawn("sh", ["-c", "cat /dev/stdin > /dev/stdout"], options);
  assert.equal(decode((await child.communicate({ input: "again" })).stdout), "again");
});

testAsRoot("whatever fails, this thread is itself again", () =>
  withoutLeaks(() => {
    const before = identitiesOfThreads();
    const options = { uid: 1234, gid: 1234, groups: [1], cwd: "/", stdout: "pipe" } as const;
    assert.throws(() => spawn("/no/such/program", [], options), { code: "ENOENT" });
    const names = [
      "syscall$setgroups",
      "syscall$setresgid",
      "syscall$setresuid",
      "posix_spawn_file_actions_init",
      "posix_spawn_file_actions_addfchdir_np",
      "posix_spawn$environ",
    ] as const;
    for (const name of names) {
      const original = libc[name] as (...args: unknown[]) => number;
      libc[name] = ((..._args: unknown[]) => {
        libc[name] = original as never;
        return -errno.EPERM;
      }) as never;
      const syscall = name.replace("syscall$", "").replace("$environ", "");
      assert.throws(() => spawn("true", [], options), { code: "EPERM", syscall });
      for (const thread of identitiesOfThreads()) assert.deepEqual(thread, before[0]);
    }
  }));

testAsRoot("a thread that cannot become itself again ends the process", async () => {
  const { status, stdout, stderr } = await runFresh(`
    import { spawn } from "@posixly/pipe";
    import { libc } from "${import.meta.url.replace("credentials_test", "libc")}";
    const original = libc.syscall$setresuid;
    let calls = 0;
    libc.syscall$setresuid = (...args) => calls++ === 0 ? original(...args) : -1;
    try {
      spawn("true", [], { uid: 1234 });
    } finally {
      console.log("went on");
    }
  `);
  assert.deepEqual([status, stdout], [null, ""]);
  assert.match(stderr, /could not take its own credentials back/);
});

testAsRoot("a Worker does the same, and the main thread never notices", async () => {
  const { stdout, stderr } = await runFresh(`
    import { isMainThread, parentPort, Worker } from "node:worker_threads";
    import { readFileSync } from "node:fs";
    import { spawn } from "@posixly/pipe";
    if (isMainThread) {
      const worker = new Worker(new URL(import.meta.url));
      const answer = await new Promise((resolve) => worker.once("message", resolve));
      console.log(answer + readFileSync("/proc/self/status", "utf8").match(/Uid:\\t(\\d+)/)[1]);
    } else {
      const child = spawn("id", ["-u"], { uid: 1234, stdout: "pipe" });
      const { stdout } = await child.communicate();
      parentPort.postMessage(new TextDecoder().decode(stdout));
    }
  `);
  assert.equal(stdout, "1234\n0\n", stderr);
});

test("what could not be undone is refused before it is done", () => {
  const { getresuid, syscall$setresuid } = libc;
  let changes = 0;
  libc.getresuid = (real, effective, saved) => {
    (real as Uint32Array)[0] = 1000;
    (effective as Uint32Array)[0] = 2000;
    (saved as Uint32Array)[0] = 2000;
    return 0;
  };
  libc.syscall$setresuid = () => (changes++, 0);
  try {
    assert.throws(() => spawn("true", [], { uid: 2000 }), /could not become itself again/);
  } finally {
    Object.assign(libc, { getresuid, syscall$setresuid });
  }
  assert.equal(changes, 0);
});

test("nor does who has capabilities without being root become root", () => {
  const { getresuid, syscall$capget, syscall$setresuid } = libc;
  let changes = 0;
  libc.getresuid = (...ids) => {
    for (const id of ids) (id as Uint32Array)[0] = 1000;
    return 0;
  };
  libc.syscall$capget = (_number, _header, data) => {
    (data as Uint8Array)[4] = 0x80; // CAP_SETUID is permitted
    return 0;
  };
  libc.syscall$setresuid = () => (changes++, 0);
  try {
    assert.throws(() => spawn("true", [], { uid: 0 }), /could not become itself again/);
  } finally {
    Object.assign(libc, { getresuid, syscall$capget, syscall$setresuid });
  }
  assert.equal(changes, 0);
});

test.run();
