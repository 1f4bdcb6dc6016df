// A server of static files: what a request, or a gigabyte, costs it in CPU time. The client is the
// same C program for every side, and is not counted.
import { spawn } from "node:child_process";
import { createReadStream, stat } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import process from "node:process";
import { createInterface } from "node:readline";
import { read, write } from "@posixly/fd";
import { run, stop, watch } from "@posixly/mux";
import { spawn as spawnWithPipes } from "@posixly/pipe";
import { bench, cpuOf, type Peer, type Work } from "@posixly/testing/bench";
import {
  client,
  clientArguments,
  type Load,
  makeSite,
  serverInC,
  site,
  startNginx,
} from "./bench_fixture.ts";
import { serveStatic } from "./mod.ts";

/** Starts a server of the site on a free port of the loopback interface. */
type Start = () => number | Promise<number>;

/** Our server; in `run` no promise goes on, so that it is told by a watch when the client is done. */
function ours(load: Load, isWithinRun: boolean): Work {
  let ask: ((times: number, done: () => void) => void) | undefined;
  const begin = () => {
    makeSite();
    // Others may have their rounds for longer than a client is waited for by default.
    const server = serveStatic(site, { address: "127.0.0.1:0", idleTimeout: Infinity });
    const { stdin, stdout } = spawnWithPipes(
      process.env.BENCH_PARTNER!,
      clientArguments((server.address as { port: number }).port, load),
      { stdin: "pipe", stdout: "pipe" },
    );
    let finished = () => {};
    watch(stdout!, { readable: true }, () => {
      if (read(stdout!, new Uint8Array(16)) === 0) throw new Error("the client is gone");
      finished();
    });
    return (times: number, done: () => void) => {
      finished = done;
      write(stdin!, new TextEncoder().encode(`${times}\n`));
    };
  };
  return (times) => {
    ask ??= begin();
    if (!isWithinRun) return new Promise((resolve) => ask!(times, resolve));
    ask(times, stop);
    run();
  };
}

/** Any other server. */
function served(load: Load, start: Start): Work {
  let ask: ((times: number) => Promise<unknown>) | undefined;
  return async (times) => {
    ask ??= await begin(load, start);
    await ask(times);
  };
}

async function begin(load: Load, start: Start) {
  makeSite();
  const child = spawn(process.env.BENCH_PARTNER!, clientArguments(await start(), load), {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return async (times: number) => {
    child.stdin.write(`${times}\n`);
    if ((await answers.next()).done) throw new Error("the client is gone");
  };
}

function nginx(load: Load, trusts: boolean): Peer {
  let worker = 0;
  const start = async () => {
    const { port, pid } = await startNginx(trusts);
    worker = pid;
    return port;
  };
  return {
    program: "nginx",
    work: served(load, start),
    cpu: () => worker === 0 ? 0 : cpuOf(worker),
  };
}

const nodeHttp = (answer: (path: string, response: ServerResponse) => unknown): Start => () =>
  new Promise((resolve) => {
    const server = createServer((request: IncomingMessage, response: ServerResponse) => {
      answer(site + request.url, response);
    });
    server.keepAliveTimeout = 0; // for the same reason
    server.listen({ port: 0, host: "127.0.0.1" }, () => {
      resolve((server.address() as { port: number }).port);
    });
  });

const byStream = nodeHttp((path, response) =>
  stat(path, (_, { size }) => {
    response.setHeader("Content-Length", size);
    createReadStream(path).pipe(response);
  })
);

declare const Deno: {
  open(path: string): Promise<{
    stat(): Promise<{ size: number }>;
    readable: ReadableStream<Uint8Array>;
  }>;
  serve(
    options: { hostname: string; port: number; onListen(): void },
    answer: (request: Request) => Promise<Response>,
  ): { readonly addr: { readonly port: number } };
};

const denoServe: Start = () =>
  Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async ({ url }) => {
    const file = await Deno.open(site + new URL(url).pathname);
    const { size } = await file.stat();
    return new Response(file.readable, { headers: { "Content-Length": `${size}` } });
  }).addr.port;

declare const Bun: {
  file(path: string): Blob;
  serve(options: {
    hostname: string;
    port: number;
    idleTimeout: number;
    fetch(request: Request): Response;
  }): { readonly port: number };
};

const bunServe: Start = () =>
  Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    idleTimeout: 0,
    fetch: ({ url }) => new Response(Bun.file(site + new URL(url).pathname)),
  }).port;

const peersOf = (load: Load): Record<string, Peer> => ({
  C: serverInC(load),
  nginx: nginx(load, false),
  "nginx with open_file_cache": nginx(load, true),
  "node:http and streams": served(load, byStream),
  "Deno.serve": { in: "deno", work: served(load, denoServe) },
  "Bun.serve": { in: "bun", work: served(load, bunServe) },
});

for (
  const [size, connections] of [[4096, 16], [65_536, 16], [2 ** 20, 16], [2 ** 30, 1]] as const
) {
  const load = { size, connections };
  const name = `files of ${size} B over HTTP on ${connections} connections`;
  // What counts for a small file is the request.
  const bytes = size < 2 ** 20 ? undefined : size;
  const peers = peersOf(load);
  bench(`${name}, run()`, { bytes, ours: ours(load, true), peers, partner: client });
  bench(`${name}, event loop`, { bytes, ours: ours(load, false), peers, partner: client });
}

// How long a small file takes while somebody fetches a large one.
const hare = { size: 4096, connections: 1, beside: 2 ** 30 };
bench("4096 B over HTTP beside 1 GiB, event loop", {
  ours: ours(hare, false),
  peers: peersOf(hare),
  partner: client,
  clock: "wall",
});
