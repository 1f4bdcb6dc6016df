import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { eventfd } from "@posixly/fd";
import {
  type ConnectionState,
  destroySocket,
  findConnection,
  follow,
  sockets,
  tcpTransitions,
} from "@posixly/ports";
import {
  bind,
  connect,
  type Connection,
  connectTcp,
  listen,
  listenTcp,
  localAddress,
  setOptions,
  shutdown,
  socket,
  udp,
} from "@posixly/socket";
import { turns, withoutLeaks } from "@posixly/testing";
import { test } from "uvu";
import { portOf, testAlone } from "./crowd_fixture.ts";

async function pair(address = "127.0.0.1:0"): Promise<[Connection, Connection]> {
  using listener = listenTcp(address);
  const client = await connectTcp(listener.localAddress);
  return [client, await listener.accept()];
}

/** Follows to the last state, or that one, and does something in some of them. */
async function statesOf(
  following: ReturnType<typeof follow>,
  doing: { readonly [State in ConnectionState]?: () => void | Promise<void> } = {},
  last?: ConnectionState,
): Promise<ConnectionState[]> {
  const states: ConnectionState[] = [];
  for await (const { state, previous } of following) {
    assert.equal(previous, states.at(-1));
    states.push(state);
    await doing[state]?.();
    if (state === last) break;
  }
  return states;
}

/** Without those that may be over before anyone looks. */
const lasting = (states: ConnectionState[]) =>
  states.filter((state) => state !== "finWait1" && state !== "lastAck");

for (const address of ["127.0.0.1:0", "[::1]:0"]) {
  test(`who closes first is followed to TIME_WAIT, at ${address}`, () =>
    withoutLeaks(async () => {
      const [first, second] = await pair(address);
      const doing = {
        established: () => first.end(),
        finWait2: () => second.close(),
      };
      const states = await statesOf(follow(first), doing, "timeWait");
      assert.deepEqual(lasting(states), ["established", "finWait2", "timeWait"]);
      first.close();
    }));

  test(`who closes second is followed to the end, at ${address}`, () =>
    withoutLeaks(async () => {
      const [first, second] = await pair(address);
      const doing = {
        established: () => first.close(),
        closeWait: () => second.close(),
      };
      const states = await statesOf(follow(second), doing);
      assert.deepEqual(lasting(states), ["established", "closeWait", "closed"]);
    }));
}

test("a socket is followed after it was closed here", () =>
  withoutLeaks(async () => {
    const [first, second] = await pair();
    const doing = { established: () => first.close(), finWait2: () => second.close() };
    const states = await statesOf(follow(first, { interval: 1 }), doing, "timeWait");
    assert.deepEqual(lasting(states), ["established", "finWait2", "timeWait"]);
  }));

test("a connection of IPv4 to a listener of both families is followed, from its end there", () =>
  withoutLeaks(async () => {
    using listener = listenTcp("[::]:0");
    const client = await connectTcp(`127.0.0.1:${portOf(listener)}`);
    const server = await listener.accept();
    assert.equal((server.remoteAddress as { host: string }).host, "::ffff:127.0.0.1");
    const doing = { established: () => server.close(), finWait2: () => client.close() };
    const states = await statesOf(follow(server, { interval: 1 }), doing, "timeWait");
    assert.deepEqual(lasting(states), ["established", "finWait2", "timeWait"]);
  }));

test("somebody else's connection is followed by its entry", () =>
  withoutLeaks(async () => {
    const [first, second] = await pair();
    const entry = findConnection(first.localAddress, first.remoteAddress!)!;
    const doing = { established: () => first.close(), finWait2: () => second.close() };
    const states = await statesOf(follow(entry, { interval: 1 }), doing, "timeWait");
    assert.deepEqual(lasting(states), ["established", "finWait2", "timeWait"]);
  }));

test("a connection is followed from before it was made", () =>
  withoutLeaks(async () => {
    using server = socket("ipv4", "stream");
    bind(server, "127.0.0.1:0");
    listen(server);
    using client = socket("ipv4", "stream");
    const doing = { closed: () => void connect(client, localAddress(server)) };
    const states = await statesOf(follow(client), doing, "established");
    assert.deepEqual(states.filter((state) => state !== "synSent"), ["closed", "established"]);
  }));

test("a connection that is reset is closed, and not waited for", () =>
  withoutLeaks(async () => {
    const [first, second] = await pair();
    setOptions(first, { linger: 0 });
    const doing = { established: () => first.close() };
    assert.deepEqual(await statesOf(follow(second), doing), ["established", "closed"]);
    second.close();
  }));

testAlone(
  "TIME_WAIT that is ended early is over, and its port is free",
  () =>
    withoutLeaks(async () => {
      const [first, second] = await pair();
      const ends = [first.localAddress, first.remoteAddress!] as const;
      const doing = {
        established: () => first.close(),
        finWait2: () => second.close(),
        timeWait: () => assert.ok(destroySocket(findConnection(...ends)!)),
      };
      const states = await statesOf(follow(first, { interval: 1 }), doing);
      assert.deepEqual(lasting(states), ["established", "finWait2", "timeWait", "closed"]);
      assert.equal(findConnection(...ends), null);
    }),
);

