import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { text } from "node:stream/consumers";
import { watch } from "@posixly/sys";
import {
  getFlags,
  isatty,
  memfd,
  open,
  type OwnedFd,
  pty,
  type PtyOptions,
  read,
  setTerminalMode,
  setWindowSize,
  type TerminalMode,
  windowSize,
  write,
} from "@posixly/fd";
import { testNeeding, withoutLeaks } from "@posixly/testing";
import fc from "fast-check";
import { test } from "uvu";

const encoder = new TextEncoder();

/** Writes text to one end. It passes through a queue of the kernel before it is at the other. */
function say(end: OwnedFd, text: string): void {
  assert.equal(write(end, encoder.encode(text)), encoder.encode(text).length);
}

/** Reads from one end until there are as many bytes as were expected. */
function hear(end: OwnedFd, length: number): Promise<Uint8Array> {
  const all: number[] = [];
  return new Promise((resolve) => {
    const watching = watch(end.fd, () => {
      const bytes = new Uint8Array(4096);
      const n = read(end, bytes)!;
      all.push(...bytes.subarray(0, n));
      if (all.length < length) return;
      watching.close();
      resolve(new Uint8Array(all));
    });
  });
}

async function expect(end: OwnedFd, text: string): Promise<void> {
  const heard = await hear(end, encoder.encode(text).length);
  assert.equal(new TextDecoder().decode(heard), text);
}

test("what one end writes, the other reads, as a terminal does it", () =>
  withoutLeaks(async () => {
    using ends = pty({ nonBlocking: true });
    assert.ok(isatty(ends.terminal) && isatty(ends.controller));
    assert.match(ends.path, /^\/dev\/pts\/\d+$/);
    say(ends.terminal, "hello\n");
    await expect(ends.controller, "hello\r\n");

    say(ends.controller, "lime\x7f\x7fnes");
    await expect(ends.controller, "lime\b \b\b \bnes"); // the echo
    assert.equal(read(ends.terminal, new Uint8Array(9)), null); // the line has not ended
    say(ends.controller, "\n");
    await expect(ends.terminal, "lines\n");
  }));

test("both ends are close-on-exec, and only the controller is non-blocking", () => {
  using ends = pty();
  for (const [end, nonBlocking] of [[ends.controller, true], [ends.terminal, false]] as const) {
    const flags = getFlags(end);
    assert.deepEqual([flags.closeOnExec, flags.nonBlocking], [true, nonBlocking]);
  }
  using other = pty({ nonBlocking: true });
  assert.equal(getFlags(other.terminal).nonBlocking, true);
});

test("when the last terminal end closes, reading the controller fails", () => {
  using ends = pty();
  using again = open(ends.path, { read: true, write: true });
  ends.terminal.close();
  assert.equal(read(ends.controller, new Uint8Array(9)), null);
  again.close();
  assert.throws(() => read(ends.controller, new Uint8Array(9)), { code: "EIO" });
});

test("the size of the window is what was said", () => {
  using ends = pty({ size: { columns: 80, rows: 24 } });
  assert.deepEqual(windowSize(ends.terminal), { columns: 80, rows: 24, width: 0, height: 0 });
  const side = fc.integer({ min: 0, max: 65535 });
  fc.assert(fc.property(side, side, side, side, (columns, rows, width, height) => {
    setWindowSize(ends.controller, { columns, rows, width, height });
    assert.deepEqual(windowSize(ends.terminal), { columns, rows, width, height });
  }));
});

test("a raw terminal passes every byte, both ways, until it is restored", async () => {
  using ends = pty({ nonBlocking: true });
  using raw = setTerminalMode(ends.terminal, { raw: true });
  const all = Uint8Array.from({ length: 256 }, (_, i) => i);
  for (const [from, to] of [[ends.controller, ends.terminal], [ends.terminal, ends.controller]]) {
    assert.equal(write(from, all), 256);
    assert.deepEqual(await hear(to, 256), all);
  }
  raw.restore();
  say(ends.terminal, "\n");
  await expect(ends.controller, "\r\n");
});

