// What we add to typedoc: the guide is read in order, each chapter leads to the next, and a name of
// the API in its text leads to what it names.
import { JSX } from "typedoc";
import { linkNames } from "./link_names.mjs";

/** Before typedoc makes groups of what there is, and after it has read the README. */
const EARLY = 1000;
const LATE = -1000;

export function load(app) {
  app.on("reviveProject", (project) => {
    arrange(project);
    mergeMainModules(project);
  }, EARLY);
  app.on("reviveProject", (project) => {
    linkNames(project);
    nameOnce(project);
  }, LATE);
  app.renderer.hooks.on("body.begin", skipLink);
  app.renderer.hooks.on("content.end", ({ page, urlTo }) => neighbours(page, urlTo));
}

/** Chapters in the order that their front matter says, then what is about the project. */
function arrange(project) {
  const documents = project.documents ?? [];
  const orderOf = ({ frontmatter }) => frontmatter.order ?? Infinity;
  documents.sort((a, b) => orderOf(a) === orderOf(b) ? 0 : orderOf(a) - orderOf(b));
  for (const document of documents) {
    document.frontmatter.group = isChapter(document) ? "Guide" : "Project";
  }
  const rest = project.childrenIncludingDocuments?.filter((child) => !child.isDocument()) ?? [];
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
  for (const document of project.documents ?? []) {
    document.name = titleOf(document.content) ?? document.name;
  }
  for (const { readme } of [project, ...project.children]) withoutTitle(readme);
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
