import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { once } from "node:events";
import http, { type ClientRequest, type IncomingMessage, type RequestListener } from "node:http";
import https from "node:https";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import process from "node:process";
import { text } from "node:stream/consumers";
import { setImmediate } from "node:timers";
import { listenUnix } from "@posixly/socket";
import { turns, withoutLeaks } from "@posixly/testing";
import { test } from "uvu";
import { certificate, key } from "../tcp/certificate_fixture.ts";
import { PooledAgent } from "./agent.ts";

/** A server of node:http, which says for how long it keeps a connection if that is set. */
async function serve(listener: RequestListener, keepAliveTimeout = 60_000) {
  const server = http.createServer({ keepAliveTimeout }, listener);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  let connections = 0;
  server.on("connection", () => connections++);
  return {
    server,
    at: { host: "127.0.0.1", port },
    get connections() {
      return connections;
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

async function answerTo(request: ClientRequest): Promise<string> {
  const [response] = await once(request, "response") as [IncomingMessage];
  return await text(response);
}

/** Resolves when it is over for a request, also with an error. */
function closed(request: ClientRequest): Promise<void> {
  return new Promise((resolve) => void request.on("close", resolve));
}

const hello: RequestListener = (request, response) => void response.end(`hello ${request.url}`);

test("one request after the other goes over one connection", () =>
  withoutLeaks(async () => {
    const site = await serve(hello);
    const agent = new PooledAgent();
    for (let i = 0; i < 50; i++) {
      const request = http.get({ ...site.at, path: `/${i}`, agent });
      assert.equal(await answerTo(request), `hello /${i}`);
      assert.equal(request.reusedSocket, i > 0);
    }
    assert.equal(site.connections, 1);
    assert.equal(agent.stats.acquired, 50);
    await agent.close();
    await site.close();
  }));

test("requests beyond maxSockets wait, and are served in the order in which they came", () =>
  withoutLeaks(async () => {
    const order: string[] = [];
    const site = await serve((request, response) => {
      order.push(request.url!);
      setImmediate(() => response.end());
    });
    const agent = new PooledAgent({ maxSockets: 1 });
    const paths = Array.from({ length: 100 }, (_, i) => `/${i}`);
    await Promise.all(paths.map((path) => answerTo(http.get({ ...site.at, path, agent }))));
    assert.deepEqual(order, paths);
    assert.equal(site.connections, 1);
    await agent.close();
    await site.close();
  }));

test("there are never more connections than maxSockets to one server and maxTotalSockets in all", () =>
  withoutLeaks(async () => {
    let most = 0;
    const sites = [await serve(hello), await serve(hello), await serve(hello)];
    const agent = new PooledAgent({ maxSockets: 3, maxTotalSockets: 7 });
    await Promise.all(Array.from({ length: 300 }, async (_, i) => {
      const request = http.get({ ...sites[i % 3].at, agent });
      const [response] = await once(request, "response") as [IncomingMessage];
      most = Math.max(most, agent.stats.size);
      await text(response);
    }));
    assert.ok(most <= 7, `${most}`);
    assert.ok(most > 3);
    await agent.close();
    for (const site of sites) await site.close();
  }));

test("bodies go both ways, whether the server reads them or answers at once", () =>
  withoutLeaks(async () => {
    const site = await serve((request, response) => void request.pipe(response));
    const agent = new PooledAgent({ maxSockets: 3 });
    await Promise.all(Array.from({ length: 30 }, async (_, i) => {
      const body = String(i).repeat(20_000);
      const request = http.request({ ...site.at, method: "POST", agent });
      request.end(body);
      assert.equal(await answerTo(request), body);
    }));
    assert.ok(site.connections <= 3);
    await agent.close();
    await site.close();
  }));

test("a connection that the server wants to close is not used again", () =>
  withoutLeaks(async () => {
    const site = await serve((_, response) => {
      response.setHeader("Connection", "close");
      response.end("bye");
    });
    const agent = new PooledAgent();
    for (let i = 0; i < 5; i++) {
      const request = http.get({ ...site.at, agent });
      assert.equal(await answerTo(request), "bye");
      if (request.socket !== null && !request.socket.destroyed) await once(request.socket, "close");
      assert.equal(request.reusedSocket, false);
    }
    assert.equal(site.connections, 5);
    assert.equal(agent.stats.size, 0);
    await agent.close();
    await site.close();
  }));

test("a connection that the server keeps for too short a time is not used again", () =>
  withoutLeaks(async () => {
    const site = await serve(hello, 1_000); // it says timeout=1
    const agent = new PooledAgent();
    for (let i = 0; i < 3; i++) {
      const request = http.get({ ...site.at, path: "/", agent });
      assert.equal(await answerTo(request), "hello /");
      assert.equal(request.reusedSocket, false);
    }
    assert.equal(site.connections, 3);
    await agent.close();
    await site.close();
  }));

test("a server that dies takes its idle connections with it, and its successor gets new ones", () =>
  withoutLeaks(async () => {
    const site = await serve(hello);
    const agent = new PooledAgent();
    await Promise.all(
      Array.from({ length: 5 }, () => answerTo(http.get({ ...site.at, path: "/", agent }))),
    );
    assert.equal(agent.stats.idle, 5);
    // At once, before the event loop has heard of anything.
    site.server.closeAllConnections();
    const request = http.get({ ...site.at, path: "/", agent });
    assert.equal(await answerTo(request), "hello /");
    await agent.close();
    await site.close();
  }));

test("what a server sends unasked is never taken for the answer to the next request", () =>
  withoutLeaks(async () => {
    const sockets = new Set<Socket>();
    const poisoner = createServer((socket) => {
      sockets.add(socket.on("close", () => sockets.delete(socket)).on("error", () => {}));
      socket.on("data", () => {
        socket.write("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood");
        setImmediate(() => socket.write("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison"));
      });
    });
    poisoner.listen(0, "127.0.0.1");
    await once(poisoner, "listening");
    const { port } = poisoner.address() as AddressInfo;
    const agent = new PooledAgent();
    for (let i = 0; i < 50; i++) {
      assert.equal(await answerTo(http.get({ port, host: "127.0.0.1", agent })), "good");
      await turns(i % 5);
    }
    await agent.close();
    for (const socket of sockets) socket.destroy();
    poisoner.close();
    await once(poisoner, "close");
  }));

test("a request that is given up while it waits leaves the line at once", () =>
  withoutLeaks(async () => {
    const site = await serve(hello);
    const agent = new PooledAgent({ maxSockets: 1 });
    const [first] = await once(http.get({ ...site.at, agent }), "response") as [IncomingMessage];
    const controller = new AbortController();
    const { signal } = controller;
    const waiting = [
      http.get({ ...site.at, agent }),
      http.get({ ...site.at, agent, signal }),
      http.get({ ...site.at, agent }),
    ];
    assert.equal(agent.stats.waiting, 3);
    const reason = new Error("not wanted any more");
    const errors = waiting.slice(0, 2).map(async (request) => (await once(request, "error"))[0]);
    waiting[0].destroy(reason);
    controller.abort();
    await turns(1);
    assert.equal(agent.stats.waiting, 1);
    const [destroyed, aborted] = await Promise.all(errors);
    assert.equal(destroyed, reason);
    assert.equal(aborted.name, "AbortError");
    await text(first);
    assert.equal(await answerTo(waiting[2]), "hello /");
    await agent.close();
    await site.close();
  }));

test("a request that is given up before its first turn leaves the connection as it is", () =>
  withoutLeaks(async () => {
    const site = await serve(hello);
    const agent = new PooledAgent();
    await answerTo(http.get({ ...site.at, agent }));
    const request = http.get({ ...site.at, agent });
    request.on("error", () => {});
    request.destroy();
    await closed(request);
    await answerTo(http.get({ ...site.at, agent }));
    assert.ok(site.connections <= 2);
    assert.ok(agent.stats.idle >= 1);
    await agent.close();
    await site.close();
  }));

test("a request that is given up in the middle of its answer takes its connection with it", () =>
  withoutLeaks(async () => {
    const site = await serve((_, response) => {
      response.writeHead(200, { "Content-Length": 1000 });
      response.write("a part");
    });
    const agent = new PooledAgent({ maxSockets: 1 });
    for (let i = 0; i < 5; i++) {
      const request = http.get({ ...site.at, agent });
      request.on("error", () => {});
      const [response] = await once(request, "response") as [IncomingMessage];
      response.on("error", () => {});
      response.destroy();
      await closed(request);
    }
    assert.equal(site.connections, 5);
    await agent.close();
    await site.close();
  }));

test("an answer that breaks off is an error of that request alone", () =>
  withoutLeaks(async () => {
    const site = await serve((request, response) => {
      if (request.url === "/broken") request.socket.destroy();
      else response.end("whole");
    });
    const agent = new PooledAgent({ maxSockets: 1 });
    const paths = ["/", "/broken", "/", "/broken", "/"];
    const answers = await Promise.all(
      paths.map((path) =>
        answerTo(http.get({ ...site.at, path, agent })).catch(({ code }) => code)
      ),
    );
    assert.deepEqual(answers, ["whole", "ECONNRESET", "whole", "ECONNRESET", "whole"]);
    await agent.close();
    await site.close();
  }));

test("a request that has been sent is sent once, even if it gets no answer", () =>
  withoutLeaks(async () => {
    const seen: string[] = [];
    const site = await serve((request, response) => {
      seen.push(`${request.method} ${request.url}`);
      if (request.method === "POST") request.socket.destroy();
      else response.end();
    });
    const agent = new PooledAgent();
    await answerTo(http.get({ ...site.at, path: "/", agent }));
    const order = http.request({ ...site.at, path: "/order", method: "POST", agent });
    order.end("one, please");
    assert.equal((await once(order, "error"))[0].code, "ECONNRESET");
    assert.ok(order.reusedSocket);
    await answerTo(http.get({ ...site.at, path: "/", agent }));
    assert.deepEqual(seen, ["GET /", "POST /order", "GET /"]);
    await agent.close();
    await site.close();
  }));

test("who waits too long is told so, and so is who comes to a line that is full", () =>
  withoutLeaks(async () => {
    const site = await serve(hello);
    const agent = new PooledAgent({ maxSockets: 1, acquireTimeout: 5, maxWaiters: 1 });
    const [first] = await once(http.get({ ...site.at, agent }), "response") as [IncomingMessage];
    const late = http.get({ ...site.at, agent });
    const refused = http.get({ ...site.at, agent });
    assert.equal((await once(refused, "error"))[0].code, "TOO_MANY_WAITERS");
    assert.equal((await once(late, "error"))[0].code, "ACQUIRE_TIMEOUT");
    await text(first);
    await agent.close();
    await site.close();
  }));

test("a request that hears nothing for long is told by `timeout`, by its own or the agent's", () =>
  withoutLeaks(async () => {
    const site = await serve(() => {}); // it never answers
    for (const [ofAgent, ofRequest] of [[5, undefined], [undefined, 5], [60_000, 5]]) {
      const agent = new PooledAgent({ timeout: ofAgent });
      const request = http.get({ ...site.at, agent, timeout: ofRequest });
      request.on("error", () => {});
      await once(request, "timeout");
      request.destroy();
      await closed(request);
      await agent.close();
    }
    await site.close();
  }));

test("so is a request that gets no connection for long", () =>
  withoutLeaks(async () => {
    const silent = createServer((socket) => void socket.on("error", () => {}).resume());
    silent.listen(0, "127.0.0.1");
    await once(silent, "listening");
    const { port } = silent.address() as AddressInfo;
    for (const [ofAgent, ofRequest] of [[5, undefined], [undefined, 5]]) {
      const agent = new PooledAgent({ tls: true, timeout: ofAgent });
      const request = https.get({ host: "127.0.0.1", port, agent, timeout: ofRequest });
      request.on("error", () => {});
      await once(request, "timeout");
      assert.equal(agent.stats.creating, 1);
      request.destroy();
      await closed(request);
      agent.destroy();
      await agent.close();
    }
    silent.close();
    await once(silent, "close");
  }));

test("a time that was for one request is not for the next", () =>
  withoutLeaks(async () => {
    const site = await serve(hello);
    const agent = new PooledAgent();
    const hasty = http.get({ ...site.at, agent, timeout: 60_000 });
    const [socket] = await once(hasty, "socket") as [Socket];
    assert.equal(socket.timeout, 60_000);
    await answerTo(hasty);
    const patient = http.get({ ...site.at, agent });
    assert.equal((await once(patient, "socket"))[0], socket);
    assert.equal(socket.timeout ?? 0, 0);
    await answerTo(patient);
    await agent.close();
    await site.close();
  }));

test("a connection that becomes something else belongs to whoever asked for that", () =>
  withoutLeaks(async () => {
    const site = await serve(hello);
    site.server.on("upgrade", (_request, socket) => {
      socket.write(
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n",
      );
      socket.pipe(socket);
    });
    const agent = new PooledAgent({ maxSockets: 1 });
    await answerTo(http.get({ ...site.at, agent }));
    const headers = { Connection: "Upgrade", Upgrade: "echo" };
    const request = http.get({ ...site.at, agent, headers });
    const [, socket] = await once(request, "upgrade") as [IncomingMessage, Socket];
    assert.equal(agent.stats.size, 0); // another one may be made now
    await answerTo(http.get({ ...site.at, agent }));
    socket.write("echo");
    assert.equal(String((await once(socket, "data"))[0]), "echo");
    socket.destroy();
    await agent.close();
    await site.close();
  }));

test("where nobody listens, the request fails as it does otherwise", () =>
  withoutLeaks(async () => {
    const site = await serve(hello);
    await site.close();
    const agent = new PooledAgent();
    const [error] = await once(http.get({ ...site.at, agent }), "error");
    assert.equal(error.code, "ECONNREFUSED");
    await agent.close();
  }));

test("destroy() ends what is under way, and the agent can be used again", () =>
  withoutLeaks(async () => {
    const site = await serve((request, response) => {
      if (request.url === "/") response.end("done");
    });
    const agent = new PooledAgent({ maxSockets: 1 });
    await answerTo(http.get({ ...site.at, path: "/", agent }));
    const hanging = http.get({ ...site.at, path: "/hang", agent });
    const waiting = http.get({ ...site.at, path: "/", agent });
    const errors = [hanging, waiting].map(async (request) =>
      (await once(request, "error"))[0].code
    );
    await once(hanging, "socket");
    await turns(2);
    agent.destroy();
    assert.deepEqual(await Promise.all(errors), ["ECONNRESET", "POOL_CLOSED"]);
    assert.equal(await answerTo(http.get({ ...site.at, path: "/", agent })), "done");
    agent.destroy();
    agent.destroy();
    await site.close();
  }));

test("close() waits for what is under way, and refuses what comes later", () =>
  withoutLeaks(async () => {
    const site = await serve(hello);
    const agent = new PooledAgent();
    const [response] = await once(http.get({ ...site.at, agent }), "response") as [IncomingMessage];
    let isClosed = false;
    const closing = agent.close().then(() => isClosed = true);
    const late = http.get({ ...site.at, agent });
    assert.equal((await once(late, "error"))[0].code, "POOL_CLOSED");
    assert.equal(isClosed, false);
    assert.equal(await text(response), "hello /");
    await closing;
    await site.close();
  }));

test("by https, servers that share an address and differ in name share no connection", () =>
  withoutLeaks(async () => {
    const server = https.createServer({ cert: certificate, key }, (request, response) => {
      response.end((request.socket as unknown as { servername: string }).servername || "nobody");
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const agent = new PooledAgent({ tls: { ca: certificate } });
    const ask = (options: https.RequestOptions) =>
      answerTo(https.get({ host: "127.0.0.1", port, agent, ...options }));
    for (let round = 0; round < 3; round++) {
      assert.equal(await ask({ servername: "a.test" }), "a.test");
      assert.equal(await ask({ servername: "b.test" }), "b.test");
      assert.equal(await ask({ headers: { host: "a.test" } }), "a.test");
    }
    assert.equal(agent.stats.keys, 2);
    assert.equal(agent.stats.created, 2);

    // Nor do requests that agree on another protocol, or trust another chain.
    for (const told of [{ ALPNProtocols: ["http/1.1", "a"] }, { allowPartialTrustChain: true }]) {
      await ask({ servername: "a.test", ...told });
    }
    assert.equal(agent.stats.keys, 4);

    // Who is not trusted is not trusted by a connection of somebody who does trust him.
    await ask({ servername: "a.test", rejectUnauthorized: false });
    assert.equal(agent.stats.keys, 5);
    const wrong = https.get({ host: "127.0.0.1", port, agent, servername: "c.test" });
    assert.equal((await once(wrong, "error"))[0].code, "ERR_TLS_CERT_ALTNAME_INVALID");
    await agent.close();
    server.closeAllConnections();
    server.close();
    await once(server, "close");
  }));

test("an agent for http is none for https, and the other way round", () =>
  withoutLeaks(async () => {
    const plain = new PooledAgent();
    const secure = new PooledAgent({ tls: true });
    const wrong = { code: "ERR_INVALID_PROTOCOL" };
    assert.throws(() => https.get("https://127.0.0.1:1/", { agent: plain }), wrong);
    assert.throws(() => http.get("http://127.0.0.1:1/", { agent: secure }), wrong);
    assert.equal(plain.defaultPort, 80);
    assert.equal(secure.defaultPort, 443);
    await plain.close();
    await secure.close();
  }));

test("a request may go to a socket of Unix: a path, or an abstract name as Node writes it", () =>
  withoutLeaks(async () => {
    const name = `${tmpdir()}/posixly-agent-${process.pid}`;
    const answer = Buffer.from("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi");
    const agent = new PooledAgent();
    for (const [socketPath, at] of [[name, `unix:${name}`], [`\0${name}`, `unix:@${name}`]]) {
      using listener = listenUnix(at);
      const first = http.get({ socketPath, agent });
      using connection = await listener.accept();
      await connection.write(answer);
      assert.equal(await answerTo(first), "hi");
      const second = http.get({ socketPath, agent });
      await once(second, "socket");
      await connection.write(answer);
      assert.equal(await answerTo(second), "hi");
      assert.ok(second.reusedSocket);
    }
    await agent.close();
  }));

test("a request may say from which address and by which lookup it goes", () =>
  withoutLeaks(async () => {
    const site = await serve((request, response) => {
      response.end(request.socket.remoteAddress ?? "unix");
    });
    const agent = new PooledAgent();
    const { port } = site.at;
    const ask = (options: http.RequestOptions) => answerTo(http.get({ port, agent, ...options }));
    assert.equal(await ask({ host: "127.0.0.1", localAddress: "127.0.0.9" }), "127.0.0.9");
    assert.equal(await ask({ host: "127.0.0.1" }), "127.0.0.1");
    const asked: string[] = [];
    const lookup = ((name: string, _: unknown, found: (...args: unknown[]) => void) => {
      asked.push(name);
      found(null, "127.0.0.1", 4);
    }) as http.RequestOptions["lookup"];
    for (let i = 0; i < 2; i++) assert.equal(await ask({ host: "made.up", lookup }), "127.0.0.1");
    assert.deepEqual(asked, ["made.up"]);
    assert.equal(await ask({ host: "localhost", family: 4 }), "127.0.0.1");
    assert.equal(agent.stats.keys, 4);
    await agent.close();
    await site.close();
  }));

test("an option that is wrong is called by its name", () => {
  const wrong = [
    [{ maxSockets: 0 }, /^maxSockets must be/],
    [{ maxTotalSockets: 1.5 }, /^maxTotalSockets must be/],
    [{ maxFreeSockets: -1 }, /^maxFreeSockets must be/],
    [{ scheduling: "random" }, /^scheduling must be one of lifo, fifo/],
    [{ connectTimeout: "1 s" }, /^connectTimeout must be/],
    [{ idleTimeout: -1 }, /^idleTimeout must be/],
    [{ timeout: -1 }, /^timeout must be/],
    [{ timeout: "1 s" }, /^timeout must be/],
    [{ tls: "yes" }, /^tls must be a boolean/],
    [{ tls: null }, /^tls must be a boolean/],
    [{ maxUses: 0 }, /^maxUses must be/],
    [{ max: 5 }, /^There is no option max$/],
    [{ createTimeout: 5 }, /^There is no option createTimeout$/],
  ] as const;
  for (const [options, message] of wrong) {
    assert.throws(() => new PooledAgent(options as object), { message });
  }
});

test("a misspelt option is said", () => {
  assert.throws(() => new PooledAgent({ maxSocket: 1 } as object), TypeError);
  assert.throws(() => new PooledAgent({ maxSockets: 0 }), RangeError);
  assert.throws(() => new PooledAgent({ scheduling: "random" as "lifo" }), TypeError);
  const asOfNode = { keepAlive: true } as object; // what it is for
  assert.throws(() => new PooledAgent(asOfNode), { message: "There is no option keepAlive" });
  assert.throws(() => new PooledAgent({ idleTimeout: "4000" } as object), TypeError);
});

test("a lookup that finds nothing is an error of the request", () =>
  withoutLeaks(async () => {
    const agent = new PooledAgent();
    const lookup = ((_: string, __: unknown, found: (error: null, all: unknown[]) => void) => {
      found(null, []);
    }) as http.RequestOptions["lookup"];
    const request = http.get({ host: "made.up", port: 1, agent, lookup });
    const [error] = await once(request, "error");
    assert.equal(error.message, "lookup has found no address of made.up");
    await agent.close();
  }));

test("an agent that was closed stays so, even if it is destroyed as well", () =>
  withoutLeaks(async () => {
    const agent = new PooledAgent();
    await agent.close();
    agent.destroy();
    const refused = http.get({ host: "127.0.0.1", port: 1, agent });
    assert.equal((await once(refused, "error"))[0].code, "POOL_CLOSED");
  }));

test.run();
