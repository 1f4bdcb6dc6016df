// What the pages of the site refer to, and whether it is there.
import { readdirSync, readFileSync } from "node:fs";
import { join, posix, relative } from "node:path";

const attribute = /\s(?:href|src|srcset|data|poster|action)="([^"]*)"/g;

/** What loads something as soon as a page is opened; a link that a reader may follow is another thing. */
const loading =
  /<(?:link|script|img|source|iframe|object|embed|video|audio|use)\b[^>]*?\s(?:href|src|srcset|data)="((?:https?:)?\/\/[^"]*)"/g;

/** Style sheets and scripts name what they load by these. */
const loadingInStyle = /(?:@import\s+|url\()\s*["']?((?:https?:)?\/\/[^"')]+)/g;

/**
 * Finds what is wrong with the links of a site.
 *
 * @param folder Where its files are
 * @returns A line for each link that leads nowhere, and for each thing that comes from elsewhere
 */
export function brokenLinks(folder) {
  const files = new Set(filesOf(folder));
  const pages = new Map(
    [...files].filter((file) => file.endsWith(".html")).map((file) => [
      file,
      readFileSync(join(folder, file), "utf8"),
    ]),
  );
  const anchors = new Map([...pages].map(([file, html]) => [file, anchorsOf(html)]));
  const complaints = [];
  for (const [file, html] of pages) {
    for (const [, address] of html.matchAll(loading)) {
      complaints.push(`${file} loads ${address}`);
    }
    for (const link of new Set([...html.matchAll(attribute)].map(([, link]) => unescape(link)))) {
      if (/^[a-z]+:|^\/\//.test(link)) continue;
      const complaint = complaintAbout(link, file, files, anchors);
      if (complaint) complaints.push(`${file}: ${link} ${complaint}`);
    }
  }
  for (const file of files) {
    if (!/\.(css|svg)$/.test(file)) continue;
    for (const [, address] of readFileSync(join(folder, file), "utf8").matchAll(loadingInStyle)) {
      complaints.push(`${file} loads ${address}`);
    }
  }
  return complaints;
}

function complaintAbout(link, from, files, anchors) {
  const [path, anchor] = link.split("#").map(decodeURIComponent);
  const file = path === "" ? from : posix.join(posix.dirname(from), path.replace(/\?.*$/, ""));
  if (!files.has(file)) return "leads to no file";
  if (anchor && anchors.has(file) && !anchors.get(file).has(anchor)) {
    return "leads to no such place";
  }
}

function anchorsOf(html) {
  return new Set([...html.matchAll(/\s(?:id|name)="([^"]+)"/g)].map(([, name]) => unescape(name)));
}

function unescape(text) {
  return text.replaceAll("&quot;", '"').replaceAll("&#39;", "'").replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">").replaceAll("&amp;", "&");
}

function filesOf(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath ?? entry.path, entry.name)));
}