test("a change is taken back at the end of its block", async () => {
  using ends = pty({ nonBlocking: true });
  {
    using _hidden = setTerminalMode(ends.terminal, { echo: false });
    say(ends.controller, "secret\n");
    await expect(ends.terminal, "secret\n");
    using _each = setTerminalMode(ends.terminal, { lines: false, echo: undefined });
    say(ends.controller, "k");
    await expect(ends.terminal, "k");
    say(ends.terminal, "that was all");
    await expect(ends.controller, "that was all"); // and no echo
  }
  say(ends.controller, "shown");
  await expect(ends.controller, "shown");
});

testNeeding("stty", "stty sees what we set, and we what it sets", () => {
  using ends = pty({ size: { columns: 132, rows: 43 } });
  const stty = (...args: string[]) =>
    execFileSync("stty", ["-F", ends.path, ...args], { encoding: "utf8" });
  assert.equal(stty("size"), "43 132\n");
  stty("cols", "99");
  assert.equal(windowSize(ends.controller).columns, 99);

  const before = stty("-g");
  const set = (flag: string) => new RegExp(`(^|\\s)${flag}\\b`, "m").test(stty("-a"));
  for (const [name, flag] of [["echo", "echo"], ["lines", "icanon"], ["signals", "isig"]]) {
    using _off = setTerminalMode(ends.terminal, { [name]: false });
    assert.ok(set(`-${flag}`), flag);
    using _on = setTerminalMode(ends.terminal, { [name]: true });
    assert.ok(set(flag) && !set(`-${flag}`), flag);
  }
  assert.equal(stty("-g"), before);

  stty("raw", "-echo");
  const theirs = stty("-a").replace(/min|time/g, "").split(/\s+/).filter((word) => word[0] === "-");
  stty("sane");
  using _raw = setTerminalMode(ends.terminal, { raw: true });
  const ours = stty("-a").split(/\s+/);
  for (const flag of ["-icanon", "-isig", "-opost", "-icrnl", "-ixon", "-echo"]) {
    assert.ok(theirs.includes(flag) && ours.includes(flag), flag);
  }
});

testNeeding("python3", "a program talks to us as to a person", async () => {
  using ends = pty();
  const child = spawn("python3", [
    "-c",
    `
import sys
with open(sys.argv[1], "r+b", buffering=0) as tty:
  tty.write(b"name? ")
  print(tty.isatty(), tty.readline())
`,
    ends.path,
  ], { stdio: ["ignore", "pipe", "inherit"] });
  const printed = text(child.stdout);
  await expect(ends.controller, "name? ");
  say(ends.controller, "Ada\n");
  assert.equal(await printed, "True b'Ada\\n'\n");
});

test("bad input is refused before the call, and nothing stays open", () =>
  withoutLeaks(() => {
    for (const bad of [-1, 65536, Infinity]) {
      assert.throws(() => pty({ size: { columns: bad } }), RangeError);
    }
    assert.throws(() => pty({ size: { rows: "24" as never } }), TypeError);
    assert.throws(() => pty({ blocking: true } as PtyOptions), /there is no option blocking/);

    using ends = pty();
    const change = (mode: object) => () => setTerminalMode(ends.terminal, mode as TerminalMode);
    for (const bad of [{ raw: 1 }, { echo: "off" }, { cooked: true }]) {
      assert.throws(change(bad), TypeError);
    }
    using file = memfd();
    assert.throws(() => windowSize(file), { code: "ENOTTY", syscall: "ioctl", fd: file.fd });
    assert.throws(() => setWindowSize(file, {}), { code: "ENOTTY" });
    assert.throws(() => setTerminalMode(file, {}), { code: "ENOTTY", syscall: "tcgetattr" });
    ends.terminal.close();
    const message = "Cannot use a descriptor that was closed";
    assert.throws(() => windowSize(ends.terminal), { message });
    assert.throws(() => setWindowSize(ends.terminal, {}), { message });
    assert.throws(change({ raw: true }), { message });
  }));

test.run();
