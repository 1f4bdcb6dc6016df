// What a server does when the kernel takes little, has little in memory, or fails.
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { readFileSync, truncateSync, writeFileSync } from "node:fs";
import {
  type Connection,
  getOption,
  type Listener,
  listenTcp,
  setOptions,
  tcpInfo,
} from "@posixly/socket";
import { errno } from "@posixly/sys";
import { turns } from "@posixly/testing";
import { test } from "uvu";
import { testOnDisk } from "../disk_fixture.ts";
import { libc } from "../libc.ts";
import { served } from "./serve_fixture.ts";
import { answerOf, bytes, folder, HUGE, request } from "./site_fixture.ts";

truncateSync(`${folder}/huge.bin`, HUGE);

/** Has the kernel answer otherwise for as long as something runs. */
async function replacing<N extends keyof typeof libc>(
  name: N,
  replacement: (call: (typeof libc)[N]) => (typeof libc)[N],
  run: () => Promise<void>,
): Promise<void> {
  const own = libc[name];
  libc[name] = replacement(own);
  try {
    await run();
  } finally {
    libc[name] = own;
  }
}

/** Reads up to the end, which may be that it was broken off. */
async function heard(connection: Connection): Promise<string> {
  try {
    return Buffer.from(await connection.readAll()).toString();
  } catch (error) {
    return (error as { code: string }).code;
  }
}

test("whatever little the kernel takes at once, interrupted or not, no byte is lost", () =>
  served({ chunk: 200_000 }, async ({ dial }) => {
    let calls = 0;
    const fitful = (all: number, call: (length: number) => number) => {
      calls++;
      if (calls % 3 === 0) return -errno.EINTR;
      if (calls % 5 === 0) return -errno.EAGAIN;
      return call(Math.min(all, 777 * calls));
    };
    await replacing(
      "send",
      (call) => (to, from, length, flags) =>
        fitful(length, (n) => call(to, from, Math.min(n, n % 150 + 1), flags)),
      () =>
        replacing(
          "recv",
          (call) => (from, into, length, flags) =>
            fitful(length, (n) => call(from, into, Math.min(n, n % 50 + 1), flags)),
          () =>
            replacing("sendfile", (call) => (to, from, offset, length) =>
              fitful(length, (n) =>
                call(to, from, offset, n)), async () => {
              using connection = await dial();
              for (let i = 0; i < 5; i++) {
                const several = "Range: bytes=0-9,1000000-1100000,-5\r\n";
                const ask = [
                  request("/small.txt"),
                  request("/large.bin"),
                  request("/large.bin", several),
                ];
                await connection.write(Buffer.concat(ask));
                assert.equal((await answerOf(connection, 5)).body.toString(), "small");
                assert.ok((await answerOf(connection, bytes.length)).body.equals(bytes));
                const { head } = await answerOf(connection, 0);
                const length = Number(/Content-Length: (\d+)/.exec(head)![1]);
                const body = Buffer.alloc(length);
                for (let at = 0; at < length;) {
                  at += await connection.read(body.subarray(at));
                }
                assert.ok(body.includes(bytes.subarray(1_000_000, 1_100_001)));
                assert.ok(body.includes(bytes.subarray(-5)));
              }
            }),
        ),
    );
  }));

/** A listener whose connections have that congestion control. */
function listenerWith(congestion: string): Listener {
  const listener = listenTcp("127.0.0.1:0");
  setOptions(listener, { congestion });
  return listener;
}

test("a long answer goes out in full packets, whatever the chunk, and its last bytes at once", () =>
  served({ chunk: 4096, listener: listenerWith("reno") }, async ({ dial }) => {
    using connection = await dial();
    for (let i = 1; i <= 3; i++) {
      await connection.write(request("/large.bin"));
      assert.ok((await answerOf(connection, bytes.length)).body.equals(bytes));
      const { dataSegmentsReceived } = tcpInfo(connection);
      assert.ok(dataSegmentsReceived < i * bytes.length / 4096 / 2, `${dataSegmentsReceived}`);
    }
  }));

