// Whatever is passed that is not as described is refused by an error that says so, before anything is
// done; never by the kernel, and never by a crash.
import assert from "node:assert/strict";
import { memfd, pwrite, stat } from "@posixly/fd";
import { pipe } from "@posixly/pipe";
import { connectionPair, udp } from "@posixly/socket";
import { withoutLeaks } from "@posixly/testing";
import {
  copyFile,
  copyFileRange,
  map,
  pages,
  proxy,
  pump,
  sendFile,
  sendfile,
  sendZerocopy,
  sharedMemory,
  splice,
  tee,
  vmsplice,
  zerocopySender,
} from "@posixly/zerocopy";
import { test } from "uvu";

/** One of each kind of value that somebody may pass. */
const values: unknown[] = [
  ...[null, "", "1", "splice", true, false, Symbol("s"), [], {}, () => {}, new Date(0)],
  ...[NaN, -1, 0.5, Infinity, -Infinity, 2 ** 53, -1n, 2n ** 63n, 2n ** 64n],
];

type Accepts = (value: unknown) => boolean;

const isBoolean: Accepts = (value) => typeof value === "boolean";
const isFunction: Accepts = (value) => typeof value === "function";
const isNothing: Accepts = () => false;
const isTimeout: Accepts = (value) => value === Infinity || value === 0.5;

const waiting: Record<string, Accepts> = { signal: isNothing, timeout: isTimeout };

/** What is called with which options, each with those of the values that it takes. */
const calls: [
  name: string,
  call: (options: object) => unknown,
  options: Record<string, Accepts>,
][] = [
  ["sendfile", (options) => sendfile(ends.writer, file, 0, options), { offset: isNothing }],
  ["splice", (options) => splice(file, ends.writer, 0, options), {
    fromOffset: isNothing,
    toOffset: isNothing,
    more: isBoolean,
    move: isBoolean,
    nonBlocking: isBoolean,
  }],
  ["tee", (options) => tee(ends.reader, other.writer, 0, options), { nonBlocking: isBoolean }],
  ["vmsplice", (options) => vmsplice(ends.writer, [], options), {
    gift: isBoolean,
    nonBlocking: isBoolean,
  }],
  ["copyFileRange", (options) => copyFileRange(file, copy, 0, options), {
    fromOffset: isNothing,
    toOffset: isNothing,
  }],
  ["sendFile", (options) => sendFile(ends.writer, file, { length: 0, ...options }), {
    ...waiting,
    offset: isNothing,
    length: isNothing,
    chunk: isNothing,
    onProgress: isFunction,
  }],
  ["pump", (options) => pump(pair.first, pair.first, { timeout: 1, ...options }), {
    signal: isNothing,
    size: isNothing,
    via: (value) => value === "splice",
    end: isBoolean,
    onProgress: isFunction,
  }],
  ["proxy", (options) => proxy(pair.first, pair.second, { timeout: 1, ...options }), {
    signal: isNothing,
    size: isNothing,
    via: (value) => value === "splice",
  }],
  ["copyFile", (options) => copyFile(file, copy, options), {
    ...waiting,
    via: isNothing,
    onProgress: isFunction,
  }],
  ["map of a file", (options) => map(file, options).close(), {
    offset: isNothing,
    length: isNothing,
    protection: isNothing,
    shared: isBoolean,
    populate: isBoolean,
    noReserve: isBoolean,
    hugePages: isNothing,
    locked: isBoolean,
  }],
  ["map of memory", (options) => map(null, { length: 100, ...options }).close(), {
    offset: isNothing,
    length: isNothing,
    protection: isNothing,
    shared: (value) => value === false,
    populate: isBoolean,
    noReserve: isBoolean,
    hugePages: isNothing,
    locked: isBoolean,
    sealed: (value) => value === false,
  }],
  ["sharedMemory", (options) => sharedMemory("name", 100, options).close(), {
    growable: isBoolean,
  }],
  ["flush", (options) => mapping.flush(options), {
    async: isBoolean,
    offset: isNothing,
    length: isNothing,
  }],
  ["advise", (options) => mapping.advise("normal", options), {
    offset: isNothing,
    length: isNothing,
  }],
  ["lock", (options) => mapping.lock(options), { offset: isNothing, length: isNothing }],
  ["unlock", (options) => mapping.unlock(options), { offset: isNothing, length: isNothing }],
  ["resident", (options) => mapping.resident(options), { offset: isNothing, length: isNothing }],
  ["sendZerocopy", (options) => {
    sendZerocopy(socket, bytes.subarray(0, 1), { to: socket.localAddress, ...options });
  }, { more: isBoolean, to: isNothing }],
  ["zerocopySender", (options) => zerocopySender(socket, options).close(), {
    minimum: isNothing,
    onQueuedError: isFunction,
  }],
  ["send of it", async (options) => {
    await using sender = zerocopySender(socket);
    await sender.send(bytes.subarray(0, 1), { to: socket.localAddress, ...options });
  }, { ...waiting, more: isBoolean, to: isNothing }],
];

const bytes = pages(100);
let file: ReturnType<typeof memfd>;
let copy: ReturnType<typeof memfd>;
let ends: ReturnType<typeof pipe>;
let other: ReturnType<typeof pipe>;
let pair: ReturnType<typeof connectionPair>;
let socket: ReturnType<typeof udp>;
let mapping: ReturnType<typeof map>;

test.before(() => {
  file = memfd("file");
  copy = memfd("copy");
  pwrite(file, new Uint8Array(100), 0);
  pwrite(copy, new Uint8Array(5), 0);
  ends = pipe();
  other = pipe();
  pair = connectionPair();
  socket = udp("127.0.0.1:0");
  mapping = map(file, { protection: "readWrite" });
});

test.after(() => {
  for (const each of [file, copy, ends, other, pair, socket, mapping]) each[Symbol.dispose]();
});

async function outcomeOf(call: () => unknown): Promise<unknown> {
  try {
    await call();
    return undefined;
  } catch (error) {
    return error;
  }
}

function isRefusal(error: unknown): boolean {
  return (error instanceof TypeError || error instanceof RangeError) &&
    !("syscall" in error) &&
    !/is not a function|Cannot read|Cannot destructure/.test(error.message);
}

for (const [name, call, options] of calls) {
  test(`${name} refuses what is no option, and what is no value of one`, () =>
    withoutLeaks(async () => {
      const complaints: string[] = [];
      for (const value of values) {
        for (const [option, accepts] of Object.entries(options)) {
          const error = await outcomeOf(() => call({ [option]: value }));
          const isExpected = accepts(value)
            ? error === undefined || (error as Error).name === "TimeoutError"
            : isRefusal(error);
          if (!isExpected) complaints.push(`${option}: ${String(value)} gave ${error}`);
        }
      }
      const error = await outcomeOf(() => call({ noSuchOption: 1 }));
      if (!isRefusal(error)) complaints.push(`noSuchOption gave ${error}`);
      for (const option of Object.keys(options)) {
        if (!String(error).includes(option)) complaints.push(`${option} is not in "${error}"`);
      }
      assert.deepEqual(complaints, []);
    }));
}

test("what was refused has changed nothing", () => {
  assert.equal(stat(file).size, 100);
});

test.run();
