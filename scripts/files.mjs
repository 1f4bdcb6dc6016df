// The files of the project, as the scripts see them.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The folder of the project. */
export const root = fileURLToPath(new URL("..", import.meta.url));

/** The names of the packages, testing included. */
export const packages = readdirSync(join(root, "packages"), { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && !entry.name.startsWith("."))
  .map((entry) => entry.name);

/** Every file below a folder of the project, by its path from the root; nothing generated. */
export function* filesIn(folder) {
  for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isFile()) yield path;
    else if (entry.isDirectory() && !isGenerated(path)) yield* filesIn(path);
  }
}

function isGenerated(folder) {
  return /(^|\/)(node_modules|dist|\.[^/]*)$|^docs\/api$/.test(folder);
}
