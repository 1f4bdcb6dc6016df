// What we add to typedoc: the guide is read in order, each chapter leads to the next, a name of the API
// in its text leads to what it names, and headings follow each other.
import { DefaultTheme, IndexEvent, JSX, PageEvent } from "typedoc";
import { documentsOf } from "./documents.mjs";
import { leveled } from "./headings.mjs";
import { linkNames } from "./link_names.mjs";
import { addWords } from "./search_words.mjs";

/** Before typedoc makes groups of what there is, and after it has read the README. */
const EARLY = 1000;
const LATE = -1000;

const BENCHMARKS = "Benchmarks";

export function load(app) {
  app.on("reviveProject", (project) => {
    arrange(project);
    mergeMainModules(project);
  }, EARLY);
  app.on("reviveProject", (project) => {
    linkNames(project);
    nameOnce(project);
  }, LATE);
  app.renderer.defineTheme("posixly", Theme);
  app.renderer.on(IndexEvent.PREPARE_INDEX, addWords);
  showReadmesAlone(app.renderer);
  app.renderer.on(PageEvent.END, (page) => page.contents = leveled(page.contents));
  app.renderer.hooks.on("body.begin", skipLink);
  app.renderer.hooks.on("content.end", ({ page, urlTo }) => neighbours(page, urlTo));
}

class Theme extends DefaultTheme {
  /** Three parts below each other, each under its name. */
  buildNavigation(project) {
    const entries = super.buildNavigation(project);
    const chapters = new Set(project.documents.filter(isChapter).map(({ name }) => name));
    const documents = new Set(project.documents.map(({ name }) => name));
    const partOf = ({ text }) => {
      if (chapters.has(text)) return "Guide";
      return documents.has(text) ? "Project" : "API";
    };
    for (const { text, children } of entries) {
      if (text !== BENCHMARKS) continue;
      for (const child of children) child.text = child.text.replace(`${BENCHMARKS} of `, "");
    }
    return ["Guide", "Project", "API"].flatMap((part) => [
      { text: part },
      ...entries.filter((entry) => partOf(entry) === part),
    ]);
  }
}

/** Chapters in the order that their front matter says, then what is about the project. */
function arrange(project) {
  const all = project.documents ?? [];
  const benchmarks = all.find(({ name }) => name === BENCHMARKS);
  const isPart = ({ name }) => name.startsWith(`${BENCHMARKS} of `);
  for (const part of all.filter(isPart)) {
    part.parent = benchmarks;
    benchmarks.addChild(part);
  }
  const orderOf = ({ frontmatter }) => frontmatter.order ?? Infinity;
  const documents = all.filter((document) => !isPart(document))
    .sort((a, b) => orderOf(a) === orderOf(b) ? 0 : orderOf(a) - orderOf(b));
  for (const document of documents) {
    document.frontmatter.group = isChapter(document) ? "Guide" : "Project";
  }
  const rest = project.childrenIncludingDocuments?.filter((child) => !child.isDocument()) ?? [];
  project.documents = documents;
  project.childrenIncludingDocuments = [...documents, ...rest];
}

/** What a package exports is on its page, and not on one of a module without a name below it. */
function mergeMainModules(project) {
  for (const module of project.children) {
    const main = module.children?.find(({ name }) => name === "");
    if (main) project.mergeReflections(main, module);
  }
}

/** A page has its title once. */
function nameOnce(project) {
  for (const document of documentsOf(project)) {
    document.name = titleOf(document.content) ?? document.name;
  }
  for (const { readme } of [project, ...project.children]) withoutTitle(readme);
}

/** What a package says of itself in its code, its README says again: on its page that is enough. */
function showReadmesAlone(renderer) {
  let comment;
  renderer.on(PageEvent.BEGIN, ({ model }) => {
    comment = model.comment;
    if (model.readme) delete model.comment;
  });
  renderer.on(PageEvent.END, ({ model }) => {
    if (comment) model.comment = comment;
  });
}

function titleOf([first]) {
  return first?.text.match(/^\s*# (.*)$/m)?.[1];
}

function withoutTitle([first] = []) {
  if (first) first.text = first.text.replace(/^\s*# .*\n+/, "");
}

function isChapter({ frontmatter }) {
  return frontmatter.order !== undefined;
}

/** The navigation comes after the text; who goes by Tab need not go through all of it. */
function skipLink() {
  return JSX.createElement(
    "a",
    { class: "posixly-skip", href: "#tsd-nav-container" },
    "To the navigation",
  );
}

function neighbours({ project, model }, urlTo) {
  if (!model.isDocument() || !isChapter(model)) return JSX.createElement(JSX.Fragment, null);
  const chapters = project.documents.filter(isChapter);
  const at = chapters.indexOf(model);
  const link = (chapter, rel, label) =>
    chapter &&
    JSX.createElement(
      "a",
      { href: urlTo(chapter), rel, class: `posixly-${rel}` },
      JSX.createElement("span", null, label),
      chapter.name,
    );
  return JSX.createElement(
    "nav",
    { class: "posixly-neighbours", "aria-label": "Chapters" },
    link(chapters[at - 1], "prev", "Before"),
    link(chapters[at + 1], "next", "Next"),
  );
}
