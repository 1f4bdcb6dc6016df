import assert from "node:assert/strict";
import { type Connection, type HostAndPort, listenTcp } from "@posixly/socket";
import { runFresh } from "@posixly/testing";

/** Reserves ports, tells which over a connection, and holds them until that ends. */
const holder = `
  import process from "node:process";
  import { reservePort } from "@posixly/ports";
  import { connectTcp } from "@posixly/socket";

  const [gate, count] = process.argv.slice(2).map(Number);
  const protocol = process.argv[4];
  const held = Array.from({ length: count }, () => reservePort({ protocol }));
  const connection = await connectTcp("127.0.0.1:" + gate);
  const ports = Uint16Array.from(held, ({ port }) => port);
  await connection.write(new Uint8Array(ports.buffer));
  await connection.end();
  await connection.readAll();
  for (const reservation of held) reservation.close();
  connection.close();
`;

/** Has processes reserve ports all at the same time, and gives all that any of them holds. */
export async function reserveInParallel(
  processes: number,
  each: number,
  protocol: "tcp" | "udp" | "both",
): Promise<number[]> {
  using gate = listenTcp("127.0.0.1:0");
  const { port } = gate.localAddress as HostAndPort;
  const args = [String(port), String(each), protocol];
  const all = Array.from({ length: processes }, async () => {
    const { status, stderr } = await runFresh(holder, { args, timeout: 240_000 });
    assert.equal(status, 0, stderr);
  });
  const failed = Promise.all(all).then(() => null);

  const ports: number[] = [];
  const connections: Connection[] = [];
  for (let i = 0; i < processes; i++) {
    // One that has failed never comes; then that is what is wrong.
    const connection = await Promise.race([gate.accept(), failed]);
    assert.ok(connection, "a process ended without a word");
    connections.push(connection);
    const bytes = await connection.readAll();
    ports.push(...new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.length / 2));
  }
  for (const connection of connections) connection.close();
  await Promise.all(all);
  return ports;
}

/** Has Workers of a process reserve ports all at the same time, and gives all of them. */
export async function reserveInWorkers(workers: number, each: number): Promise<number[]> {
  const { status, stdout, stderr } = await runFresh(`
    import { once } from "node:events";
    import process from "node:process";
    import { isMainThread, parentPort, Worker } from "node:worker_threads";
    import { reservePort } from "@posixly/ports";

    if (isMainThread) {
      const workers = Array.from({ length: ${workers} }, () => new Worker(new URL(import.meta.url)));
      const lists = await Promise.all(workers.map((worker) => once(worker, "message")));
      console.log(JSON.stringify(lists.flat(2)));
      process.exit();
    }
    const held = Array.from({ length: ${each} }, () => reservePort());
    parentPort.on("message", () => held.length = 0);
    parentPort.postMessage(held.map(({ port }) => port));
  `);
  assert.equal(status, 0, stderr);
  return JSON.parse(stdout);
}
