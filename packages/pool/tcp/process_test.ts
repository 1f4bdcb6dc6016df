import assert from "node:assert/strict";
import { runFresh, testNeeding } from "@posixly/testing";
import { test } from "uvu";

for (const transport of ["connections", "nodeSockets"]) {
  test(`a program that has nothing but ${transport} at rest ends by itself`, async () => {
    const finished = await runFresh(`
      import { ${transport}, TcpPool } from "@posixly/pool/tcp";
      import { listenTcp } from "@posixly/socket";

      const listener = listenTcp("127.0.0.1:0");
      const pool = new TcpPool({ transport: ${transport}() });
      const leases = [];
      const servers = [];
      globalThis.kept = { listener, pool, servers }; // or the garbage collector would close them
      for (let i = 0; i < 3; i++) {
        leases.push(await pool.acquire(listener.localAddress));
        servers.push(await listener.accept());
      }
      for (const lease of leases) lease.release();
      console.log(pool.stats.idle, "at rest");
    `);
    assert.deepEqual(finished, { status: 0, signal: null, stdout: "3 at rest\n", stderr: "" });
  });

  test(`a program that waits for something on one of ${transport} does not`, async () => {
    const { status, stdout } = await runFresh(`
      import { ${transport}, TcpPool } from "@posixly/pool/tcp";
      import { listenTcp } from "@posixly/socket";
      import { spawn } from "node:child_process";
      import { once } from "node:events";

      const listener = listenTcp("127.0.0.1:0");
      const pool = new TcpPool({ transport: ${transport}() });
      (await pool.acquire(listener.localAddress)).release(); // so that it has rested
      const server = await listener.accept();
      const lease = await pool.acquire(listener.localAddress);
      // It is said by a program that nobody here waits for.
      const stdio = ["ignore", "ignore", "ignore", server.fd];
      spawn("sh", ["-c", "printf abc >&3"], { stdio }).unref();
      const { value } = lease;
      const got = "chunks" in value
        ? await value.read(new Uint8Array(8))
        : (await once(value, "data"))[0].length;
      console.log(got, "bytes", lease.uses);
      lease.discard();
    `);
    assert.deepEqual({ status, stdout }, { status: 0, stdout: "3 bytes 2\n" });
  });
}

/** What is run where nobody else is, as root. */
const halfOpen = (transport: string) => `
  import { ${transport}, TcpPool } from "@posixly/pool/tcp";
  import { listenTcp } from "@posixly/socket";
  import { execFileSync } from "node:child_process";

  const ip = (line) => execFileSync("ip", line.split(" "), { stdio: ["ignore", "ignore", "inherit"] });
  ip("link set lo up");
  ip("address add 10.1.1.1/32 dev lo");

  const listener = listenTcp("10.1.1.1:0");
  const options = { keepIdle: 1, keepInterval: 1, keepCount: 100, userTimeout: 2000 };
  const transport = ${transport}(${transport === "connections" ? "options" : "{ options }"});
  const pool = new TcpPool({ transport, idleTimeout: Infinity });
  const lease = await pool.acquire(listener.localAddress);
  const server = await listener.accept();
  lease.release();

  // From now on nothing reaches the other side, and nobody is told so.
  ip("rule add pref 10 lookup local");
  ip("rule delete pref 0");
  ip("rule add pref 5 to 10.1.1.1 blackhole");

  const begun = performance.now();
  const keepAlive = setInterval(() => {}, 1000);
  const reason = await new Promise((resolve) => pool.on("destroyed", ({ reason }) => resolve(reason)));
  clearInterval(keepAlive);
  const seconds = (performance.now() - begun) / 1000;
  // A probe is sent each second, and the time is looked at when one is.
  console.log(reason, seconds > 0.9 && seconds < 4.5 ? "in time" : seconds);
  server.close();
  listener.close();
`;

for (const transport of ["connections", "nodeSockets"]) {
  testNeeding(
    ["unshare", "ip"],
    `one of ${transport} whose other side has vanished without a word is found out in time`,
    async () => {
      const finished = await runFresh(halfOpen(transport), { through: ["unshare", "--net"] });
      assert.deepEqual(finished, {
        status: 0,
        signal: null,
        stdout: "invalid in time\n",
        stderr: "",
      });
    },
  );
}

test.run();
