import { isAuthority } from "./authority.ts";
import { HttpError } from "./http_error.ts";

/** What a request asks for, see {@linkcode parseTarget}. */
export interface Target {
  /** The names on the way, decoded; empty at the root. */
  readonly segments: string[];
  /** Whether a folder is meant: it ends with a slash. */
  readonly isFolder: boolean;
  /** From the question mark on, as it was sent; may be empty. */
  readonly query: string;
}

/**
 * Reads a request target: `/a%20b?c`, or `http://host/a%20b?c` as proxies are sent.
 *
 * Slashes in a row count as one. What a client resolves itself, `.` and `..`, is refused however it
 * is written; so is what is not UTF-8, and a NUL.
 *
 * @throws {HttpError} 400, or 404 for a name with a slash in it, which no file has
 */
export function parseTarget(target: string): Target {
  const path = pathOf(target);
  const mark = path.indexOf("?");
  const [way, query] = mark === -1 ? [path, ""] : [path.slice(0, mark), path.slice(mark)];
  const segments = way.split("/").filter((segment) => segment !== "").map(decoded);
  return { segments, isFolder: way.endsWith("/"), query };
}

function pathOf(target: string): string {
  if (target.startsWith("/")) return target;
  const absolute = /^https?:\/\/([^/?]+)(.*)$/i.exec(target);
  if (!absolute || !isAuthority(absolute[1])) throw new HttpError(400, "No such target");
  return absolute[2].startsWith("/") ? absolute[2] : `/${absolute[2]}`;
}

function decoded(segment: string): string {
  const name = segment.includes("%") ? decode(segment) : segment;
  if (name === "." || name === ".." || name.includes("\0")) {
    throw new HttpError(400, "No such path");
  }
  if (name.includes("/")) throw new HttpError(404, "Not found");
  return name;
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch (cause) {
    throw new HttpError(400, "No such path", [], { cause });
  }
}
