import assert from "node:assert/strict";
import { once } from "node:events";
import http, { type IncomingMessage } from "node:http";
import https from "node:https";
import { text } from "node:stream/consumers";
import { runFresh, testNeeding, turns, withoutLeaks } from "@posixly/testing";
import { test } from "uvu";
import { certificate } from "../tcp/certificate_fixture.ts";
import { nginx } from "../tcp/nginx_fixture.ts";
import { PooledAgent } from "./agent.ts";

/** Asks nginx, which answers with the numbers of the connection and of the request on it. */
async function ask(secure: boolean, options: http.RequestOptions): Promise<[number, number]> {
  const request = (secure ? https : http).get({ host: "localhost", ...options });
  const [response] = await once(request, "response") as [IncomingMessage];
  const [connection, count] = (await text(response)).split(" ").map(Number);
  return [connection, count];
}

for (const secure of [false, true]) {
  const protocol = secure ? "https" : "http";

  testNeeding(
    "nginx",
    `${protocol}: nginx ends connections all the time, and no request fails`,
    () =>
      withoutLeaks(async () => {
        const server = await nginx("keepalive_requests 10; keepalive_timeout 3s 3s;");
        const agent = new PooledAgent({ maxSockets: 8, tls: secure && { ca: certificate } });
        const port = secure ? server.tlsPort : server.port;
        const perConnection = new Map<number, number>();
        let most = 0;
        const client = async () => {
          for (let i = 0; i < 60; i++) {
            const [connection, count] = await ask(secure, { port, agent });
            most = Math.max(most, agent.stats.size);
            assert.equal(count, (perConnection.get(connection) ?? 0) + 1); // in turn
            perConnection.set(connection, count);
          }
        };
        await Promise.all(Array.from({ length: 20 }, client));
        assert.equal([...perConnection.values()].reduce((a, b) => a + b), 1200);
        assert.ok(Math.max(...perConnection.values()) <= 10);
        assert.equal(most, 8);
        assert.ok(perConnection.size >= 120 && perConnection.size < 150, `${perConnection.size}`);
        await agent.close();
        await server.stop();
      }),
  );
}

testNeeding(
  "nginx",
  "each end of a connection at rest is heard, and requests get new ones",
  () =>
    withoutLeaks(async () => {
      // Of neither does it tell anybody; the second is for those by which nothing was asked.
      const server = await nginx("keepalive_timeout 500ms; client_header_timeout 500ms;");
      const { port } = server;
      const agent = new PooledAgent({ maxSockets: 10, idleTimeout: 60_000 });
      for (let burst = 0; burst < 3; burst++) {
        await Promise.all(Array.from({ length: 10 }, () => ask(false, { port, agent })));
        assert.ok(agent.stats.idle > 0);
        while (agent.stats.size > 0) await turns(1); // nothing is asked for meanwhile
      }
      await agent.close();
      await server.stop();
    }),
);

testNeeding(
  "nginx",
  "lifo leaves connections to rest for good, fifo uses all alike",
  () =>
    withoutLeaks(async () => {
      const server = await nginx();
      const { port } = server;
      for (const scheduling of ["lifo", "fifo"] as const) {
        const agent = new PooledAgent({ maxSockets: 4, scheduling });
        await Promise.all(Array.from({ length: 40 }, () => ask(false, { port, agent })));
        while (agent.stats.creating > 0) await turns(1);
        const { idle } = agent.stats;
        const seen = new Set<number>();
        for (let i = 0; i < 12; i++) seen.add((await ask(false, { port, agent }))[0]);
        assert.equal(seen.size, scheduling === "lifo" ? 1 : idle, scheduling);
        await agent.close();
      }
      await server.stop();
    }),
);

testNeeding(
  "nginx",
  "maxFreeSockets, maxUses: what is more, or was used as often, is closed",
  () =>
    withoutLeaks(async () => {
      const server = await nginx();
      const { port } = server;
      const few = new PooledAgent({ maxFreeSockets: 2 });
      await Promise.all(Array.from({ length: 6 }, () => ask(false, { port, agent: few })));
      while (few.stats.creating > 0) await turns(1);
      assert.ok(few.stats.size <= 2);
      await few.close();

      const brief = new PooledAgent({ maxUses: 3 });
      const counts: number[] = [];
      for (let i = 0; i < 9; i++) counts.push((await ask(false, { port, agent: brief }))[1]);
      assert.deepEqual(counts, [1, 2, 3, 1, 2, 3, 1, 2, 3]);
      await brief.close();
      await server.stop();
    }),
);

testNeeding(
  "nginx",
  "thousands of requests leave no descriptor behind",
  () =>
    withoutLeaks(async () => {
      const server = await nginx("keepalive_requests 100000;");
      const { port } = server;
      const agent = new PooledAgent({ maxSockets: 4 });
      const seen = new Set<number>();
      const client = async () => {
        for (let i = 0; i < 400; i++) seen.add((await ask(false, { port, agent }))[0]);
      };
      await Promise.all(Array.from({ length: 8 }, client));
      assert.equal(seen.size, 4);
      assert.equal(agent.stats.acquired, 3_200);
      await agent.close();
      await server.stop();
    }),
);

test("a program that has nothing but an agent with connections at rest ends by itself", async () => {
  const finished = await runFresh(`
    import { PooledAgent } from "@posixly/pool/http";
    import { once } from "node:events";
    import http from "node:http";

    const server = http.createServer({ keepAliveTimeout: 60_000 }, (_, response) => response.end());
    server.on("connection", (socket) => socket.unref()).listen(0, "127.0.0.1");
    await once(server, "listening");
    const agent = new PooledAgent({ idleTimeout: 60_000 });
    const { port } = server.address();
    const ask = async () => {
      const [response] = await once(http.get({ port, host: "127.0.0.1", agent }), "response");
      await response.toArray();
    };
    await Promise.all([ask(), ask(), ask()]);
    console.log(agent.stats.idle, "at rest");
    server.unref();
  `);
  assert.deepEqual(finished, { status: 0, signal: null, stdout: "3 at rest\n", stderr: "" });
});

test.run();
