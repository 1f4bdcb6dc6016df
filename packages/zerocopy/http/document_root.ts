import { limit, open, type OwnedFd, type ResolveOptions, type Stat, stat } from "@posixly/fd";
import { oneOf, requireBoolean, requireInteger, requireKnown } from "@posixly/sys";
import { FileState } from "./file_state.ts";
import { HeldFiles } from "./held_files.ts";
import { HttpError } from "./http_error.ts";
import { letGo } from "./let_go.ts";
import { type FoundFile, OpenFile } from "./open_file.ts";
import { openIn, refused } from "./open_in.ts";
import { type Manner, representationOf } from "./representation.ts";
import { parseTarget, type Target } from "./target.ts";
import { Variants } from "./variants.ts";

export type { FoundFile } from "./open_file.ts";

/**
 * What of a folder is shown, and how.
 *
 * @example Usage
 * ```ts
 * import { type DocumentRootOptions, serveStatic } from "@posixly/zerocopy/http";
 *
 * const strict: DocumentRootOptions = { symlinks: "never", index: [] };
 * using server = serveStatic(".", strict);
 * ```
 */
export interface DocumentRootOptions {
  /**
   * Which symbolic links are followed: `"beneath"`, the default, those that lead to somewhere in the
   * folder without leaving it on the way; `"never"`, none; `"follow"`, all, even out of it.
   */
  readonly symlinks?: "beneath" | "never" | "follow";
  /** Whether names that begin with a dot are shown; by default only `/.well-known` is. */
  readonly dotfiles?: "deny" | "allow";
  /** What a folder is answered by, the first that it has; `["index.html"]` by default. */
  readonly index?: readonly string[];
  /**
   * Whether `a.js.br`, `a.js.zst` or `a.js.gz` goes out for `a.js` to whom takes it, unless it is
   * older than `a.js`; not by default.
   */
  readonly precompressed?: boolean;
  /** The `Cache-Control` of what is found. */
  readonly cacheControl?: string;
  /**
   * How many files at most, packed ones included, stay open for up to a second after they were
   * asked for, and are only looked at when they are asked for again; by default 1000, or a quarter
   * of what the process may have open if that is less. A change that shows in no date of the file,
   * as one through a shared mapping may, is seen within that second.
   */
  readonly hold?: number;
}

/** A folder that was asked for without its slash: links in what it is answered by lead astray. */
export interface FoundFolder {
  readonly kind: "redirect";
  readonly status: 301;
  /** A path on this server, encoded. */
  readonly location: string;
}

/** What a request target leads to. */
export type Found = FoundFile | FoundFolder;

const names = ["symlinks", "dotfiles", "index", "precompressed", "cacheControl", "hold"];
const links = { beneath: 0, never: 1, follow: 2 };
const dots = { deny: 0, allow: 1 };

/** How many files are held by default, if there may be many. */
const MOST_HELD = 1000;

/** By which ending a file is known to be packed. */
const endings = { br: ".br", zstd: ".zst", gzip: ".gz" };

/**
 * A folder whose files are shown, and nothing outside of it. It is opened once: what is renamed or
 * mounted above it does not change what is shown.
 *
 *     using root = new DocumentRoot("public");
 *     const found = root.find(head.target, head.header("accept-encoding"));
 *     if (found.kind === "redirect") …
 *     else try { answerTo(head, found.representation); … } finally { found.close(); }
 */
export class DocumentRoot implements Disposable {
  readonly #folder: OwnedFd;
  readonly #resolve: ResolveOptions;
  readonly #index: readonly string[];
  readonly #showsDots: boolean;
  readonly #isPrecompressed: boolean;
  readonly #manner: Manner;
  readonly #held: HeldFiles | undefined;

