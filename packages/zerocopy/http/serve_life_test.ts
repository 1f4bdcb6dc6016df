// How connections and servers end, and what they wait for.
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { truncateSync, writeFileSync } from "node:fs";
import { duplicate, limit, type OwnedFd, setLimit } from "@posixly/fd";
import { run, stop } from "@posixly/mux";
import { type Connection, connectTcp, listenTcp, send, setOptions } from "@posixly/socket";
import { errno, type SyscallError } from "@posixly/sys";
import { openDescriptors, runFresh, testNeeding, turns, withoutLeaks } from "@posixly/testing";
import { type FinishedExchange, serveStatic, type StaticServer } from "@posixly/zerocopy/http";
import { test } from "uvu";
import { libc } from "../libc.ts";
import { served } from "./serve_fixture.ts";
import { answerOf, bytes, encode, folder, HUGE, request } from "./site_fixture.ts";

/** More than any client reads here. */
const GIANT = 2 ** 36;
writeFileSync(`${folder}/giant.bin`, "");
truncateSync(`${folder}/giant.bin`, GIANT);

/** Reads up to the end, which may be that it was broken off. */
async function heard(connection: Connection): Promise<string> {
  try {
    return Buffer.from(await connection.readAll()).toString();
  } catch (error) {
    return (error as { code: string }).code;
  }
}

test("who rests too long is closed, without a word", () =>
  served({ idleTimeout: 20 }, async ({ dial, finished }) => {
    using connection = await dial();
    await connection.write(request("/small.txt"));
    assert.equal((await answerOf(connection, 5)).body.toString(), "small");
    assert.equal(await heard(connection), "");
    assert.equal(finished.length, 1);
  }));

test("who never asks is closed, and who takes too long to ask is told so", () =>
  served({ headTimeout: 20 }, async ({ dial }) => {
    using silent = await dial();
    assert.equal(await heard(silent), "");
    using slow = await dial();
    await slow.write(encode("GET /small.txt HTTP/1.1\r\nX: "));
    const writing = (async () => {
      // Whatever comes does not begin the time anew.
      for (;;) {
        await slow.write(encode("y"));
        await turns(50);
      }
    })().catch(() => {});
    assert.match(await heard(slow), /^HTTP\/1.1 408 .*Connection: close\r\n/s);
    slow.close();
    await writing;
  }));

test("who takes nothing of an answer is broken off, and no other", () =>
  served({ stallTimeout: 200 }, async ({ dial, finishedSoon, server }) => {
    using stalled = await dial();
    await stalled.write(request("/giant.bin"));
    using slow = await dial();
    await slow.write(request("/giant.bin"));
    const room = new Uint8Array(500_000);
    let isOver = false;
    const reading = (async () => {
      for (; !isOver; await turns()) await slow.read(room);
    })().catch(() => {});
    const [{ end, target, bytes: sent }] = await finishedSoon(1);
    assert.deepEqual({ end, target }, { end: "stalled", target: "/giant.bin" });
    assert.ok(sent > 0 && sent < GIANT);
    assert.equal(server.stats.connections, 1);
    isOver = true;
    await reading;
    assert.equal(await heard(stalled), "ECONNRESET");
  }));

test("there are no more connections than allowed; others wait until one ends", () =>
  served({ maxConnections: 2 }, async ({ dial, finishedSoon, finished, server }) => {
    const clients = [await dial(), await dial(), await dial()];
    for (const client of clients) await client.write(request("/small.txt"));
    await finishedSoon(2);
    await turns(50);
    assert.equal(finished.length, 2);
    assert.equal(server.stats.connections, 2);
    clients[0].close();
    await finishedSoon(3);
    assert.equal((await answerOf(clients[2], 5)).body.toString(), "small");
    for (const client of clients) client.close();
  }));

test("who has rested makes room for who waits, the longest first; nobody else does", () =>
  served({ maxConnections: 2, stallTimeout: 200 }, async ({ dial, finishedSoon, server }) => {
    const clients = [await dial(), await dial()];
    const [rested, other] = clients;
    await rested.write(request("/small.txt"));
    await answerOf(rested, 5);
    await finishedSoon(1);
    await other.write(request("/small.txt"));
    await answerOf(other, 5);
    using third = await dial();
    await third.write(request("/small.txt"));
    await answerOf(third, 5);
    assert.equal(await heard(rested), "");
    assert.equal(server.stats.connections, 2);
    await other.write(request("/small.txt"));
    await answerOf(other, 5);
    for (const client of clients) client.close();
  }));

