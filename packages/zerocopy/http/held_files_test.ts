import assert from "node:assert/strict";
import * as fs from "node:fs";
import fc from "fast-check";
import { stat } from "@posixly/fd";
import { openDescriptors, withoutLeaks } from "@posixly/testing";
import { test } from "uvu";
import { libc } from "../libc.ts";
import { DocumentRoot, type FoundFile } from "./document_root.ts";
import { HttpError } from "./http_error.ts";
import { find, inside, outside, text, tree } from "./root_fixture.ts";
import { withSpareDescriptors } from "../spare_descriptors_fixture.ts";

const place = fc.constantFrom("x", "y", "d/x");
const step = fc.oneof(
  fc.tuple(fc.constant("find"), place),
  fc.tuple(fc.constantFrom("write", "append", "replace"), place),
  fc.tuple(fc.constantFrom("remove", "chmod", "link out", "link in", "folder", "touch"), place),
);

/** Does something to a file, if it is one that this can be done to. */
function change(what: string, path: string, count: number): void {
  try {
    if (what === "write") fs.writeFileSync(path, String(count));
    if (what === "append") fs.appendFileSync(path, String(count));
    if (what === "touch") fs.utimesSync(path, count, count);
    if (what === "chmod") fs.chmodSync(path, 0o600);
    if (what === "replace") {
      fs.writeFileSync(`${path}.new`, String(count));
      fs.renameSync(`${path}.new`, path);
    }
    if (what === "remove" || what.startsWith("link") || what === "folder") {
      fs.rmSync(path, { recursive: true, force: true });
    }
    if (what === "link out") fs.symlinkSync(`${outside}/secret.txt`, path);
    if (what === "link in") fs.symlinkSync("index.html", path);
    if (what === "folder") fs.mkdirSync(path);
  } catch (error) {
    assert.match((error as { code: string }).code, /^(ENOENT|EISDIR|EEXIST|ENOTDIR)$/);
  }
}

test("what is held open is what would be opened anew, whatever happens to the files", () =>
  withoutLeaks(() =>
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 30 }),
        fc.integer({ min: 1, max: 3 }),
        (steps, hold) => {
          const site = fs.mkdtempSync(`${tree}/site-`);
          fs.mkdirSync(`${site}/d`);
          fs.writeFileSync(`${site}/d/x`, "d");
          fs.writeFileSync(`${site}/x`, "x");
          using holding = new DocumentRoot(site, { hold });
          using anew = new DocumentRoot(site, { hold: 0 });
          const loans: [FoundFile, number][] = [];
          steps.forEach(([what, name], count) => {
            if (what !== "find") return change(what, `${site}/${name}`, count);
            assert.equal(find(`/${name}`, holding), find(`/${name}`, anew));
            try {
              const found = holding.find(`/${name}`);
              if (found.kind === "file") loans.push([found, Number(stat(found.file).inode)]);
            } catch (error) {
              assert.ok(error instanceof HttpError);
            }
          });
          for (const [loan, inode] of loans) {
            assert.equal(stat(loan.file).inode, inode); // open, and still the same
            loan.close();
            loan.close();
          }
        },
      ),
      { numRuns: 60 },
    )
  ));

test("a file stays open for others when one gives it back, and for one when the folder is closed", () =>
  withoutLeaks(() => {
    const root = new DocumentRoot(inside);
    const first = root.find("/a.txt") as FoundFile;
    const second = root.find("/a.txt") as FoundFile;
    assert.equal(first.file, second.file);
    first.close();
    first.close();
    assert.equal(text(second), "a");
    root.close();
    assert.equal(text(second), "a");
    second.close();
    assert.ok(second.file.closed);
  }));

test("no more files are held than asked for, and none for longer than a moment", async () => {
  using root = new DocumentRoot(inside, { hold: 2 });
  for (const target of ["/a.txt", "/index.html", "/link", "/folder/", "/a.txt"]) find(target, root);
  const held = () => openDescriptors().filter(({ target }) => target.startsWith(inside)).length - 1;
  assert.equal(held(), 2);
  while (held() > 0) await new Promise(setImmediate); // within a second
});

test("what a file is packed as counts as a file that is held", () => {
  const site = fs.mkdtempSync(`${tree}/site-`);
  for (const name of ["x", "y", "z"]) {
    for (const ending of ["", ".br", ".gz"]) fs.writeFileSync(`${site}/${name}${ending}`, name);
  }
  const held = () => openDescriptors().filter(({ target }) => target.startsWith(`${site}/`));
  const ask = (root: DocumentRoot) => {
    for (const name of ["x", "y", "z"]) assert.equal(find(`/${name}`, root), name);
  };
  using several = new DocumentRoot(site, { precompressed: true, hold: 7 });
  ask(several);
  assert.equal(held().length, 6);
  several.close();
  using few = new DocumentRoot(site, { precompressed: true, hold: 2 });
  ask(few);
  assert.equal(held().length, 0);
});

test("where there is a descriptor for the file and none to hold it, it is found all the same", () =>
  withoutLeaks(() => {
    for (let spare = 1; spare <= 4; spare++) {
      using root = new DocumentRoot(inside);
      assert.equal(withSpareDescriptors(spare, () => find("/a.txt", root)), "a");
      assert.equal(find("/a.txt", root), "a");
    }
  }));

test("within one look a file is asked about once, and anew within the next, and without one", () => {
  const site = fs.mkdtempSync(`${tree}/site-`);
  fs.writeFileSync(`${site}/x`, "x");
  using root = new DocumentRoot(site);
  const first = root.find("/x"); // opens it
  if (first.kind === "file") first.close();
  const { syscall$statx } = libc;
  let asked = 0;
  libc.syscall$statx = (...args) => {
    asked++;
    return syscall$statx(...args);
  };
  const askedAt = (look?: number) => {
    asked = 0;
    const found = root.find("/x", null, look);
    if (found.kind === "file") found.close();
    return asked;
  };
  try {
    assert.deepEqual([2, 2, 2, 3, undefined, undefined, 3].map(askedAt), [1, 0, 0, 1, 1, 1, 1]);
  } finally {
    libc.syscall$statx = syscall$statx;
  }
});

test.run();
