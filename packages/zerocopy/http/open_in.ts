import { open, type OwnedFd, type ResolveOptions } from "@posixly/fd";
import { HttpError } from "./http_error.ts";

/** How often a path is tried on which somebody renames something just then. */
const TRIES = 16;

const answers: Readonly<Record<number, string>> = {
  403: "Forbidden",
  404: "Not found",
  500: "Cannot open the file",
  503: "Try again later",
};

/** What a client is answered; whatever is not here is a fault of ours. */
const statuses: Readonly<Record<string, number>> = {
  EACCES: 403,
  EPERM: 403,
  EILSEQ: 404, // no name on that file system
  EINVAL: 404,
  ELOOP: 404,
  ENAMETOOLONG: 404,
  ENODEV: 404,
  ENOENT: 404,
  ENOTDIR: 404,
  ENXIO: 404, // a socket
  EXDEV: 404, // out of the folder
  EAGAIN: 503,
  EMFILE: 503,
  ENFILE: 503,
  ENOMEM: 503,
};

/**
 * Opens what lies in a folder, without ever waiting for the other end of a FIFO.
 *
 * @throws {HttpError} 403, 404, 500 or 503, with what the kernel said as its cause
 */
export function openIn(folder: OwnedFd, path: string, resolve: ResolveOptions): OwnedFd {
  for (let tries = 1;; tries++) {
    try {
      return open(path, { dir: folder, nonBlocking: true, resolve });
    } catch (cause) {
      if (codeOf(cause) === "EAGAIN" && tries < TRIES) continue;
      throw refused(statuses[codeOf(cause)] ?? 500, cause);
    }
  }
}

/** Whether something could not be opened for lack of what there may be again soon. */
export function isShortage(error: unknown): boolean {
  return statuses[codeOf(error)] === 503;
}

function codeOf(error: unknown): string {
  return (error as { code?: string }).code ?? "";
}

/** The error for a status. */
export function refused(status: number, cause?: unknown): HttpError {
  const headers = status === 503 ? [["Retry-After", "1"] as const] : [];
  return new HttpError(status, answers[status], headers, { cause });
}