test("who has not asked yet, or is being answered, does not make room", () =>
  served({ maxConnections: 2, stallTimeout: 30_000 }, async ({ dial, finished, server }) => {
    using silent = await dial();
    using busy = await dial();
    await busy.write(request("/huge.bin"));
    using waiting = await dial();
    await waiting.write(request("/small.txt"));
    const answer = answerOf(waiting, 5);
    await turns(50);
    assert.equal(server.stats.connections, 2);
    assert.equal(finished.length, 0);
    await silent.write(request("/small.txt"));
    await answerOf(silent, 5);
    await answer; // once that one has rested
    assert.equal(await heard(silent), "");
  }));

test("closing ends who rests at once, and who is served when that is done", () =>
  served({}, async ({ dial, finished, server }) => {
    using resting = await dial();
    await resting.write(request("/small.txt"));
    await answerOf(resting, 5);
    using busy = await dial();
    await busy.write(Buffer.concat([request("/huge.bin"), request("/small.txt")]));
    await busy.read(new Uint8Array(1000));
    const closing = server.close();
    assert.equal(await heard(resting), "");
    assert.ok(!server.closed);
    await assert.rejects(dial(), { code: "ECONNREFUSED" });
    assert.ok((await busy.readAll()).length > HUGE - 1000);
    busy.close(); // which is waited for
    await closing;
    assert.ok(server.closed);
    assert.deepEqual(finished.map(({ end }) => end), ["done", "done"]);
    await server.close();
  }));

test("a request that is there when it is closed is answered", () =>
  served({}, async ({ dial, server }) => {
    using client = await dial();
    await client.write(request("/small.txt"));
    await answerOf(client, 5);
    await client.write(request("/small.txt")); // and it is there at once, on this machine
    const closing = server.close();
    assert.match(await heard(client), /Connection: close\r\n.*small$/s);
    client.close();
    await closing;
  }));

test("a request that comes while it is closed is the last of its connection", () =>
  served({}, async ({ dial, server }) => {
    using late = await dial();
    const split = 20;
    const whole = request("/small.txt");
    await late.write(Buffer.concat([whole, whole.subarray(0, split)]));
    await answerOf(late, 5); // so the beginning of the second has come as well
    const closing = server.close();
    await late.write(whole.subarray(split));
    assert.match(await heard(late), /Connection: close\r\n.*small$/s);
    late.close();
    await closing;
  }));

for (const isTold of [false, true]) {
  const which = isTold ? "that is told to be the last" : "after which it is closed";
  test(`what is asked behind an answer ${which} takes nothing away from that`, () =>
    served({}, async ({ dial, server, finished, finishedSoon }) => {
      using client = await dial();
      setOptions(client, { receiveBuffer: 65_536 });
      await client.write(request("/small.txt"));
      await answerOf(client, 5);
      await finishedSoon(1);
      send(client, request("/huge.bin"));
      const early = isTold ? server.close() : undefined;
      const part = new Uint8Array(65_536);
      let got = await client.read(part);
      send(client, request("/small.txt"));
      const closing = early ?? server.close();
      while (finished.length === 1) got += await client.read(part);
      const rest = await client.readAll(); // which the kernel of the server still had
      assert.ok(got + rest.length > HUGE);
      assert.equal(finished.length, 2);
      client.close();
      await closing;
    }));
}

test("a body that comes while it is closed is the last of its connection", () =>
  served({ idleTimeout: Infinity }, async ({ dial, server }) => {
    using late = await dial();
    await late.write(request("/small.txt", "Content-Length: 4\r\n"));
    await answerOf(late, 5);
    const closing = server.close({ timeout: Infinity });
    await late.write(encode("body"));
    assert.equal(await heard(late), "");
    late.close();
    await closing;
  }));

// More than is read at once, and than is passed over.
const longBody = `Content-Length: 200000\r\n\r\n${"x".repeat(200_000)}`;
for (
  const [what, first, second] of [
    ["with a body", request("/small.txt", longBody), undefined],
    ["and another one behind it", request("/huge.bin"), request("/huge.bin")],
  ] as const
) {
  test(`who closes the server when told of a request ${what} breaks off no answer`, () => {
    const ends: string[] = [];
    const servers: StaticServer[] = [];
    const onFinish = ({ end }: FinishedExchange) => {
      ends.push(end);
      for (const server of servers) server.close();
    };
    return served({ onFinish }, async ({ dial, server }) => {
      servers.push(server);
      using client = await dial();
      await client.write(first);
      const one = await client.read(new Uint8Array(1));
      if (second !== undefined) await client.write(second);
      const rest = await client.readAll();
      client.close();
      await server.ended;
      assert.ok(rest.length > (second === undefined ? one : HUGE));
      assert.deepEqual(ends, ["done"]);
    });
  });
}