testAlone(
  "every step that a connection makes is one that the machine allows",
  () =>
    withoutLeaks(async () => {
      const [first, second] = await pair();
      const both = { first: [] as ConnectionState[], second: [] as ConnectionState[] };
      const closing = { established: () => void shutdown(first, "write") };
      const answering = { closeWait: () => void shutdown(second, "write") };
      [both.first, both.second] = await Promise.all([
        statesOf(follow(first), closing, "timeWait"),
        statesOf(follow(second), answering, "closed"),
      ]);
      for (const states of Object.values(both)) {
        states.slice(1).forEach((state, i) => assert.ok(leads(states[i], state), states.join()));
      }
      first.close();
      second.close();
    }),
);

/** Whether there is a way from one state to the other, by way of those that may be too short. */
function leads(from: ConnectionState, to: ConnectionState): boolean {
  return tcpTransitions.some((move) =>
    move.from === from &&
    (move.to === to ||
      (["finWait1", "finWait2", "lastAck"].includes(move.to) && leads(move.to, to)))
  );
}

test("a signal ends it, and so does whoever stops to listen", () =>
  withoutLeaks(async () => {
    const [first, second] = await pair();
    const controller = new AbortController();
    const following = follow(first, { signal: controller.signal });
    assert.equal((await following.next()).value!.state, "established");
    const next = following.next();
    controller.abort("enough");
    await assert.rejects(next, (reason) => reason === "enough");
    for await (const { state } of follow(first)) {
      assert.equal(state, "established");
      break;
    }
    first.close();
    second.close();
  }));

test("nothing is asked while nothing happens", () =>
  withoutLeaks(async () => {
    const [first, second] = await pair();
    const following = follow(first);
    await following.next();
    let hasNews = false;
    const next = following.next().then(() => hasNews = true);
    await second.write(new Uint8Array(10)); // bytes are no news
    await turns(50);
    assert.equal(hasNews, false);
    second.close();
    await next;
    await following.return();
    first.close();
  }));

test("what is no connection over TCP is refused", async () => {
  using counter = eventfd();
  using datagrams = udp("127.0.0.1:0");
  using listener = listenTcp("127.0.0.1:0");
  await assert.rejects(follow(counter).next(), { code: "ENOTSOCK" });
  await assert.rejects(follow(datagrams).next(), { code: /ENOPROTOOPT|EOPNOTSUPP/ });
  const [door] = sockets({ filter: `sport = ${portOf(listener)}` });
  await assert.rejects(follow(door).next(), { name: "TypeError" });
  await assert.rejects(follow(listener, { interval: 0 }).next(), { name: "RangeError" });
  await assert.rejects(follow(listener, { pace: 1 } as object).next(), { name: "TypeError" });
});

testAlone(
  "one that listens is ended from outside, and a second time it is gone",
  () =>
    withoutLeaks(async () => {
      using listener = listenTcp("127.0.0.1:0");
      const filter = `sport = ${portOf(listener)}`;
      const [door] = sockets({ filter });
      assert.ok(destroySocket(door));
      assert.ok(!destroySocket(door));
      assert.equal(sockets({ filter, states: ["listening"] }).length, 0);
      const { stdout } = { stdout: execFileSync("ss", ["-Htln", filter], { encoding: "utf8" }) };
      assert.equal(stdout, "");
      await assert.rejects(connectTcp(listener.localAddress), { code: "ECONNREFUSED" });
    }),
);

testAlone(
  "a connection that is ended from outside says so, and another one is let be",
  () =>
    withoutLeaks(async () => {
      const [first, second] = await pair();
      const [other, otherEnd] = await pair();
      const entry = findConnection(first.localAddress, first.remoteAddress!)!;
      assert.ok(destroySocket(entry));
      await assert.rejects(first.read(new Uint8Array(1)), { code: "ECONNABORTED" });
      await assert.rejects(second.read(new Uint8Array(1)), { code: "ECONNRESET" });
      assert.equal(findConnection(other.localAddress, other.remoteAddress!)!.state, "established");
      for (const each of [first, second, other, otherEnd]) each.close();
    }),
);

testAlone("a datagram socket is ended from outside", () => {
  using datagrams = udp("127.0.0.1:0");
  const filter = `sport = ${portOf(datagrams)}`;
  assert.ok(destroySocket(sockets({ protocol: "udp", filter }).at(0)!));
  assert.equal(sockets({ protocol: "udp", filter }).length, 0);
});

test("a connection is found by its ends, from either side, and nothing else is", () =>
  withoutLeaks(async () => {
    const [first, second] = await pair("[::1]:0");
    const [near, far] = [first.localAddress, first.remoteAddress!];
    assert.deepEqual(findConnection(near, far)!.local, near);
    assert.deepEqual(findConnection(far, near)!.local, far);
    assert.equal(findConnection(near, near), null);
    assert.throws(() => findConnection(near, "127.0.0.1:1"), { name: "TypeError" });
    assert.throws(() => findConnection("unix:/x", "unix:/y"), { name: "TypeError" });
    first.close();
    second.close();
    using listener = listenTcp("127.0.0.1:0");
    assert.equal(findConnection(listener.localAddress, "127.0.0.1:1"), null);
  }));

test.run();
