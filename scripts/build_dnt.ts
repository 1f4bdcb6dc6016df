/**
 * Builds one package for npm with dnt, for whoever wants to compare:
 *
 *     deno run -A scripts/build_dnt.ts sys
 *
 * No release uses this. dnt builds for Node alone: it swaps the Deno files of `#backend` and `#ffi` for those of Node, and a Deno
 * user of the result would get koffi. `tsc` keeps both. dnt is only on JSR; where that cannot be reached,
 * this says so and exits with 2. See docs/architecture.md.
 */
import process from "node:process";

const [name = "sys"] = process.argv.slice(2);
const folder = new URL(`../packages/${name}/`, import.meta.url);
const manifest = JSON.parse(await Deno.readTextFile(new URL("package.json", folder)));

const { build, emptyDir } = await dnt();
const outDir = new URL("../../.dnt/" + name, folder).pathname;
await emptyDir(outDir);
await build({
  entryPoints: [new URL("mod.ts", folder).pathname],
  outDir,
  shims: {},
  test: false,
  scriptModule: false,
  mappings: Object.fromEntries(["backend_deno.ts", "backend_deno_ffi.ts"].map((half) => [
    new URL(`../sys/${half}`, folder).href,
    new URL(`../sys/${half.replace("deno", "node")}`, folder).pathname,
  ])),
  package: { name: manifest.name, version: manifest.version, license: manifest.license },
});

/** In a variable, so that nothing is fetched before it is asked for. */
async function dnt() {
  const specifier = "jsr:@deno/dnt@^0.43.2";
  try {
    return await import(specifier);
  } catch (error) {
    console.error(
      `Cannot load ${specifier}: JSR cannot be reached from here.\n${(error as Error).message}`,
    );
    process.exit(2);
  }
}
