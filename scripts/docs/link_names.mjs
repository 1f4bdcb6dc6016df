// Makes links into the API of what stands as code in the text of documents and READMEs, so that the
// text itself has nothing of that, and can be read anywhere.
import { ReflectionKind } from "typedoc";
import { documentsOf } from "./documents.mjs";

export function linkNames(project) {
  const modules = new Map(project.children.flatMap((child) => [...entryPointsOf(child)]));
  const exports = new Map([...modules].map(([name, module]) => [name, exportsOf(module)]));
  const linked = (content, own = []) => {
    const imports = [...importsOf(content, exports)];
    const used = new Set(imports.map(({ from }) => from));
    return links(content, exports, [
      ...unique([...exports.values()]),
      ...unique([...used].map((from) => exports.get(from))),
      ...own,
      ...imports.map(({ name, target }) => [name, target]),
    ]);
  };
  for (const document of documentsOf(project)) document.content = linked(document.content);
  for (const module of [project, ...project.children]) {
    if (module.readme) module.readme = linked(module.readme, exports.get(module.name));
  }
}

/** The modules of a package, each by the name that is imported. */
function* entryPointsOf(module, name = module.name) {
  yield [name, module];
  for (const child of module.children ?? []) {
    if (child.kind === ReflectionKind.Module) yield* entryPointsOf(child, `${name}/${child.name}`);
  }
}

function exportsOf({ children = [] }) {
  const others = ReflectionKind.Module | ReflectionKind.Reference;
  return new Map(
    children.filter(({ kind }) => (kind & others) === 0).map((child) => [child.name, child]),
  );
}

/** The names that mean one thing only in some modules. */
function unique(modules) {
  const targets = new Map();
  for (const [name, target] of modules.flatMap((names) => [...names])) {
    targets.set(name, targets.has(name) ? undefined : target);
  }
  return [...targets].filter(([, target]) => target !== undefined);
}

/** What the examples of a text import: those names mean what they mean there. */
function* importsOf(content, exports) {
  const imports = /^import (?:type )?\{([^}]+)\} from "(@posixly\/[^"]+)";$/gm;
  for (const { text } of content) {
    for (const [, names, from] of text.matchAll(imports)) {
      for (const word of names.split(",")) {
        const [name] = word.trim().replace(/^type /, "").split(" as ");
        const target = exports.get(from)?.get(name);
        if (target) yield { from, name, target };
      }
    }
  }
}

/**
 * @param content The parts of a text
 * @param exports What each module exports, for rows of a table that name one
 * @param names What a name means otherwise; the last one counts
 */
function links(content, exports, names) {
  const targets = new Map(names);
  let line = "";
  return content.map((part) => {
    const [, name] = part.text.match(/^`(?:await |new )?(\w+)(\(.*)?`$/) ?? [];
    const [, from] = line.match(/`(@posixly\/[\w/]+)`[^`]*$/) ?? []; // a table says whose it is
    const target = exports.get(from)?.get(name) ?? targets.get(name);
    const isLink = target && part.kind === "code" && !isOfC(line) && !line.endsWith("[");
    line = (line + part.text).slice((line + part.text).lastIndexOf("\n") + 1);
    if (!isLink) return part;
    return { kind: "inline-tag", tag: "@linkcode", text: part.text.slice(1, -1), target };
  });
}

/** Whether what follows in a line stands in the first column of a table, which is the C side. */
function isOfC(line) {
  return /^\|([^|\\]|\\.)*$/.test(line);
}
