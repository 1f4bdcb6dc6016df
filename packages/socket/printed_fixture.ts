import type { Readable } from "node:stream";

/** What a program has printed once it matches; the output is read on, so that it can go on. */
export function printed(from: Readable, pattern: RegExp): Promise<RegExpExecArray> {
  return new Promise((resolve, reject) => {
    let seen = "";
    from.on("data", (chunk) => {
      const match = pattern.exec(seen += chunk);
      if (match) resolve(match);
    });
    from.on("end", () => reject(new Error(`it ended, and all it said was ${seen}`)));
  });
}
