// What takes too long.
import { once } from "node:events";
import { Agent, createServer, get } from "node:http";

const LIMIT_MS = 250; // half of what a server waits in a test

/** What is lacking, by name with how long it took. */
export async function lackingSpeed() {
  let longest = 0;
  const begun = new WeakMap();
  const server = createServer(({ socket }, response) => {
    longest = Math.max(longest, performance.now() - begun.get(socket));
    response.end();
  });
  server.on("connection", (socket) => begun.set(socket, performance.now()));
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address();
  const agent = new Agent({ maxSockets: 10 });
  await Promise.all(Array.from({ length: 10 }, () => once(get({ port, agent }), "response")));
  server.closeAllConnections();
  server.close();
  const took = `${Math.round(longest)} ms`;
  return longest > LIMIT_MS ? { "requests as soon as there are connections": took } : {};
}
