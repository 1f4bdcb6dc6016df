import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import {
  type Inotify,
  inotify,
  type InotifyEvent,
  type InotifyOptions,
  open,
  write,
} from "@posixly/fd";
import { testNeeding, withoutLeaks } from "@posixly/testing";
import fc from "fast-check";
import { test } from "uvu";
import { decodeEvents } from "./inotify_event.ts";
import { IN_CREATE, IN_ISDIR, inotifyEvent } from "./libc.ts";

function withFolder(run: (folder: string, watcher: Inotify) => void): () => void {
  return () => {
    const folder = mkdtempSync("/tmp/inotify-");
    try {
      using watcher = inotify();
      run(folder, watcher);
    } finally {
      rmSync(folder, { recursive: true });
    }
  };
}

/** All there is, in words. */
function told(watcher: Inotify): string[] {
  return (watcher.events() ?? []).map(({ kinds, name, isDirectory }) =>
    `${kinds.join("+")} ${name ?? "itself"}${isDirectory ? "/" : ""}`
  );
}

test(
  "what happens to a directory and its entries is told, in order",
  withFolder((folder, watcher) => {
    const watch = watcher.watch(folder);
    assert.equal(watcher.events(), null);
    writeFileSync(`${folder}/file`, "text");
    readFileSync(`${folder}/file`);
    chmodSync(`${folder}/file`, 0o600);
    mkdirSync(`${folder}/sub`);
    unlinkSync(`${folder}/file`);
    rmdirSync(`${folder}/sub`);
    const events = told(watcher);
    // How often a runtime reads is up to it.
    assert.deepEqual(events.filter((event) => !/^(access|open|closeNoWrite) /.test(event)), [
      "create file",
      "modify file",
      "closeWrite file",
      "attributes file",
      "create sub/",
      "delete file",
      "delete sub/",
    ]);
    for (const event of ["open file", "access file", "closeNoWrite file"]) {
      assert.ok(events.includes(event), event);
    }
    watcher.unwatch(watch);
    assert.deepEqual(told(watcher), ["ignored itself"]);
    assert.throws(() => watcher.unwatch(watch), { code: "EINVAL", syscall: "inotify_rm_watch" });
  }),
);

test(
  "only what was asked for is told",
  withFolder((folder, watcher) => {
    const watch = watcher.watch(folder, { create: true });
    writeFileSync(`${folder}/a`, "text");
    assert.deepEqual(told(watcher), ["create a"]);
    assert.equal(watcher.watch(folder, { delete: true, add: true }), watch);
    writeFileSync(`${folder}/b`, "text");
    unlinkSync(`${folder}/b`);
    assert.deepEqual(told(watcher), ["create b", "delete b"]);
    assert.equal(watcher.watch(folder, { delete: true }), watch); // instead
    writeFileSync(`${folder}/c`, "text");
    assert.deepEqual(told(watcher), []);
  }),
);

test(
  "both halves of a renaming have one cookie",
  withFolder((folder, watcher) => {
    watcher.watch(folder, { movedFrom: true, movedTo: true });
    writeFileSync(`${folder}/a`, "");
    renameSync(`${folder}/a`, `${folder}/b`);
    renameSync(`${folder}/b`, `${folder}/c`);
    const [from, to, nextFrom, nextTo] = watcher.events()!;
    assert.deepEqual([from.name, to.name, nextTo.name], ["a", "b", "c"]);
    assert.deepEqual([from.kinds, to.kinds], [["movedFrom"], ["movedTo"]]);
    assert.ok(from.cookie > 0 && from.cookie === to.cookie);
    assert.ok(nextFrom.cookie === nextTo.cookie && nextFrom.cookie !== from.cookie);
  }),
);

test(
  "what is gone itself ends its watch",
  withFolder((folder, watcher) => {
    mkdirSync(`${folder}/sub`);
    const watch = watcher.watch(`${folder}/sub`, { deleteSelf: true });
    rmdirSync(`${folder}/sub`);
    const events = watcher.events()!;
    assert.deepEqual(events.map(({ kinds }) => kinds), [["deleteSelf"], ["ignored"]]);
    assert.ok(events.every((event) => event.watch === watch && event.name === null));
  }),
);

test(
  "how to watch is by name as well",
  withFolder((folder, watcher) => {
    const file = `${folder}/file`;
    writeFileSync(file, "");
    symlinkSync(file, `${folder}/link`);
    assert.throws(() => watcher.watch(file, { onlyDirectory: true }), {
      code: "ENOTDIR",
      path: file,
    });
    const watch = watcher.watch(file, { modify: true, newOnly: true });
    assert.throws(() => watcher.watch(file, { newOnly: true }), { code: "EEXIST" });
    assert.equal(watcher.watch(`${folder}/link`, { modify: true }), watch);
    assert.notEqual(watcher.watch(`${folder}/link`, { noFollow: true }), watch);

    watcher.watch(file, { modify: true, once: true });
    appendFileSync(file, "a");
    appendFileSync(file, "b");
    assert.deepEqual(told(watcher), ["modify itself", "ignored itself"]);
  }),
);

