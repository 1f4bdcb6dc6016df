// What slips into files unnoticed.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../files.mjs";
import { sources } from "./sources.mjs";

/** A lockfile that names a host installs from nowhere else. */
export function lockfileHosts() {
  const lines = readFileSync(join(root, "pnpm-lock.yaml"), "utf8").split("\n");
  return lines.flatMap((line, i) =>
    /https?:|tarball:/.test(line) ? [`pnpm-lock.yaml:${i + 1} names a host: ${line.trim()}`] : []
  );
}

/** A test marked as the only one hides all others. */
export function onlyTests() {
  return sources.flatMap(({ file, text }) =>
    text.split("\n").flatMap((line, i) =>
      /\.only\(/.test(line) ? [`${file}:${i + 1} leaves tests out: ${line.trim()}`] : []
    )
  );
}