test("packets that are not full are not held back from BBR, which would slow down", async () => {
  const controls = readFileSync("/proc/sys/net/ipv4/tcp_allowed_congestion_control", "utf8");
  for (const congestion of controls.trim().split(" ")) {
    const corked: boolean[] = [];
    await served(
      { listener: listenerWith(congestion) },
      ({ dial }) =>
        replacing("sendfile", (call) => (to, from, offset, length) => {
          corked.push(getOption(to, "cork"));
          return call(to, from, offset, length);
        }, async () => {
          using connection = await dial();
          await connection.write(request("/huge.bin"));
          await connection.read(new Uint8Array(1));
        }),
    );
    assert.ok(corked.length > 0);
    assert.ok(corked.every((isCorked) => isCorked === !congestion.startsWith("bbr")), congestion);
  }
});

testOnDisk(
  "what is not in memory is waited for, and not by anybody else",
  () =>
    served({}, async ({ dial, finishedSoon }) => {
      let isCold = true;
      const cold: number[] = [];
      await replacing(
        "syscall$preadv2",
        (call) => (number, file, vector, count, offset, upper, flags) => {
          const isOfLarge = Number(offset) > 0 || new Int32Array(vector!.buffer)[2] === 1;
          if (!isCold || !isOfLarge) return call(number, file, vector, count, offset, upper, flags);
          cold.push(Number(offset));
          return -errno.EAGAIN;
        },
        async () => {
          using waiting = await dial();
          await waiting.write(request("/large.bin"));
          using other = await dial();
          for (let i = 0; i < 10; i++) {
            await other.write(request("/small.txt"));
            assert.equal((await answerOf(other, 5)).body.toString(), "small");
          }
          assert.equal((await finishedSoon(10)).length, 10);
          while (cold.length < 3) await turns();
          isCold = false;
          assert.ok((await answerOf(waiting, bytes.length)).body.equals(bytes));
        },
      );
    }),
);

test("a file that was in memory is not looked at again in the same second", () =>
  served({}, async ({ dial }) => {
    let looks = 0;
    await replacing("syscall$preadv2", (call) => (...args) => {
      looks++;
      return call(...args);
    }, async () => {
      using connection = await dial();
      for (const [name, most] of [["middle.bin", 20], ["large.bin", 500]] as const) {
        const content = bytes.subarray(0, name === "middle.bin" ? 100_000 : undefined);
        writeFileSync(`${folder}/${name}`, content);
        looks = 0;
        for (let i = 0; i < 50; i++) {
          await connection.write(request(`/${name}`));
          assert.ok((await answerOf(connection, content.length)).body.equals(content));
        }
        assert.ok(looks > 0 && looks < most, `${looks} looks`);
      }
    });
  }));

test("the only client is sent more in a turn than one of several", () =>
  served({}, async ({ server, dial }) => {
    const asked: number[] = [];
    await replacing("sendfile", (call) => (to, from, offset, length) => {
      asked.push(length);
      return call(to, from, offset, length);
    }, async () => {
      const most = async () => {
        asked.length = 0;
        using client = await dial();
        await client.write(request("/huge.bin"));
        while (asked.length < 3) await client.read(new Uint8Array(65_536));
        return Math.max(...asked);
      };
      assert.equal(await most(), 2 ** 23);
      while (server.stats.connections > 0) await turns(1);
      using _other = await dial();
      assert.equal(await most(), 2 ** 21);
    });
  }));

test("what sendfile refuses is read and written", () =>
  served({}, async ({ dial }) => {
    await replacing("sendfile", () => () => -errno.EINVAL, async () => {
      using connection = await dial();
      await connection.write(request("/large.bin"));
      assert.ok((await answerOf(connection, bytes.length)).body.equals(bytes));
    });
  }));

test("a disk that fails ends its connection, and is told", () =>
  served({}, async ({ dial, finishedSoon }) => {
    let calls = 0;
    await replacing(
      "sendfile",
      (call) => (...args) => calls++ === 0 ? call(...args) : -errno.EIO,
      async () => {
        using connection = await dial();
        await connection.write(request("/huge.bin"));
        assert.ok((await heard(connection)).length < HUGE);
      },
    );
    const [{ end, error }] = await finishedSoon(1);
    assert.deepEqual([end, (error as { code: string }).code], ["failed", "EIO"]);
  }));

test.run();