test(
  "more than fits into one buffer comes in several, whole",
  withFolder((folder, watcher) => {
    watcher.watch(folder, { create: true });
    const names = Array.from({ length: 300 }, (_, i) => `${i}`.padEnd(1 + i % 200, "x"));
    for (const name of names) writeFileSync(`${folder}/${name}`, "");
    const found: (string | null)[] = [];
    let calls = 0;
    for (let events; (events = watcher.events()) !== null; calls++) {
      found.push(...events.map(({ name }) => name));
    }
    assert.deepEqual(found, names);
    assert.ok(calls > 1);
  }),
);

testNeeding(
  "python3",
  "a name that is not UTF-8 is there in bytes",
  withFolder((folder, watcher) => {
    watcher.watch(folder, { create: true });
    const program = `import os, sys; os.mkdir(os.fsencode(sys.argv[1]) + b"/a\\xff\\xfe")`;
    execFileSync("python3", ["-c", program, folder]);
    const [event] = watcher.events()!;
    assert.equal(event.name, "a\ufffd\ufffd");
    assert.deepEqual([...event.nameBytes!], [0x61, 0xff, 0xfe]);

    const path = new Uint8Array([...new TextEncoder().encode(`${folder}/`), 0x61, 0xff, 0xfe]);
    assert.ok(watcher.watch(path) > 0);
    execFileSync("rm", ["-r", folder]); // the runtimes cannot name what is in it
    mkdirSync(folder);
  }),
);

interface Raw {
  wd: number;
  mask: number;
  cookie: number;
  name: number[];
}

const event: fc.Arbitrary<Raw> = fc.record({
  wd: fc.integer({ min: 1, max: 1000 }),
  mask: fc.constantFrom(IN_CREATE, IN_CREATE | IN_ISDIR),
  cookie: fc.nat(),
  name: fc.array(fc.integer({ min: 1, max: 255 }), { maxLength: 40 }),
});

/** As the kernel writes it: the name is filled up with NULs, one at least. */
function encode({ wd, mask, cookie, name }: Raw): number[] {
  const len = name.length === 0 ? 0 : Math.ceil((name.length + 1) / 16) * 16;
  const padding = new Array(len - name.length).fill(0);
  return [...inotifyEvent.encode({ wd, mask, cookie, len }), ...name, ...padding];
}

test("events are read under every truncation, and none is cut", () => {
  fc.assert(fc.property(fc.array(event, { maxLength: 6 }), (events) => {
    const encoded = events.map(encode);
    const bytes = new Uint8Array(encoded.flat());
    const all = decodeEvents(bytes);
    assert.deepEqual(
      all.map((
        { watch, cookie, isDirectory, nameBytes },
      ) => [watch, cookie, isDirectory, nameBytes]),
      events.map(({ wd, cookie, mask, name }) => [
        wd,
        cookie,
        mask !== IN_CREATE,
        name.length === 0 ? null : new Uint8Array(name),
      ]),
    );
    for (let length = 0; length <= bytes.length; length++) {
      let whole = 0;
      for (let end = 0; (end += encoded[whole]?.length ?? Infinity) <= length;) whole++;
      assert.deepEqual(decodeEvents(bytes.subarray(0, length)), all.slice(0, whole));
    }
  }));
});

test("whatever the bytes, reading them ends", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
    assert.ok(decodeEvents(bytes).length <= bytes.length / inotifyEvent.size);
  }));
});

test(
  "events that nobody took are lost, and that is told",
  withFolder((folder, watcher) => {
    watcher.watch(folder, { modify: true });
    const most = Number(readFileSync("/proc/sys/fs/inotify/max_queued_events", "utf8"));
    const files = ["a", "b"].map((name) =>
      open(`${folder}/${name}`, { write: true, create: true })
    );
    const byte = new Uint8Array(1);
    // In turn, since two equal events in a row are one.
    for (let i = 0; i < most + 10; i++) write(files[i % 2], byte);
    for (const file of files) file.close();

    const events: InotifyEvent[] = [];
    for (let some; (some = watcher.events()) !== null;) events.push(...some);
    assert.equal(events.length, most + 1);
    const { watch, kinds, name } = events.at(-1)!;
    assert.deepEqual([watch, kinds, name], [-1, ["overflow"], null]);
  }),
);

test("bad input is refused before the call", () =>
  withoutLeaks(() => {
    using watcher = inotify();
    for (const bad of ["a\0b", 7, null, undefined, "\ud800"]) {
      assert.throws(() => watcher.watch(bad as string), TypeError);
    }
    const options = (options: object) => () => watcher.watch("/tmp", options as InotifyOptions);
    assert.throws(options({ created: true }), /there is no option created/);
    assert.throws(options({ create: 1 }), TypeError);
    for (const bad of [0, -1, 2 ** 31]) assert.throws(() => watcher.unwatch(bad), RangeError);
    for (const bad of ["1", null, 1.5]) {
      assert.throws(() => watcher.unwatch(bad as number), TypeError);
    }
    assert.throws(() => watcher.watch("/does/not/exist"), {
      code: "ENOENT",
      syscall: "inotify_add_watch",
      path: "/does/not/exist",
    });
    watcher.close();
    const message = "Cannot use a descriptor that was closed";
    assert.throws(() => watcher.watch("/tmp"), { message });
    assert.throws(() => watcher.unwatch(1), { message });
    assert.throws(() => watcher.events(), { message });
  }));

test.run();
