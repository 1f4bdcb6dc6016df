import assert from "node:assert/strict";
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import process from "node:process";
import { runFresh, testWhere, turns, withoutLeaks } from "@posixly/testing";
import { test } from "uvu";
import {
  bind,
  connectSeqpacket,
  connectUnix,
  getOption,
  listenSeqpacket,
  listenUnix,
  localAddress,
  remoteAddress,
  Socket,
  socket,
  unixDatagram,
} from "@posixly/socket";

const folder = mkdtempSync("/tmp/posixly-connections-");
test.after(() => rmSync(folder, { recursive: true }));

let names = 0;
/** A path that no other test has, and no other process. */
const fresh = () => `${folder}/${names++}`;

const ways = {
  stream: { listen: listenUnix, connect: connectUnix },
  seqpacket: { listen: listenSeqpacket, connect: connectSeqpacket },
};

for (const [type, { listen, connect }] of Object.entries(ways)) {
  test(`${type}: two meet at a path, an abstract name, or one that the kernel chooses`, () =>
    withoutLeaks(async () => {
      const path = fresh();
      const places = [
        path,
        `unix:${fresh()}`,
        new URL(`file://${fresh()}`).pathname,
        { family: "unix", path: new TextEncoder().encode(fresh()) } as const,
        { family: "unix", abstract: fresh() } as const,
        `unix:@${fresh()}`,
        { family: "unix" } as const,
      ];
      for (const place of places) {
        using listener = listen(place);
        const isUnnamed = typeof place === "object" && Object.keys(place).length === 1;
        using client = await connect(isUnnamed ? listener.localAddress : place);
        using server = await listener.accept();
        assert.deepEqual(client.remoteAddress, listener.localAddress);
        assert.deepEqual(server.localAddress, listener.localAddress);
        assert.deepEqual(server.remoteAddress, { family: "unix" });
      }
    }));

  test(`${type}: the client may have a name, whose file goes with him`, () =>
    withoutLeaks(async () => {
      using listener = listen({ family: "unix" });
      const from = fresh();
      {
        using _client = await connect(listener.localAddress, { from });
        using server = await listener.accept();
        assert.deepEqual(server.remoteAddress, { family: "unix", path: from });
        assert.ok(lstatSync(from).isSocket());
      }
      assert.ok(!existsSync(from));
    }));

  test(`${type}: nobody there is an error with the address, and leaves nothing`, () =>
    withoutLeaks(async () => {
      const path = fresh();
      const address = `unix:${path}`;
      await assert.rejects(connect(path), { code: "ENOENT", syscall: "connect", address });
      const dead = socket("unix", type as "stream");
      bind(dead, address);
      dead.close();
      await assert.rejects(connect(path), { code: "ECONNREFUSED", address });
      using other = unixDatagram(fresh());
      await assert.rejects(connect(other.localAddress), { code: "EPROTOTYPE" });
      const wrong = ["127.0.0.1:80", { family: "ipv4", host: "127.0.0.1", port: 80 }];
      for (const to of [wrong[1], null, 7]) await assert.rejects(connect(to as string), TypeError);
      await assert.rejects(connect(wrong[0] as string), { code: "ENOENT" }); // it is a path as well
      await assert.rejects(connect(path, { form: path } as object), TypeError);
      assert.throws(() => listen(path, { replaceStale: 1 } as object), TypeError);
      assert.throws(() => listen(path, { backLog: 1 } as object), TypeError);
      assert.throws(() => listen(`${path}/no/such`), { code: "ENOTDIR" });
    }));

  test(`${type}: a full queue is tried again until there is room, and can be given up`, () =>
    withoutLeaks(async () => {
      using listener = listen({ family: "unix" }, { backlog: 0 });
      const address = listener.localAddress;
      using _first = await connect(address);
      await assert.rejects(connect(address, { timeout: 5 }), { name: "TimeoutError" });
      const reason = new Error("enough");
      const controller = new AbortController();
      const waiting = assert.rejects(connect(address, { signal: controller.signal }), reason);
      await turns(50);
      controller.abort(reason);
      await waiting;
      const late = [1, 2, 3].map(() => connect(address));
      await turns(50);
      for (let i = 0; i < 4; i++) (await listener.accept()).close();
      for (const client of await Promise.all(late)) client.close();

      using _last = await connect(address);
      const refused = assert.rejects(connect(address), { code: "ECONNREFUSED" });
      await turns(50);
      listener.close(); // with those who wait
      await refused;
    }));

  test(`${type}: a file is removed with its listener, if it is still its own`, () =>
    withoutLeaks(() => {
      const path = fresh();
      listen(path).close();
      assert.ok(!existsSync(path));

      const first = listen(path);
      unlinkSync(path);
      const second = listen(path); // in its place
      first.close();
      assert.ok(existsSync(path));
      second.close();
      assert.ok(!existsSync(path));

      const moved = listen(path);
      renameSync(path, `${path}-moved`);
      moved.close();
      assert.ok(existsSync(`${path}-moved`));

      const gone = listen(path);
      unlinkSync(path);
      gone.close(); // which is no error

      const link = fresh();
      const kept = listen(path);
      symlinkSync(path, link);
      const released = new Socket(kept.release());
      released.close();
      assert.ok(existsSync(link), "who is released keeps it");
    }));

  test(`${type}: what a dead program has left may be replaced, and nothing else`, () =>
    withoutLeaks(async () => {
      const path = fresh();
      const dead = listen(path);
      new Socket(dead.release()).close();
      assert.throws(() => listen(path), { code: "EADDRINUSE" });
      using alive = listen(path, { replaceStale: true });
      (await connect(path)).close();
      (await alive.accept()).close();

      const again = { replaceStale: true };
      assert.throws(() => listen(path, again), { code: "EADDRINUSE" });
      const file = fresh();
      writeFileSync(file, "precious");
      assert.throws(() => listen(file, again), { code: "EADDRINUSE" });
      const link = fresh();
      symlinkSync(fresh(), link);
      assert.throws(() => listen(link, again), { code: "EADDRINUSE" });
      const early = fresh();
      using bound = socket("unix", type as "stream" | "seqpacket");
      bind(bound, { family: "unix", path: early }); // and is about to listen
      assert.throws(() => listen(early, again), { code: "EADDRINUSE" });
      const other = fresh();
      using _other = unixDatagram(other);
      assert.throws(() => listen(other, again), { code: "EADDRINUSE" }); // of another type
      assert.ok(existsSync(file) && lstatSync(link).isSymbolicLink() && existsSync(other));
    }));

  test(`${type}: options are set before there is an address`, () =>
    withoutLeaks(async () => {
      const options = { options: { sendBuffer: 50_000, passCredentials: true } };
      using listener = listen({ family: "unix" }, options);
      using client = await connect(listener.localAddress, options);
      for (const each of [listener, client]) {
        assert.equal(getOption(each, "sendBuffer"), 100_000);
        assert.equal(getOption(each, "passCredentials"), true);
      }
      assert.deepEqual(Object.keys(remoteAddress(client)!), ["family", "abstract"]);
      assert.notEqual(
        (localAddress(client) as { abstract?: string }).abstract,
        undefined,
        "who wants credentials is given a name by the kernel",
      );
    }));

  test(`${type}: a thousand connections leave nothing`, () =>
    withoutLeaks(async () => {
      using listener = listen(fresh(), { backlog: 8 });
      const serving = (async () => {
        for await (const connection of listener) connection.close();
      })();
      const once = async () => (await connect(listener.localAddress)).close();
      for (let i = 0; i < 500; i++) await once();
      for (let i = 0; i < 5; i++) await Promise.all(Array.from({ length: 100 }, once));
      listener.close();
      await serving;
    }));
}

testWhere(process.getuid?.() === 0, "root", "a path that we may not use is EACCES", async () => {
  const path = fresh();
  using _listener = listenUnix(path);
  chmodSync(folder, 0o700);
  const { stdout, stderr } = await runFresh(
    `
    import process from "node:process";
    import { connectUnix, listenUnix } from "@posixly/socket";
    const [path] = process.argv.slice(2);
    await connectUnix(path).catch(({ code }) => console.log(code)); // as root
    process.setgid(65534);
    process.setuid(65534);
    await connectUnix(path).catch(({ code }) => console.log(code));
    try {
      listenUnix(path + "-mine");
    } catch ({ code }) {
      console.log(code);
    }
    process.exit();
  `,
    { args: [path] },
  );
  assert.deepEqual([stderr, stdout], ["", "EACCES\nEACCES\n"]);
});

test.run();
