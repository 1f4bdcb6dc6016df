import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, readlinkSync, rmSync } from "node:fs";
import fc from "fast-check";
import { test } from "uvu";
import { type AsFd, OwnedFd } from "@posixly/fd";
import { errno, ok } from "@posixly/sys";
import { runFresh, withoutLeaks } from "@posixly/testing";
import { pipe, spawn, type SpawnOptions } from "@posixly/pipe";
import { libc } from "./libc.ts";

const F_DUPFD = 0; // without close-on-exec, as a careless library has it
const F_DUPFD_CLOEXEC = 1030;

const folder = mkdtempSync("/tmp/posixly-table-");
test.after(() => rmSync(folder, { recursive: true }));

/** What a child has open: by number, what it leads to. It is sh that is listed, and not ls. */
async function tableOfChild(options: SpawnOptions): Promise<Record<string, string>> {
  const file = `${folder}/table`;
  const child = spawn("sh", ["-c", `(ls -l /proc/$$/fd > ${file}); :`], options);
  assert.equal((await child.exited).code, 0);
  for (const end of [child.stdin, child.stdout, child.stderr]) end?.close();
  const entries = readFileSync(file, "utf8").matchAll(/ (\d+) -> (.*)$/gm);
  return Object.fromEntries([...entries].map(([, number, target]) => [number, target]));
}

const targetOf = (fd: AsFd) => readlinkSync(`/proc/self/fd/${typeof fd === "number" ? fd : fd.fd}`);

/** A duplicate at the first free number from `min` on. */
function duplicate({ fd }: { fd: number }, min: number, how = F_DUPFD_CLOEXEC): OwnedFd {
  return new OwnedFd(ok(libc.fcntl(fd, how, min), "fcntl"));
}

const inherited = { 0: targetOf(0), 1: targetOf(1), 2: targetOf(2) };

// The first wait of a thread opens what the event loop watches all others through.
await tableOfChild({});

test("a child has what it is given, and nothing else", async () => {
  assert.deepEqual(await tableOfChild({}), inherited);
});

/** For each number of a child, which of our descriptors it gets. */
const maps = fc.dictionary(fc.integer({ min: 3, max: 40 }).map(String), fc.nat({ max: 9 }), {
  maxKeys: 12,
});
const standard = fc.record({
  stdin: fc.nat({ max: 9 }),
  stdout: fc.nat({ max: 9 }),
  stderr: fc.nat({ max: 9 }),
}, { requiredKeys: [] });
const places = fc.array(fc.integer({ min: 3, max: 40 }), { minLength: 10, maxLength: 10 });

test("any descriptors arrive at any numbers", () =>
  withoutLeaks(() =>
    fc.assert(
      fc.asyncProperty(maps, standard, places, async (map, standard, places) => {
        using ends = pipe();
        const sources = places.map((min, i) => {
          using first = pipe();
          return duplicate(first.reader, min, i % 2 ? F_DUPFD : F_DUPFD_CLOEXEC);
        });
        const pick = (chosen: Record<string, number>) =>
          Object.fromEntries(Object.entries(chosen).map(([key, i]) => [key, sources[i].fd]));
        const descriptors = pick(map);
        const given = { ...pick(standard), descriptors };
        const expected: Record<string, string> = { ...inherited };
        for (const [number, fd] of Object.entries(descriptors)) expected[number] = targetOf(fd);
        for (const [number, name] of ["stdin", "stdout", "stderr"].entries()) {
          const fd = (given as Record<string, unknown>)[name];
          if (typeof fd === "number") expected[number] = targetOf(fd);
        }
        try {
          assert.deepEqual(await tableOfChild(given), expected);
        } finally {
          for (const source of sources) source.close();
        }
        assert.ok(!ends.reader.closed);
      }),
      { numRuns: 60 },
    )
  ));

test("a swap, a rotation, the same twice, itself", async () => {
  const three = [10, 11, 12].map((min) => {
    using ends = pipe();
    return duplicate(ends.reader, min);
  });
  using a = three[0];
  using b = three[1];
  using c = three[2];
  const [A, B, C] = [a, b, c].map(targetOf);
  const given = async (descriptors: Record<number, AsFd>) => {
    const { 0: _0, 1: _1, 2: _2, ...rest } = await tableOfChild({ descriptors });
    return rest;
  };
  assert.deepEqual(await given({ [a.fd]: b, [b.fd]: a }), { [a.fd]: B, [b.fd]: A });
  assert.deepEqual(
    await given({ [a.fd]: b, [b.fd]: c, [c.fd]: a }),
    { [a.fd]: B, [b.fd]: C, [c.fd]: A },
  );
  assert.deepEqual(await given({ 3: a, 4: a, [b.fd]: a }), { 3: A, 4: A, [b.fd]: A });
  assert.deepEqual(await given({ [a.fd]: a }), { [a.fd]: A });
  assert.deepEqual(await given({ 200: a }), { 200: A });
});

