// Requests to nginx: what one costs the client in CPU time. The server is not counted. What the
// agents have in common is node:http, so there is also one that does nothing else: it hands out
// its sockets in turn, and looks after none of them.
import http, { Agent, type ClientRequest, type IncomingMessage } from "node:http";
import { connect, type Socket } from "node:net";
import { bench, type Work } from "@posixly/testing/bench";
import { Agent as UndiciAgent, request as undiciRequest } from "undici";
import { PooledAgent } from "./agent.ts";
import { type Nginx, nginx } from "../tcp/nginx_fixture.ts";

let server: Promise<Nginx> | undefined;
const start = () => server ??= nginx("keepalive_requests 1000000000;");

/** How many requests are under way at the same time, over as many connections. */
const AT_ONCE = 16;

/** Makes so many requests, of which each is begun when one has ended. */
function requests(get: (port: number) => () => Promise<unknown>): Work {
  let ask: (() => Promise<unknown>) | undefined;
  return async (times) => {
    ask ??= get((await start()).port);
    const one = ask;
    let left = times;
    const client = async () => {
      while (left-- > 0) await one();
    };
    await Promise.all(Array.from({ length: AT_ONCE }, client));
  };
}

/** A request by node:http, with the least that one has to do. */
function through(agent: Agent): (port: number) => () => Promise<void> {
  return (port) => {
    const options = { port, host: "127.0.0.1", agent };
    return () =>
      new Promise((resolve, reject) => {
        http.get(options, (response: IncomingMessage) => {
          response.on("end", resolve);
          response.resume();
        }).on("error", reject);
      });
  };
}

/** No pool at all: sockets in an array. */
class Sockets extends Agent {
  readonly #free: Socket[] = [];

  constructor() {
    super({ keepAlive: true });
  }

  addRequest(request: ClientRequest, options: { port: number; host: string }): void {
    const free = this.#free.pop();
    if (free !== undefined) return request.onSocket(free);
    const socket = connect({ ...options, noDelay: true });
    socket.on("free", () => this.#free.push(socket));
    request.onSocket(socket);
  }
}

bench("requests of node:http to nginx", {
  ours: requests(through(new PooledAgent({ maxSockets: AT_ONCE }))),
  peers: {
    "http.Agent": requests(through(new Agent({ keepAlive: true, maxSockets: AT_ONCE }))),
    "no pool": requests(through(new Sockets())),
    "undici": requests((port) => {
      const dispatcher = new UndiciAgent({ connections: AT_ONCE });
      const url = `http://127.0.0.1:${port}/`;
      return async () => {
        const { body } = await undiciRequest(url, { dispatcher });
        await body.dump();
      };
    }),
  },
});
