// A folder that is shown, one beside it that is not, and ways from one to the other.
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import * as fs from "node:fs";
import { pread } from "@posixly/fd";
import { makeFifo } from "@posixly/pipe";
import { test } from "uvu";
import type { DocumentRoot, FoundFile } from "./document_root.ts";
import { HttpError } from "./http_error.ts";

export const tree = fs.mkdtempSync("/var/tmp/posixly-root-");
test.after(() => fs.rmSync(tree, { recursive: true }));

export const outside = `${tree}/outside`;
export const inside = `${tree}/inside`;
fs.mkdirSync(`${outside}/folder`, { recursive: true });
fs.writeFileSync(`${outside}/secret.txt`, "secret");
fs.writeFileSync(`${outside}/folder/secret.txt`, "secret");
fs.mkdirSync(`${inside}/folder/empty`, { recursive: true });
fs.mkdirSync(`${inside}/.well-known`);
fs.mkdirSync(`${inside}/.git`);
fs.writeFileSync(`${inside}/index.html`, "index");
fs.writeFileSync(`${inside}/a.txt`, "a");
fs.writeFileSync(`${inside}/.hidden`, "hidden");
fs.writeFileSync(`${inside}/.git/config`, "config");
fs.writeFileSync(`${inside}/.well-known/a.txt`, "known");
fs.writeFileSync(`${inside}/folder/index.html`, "index of folder");
fs.writeFileSync(`${inside}/folder/b c%.txt`, "b");
fs.writeFileSync(`${inside}/folder/line\nfeed`, "line feed");
fs.writeFileSync(`${inside}/forbidden.txt`, "forbidden");
fs.symlinkSync("a.txt", `${inside}/link`);
fs.symlinkSync("folder/../a.txt", `${inside}/roundabout`);
fs.symlinkSync("../outside/secret.txt", `${inside}/up`);
fs.symlinkSync(`${outside}/secret.txt`, `${inside}/absolute`);
fs.symlinkSync("../outside", `${inside}/way-out`);
fs.symlinkSync("../inside/a.txt", `${inside}/out-and-in`);
fs.symlinkSync("loop", `${inside}/loop`);
fs.symlinkSync("/dev/zero", `${inside}/zero`);
fs.symlinkSync("/proc/self/root", `${inside}/magic`);
makeFifo(`${inside}/fifo`);

/** The contents of a file. */
export const text = ({ file, representation: { size } }: FoundFile): string => {
  const bytes = Buffer.alloc(size);
  assert.equal(size && pread(file, bytes, 0), size);
  return bytes.toString();
};

/** What a target leads to: what the file says, where a folder is, or why there is nothing. */
export function find(target: string, root: DocumentRoot, accept?: string): string {
  try {
    const found = root.find(target, accept);
    if (found.kind === "redirect") return `-> ${found.location}`;
    using file = found;
    return text(file);
  } catch (error) {
    assert.ok(error instanceof HttpError, String(error));
    return String(error.status);
  }
}