test("the standard descriptors swapped, and taken for others", async () => {
  const { 0: In, 1: Out, 2: Err } = inherited;
  assert.deepEqual(await tableOfChild({ stdout: 2, stderr: 1 }), { 0: In, 1: Err, 2: Out });
  assert.deepEqual(await tableOfChild({ stdin: 1, stdout: 0 }), { 0: Out, 1: In, 2: Err });
  assert.deepEqual(await tableOfChild({ descriptors: { 3: 0, 4: 1 } }), {
    ...inherited,
    3: In,
    4: Out,
  });
  using ends = pipe();
  const target = targetOf(ends.writer);
  assert.deepEqual(
    await tableOfChild({ stdout: ends.writer, stderr: "stdout" }),
    { 0: In, 1: target, 2: target },
  );
  assert.deepEqual(
    await tableOfChild({ stdin: "null", stdout: "null", stderr: "null" }),
    { 0: "/dev/null", 1: "/dev/null", 2: "/dev/null" },
  );
});

test("pipes are pipes, of which the child has one end each", async () => {
  const table = await tableOfChild({ stdin: "pipe", stdout: "pipe", stderr: "pipe" });
  assert.deepEqual(Object.keys(table), ["0", "1", "2"]);
  const targets = Object.values(table);
  assert.ok(targets.every((target) => target.startsWith("pipe:")));
  assert.equal(new Set(targets).size, 3);
});

test("keep leaves descriptors where they are", async () => {
  using ends = pipe();
  using high = duplicate(ends.reader, 30, F_DUPFD);
  const { 0: _0, 1: _1, 2: _2, ...rest } = await tableOfChild({ keep: [ends.writer, high] });
  assert.deepEqual(rest, { [ends.writer.fd]: targetOf(ends.writer), [high.fd]: targetOf(high) });
});

test("keep may name what the child gets there anyhow, and what it has twice", async () => {
  using ends = pipe();
  const { writer } = ends;
  const expected = { ...inherited, [writer.fd]: targetOf(writer) };
  for (
    const options of [
      { keep: [writer, writer, writer.fd] },
      { keep: [0, 1, writer, 2] },
      { stdout: "inherit", keep: [1, writer] },
      { stdin: 0, keep: [writer, 0] },
      { descriptors: { [writer.fd]: writer }, keep: [writer] },
    ] as SpawnOptions[]
  ) {
    assert.deepEqual(await tableOfChild(options), expected);
  }
  const others = [{ stdin: "pipe", keep: [0] }, { stdout: 2, keep: [1] }] as SpawnOptions[];
  for (const options of [...others, { descriptors: { [writer.fd]: 1 }, keep: [writer] }]) {
    assert.throws(() => spawn("true", [], options), /but the child gets another one there/);
  }
});

test("what others forgot to make close-on-exec is closed", async () => {
  using ends = pipe();
  using low = duplicate(ends.reader, 3, F_DUPFD);
  using high = duplicate(ends.reader, 300, F_DUPFD);
  assert.ok(low.fd < high.fd);
  assert.deepEqual(await tableOfChild({}), inherited);
  const table = await tableOfChild({ descriptors: { 100: ends.writer } });
  assert.deepEqual(table, { ...inherited, 100: targetOf(ends.writer) });
});

test("the same where the C library cannot close all the rest", async () => {
  const { posix_spawn_file_actions_addclosefrom_np: original } = libc;
  libc.posix_spawn_file_actions_addclosefrom_np = () => -errno.ENOSYS;
  try {
    using ends = pipe();
    using _high = duplicate(ends.reader, 300, F_DUPFD);
    assert.deepEqual(await tableOfChild({}), inherited);
    const table = await tableOfChild({ descriptors: { 100: ends.writer } });
    assert.deepEqual(table, { ...inherited, 100: targetOf(ends.writer) });
  } finally {
    libc.posix_spawn_file_actions_addclosefrom_np = original;
  }
});

test("a descriptor that is not open is an error that names it", () =>
  withoutLeaks(() => {
    const context = { code: "EBADF", syscall: "fcntl", fd: 999 };
    assert.throws(() => spawn("true", [], { stdin: 999 }), context);
    assert.throws(() => spawn("true", [], { stdout: "pipe", descriptors: { 3: 999 } }), context);
    assert.throws(() => spawn("true", [], { keep: [999] }), context);
  }));

