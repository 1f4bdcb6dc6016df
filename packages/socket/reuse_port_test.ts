import assert from "node:assert/strict";
import { runFresh, withoutLeaks } from "@posixly/testing";
import { test } from "uvu";
import { listenTcp } from "@posixly/socket";

/** Several Workers listen at one port, and say who they are; the main thread asks. */
const program = `
import { once } from "node:events";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { bind, connectTcp, listenTcp, localAddress, setOptions, socket } from "@posixly/socket";

const encode = (text) => new TextEncoder().encode(text);
const decode = (bytes) => new TextDecoder().decode(bytes);

async function serve({ address, name }) {
  const listener = listenTcp(address, { options: { reusePort: true } });
  parentPort.once("message", () => listener.close());
  parentPort.postMessage("listening");
  for await (const connection of listener) answer(connection, name);
}

async function answer(connection, name) {
  const question = decode(await connection.readAll());
  await connection.write(encode(name + " " + question));
  connection.close();
}

async function start(task) {
  const worker = new Worker(new URL(import.meta.url), { workerData: task });
  await once(worker, "message");
  return worker;
}

async function stop(worker) {
  const ended = once(worker, "exit");
  worker.postMessage("stop");
  await ended;
}

/** Asks many questions at once; the result is how many each Worker has answered. */
async function ask(address, times) {
  const counts = [0, 0, 0];
  await Promise.all(Array.from({ length: times }, async (_, question) => {
    const connection = await connectTcp(address);
    await connection.write(encode(String(question)));
    await connection.end();
    const [name, answer] = decode(await connection.readAll()).split(" ");
    if (answer !== String(question)) throw new Error("not answered: " + question);
    connection.close();
    counts[name]++;
  }));
  return counts;
}

if (isMainThread) {
  const holder = socket("ipv4", "stream"); // has the port, and does not listen
  setOptions(holder, { reusePort: true });
  bind(holder, "127.0.0.1:0");
  const address = localAddress(holder);
  const workers = await Promise.all([0, 1, 2].map((name) => start({ address, name })));
  const all = await ask(address, 300);
  await stop(workers[0]); // which leaves the rest to the others
  const left = await ask(address, 90);
  await Promise.all(workers.slice(1).map(stop));
  holder.close();
  console.log(JSON.stringify({ all, left }));
} else {
  await serve(workerData);
}
`;

const sum = (numbers: number[]) => numbers.reduce((sum, number) => sum + number);

test("connections to a group of Workers are spread, and every one is answered", async () => {
  const { stdout, stderr } = await runFresh(program);
  assert.equal(stderr, "");
  const { all, left } = JSON.parse(stdout) as { all: number[]; left: number[] };
  assert.equal(sum(all), 300);
  // Each would get 100; that one of three gets less than 30 is out of the question.
  assert.ok(Math.min(...all) > 30, all.join());
  assert.deepEqual([left[0], sum(left)], [0, 90]);
});

test("nobody joins a port whose owner has not asked for company", () =>
  withoutLeaks(() => {
    using alone = listenTcp("127.0.0.1:0");
    const again = { options: { reusePort: true } };
    assert.throws(() => listenTcp(alone.localAddress, again), { code: "EADDRINUSE" });
    using group = listenTcp("127.0.0.1:0", again);
    assert.throws(() => listenTcp(group.localAddress), { code: "EADDRINUSE" });
    using _second = listenTcp(group.localAddress, again);
  }));

test.run();