test("a request that is there when another's end closes the server is answered as well", () => {
  let count = 0;
  const servers: StaticServer[] = [];
  const onFinish = () => {
    if (++count > 2) { for (const server of servers) server.close(); }
  };
  return served({ onFinish }, async ({ dial, server }) => {
    servers.push(server);
    using one = await dial();
    using other = await dial();
    for (const client of [one, other]) {
      await client.write(request("/small.txt"));
      await answerOf(client, 5);
    }
    for (const client of [one, other]) send(client, request("/small.txt"));
    for (const client of [one, other]) {
      assert.match(await heard(client), /^HTTP.*small$/s);
      client.close();
    }
    await server.ended;
  });
});

const endings: [
  string,
  (server: ReturnType<typeof serveStatic>, end: AbortController) => unknown,
][] = [
  ["its time for closing is over", (server) => server.close({ timeout: 20 })],
  ["it is closed at once", (server) => server.close({ timeout: 0 })],
  ["it is disposed of", (server) => server[Symbol.dispose]()],
  ["its signal aborts", (_, end) => end.abort()],
];
for (const [when, how] of endings) {
  test(`what is under way is broken off when ${when}`, () => {
    const end = new AbortController();
    return served({ signal: end.signal }, async ({ dial, finished, server }) => {
      using busy = await dial();
      await busy.write(request("/huge.bin"));
      await busy.read(new Uint8Array(1000));
      const ended = how(server, end);
      await server.ended;
      await ended;
      assert.deepEqual(finished.map(({ end }) => end), ["closed"]);
      assert.ok((await heard(busy)).length < HUGE);
    });
  });
}

testNeeding(
  "curl",
  "a large file that is read as fast as can be keeps nobody waiting",
  () =>
    served({}, async ({ server, port, dial }) => {
      const reader = spawn("curl", ["-so", "/dev/null", `http://127.0.0.1:${port}/giant.bin`]);
      const sent = () => [...server.transfers()].find(({ length }) => length === GIANT)?.sent ?? 0;
      while (sent() === 0) await turns(1);
      using small = await dial();
      let most = 0;
      for (let i = 0; i < 20; i++) {
        let isAnswered = false;
        await small.write(request("/small.txt"));
        const answer = answerOf(small, 5).finally(() => isAnswered = true);
        while (!isAnswered) {
          const before = sent();
          await turns(1);
          most = Math.max(most, sent() - before);
        }
        assert.equal((await answer).body.toString(), "small");
      }
      assert.ok(sent() > 0, "the large file was done before");
      // Within a turn it is sent a chunk or two, of 2 MiB, and not what a socket takes in one call.
      assert.ok(most > 0 && most <= 8 * 2 ** 20, `${most}`);
      reader.kill();
      await once(reader, "exit");
    }),
);

test("who closes another server when told of an answer does not mix up their requests", () => {
  const other = serveStatic(folder);
  let theirs: Connection | undefined;
  const onFinish = () => {
    // Longer than what is still to be answered here, and read at once by who closes.
    if (!other.closing) send(theirs!, request("/none", `X: ${"x".repeat(5000)}\r\n`));
    other.close();
  };
  return served({ onFinish }, async ({ dial }) => {
    theirs = await connectTcp(other.address);
    await theirs.write(request("/small.txt"));
    await answerOf(theirs, 5);
    using ours = await dial();
    const asked = ["/small.txt", "/large.bin", "/small.txt", "/empty.txt"];
    await ours.write(Buffer.concat(asked.map((path) => request(path))));
    for (const length of [5, bytes.length, 5, 0]) {
      const { head, body } = await answerOf(ours, length);
      assert.match(head, new RegExp(`^HTTP/1.1 200 .*Content-Length: ${length}\r\n`, "s"));
      assert.equal(body.length, length);
    }
    theirs.close();
    await other.close();
  });
});

test("a socket that listens already is taken over", () =>
  withoutLeaks(async () => {
    const listener = listenTcp("127.0.0.1:0");
    const address = listener.localAddress;
    const server = serveStatic(folder, { listener });
    assert.ok(listener.closed);
    assert.deepEqual(server.address, address);
    assert.equal(await (await fetch(`${server.url}small.txt`)).text(), "small");
    await server.close();
    assert.throws(() => serveStatic(folder, { listener, address }), /address and listener/);
  }));

