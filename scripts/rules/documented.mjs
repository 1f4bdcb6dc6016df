// Every export says what it does and shows it in an example that runs; a function says what it
// takes and what it returns.
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { packages, root } from "../files.mjs";
import { programs } from "../runtimes.mjs";

export default function documented() {
  return packages.filter(isPublished).flatMap((name) => [
    ...existsSync(join(root, "packages", name, "README.md"))
      ? []
      : [`packages/${name} has no README.md`],
    ...entryPoints(name).flatMap((file) => complaintsOf(join("packages", name, file))),
  ]);
}

function isPublished(name) {
  return !JSON.parse(read(`packages/${name}/package.json`)).private;
}

function entryPoints(name) {
  const { exports } = JSON.parse(read(`packages/${name}/deno.json`));
  return typeof exports === "string" ? [exports] : Object.values(exports);
}

function read(path) {
  return readFileSync(join(root, path), "utf8");
}

function complaintsOf(file) {
  const json = execFileSync(programs.deno, ["doc", "--json", file], {
    cwd: root,
    encoding: "utf8",
    maxBuffer: 2 ** 28,
    stdio: ["ignore", "pipe", "ignore"],
  });
  const { module_doc, symbols } = Object.values(JSON.parse(json).nodes)[0];
  const complaints = text(module_doc) ? [] : [`${file} does not say what the module is for`];
  for (const { name, declarations } of symbols) {
    const own = declarations.filter(({ declarationKind }) => declarationKind === "export");
    if (own.length === 0) continue;
    const lacks = own.flatMap(({ kind, jsDoc, def }) => check(kind, jsDoc, def));
    if (!own.some(({ jsDoc }) => hasExample(jsDoc))) lacks.push("an example that runs");
    const { filename, line } = own[0].location;
    const where = `${relative(root, fileURLToPath(filename))}:${line + 1}`;
    if (lacks.length > 0) complaints.push(`${where} ${name} lacks ${lacks.join(", ")}`);
  }
  return complaints;
}

/** What a declaration lacks. */
function check(kind, jsDoc, def) {
  const lacks = text(jsDoc) ? [] : ["a description"];
  if (kind === "function") lacks.push(...checkCall(jsDoc, def));
  if (kind === "class") lacks.push(...checkClass(def));
  if (kind === "interface") {
    for (const member of members(def)) {
      if (!text(member.jsDoc)) lacks.push(`what ${member.name} is`);
    }
  }
  return lacks;
}

function checkClass(def) {
  const lacks = [];
  for (const { jsDoc, params } of def.constructors ?? []) lacks.push(...checkParams(jsDoc, params));
  for (const member of members(def)) {
    const isSelfEvident = member.isOverride || member.name.startsWith("[Symbol.");
    const isPrivate = member.accessibility === "private";
    if (isSelfEvident || isPrivate || member.name.startsWith("#")) continue;
    if (!text(member.jsDoc)) lacks.push(`what ${member.name} is`);
    else if (member.kind === "method") {
      lacks.push(
        ...checkCall(member.jsDoc, member.functionDef).map((it) => `${it} of ${member.name}`),
      );
    }
  }
  return lacks;
}

function members({ properties = [], methods = [] }) {
  return [...properties, ...methods];
}

function checkCall(jsDoc, { params, returnType }) {
  const lacks = checkParams(jsDoc, params);
  const returned = returnType?.repr || returnType?.kind;
  const returnsNothing = /^(void|never|this|Promise<void>)$/.test(returned) ||
    returnType?.kind === "this" || returnType?.value?.typeParams?.[0]?.repr === "void";
  if (!returnsNothing && !tags(jsDoc, "return").some(({ doc }) => doc)) lacks.push("@returns");
  return lacks;
}

function checkParams(jsDoc, params = []) {
  const documented = tags(jsDoc, "param").filter(({ doc }) => doc).map(({ name }) => name);
  return params
    .map((param) => param.name ?? param.left?.name ?? param.arg?.name)
    .filter((name, i) =>
      name === undefined ? documented[i] === undefined : !documented.includes(name)
    )
    .map((name) => `@param ${name ?? "options"}`);
}

function text(jsDoc) {
  return jsDoc?.doc?.trim();
}

function tags(jsDoc, kind) {
  return jsDoc?.tags?.filter((tag) => tag.kind === kind) ?? [];
}

function hasExample(jsDoc) {
  return tags(jsDoc, "example").some(({ doc }) => /^```ts(?!.*no-run)/m.test(doc ?? ""));
}