test("nor does a closed number stand for what is opened on the way", () =>
  withoutLeaks(() => {
    // What the calls open gets these numbers, the lowest ones that are free.
    const free = [1, 2, 3, 4].map(() => duplicate({ fd: 2 }, 0));
    const numbers = free.map(({ fd }) => fd);
    for (const fd of free) fd.close();
    for (const fd of numbers) {
      const options: SpawnOptions[] = [
        { descriptors: { 3: fd } },
        { stdin: "pipe", stdout: "pipe", descriptors: { 3: fd } },
        { stdin: "pipe", stdout: fd },
        { stderr: "null", keep: [fd] },
        { stdin: "pipe", cwd: fd },
      ];
      for (const option of options) {
        assert.throws(() => spawn("true", [], option), { code: "EBADF", syscall: "fcntl", fd });
      }
    }
  }));

test("nor does a standard descriptor that is closed and to be inherited", async () => {
  const file = `${folder}/inherited`;
  await runFresh(`
    import { bind } from "@posixly/sys";
    import { spawn } from "@posixly/pipe";
    const { close } = bind({ close: ["i32", "i32"] });
    await spawn("true").exited; // loads what it needs
    for (const fd of [0, 1]) close(fd);
    // Of the two ends of the pipe, ours is 1 then.
    const child = spawn("sh", ["-c", "(ls /proc/$$/fd > ${file}); :"], { stdin: "pipe" });
    await child.communicate();
  `);
  assert.equal(readFileSync(file, "utf8"), "0\n2\n");
});

test("our own 0, 1 and 2 may be closed", async () => {
  const file = `${folder}/closed`;
  const { stdout, stderr } = await runFresh(`
    import { open, writeAll } from "@posixly/fd";
    import { bind } from "@posixly/sys";
    import { pipe, spawn } from "@posixly/pipe";
    const { close, fcntl } = bind({ close: ["i32", "i32"], fcntl: ["i32", "i32", "i32", "i32"] });
    const F_GETFD = 1;
    const areOpen = () => [0, 1, 2].filter((fd) => fcntl(fd, F_GETFD, 0) >= 0).join("\\n");
    const report = (path, text) => { // the runtime's own files do not like a number below 3
      const file = open(path, { create: true, write: true });
      writeAll(file, new TextEncoder().encode(text));
      file.close();
    };
    try {
      spawn("true").kill(); // loads what it needs
      for (const fd of [0, 1, 2]) close(fd);
      const script = "ls -l /proc/$$/fd; cat <&3; echo error >&2; :";
      const ends = pipe(); // these are 0 and 1 now
      const options = { stdin: "pipe", stdout: "pipe", stderr: "pipe" };
      const child = spawn("sh", ["-c", script], { ...options, descriptors: { 3: ends.reader } });
      await ends.writer.write(new TextEncoder().encode("through 3"));
      ends.writer.close();
      ends.reader.close();
      const { stdout, stderr } = await child.communicate();
      const text = new TextDecoder().decode(stdout);
      const numbers = [...text.matchAll(/ (\\d+) -> pipe/g)].map((match) => match[1]).join();
      // What is closed here is closed there; a thread of the runtime may open one at any time.
      const before = areOpen();
      const closed = spawn("sh", ["-c", "(ls /proc/$$/fd > ${file}); :"]);
      report("${file}1", before + "\\n" + areOpen());
      await closed.exited;
      report("${file}2", numbers + " " + text.split("\\n").at(-1) + " " + new TextDecoder().decode(stderr));
    } catch (error) {
      report("${file}2", String(error.stack));
    }
  `);
  assert.equal(readFileSync(`${file}2`, "utf8"), "0,1,2,3 through 3 error\n", stdout + stderr);
  const [here, there] = [`${file}1`, file].map((path) => readFileSync(path, "utf8").split("\n"));
  assert.deepEqual(there.filter((number) => number && !here.includes(number)), []);
});

test("children that start at the same time have none of each other's ends", async () => {
  const children = Array.from(
    { length: 20 },
    () => spawn("cat", [], { stdin: "pipe", stdout: "pipe" }),
  );
  // Each ends when its input does, which it would not if another held that open.
  const all = await Promise.all(
    children.map((child, i) => child.communicate({ input: String(i) })),
  );
  assert.deepEqual(
    all.map(({ stdout }) => new TextDecoder().decode(stdout)),
    [...all.keys()].map(String),
  );
});

test.run();
