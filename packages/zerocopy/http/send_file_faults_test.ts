import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { Duplex } from "node:stream";
import { errno } from "@posixly/sys";
import { turns } from "@posixly/testing";
import { sendFile } from "@posixly/zerocopy/http";
import { test } from "uvu";
import { libc } from "../libc.ts";
import { withSpareDescriptors } from "../spare_descriptors_fixture.ts";
import { ask, bodyOf, byName, bytes, dial, folder, request, serving } from "./site_fixture.ts";

const large = `${folder}/large.bin`;

/** Has sendfile(2) do something else for as long as something runs. */
async function withSendfile(
  replaced: (call: typeof libc.sendfile, calls: number) => typeof libc.sendfile,
  run: () => Promise<void>,
): Promise<void> {
  const { sendfile } = libc;
  let calls = 0;
  libc.sendfile = (...args) => replaced(sendfile, ++calls)(...args);
  try {
    await run();
  } finally {
    libc.sendfile = sendfile;
  }
}

test("a disk that fails ends the connection, and the error says so", () =>
  withSendfile((call, calls) => calls > 2 ? () => -errno.EIO : call, () =>
    serving(
      async (response, { url }) => {
        const sending = sendFile(response, large, { chunk: 100_000 });
        if (url === "/next") return await sending;
        await assert.rejects(sending, { code: "EIO" });
      },
      async ({ port, sent }) => {
        using client = await dial(port);
        await client.write(Buffer.concat([request("/"), request("/next")]));
        const body = bodyOf(await client.readAll());
        assert.equal(body.length, 200_000); // and no second answer
        assert.ok(body.equals(bytes.subarray(0, body.length)));
        while (sent.length < 1) await turns(1);
        assert.deepEqual([sent[0].bytes, sent[0].isComplete], [0, false]);
      },
    )));

test("a connection that breaks is a client that has left", async () => {
  for (const code of ["EPIPE", "ECONNRESET", "ETIMEDOUT"] as const) {
    await withSendfile(
      (call, calls) => calls > 1 ? () => -errno[code] : call,
      () =>
        serving(byName({ chunk: 100_000 }), async ({ port, sent }) => {
          using client = await dial(port);
          await client.write(request("/large.bin"));
          assert.equal(bodyOf(await client.readAll()).length, 100_000);
          const path = "sendfile";
          assert.deepEqual(sent, [{ status: 200, bytes: 100_000, path, isComplete: false }]);
        }),
    );
  }
});

test("calls that are interrupted, or move little, are made again", () =>
  withSendfile(
    (call, calls) => (to, file, at, length) => {
      if (calls % 3 === 0) return -errno.EINTR;
      return call(to, file, at, Math.min(length, calls * 1000));
    },
    () =>
      serving(byName(), async ({ port }) => {
        assert.ok((await ask(port, "/large.bin")).body.equals(bytes));
      }),
  ));

test("what sendfile refuses is read and written, and the result says so", () =>
  withSendfile(() => () => -errno.EINVAL, () =>
    serving(byName(), async ({ port, sent }) => {
      assert.ok((await ask(port, "/large.bin")).body.equals(bytes));
      const path = "stream";
      assert.deepEqual(sent, [{ status: 200, bytes: bytes.length, path, isComplete: true }]);
    })));

test("without a descriptor left the client is told to come again, with or without a root", () =>
  serving(
    (response, { url }) => {
      if (url === "/warm") return sendFile(response, large);
      return withSpareDescriptors(
        0,
        () =>
          url === "/root"
            ? sendFile(response, "large.bin", { root: folder })
            : sendFile(response, large),
      );
    },
    async ({ port }) => {
      assert.equal((await ask(port, "/warm")).status, 200);
      for (const url of ["/root", "/"]) {
        const { status, headers } = await ask(port, url);
        assert.deepEqual([status, headers["retry-after"]], [503, "1"]);
      }
    },
  ));

test("a connection that has no descriptor is written to as any other", () =>
  serving(byName(), async ({ server, sent }) => {
    const front = createServer((socket) => {
      server.emit("connection", Duplex.from({ readable: socket, writable: socket }));
    });
    front.listen(0, "127.0.0.1");
    await once(front, "listening");
    const { body } = await ask((front.address() as AddressInfo).port, "/large.bin");
    assert.ok(body.equals(bytes));
    assert.equal(sent[0].path, "stream");
    front.close();
    await once(front, "close");
  }));

test.run();