  /**
   * @throws {SyscallError} `ENOENT`, `ENOTDIR`, `EACCES`, ... if there is no such folder; `ENOSYS` if
   * Linux is older than 5.6
   * @throws {TypeError | RangeError} If an option is not as described
   */
  constructor(folder: string | Uint8Array, options: DocumentRootOptions = {}) {
    requireKnown(options, names);
    const { symlinks = "beneath", dotfiles = "deny", index = ["index.html"] } = options;
    oneOf(links, symlinks, "symlinks");
    this.#resolve = {
      beneath: symlinks !== "follow",
      noSymlinks: symlinks === "never",
      noMagicLinks: true,
    };
    this.#showsDots = oneOf(dots, dotfiles, "dotfiles") === dots.allow;
    this.#index = requireNames(index);
    this.#isPrecompressed = requireBoolean(options.precompressed, "precompressed") ?? false;
    const cacheControl = requireValue(options.cacheControl);
    this.#manner = { cacheControl, varies: this.#isPrecompressed };
    const hold = requireInteger(options.hold ?? fairShare(), "hold", 0);
    this.#held = hold === 0 ? undefined : new HeldFiles(hold);
    this.#folder = open(folder, { directory: true, pathOnly: true, resolve: {} });
  }

  /**
   * What a request target leads to.
   *
   * @param acceptEncoding The header, if there is one
   * @param look Within which it is asked for, see `looks` of `@posixly/mux`: requests that came together
   * need not each ask the kernel whether a file is as it was
   * @throws {HttpError} 400, 403, 404, 500 or 503
   */
  find(target: string, acceptEncoding?: string | null, look?: number): Found {
    const mark = target.indexOf("?");
    const way = mark === -1 ? target : target.slice(0, mark);
    const held = this.#held?.get(way, look);
    if (held !== undefined) return held.lend(acceptEncoding);

    const asked = parseTarget(target);
    this.#requireShown(asked);
    const found = asked.isFolder ? this.#openIndex(asked.segments) : this.#open(asked.segments);
    if (found === null) {
      const location = `/${asked.segments.map(encodeURIComponent).join("/")}/${asked.query}`;
      return { kind: "redirect", status: 301, location };
    }
    const loan = found.lend(acceptEncoding);
    if (this.#held === undefined) found.retire();
    else this.#held.add(way, found);
    return loan;
  }

  /**
   * Checks that what is in the folder can be reached, which takes the right to search it; without it
   * everything would be refused.
   *
   * @throws {SyscallError} `EACCES`
   */
  requireSearchable(): void {
    open(".", { dir: this.#folder, directory: true, pathOnly: true, resolve: {} }).close();
  }

  /** Closes the folder, and what is open of it and not being sent. */
  close(): void {
    this.#held?.close();
    letGo(this.#folder);
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #requireShown({ segments }: Target): void {
    if (this.#showsDots) return;
    const isHidden = (name: string, i: number) =>
      name.startsWith(".") && !(i === 0 && name === ".well-known");
    if (segments.some(isHidden)) throw refused(404);
  }

  /** The first of the files that a folder may be answered by. */
  #openIndex(segments: readonly string[]): Variants {
    for (const name of this.#index) {
      try {
        const found = this.#open([...segments, name]);
        if (found !== null) return found;
      } catch (error) {
        if ((error as HttpError).status !== 404) throw error;
      }
    }
    throw refused(404);
  }

  /** A file with its variants; `null` for a folder. */
  #open(segments: readonly string[]): Variants | null {
    const path = segments.join("/");
    const name = segments[segments.length - 1];
    const plain = this.#openFile(path, name);
    if (plain === null) return null;
    return new Variants(plain, this.#isPrecompressed ? this.#openPacked(path, name, plain) : []);
  }

  /** The same file packed, unless it has changed since. */
  #openPacked(path: string, name: string, plain: OpenFile): OpenFile[] {
    const files: OpenFile[] = [];
    for (const [encoding, ending] of Object.entries(endings)) {
      const file = this.#openIfThere(path + ending, name, encoding);
      if (file === null) continue;
      if (isBefore(file.modified, plain.modified)) file.retire();
      else files.push(file);
    }
    return files;
  }

  #openIfThere(path: string, name: string, encoding: string): OpenFile | null {
    try {
      return this.#openFile(path, name, encoding);
    } catch (error) {
      if (error instanceof HttpError) return null;
      throw error;
    }
  }

  /** A regular file, whose name says what it is; `null` for a folder. */
  #openFile(path: string, name: string, encoding?: string): OpenFile | null {
    const file = openIn(this.#folder, path, this.#resolve);
    try {
      const state = new FileState(file);
      const known = stat(file);
      if (known.kind === "file" && typeof known.size === "number") {
        const representation = representationOf(known, name, { ...this.#manner, encoding });
        return new OpenFile(file, representation, known.modified, state, this.#folder, path);
      }
      if (known.kind !== "directory") throw refused(404);
      file.close();
      return null;
    } catch (error) {
      file.close();
      throw error instanceof HttpError ? error : refused(500, error);
    }
  }
}

function isBefore(a: Stat["modified"], b: Stat["modified"]): boolean {
  return a.seconds === b.seconds ? a.nanoseconds < b.nanoseconds : a.seconds < b.seconds;
}

/** How many files may be held without anything else lacking descriptors. */
function fairShare(): number {
  const { soft } = limit("openFiles");
  return soft === "unlimited" ? MOST_HELD : Math.min(MOST_HELD, Math.floor(Number(soft) / 4));
}

function requireNames(index: readonly string[]): readonly string[] {
  if (Array.isArray(index) && index.every(isName)) return [...index];
  throw new TypeError(`index must be a list of names of files, not ${JSON.stringify(index)}`);
}

function isName(name: unknown): boolean {
  return typeof name === "string" && /^[^/\0]+$/.test(name) && !/^\.\.?$/.test(name);
}

function requireValue(cacheControl: string | undefined): string | undefined {
  if (cacheControl === undefined) return undefined;
  if (typeof cacheControl === "string" && /^[\t\x20-\x7e]+$/.test(cacheControl)) {
    return cacheControl;
  }
  throw new TypeError(`cacheControl must be the value of a header, not ${String(cacheControl)}`);
}