/** Takes all descriptors there are left, but for some. */
function takeAll(left: number): Disposable {
  const { soft, hard } = limit("openFiles");
  setLimit("openFiles", { soft: openDescriptors().at(-1)!.fd + 20, hard });
  const taken: OwnedFd[] = [];
  try {
    for (;;) taken.push(duplicate(2));
  } catch {
    // That was the last.
  }
  for (let i = 0; i < left; i++) taken.pop()!.close();
  return {
    [Symbol.dispose]() {
      for (const fd of taken) fd.close();
      setLimit("openFiles", { soft, hard });
    },
  };
}

test("where there are no descriptors left, connections and files are refused, and then served", () =>
  served({}, async ({ dial, server, finished }) => {
    using early = await dial();
    await early.write(request("/empty.txt"));
    await answerOf(early, 0);
    {
      using _ = takeAll(1); // for the client
      using refused = await dial();
      assert.match(await heard(refused), /^(ECONNRESET)?$/);
      assert.equal(server.stats.refused, 1);
      refused.close();
      using taken = duplicate(2);
      await early.write(request("/large.bin"));
      assert.match((await answerOf(early, 0)).head, /^HTTP\/1.1 503 /);
      const { end, error } = finished.at(-1)!;
      assert.deepEqual([end, (error as SyscallError | undefined)?.code], ["done", "EMFILE"]);
      taken.close();
    }
    using late = await dial();
    await late.write(request("/large.bin"));
    assert.ok((await answerOf(late, bytes.length)).body.equals(bytes));
  }));

const script = (last: string) => `
  import { serveStatic } from "@posixly/zerocopy/http";
  import { run, stop } from "@posixly/mux";
  const get = (server, path = "small.txt") => fetch(server.url + path).then((r) => r.text());
  const folder = ${JSON.stringify(folder)};
  ${last}
`;

test("it keeps the program alive, unless it is not to", async () => {
  const programs: [string, string][] = [
    [`const server = serveStatic(folder).unref(); console.log("on");`, "on\n"],
    [
      `const server = serveStatic(folder).unref();
       console.log(await get(server));
       server.unref();`,
      "small\n",
    ],
    [
      `const server = serveStatic(folder, { idleTimeout: 10 }).unref().ref();
       get(server).then((text) => { console.log(text); server.close(); });`,
      "small\n",
    ],
  ];
  for (const [last, output] of programs) {
    const { status, stdout, stderr } = await runFresh(script(last));
    assert.deepEqual({ status, stdout }, { status: 0, stdout: output }, stderr);
  }
});

test("what a log throws is uncaught, and nothing is the worse for it", async () => {
  const { stdout, status, stderr } = await runFresh(script(`
    import process from "node:process";
    let thrown = 0;
    process.on("uncaughtException", ({ message }) => thrown += message === "full");
    const server = serveStatic(folder, { onFinish() { throw new Error("full"); } });
    for (let i = 0; i < 3; i++) console.log(await get(server));
    await server.close();
    console.log(thrown);
  `));
  assert.deepEqual([stdout, status], ["small\nsmall\nsmall\n3\n", 0], stderr);
});

testNeeding(
  "curl",
  "it serves within run, where nothing else of the thread goes on",
  () =>
    withoutLeaks(() => {
      let count = 0;
      const server = serveStatic(folder, {
        idleTimeout: 50,
        onFinish({ status }) {
          assert.equal(status, 200);
          if (++count === 8) stop();
        },
      });
      // Cold files, and timers, need a clock that rings within run.
      const { syscall$preadv2 } = libc;
      let looks = 0;
      libc.syscall$preadv2 = (...args) => looks++ < 3 ? -errno.EAGAIN : syscall$preadv2(...args);
      const urls = ["large.bin", "small.txt", "empty.txt", "huge.bin"].map((name) =>
        server.url + name
      );
      const args = ["-s", ...urls.flatMap((url) => ["-o", "/dev/null", url])];
      const clients = [1, 2].map(() => spawn("curl", args));
      run();
      libc.syscall$preadv2 = syscall$preadv2;
      const ended = Promise.all(clients.map((client) => once(client, "exit")));
      const closing = server.close();
      run(); // until the last one has left
      assert.ok(server.closed);
      return Promise.all([closing, ended]).then(([, ended]) => {
        assert.deepEqual(ended, [[0, null], [0, null]]);
      });
    }),
);

test.run();
