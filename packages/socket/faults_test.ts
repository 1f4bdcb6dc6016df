import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { runFresh, testNeeding } from "@posixly/testing";
import { test } from "uvu";

const CLIENTS = 40;

/** Servers that echo and clients that ask them, over TCP and unix; it tells how everybody fared. */
const program = `
import { connectTcp, connectUnix, listenTcp, listenUnix } from "@posixly/socket";
import { localAddress, remoteAddress } from "@posixly/socket";
import { openDescriptors } from "@posixly/testing";

/** Our sockets, which have an address at one end; those of the runtime's own have none. */
const openSockets = () => openDescriptors().filter(({ fd, target }) =>
  target.startsWith("socket:") &&
  [localAddress(fd), remoteAddress(fd)].some((address) => address?.port || address?.abstract)
);

async function serve(listener) {
  for await (const connection of listener) {
    echo(connection).catch(() => {}).finally(() => connection.close());
  }
}

async function echo(connection) {
  for await (const chunk of connection) await connection.write(chunk);
}

async function ask(connect, client) {
  let connection;
  try {
    connection = await connect();
    for (let round = 0; round < 3; round++) {
      const message = Uint8Array.from({ length: 3000 }, (_, i) => client + round + i);
      const buffer = new Uint8Array(3000);
      await connection.write(message);
      for (let length = 0; length < 3000;) {
        const n = await connection.read(buffer.subarray(length));
        if (n === 0) return "END";
        length += n;
      }
      if (buffer.some((byte, i) => byte !== message[i])) return "WRONG";
    }
    await connection.end();
    return (await connection.readAll()).length === 0 ? "ANSWERED" : "WRONG";
  } catch (error) {
    return error.code ?? error.message;
  } finally {
    connection?.close();
  }
}

const tcp = listenTcp("127.0.0.1:0");
const unix = listenUnix({ family: "unix" });
const serving = [tcp, unix].map(serve);
const ways = [() => connectTcp(tcp.localAddress), () => connectUnix(unix.localAddress)];
const before = openSockets().length;
const fared = {};
await Promise.all(Array.from({ length: ${CLIENTS} }, async (_, client) => {
  const how = await ask(ways[client % 2], client);
  fared[how] = (fared[how] ?? 0) + 1;
}));
// Those that were not answered, their server may not have heard of yet.
while (openSockets().length > before) await new Promise((resolve) => setImmediate(resolve));
const refused = tcp.refused + unix.refused;
tcp.close();
unix.close();
await Promise.all(serving);
console.log(JSON.stringify({ fared, refused }));
`;

interface Outcome {
  fared: Record<string, number>;
  refused: number;
}

const log = join(mkdtempSync("/tmp/posixly-faults-"), "log");
test.after(() => rmSync(dirname(log), { recursive: true }));

/**
 * What strace makes fail has no number until it says how. On a busy machine it may be too late for
 * that once in some hundred times, and a runtime's own wait then fails as no kernel has it fail.
 */
const tornOff = /panicked at [^]*I\/O driver: [^]*Function not implemented/;

/** Runs the program while the kernel is made to fail in so many ways, as strace(1) has them. */
async function faring(...faults: string[]): Promise<Outcome> {
  const calls = faults.map((fault) => fault.split(":")[0]);
  const inject = faults.flatMap((fault) => ["-e", `inject=${fault}`]);
  const trace = ["-f", "--seccomp-bpf", "-qq", "-o", log, "-e", `trace=${calls.join()}`];
  const options = { through: ["strace", ...trace, ...inject], timeout: 25_000 };
  let ended = await runFresh(program, options);
  for (let again = 0; again < 3 && tornOff.test(ended.stderr); again++) {
    ended = await runFresh(program, options);
  }
  const { status, signal, stdout, stderr } = ended;
  assert.deepEqual([status, signal, stderr], [0, null, ""]);
  const traced = readFileSync(log, "utf8");
  for (const call of calls) {
    const injected = new RegExp(`(${call.replaceAll(",", "|")})\\(.*\\(INJECTED\\)`, "g");
    assert.ok(traced.match(injected)!.length > 1, `${call} did not fail`);
  }
  return JSON.parse(stdout);
}

function invisible(name: string, ...faults: string[]): void {
  testNeeding("strace", `${name}: nobody notices`, async () => {
    assert.deepEqual(await faring(...faults), { fared: { ANSWERED: CLIENTS }, refused: 0 });
  });
}

/** Who meets an error is told, and all the others are served. */
function told(name: string, codes: string[], ...faults: string[]): void {
  testNeeding("strace", `${name}: who meets it is told, and the others are served`, async () => {
    const { fared, refused } = await faring(...faults);
    const { ANSWERED, ...others } = fared;
    const unserved = Object.values(others).reduce((sum, count) => sum + count, 0);
    assert.equal(ANSWERED + unserved, CLIENTS);
    assert.ok(ANSWERED > 0 && unserved > 0, JSON.stringify(fared));
    for (const code of Object.keys(others)) assert.ok(codes.includes(code), code);
    assert.equal(refused, 0);
  });
}

invisible(
  "interrupted calls",
  "accept4:error=EINTR:when=1+3",
  "connect:error=EINTR:when=2+3",
  "recvfrom:error=EINTR:when=1+3",
  "sendto:error=EINTR:when=2+3",
);
invisible("interrupted waits", "epoll_wait,epoll_pwait:error=EINTR:when=5+3");
invisible(
  "readiness that is none",
  "accept4:error=EAGAIN:when=1+2",
  "recvfrom:error=EAGAIN:when=1+2",
  "sendto:error=EAGAIN:when=2+2",
);
invisible("connections that broke off", "accept4:error=ECONNABORTED:when=1+2");
invisible("no memory for a connection", "accept4:error=ENOMEM:when=2+4");
invisible("no buffer for a connection", "accept4:error=ENOBUFS:when=2+4");

for (const code of ["EMFILE", "ENFILE"]) {
  testNeeding("strace", `${code}: those for whom there is no descriptor are refused`, async () => {
    const { fared, refused } = await faring(`accept4:error=${code}:when=3+7`);
    const { ANSWERED, ...others } = fared;
    assert.ok(ANSWERED > 0 && refused > 0, JSON.stringify(fared));
    assert.equal(ANSWERED + refused, CLIENTS);
    for (const how of Object.keys(others)) assert.match(how, /^(END|EPIPE|ECONNRESET)$/);
  });
}

// A server that fails breaks off, and its client sees that.
const brokenOff = ["END", "EPIPE", "ECONNRESET", "ENOTCONN"];
told("no memory to receive", ["ENOMEM", ...brokenOff], "recvfrom:error=ENOMEM:when=20+31");
told("no buffer to send", ["ENOBUFS", ...brokenOff], "sendto:error=ENOBUFS:when=20+31");
told("no descriptor for a socket", ["EMFILE"], "socket:error=EMFILE:when=10+7");
told("no memory to connect", ["ENOMEM"], "connect:error=ENOMEM:when=5+7");
told("resets", brokenOff, "recvfrom:error=ECONNRESET:when=20+31");

test.run();
