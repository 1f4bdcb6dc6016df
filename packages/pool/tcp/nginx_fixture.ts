import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { turns } from "@posixly/testing";
import {
  bind,
  connectTcp,
  type HostAndPort,
  localAddress,
  setOptions,
  socket,
} from "@posixly/socket";
import { certificate, key } from "./certificate_fixture.ts";

/** An nginx that listens at a port of loopback, over TCP and over TLS. */
export interface Nginx {
  readonly port: number;
  readonly tlsPort: number;
  stop(): Promise<void>;
}

/**
 * Starts nginx. Whatever is asked of it, it answers with the number of the connection, and how many
 * requests have come by it.
 *
 * @param directives What its servers are told besides
 */
export async function nginx(directives = ""): Promise<Nginx> {
  const folder = mkdtempSync(join(tmpdir(), "nginx-"));
  // Nobody else can take a port that is held, and nginx can join.
  using holder = held();
  using tlsHolder = held();
  const [port, tlsPort] = [portOf(holder), portOf(tlsHolder)];
  writeFileSync(`${folder}/certificate.pem`, certificate);
  writeFileSync(`${folder}/key.pem`, key);
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
    .map((name) => `${name}_temp_path ${folder}/${name};`);
  writeFileSync(
    `${folder}/nginx.conf`,
    `
    daemon off;
    master_process off;
    pid ${folder}/nginx.pid;
    events { worker_connections 4096; }
    http {
      access_log off;
      ${temporary.join("\n")}
      ${directives}
      server {
        listen 127.0.0.1:${port} reuseport backlog=4096;
        listen 127.0.0.1:${tlsPort} reuseport ssl;
        ssl_certificate ${folder}/certificate.pem;
        ssl_certificate_key ${folder}/key.pem;
        location / { return 200 "$connection $connection_requests"; }
        location = /empty { return 204; }
        location = /status { stub_status; }
      }
    }`,
  );
  const env = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin` };
  const config = ["-e", "stderr", "-p", folder, "-c", `${folder}/nginx.conf`];
  // It goes when we go, however that comes about.
  const child = spawn("setpriv", ["--pdeathsig", "KILL", "nginx", ...config], {
    env,
    stdio: ["ignore", "ignore", "inherit"],
  });
  const remove = () => rmSync(folder, { recursive: true, force: true });
  process.once("exit", remove);
  await listening(child, port);
  return {
    port,
    tlsPort,
    async stop() {
      child.kill();
      await once(child, "exit");
      process.off("exit", remove);
      remove();
    },
  };
}

function held() {
  const holder = socket("ipv4", "stream");
  setOptions(holder, { reusePort: true });
  bind(holder, "127.0.0.1:0");
  return holder;
}

function portOf(holder: ReturnType<typeof held>): number {
  return (localAddress(holder) as HostAndPort).port;
}

/** Resolves as soon as somebody listens, unless the program has ended. */
async function listening(child: ChildProcess, port: number): Promise<void> {
  for (;;) {
    try {
      using _connection = await connectTcp(`127.0.0.1:${port}`);
      return;
    } catch (error) {
      if (child.exitCode !== null) throw error;
      await turns(1);
    }
  }
}
