// Makes the site in docs/api: the guide, and the API of every package. Needs no network, neither to
// be made nor to be read.
//
//   npm run docs                            makes it
//   npm run docs -- --serve                 and serves it, until Ctrl-C
//   npm run docs -- --serve --port 8080     there
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import process from "node:process";
import { readArguments, refuse } from "./arguments.mjs";
import { ensureSite, makeSite, site } from "./docs/site.mjs";
import { root } from "./files.mjs";

const { values } = readArguments({
  options: { serve: { type: "boolean", default: false }, port: { type: "string", default: "0" } },
});
if (!/^\d{1,5}$/.test(values.port) || Number(values.port) > 65_535) {
  refuse(`port must be a number up to 65535, not ${values.port}`);
}

const complaints = values.serve ? ensureSite() : makeSite();
if (complaints) {
  console.error(complaints);
  process.exitCode = 1;
} else if (values.serve) {
  await serve();
} else {
  console.log(`Open ${join("docs", "api", "index.html")}, or npm run docs -- --serve`);
}

/** By our own server, which is what serves it best. */
async function serve() {
  const built = spawnSync("node_modules/.bin/tsc", ["-b", "packages/zerocopy"], {
    cwd: root,
    stdio: "inherit",
  });
  if (built.status !== 0) process.exit(1);
  const { serveStatic } = await import("@posixly/zerocopy/http");
  const server = serveStatic(site, { address: `127.0.0.1:${values.port}` });
  console.log(`${server.url} until Ctrl-C`);
  await Promise.race([once(process, "SIGINT"), once(process, "SIGTERM")]);
  await server.close({ timeout: 0 });
}
