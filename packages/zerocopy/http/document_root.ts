import { open, type OwnedFd, type ResolveOptions, stat } from "@posixly/fd";
import { contentType } from "./content_type.ts";
import { HttpError } from "./http_error.ts";
import type { Representation } from "./representation.ts";
import { parseTarget } from "./target.ts";

/** What of a folder is shown, and how. */
export interface DocumentRootOptions {
  /**
   * Which symbolic links are followed: `"beneath"`, the default, those that lead to somewhere in the
   * folder; `"never"`, none; `"follow"`, all, even out of it.
   */
  readonly symlinks?: "beneath" | "never" | "follow";
  /** Whether names that begin with a dot are shown; otherwise only `.well-known` is. */
  readonly dotfiles?: "deny" | "allow";
  /** What a folder is answered by, the first that it has; `["index.html"]` by default. */
  readonly index?: readonly string[];
  /** Whether `a.js.br`, `a.js.zst` or `a.js.gz` goes out for `a.js` to whom takes it; not by default. */
  readonly precompressed?: boolean;
  /** The `Cache-Control` of what is found. */
  readonly cacheControl?: string;
}

/** A file to be sent. Close it when it is. */
export interface FoundFile extends Disposable {
  readonly kind: "file";
  /** Others may be sending it too: do not close it, and do not move its position. */
  readonly file: OwnedFd;
  readonly representation: Representation;
  /** Gives the file back. */
  close(): void;
}

/** A folder that was asked for without its slash, whose links would lead astray. */
export interface FoundFolder {
  readonly kind: "redirect";
  readonly status: 301;
  /** A path with nothing in it that ends a header, and of this server. */
  readonly location: string;
}

/** What a request target leads to. */
export type Found = FoundFile | FoundFolder;

/**
 * A folder whose files are shown, and nothing outside of it.
 *
 *     using root = new DocumentRoot("public");
 *     const found = root.find(head.target, head.header("accept-encoding"));
 *     if (found.kind === "redirect") …
 *     else try { answerTo(head, found.representation); … } finally { found.close(); }
 */
export class DocumentRoot implements Disposable {
  readonly #folder: OwnedFd;
  readonly #resolve: ResolveOptions;

  constructor(folder: string | Uint8Array, options: DocumentRootOptions = {}) {
    const { symlinks = "beneath" } = options;
    this.#resolve = {
      beneath: symlinks !== "follow",
      noSymlinks: symlinks === "never",
      noMagicLinks: true,
    };
    this.#folder = open(folder, { directory: true });
  }

  /**
   * What a request target leads to.
   *
   * @throws {HttpError} 400, 403, 404, 500 or 503
   */
  find(target: string, _acceptEncoding?: string | null): Found {
    const { segments, isFolder, query } = parseTarget(target);
    if (isFolder) segments.push("index.html");
    const path = segments.join("/") || ".";
    let file: OwnedFd;
    try {
      file = open(path, { dir: this.#folder, nonBlocking: true, resolve: this.#resolve });
    } catch (cause) {
      throw new HttpError(404, "Not found", [], { cause });
    }
    const { kind, size, modified } = stat(file);
    if (kind === "file") {
      const seconds = Number(modified.seconds);
      return {
        kind: "file",
        file,
        representation: {
          size: Number(size),
          modified: seconds,
          etag: `"${seconds.toString(16)}-${modified.nanoseconds.toString(16)}-${
            size.toString(16)
          }"`,
          isSettled: true,
          type: contentType(path),
        },
        close: () => file.close(),
        [Symbol.dispose]: () => file.close(),
      };
    }
    file.close();
    if (kind !== "directory") throw new HttpError(404, "Not found");
    const location = `/${segments.map(encodeURIComponent).join("/")}/${query}`;
    return { kind: "redirect", status: 301, location };
  }

  /** Closes the folder, and what of it is open and not being sent. */
  close(): void {
    this.#folder.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
